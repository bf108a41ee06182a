"""The results of a namespace held to the special cases: the failure names the row, the element and what it permits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array

from ..data import signatures
from ..examples import Example
from ..judging.bounds import Expected, analysing, ulps_of
from ..judging.failures import NARROW, Failure, allowed_dtypes, compare
from ..reading import host
from ..subjects.functions import flat
from ..subjects.operations import eager, expected
from .deciding import Ruling
from .mirrors import mirrored
from .permitted import accepted, described, source, taken
from .probe import Probe
from .words import sentence

__all__ = ["failing_rows", "special_case"]

DEFAULTS = {
    "default integer": ("integral", ("int32", "int64")),
    "default real floating": ("real floating", ("float32", "float64")),
    "default complex floating": ("complex floating", ("complex64", "complex128")),
}
SHORT = 64.0  # ulps of a short computation: a norm or a product of some ten numbers
LISTED = 6  # rows that a message names


def special_case(on: Any, probe: Probe) -> float:
    """The rows of a probe hold on a namespace."""
    if probe.raises:
        return _raises(on, probe)
    results = flat(eager(on, probe))
    if probe.row is not None:
        return _demanded(on, probe, results)
    got = _host(results[probe.output])
    _has_own_dtype(on, probe, got.dtype.name)
    with analysing(on.library):
        failing = _failing(probe, got)
        if failing:
            raise _failure(on, probe, got, failing)
    return 0.0


SAME = ("same", "promoted", "floating, promoted", "real floating, promoted")


def _has_own_dtype(on: Any, probe: Probe, name: str) -> None:
    """A function whose result has its argument's dtype gives it for special values, too; one that asks gives bool."""
    given = {v.dtype for v in probe.values}
    stated = signatures().get(probe.case.name, {}).get("result_dtype")
    dtype = given.pop() if len(given) == 1 else None
    if dtype is None or dtype.kind not in "fc" or probe.call.kwargs.get("dtype") is not None:
        return
    wanted = "bool" if stated == "bool" else dtype.name if stated in SAME else ""
    if wanted and name not in allowed_dtypes(wanted, on.dtypes):
        raise Failure("dtype", f"dtype {name}, expected {wanted}", wanted, name)


def failing_rows(on: Any, probe: Probe) -> set[str]:
    """The ids of the rows that do not hold on a namespace."""
    got = _host(flat(eager(on, probe))[probe.output])
    with analysing(on.library):
        return {ruling.rows[0]["id"] for ruling, _ in _failing(probe, got)}


def _host(result: Any) -> np.ndarray:
    return host(result) if is_array(result) else np.asarray(result)


def _ulps(ruling: Ruling, got: np.ndarray) -> float:
    """What a value that is stated up to rounding may be off; a complex one in units of each component."""
    allowed = max(ulps_of(row["function"]) for row in ruling.rows)
    if ruling.rows[0].get("rule") in ("conjugate", "odd", "even", "symmetric"):
        allowed *= 2.0  # both results are rounded
    if allowed == 0.0 and ruling.rows[0]["function"] not in ("atan2", "sign"):
        allowed = SHORT
    return max(allowed, 1.0) * (4.0 if got.dtype.kind == "c" else 1.0)


def _failing(probe: Probe, got: np.ndarray) -> list[tuple[Ruling, int]]:
    """Each ruling that does not hold, with the position among its elements of the first that it fails for."""
    found = []
    flattened = got.reshape(-1)
    for ruling in (*probe.rulings, *(mirrored(mirror, flattened) for mirror in probe.mirrors)):
        if ruling.at.max() >= flattened.size:
            raise Failure("shape", f"shape {got.shape}, which lacks elements", None, got)
        right = accepted(ruling.alternatives, flattened[ruling.at], _ulps(ruling, got))
        if not np.all(right):
            found.append((ruling, int(np.argmin(right))))
    return found


def _failure(on: Any, probe: Probe, got: np.ndarray, failing: list[tuple[Ruling, int]]) -> Failure:
    """The failure of the first row that does not hold, on its first element alone where that fails, too."""
    ruling, k = failing[0]
    at = int(ruling.at[k])
    alternatives = taken(ruling.alternatives, slice(k, k + 1))
    element = got.reshape(-1)[at]
    ids = list(dict.fromkeys(" by ".join(row["id"] for row in r.rows[:2]) for r, _ in failing))
    more = ids[1:]
    where = ", ".join(
        f"{name} = {_shown(x[k])}" for name, x in ruling.operands.items() if x.ndim == 1 and x.dtype.kind != "U"
    )
    text = f"{ids[0]}: {sentence(*ruling.rows)}"
    message = f"{text} At {where or f'element {at}'}: got {element}, expected {described(alternatives)}"
    if more:
        message += f"; {len(more)} other rows fail: {', '.join(more[:LISTED])}{', ...' if len(more) > LISTED else ''}"
    found = Failure("special case", message, described(alternatives), element)
    found.row = "+".join(dict.fromkeys(r.rows[min(1, len(r.rows) - 1)]["id"] for r, _ in failing))
    alone = probe.alone(at)
    place = at
    if alone is not None and _fails(lambda: _alone(on, alone)):
        found.example, place = alone, at % probe.apart
    test = source(alternatives, got.dtype, _ulps(ruling, got))
    told = f"expected {described(alternatives)}, got {{got}}"
    found.assertion = f"# {text}\ngot = np.ravel(got)[{place}]\nassert {test}, f{told!r}"
    return found


def _shown(x: Any) -> str:
    return str(x.item()) if isinstance(x, np.generic) else str(x)


def _alone(on: Any, probe: Probe) -> None:
    got = _host(flat(eager(on, probe))[probe.output])
    if _failing(probe, got):
        raise Failure("special case", "alone")


def _fails(run: Callable[[], None]) -> bool:
    try:
        run()
    except Failure as failure:
        return failure.kind == "special case"
    except Exception:  # noqa: BLE001 - another fault than the one at hand
        return False
    return False


def _raises(on: Any, probe: Probe) -> float:
    """The call raises the exception that the row names, at the latest when the result is read."""
    assert probe.row is not None
    text = f"{probe.row['id']}: {sentence(probe.row)}"
    try:
        results = flat(eager(on, probe))
        for result in results:
            _host(result)
    except Exception as error:  # noqa: BLE001 - its class is what is judged
        got = type(error).__name__
        if probe.raises in {cls.__name__ for cls in type(error).__mro__}:
            return 0.0
        failure = Failure("error class", f"{text} Got {got}: {error}", probe.raises, got)
    else:
        failure = Failure("no error", f"{text} Got {results!r}", probe.raises, repr(results))
    failure.row = probe.row["id"]
    raise failure


def _demanded(on: Any, probe: Probe, results: list[Any]) -> float:
    """A dtype, a shape, or what another function gives."""
    assert probe.row is not None
    text = f"{probe.row['id']}: {sentence(probe.row)}"
    got = results[probe.output] if results else None
    try:
        if probe.result_dtype:
            _has_dtype(on, probe, got)
        elif probe.shape is not None:
            sizes = all(isinstance(r, int) for r in results)  # broadcast_shapes gives a shape
            found = tuple(results) if sizes else tuple(_host(got).shape)
            if found != probe.shape:
                raise Failure("shape", f"Got {found}, expected {probe.shape}", np.zeros(probe.shape), found)
        elif probe.same is not None:
            other = Example(probe.same, probe.call, probe.values, probe.dtype)
            want = [Expected(_host(r), None, dtype_name(r.dtype)) for r in flat(eager(on, other))]
            compare(want, results, on.dtypes)
        else:
            return compare(expected(probe, on.library), results, on.dtypes, ("shape", "value"))
    except Failure as failure:
        failure.message, failure.row = f"{text} {failure.message}", probe.row["id"]
        failure.args = (failure.message,)
        raise
    return 0.0


def _has_dtype(on: Any, probe: Probe, got: Any) -> None:
    """The dtype is the one demanded, or the namespace's default one of its kind."""
    name = dtype_name(got.dtype)
    allowed: tuple[str, ...] = (probe.result_dtype, NARROW.get(probe.result_dtype, ""))
    if probe.result_dtype in DEFAULTS:
        kind, allowed = DEFAULTS[probe.result_dtype]
        info = getattr(on.xp, "__array_namespace_info__", None)
        if info is not None:
            allowed = (dtype_name(info().default_dtypes(device=on.backend.device)[kind]),)
    if name not in allowed:
        wanted = " or ".join(filter(None, allowed))
        raise Failure("dtype", f"Got {name}, expected {wanted}", wanted, name)
