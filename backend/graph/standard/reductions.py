"""Recording the standard's statistical, searching and sorting functions."""

from __future__ import annotations

from typing import Any

from ...arrays.arguments import integer
from ...arrays.dtypes import dtype_name, kind_of
from ..recording import ANY, FLOATING, NUMERIC, REAL, cast, checked_kind, common, tensor
from ..shape_rules import axis_of, concatenated, plain_axis, reduced
from ..tensor import Tensor, record, spec

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "argsort",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "max",
    "mean",
    "min",
    "prod",
    "searchsorted",
    "sort",
    "std",
    "sum",
    "var",
]


def _reduced(
    function: str, x: Any, axis: Any, keepdims: bool, kinds: tuple[str, ...], gives: Any = None, **more: Any
) -> Tensor:
    """Record a reduction; `gives` is the result's dtype where it is not the operand's."""
    x = tensor(x)
    x = cast(x, checked_kind(function, x.dtype, kinds))
    result = spec(reduced(function, x.sizes, axis, keepdims), gives or x.dtype)
    axis = plain_axis(function, axis)
    kwargs = more | ({} if axis is None else {"axis": axis}) | ({"keepdims": True} if keepdims else {})
    return record(function, (x,), kwargs, result)


def _accumulated(function: str, x: Tensor, dtype: Any) -> str:
    """The dtype of a sum: the one asked for, else the standard's default (at least 64 bits for integers)."""
    if dtype is not None:
        return dtype_name(dtype)
    if kind_of(x.dtype) in ("bool", "integer"):
        return "uint64" if x.dtype.startswith("u") else "int64"
    return x.dtype


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `sum`."""
    x = tensor(x)
    name = _accumulated("sum", x, dtype)
    return _reduced(
        "sum",
        cast(x, name) if x.dtype == "bool" else x,
        axis,
        keepdims,
        NUMERIC,
        name,
        **{} if name == x.dtype and kind_of(name) != "integer" else {"dtype": spec((), name).dtype},
    )


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `prod`."""
    x = tensor(x)
    name = _accumulated("prod", x, dtype)
    return _reduced(
        "prod",
        cast(x, name) if x.dtype == "bool" else x,
        axis,
        keepdims,
        NUMERIC,
        name,
        **{} if name == x.dtype and kind_of(name) != "integer" else {"dtype": spec((), name).dtype},
    )


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `max`."""
    return _reduced("max", _not_empty("max", x, axis), axis, keepdims, REAL)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `min`."""
    return _reduced("min", _not_empty("min", x, axis), axis, keepdims, REAL)


def _not_empty(function: str, x: Any, axis: Any) -> Tensor:
    x = tensor(x)
    whole = reduced(function, x.sizes, axis, keepdims=True)
    if 0 in [size for size, rest in zip(x.sizes, whole, strict=True) if isinstance(size, int) and rest != size]:
        raise ValueError(f"{function}: no element to choose from in shape {x.shape} along axis {axis}")
    return x


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `mean`."""
    return _reduced("mean", x, axis, keepdims, FLOATING)


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `var`."""
    return _reduced("var", x, axis, keepdims, ("real floating",), **{"correction": correction} if correction else {})


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `std`."""
    return _reduced("std", x, axis, keepdims, ("real floating",), **{"correction": correction} if correction else {})


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `all`."""
    return _reduced("all", x, axis, keepdims, ANY, "bool")


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `any`."""
    return _reduced("any", x, axis, keepdims, ANY, "bool")


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `count_nonzero`."""
    return _reduced("count_nonzero", x, axis, keepdims, ANY, "int64")


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `argmax`."""
    return _reduced("argmax", _not_empty("argmax", x, axis), axis, keepdims, REAL, "int64")


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Record a call of the standard's `argmin`."""
    return _reduced("argmin", _not_empty("argmin", x, axis), axis, keepdims, REAL, "int64")


def _cumulative(function: str, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Tensor:
    x = tensor(x)
    if axis is None and x.ndim != 1:
        raise ValueError(f"{function}: axis is needed for {x.ndim} dimensions")
    axis = axis_of(function, 0 if axis is None else axis, x.ndim)
    name = _accumulated(function, x, dtype)
    x = cast(x, name) if x.dtype == "bool" else x
    shape = list(x.sizes)
    shape[axis] = shape[axis] + 1 if include_initial else shape[axis]
    kwargs: dict[str, Any] = {"axis": axis}
    if name != x.dtype or kind_of(name) == "integer":
        kwargs["dtype"] = spec((), name).dtype
    if include_initial:
        kwargs["include_initial"] = True
    return record(function, (x,), kwargs, spec(shape, name))


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """Record a call of the standard's `cumulative_sum`."""
    return _cumulative("cumulative_sum", x, axis, dtype, include_initial)


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """Record a call of the standard's `cumulative_prod`."""
    return _cumulative("cumulative_prod", x, axis, dtype, include_initial)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """Record a call of the standard's `diff`."""
    x = tensor(x)
    axis = axis_of("diff", axis, x.ndim)
    xp = x.__array_namespace__()
    parts = [tensor(part) for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        concatenated("diff", [part.sizes for part in parts], axis)
        x = xp.concat(parts, axis=axis)
    n = integer("diff", "n", n)
    if n < 0:
        raise ValueError(f"diff: n is {n}; expected an integer of at least 0")
    before = (slice(None),) * axis
    for _ in range(n):
        x = x[(*before, slice(1, None), ...)] - x[(*before, slice(None, -1), ...)]
    return x


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Record a call of the standard's `sort`."""
    return _ordered("sort", x, axis, descending)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Record a call of the standard's `argsort`; always stable."""
    return _ordered("argsort", x, axis, descending, "int64")


def _ordered(function: str, x: Any, axis: int, descending: bool, dtype: str | None = None) -> Tensor:
    x = tensor(x)
    x = cast(x, checked_kind(function, x.dtype, REAL))
    kwargs = {"axis": axis_of(function, axis, x.ndim)} | ({"descending": True} if descending else {})
    return record(function, (x,), kwargs, spec(x.sizes, dtype or x.dtype))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Tensor:
    """Record a call of the standard's `searchsorted`."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is {side!r}; expected 'left' or 'right'")
    name, pair = common("searchsorted", REAL, x1, x2)
    x1, x2 = (tensor(x, name) for x in pair)
    if x1.ndim != 1:
        raise ValueError(f"searchsorted: x1 has {x1.ndim} dimensions, expected 1")
    if sorter is not None:
        x1 = x1.__array_namespace__().take(x1, sorter, axis=0)
    return record("searchsorted", (x1, x2), {} if side == "left" else {"side": side}, spec(x2.sizes, "int64"))
