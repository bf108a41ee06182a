"""Checks of shapes, axes and dtypes that operations share, with errors that name the operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .. import config
from ..arrays.arguments import shown
from ..arrays.dtypes import dtype_name, is_float
from ..arrays.namespaces import array_namespace, describe, device_of, is_array, on_a_device
from ..arrays.typing import Array, DTypeLike, Shape
from ..graph.dim_values import size_from, sizes_from
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
    "count_of",
    "dtype_from",
    "given",
    "moved",
    "named",
    "namespace_for",
    "ndim_of",
    "normalize_axis",
    "number_like",
    "numbers_like",
    "product",
    "rank_of",
    "reduced",
    "reshaped",
    "size_from",
    "sizes",
    "sizes_from",
]

T = TypeVar("T")
MISFIT = (ValueError, TypeError, RuntimeError, IndexError)  # what libraries raise for shapes and axes that do not fit


def moved(x: Array, source: int, destination: int) -> Array:
    """x with one axis moved to another position; by permute_dims, as torch's moveaxis does not run under vmap."""
    order = [axis for axis in range(x.ndim) if axis != source % x.ndim]
    order.insert(destination % x.ndim, source % x.ndim)
    return array_namespace(x).permute_dims(x, tuple(order))


def number_like(x: Array, value: complex, dtype: Any = None) -> Array:
    """A number as a 0-d array of x's namespace and device, and of x's dtype by default."""
    xp, dtype = array_namespace(x), x.dtype if dtype is None else dtype
    if on_a_device(x):
        return xp.full((), value, dtype=dtype, device=device_of(x))  # a kernel fills it: nothing is copied
    return xp.asarray(value, dtype=dtype, device=device_of(x))


_CONSTANTS: dict[Any, Any] = {}  # small arrays on devices, by what they hold and where
MOST_CONSTANTS = 64


def numbers_like(x: Array, values: Sequence[float], dtype: Any = None) -> Array:
    """Numbers as an array of one axis beside x, not to be written to; they are copied to a device once."""
    xp, dtype = array_namespace(x), x.dtype if dtype is None else dtype
    if not on_a_device(x):
        return xp.asarray(values, dtype=dtype, device=device_of(x))
    key = (describe(xp), str(device_of(x)), str(dtype), repr(values))  # as text: 0.0 and -0.0 differ
    if key not in _CONSTANTS:
        while len(_CONSTANTS) >= MOST_CONSTANTS:
            _CONSTANTS.pop(next(iter(_CONSTANTS)), None)  # the oldest; another thread may have been faster
        _CONSTANTS[key] = xp.asarray(values, dtype=dtype, device=device_of(x))
    return _CONSTANTS[key]


def sizes(x: Array) -> Shape:
    """The shape of x for calculations: integers, and expressions for a symbolic tensor's unknown sizes.

    Where a library's lazy array knows no size, it is what its namespace has instead, a 0-d array.
    """
    if isinstance(x, Tensor):
        return x.sizes
    shape = tuple(x.shape)
    if None not in shape:
        return shape
    known = getattr(array_namespace(x), "__sizes__", None)
    return shape if known is None else known(x)


def namespace_for(xp: Any, shape: Shape) -> Any:
    """What makes an array of a shape: the recorder where a size is an expression of the graph, else xp."""
    return array_namespace() if any(isinstance(n, Dim) for n in shape) else xp


def broadcasting(name: str, function: Callable[..., Array], *operands: Any) -> Array:
    """function(*operands); ValueError with the shapes where they do not broadcast, whatever the library raises."""
    try:
        return function(*operands)
    except MISFIT:
        broadcast(name, *(sizes(x) for x in operands if is_array(x)))
        raise


def count_of(name: str, argument: str, value: Any) -> Any:
    """A size that counts something; ValueError where it is known to be negative."""
    if isinstance(value, int) and value < 0:
        raise ValueError(f"{name}: {argument} is {value}, expected at least 0")
    return value


def dtype_from(name: str, dtype: DTypeLike) -> str:
    """The name of a dtype in any form, floatx for None; TypeError that names the operation for anything else."""
    try:
        return config.floatx() if dtype is None else dtype_name(dtype)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def named(x: T, name: str | None) -> T:
    """x itself, given the name if it is symbolic; native arrays have no names."""
    if name and isinstance(x, Tensor):
        x.name = name
    return x


def ndim_of(x: Array) -> int:
    """The number of dimensions; 0 for Python numbers."""
    return x.ndim if hasattr(x, "ndim") else 0


def given(value: Any) -> str:
    """A value in the message of a function that tells symbolic tensors from arrays: those by their class and name."""
    return repr(value) if isinstance(value, Tensor) else shown(value)


def rank_of(x: Array) -> int | None:
    """The number of dimensions of an array, None where it is known only when the graph runs."""
    return None if isinstance(x, Tensor) and x.spec.shape is None else x.ndim


def normalize_axis(name: str, axis: Any, ndim: int) -> Any:
    """An axis or a tuple of axes, counted from the front; ValueError that names the operation when out of range."""
    return axis_of(name, axis, ndim) if isinstance(axis, int) else axes_of(name, axis, ndim)


def check_floating(name: str, argument: str, x: Array) -> None:
    """TypeError unless x is floating."""
    if not is_float(dtype_name(x.dtype)):
        raise TypeError(f"{name}: {argument} has dtype {dtype_name(x.dtype)}, expected a floating dtype")
