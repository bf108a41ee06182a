"""How a function of the standard records itself: operands made symbolic, brought to one dtype, and checked by kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import config
from ..arrays.arguments import shown
from ..arrays.dtypes import DType, common_dtype, dtype_name, kind_of, python_dtype, result_dtype, scalar_of
from ..arrays.namespaces import describe, is_array, namespace_of, plain
from .dims import Dim
from .primitives import PRIMITIVES
from .shape_rules import broadcast
from .tensor import Constant, Tensor, record, spec

__all__ = [
    "binary",
    "called",
    "checked_kind",
    "common",
    "constant",
    "flat",
    "is_operand",
    "tensor",
    "unary",
]

NUMERIC = ("integer", "real floating", "complex floating")
FLOATING = ("real floating", "complex floating")
REAL = ("integer", "real floating")
ANY = ("bool", *NUMERIC)


def is_operand(x: Any) -> bool:
    """Whether x may stand beside a tensor in an operation."""
    return isinstance(x, (Tensor, Dim, bool, int, float, complex, list, tuple)) or is_array(x)


def constant(value: Any, dtype: str | None = None) -> Tensor:
    """A constant tensor from a Python number, nested lists or an array; lists that hold tensors are stacked."""
    if isinstance(value, (bool, int, float, complex)):
        if dtype == "bfloat16":  # NumPy alone has none: the library makes it
            return record("full", ((), value), {"dtype": DType(dtype)}, spec((), dtype))
        return Constant(np.asarray(value, dtype=dtype or python_dtype(value)))
    if isinstance(value, (list, tuple)):
        if any(isinstance(v, (Tensor, Dim)) for v in flat(value)):
            return _stacked(value, dtype)
        value = np.asarray(value)
        if value.dtype.kind in "OUS":
            raise TypeError(f"cannot make an array of {value.dtype} elements: expected numbers")
        kind = value.dtype.kind
        if dtype is None and kind in "fc":
            dtype = python_dtype(1.0 if kind == "f" else 1j)
        elif dtype is None and kind in "iu" and (not value.size or np.abs(value).max() < 2**31):
            dtype = "int32"
    value = plain(value)
    if dtype is not None and dtype_name(value.dtype) != dtype:
        value = value.astype(dtype) if isinstance(value, (np.ndarray, np.generic)) else value
    return Constant(value)


def flat(values: Any) -> list[Any]:
    """The members of nested lists and tuples."""
    return [v for value in values for v in (flat(value) if isinstance(value, (list, tuple)) else (value,))]


def _stacked(values: Any, dtype: str | None) -> Tensor:
    """A tensor from nested lists that hold tensors or sizes."""
    if all(isinstance(v, (int, Dim)) for v in values):
        result = spec((len(values),), dtype or "int32")
        return record("asarray", (tuple(values),), {"dtype": result.dtype}, result)
    rows = [tensor(v) for v in values]
    name = dtype or result_dtype(*(row.dtype for row in rows))
    rows = [row if row.dtype == name else cast(row, name) for row in rows]
    shape = broadcast("asarray", *(row.sizes for row in rows))
    return record("stack", (tuple(rows),), {"axis": 0}, spec((len(rows), *shape), name))


def tensor(x: Any, dtype: str | None = None) -> Tensor:
    """x as a tensor; arrays and Python numbers become constants."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, Dim):
        result = spec((), dtype or "int32")
        return record("asarray", (x,), {"dtype": result.dtype}, result)
    if isinstance(x, (bool, int, float, complex, list, tuple)) or is_array(x):
        return constant(x, dtype)
    raise TypeError(f"got {shown(x)}, expected a tensor, an array or a number")


def cast(x: Tensor, name: str) -> Tensor:
    """x in another dtype; x itself where it has it already."""
    if x.dtype == name:
        return x
    if isinstance(x, Constant) and isinstance(x.value, (np.ndarray, np.generic)) and "bfloat" not in name:
        return Constant(x.value.astype(name), typed=x.typed)
    return record("astype", (x, DType(name)), {}, spec(x.spec.shape and x.sizes, name))


def checked_kind(function: str, name: str, kinds: tuple[str, ...]) -> str:
    """A dtype name an operation of these kinds can work in: bool and integers rise to what it needs, or TypeError."""
    kind = kind_of(name)
    if kind in kinds:
        return name
    if kind in ("bool", "integer"):
        if "real floating" in kinds:
            return config.floatx() if "integer" not in kinds or kind == "integer" else "int32"
        if kind == "bool" and "integer" in kinds:
            return "int32"
    raise TypeError(f"{function}: dtype {name} came, expected {' or '.join(kinds)}")


def common(function: str, kinds: tuple[str, ...], *operands: Any) -> tuple[str, list[Any]]:
    """The dtype several operands meet in, and the operands in it.

    Tensors decide, and where there are none, constants that were given a dtype; NumPy and other arrays beside them take
    the tensors' dtype unless that would lose their kind. Python numbers stay numbers.
    """
    first = operands[0]
    if type(first) is Tensor and all(type(x) is Tensor and x.spec.dtype == first.spec.dtype for x in operands):
        name = checked_kind(function, first.spec.dtype, kinds)
        return name, [cast(x, name) for x in operands]
    _refuse_two_libraries(operands)
    arrays: list[Tensor] = []
    numbers: list[Any] = []
    for x in operands:
        if isinstance(x, (bool, int, float, complex, Dim)):
            numbers.append(0 if isinstance(x, Dim) else x)
        else:
            arrays.append(tensor(x))
    tensors = [x.dtype for x in arrays if not isinstance(x, Constant)]
    constants = [x for x in arrays if isinstance(x, Constant)] if len(tensors) < len(arrays) else []
    fixed = [x.dtype for x in constants]
    name = common_dtype(tensors or [x.dtype for x in constants if x.typed] or fixed, numbers, fixed)
    name = checked_kind(function, name, kinds)
    result = []
    for x in operands:
        if isinstance(x, (bool, int, float, complex)):
            result.append(scalar_of(function, x, name))
        else:
            result.append(x if isinstance(x, Dim) else cast(tensor(x), name))
    if not any(isinstance(x, Tensor) for x in result):
        result = [tensor(x, name) for x in result]
    return name, result


def _refuse_two_libraries(operands: Sequence[Any]) -> None:
    """TypeError for a variable of one library beside an array of another, whose own gradients would be lost."""
    foreign = [
        x for x in operands if not isinstance(x, (Tensor, float, int, np.ndarray, np.generic, Dim)) and is_array(x)
    ]
    for x in foreign:
        for v in operands:
            library = getattr(getattr(v, "backend", None), "xp", None) if isinstance(v, Tensor) else None
            if library is not None and library is not namespace_of(x):
                raise TypeError(
                    f"arrays of two libraries in one call: {describe(library)} (the variable {v.name}) and "
                    f"{describe(namespace_of(x))}; convert one of them first"
                )


def called(function: str, stub: Callable[..., Any]) -> Callable[..., Any]:
    """Give a stub the name and docstring it has in the namespace."""
    stub.__name__ = stub.__qualname__ = function
    stub.__doc__ = f"Record a call of the standard's `{function}`."
    return stub


def unary(function: str, kinds: tuple[str, ...] = NUMERIC, result: str | None = None) -> Callable[..., Tensor]:
    """The stub of an elementwise function of one array."""

    def stub(x: Any, /) -> Tensor:
        x = tensor(x)
        x = cast(x, checked_kind(function, x.dtype, kinds))
        dtype = result or x.dtype
        if PRIMITIVES[function].real and kind_of(dtype) == "complex floating":
            dtype = "float32" if dtype == "complex64" else "float64"
        return record(function, (x,), {}, spec(x.spec.shape and x.sizes, dtype))

    return called(function, stub)


def binary(function: str, kinds: tuple[str, ...] = NUMERIC, result: str | None = None) -> Callable[..., Tensor]:
    """The stub of an elementwise function of two arrays."""

    def stub(x1: Any, x2: Any, /) -> Tensor:
        dtype, pair = common(function, kinds, x1, x2)
        if PRIMITIVES[function].sign is None:  # printed as an operator, a call may keep a Python number
            pair = [tensor(x, dtype) for x in pair]
        shape = _elementwise_shape(function, pair)
        return record(function, tuple(pair), {}, spec(shape, result or dtype))

    return called(function, stub)


def _elementwise_shape(function: str, operands: list[Any]) -> tuple[Any, ...] | None:
    tensors = [x for x in operands if isinstance(x, Tensor)]
    for x in tensors:
        if x.spec.shape is None:
            return None
    return broadcast(function, *[x.sizes for x in tensors])
