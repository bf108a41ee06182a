"""What a function of the standard does with its arguments: arrays and numbers in one dtype, sizes, axes, devices."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from .dtypes import HALVES, INTEGERS, default_for, result_type
from .traced_sizes import TracedSize

__all__ = [
    "axes_of",
    "axis_of",
    "called",
    "computed",
    "index",
    "number",
    "on_device",
    "pair",
    "placed",
    "shape_from",
    "sizes",
    "tensor",
]

NUMBERS = (bool, int, float, complex)


def tensor(x: Any) -> Any:
    """x as a tensor: a variable's value, a NumPy array's; TypeError for anything else."""
    if isinstance(x, tf.Tensor):
        return x
    if isinstance(x, (tf.Variable, TracedSize)) or hasattr(x, "__array__"):
        return tf.convert_to_tensor(x)
    raise TypeError(f"got {type(x).__name__}, expected a tensor")


def number(value: Any, dtype: Any) -> Any:
    """A Python number as a tensor of a dtype; an integer that the dtype cannot hold is an OverflowError."""
    if isinstance(value, bool) and dtype != tf.bool:
        value = int(value)
    if isinstance(value, int) and dtype in INTEGERS and not dtype.min <= value <= dtype.max:
        raise OverflowError(f"{value} is out of range for {dtype.name}")
    if value == 0 and isinstance(value, float):
        return tf.reshape(tf.constant([value], dtype), ())  # its cache of scalars takes -0.0 for 0.0
    return tf.constant(value, dtype)


def pair(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands in their common dtype; a Python number takes the array's."""
    if isinstance(x1, tf.Tensor) and isinstance(x2, tf.Tensor):
        if x1.dtype is x2.dtype:
            return x1, x2
    elif isinstance(x2, NUMBERS):
        x1 = tensor(x1)
        return weak(x1, x2)
    elif isinstance(x1, NUMBERS):
        x2, x1 = weak(tensor(x2), x1)
        return x1, x2
    else:
        x1, x2 = tensor(x1), tensor(x2)
    dtype = result_type(x1, x2)
    return tf.cast(x1, dtype), tf.cast(x2, dtype)


def weak(x: Any, value: Any) -> tuple[Any, Any]:
    """An array and a number of the same kind or a lower one, in the array's dtype; complex beside real numbers."""
    dtype = x.dtype
    if (type(value) is int and dtype.is_integer) or (type(value) is float and dtype.is_floating):
        return x, number(value, dtype)
    dtype = result_type(x, value)
    return tf.cast(x, dtype), number(value, dtype)


def sizes(x: Any) -> tuple[Any, ...]:
    """The shape of x for calculations: integers, and 0-d tensors for what is known when a traced function runs."""
    shape = x.shape
    if shape.rank is None:
        raise ValueError("got a tensor of unknown rank, expected one whose number of axes is known")
    known = tuple(shape)
    if None not in known:
        return known
    found = tf.shape(x)
    return tuple(found[i] if n is None else n for i, n in enumerate(known))


def index(value: Any) -> Any:
    """A size: an integer, or a 0-d integer tensor."""
    if isinstance(value, TracedSize):
        return value.tensor
    return value if isinstance(value, tf.Tensor) else value.__index__()


def shape_from(shape: Any) -> Any:
    """A shape as TensorFlow takes it: a tuple of integers, or a tensor where some are known at run time alone."""
    if isinstance(shape, tf.Tensor) and shape.shape.rank:
        return tuple(shape.numpy().tolist()) if hasattr(shape, "numpy") else shape
    if not isinstance(shape, (tuple, list, tf.TensorShape)):
        shape = (shape,)
    found = [index(n) for n in shape]
    if any(isinstance(n, tf.Tensor) for n in found):
        return tf.stack([tf.cast(n, tf.int32) for n in found])
    return tuple(found)


def axis_of(axis: Any, ndim: int) -> int:
    """An axis counted from the front; ValueError where it is out of range."""
    found: int = axis.__index__()
    if not -ndim <= found < ndim:
        raise ValueError(f"axis is {found}, expected one of an array of {ndim} axes")
    return found % ndim


def axes_of(axis: Any, ndim: int) -> list[int]:
    """The axes of a reduction counted from the front, all of them for None; ValueError where one comes twice."""
    if axis is None:
        return list(range(ndim))
    found = [axis_of(a, ndim) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if len(set(found)) < len(found):
        raise ValueError(f"axis is {axis}, expected each axis once")
    return found


def on_device(device: Any) -> contextlib.AbstractContextManager[Any]:
    """A context in which tensors are made on a device."""
    return contextlib.nullcontext() if device is None else tf.device(device)


def placed(x: Any, device: Any) -> Any:
    """x on a device, copied where it is on another one."""
    if device is None or x.device in ("", device):
        return x
    with tf.device(device):
        return tf.identity(x)


def computed(dtypes: frozenset[Any], wide: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, computed in a wider dtype where TensorFlow has none of these dtypes, or rounds at every step."""

    def run(x: Any, *args: Any, **kwargs: Any) -> Any:
        dtype = x.dtype
        if dtype not in dtypes:
            return function(x, *args, **kwargs)
        args = tuple(tf.cast(a, wide) if isinstance(a, tf.Tensor) and a.dtype is dtype else a for a in args)
        return tf.cast(function(tf.cast(x, wide), *args, **kwargs), dtype)

    return run


def called(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function under the name that it has in the standard."""
    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = f"The standard's `{name}`."
    return function


def halves(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, computed in float32 for the two floating dtypes of 16 bits."""
    return computed(HALVES, tf.float32, function)


def common(arrays: Sequence[Any]) -> list[Any]:
    """Several arrays in their common dtype."""
    found = [tensor(x) for x in arrays]
    dtype = result_type(*found)
    return [x if x.dtype is dtype else tf.cast(x, dtype) for x in found]


def chosen(value: Any, dtype: Any) -> Any:
    """The dtype of a creation function: the one given, else the default for the value's kind."""
    return default_for(value) if dtype is None else dtype
