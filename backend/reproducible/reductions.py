"""Reductions, products of matrices, and running sums of the namespace, by dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name
from ..arrays.quiet import ERRORS, IGNORED
from ..arrays.typing import Namespace
from . import float64, products, sums
from .complex_numbers import complex_reductions, or_complex
from .wrapping import Wrapping

__all__ = ["reduction_functions"]


def reduction_functions(namespace: Namespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of this chapter by name."""
    found: dict[str, Any] = {
        "sum": _reduction(wrapping, "sum", sums.total, float64.total),
        "prod": _reduction(wrapping, "prod", sums.prod, float64.prod),
        "cumulative_sum": _cumulative(namespace, wrapping, "cumulative_sum"),
        "cumulative_prod": _cumulative(namespace, wrapping, "cumulative_prod"),
        "max": _extreme(wrapping, "max"),
        "min": _extreme(wrapping, "min"),
        "matmul": _matmul(wrapping),
        "tensordot": _tensordot(namespace, wrapping),
        "vecdot": _vecdot(namespace),
        "diff": _diff(namespace),
    }
    found["mean"] = _mean(namespace, wrapping, found)
    found["var"] = _variance(namespace)
    found["std"] = _deviation(namespace)
    for name, function in complex_reductions(namespace, wrapping).items():
        found[name] = or_complex(wrapping, found[name], function)
    return found


def _is_float(x: Any) -> bool:
    return dtype_name(x.dtype).startswith("float")


def _reduction(wrapping: Wrapping, name: str, single: Any, double: Any) -> Callable[..., Any]:
    base, close, open_ = wrapping.base, wrapping.close, wrapping.open
    integers = getattr(base.xp, name)

    def wide(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
        axes = sums.axes_of(axis, x.ndim)
        others = tuple(a for a in range(x.ndim) if a not in axes)
        kept = tuple(x.shape[a] for a in others)
        rows = np.transpose(x, (*others, *axes)).reshape(*kept, math.prod(x.shape[a] for a in axes))
        shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape)) if keepdims else kept
        return double(rows).reshape(shape)

    floats = wrapping.rounded(name, lambda x, **how: single(base, x, **how), wide)

    def reduce(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        v = open_(x)
        if dtype is not None and dtype_name(dtype) != dtype_name(v.dtype):
            x = x if dtype_name(dtype).startswith(("int", "uint")) else close(base.cast(v, dtype))
        elif _is_float(v):
            dtype = None
        if dtype_name(open_(x).dtype).startswith("float") and not (
            dtype is not None and dtype_name(dtype).startswith(("int", "uint"))
        ):
            return floats(x, axis=axis, keepdims=keepdims)
        if dtype_name(v.dtype).startswith("complex"):
            raise wrapping.unfit(name, v.dtype)
        return close(integers(v, axis=axis, dtype=dtype, keepdims=keepdims))

    reduce.__name__, reduce.__doc__ = name, f"The standard's `{name}`."
    return reduce


def _extreme(wrapping: Wrapping, name: str) -> Callable[..., Any]:
    base, close, open_ = wrapping.base, wrapping.close, wrapping.open

    def extreme(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return close(base.extreme(name, open_(x), axis, keepdims))

    extreme.__name__, extreme.__doc__ = name, f"The standard's `{name}`."
    return extreme


def _mean(xp: Namespace, wrapping: Wrapping, found: dict[str, Any]) -> Callable[..., Any]:
    total = found["sum"]

    def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        """The standard's `mean`: the sum, rounded, over the number of elements, rounded."""
        if not _is_float(x):
            raise wrapping.unfit("mean", x.dtype)
        narrow = x.dtype if dtype_name(x.dtype) == "float16" else None
        x = xp.astype(x, xp.float32) if narrow is not None else x
        count = math.prod(x.shape[a] for a in sums.axes_of(axis, x.ndim))
        token = ERRORS.set(IGNORED)
        try:
            result = xp.divide(total(x, axis=axis, keepdims=keepdims), float(count))
        finally:
            ERRORS.reset(token)
        return result if narrow is None else xp.astype(result, narrow)

    return mean


def _variance(xp: Namespace) -> Callable[..., Any]:
    def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
        """The standard's `var`: the mean square of the distances from the mean."""
        narrow = x.dtype if dtype_name(x.dtype) == "float16" else None
        x = xp.astype(x, xp.float32) if narrow is not None else x
        count = math.prod(x.shape[a] for a in sums.axes_of(axis, x.ndim))
        distances = x - xp.mean(x, axis=axis, keepdims=True)
        squares = xp.sum(distances * distances, axis=axis, keepdims=keepdims)
        token = ERRORS.set(IGNORED)
        try:
            # without a degree of freedom left it is 0 / 0
            left = float(count - correction)
            result = xp.divide(squares if left > 0 else squares * 0.0, max(left, 0.0))
        finally:
            ERRORS.reset(token)
        return result if narrow is None else xp.astype(result, narrow)

    return var


def _deviation(xp: Namespace) -> Callable[..., Any]:
    def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
        """The standard's `std`: the root of the variance."""
        return xp.sqrt(xp.var(x, axis=axis, correction=correction, keepdims=keepdims))

    return std


def _cumulative(xp: Namespace, wrapping: Wrapping, name: str) -> Callable[..., Any]:
    base, close, open_ = wrapping.base, wrapping.close, wrapping.open
    product = name == "cumulative_prod"
    single = sums.cumulative_product if product else sums.cumulative_sum

    def wide(x: np.ndarray, axis: int) -> np.ndarray:
        return np.moveaxis(float64.cumulative(np.moveaxis(x, axis, -1), product), -1, axis)

    floats = wrapping.rounded(name, lambda x, axis: single(base, x, axis), wide)

    def cumulative(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        v = open_(x)
        if axis is None and v.ndim != 1:
            raise ValueError(f"{name}: axis is None, expected one for an array of {v.ndim} axes")
        axis = axis or 0
        (axis,) = sums.axes_of(axis, v.ndim)
        if not (_is_float(v) if dtype is None else dtype_name(dtype).startswith("float")):
            return close(getattr(base.xp, name)(v, axis=axis, dtype=dtype, include_initial=include_initial))
        x = x if dtype is None else xp.astype(x, dtype)
        result = x if 0 in x.shape else floats(x, axis=axis)
        if not include_initial:
            return result
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        first = (xp.ones if product else xp.zeros)(shape, dtype=x.dtype, device=x.device)
        return xp.concat([first, result], axis=axis)

    cumulative.__name__, cumulative.__doc__ = name, f"The standard's `{name}`."
    return cumulative


def _diff(xp: Namespace) -> Callable[..., Any]:
    def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
        """The standard's `diff`: n times the differences of neighbours."""
        parts = [part for part in (prepend, x, append) if part is not None]
        x = xp.concat(parts, axis=axis) if len(parts) > 1 else x
        (axis,) = sums.axes_of(axis, x.ndim)
        before = (slice(None),) * axis
        for _ in range(n):
            x = (
                x[(*before, slice(min(x.shape[axis], 1), None), ...)]
                - x[(*before, slice(0, max(x.shape[axis] - 1, 0)), ...)]
            )
        return x

    return diff


# ---- products


def _matmul(wrapping: Wrapping) -> Callable[..., Any]:
    base = wrapping.base

    def shaped(product: Callable[[Any, Any], Any], reshape: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """The product of two arrays, vectors as matrices of one row or column."""

        def call(a: Any, b: Any) -> Any:
            if a.ndim > 1 and b.ndim > 1:
                _fit(a.shape[-1], b.shape[-2], a, b)
                return product(a, b)
            if a.ndim == 0 or b.ndim == 0:
                raise ValueError(f"matmul: got shapes {tuple(a.shape)} and {tuple(b.shape)}, expected axes in both")
            _fit(a.shape[-1], b.shape[0 if b.ndim == 1 else -2], a, b)
            left = reshape(a, (1, *a.shape)) if a.ndim == 1 else a
            right = reshape(b, (*b.shape, 1)) if b.ndim == 1 else b
            found = product(left, right)
            shape = list(found.shape)
            if b.ndim == 1:
                shape.pop()
            if a.ndim == 1:
                shape.pop(-1 if b.ndim == 1 else -2)
            return reshape(found, tuple(shape))

        return call

    single = shaped(lambda a, b: products.matmul(base, a, b), base.xp.reshape)
    floats = wrapping.rounded("matmul", single, shaped(float64.matmul, np.reshape))
    integers = wrapping.binary("matmul")

    def matmul(x1: Any, x2: Any, /) -> Any:
        """The standard's `matmul`."""
        return (floats if _is_float(x1) or _is_float(x2) else integers)(x1, x2)

    return matmul


def _fit(inner: int, other: int, a: Any, b: Any) -> None:
    if inner != other:
        raise ValueError(f"matmul: got shapes {tuple(a.shape)} and {tuple(b.shape)}, whose inner sizes differ")


def _tensordot(xp: Namespace, wrapping: Wrapping) -> Callable[..., Any]:
    def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
        """The standard's `tensordot`: one matrix product."""
        if isinstance(axes, int):
            left, right = tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes))
        else:
            left, right = (sums.axes_of(tuple(a), x.ndim) for a, x in zip(axes, (x1, x2), strict=True))
        if [x1.shape[a] for a in left] != [x2.shape[a] for a in right]:
            raise ValueError(f"tensordot: got shapes {x1.shape} and {x2.shape}, which differ along axes {axes}")
        rows = tuple(a for a in range(x1.ndim) if a not in left)
        columns = tuple(a for a in range(x2.ndim) if a not in right)
        inner = math.prod(x1.shape[a] for a in left)
        shapes = tuple(x1.shape[a] for a in rows), tuple(x2.shape[a] for a in columns)
        a = xp.reshape(xp.permute_dims(x1, (*rows, *left)), (math.prod(shapes[0]), inner))
        b = xp.reshape(xp.permute_dims(x2, (*right, *columns)), (inner, math.prod(shapes[1])))
        return xp.reshape(xp.matmul(a, b), (*shapes[0], *shapes[1]))

    return tensordot


def _vecdot(xp: Namespace) -> Callable[..., Any]:
    def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        """The standard's `vecdot`: a product of a row and a column each."""
        first, second = xp.broadcast_arrays(xp.moveaxis(x1, axis, -1), xp.moveaxis(x2, axis, -1))
        first = xp.conj(first) if dtype_name(first.dtype).startswith("complex") else first
        product = xp.matmul(xp.expand_dims(first, axis=-2), xp.expand_dims(second, axis=-1))
        return xp.reshape(product, first.shape[:-1])

    return vecdot
