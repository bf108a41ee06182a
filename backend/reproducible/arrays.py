"""The array object: an array of the library below, whose operators are those of the reproducible namespace."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays import namespaces
from ..arrays.namespaces import describe, device_of, host, namespace_of

__all__ = ["ReproducibleArray", "array_class", "bind_operators", "mixed"]

_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
_COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
_NUMBERS = frozenset([int, float, bool, complex])  # looked up in a tenth of the time that isinstance takes
_UNARY = {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_invert"}


class ReproducibleArray:
    """What every array of the mode has; a class of its own for each library is made of it.

    Values cannot be assigned to: whether they can decides in K which sums are computed, and JAX's cannot.
    """

    __slots__ = ("__weakref__", "native")
    __array_ufunc__ = None  # NumPy's operators leave the work to ours, which refuse to mix
    _namespace: Any

    def __init__(self, value: Any) -> None:
        self.native = value

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The reproducible namespace over the library of this array."""
        known = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
        if api_version is not None and api_version not in known:
            raise ValueError(f"__array_namespace__: unknown revision {api_version!r}; expected one of {known}")
        return self._namespace

    @property
    def dtype(self) -> Any:
        """The library's dtype object."""
        return self.native.dtype

    @property
    def device(self) -> Any:
        """The library's device object; None where it has none."""
        return device_of(self.native)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return tuple(self.native.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self.native.ndim)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.native.shape, dtype=np.int64))

    @property
    def T(self) -> Any:  # noqa: N802 - the standard's name
        """The transposed matrix."""
        if self.ndim != 2:
            raise ValueError(f"T: the array has {self.ndim} axes, expected 2; use mT or permute_dims")
        return self._namespace.permute_dims(self, (1, 0))

    @property
    def mT(self) -> Any:  # noqa: N802 - the standard's name
        """Each matrix of the last two axes, transposed."""
        return self._namespace.matrix_transpose(self)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """The same values on another device of the library."""
        return type(self)(self._namespace.base.xp.asarray(self.native, device=device))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = host(self.native)
        return np.array(values, dtype=dtype) if copy or dtype is not None else values

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.native.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.native.__dlpack_device__()

    def __repr__(self) -> str:
        return f"reproducible({self.native!r})"

    def __bool__(self) -> bool:
        return bool(self.native)

    def __int__(self) -> int:
        return int(self.native)

    def __float__(self) -> float:
        return float(self.native)

    def __complex__(self) -> complex:
        value = complex(self.native)
        return complex(value.real, value.real) if value.real != value.real and value.imag == 0 else value

    def __index__(self) -> int:
        return int(self.native.__index__())

    def __len__(self) -> int:
        return len(self.native)

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("an array of no axes cannot be iterated")
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            key = tuple(k.native if isinstance(k, ReproducibleArray) else k for k in key)
        elif isinstance(key, ReproducibleArray):
            key = key.native
        return self.wrapped(self.native[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("reproducible arrays cannot be written to: whether a library allows it must not change results")

    @classmethod
    def wrapped(cls, value: Any) -> Any:
        return cls(value)

    __hash__ = object.__hash__


class _HostArray(ReproducibleArray):
    """On NumPy, whose functions give scalars for results of no axes."""

    __slots__ = ()

    @classmethod
    def wrapped(cls, value: Any) -> Any:
        return cls(value if type(value) is np.ndarray else np.asarray(value))


def array_class(namespace: Any, on_numpy: bool) -> type[ReproducibleArray]:
    """The class of the arrays of one namespace, with operators bound to its functions."""
    parent = _HostArray if on_numpy else ReproducibleArray
    made: type[ReproducibleArray] = type(
        "Array",
        (parent,),
        {"__slots__": (), "_namespace": namespace, "__module__": __name__, "__doc__": parent.__doc__},
    )
    return made


def bind_operators(cls: type[Any], namespace: Any) -> None:
    """Give the class the operators, which are functions of the namespace."""
    for name, function in _OPERATORS.items():
        setattr(cls, f"__{name}__", _binary(getattr(namespace, function), cls))
        setattr(cls, f"__r{name}__", _reflected(getattr(namespace, function), cls))
    for name, function in _COMPARISONS.items():
        setattr(cls, f"__{name}__", _binary(getattr(namespace, function), cls))
    for name, function in _UNARY.items():
        setattr(cls, f"__{name}__", _unary(getattr(namespace, function)))


def _unary(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda self: function(self)


def _binary(function: Callable[[Any, Any], Any], cls: type) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        kind = type(other)
        if kind is cls or kind in _NUMBERS or _is_operand(self, other):
            return function(self, other)
        return NotImplemented

    return method


def _reflected(function: Callable[[Any, Any], Any], cls: type) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return function(other, self) if type(other) in _NUMBERS or _is_operand(self, other) else NotImplemented

    return method


def _is_operand(x: Any, other: Any) -> bool:
    """Whether an operand is a number; TypeError for an array of another namespace, unless it is symbolic."""
    if isinstance(other, (numbers.Number, np.generic)):
        return True
    xp = namespace_of(other)
    if xp is None or xp is namespaces.recorder:
        return False
    raise mixed(x, xp)


def mixed(x: Any, xp: Any) -> TypeError:
    """The error where an array of the mode meets one of another namespace."""
    own = describe(x.__array_namespace__())
    return TypeError(
        f"arrays of {own} and {describe(xp)} in one call: results would not be reproducible; "
        "convert the other array first, by K.constant or asarray"
    )
