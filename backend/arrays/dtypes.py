"""Dtypes by name: their kinds, promotion and limits, the same for every namespace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config

__all__ = [
    "DTYPES",
    "DType",
    "common_dtype",
    "dtype_name",
    "is_float",
    "is_integer",
    "kind_of",
    "learn_dtypes",
    "limits",
    "python_dtype",
    "result_dtype",
    "scalar_of",
]

_INTEGERS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FLOATS = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}
_COMPLEX = {"complex64": 32, "complex128": 64}

DTYPES = ("bool", *_INTEGERS, *_FLOATS, *_COMPLEX)
_KINDS = {"bool": 0} | dict.fromkeys(_INTEGERS, 1) | dict.fromkeys(_FLOATS, 2) | dict.fromkeys(_COMPLEX, 3)
_ALIASES = {"half": "float16", "float": "float32", "single": "float32", "double": "float64"}  # as TensorFlow has them
_KIND_NAMES = ("bool", "integer", "real floating", "complex floating")


class DType(str):
    """A dtype of the symbolic namespace: a plain name, equal to the string and printed as one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str.__str__(self)

    @property
    def name(self) -> str:
        return str.__str__(self)

    @property
    def base_dtype(self) -> DType:
        """The dtype itself: variables have no dtype of their own, as they had in TensorFlow 1."""
        return self

    @property
    def as_numpy_dtype(self) -> type[np.generic]:
        """NumPy's type of this name."""
        return np.dtype(str.__str__(self)).type

    @property
    def is_floating(self) -> bool:
        """Whether it is real floating."""
        return _KINDS[self] == 2

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer dtype."""
        return self in _INTEGERS

    @property
    def is_bool(self) -> bool:
        """Whether it is bool."""
        return self == "bool"


# Names by the type of the dtype object first: array_api_strict's hash like NumPy's, and warn when compared to them.
_NAMES: dict[type, dict[Any, str]] = {str: {name: name for name in DTYPES} | _ALIASES}


def learn_dtypes(xp: Any) -> None:
    """Remember the name of each dtype object a namespace offers."""
    late = getattr(xp, "LATE_DTYPES", ())  # those of packages that are not loaded before they are asked for
    for name in DTYPES:
        dtype = None if name in late else getattr(xp, name, None)
        if dtype is not None:
            _NAMES.setdefault(type(dtype), {})[dtype] = name


def dtype_name(dtype: Any) -> str:
    """The name, such as 'float32', of any library's dtype object or of a Python type; a name gives itself.

    TensorFlow's other names count, too: 'half', 'float' for float32, 'double'.
    """
    try:
        return _NAMES[type(dtype)][dtype]
    except (KeyError, TypeError):
        pass
    if isinstance(dtype, str):  # of a subclass, whose own str() may give anything
        dtype = str.__str__(dtype)
        if dtype in _KINDS:
            return dtype
    if isinstance(dtype, type) and dtype in (float, int, bool, complex):  # np.dtype objects equal these, too
        return python_dtype(dtype(0))
    for text in (getattr(dtype, "name", None), getattr(dtype, "__name__", None), str(dtype)):
        name = str(text).rpartition(".")[2]
        if name in _KINDS:
            try:
                _NAMES.setdefault(type(dtype), {})[dtype] = name
            except TypeError:  # an unhashable dtype object: its name is looked up at each call
                return name
            return name
    raise TypeError(f"unknown dtype {dtype!r}; expected one of {', '.join(DTYPES)}")


def python_dtype(value: bool | int | float | complex) -> str:
    """The dtype of a Python number without arrays: bool, int32 (int64 if large), floatx or its complex dtype."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int32" if -(2**31) <= value < 2**31 else "int64"
    if isinstance(value, float):
        return config.floatx()
    return "complex128" if config.floatx() == "float64" else "complex64"


def kind_of(name: str) -> str:
    """'bool', 'integer', 'real floating' or 'complex floating'."""
    return _KIND_NAMES[_KINDS[name]]


def is_float(name: str) -> bool:
    """Whether the dtype is real or complex floating."""
    return _KINDS[name] >= 2


def is_integer(name: str) -> bool:
    return name in _INTEGERS


def limits(name: str) -> tuple[int, int]:
    """Smallest and largest value of an integer dtype."""
    bits = _INTEGERS[name]
    return (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def result_dtype(*names: str) -> str:
    """The common dtype of arrays: within a kind as in the standard, across kinds that of the higher kind.

    bool < integer < real < complex. An integer that meets a float takes the float's dtype, never a wider one.
    """
    result = names[0]
    for name in names[1:]:
        result = _PAIRS.get((result, name)) or _refuse(result, name)
    return result


def common_dtype(arrays: Sequence[str], numbers: Sequence[Any], constants: Sequence[str] = ()) -> str:
    """The dtype in which arrays, constants and Python numbers meet: what every operation promotes by.

    The dtypes of the arrays decide, by `result_dtype`; without arrays those of the numbers. A constant or a number
    beside them changes the result only if its kind is higher: a float beside integers makes it floatx.
    """
    result = result_dtype(*(arrays or [python_dtype(x) for x in numbers] or ["int32"]))
    for name in constants:
        if _KINDS[name] > _KINDS[result]:
            result = config.floatx() if kind_of(name) == "real floating" else name
    for x in numbers:
        if isinstance(x, float) and not is_float(result):
            result = config.floatx()
        elif isinstance(x, complex) and kind_of(result) != "complex floating":
            result = "complex128" if result == "float64" else "complex64"
        elif isinstance(x, int) and not isinstance(x, bool) and result == "bool":
            result = "int32"
    return result


def scalar_of(operation: str, x: Any, name: str) -> Any:
    """A Python number of the kind the dtype has; OverflowError where an integer dtype cannot hold it."""
    if kind_of(name) == "bool":
        return bool(x)
    if kind_of(name) == "integer":
        low, high = limits(name)
        if not low <= x <= high:
            raise OverflowError(f"{operation}: {x} is out of range for {name} ({low} to {high})")
        return int(x)
    return float(x) if kind_of(name) == "real floating" and not isinstance(x, float) else x


def _refuse(a: str, b: str) -> str:
    raise TypeError(f"dtypes {a} and {b} have no common dtype; cast one of them")


def _common(a: str, b: str) -> str | None:
    if a == b:
        return a
    low, high = sorted((a, b), key=lambda name: _KINDS[name])
    if _KINDS[low] == _KINDS[high] == 1:
        wide = max(_INTEGERS[a], _INTEGERS[b])
        if a.startswith("u") == b.startswith("u"):
            return ("u" if a.startswith("u") else "") + f"int{wide}"
        unsigned = _INTEGERS[a if a.startswith("u") else b]
        signed = max(wide, 2 * unsigned)
        return f"int{signed}" if signed <= 64 else None
    if _KINDS[low] == _KINDS[high] == 2:
        return "float32" if _FLOATS[a] == _FLOATS[b] else (a if _FLOATS[a] > _FLOATS[b] else b)
    if _KINDS[high] == 3 and _KINDS[low] >= 2:
        wide = max((_FLOATS | _COMPLEX)[low], _COMPLEX[high])
        return "complex128" if wide == 64 else "complex64"
    return high


_PAIRS = {(a, b): _common(a, b) for a in DTYPES for b in DTYPES}
