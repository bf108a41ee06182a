"""Products, differences and statistics of arrays, for `keras.ops.numpy`."""

from __future__ import annotations

from typing import Any

from keras.src.backend import config

import backend as K
from backend.dispatch.boundary import moved
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import (
    cast_to,
    common,
    counted,
    floats,
    in_common,
    is_real_float,
    name_of,
    quiet,
)
from .numpy_reductions import sum as total
from .numpy_shapes import diagonal, pad

__all__ = [
    "corrcoef",
    "correlate",
    "cross",
    "diff",
    "dot",
    "einsum",
    "inner",
    "kron",
    "matmul",
    "outer",
    "slogdet",
    "tensordot",
    "trace",
    "trapezoid",
    "vdot",
]


# ---- products ---------------------------------------------------------------------------------------------------


def _narrow(function: Any, *operands: Any) -> Any:
    """A product in the operands' common dtype; booleans are counted, and become booleans again."""
    operands = tuple(in_common(*operands))
    dtype = name_of(operands[0])
    if dtype == "bool":
        return function(*(cast_to(x, "int32") for x in operands)) != 0
    return cast_to(function(*operands), dtype)


@quiet
def matmul(x1: Any, x2: Any) -> Any:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if name_of(x1) == name_of(x2) == "int8":
        x1, x2 = cast_to(x1, "int32"), cast_to(x2, "int32")  # as JAX: products of int8 overflow int8
    return _narrow(lambda a, b: array_namespace(a, b).matmul(a, b), x1, x2)


@quiet
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    arrays = [convert_to_tensor(x) for x in operands]
    if {name_of(x) for x in arrays} == {"int8"}:
        arrays = [cast_to(x, "int32") for x in arrays]
    return _narrow(lambda *xs: K.einsum(subscripts, *xs), *arrays)


@quiet
def dot(x1: Any, x2: Any) -> Any:
    return _narrow(_dot, x1, x2)


def _dot(a: Any, b: Any) -> Any:
    if not a.ndim or not b.ndim:
        return a * b
    xp = array_namespace(a, b)
    return xp.tensordot(a, b, axes=((-1 % a.ndim,), (max(b.ndim - 2, 0),)))


@quiet
def inner(x1: Any, x2: Any) -> Any:
    def product(a: Any, b: Any) -> Any:
        if not a.ndim or not b.ndim:
            return a * b
        return array_namespace(a, b).tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))

    return _narrow(product, x1, x2)


@quiet
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    if not isinstance(axes, int):
        axes = tuple(tuple(a) if isinstance(a, (list, tuple)) else (a,) for a in axes)

    def product(a: Any, b: Any) -> Any:
        along = axes
        if not isinstance(axes, int):
            along = tuple(tuple(i % x.ndim for i in given) for x, given in zip((a, b), axes, strict=True))
        return array_namespace(a, b).tensordot(a, b, axes=along)

    return _narrow(product, x1, x2)


@quiet
def outer(x1: Any, x2: Any) -> Any:
    def product(a: Any, b: Any) -> Any:
        xp = array_namespace(a, b)
        return xp.reshape(a, (-1, 1)) * xp.reshape(b, (1, -1))

    return _narrow(product, x1, x2)


@quiet
def vdot(x1: Any, x2: Any) -> Any:
    def product(a: Any, b: Any) -> Any:
        xp = array_namespace(a, b)
        return xp.vecdot(xp.reshape(a, (-1,)), xp.reshape(b, (-1,)))

    return _narrow(product, x1, x2)


@quiet
def kron(x1: Any, x2: Any) -> Any:
    def product(a: Any, b: Any) -> Any:
        xp, count = array_namespace(a, b), max(a.ndim, b.ndim)
        a = xp.reshape(a, (1,) * (count - a.ndim) + tuple(a.shape))
        b = xp.reshape(b, (1,) * (count - b.ndim) + tuple(b.shape))
        shapes = list(zip(a.shape, b.shape, strict=True))
        rows = xp.reshape(a, tuple(n for m, _ in shapes for n in (m, 1)))
        columns = xp.reshape(b, tuple(n for _, m in shapes for n in (1, m)))
        return xp.reshape(rows * columns, tuple(m * n for m, n in shapes))

    return _narrow(product, x1, x2)


@quiet
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    x1, x2 = in_common(x1, x2)
    axisa, axisb, axisc = (axis, axis, axis) if axis is not None else (axisa, axisb, axisc)
    a, b = moved(x1, axisa, -1), moved(x2, axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(
            "Both `x1` and `x2` must have 2 or 3 elements along the axis of the vectors. "
            f"Received: x1.shape={tuple(x1.shape)}, x2.shape={tuple(x2.shape)}"
        )
    plane = a.shape[-1] == b.shape[-1] == 2
    first = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    if plane:
        return first
    xp = array_namespace(a, b)
    a2, b2 = (v[..., 2] if v.shape[-1] == 3 else None for v in (a, b))
    parts = [
        _difference(_times(a[..., 1], b2), _times(a2, b[..., 1])),
        _difference(_times(a2, b[..., 0]), _times(a[..., 0], b2)),
        first,
    ]
    return moved(xp.stack(parts, axis=-1), -1, axisc)


def _times(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a * b


def _difference(a: Any, b: Any) -> Any:
    """a - b, where one of them may be missing: a vector in the plane has no third element."""
    return a if b is None else -b if a is None else a - b


# ---- sums of products -------------------------------------------------------------------------------------------


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return total(diagonal(convert_to_tensor(x), offset, axis1, axis2), axis=-1)


@quiet
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    dtype = common(x1, x2)
    if dtype == "int64":
        dtype = "float64"
    elif dtype not in ("bfloat16", "float16", "float64"):
        dtype = "float32"
    x1, x2 = cast_to(x1, dtype), cast_to(x2, dtype)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"correlate: x1 has {x1.ndim} and x2 {x2.ndim} dimensions, expected 1")
    xp, n, m = array_namespace(x1, x2), x1.shape[0], x2.shape[0]
    if not n or not m:
        raise ValueError("correlate: an array has no elements, expected at least one")
    turned = n < m and mode != "full"
    if turned:  # the shorter one slides over the longer one
        x1, x2, n, m = x2, x1, m, n
    before, length = {"valid": (0, n - m + 1), "same": (m // 2, n), "full": (m - 1, n + m - 1)}[mode]
    if turned and mode == "same":
        before = (m - 1) // 2
    padded = pad(x1, ((before, max(length + m - 1 - before - n, 0)),))
    places = [padded[i : i + length] * x2[i] for i in range(m)]
    found = K.sum(xp.stack(places), axis=0)
    return xp.flip(found) if turned else found


@quiet
def corrcoef(x: Any) -> Any:
    x = convert_to_tensor(x)
    name = name_of(x)
    dtype = "float64" if name == "int64" else name if is_real_float(x) else config.floatx()
    x = cast_to(x, "float64" if dtype == "float64" else "float32")
    xp = array_namespace(x)
    rows = xp.reshape(x, (1, -1)) if x.ndim < 2 else x
    rows = rows - xp.mean(rows, axis=1, keepdims=True)
    products = xp.matmul(rows, xp.matrix_transpose(rows))
    lengths = xp.sqrt(K.diagonal(products))
    found = products / lengths[:, None] / lengths[None, :]
    found = xp.maximum(xp.minimum(found, xp.ones_like(found)), -xp.ones_like(found))
    return cast_to(found if x.ndim > 1 else xp.reshape(found, ()), dtype)


# ---- differences and areas --------------------------------------------------------------------------------------


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    a = convert_to_tensor(a)
    if n < 0:
        raise ValueError(f"diff: n is {n}, expected at least 0")
    before = (slice(None),) * (axis % a.ndim)
    for _ in range(n):
        later, earlier = a[(*before, slice(1, None), ...)], a[(*before, slice(None, -1), ...)]
        a = counted(later) != counted(earlier) if name_of(a) == "bool" else later - earlier
    return a


@quiet
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = convert_to_tensor(y)
    dtype = common(y, float)
    y = moved(cast_to(y, dtype), axis, -1)
    if x is not None:
        x = cast_to(convert_to_tensor(x), dtype)
        x = moved(x, axis, -1) if x.ndim > 1 else x
        width = x[..., 1:] - x[..., :-1]
    else:
        width = cast_to(convert_to_tensor(dx), dtype)
    return cast_to(K.sum((y[..., 1:] + y[..., :-1]) * width / 2.0, axis=-1), dtype)


def slogdet(x: Any) -> tuple[Any, Any]:
    x = floats(x)
    return tuple(K.slogdet(x))
