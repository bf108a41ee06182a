"""What lies between the standard's arguments and PyTensor's variables: numbers, dtypes, sizes, axes, calls of NumPy."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import array_api_compat.numpy as numpy_namespace
import numpy as np
import pytensor.tensor as pt
from numpy.lib.array_utils import normalize_axis_tuple
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import TensorConstant, TensorVariable

__all__ = [
    "Call",
    "NumPyCall",
    "as_sizes",
    "axes_of",
    "axis_of",
    "by_numpy",
    "called",
    "cast",
    "common",
    "kind_of",
    "number",
    "numpy_function",
    "pair",
    "shape_of",
    "size_of",
    "specified",
    "static_shape",
    "tensor",
    "value_of",
]


def tensor(x: Any) -> Any:
    """x as a variable: a constant of an array of NumPy's; TypeError for anything else."""
    if isinstance(x, TensorVariable):
        return x
    if isinstance(x, (np.ndarray, np.generic)):
        return pt.constant(np.asarray(x))
    raise TypeError(f"got {type(x).__name__}, expected a variable of PyTensor")


def number(value: Any, dtype: str) -> Any:
    """A Python number as a constant of a dtype."""
    return pt.constant(np.asarray(value, dtype=dtype))


def kind_of(x: Any) -> str:
    """NumPy's letter for the kind of a variable's dtype."""
    return np.dtype(x.dtype).kind


def cast(x: Any, dtype: str) -> Any:
    """x in a dtype, x itself where it has it: `pt.cast` makes bool of no float."""
    if x.dtype == dtype:
        return x
    return pt.neq(x, number(0, x.dtype)) if dtype == "bool" else pt.cast(x, dtype)


def common(arrays: Sequence[Any]) -> list[Any]:
    """Several arrays in their common dtype."""
    found = [tensor(x) for x in arrays]
    dtype = np.result_type(*(np.dtype(x.dtype) for x in found)).name
    return [cast(x, dtype) for x in found]


def pair(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands in their common dtype; a Python number takes the array's, unless its kind is higher."""
    if isinstance(x1, (bool, int, float, complex)) or isinstance(x2, (bool, int, float, complex)):
        first = isinstance(x1, (bool, int, float, complex))
        value, x = (x1, tensor(x2)) if first else (x2, tensor(x1))
        dtype = np.result_type(np.dtype(x.dtype), value).name
        found = number(value, dtype), cast(x, dtype)
        return found if first else (found[1], found[0])
    a, b = common((x1, x2))
    return a, b


# ---- sizes


def static_shape(x: Any) -> tuple[int | None, ...]:
    """The shape of x, with None for what only the running graph knows."""
    return tuple(x.type.shape)


def size_of(x: Any, axis: int) -> Any:
    """One size of an array: an int where it is known, else a 0-d variable."""
    known = x.type.shape[axis]
    return x.shape[axis] if known is None else int(known)


def specified(x: Any, shape: tuple[int | None, ...]) -> Any:
    """x with sizes that are known beforehand; the running graph checks them."""
    return x if all(n in (None, m) for n, m in zip(shape, x.type.shape, strict=True)) else pt.specify_shape(x, shape)


def shape_of(x: Any) -> tuple[Any, ...]:
    """The sizes of an array: ints where they are known, else 0-d variables."""
    return tuple(size_of(x, axis) for axis in range(x.ndim))


def as_sizes(shape: Any) -> tuple[Any, ...]:
    """A shape from one size or a sequence of them."""
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def value_of(x: Any) -> np.ndarray | None:
    """The values of a constant; None for any other variable."""
    return np.asarray(x.data) if isinstance(x, TensorConstant) else None


def axis_of(axis: int, ndim: int) -> int:
    """An axis counted from the front; an error where it is out of range."""
    return int(normalize_axis_tuple(axis, ndim)[0])


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes counted from the front, all of them for None; an error where one is out of range or named twice."""
    return tuple(range(ndim)) if axis is None else tuple(normalize_axis_tuple(axis, ndim))


# ---- functions that PyTensor lacks


class Call(Op):
    """An operation that calls a function of NumPy's arrays when the graph runs."""

    __props__: tuple[str, ...] = ()

    def __init__(self, function: Callable[..., Any], types: Sequence[Any]) -> None:
        self.function = function  # it gives a tuple of arrays
        self.types = tuple(types)  # (dtype, shape) of each result

    def make_node(self, *inputs: Any) -> Any:
        """The call as a node of PyTensor's graph."""
        return Apply(self, list(inputs), [TensorType(dtype, shape)() for dtype, shape in self.types])

    def perform(self, node: Any, inputs: Sequence[Any], outputs: Any) -> None:
        """Compute the results; none shares memory with an argument, as PyTensor counts on that."""
        for cell, value, (dtype, _) in zip(outputs, self.function(*inputs), self.types, strict=True):
            found = np.asarray(value, dtype=dtype)
            cell[0] = found.copy() if any(np.may_share_memory(found, x) for x in inputs) else found

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class NumPyCall(Call):
    """A call of a function of the standard, by name: two of the same arguments are one."""

    __props__ = ("name", "parameters", "named", "types")

    def __init__(self, name: str, parameters: tuple[Any, ...], named: tuple[str, ...], types: tuple[Any, ...]) -> None:
        self.name = name
        self.parameters = parameters  # (name, value) pairs
        self.named = named  # the names of the last arrays, which are given as keywords
        super().__init__(self._results, types)

    def _results(self, *arrays: Any) -> tuple[Any, ...]:
        first = len(arrays) - len(self.named)
        keywords = {**dict(self.parameters), **dict(zip(self.named, arrays[first:], strict=True))}
        with np.errstate(all="ignore"):
            found = operator.attrgetter(self.name)(numpy_namespace)(*arrays[:first], **keywords)
        return found if isinstance(found, tuple) else (found,)

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.name, self.parameters, self.named, self.types

    def __eq__(self, other: object) -> bool:
        return type(other) is NumPyCall and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def by_numpy(function: str, inputs: Sequence[Any], types: Any, **parameters: Any) -> Any:
    """The results of a call of NumPy; one result where `types` is one (dtype, shape)."""
    single = isinstance(types[0], str)
    arrays = {name: tensor(x) for name, x in parameters.items() if isinstance(x, (TensorVariable, np.ndarray))}
    given = tuple((name, x) for name, x in parameters.items() if x is not None and name not in arrays)
    call = NumPyCall(function, given, tuple(arrays), (types,) if single else tuple(types))
    found = call(*inputs, *arrays.values(), return_list=True)
    return found[0] if single else tuple(found)


def called(name: str, function: Any) -> Any:
    """The function under the name that it has in the standard."""
    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = f"The standard's `{name}`."
    return function


def numpy_function(name: str, count: int, dtype: str | None = None) -> Any:
    """An elementwise function of one or two arrays that NumPy computes."""

    def function(*arrays: Any) -> Any:
        found = [tensor(arrays[0])] if count == 1 else list(pair(*arrays))
        shape = found[0].type.shape if count == 1 else pt.add(*(cast(x, "int8") for x in found)).type.shape
        return by_numpy(name, found, (dtype or found[0].dtype, shape))

    return called(name, function)
