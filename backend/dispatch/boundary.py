"""The boundary: Python arguments checked and normalized, and errors that name the operation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .. import config
from ..arrays.dtypes import dtype_name, is_float, is_integer
from ..arrays.namespaces import array_namespace, device_of, is_array
from ..arrays.typing import Array
from ..graph.dim_values import as_size, as_sizes
from ..graph.dims import Dim, product
from ..graph.shape_rules import axes_of, axis_of, broadcast, concatenated, reduced, reshaped
from ..graph.tensor import Tensor

__all__ = [
    "MISFIT",
    "axes_of",
    "axis_of",
    "broadcast",
    "broadcasting",
    "check_floating",
    "concatenated",
    "dtype_from",
    "moved",
    "named",
    "ndim_of",
    "normalize_axis",
    "number_like",
    "product",
    "rank_of",
    "reduced",
    "reshaped",
    "size_from",
    "sizes",
    "sizes_from",
]

MISFIT = (ValueError, TypeError, RuntimeError, IndexError)  # what libraries raise for shapes and axes that do not fit


def moved(x: Array, source: int, destination: int) -> Array:
    """x with one axis moved to another place, by permute_dims: torch's moveaxis does not run under vmap."""
    order = [axis for axis in range(x.ndim) if axis != source % x.ndim]
    order.insert(destination % x.ndim, source % x.ndim)
    return array_namespace(x).permute_dims(x, tuple(order))


def number_like(x: Array, value: float) -> Array:
    """A 0-d array with one number, of x's namespace, dtype and device."""
    xp = array_namespace(x)
    return xp.asarray(value, dtype=x.dtype, device=device_of(x))


def sizes(x: Array) -> tuple[Any, ...]:
    """The shape of x fit for arithmetic: integers, or expressions where a symbolic tensor's sizes are unknown."""
    return x.sizes if isinstance(x, Tensor) else tuple(x.shape)


def broadcasting(name: str, function: Callable[..., Array], *operands: Array) -> Array:
    """function(*operands); where their shapes do not broadcast, a ValueError with both, whatever the library raises."""
    try:
        return function(*operands)
    except MISFIT:
        broadcast(name, *(sizes(x) for x in operands if is_array(x)))
        raise


def size_from(name: str, value: Any) -> Any:
    """One size given as an integer, a Size or a 0-d integer array; `name` is the operation that asks.

    TypeError for anything else, None included.
    """
    if isinstance(value, Dim) or type(value) is int:
        return value
    if isinstance(value, Tensor):
        return as_size(name, value)
    try:
        return operator.index(value)
    except TypeError:
        if is_array(value) and value.ndim == 0 and is_integer(dtype_name(value.dtype)):
            return int(value)  # CuPy's arrays have no __index__
        raise TypeError(f"{name}: got the size {value!r}, expected an integer") from None


def dtype_from(name: str, dtype: Any) -> str:
    """The name of a dtype given in any form, floatx for None; `name` is the operation that asks."""
    try:
        return config.floatx() if dtype is None else dtype_name(dtype)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def sizes_from(name: str, shape: Any) -> tuple[Any, ...]:
    """A shape given as one size, a sequence of them, or a 1-D integer array; `name` is the operation that asks."""
    if isinstance(shape, (tuple, list)):
        return tuple(size_from(name, size) for size in shape)
    if isinstance(shape, Tensor) and shape.ndim:
        return as_sizes(name, shape)
    if is_array(shape) and not isinstance(shape, Tensor) and shape.ndim == 1:
        return tuple(size_from(name, shape[i]) for i in range(shape.shape[0]))
    return (size_from(name, shape),)


def named(x: Array, name: str | None) -> Array:
    """x, which bears the name from now on if it is symbolic; native arrays have no names."""
    if name and isinstance(x, Tensor):
        x.name = name
    return x


def ndim_of(x: Array) -> int:
    """The number of dimensions; 0 for Python numbers."""
    return x.ndim if hasattr(x, "ndim") else 0


def rank_of(x: Array) -> int | None:
    """The number of dimensions of an array, None where it is known only when the graph runs."""
    return None if isinstance(x, Tensor) and x.spec.shape is None else x.ndim


def normalize_axis(name: str, axis: Any, ndim: int) -> Any:
    """An axis or tuple of axes counted from the front; ValueError naming the operation when out of range."""
    return axis_of(name, axis, ndim) if isinstance(axis, int) else axes_of(name, axis, ndim)


def check_floating(name: str, argument: str, x: Array) -> None:
    """TypeError unless x is floating."""
    if not is_float(dtype_name(x.dtype)):
        raise TypeError(f"{name}: {argument} has dtype {dtype_name(x.dtype)}, expected a floating dtype")
