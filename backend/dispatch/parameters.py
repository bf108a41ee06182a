"""What each parameter of an operation takes, by its annotation: checked, and made a plain Python value.

The annotation is the one place that says so. Arrays are checked where they are promoted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.arguments import flag, integer, integers, is_sequence, items, number, one_or_several, shown, text
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import host, is_array, is_concrete
from ..graph.dim_values import size_from, sizes_from

__all__ = ["ARRAYS", "UNCHECKED", "Check", "check_of", "is_array_like"]

NUMBERS = "biufc"  # the kinds of NumPy's dtypes that the standard has

Check = Callable[[str, str, Any], Any]  # (operation, parameter, value) -> the plain value; TypeError that names both


def _pairs(name: str, argument: str, value: Any) -> Any:
    """Nests of integers, as nested tuples."""
    if is_array(value) and not isinstance(value, np.generic) and is_concrete(value) and len(value.shape) > 1:
        value = host(value).tolist()
    if is_sequence(value):
        return tuple(_pairs(name, argument, entry) for entry in items(value))
    return integer(name, argument, value)


def _sizes_or_none(name: str, argument: str, value: Any) -> Any:
    """Sizes among which None stands for one that follows from elsewhere."""
    if not isinstance(value, (tuple, list)):
        return sizes_from(name, argument, value)
    return tuple(None if n is None else size_from(name, f"an entry of {argument}", n) for n in value)


def _dtype(name: str, argument: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return dtype_name(value)
    except TypeError as error:
        raise TypeError(f"{name}: {argument} is {error}") from None


def _callable(name: str, argument: str, value: Any) -> Any:
    if callable(value):
        return value
    raise TypeError(f"{name}: {argument} is {shown(value)}, expected a function")


def _integer_or_array(name: str, argument: str, value: Any) -> Any:
    """An integer as Python's; an array stays, and the operation looks at it."""
    return value if is_array(value) and not isinstance(value, np.generic) else integer(name, argument, value)


def _optional(check: Check) -> Check:
    return lambda name, argument, value: None if value is None else check(name, argument, value)


_REQUIRED: dict[str, Check] = {
    "Axes": one_or_several,
    "Ints": integers,
    "PerAxis": one_or_several,
    "Pairs": _pairs,
    "Size": size_from,
    "Sizes": sizes_from,
    "Sequence[Size | None]": _sizes_or_none,
    "bool": flag,
    "float": number,
    "int": integer,
    "int | Array": _integer_or_array,
    "str": text,
    "Callable[..., Any]": _callable,
    "Callable[[], Any]": _callable,
}
_CHECKS = {
    **_REQUIRED,
    **{f"{annotation} | None": _optional(check) for annotation, check in _REQUIRED.items()},
    "Axis": _optional(one_or_several),
    "DTypeLike": _dtype,
}
ARRAYS = {"Array", "ArrayLike"}  # what an error message expects: an array, a number or a nest of them
# What the operation itself looks at: nests of arrays, and values of several kinds.
UNCHECKED = {
    "Any",
    "int | bool",
    "Sequence[Array]",
    "Sequence[Array] | None",
    "Array | None",
    "ArrayLike | None",
    *ARRAYS,
}


def check_of(annotation: str) -> Check | None:
    """The check of a parameter with this annotation, None where there is none."""
    return _CHECKS.get(annotation)


def is_array_like(value: Any) -> bool:
    """Whether a value is an array, a number, or a nest of lists and tuples of these."""
    if isinstance(value, (list, tuple)):
        return all(map(is_array_like, value))
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind in NUMBERS or value.dtype.name == "bfloat16"
    return isinstance(value, (bool, int, float, complex)) or is_array(value) or hasattr(value, "tocoo")
