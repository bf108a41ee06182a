"""Variables, the only mutable tensors: each holds a native array and represents it in a graph."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol, overload

import numpy as np

from .. import config
from ..arrays.arguments import numbers, shown
from ..arrays.backends import Backend, active
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import host, is_array, outside_traces, placed_as
from ..arrays.typing import ArrayLike, DTypeLike
from ..dispatch.boundary import given
from ..dispatch.operation import operation
from ..graph.dims import known
from ..graph.display import bytes_of, bytes_shown, plain
from ..graph.pickling import portable, state_of_tensor
from ..graph.recording import tensor
from ..graph.shape_rules import broadcast
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
    """A tensor with a value of its own, made by `K.variable`.

    Parameters
    ----------
    array : array
        The value, a native array of the backend.
    backend : Backend
    name : str, optional
    constraint : callable, optional
        Applied by optimizers to each new value.

    Attributes
    ----------
    array : array
        The value.
    trainable : bool
        True at first.

    Notes
    -----
    A pickle holds the value as a NumPy array, which becomes one of the backend that is active where it is read. A copy
    has a value of its own on the same backend.

    Examples
    --------
    >>> w = K.variable([1.0, 2.0], name="w")
    >>> (w * 2.0).shape, type(w.array).__name__
    ((2,), 'ndarray')
    >>> np.asarray(w)
    array([1., 2.], dtype=float32)
    """

    moved: ClassVar[object] = object()  # another one since a variable last changed its backend
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
        """Replace the value, cast to the variable's dtype.

        Parameters
        ----------
        value : array

        Raises
        ------
        ValueError
            When the shape differs.
        TypeError
            For a value that is not numeric.

        Examples
        --------
        >>> w = K.variable([1.0, 2.0])
        >>> w.assign([3, 4])
        >>> K.get_value(w)
        array([3., 4.], dtype=float32)
        """
        array = self.backend.asarray(_numbers("set_value", value), self.dtype)
        if tuple(array.shape) != self.shape:
            raise ValueError(f"set_value: {self.name} has shape {self.shape}, the value has {tuple(array.shape)}")
        self.array = placed_as(self.backend.xp.asarray(array, copy=True), self.array, self.backend.xp)

    def move(self, backend: Backend) -> None:
        """Move the value to another backend.

        Parameters
        ----------
        backend : Backend
            As `get_backend` gives it.

        Examples
        --------
        >>> w = K.variable([1.0, 2.0])
        >>> w.move(K.get_backend("array_api_strict"))
        >>> type(w.array).__module__.partition(".")[0]
        'array_api_strict'
        """
        if not isinstance(backend, Backend):
            raise TypeError(f"move: backend is {shown(backend)}, expected one that K.get_backend gives")
        if backend.xp is not self.backend.xp or backend.device != self.backend.device:
            with outside_traces(backend.xp):
                # values of the host, since an array made of one on a device would stay there
                self.array = backend.asarray(self.array if backend.device is not None else host(self.array), self.dtype)
            self.backend, Variable.moved = backend, object()

    def _facts(self) -> dict[str, str]:
        device = "" if self.backend.device is None else f" on {plain(self.device)}"
        where = {"backend": f"{plain(self.backend.name)}{device}", "memory": bytes_shown(bytes_of(self) or 0)}
        return super()._facts() | where

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(host(self.array), dtype=dtype)

    def __reduce__(self) -> Any:
        return _unpickled, (portable(self.array, self.dtype), self.dtype), self._state()

    def __copy__(self) -> Variable:
        made = Variable(self.backend.xp.asarray(self.array, copy=True), self.backend)
        made.__dict__.update(self._state())
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        made = memo[id(self)] = Variable(self.backend.xp.asarray(self.array, copy=True), self.backend)
        made.__dict__.update(copy.deepcopy(self._state(), memo))
        return made

    def _state(self) -> dict[str, Any]:
        """What a copy has besides the value."""
        return {**state_of_tensor(self), "constraint": self.constraint}


def _unpickled(value: np.ndarray, dtype: str) -> Variable:
    """A variable on the active backend."""
    backend = active()
    return Variable(backend.xp.asarray(backend.asarray(value, dtype), copy=True), backend)


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

    Parameters
    ----------
    value : array
        Arrays, numbers, nested lists. A symbolic value, random ones included, is evaluated once.
    dtype : dtype, optional
        floatx by default, whatever the value's dtype.
    name : str, optional
    constraint : callable, optional
        Applied by optimizers to each new value.

    Returns
    -------
    Variable
        For a SciPy matrix a sparse tensor, by default of the matrix's dtype, whose values are a variable.

    Raises
    ------
    TypeError
        For an unknown dtype, and for a value that is not numeric.

    References
    ----------
    Keras 2.3.1, ``keras.backend.variable``.

    Examples
    --------
    >>> w = K.variable([[1, 2], [3, 4]], name="w")
    >>> w.name, w.shape, w.dtype
    ('w', (2, 2), float32)
    >>> K.set_value(w, K.get_value(w) * 10.0)
    >>> K.eval(K.sum(w))
    array(100., dtype=float32)
    """
    wanted = config.floatx() if dtype is None else dtype_name(dtype)
    backend = active()
    if hasattr(value, "tocoo"):
        return _sparse(value.tocoo(), dtype, backend, name or "sparse")
    if isinstance(value, Variable):
        value = value.array
    elif isinstance(value, Tensor):
        value = value.eval()
    array = backend.asarray(_numbers("variable", value), wanted)
    return Variable(backend.xp.asarray(array, copy=True), backend, name or None, constraint)


def _numbers(function: str, value: Any) -> Any:
    """A value to store: an array of another library as it is, anything else as a NumPy array of numbers."""
    if is_array(value) and not isinstance(value, (np.ndarray, np.generic)):
        return value
    return numbers(function, "value", value)


def _sparse(matrix: Any, dtype: Any, backend: Backend, name: str) -> Sparse:
    values = Variable(backend.asarray(matrix.data, dtype_name(matrix.dtype if dtype is None else dtype)), backend, name)
    rows, columns = (tensor(np.asarray(numbers, "int32")) for numbers in (matrix.row, matrix.col))
    return Sparse(values, rows, columns, matrix.shape, name)


def is_variable(x: Any) -> bool:
    """Whether x is a variable; expressions of variables are not.

    Parameters
    ----------
    x : object

    Returns
    -------
    bool

    References
    ----------
    Keras 2.3.1, ``keras.backend.is_variable``.

    Examples
    --------
    >>> w = K.variable([1.0])
    >>> K.is_variable(w), K.is_variable(w + 1.0)
    (True, False)
    """
    return isinstance(x, Variable)


@operation
def get_value(x: Any) -> Any:
    """The value of a variable or tensor as a new NumPy array.

    Parameters
    ----------
    x : Variable or Tensor

    Returns
    -------
    numpy.ndarray
        Anything else than a variable or tensor is returned unchanged.

    References
    ----------
    Keras 2.3.1, ``keras.backend.get_value``.

    Examples
    --------
    >>> w = K.variable([1.0, 2.0])
    >>> K.get_value(w)[0] = 9.0  # changes a copy
    >>> K.get_value(w)
    array([1., 2.], dtype=float32)
    """
    if isinstance(x, Variable):
        return np.array(host(x.array))
    return x.eval() if isinstance(x, (Tensor, Sparse)) else x


@operation
def batch_get_value(ops: Any) -> list[Any]:
    """The values of several variables or tensors.

    Parameters
    ----------
    ops : sequence of Variable or Tensor

    Returns
    -------
    list of numpy.ndarray
        Each as from `get_value`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.batch_get_value``.

    Examples
    --------
    >>> K.batch_get_value([K.variable([1.0, 2.0]), K.variable(3.0)])
    [array([1., 2.], dtype=float32), array(3., dtype=float32)]
    """
    if isinstance(ops, (Tensor, str)) or not isinstance(ops, Iterable):
        raise TypeError(f"batch_get_value: ops is {given(ops)}, expected a list of variables")
    return [get_value(x) for x in ops]


@operation
def set_value(x: Variable, value: Any) -> None:
    """Replace the value of a variable, cast to its dtype.

    Parameters
    ----------
    x : Variable
    value : array

    Raises
    ------
    ValueError
        When the shapes differ; the variable keeps its value.
    TypeError
        When x is not a variable, and for a value that is not numeric.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_value``.

    Examples
    --------
    >>> w = K.variable([1.0, 2.0])
    >>> K.set_value(w, [3, 4])
    >>> K.get_value(w)
    array([3., 4.], dtype=float32)
    """
    _require("set_value", x)
    x.assign(value.eval() if isinstance(value, Tensor) else value)


@operation
def batch_set_value(tuples: Any) -> None:
    """Replace the values of several variables.

    Parameters
    ----------
    tuples : sequence of (Variable, array)

    Raises
    ------
    ValueError, TypeError
        As in `set_value`; all pairs are checked before any value changes.

    References
    ----------
    Keras 2.3.1, ``keras.backend.batch_set_value``.

    Examples
    --------
    >>> a, b = K.variable([1.0]), K.variable([2.0])
    >>> K.batch_set_value([(a, K.get_value(b)), (b, K.get_value(a))])
    >>> K.batch_get_value([a, b])
    [array([2.], dtype=float32), array([1.], dtype=float32)]
    """
    if isinstance(tuples, (Tensor, str)) or not isinstance(tuples, Iterable):
        raise TypeError(f"batch_set_value: tuples is {given(tuples)}, expected a list of (variable, value) pairs")
    pairs = []
    for each in tuples:
        if not isinstance(each, (tuple, list)) or len(each) != 2:
            raise TypeError(f"batch_set_value: tuples holds {given(each)}, expected (variable, value) pairs")
        x, value = each
        pairs.append((x, value.eval() if isinstance(value, Tensor) else _numbers("batch_set_value", value)))
    for x, value in pairs:
        _require("batch_set_value", x)
        if tuple(value.shape) != x.shape:
            raise ValueError(f"batch_set_value: {x.name} has shape {x.shape}, its value has {tuple(value.shape)}")
    for x, value in pairs:
        x.assign(value)


def _require(function: str, x: Any) -> None:
    if not isinstance(x, Variable):
        raise TypeError(f"{function}: x is {given(x)}, expected a variable")


# ---- updates: tensors whose evaluation changes a variable ------------------------------------------------------


@operation
def update(x: Variable, new_x: Any) -> Tensor:
    """A deferred assignment: x becomes new_x when the result is evaluated, alone or in a function's updates.

    Parameters
    ----------
    x : Variable
    new_x : array
        Cast to the dtype of x.

    Returns
    -------
    Tensor
        The update op; its value is new_x.

    Raises
    ------
    TypeError
        When x is not a variable, and for a new_x that is not numeric.
    ValueError
        When the shapes differ.

    References
    ----------
    Keras 2.3.1, ``keras.backend.update``.

    Examples
    --------
    >>> a, b = K.variable(1.0), K.variable(2.0)
    >>> swap = K.function([], [], updates=[K.update(a, b), K.update(b, a)])
    >>> swap()
    []
    >>> K.batch_get_value([a, b])
    [array(2., dtype=float32), array(1., dtype=float32)]
    """
    return _update("update", x, new_x, None)


@operation
def update_add(x: Variable, increment: Any) -> Tensor:
    """A deferred ``x += increment``.

    Parameters
    ----------
    x : Variable
    increment : array

    Returns
    -------
    Tensor
        The update op; several on one variable add up.

    Raises
    ------
    TypeError, ValueError
        As in `update`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.update_add``.

    Examples
    --------
    >>> n = K.variable(0.0)
    >>> count = K.function([], [], updates=[K.update_add(n, 1.0), K.update_add(n, 10.0)])
    >>> count(), count(), K.get_value(n)
    ([], [], array(22., dtype=float32))
    """
    _require("update_add", x)
    _check_operand("update_add", "increment", x, increment)
    return _update("update_add", x, x + increment, increment)


@operation
def update_sub(x: Variable, decrement: Any) -> Tensor:
    """A deferred ``x -= decrement``.

    Parameters
    ----------
    x : Variable
    decrement : array

    Returns
    -------
    Tensor
        The update op; several on one variable add up.

    Raises
    ------
    TypeError, ValueError
        As in `update`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.update_sub``.

    Examples
    --------
    >>> w = K.variable([3.0])
    >>> slope = K.gradients(K.square(w), [w])[0]
    >>> K.eval(K.update_sub(w, 0.1 * slope))
    array([2.4], dtype=float32)
    """
    _require("update_sub", x)
    _check_operand("update_sub", "decrement", x, decrement)
    step = -decrement if not isinstance(decrement, (list, tuple)) else -tensor(decrement)
    return _update("update_sub", x, x - decrement, step)


@operation
def moving_average_update(x: Variable, value: Any, momentum: Any) -> Tensor:
    """A deferred ``x -= (x - value) * (1 - momentum)``, without correction of the bias towards the initial value.

    Parameters
    ----------
    x : Variable
    value : array
    momentum : array

    Returns
    -------
    Tensor
        The update op.

    Raises
    ------
    TypeError, ValueError
        As in `update`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.moving_average_update``.

    Examples
    --------
    >>> mean = K.variable([0.0])
    >>> step = K.moving_average_update(mean, [8.0], momentum=0.75)
    >>> K.eval(step), K.eval(step)
    (array([2.], dtype=float32), array([3.5], dtype=float32))
    """
    _require("moving_average_update", x)
    _check_operand("moving_average_update", "value", x, value)
    _check_operand("moving_average_update", "momentum", x, momentum)
    return update_sub(x, (x - tensor(value, None if isinstance(value, Tensor) else x.dtype)) * (1.0 - momentum))


def _check_operand(function: str, argument: str, x: Variable, value: Any) -> None:
    """TypeError for what is no number, array or tensor, ValueError where it does not broadcast with x."""
    broadcast(f"{function}: {argument}", x.shape, tensor(value).sizes)


def _update(function: str, x: Variable, new: Any, increment: Any) -> Tensor:
    _require(function, x)
    xp = x.__array_namespace__()
    new = tensor(new, None if isinstance(new, Tensor) else x.dtype)
    new = new if new.dtype == x.dtype else xp.astype(new, x.dtype)
    if new.ndim != x.ndim or any(a != b for a, b in zip(x.shape, new.shape, strict=True) if b is not None):
        raise ValueError(f"{function}: {x.name} has shape {x.shape}, the new value has {tuple(map(known, new.sizes))}")
    step = None if increment is None else tensor(increment, None if isinstance(increment, Tensor) else x.dtype)
    return record("identity", (new,), {}, spec(x.shape, x.dtype), (Effect(x, new, step),))
