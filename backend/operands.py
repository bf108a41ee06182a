"""What an operation does first: bring what it was given to one namespace, one device and one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import config, namespaces
from .dtypes import dtype_name, is_float, is_integer, kind_of, python_dtype, result_dtype
from .namespaces import array_namespace, describe, device_of, is_array, is_concrete, namespace_of
from .symbolic.recording import ANY, common, scalar_of
from .symbolic.shapes import axes_of, axis_of
from .symbolic.sizes import product
from .symbolic.tensor import Tensor

__all__ = ["Array", "array_namespace", "arrays", "axes_of", "axis_of", "check_floating", "device_of", "dtype_name",
           "floating", "is_array", "is_concrete", "is_float", "is_integer", "kind_of", "native_dtype", "ndim_of",
           "normalize_axis", "number_like", "product", "promoted", "shape_of", "sizes"]

Array = Any  # an array of any namespace, a symbolic tensor, or where a function says so a Python number

_FLOATS: dict[Any, bool] = {}  # dtype object -> whether it is floating


def floating(x: Array) -> tuple[Any, Array]:
    """The namespace of x, and x as a floating array: integers, booleans and Python numbers become floatx."""
    try:
        if _FLOATS[x.dtype]:
            return namespaces._NAMESPACE_OF[type(x)], x
    except (AttributeError, KeyError, TypeError):
        pass
    return _floating(x)


def _floating(x: Array) -> tuple[Any, Array]:
    xp, x = arrays(x)
    name = dtype_name(x.dtype)
    _FLOATS[x.dtype] = is_float(name)
    if not is_float(name):
        x = xp.astype(x, native_dtype(xp, config.floatx()))
    return xp, x


def arrays(*values: Array) -> tuple[Any, ...]:
    """The namespace the values share, and the values as arrays of it; dtypes stay as they are."""
    xp = array_namespace(*values)
    if xp is namespaces.recorder:
        return (xp, *(x if type(x) is Tensor else xp.asarray(x) for x in values))
    like = next(x for x in values if namespace_of(x) is xp)
    result = tuple(x if namespace_of(x) is xp else _native(xp, x, like, None) for x in values)
    if len(result) > 1:
        _same_device(result)
    return (xp, *result)


def promoted(*values: Array) -> tuple[Any, ...]:
    """The namespace the values share, and the values in their common dtype.

    Arrays of one kind promote as in the standard, an integer meeting a float takes the float's dtype, Python
    numbers stay numbers and never widen (only a float beside integers makes floatx). Two devices are a TypeError.
    """
    if len(values) == 2:
        x, y = values
        if type(x) is np.ndarray and type(y) is np.ndarray and x.dtype == y.dtype:
            return namespaces.namespace_of(x), x, y
    xp = array_namespace(*values)
    if xp is namespaces.recorder:
        return (xp, *common("promotion", ANY, *values)[1])
    members = [x for x in values if namespace_of(x) is xp and not _is_number(x, xp)]
    if not members:  # NumPy scalars alone
        members = [x for x in values if namespace_of(x) is xp]
    numbers = [x.item() if isinstance(x, np.generic) else x for x in values
               if isinstance(x, bool | int | float | complex | np.generic) and not any(x is m for m in members)]
    name = _common_dtype(members, numbers)
    target = native_dtype(xp, name)
    if len(members) > 1:
        _same_device(members)
    result = []
    for x in values:
        if any(x is m for m in members):
            result.append(x if x.dtype == target else xp.astype(x, target))
        elif isinstance(x, np.generic | bool | int | float | complex):
            result.append(scalar_of("promotion", x.item() if isinstance(x, np.generic) else x, name))
        else:
            result.append(_native(xp, x, members[0], target))
    return (xp, *result)


def _is_number(x: Any, xp: Any) -> bool:
    return isinstance(x, np.generic)


def _common_dtype(members: list[Any], numbers: list[Any]) -> str:
    name = result_dtype(*(dtype_name(x.dtype) for x in members))
    for x in numbers:
        if isinstance(x, float) and not is_float(name):
            name = config.floatx()
        elif isinstance(x, complex) and kind_of(name) != "complex floating":
            name = "complex128" if name == "float64" else "complex64"
        elif isinstance(x, int) and not isinstance(x, bool) and name == "bool":
            name = "int32"
    return name


def _native(xp: Any, x: Any, like: Any, dtype: Any) -> Any:
    """A Python number or list as an array beside `like`."""
    if isinstance(x, np.generic):
        x = x.item()
    if dtype is None:
        dtype = native_dtype(xp, python_dtype(x)) if isinstance(x, bool | int | float | complex) else None
    return xp.asarray(x, dtype=dtype, device=device_of(like))


def _same_device(members: Any) -> None:
    if isinstance(members[0], np.ndarray | np.generic | Tensor):
        return
    devices = [getattr(x, "device", None) for x in members]
    for device in devices[1:]:
        if device != devices[0] and device is not None and devices[0] is not None:
            raise TypeError(f"arrays on two devices in one call: {devices[0]} and {device}; move one of them first")


def number_like(x: Array, value: float) -> Array:
    """A 0-d array with one number, of x's namespace, dtype and device."""
    xp = array_namespace(x)
    return xp.asarray(value, dtype=x.dtype, device=device_of(x))


def native_dtype(xp: Any, name: str) -> Any:
    """The namespace's dtype object of that name; TypeError where it has none."""
    found = getattr(xp, name, None)
    if found is None:
        raise TypeError(f"{describe(xp)} has no dtype {name}")
    return found


def sizes(x: Array) -> tuple[Any, ...]:
    """The shape of x fit for arithmetic: integers, or expressions where a symbolic tensor's sizes are unknown."""
    return x.sizes if isinstance(x, Tensor) else tuple(x.shape)


def shape_of(x: Array) -> tuple[int | None, ...]:
    """The shape of x with None for sizes known only at run time."""
    return tuple(x.shape)


def ndim_of(x: Array) -> int:
    """The number of dimensions; 0 for Python numbers."""
    return x.ndim if hasattr(x, "ndim") else 0


def normalize_axis(name: str, axis: Any, ndim: int) -> Any:
    """An axis or tuple of axes counted from the front; ValueError naming the operation when out of range."""
    return axis_of(name, axis, ndim) if isinstance(axis, int) else axes_of(name, axis, ndim)


def check_floating(name: str, argument: str, x: Array) -> None:
    """TypeError unless x is floating."""
    if not is_float(dtype_name(x.dtype)):
        raise TypeError(f"{name}: {argument} has dtype {dtype_name(x.dtype)}, expected a floating dtype")


