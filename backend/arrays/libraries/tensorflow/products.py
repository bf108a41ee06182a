"""Products of the standard on TensorFlow; integers that it has no product of are multiplied with 64 bits."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from .dtypes import int8, int16, int64, uint8, uint16, uint32, uint64
from .operands import axis_of, computed, pair, shape_from, sizes

__all__ = ["matmul", "tensordot", "vecdot"]

_product = computed(frozenset((int8, int16, uint8, uint16, uint32, uint64)), int64, tf.linalg.matmul)


def matmul(x1: Any, x2: Any, /) -> Any:
    """The standard's `matmul`."""
    x1, x2 = pair(x1, x2)
    a, b = x1.shape.rank, x2.shape.rank
    if not a or not b:
        raise ValueError(f"matmul: got arrays of {a} and {b} axes, expected at least 1")
    if a > 1 and b > 1:
        return _product(x1, x2)
    found = _product(x1[None, :] if a == 1 else x1, x2[:, None] if b == 1 else x2)
    return tf.squeeze(found, [*([-2] if a == 1 else []), *([-1] if b == 1 else [])])


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The standard's `vecdot`."""
    x1, x2 = pair(x1, x2)
    for x in (x1, x2):
        if not -x.shape.rank <= axis < 0:
            raise ValueError(f"vecdot: axis is {axis}, expected one from {-x.shape.rank} to -1")
    n, m = x1.shape[axis], x2.shape[axis]
    if None not in (n, m) and n != m:
        raise ValueError(f"vecdot: axis {axis} has the sizes {n} and {m}, expected equal ones")
    first = tf.math.conj(x1) if x1.dtype.is_complex else x1
    return computed(frozenset((tf.bfloat16, tf.float16)), tf.float32, _sum_of_products)(first, x2, axis)


def _sum_of_products(x: Any, y: Any, axis: int) -> Any:
    return tf.reduce_sum(x * y, axis)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """The standard's `tensordot`."""
    x1, x2 = pair(x1, x2)
    a, b = x1.shape.rank, x2.shape.rank
    if isinstance(axes, int):
        if not 0 <= axes <= min(a, b):
            raise ValueError(f"tensordot: axes is {axes}, expected 0 to {min(a, b)}")
        first, second = list(range(a - axes, a)), list(range(axes))
    else:
        first, second = ([axis_of(i, n) for i in given] for given, n in zip(axes, (a, b), strict=True))
    if len(first) != len(second):
        raise ValueError(f"tensordot: axes is {axes}, expected as many of each array")
    for i, j in zip(first, second, strict=True):
        if None not in (x1.shape[i], x2.shape[j]) and x1.shape[i] != x2.shape[j]:
            raise ValueError(f"tensordot: shapes {tuple(x1.shape)} and {tuple(x2.shape)} do not fit along {axes}")
    left, right = [i for i in range(a) if i not in first], [j for j in range(b) if j not in second]
    n, m = sizes(x1), sizes(x2)
    outer, inner, last = [n[i] for i in left], [n[i] for i in first], [m[j] for j in right]
    rows = _ordered(x1, left + first, (math.prod(outer), math.prod(inner)))
    columns = _ordered(x2, second + right, (math.prod(inner), math.prod(last)))
    return tf.reshape(_product(rows, columns), shape_from((*outer, *last)))


def _ordered(x: Any, order: list[int], shape: Any) -> Any:
    """x with its axes in an order, as a matrix."""
    x = x if order == list(range(len(order))) else tf.transpose(x, order)
    return tf.reshape(x, shape_from(shape))
