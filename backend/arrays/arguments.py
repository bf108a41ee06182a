"""Python arguments of every honest type made plain: integers, sequences of them, numbers, flags and text."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .dtypes import dtype_name, is_integer, kind_of
from .namespaces import host, is_array, is_concrete, is_variable, namespace_of

__all__ = [
    "flag",
    "integer",
    "integers",
    "is_sequence",
    "items",
    "namespace_of_sizes",
    "number",
    "numbers",
    "one_or_several",
    "shown",
    "size_at_run_time",
    "text",
]

LONGEST = 80  # characters of a value in an error message


def shown(value: Any) -> str:
    """A value in an error message: arrays by shape and dtype, anything else by its repr, cut short."""
    if is_array(value) and not isinstance(value, np.generic):
        given = getattr(value, "given_name", None)
        called = f" {ascii(given)[1:-1]}" if given else ""
        try:
            sizes = namespace_of(value).static_shape(value) if is_variable(value) else value.shape
            shape = f"shape {tuple(sizes)}"
        except ValueError:  # of a symbolic tensor
            shape = "unknown rank"
        return f"an array{called} of {shape} and dtype {_dtype_shown(value.dtype)}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - whatever a foreign repr raises, the message about its argument comes first
        text = object.__repr__(value)
    text = ascii(text)[1:-1] if not text.isprintable() else text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _dtype_shown(dtype: Any) -> str:
    try:
        return dtype_name(dtype)
    except TypeError:
        return str(dtype)


def integer(name: str, argument: str, value: Any) -> int:
    """One integer of any kind: Python's, NumPy's, or a 0-d integer array; TypeError for anything else, booleans too."""
    if type(value) is int:
        return value
    if not isinstance(value, (bool, np.bool_)) and not (is_array(value) and not _is_one_integer(value)):
        try:
            return operator.index(value)
        except (TypeError, ValueError):  # CuPy's arrays have no __index__; a symbolic one has no value yet
            if is_array(value) and is_concrete(value):
                return int(value)
    raise TypeError(f"{name}: {argument} is {shown(value)}, expected an integer")


def size_at_run_time(value: Any) -> Any:
    """A size that only a program of its library knows, for calculations; None for anything else.

    It is a 0-d integer array without a value of a library that has such sizes, or what the library's `__sizes__` gave.
    """
    if getattr(type(value), "is_size", False):
        return value
    if is_array(value) and _is_one_integer(value) and not is_concrete(value):
        xp = namespace_of(value)
        return getattr(xp, "__size__", lambda size: size)(value) if hasattr(xp, "__sizes__") else None
    return None


def namespace_of_sizes(sizes: Iterable[Any]) -> Any:
    """The namespace of the first size that only a program of its library knows; None where there is none."""
    for size in sizes:
        if type(size) is not int and size_at_run_time(size) is not None:
            return namespace_of(getattr(size, "tensor", size))
    return None


def _is_one_integer(value: Any) -> bool:
    return len(value.shape) == 0 and is_integer(dtype_name(value.dtype))


def is_sequence(value: Any) -> bool:
    """Whether a value may stand for a tuple of integers: a tuple, a list, a range, an array of one dimension."""
    if isinstance(value, (tuple, list, range)):
        return True
    return is_array(value) and not isinstance(value, np.generic) and len(value.shape) == 1


def items(value: Any) -> Sequence[Any]:
    """The entries of what `is_sequence` accepts, those of concrete arrays as Python numbers."""
    if isinstance(value, (tuple, list, range)):
        return value
    if is_concrete(value):
        return host(value).tolist()
    if value.shape[0] is None:
        raise TypeError(f"got {shown(value)}, expected a known number of integers")
    return [value[i] for i in range(value.shape[0])]


def integers(name: str, argument: str, value: Any) -> tuple[int, ...]:
    """A tuple of integers from a tuple, list, range or integer array of one dimension; TypeError for anything else."""
    if type(value) is tuple and all(type(entry) is int for entry in value):
        return value
    if not is_sequence(value):
        raise TypeError(f"{name}: {argument} is {shown(value)}, expected a sequence of integers")
    return tuple(integer(name, f"an entry of {argument}", entry) for entry in items(value))


def one_or_several(name: str, argument: str, value: Any) -> int | tuple[int, ...]:
    """An integer, or a tuple from a sequence of them."""
    if type(value) is int:
        return value
    return integers(name, argument, value) if is_sequence(value) else integer(name, argument, value)


def number(name: str, argument: str, value: Any) -> float:
    """A real number as Python's int or float; 0-d arrays count as numbers. TypeError for anything else."""
    if type(value) is float or type(value) is int:
        return value
    if isinstance(value, (int, float)) and not is_array(value):  # np.float64 is a float, too
        return int(value) if isinstance(value, int) else float.__float__(value)
    if is_array(value) and len(value.shape) == 0 and is_concrete(value):
        kind = kind_of(dtype_name(value.dtype))
        if kind != "complex floating":
            return float(value) if kind == "real floating" else int(value)
    raise TypeError(f"{name}: {argument} is {shown(value)}, expected a number")


def numbers(name: str, argument: str, value: Any) -> np.ndarray:
    """A number, nested lists of them or an array, as a NumPy array; TypeError and ValueError for anything else."""
    try:
        array = host(value) if is_array(value) else np.asarray(value)
    except ValueError:  # rows of different lengths, which NumPy calls an inhomogeneous shape
        raise ValueError(
            f"{name}: {argument} is {shown(value)}, a nested list whose parts differ in length; expected equal ones"
        ) from None
    if array.dtype.kind not in "biufc" and array.dtype.name != "bfloat16":
        raise TypeError(f"{name}: {argument} is {shown(value)}, expected a number, an array, or a list of numbers")
    return array


def flag(name: str, argument: str, value: Any) -> bool:
    """True or False from a boolean, NumPy's too, or from 0 or 1; TypeError for anything else."""
    if value is True or value is False:
        return value
    if isinstance(value, (np.bool_, int)) and value in (0, 1):
        return bool(value)
    raise TypeError(f"{name}: {argument} is {shown(value)}, expected True or False")


def text(name: str, argument: str, value: Any) -> str:
    """A str as a plain one; TypeError for anything else."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{name}: {argument} is {shown(value)}, expected a str")
