"""Recording the standard's `fft` extension: Fourier transforms, their frequencies, and shifts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import config
from ...arrays.arguments import integer
from ...arrays.dtypes import dtype_name, kind_of
from ..dim_values import size_from, sizes_from
from ..dims import Dim, known
from ..recording import FLOATING, cast, checked_kind, tensor
from ..shape_rules import axes_of, axis_of
from ..tensor import Tensor, record, spec
from .manipulation import roll

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

_NORMS = ("backward", "ortho", "forward")


def _operand(function: str, x: Any, takes: str, norm: str) -> Tensor:
    """x as 'complex' (a real array rises) or 'real' (a complex one is refused), not of half precision."""
    if norm not in _NORMS:
        raise ValueError(f"{function}: norm is {norm!r}; expected one of {', '.join(map(repr, _NORMS))}")
    x = tensor(x)
    name = checked_kind(function, x.dtype, FLOATING if takes == "complex" else ("real floating",))
    if name in ("float16", "bfloat16"):
        raise TypeError(f"{function}: dtype {name} came, expected float32 or wider, as every library does")
    return cast(x, _complex(name) if takes == "complex" else name)


def _complex(name: str) -> str:
    return "complex128" if name in ("float64", "complex128") else "complex64"


def _length(function: str, n: Any, x: Tensor) -> Any:
    """A number of points that can be transformed."""
    if isinstance(n, int) and n < 1:
        raise ValueError(f"{function}: {n} points of shape {tuple(map(known, x.sizes))}; expected at least 1")
    return n


def _half(n: Any) -> Any:
    """The number of frequencies of a real signal of n points that are not conjugates of others."""
    return n // 2 + 1


def _whole(m: Any) -> Any:
    """The number of points of a real signal given by m frequencies, taken to be even."""
    return (m - 1) * 2


def _transform(
    name: str,
    takes: str,
    gives: str,
    default: Callable[[Any], Any] | None = None,
    result: Callable[[Any], Any] | None = None,
) -> Callable[..., Tensor]:
    """The stub of a transform along one axis: `default` gives n where it is None, `result` the size for n."""
    function = f"fft.{name}"

    def stub(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
        x = _operand(function, x, takes, norm)
        at, axis = axis_of(function, axis, x.ndim), integer(function, "axis", axis)
        n = None if n is None else size_from(function, "n", n)
        points = n if n is not None else default(x.sizes[at]) if default else x.sizes[at]
        _length(function, points, x)
        shape = list(x.sizes)
        shape[at] = result(points) if result else points
        kwargs: dict[str, Any] = {} if n is None else {"n": n}
        kwargs |= ({} if axis == -1 else {"axis": axis}) | ({} if norm == "backward" else {"norm": norm})
        return record(function, (x,), kwargs, spec(shape, _result_dtype(x, gives)))

    return _named(name, stub)


def _transform_n(
    name: str,
    takes: str,
    gives: str,
    default: Callable[[Any], Any] | None = None,
    result: Callable[[Any], Any] | None = None,
) -> Callable[..., Tensor]:
    """The stub of a transform along several axes; `default` and `result` are for the last of them."""
    function = f"fft.{name}"

    def stub(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Tensor:
        x = _operand(function, x, takes, norm)
        s = None if s is None else sizes_from(function, "s", s)
        if axes is None and s is not None:
            if len(s) > x.ndim:
                raise ValueError(f"{function}: s {s!r} for {x.ndim} dimensions")
            axes = tuple(range(x.ndim - len(s), x.ndim))
        at = axes_of(function, axes, x.ndim)
        if s is not None and len(s) != len(at):
            raise ValueError(f"{function}: s {s!r} and axes {axes!r} differ in length")
        if not at:
            raise ValueError(f"{function}: needs at least one axis, got shape {x.shape} and axes {axes!r}")
        points: Any = [x.sizes[a] for a in at]
        if s is None and default:
            points[-1] = default(points[-1])
        elif s is not None:  # -1 stands for the size of the axis
            points = s = tuple(x.sizes[a] if isinstance(n, int) and n == -1 else n for n, a in zip(s, at, strict=True))
        shape = list(x.sizes)
        for n, a in zip(points, at, strict=True):
            shape[a] = _length(function, n, x)
        if result:
            shape[at[-1]] = result(points[-1])
        kwargs: dict[str, Any] = {} if s is None else {"s": s}
        kwargs |= ({} if axes is None else {"axes": at}) | ({} if norm == "backward" else {"norm": norm})
        return record(function, (x,), kwargs, spec(shape, _result_dtype(x, gives)))

    return _named(name, stub)


def _result_dtype(x: Tensor, gives: str) -> str:
    if gives == "complex":
        return _complex(x.dtype)
    return {"complex64": "float32", "complex128": "float64"}[x.dtype]


def _named(name: str, stub: Callable[..., Tensor]) -> Callable[..., Tensor]:
    stub.__name__ = stub.__qualname__ = name
    stub.__doc__ = f"Record a call of the standard's `fft.{name}`."
    return stub


fft, ifft = _transform("fft", "complex", "complex"), _transform("ifft", "complex", "complex")
rfft = _transform("rfft", "real", "complex", result=_half)
irfft = _transform("irfft", "complex", "real", default=_whole)
hfft = _transform("hfft", "complex", "real", default=_whole)
ihfft = _transform("ihfft", "real", "complex", result=_half)
fftn, ifftn = _transform_n("fftn", "complex", "complex"), _transform_n("ifftn", "complex", "complex")
rfftn = _transform_n("rfftn", "real", "complex", result=_half)
irfftn = _transform_n("irfftn", "complex", "real", default=_whole)


# ---- frequencies and shifts


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """Record a call of the standard's `fft.fftfreq`."""
    return _frequencies("fft.fftfreq", n, n, d, dtype)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """Record a call of the standard's `fft.rfftfreq`."""
    return _frequencies("fft.rfftfreq", n, _half(n) if isinstance(n, (int, Dim)) else n, d, dtype)


def _frequencies(function: str, n: Any, length: Any, d: float, dtype: Any) -> Tensor:
    if not isinstance(n, (int, Dim)) or isinstance(n, bool) or (isinstance(n, int) and n < 1):
        raise ValueError(f"{function}: n is {n!r}; expected an integer of at least 1")
    if isinstance(d, bool) or not isinstance(d, (int, float)) or d == 0:
        raise ValueError(f"{function}: d is {d!r}; expected a number other than 0")
    name = config.floatx() if dtype is None else dtype_name(dtype)
    if kind_of(name) != "real floating":
        raise TypeError(f"{function}: dtype {name} came, expected a real floating dtype")
    result = spec((length,), name)
    return record(function, (n,), ({} if d == 1 else {"d": float(d)}) | {"dtype": result.dtype}, result)


def fftshift(x: Any, /, *, axes: Any = None) -> Tensor:
    """Record a call of the standard's `fft.fftshift`, as a roll."""
    x = tensor(x)
    at = axes_of("fft.fftshift", axes, x.ndim)
    return roll(x, tuple(x.sizes[a] // 2 for a in at), axis=at) if at else x


def ifftshift(x: Any, /, *, axes: Any = None) -> Tensor:
    """Record a call of the standard's `fft.ifftshift`, as a roll."""
    x = tensor(x)
    at = axes_of("fft.ifftshift", axes, x.ndim)
    return roll(x, tuple((x.sizes[a] + 1) // 2 for a in at), axis=at) if at else x
