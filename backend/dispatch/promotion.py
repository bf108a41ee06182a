"""Promotion: the first step of an operation brings its operands to one namespace, one device and one dtype."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from .. import config
from ..arrays.arguments import shown
from ..arrays.checks import can_ask, is_concrete, refuse
from ..arrays.dtypes import (
    common_dtype,
    dtype_name,
    is_float,
    is_integer,
    kind_of,
    python_dtype,
    scalar_of,
)
from ..arrays.namespaces import array_namespace, describe, device_of, is_array, namespace_of, plain
from ..arrays.registry import FLOATING_ARRAYS, NAMESPACE_OF_TYPE, REAL_ARRAYS, remember_dtype
from ..arrays.typing import Array, ArrayLike, DTypeLike, Namespace
from ..graph.recording import ANY, common, tensor
from ..graph.standard import namespace as recorder
from ..graph.tensor import Tensor
from .boundary import number_like

__all__ = [
    "array_namespace",
    "arrays",
    "can_ask",
    "device_of",
    "dtype_name",
    "floating",
    "inexact",
    "is_array",
    "is_concrete",
    "is_float",
    "is_integer",
    "kind_of",
    "native_dtype",
    "numeric",
    "promoted",
    "promoted_arrays",
    "promoted_floats",
    "promoted_numbers",
    "real",
    "refuse",
    "require_real",
]


_NOT_NUMBERS = frozenset("OSUVMm")  # NumPy's codes of objects, text, records and times
_PYTHON = (bool, int, float, complex)


def floating(x: Any) -> tuple[Namespace, Array]:
    """The namespace of x, and x as a real floating array; TypeError for a complex one."""
    try:
        return FLOATING_ARRAYS[type(x)][x.dtype], x
    except (AttributeError, KeyError, TypeError):
        return inexact(x, complex_too=False)


def inexact(x: Any, complex_too: bool = True) -> tuple[Namespace, Array]:
    """As `floating`, complex arrays included: integers, booleans and Python numbers become floatx."""
    xp, x = arrays(x)
    name = _learned(xp, x)
    if not complex_too:
        require_real(x)
    return xp, x if is_float(name) else xp.astype(x, native_dtype(xp, config.floatx()))


def real(x: Any) -> tuple[Namespace, Array]:
    """The namespace of x, and x as an array of real numbers; TypeError for a complex one."""
    try:
        return REAL_ARRAYS[type(x)][x.dtype], x
    except (AttributeError, KeyError, TypeError):
        return numeric(x, complex_too=False)


def numeric(x: Any, complex_too: bool = True) -> tuple[Namespace, Array]:
    """As `real`, complex arrays included: booleans become int32, other dtypes stay."""
    xp, x = arrays(x)
    name = _learned(xp, x)
    if not complex_too:
        require_real(x)
    return xp, xp.astype(x, xp.int32) if name == "bool" else x


def require_real(*values: Any) -> None:
    """TypeError for a complex number, or an array of them."""
    for x in values:
        if isinstance(x, complex) or (is_array(x) and kind_of(dtype_name(x.dtype)) == "complex floating"):
            raise TypeError(f"got {shown(x)}, expected real numbers")


def _learned(xp: Namespace, x: Array) -> str:
    """The name of x's dtype; the namespace is remembered for the next array of this type and dtype."""
    name = dtype_name(x.dtype)
    if name != "bool" and not name.startswith("complex"):
        remember_dtype(type(x), x.dtype, xp, is_float(name))
    return name


@overload
def arrays(value: ArrayLike, /) -> tuple[Namespace, Array]: ...
@overload
def arrays(first: ArrayLike, second: ArrayLike, /) -> tuple[Namespace, Array, Array]: ...
@overload
def arrays(*values: ArrayLike) -> tuple[Any, ...]: ...
def arrays(*values: ArrayLike) -> tuple[Any, ...]:
    """The namespace that the values share, and the values as its arrays; dtypes stay.

    A list that holds arrays becomes one array of their common dtype.
    """
    if len(values) == 1 and (xp := NAMESPACE_OF_TYPE.get(type(values[0]))) is not None:
        return xp, _plain_numbers(values[0]) if type(values[0]) is np.ndarray else values[0]
    values = tuple(_stacked(x) if isinstance(x, (list, tuple)) else _plain_numbers(x) for x in values)
    xp = array_namespace(*values)
    if xp is recorder:
        return (xp, *(x if type(x) is Tensor else tensor(x) for x in values))
    like = next(x for x in values if namespace_of(x) is xp)
    result = tuple(x if namespace_of(x) is xp else _native(xp, x, like, None) for x in values)
    if len(result) > 1:
        _same_device(result)
    return (xp, *result)


def promoted(*values: Any) -> tuple[Any, ...]:
    """The namespace that the values share, and the values in their common dtype.

    Arrays of one kind promote as in the standard; an integer that meets a float takes the float's dtype. Python numbers
    stay numbers and never widen a dtype; a float beside integers makes floatx, a list of floats does, too. TypeError
    for arrays on two devices.
    """
    first = values[0]
    known = REAL_ARRAYS.get(type(first))
    if known is not None:  # the fast path: arrays of one dtype, or numbers beside floats
        dtype = first.dtype
        xp = known.get(dtype)
        if xp is not None and xp is not recorder and _alike(first, dtype, values):
            return (xp, *values)
    values = tuple(_stacked(x) if isinstance(x, (list, tuple)) else _plain_numbers(x) for x in values)
    xp = array_namespace(*values)
    if xp is recorder:
        return (xp, *common("promotion", ANY, *values)[1])
    members = [x for x in values if namespace_of(x) is xp and not isinstance(x, np.generic)]
    if not members:  # NumPy scalars alone
        members = [x for x in values if namespace_of(x) is xp]
    numbers = [
        x.item() if isinstance(x, np.generic) else x
        for x in values
        if isinstance(x, (*_PYTHON, np.generic)) and not any(x is m for m in members)
    ]
    listed = [_number_of_kind(x) for x in values if isinstance(x, (list, tuple))]
    name = common_dtype([dtype_name(x.dtype) for x in members], [*numbers, *listed])
    target = native_dtype(xp, name)
    _learned(xp, members[0])
    if len(members) > 1:
        _same_device(members)
    result = []
    for x in values:
        if any(x is m for m in members):
            result.append(x if x.dtype == target else xp.astype(x, target))
        elif isinstance(x, (*_PYTHON, np.generic)):
            result.append(scalar_of("promotion", x.item() if isinstance(x, np.generic) else x, name))
        else:
            result.append(_native(xp, x, members[0], target))
    return (xp, *result)


def _number_of_kind(values: Any) -> bool | int | float | complex:
    """A number of the kind that a list holds."""
    return {"b": False, "f": 0.0, "c": 0j}.get(np.asarray(values).dtype.kind, 0)


def promoted_arrays(*values: Any) -> tuple[Any, ...]:
    """As `promoted`, with the numbers as 0-d arrays."""
    xp, *found = promoted(*values)
    like = next((x for x in found if is_array(x)), None)
    if like is None or all(is_array(x) for x in found):
        return (xp, *found)
    return (xp, *(x if is_array(x) else number_like(like, x) for x in found))


def promoted_floats(*values: Any) -> tuple[Any, ...]:
    """As `promoted_arrays`, in a real floating dtype: integers become floatx; TypeError for complex numbers."""
    xp, *found = promoted_arrays(*values)
    return (xp, *(floating(x)[1] for x in found))


def _alike(first: Array, dtype: Any, values: tuple[Any, ...]) -> bool:
    """Whether the other values are arrays like the first, or plain numbers beside a floating array."""
    kind = type(first)
    for x in values:
        if type(x) is kind:
            if x is not first:
                if x.dtype is not dtype and x.dtype != dtype:
                    return False
                if kind is not np.ndarray:
                    _same_device((first, x))
        elif (type(x) is not float and type(x) is not int) or dtype not in FLOATING_ARRAYS.get(kind, ()):
            return False
    return True


def promoted_numbers(x: Any, y: Any, complex_too: bool = True) -> tuple[Any, Any, Any]:
    """As `promoted`, for functions of numbers, or of real ones: where both are booleans they become int32."""
    kind = type(x)
    if kind is type(y) and kind in REAL_ARRAYS and x.dtype is y.dtype:  # the fast path
        xp = REAL_ARRAYS[kind].get(x.dtype)
        if (
            xp is not None
            and xp is not recorder
            and (kind is np.ndarray or getattr(x, "device", None) == getattr(y, "device", None))
        ):
            return xp, x, y
    xp, x, y = promoted(x, y)
    if not complex_too:
        require_real(x, y)
    z = x if hasattr(x, "dtype") else y  # a np.float64 is a float, too
    if z.dtype not in REAL_ARRAYS.get(type(z), ()) and _learned(xp, z) == "bool":
        x, y = (int(v) if isinstance(v, bool) else xp.astype(v, xp.int32) for v in (x, y))
    return xp, x, y


def _stacked(values: Any) -> Any:
    """A list or tuple that holds arrays as one array; any other one as it is."""
    if not any(is_array(v) or isinstance(v, (list, tuple)) for v in values):
        return values
    rows = [_stacked(v) if isinstance(v, (list, tuple)) else v for v in values]
    if array_namespace(*rows) is recorder or not any(is_array(v) for v in rows):
        return values
    xp, *rows = promoted(*rows)
    like = next(v for v in rows if is_array(v))
    return xp.stack([v if is_array(v) else number_like(like, v) for v in rows])


def _plain_numbers(x: Any) -> Any:
    """x as a plain array, or as it is; TypeError for one of text, objects or times."""
    if isinstance(x, np.ndarray) and x.dtype.char in _NOT_NUMBERS:
        raise TypeError(f"got {shown(x)}, expected numbers")
    return plain(x)


def _native(xp: Namespace, x: Any, like: Any, dtype: Any) -> Any:
    """A Python number or list as an array on the device of `like`."""
    if isinstance(x, np.generic):
        x = x.item()
    if not isinstance(x, _PYTHON):
        _check_numbers(x)
    if dtype is None:
        dtype = native_dtype(xp, python_dtype(x)) if isinstance(x, (bool, int, float, complex)) else None
    if isinstance(x, (bool, int, float, complex)):
        return number_like(like, x, dtype)
    return xp.asarray(x, dtype=dtype, device=device_of(like))


def _check_numbers(x: Any) -> None:
    """TypeError for anything but a nest of numbers, such as None, which libraries take for NaN."""
    if not isinstance(x, (list, tuple)) or np.asarray(x).dtype.kind not in "biufc":
        raise TypeError(f"got {shown(x)}, expected an array, a number, or a list of them")


def _same_device(members: Any) -> None:
    if isinstance(members[0], (np.ndarray, np.generic, Tensor)):
        return
    devices = [device_of(x) for x in members]
    for device in devices[1:]:
        if device != devices[0] and device is not None and devices[0] is not None:
            raise TypeError(f"arrays on two devices in one call: {devices[0]} and {device}; move one of them first")


def native_dtype(xp: Namespace, name: str) -> DTypeLike:
    """The namespace's dtype object of that name; TypeError where it has none."""
    found = getattr(xp, name, None)
    if found is None:
        raise TypeError(f"{describe(xp)} has no dtype {name}")
    return found
