"""Norms and what else of linear algebra is made of other functions of the namespace, in a fixed order."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..arrays.dtypes import dtype_name
from ..arrays.typing import Namespace

__all__ = ["norm_functions"]

_EPSILON = {"float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}


def norm_functions(xp: Namespace, linalg: dict[str, Any]) -> dict[str, Any]:
    """The functions of this chapter by name."""
    return {
        "vector_norm": _vector_norm(xp),
        "matrix_norm": _matrix_norm(xp, linalg),
        "matrix_power": _matrix_power(xp, linalg),
        "matrix_rank": _matrix_rank(xp, linalg),
        "pinv": _pinv(xp, linalg),
        "outer": _outer(xp),
        "trace": _trace(xp, linalg),
        "cross": _cross(xp),
    }


def _vector_norm(xp: Namespace) -> Callable[..., Any]:
    def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002
        """The standard's `linalg.vector_norm`: of powers, their sum and its root, each rounded."""
        how = {"axis": axis, "keepdims": keepdims}
        size = xp.abs(x)
        if ord == math.inf:
            return xp.max(size, **how)
        if ord == -math.inf:
            return xp.min(size, **how)
        if ord == 0:
            return xp.sum(xp.astype(x != 0, x.dtype), **how)
        if ord == 1:
            return xp.sum(size, **how)
        if ord == 2:
            return xp.sqrt(xp.sum(size * size, **how))
        return xp.pow(xp.sum(xp.pow(size, float(ord)), **how), 1.0 / ord)

    return vector_norm


def _matrix_norm(xp: Namespace, linalg: dict[str, Any]) -> Callable[..., Any]:
    def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:  # noqa: A002
        """The standard's `linalg.matrix_norm`."""
        if x.ndim < 2:
            raise ValueError(f"linalg.matrix_norm: got shape {x.shape}, expected matrices")
        size = xp.abs(x)
        if ord == "fro":
            found = xp.sqrt(xp.sum(size * size, axis=(-2, -1)))
        elif ord in (1, -1):
            found = (xp.max if ord > 0 else xp.min)(xp.sum(size, axis=-2), axis=-1)
        elif ord in (math.inf, -math.inf):
            found = (xp.max if ord > 0 else xp.min)(xp.sum(size, axis=-1), axis=-1)
        elif ord in ("nuc", 2, -2):
            values = linalg["svdvals"](x)
            found = xp.sum(values, axis=-1) if ord == "nuc" else (xp.max if ord > 0 else xp.min)(values, axis=-1)
        else:
            raise ValueError(f"linalg.matrix_norm: ord is {ord!r}, expected 'fro', 'nuc', 1, 2, inf, -1, -2 or -inf")
        return xp.expand_dims(xp.expand_dims(found, axis=-1), axis=-1) if keepdims else found

    return matrix_norm


def _matrix_power(xp: Namespace, linalg: dict[str, Any]) -> Callable[..., Any]:
    def matrix_power(x: Any, n: int, /) -> Any:
        """The standard's `linalg.matrix_power`, by squares from the lowest bit of n on."""
        n = operator.index(n)
        if n < 0:
            x, n = linalg["inv"](x), -n
        result = xp.broadcast_to(xp.eye(x.shape[-1], dtype=x.dtype, device=x.device), x.shape)
        while n:
            if n % 2:
                result = xp.matmul(result, x)
            n //= 2
            if n:
                x = xp.matmul(x, x)
        return result

    return matrix_power


def _threshold(xp: Namespace, x: Any, values: Any, rtol: Any) -> Any:
    """The singular value up to which others count as zero."""
    if rtol is None:
        rtol = max(x.shape[-2:]) * _EPSILON[dtype_name(x.dtype)]
    largest = xp.max(values, axis=-1, keepdims=True)
    return largest * (rtol if isinstance(rtol, float) else xp.expand_dims(rtol, axis=-1))


def _matrix_rank(xp: Namespace, linalg: dict[str, Any]) -> Callable[..., Any]:
    def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
        """The standard's `linalg.matrix_rank`."""
        values = linalg["svdvals"](x)
        return xp.count_nonzero(values > _threshold(xp, x, values, rtol), axis=-1)

    return matrix_rank


def _pinv(xp: Namespace, linalg: dict[str, Any]) -> Callable[..., Any]:
    def pinv(x: Any, /, *, rtol: Any = None) -> Any:
        """The standard's `linalg.pinv`, of the singular values and vectors."""
        left, values, right = linalg["svd"](x, full_matrices=False)
        kept = values > _threshold(xp, x, values, rtol)
        inverse = xp.where(kept, xp.ones_like(values) / xp.where(kept, values, xp.ones_like(values)), 0.0)
        return xp.matmul(xp.matrix_transpose(right) * xp.expand_dims(inverse, axis=-2), xp.matrix_transpose(left))

    return pinv


def _outer(xp: Namespace) -> Callable[..., Any]:
    def outer(x1: Any, x2: Any, /) -> Any:
        """The standard's `linalg.outer`."""
        return xp.expand_dims(x1, axis=-1) * xp.expand_dims(x2, axis=-2)

    return outer


def _trace(xp: Namespace, linalg: dict[str, Any]) -> Callable[..., Any]:
    def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
        """The standard's `linalg.trace`."""
        return xp.sum(linalg["diagonal"](x, offset=offset), axis=-1, dtype=dtype)

    return trace


def _cross(xp: Namespace) -> Callable[..., Any]:
    def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        """The standard's `linalg.cross`: differences of products, each rounded."""
        first, second = xp.broadcast_arrays(x1, x2)
        if first.shape[axis] != 3:
            raise ValueError(f"linalg.cross: got {first.shape[axis]} elements along axis {axis}, expected 3")
        a, b = (xp.unstack(x, axis=axis) for x in (first, second))
        parts = [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]
        return xp.stack(parts, axis=axis)

    return cross
