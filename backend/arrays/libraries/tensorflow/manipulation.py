"""Manipulation functions of the standard on TensorFlow."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from .operands import axes_of, axis_of, common, index, shape_from, sizes
from .traced_sizes import TracedSize

__all__ = [
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The standard's `broadcast_shapes`."""
    found = tf.TensorShape(())
    for shape in shapes:
        found = tf.broadcast_static_shape(found, tf.TensorShape(shape))
    return tuple(found)


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """The standard's `broadcast_to`."""
    wanted = shape_from(shape)
    if isinstance(wanted, tuple) and len(wanted) < x.shape.rank:
        raise ValueError(f"broadcast_to: an array of {x.shape.rank} axes does not broadcast to the shape {wanted}")
    return tf.broadcast_to(x, wanted)


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """The standard's `broadcast_arrays`."""
    if all(x.shape.is_fully_defined() for x in arrays):
        shape: Any = broadcast_shapes(*(x.shape for x in arrays))
    else:
        shape = tf.shape(arrays[0])
        for x in arrays[1:]:
            shape = tf.broadcast_dynamic_shape(shape, tf.shape(x))
    return [tf.broadcast_to(x, shape) for x in arrays]


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """The standard's `concat`."""
    arrays = common(arrays)
    if axis is None:
        return tf.concat([tf.reshape(x, (-1,)) for x in arrays], 0)
    return tf.concat(arrays, axis_of(axis, arrays[0].shape.rank))


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """The standard's `stack`."""
    arrays = common(arrays)
    return tf.stack(arrays, axis_of(axis, arrays[0].shape.rank + 1))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The standard's `unstack`."""
    if x.shape[axis_of(axis, x.shape.rank)] is None:
        raise ValueError(f"unstack: axis {axis} has a size known at run time alone, expected a known one")
    return tuple(tf.unstack(x, axis=axis))


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The standard's `reshape`."""
    wanted = shape_from(shape)
    if isinstance(wanted, tuple) and -1 in wanted and 0 in x.shape and 0 not in wanted:
        wanted = tuple(0 if n == -1 else n for n in wanted)  # TensorFlow cannot infer a size of an empty array
    return tf.reshape(x, wanted)


def permute_dims(x: Any, /, axes: Any) -> Any:
    """The standard's `permute_dims`."""
    ndim = x.shape.rank
    order = axes_of(tuple(axes), ndim)
    if len(order) != ndim:
        raise ValueError(f"permute_dims: axes is {tuple(axes)}, expected each axis of {ndim} once")
    return tf.transpose(x, order)


def matrix_transpose(x: Any, /) -> Any:
    """The standard's `matrix_transpose`."""
    if x.shape.rank < 2:
        raise ValueError(f"matrix_transpose: got an array of {x.shape.rank} axes, expected at least 2")
    return tf.linalg.matrix_transpose(x)


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    """The standard's `moveaxis`."""
    ndim = x.shape.rank
    moved, places = axes_of(source, ndim), axes_of(destination, ndim)
    if len(moved) != len(places):
        raise ValueError(f"moveaxis: {len(moved)} axes for {len(places)} places")
    order = [a for a in range(ndim) if a not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        order.insert(place, axis)
    return tf.transpose(x, order)


def expand_dims(x: Any, /, axis: Any = 0) -> Any:
    """The standard's `expand_dims`."""
    if not isinstance(axis, (tuple, list)):
        return tf.expand_dims(x, axis_of(axis, x.shape.rank + 1))
    for a in sorted(axes_of(axis, x.shape.rank + len(axis))):
        x = tf.expand_dims(x, a)
    return x


def squeeze(x: Any, /, axis: Any) -> Any:
    """The standard's `squeeze`."""
    axes = axes_of(axis, x.shape.rank)
    for a in axes:
        if x.shape[a] not in (1, None):
            raise ValueError(f"squeeze: axis {a} has size {x.shape[a]}, expected 1")
    return tf.squeeze(x, axes) if axes else tf.identity(x)


def flip(x: Any, /, *, axis: Any = None) -> Any:
    """The standard's `flip`."""
    axes = axes_of(axis, x.shape.rank)
    return tf.reverse(x, axes) if axes else tf.identity(x)


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """The standard's `roll`."""
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, (-1,)), shift, 0), tf.shape(x))
    axes = [axis_of(a, x.shape.rank) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    shifts = list(shift) if isinstance(shift, (tuple, list)) else [shift] * len(axes)
    if len(shifts) != len(axes):
        raise ValueError(f"roll: {len(shifts)} shifts for {len(axes)} axes")
    if 0 in x.shape or not axes:
        return tf.identity(x)
    return tf.roll(x, shifts, axes)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `repeat`."""
    if axis is None:
        x, axis = tf.reshape(x, (-1,)), 0
    axis = axis_of(axis, x.shape.rank)
    repeats = repeats.tensor if isinstance(repeats, TracedSize) else repeats
    if isinstance(repeats, tf.Tensor) and repeats.shape.rank:
        count = sizes(x)[axis]
        each = tf.broadcast_to(tf.cast(repeats, tf.int64), (count,) if isinstance(count, int) else count[None])
        return tf.gather(x, tf.repeat(tf.range(count), each), axis=axis)
    shape = list(sizes(x))
    wide = tf.broadcast_to(tf.expand_dims(x, axis + 1), shape_from((*shape[: axis + 1], repeats, *shape[axis + 1 :])))
    return tf.reshape(wide, shape_from((*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :])))


def tile(x: Any, repetitions: Any, /) -> Any:
    """The standard's `tile`."""
    times = list(repetitions) if isinstance(repetitions, (tuple, list)) else [repetitions]
    times, shape = [index(t) for t in times], list(sizes(x))
    shape = [1] * (len(times) - len(shape)) + shape
    times = [1] * (len(shape) - len(times)) + times
    for i, t in enumerate(times):  # one axis at a time: TensorFlow broadcasts few axes at once, and tf.tile few dtypes
        if not (isinstance(t, int) and t == 1):
            before, after = math.prod(shape[:i]), math.prod(shape[i:])
            x = tf.reshape(x, shape_from((before, 1, after)))
            x = tf.broadcast_to(x, shape_from((before, t, after)))
            shape[i] = t * shape[i]
    return tf.reshape(x, shape_from(shape))
