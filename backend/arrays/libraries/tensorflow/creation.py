"""Creation functions of the standard on TensorFlow."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from .dtypes import COMPLEX, float32, int64
from .operands import NUMBERS, chosen, index, number, on_device, placed, shape_from, sizes
from .traced_sizes import TracedSize

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """The standard's `asarray`."""
    if isinstance(obj, (tf.Tensor, tf.Variable)):
        return _of_tensor(tf.convert_to_tensor(obj), dtype, device, copy)
    if copy is False:
        raise ValueError(f"asarray: copy is False, but {type(obj).__name__} becomes a tensor by a copy alone")
    with on_device(device):
        if isinstance(obj, TracedSize):
            return tf.cast(obj.tensor, dtype or int64)
        if isinstance(obj, NUMBERS):
            return _constant(obj, chosen(obj, dtype))
        is_array = hasattr(obj, "__array__") and hasattr(obj, "dtype")
        # tf.constant copies; convert_to_tensor would share the memory of NumPy's arrays
        x = tf.constant(obj) if is_array else _nested(obj, dtype)
        if x.dtype == tf.string:
            raise TypeError(f"asarray: got {type(obj).__name__} of text, expected numbers")
        return x if dtype is None or x.dtype == dtype else tf.cast(x, dtype)


def _of_tensor(x: Any, dtype: Any, device: Any, copy: bool | None) -> Any:
    moves = device is not None and x.device not in ("", device)
    if copy is False and (moves or dtype not in (None, x.dtype)):
        raise ValueError("asarray: copy is False, but another dtype or device needs a copy")
    x = placed(x, device)
    if dtype is not None and x.dtype != dtype:
        return tf.cast(x, dtype)
    return tf.identity(x) if copy else x


def _constant(value: Any, dtype: Any) -> Any:
    """A number of any kind in a dtype."""
    try:
        return number(value, dtype)
    except (TypeError, ValueError):
        return tf.cast(tf.constant(value), dtype)


def _nested(obj: Any, dtype: Any) -> Any:
    """Nested sequences of numbers, tensors and sizes."""
    if any(isinstance(v, TracedSize) for v in _flat(obj)):
        obj = tf.nest.map_structure(lambda v: tf.cast(index(v), int64), obj)
    if dtype is not None:
        try:
            return tf.convert_to_tensor(obj, dtype)
        except (TypeError, ValueError):
            return _nested(obj, None)
    kinds = {type(v) for v in _flat(obj)}
    if kinds == {int}:
        try:
            return tf.convert_to_tensor(obj, int64)
        except (TypeError, ValueError):
            return tf.convert_to_tensor(obj, tf.uint64)
    if complex in kinds:
        return tf.convert_to_tensor(_numbers(obj, 0j) if kinds <= set(NUMBERS) else obj, tf.complex64)
    if kinds == {bool, int}:
        return tf.convert_to_tensor(_numbers(obj), int64)
    if float in kinds and bool in kinds:
        return tf.convert_to_tensor(_numbers(obj), float32)
    return tf.convert_to_tensor(obj)


def _flat(obj: Any) -> list[Any]:
    return [v for each in obj for v in _flat(each)] if isinstance(obj, (list, tuple)) else [obj]


def _numbers(obj: Any, zero: Any = 0) -> Any:
    """The same nest with a zero added: 0 and 1 for False and True, complex numbers for a complex zero."""
    return [_numbers(each, zero) for each in obj] if isinstance(obj, (list, tuple)) else obj + zero


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """The standard's `from_dlpack`."""
    if isinstance(x, tf.Tensor):
        return _of_tensor(x, None, device, copy)
    return _of_tensor(tf.experimental.dlpack.from_dlpack(x.__dlpack__()), None, device, copy)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `full`."""
    with on_device(device):
        if isinstance(fill_value, TracedSize):
            fill_value = tf.cast(fill_value.tensor, int64)
        value = fill_value if isinstance(fill_value, tf.Tensor) else _constant(fill_value, chosen(fill_value, dtype))
        value = value if dtype is None else tf.cast(value, dtype)
        return tf.broadcast_to(value, shape_from(shape))


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `zeros`."""
    with on_device(device):
        return tf.zeros(shape_from(shape), float32 if dtype is None else dtype)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `ones`."""
    with on_device(device):
        return tf.ones(shape_from(shape), float32 if dtype is None else dtype)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `empty`."""
    return zeros(shape, dtype=dtype, device=device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `full_like`."""
    return full(sizes(x), fill_value, dtype=dtype or x.dtype, device=device or x.device or None)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `zeros_like`."""
    return zeros(sizes(x), dtype=dtype or x.dtype, device=device or x.device or None)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `ones_like`."""
    return ones(sizes(x), dtype=dtype or x.dtype, device=device or x.device or None)


empty_like = zeros_like


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `arange`."""
    if stop is None:
        start, stop = 0, start
    start, stop, step = (v.tensor if isinstance(v, TracedSize) else v for v in (start, stop, step))
    given = [v for v in (start, stop, step) if not isinstance(v, tf.Tensor)]
    if dtype is None:
        dtype = float32 if any(isinstance(v, float) for v in given) else int64
    with on_device(device):
        if len(given) < 3:  # sizes that are known at run time alone
            first, last, by = (tf.cast(v, int64) for v in (start, stop, step))
            return tf.cast(tf.range(first, tf.maximum(first, last), by), dtype)
        if step == 0:
            raise ValueError("arange: step is 0, expected another number")
        count = max(0, math.ceil((stop - start) / step))
        if all(isinstance(v, int) for v in given) and dtype.is_integer:
            by, first = (tf.constant((v + 2**63) % 2**64 - 2**63, int64) for v in (step, start))  # uint64 wraps
            return tf.cast(tf.range(count, dtype=int64) * by + first, dtype)
        places = tf.range(count, dtype=tf.float64)
        return tf.cast(places * tf.constant(step, tf.float64) + tf.constant(start, tf.float64), dtype)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    """The standard's `linspace`."""
    is_complex = isinstance(start, complex) or isinstance(stop, complex)
    if dtype is None:
        dtype = tf.complex64 if is_complex else float32
    wide = tf.complex128 if dtype in COMPLEX else tf.float64
    count = index(num)
    steps = count - 1 if endpoint else count
    with on_device(device):
        places = tf.cast(tf.range(count, dtype=tf.float64), wide)
        first, last = (tf.cast(tf.constant(v), wide) if not isinstance(v, float) else tf.constant(v, wide)
                       for v in (start, stop))  # fmt: skip
        known = isinstance(steps, int)
        parts = tf.constant(max(steps, 1), wide) if known else tf.cast(tf.maximum(steps, 1), wide)
        weights = places / parts
        found = first * (1 - weights) + last * weights
        return tf.cast(found, dtype)


def eye(n_rows: Any, n_cols: Any = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `eye`."""
    with on_device(device):
        rows, columns = tf.range(index(n_rows)), tf.range(index(n_rows if n_cols is None else n_cols))
        return tf.cast(tf.equal(rows[:, None] + k, columns), float32 if dtype is None else dtype)


def _banded(x: Any, k: int, lower: bool) -> Any:
    if x.shape.rank < 2:
        raise ValueError(f"got an array of {x.shape.rank} axes, expected at least 2")
    rows, columns = sizes(x)[-2:]
    distance = tf.range(columns) - tf.range(rows)[:, None]
    return tf.where(distance <= k if lower else distance >= k, x, tf.zeros((), x.dtype))


def tril(x: Any, /, *, k: int = 0) -> Any:
    """The standard's `tril`."""
    return _banded(x, k, True)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """The standard's `triu`."""
    return _banded(x, k, False)


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """The standard's `meshgrid`."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is {indexing!r}, expected 'xy' or 'ij'")
    order = list(range(len(arrays)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    flat = [tf.reshape(x, (-1,)) for x in arrays]
    shape = [None] * len(flat)
    for place, x in zip(order, flat, strict=True):
        shape[place] = sizes(x)[0]
    found = []
    for place, x in zip(order, flat, strict=True):
        beside = [1] * len(flat)
        beside[place] = -1
        found.append(tf.broadcast_to(tf.reshape(x, beside), shape_from(tuple(shape))))
    return tuple(found)
