"""Variables, the only mutable tensors: each holds a native array and represents it in a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, overload

import numpy as np

from .. import config
from ..arrays.backends import Backend, active
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import host, is_array, outside_traces
from ..arrays.typing import ArrayLike, DTypeLike
from ..dispatch.operation import operation
from ..graph.dims import known
from ..graph.display import bytes_of, bytes_shown, plain
from ..graph.recording import tensor
from ..graph.tensor import Effect, Tensor, record, spec
from ..ops.sparse import Sparse
from .naming import scoped

__all__ = [
    "Variable",
    "batch_get_value",
    "batch_set_value",
    "get_value",
    "is_variable",
    "moving_average_update",
    "set_value",
    "update",
    "update_add",
    "update_sub",
    "variable",
]


class Variable(Tensor):
    """A tensor with a value of its own: `array` is a native array of the backend it was made on."""

    migrates = False  # whether it moves to the backend that runs its users, as counters of random streams do

    def __init__(self, array: Any, backend: Backend, name: str | None = None, constraint: Any = None) -> None:
        super().__init__(None, 0, spec(array.shape, array.dtype), scoped(name) if name else None)
        self.array = array
        self.backend = backend
        self.constraint = constraint
        self.trainable = True
        self._uses_learning_phase = False  # Keras reads it

    @property
    def device(self) -> Any:
        """The device of the value."""
        return getattr(self.array, "device", None)

    def assign(self, value: Any) -> None:
        """Replace the value; ValueError when the shape differs."""
        array = self.backend.asarray(value, self.dtype)
        if tuple(array.shape) != self.shape:
            raise ValueError(f"set_value: {self.name} has shape {self.shape}, the value has {tuple(array.shape)}")
        self.array = self.backend.xp.asarray(array, copy=True)

    def move(self, backend: Backend) -> None:
        """Move the value to another backend."""
        if backend.xp is not self.backend.xp or backend.device != self.backend.device:
            with outside_traces(backend.xp):
                self.array = backend.asarray(self.array, self.dtype)
            self.backend = backend

    def _facts(self) -> dict[str, str]:
        device = "" if self.backend.device is None else f" on {plain(self.device)}"
        where = {"backend": f"{plain(self.backend.name)}{device}", "memory": bytes_shown(bytes_of(self) or 0)}
        return super()._facts() | where

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(host(self.array), dtype=dtype)


class _Matrix(Protocol):
    """A sparse matrix of SciPy's."""

    def tocoo(self) -> Any: ...


@overload
def variable(
    value: ArrayLike, dtype: DTypeLike = ..., name: str | None = ..., constraint: Callable[..., Any] | None = ...
) -> Variable: ...
@overload
def variable(
    value: _Matrix, dtype: DTypeLike = ..., name: str | None = ..., constraint: Callable[..., Any] | None = ...
) -> Sparse: ...
@overload
def variable(
    value: Any, dtype: DTypeLike = ..., name: str | None = ..., constraint: Callable[..., Any] | None = ...
) -> Any: ...
@operation
def variable(
    value: Any, dtype: DTypeLike = None, name: str | None = None, constraint: Callable[..., Any] | None = None
) -> Any:
    """A variable with the value given, on the active backend.

    Shapes and dtypes: those of the value, as `dtype` (default floatx, whatever the value's dtype).
    Edge values: a symbolic value, random ones included, is evaluated once; numbers and nested lists are accepted; a
    SciPy matrix gives a sparse tensor of its own dtype, whose values are a variable.
    Errors: TypeError for an unknown dtype and for a value that is not numeric.

    Source: Keras 2.3.1 backend semantics.
    """
    wanted = config.floatx() if dtype is None else dtype_name(dtype)
    backend = active()
    if hasattr(value, "tocoo"):
        return _sparse(value.tocoo(), dtype, backend, name or "sparse")
    if isinstance(value, Variable):
        value = value.array
    elif isinstance(value, Tensor):
        value = value.eval()
    elif not is_array(value):
        value = np.asarray(value)
        if value.dtype.kind not in "biufc":
            raise TypeError(f"variable: value is of dtype {value.dtype}, expected numbers")
    array = backend.asarray(value, wanted)
    return Variable(backend.xp.asarray(array, copy=True), backend, name or None, constraint)


def _sparse(matrix: Any, dtype: Any, backend: Backend, name: str) -> Sparse:
    values = Variable(backend.asarray(matrix.data, dtype_name(matrix.dtype if dtype is None else dtype)), backend, name)
    rows, columns = (tensor(np.asarray(numbers, "int32")) for numbers in (matrix.row, matrix.col))
    return Sparse(values, rows, columns, matrix.shape, name)


def is_variable(x: Any) -> bool:
    """Whether x is a variable; expressions of variables are not.

    Source: Keras 2.3.1 backend semantics.
    """
    return isinstance(x, Variable)


@operation
def get_value(x: Any) -> Any:
    """The value of a variable or tensor as a new NumPy array; anything else is returned unchanged.

    Source: Keras 2.3.1 backend semantics.
    """
    if isinstance(x, Variable):
        return np.array(host(x.array))
    return x.eval() if isinstance(x, (Tensor, Sparse)) else x


@operation
def batch_get_value(ops: Any) -> list[Any]:
    """The values of several variables or tensors, each as from `get_value`.

    Source: Keras 2.3.1 backend semantics.
    """
    return [get_value(x) for x in ops]


@operation
def set_value(x: Variable, value: Any) -> None:
    """Replace the value of a variable, cast to its dtype.

    Errors: ValueError when the shapes differ (the variable keeps its value); TypeError when x is not a variable.

    Source: Keras 2.3.1 backend semantics.
    """
    _require("set_value", x)
    x.assign(value.eval() if isinstance(value, Tensor) else value)


@operation
def batch_set_value(tuples: Any) -> None:
    """Replace the values of several variables, given as (variable, value) pairs.

    Errors: as `set_value`; all pairs are checked before any value changes.

    Source: Keras 2.3.1 backend semantics.
    """
    pairs = [
        (x, value.eval() if isinstance(value, Tensor) else np.asarray(host(value) if is_array(value) else value))
        for x, value in tuples
    ]
    for x, value in pairs:
        _require("batch_set_value", x)
        if tuple(value.shape) != x.shape:
            raise ValueError(f"batch_set_value: {x.name} has shape {x.shape}, its value has {tuple(value.shape)}")
    for x, value in pairs:
        x.assign(value)


def _require(function: str, x: Any) -> None:
    if not isinstance(x, Variable):
        raise TypeError(f"{function}: x is {type(x).__name__}, expected a variable")


# ---- updates: tensors whose evaluation changes a variable ------------------------------------------------------


@operation
def update(x: Variable, new_x: Any) -> Tensor:
    """A deferred assignment: x becomes new_x when the result is evaluated, alone or in a function's updates.

    Shapes and dtypes: those of x; new_x is cast. Errors: TypeError when x is not a variable, ValueError when the
    shapes differ.

    Source: Keras 2.3.1 backend semantics.
    """
    return _update("update", x, new_x, None)


@operation
def update_add(x: Variable, increment: Any) -> Tensor:
    """A deferred `x += increment`; several on one variable add up.

    Shapes and dtypes: those of x. Errors: as `update`.

    Source: Keras 2.3.1 backend semantics.
    """
    _require("update_add", x)
    return _update("update_add", x, x + increment, increment)


@operation
def update_sub(x: Variable, decrement: Any) -> Tensor:
    """A deferred `x -= decrement`; several on one variable add up.

    Shapes and dtypes: those of x. Errors: as `update`.

    Source: Keras 2.3.1 backend semantics.
    """
    _require("update_sub", x)
    step = -decrement if not isinstance(decrement, list) else -tensor(decrement)
    return _update("update_sub", x, x - decrement, step)


@operation
def moving_average_update(x: Variable, value: Any, momentum: Any) -> Tensor:
    """A deferred `x -= (x - value) * (1 - momentum)`, without correction of the bias towards the initial value.

    Shapes and dtypes: those of x. Errors: as `update`.

    Source: Keras 2.3.1 backend semantics.
    """
    _require("moving_average_update", x)
    return update_sub(x, (x - tensor(value, None if isinstance(value, Tensor) else x.dtype)) * (1.0 - momentum))


def _update(function: str, x: Variable, new: Any, increment: Any) -> Tensor:
    _require(function, x)
    xp = x.__array_namespace__()
    new = tensor(new, None if isinstance(new, Tensor) else x.dtype)
    new = new if new.dtype == x.dtype else xp.astype(new, x.dtype)
    if new.ndim != x.ndim or any(a != b for a, b in zip(x.shape, new.shape, strict=True) if b is not None):
        raise ValueError(f"{function}: {x.name} has shape {x.shape}, the new value has {tuple(map(known, new.sizes))}")
    step = None if increment is None else tensor(increment, None if isinstance(increment, Tensor) else x.dtype)
    return record("identity", (new,), {}, spec(x.shape, x.dtype), (Effect(x, new, step),))
