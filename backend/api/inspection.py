"""Properties of tensors and arrays: their kind, shape, dtype and number of elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name, python_dtype
from ..arrays.namespaces import array_namespace, device_of, is_array
from ..dispatch.boundary import named, sizes
from ..dispatch.operation import operation
from ..graph.dims import product
from ..graph.tensor import Placeholder, Tensor
from ..ops.sparse import Sparse
from .sparse_placeholder import SparsePlaceholder

__all__ = [
    "count_params",
    "dtype",
    "get_variable_shape",
    "int_shape",
    "is_keras_tensor",
    "is_placeholder",
    "is_tensor",
    "ndim",
    "shape",
    "size",
]


def is_tensor(x: Any) -> bool:
    """Whether x is symbolic: a tensor, variable, placeholder or update op; False for arrays, numbers and lists.

    Source: Keras 2.3.1 backend semantics.
    """
    return isinstance(x, (Tensor, Sparse))


def is_placeholder(x: Any) -> bool:
    """Whether x is a placeholder.

    Source: Keras 2.3.1 backend semantics.
    """
    return isinstance(x, (Placeholder, SparsePlaceholder))


@operation
def is_keras_tensor(x: Any) -> bool:
    """Whether x is the output of a Keras layer: whether it has `_keras_history`.

    Errors: ValueError when x is not a symbolic tensor.

    Source: Keras 2.3.1 backend semantics.
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"is_keras_tensor: got {type(x).__name__}, expected a symbolic tensor")
    return hasattr(x, "_keras_history")


@operation
def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The static shape, with None for each size unknown until run time; None where even the rank is unknown.

    Sizes that Keras has set as `_keras_shape` fill in unknown ones. For arrays, numbers and lists it is their shape.
    Errors: TypeError for anything else.

    Source: Keras 2.3.1 backend semantics.
    """
    if isinstance(x, Tensor):
        return x.static_shape
    if isinstance(x, Sparse):
        return x.shape
    if is_array(x):
        return tuple(None if n is None or math.isnan(n) else int(n) for n in x.shape)
    if isinstance(x, (bool, int, float, complex, list, tuple)):
        return np.shape(x)
    raise TypeError(f"int_shape: got {type(x).__name__}, expected a tensor, an array or a number")


@operation
def get_variable_shape(x: Any) -> tuple[int | None, ...] | None:
    """The static shape of a variable: `int_shape`.

    Source: Keras 2.3.1 backend semantics.
    """
    return int_shape(x)


@operation
def ndim(x: Any) -> int | None:
    """The number of dimensions, None where it is unknown; 0 for numbers.

    Errors: TypeError for anything that is not an array.

    Source: Keras 2.3.1 backend semantics.
    """
    found = int_shape(x)
    return None if found is None else len(found)


@operation
def dtype(x: Any) -> str:
    """The dtype by name, such as 'float32', of tensors and of arrays of any library; of a number, that of its array.

    Errors: TypeError for anything that is not an array or a number.

    Source: Keras 2.3.1 backend semantics.
    """
    if isinstance(x, (bool, int, float, complex)) and not is_array(x):
        return python_dtype(x)
    if not is_array(x) and not isinstance(x, Sparse):
        raise TypeError(f"dtype: got {type(x).__name__}, expected a tensor, an array or a number")
    return str(dtype_name(x.dtype))


@operation
def shape(x: Any) -> Any:
    """The shape as a vector of int32, with the sizes the array has at run time.

    Shapes and dtypes: (ndim,), int32. For a symbolic tensor the result is symbolic; its elements, and arithmetic on
    them, can be used as sizes in `reshape`, `tile`, `zeros` and all other functions. For a native array the result is
    an array of the same library and device.

    Source: Keras 2.3.1 backend semantics.
    """
    return _integers(x, lambda n: n)


@operation
def size(x: Any, name: str | None = None) -> Any:
    """The number of elements at run time: a 0-d int32 tensor, or an array for an array; usable as a size.

    Source: Keras 2.3.1 backend semantics.
    """
    return named(_integers(x, product), name)


def _integers(x: Any, of: Any) -> Any:
    xp = array_namespace(x)
    if is_array(x) and not isinstance(x, Tensor):
        found = of(tuple(x.shape))
        return xp.asarray(list(found) if isinstance(found, tuple) else found, dtype=xp.int32, device=device_of(x))
    found = of(sizes(xp.asarray(x)))
    return xp.asarray(list(found) if isinstance(found, tuple) else found, dtype="int32")


@operation
def count_params(x: Any) -> int:
    """The number of elements, from the static shape.

    Errors: TypeError where a size is unknown.

    Source: Keras 2.3.1 backend semantics.
    """
    found = int_shape(x)
    if found is None or None in found:
        raise TypeError(f"count_params: the shape {found} has unknown sizes")
    return math.prod(n for n in found if n is not None)
