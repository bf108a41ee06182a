"""Tensors and variables as Keras sees them: arrays of the active backend, and symbolic ones while a step is traced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras.src import tree
from keras.src.backend.common import KerasVariable, standardize_dtype
from keras.src.backend.common.dtypes import result_type
from keras.src.backend.common.stateless_scope import get_stateless_scope

import backend as K
from backend.arrays.backends import Backend, active
from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import describe, host, is_array, namespace_of
from backend.graph.recording import tensor
from backend.graph.tensor import Constant, Tensor

from .distribution_lib import refuse_several_devices

__all__ = [
    "Variable",
    "cast",
    "convert_to_numpy",
    "convert_to_own_tensor",
    "convert_to_tensor",
    "device_scope",
    "held_dtype",
    "is_tensor",
    "is_text",
    "moved",
    "owned",
    "random_seed_dtype",
    "shape",
    "together",
]


class Variable(KerasVariable):
    """Keras's variable: it holds an array of the active backend that nobody else holds."""

    __array_priority__ = 1000  # `ndarray + variable` asks the variable, whose value may be symbolic

    _trainable: bool
    flags_changed = 0  # how often any variable has become trainable or has ceased to be

    @property
    def trainable(self) -> bool:
        """Whether the variable is trained."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        if self._trainable != bool(value):
            Variable.flags_changed += 1
        self._trainable = bool(value)

    def _initialize(self, value: Any) -> None:
        refuse_several_devices()
        self._value = owned(value, self._dtype)

    def _direct_assign(self, value: Any) -> None:
        self._value = owned(value, self._dtype)

    def _convert_to_tensor(self, value: Any, dtype: Any = None) -> Any:
        return convert_to_tensor(value, dtype=dtype)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(convert_to_numpy(self.value), dtype=dtype)


def moved(variable: Any, backend: Backend) -> Any:
    """The variable's array, which goes to the backend where another one was active when it was made."""
    if variable._value is not None:  # noqa: SLF001 - `value` asks the scopes
        variable._value = backend.asarray(variable._value, held_dtype(backend, variable._dtype))  # noqa: SLF001
    return variable._value  # noqa: SLF001


def owned(value: Any, dtype: str) -> Any:
    """A copy of a value on the active backend: writes to what was given do not reach it."""
    if isinstance(value, Tensor) and not value.is_constant:
        raise ValueError(
            f"a variable cannot hold {value.name}, which is symbolic: create and assign variables outside of "
            "what is traced, or within a StatelessScope"
        )
    if isinstance(value, Tensor):
        value = value.eval() if value.held is None else value.held
    value = convert_to_tensor(value, dtype)
    return namespace_of(value).asarray(value, copy=True)


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """An array of the active backend, or a symbolic tensor as it is; in the dtype given, else by Keras's rules."""
    if sparse:
        raise ValueError("`sparse=True` is not supported with the array_api backend")
    if ragged:
        raise ValueError("`ragged=True` is not supported with the array_api backend")
    backend = active()
    name = None if dtype is None else held_dtype(backend, _supported(standardize_dtype(dtype)))
    if isinstance(x, KerasVariable):
        x = x.value
    if isinstance(x, Tensor):
        return x if name is None or name == x.dtype else x.__array_namespace__().astype(x, name)
    if not isinstance(x, np.generic) and namespace_of(x) is backend.xp:
        return x if name is None or name == dtype_name(x.dtype) else backend.xp.astype(x, backend.dtype(name))
    if type(x) in (bool, int, float) and getattr(get_stateless_scope(), "records", False):
        # symbolic, for `regularization = convert_to_tensor(0.0)` and `+=` with what is
        return Constant(np.asarray(x, _numpy_dtype(name or result_type(type(x)))), typed=True)
    if isinstance(x, (list, tuple)) and any(map(_stands_alone, tree.flatten(x))):
        return _stacked(x, name)
    if is_array(x) and not isinstance(x, (np.ndarray, np.generic)):
        x = convert_to_numpy(x)
    if name is None:
        name = result_type(*(getattr(item, "dtype", type(item)) for item in tree.flatten(x)))
    name = held_dtype(backend, name)
    # as stored first: NumPy cannot make bfloat16 of what is no array
    value = np.asarray(x)
    return backend.asarray(value if str(value.dtype) == name else value.astype(_numpy_dtype(name)), name)


_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def held_dtype(backend: Backend, name: str) -> str:
    """The dtype in which a backend holds what has this one: JAX has none of 64 bits unless it is told to."""
    if name not in _NARROW or name in backend.xp.__array_namespace_info__().dtypes():
        return name
    return _NARROW[name]


def _supported(name: str) -> str:
    if name.startswith("float8"):
        raise TypeError(f"dtype {name} is not supported with the array_api backend: array libraries do not have float8")
    return name


def convert_to_own_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """The same as `convert_to_tensor`, but an array that shares no memory with x."""
    found = convert_to_tensor(x, dtype, sparse, ragged)
    return found if isinstance(found, Tensor) else namespace_of(found).asarray(found, copy=True)


def together(*values: Any) -> list[Any]:
    """The values; beside a symbolic tensor arrays become constants, so that any of them tells the namespace."""
    if not any(isinstance(x, Tensor) for x in values):
        return list(values)
    return [tensor(x) if is_array(x) else x for x in values]


def _stands_alone(x: Any) -> bool:
    """Whether a member of a list is an array of its own that NumPy cannot make part of one."""
    return isinstance(x, (Tensor, KerasVariable)) or (is_array(x) and not isinstance(x, (np.ndarray, np.generic)))


def _stacked(values: Any, name: str | None) -> Any:
    """The nested lists of tensors as one."""
    if name is None:
        name = result_type(*(getattr(item, "dtype", type(item)) for item in tree.flatten(values)))
    rows = [convert_to_tensor(value, name) for value in values]
    if any(isinstance(row, Tensor) for row in rows):
        rows = [tensor(row) for row in rows]
    return namespace_of(rows[0]).stack(rows, axis=0)


def _numpy_dtype(name: str) -> Any:
    """NumPy's dtype of that name; ml_dtypes, which Keras requires, adds bfloat16 to those it knows."""
    if name == "bfloat16":
        import ml_dtypes

        return ml_dtypes.bfloat16
    return np.dtype(name)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values as a NumPy array of their own."""
    if isinstance(x, KerasVariable):
        x = x.value
    if not is_array(x):
        return np.array(x)
    if isinstance(x, Tensor):
        if x.held is None:
            return np.array(x)
        x = x.held
    if dtype_name(x.dtype) == "bfloat16" and not isinstance(x, (np.ndarray, np.generic)):
        xp = namespace_of(x)
        return host(xp.astype(x, xp.float32)).astype(_numpy_dtype("bfloat16"))
    return np.array(host(x))


_TEXT = frozenset("USTO")  # kinds of NumPy's dtypes: text and objects


def is_tensor(x: Any) -> bool:
    """Whether x is an array of the active backend, or a symbolic tensor; arrays of text or objects are none."""
    if isinstance(x, Tensor):
        return True
    return is_array(x) and namespace_of(x) is active().xp and not is_text(x)


def is_text(x: Any) -> bool:
    """Whether x is an array of NumPy's of text or objects."""
    return getattr(getattr(x, "dtype", None), "kind", "") in _TEXT


def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes, None where one is not known."""
    return tuple(x.shape)


def cast(x: Any, dtype: Any) -> Any:
    """x in another dtype."""
    return convert_to_tensor(x, dtype=dtype)


def random_seed_dtype() -> str:
    """The dtype of seeds: the words of Threefry are int32."""
    return "int32"


@contextlib.contextmanager
def device_scope(device_name: str) -> Iterator[None]:
    """A context in which new arrays are on a device, such as 'gpu:0'; NumPy has one device only."""
    library, device = describe(active().xp), str(device_name).lower().replace("gpu", "cuda")
    if library == "torch":
        with K.use_backend(f"torch:{device}"):
            yield
    elif library == "cupy" and device.startswith("cuda"):
        with K.use_backend(f"cupy:{device}"):
            yield
    else:
        yield
