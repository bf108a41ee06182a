"""The probe: finds out, by trying, what a namespace can do; what it lacks is reported once, as unsupported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from backend.arrays.dtypes import DTYPES, dtype_name
from backend.arrays.namespaces import device_of

from ..data import signatures
from ..reading import host
from .opening import version_of

__all__ = ["STANDARD_DTYPES", "STANDARD_NAMES", "Probe", "has_function", "probe_table", "probed"]

# Every function of revision 2025.12, core first.
STANDARD_NAMES = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
    bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
    greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not
    logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder
    round sign signbit sin sinh square sqrt subtract tan tanh trunc
    arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros
    zeros_like broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip moveaxis permute_dims repeat
    reshape roll squeeze stack tile unstack matmul matrix_transpose tensordot vecdot argmax argmin count_nonzero nonzero
    searchsorted where isin unique_all unique_counts unique_inverse unique_values argsort sort cumulative_prod
    cumulative_sum max mean min prod std sum var all any diff take take_along_axis astype can_cast finfo iinfo isdtype
    result_type __array_namespace_info__
    linalg.cholesky linalg.cross linalg.det linalg.diagonal linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh
    linalg.inv linalg.matmul linalg.matrix_norm linalg.matrix_power linalg.matrix_rank linalg.matrix_transpose
    linalg.outer linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.svdvals linalg.tensordot
    linalg.trace linalg.vecdot linalg.vector_norm
    fft.fft fft.ifft fft.fftn fft.ifftn fft.rfft fft.irfft fft.rfftn fft.irfftn fft.hfft fft.ihfft fft.fftfreq
    fft.rfftfreq fft.fftshift fft.ifftshift""".split()

STANDARD_DTYPES = tuple(name for name in DTYPES if not name.endswith("float16"))  # it has no half precision


@dataclass
class Probe:
    """The results of the probe; `abilities` by name."""

    library: str
    version: str
    revision: str
    functions: int
    missing: list[str]
    dtypes: list[str]
    devices: list[str]
    default_float: str
    default_int: str
    abilities: dict[str, bool] = field(default_factory=dict)
    whole: int = len(STANDARD_NAMES)  # the number of functions in the revision
    judged: str = ""  # the revision by which it is judged

    def as_dict(self) -> dict[str, Any]:
        """The results as plain data."""
        return asdict(self)


def has_function(xp: Any, name: str) -> bool:
    """Whether a namespace has a function of this name, such as 'exp' or 'linalg.inv'."""
    for part in name.split("."):
        if not hasattr(xp, part):
            return False
        xp = getattr(xp, part)
    return True


def _works(run: Callable[[], Any], wanted: Any = None) -> bool:
    """Whether a call runs and gives the wanted values."""
    try:
        found = run()
        return wanted is None or bool(np.array_equal(host(found), wanted))
    except Exception:  # noqa: BLE001 - any refusal counts
        return False


def _written(x: Any, key: Any, value: Any) -> Any:
    x[key] = value
    return x


def probed(on: Any) -> Probe:
    """Probe a conformance Namespace."""
    xp, array = on.xp, on.array
    line = np.arange(6, dtype="int32")
    plane = line.reshape(2, 3)
    with on.backend.quiet():
        abilities = {
            "slices": _works(lambda: array(plane)[:, 1:3], plane[:, 1:3]),
            "negative steps": _works(lambda: array(line)[::-1], line[::-1]),
            "newaxis": _works(lambda: array(line)[None, ...], line[None]),
            "integer array index": _works(lambda: array(line)[array(np.array([2, 0]))], line[[2, 0]]),
            "integer arrays and slices": _works(lambda: array(plane)[array(np.array([1, 0])), :], plane[[1, 0]]),
            "boolean index": _works(lambda: array(line)[array(line > 2)], line[line > 2]),
            "write to slices": _works(lambda: _written(array(line), slice(0, 2), 7), [7, 7, 2, 3, 4, 5]),
            "write to integer arrays": _works(
                lambda: _written(array(line), array(np.array([2, 0])), 7), [7, 1, 7, 3, 4, 5]
            ),
            "write to masks": _works(lambda: _written(array(line), array(line > 3), 7), [0, 1, 2, 3, 7, 7]),
            "64-bit floats": "float64" in on.dtypes,
            "64-bit integers": "int64" in on.dtypes,
            "lazy": not _works(lambda: bool(xp.any(array(line) > 2)))
            or not (hasattr(array(line), "__array__") or hasattr(array(line), "__dlpack__") or on.opening.convert)
            or type(array(line)).__module__.startswith("dask"),
        }
    asked = [name for name in STANDARD_NAMES if name in signatures(on.revision)]
    held = [name for name in asked if has_function(xp, name)]
    return Probe(
        on.library,
        version_of(on.library, xp),
        str(getattr(xp, "__array_api_version__", "none stated")),
        len(held),
        [name for name in asked if name not in held],
        list(on.dtypes),
        _devices(on),
        _default(on, 1.0),
        _default(on, 1),
        abilities,
        len(asked),
        on.revision,
    )


def _default(on: Any, value: Any) -> str:
    try:
        kwargs = {} if on.backend.device is None else {"device": on.backend.device}
        return dtype_name(on.xp.asarray(value, **kwargs).dtype)
    except Exception:  # noqa: BLE001 - any refusal counts
        return "?"


def _devices(on: Any) -> list[str]:
    try:
        return [str(d) for d in on.xp.__array_namespace_info__().devices() if str(d) != "meta"]
    except Exception:  # noqa: BLE001 - without inspection, only the device of an array is known
        return [str(device_of(on.array(np.ones(1, "float32"))))]


def _dtypes(probe: Probe) -> str:
    """The dtypes, and how many of the standard's they are where some are missing."""
    asked = [name for name in STANDARD_DTYPES if probe.judged != "2021.12" or not name.startswith("complex")]
    held = [name for name in asked if name in probe.dtypes]
    some = f"{len(held)} of {len(asked)}: " if probe.judged and held != asked else ""
    return some + " ".join(probe.dtypes)


def probe_table(names: Sequence[str], probes: Sequence[Probe]) -> str:
    """The results of the probes as text, one paragraph per namespace."""
    lines = []
    for name, probe in zip(names, probes, strict=True):
        of = f"standard {probe.revision}" if probe.devices else probe.revision
        if probe.judged and probe.judged != probe.revision:
            of += f", judged by {probe.judged}"
        lines.append(
            f"{name}: {' '.join(filter(None, [probe.library, probe.version]))}, {of}, "
            f"{probe.functions} of {probe.whole} functions"
        )
        lacks = [what for what, able in probe.abilities.items() if not able and what != "lazy"]
        rows = {
            "lacks": " ".join(probe.missing),
            "dtypes": _dtypes(probe),
            "cannot": ", ".join(lacks),
            "defaults": ", ".join(
                filter(None, [probe.default_float, probe.default_int, "lazy" if probe.abilities.get("lazy") else ""])
            ),
            "devices": ", ".join(probe.devices),
        }
        lines += [f"  {label + ':':<10}{text}" for label, text in rows.items() if text]
    return "\n".join(lines)
