"""Properties of tensors and arrays: their kind, shape, dtype and number of elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.arguments import shown
from ..arrays.dtypes import dtype_name, python_dtype
from ..arrays.namespaces import array_namespace, device_of, is_array, is_variable, namespace_of
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
    """Whether x is symbolic: a tensor, variable, placeholder or update op.

    Parameters
    ----------
    x : object

    Returns
    -------
    bool
        False for arrays, numbers and lists.

    References
    ----------
    Keras 2.3.1, ``keras.backend.is_tensor``.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> K.is_tensor(x), K.is_tensor(x + 1.0), K.is_tensor(np.ones(2))
    (True, True, False)
    """
    return isinstance(x, (Tensor, Sparse))


def is_placeholder(x: Any) -> bool:
    """Whether x is a placeholder.

    Parameters
    ----------
    x : object

    Returns
    -------
    bool

    References
    ----------
    Keras 2.3.1, ``keras.backend.is_placeholder``.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> K.is_placeholder(x), K.is_placeholder(x + 1.0)
    (True, False)
    """
    return isinstance(x, (Placeholder, SparsePlaceholder))


@operation
def is_keras_tensor(x: Any) -> bool:
    """Whether x is the output of a Keras layer: whether it has ``_keras_history``.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        When x is not a symbolic tensor.

    References
    ----------
    Keras 2.3.1, ``keras.backend.is_keras_tensor``.

    Examples
    --------
    >>> K.is_keras_tensor(K.placeholder((2,)))
    False
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"is_keras_tensor: x is {shown(x)}, expected a symbolic tensor")
    return hasattr(x, "_keras_history")


@operation
def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The static shape, with None for each size unknown until run time.

    Parameters
    ----------
    x : array
        A tensor, an array, a number or a list.

    Returns
    -------
    tuple of int or None
        None where even the rank is unknown.

    Raises
    ------
    TypeError
        For anything else.

    Notes
    -----
    Sizes that Keras has set as ``_keras_shape`` fill in unknown ones.

    References
    ----------
    Keras 2.3.1, ``keras.backend.int_shape``.

    Examples
    --------
    >>> x = K.placeholder((None, 3))
    >>> K.int_shape(K.concatenate([x, x], axis=1))
    (None, 6)
    """
    if isinstance(x, Tensor):
        return x.static_shape
    if isinstance(x, Sparse):
        return x.shape
    if is_array(x):
        found = namespace_of(x).static_shape(x) if is_variable(x) else x.shape
        return tuple(None if n is None or math.isnan(n) else int(n) for n in found)
    if isinstance(x, (bool, int, float, complex, list, tuple)):
        return np.shape(x)
    raise TypeError(f"int_shape: x is {shown(x)}, expected a tensor, an array or a number")


@operation
def get_variable_shape(x: Any) -> tuple[int | None, ...] | None:
    """The static shape of a variable.

    Parameters
    ----------
    x : Variable
        Or anything that `int_shape` takes.

    Returns
    -------
    tuple of int

    References
    ----------
    Keras 2.3.1, ``keras.backend.get_variable_shape``.

    Examples
    --------
    >>> K.get_variable_shape(K.variable([[1.0, 2.0]]))
    (1, 2)
    """
    return int_shape(x)


@operation
def ndim(x: Any) -> int | None:
    """The number of dimensions.

    Parameters
    ----------
    x : array

    Returns
    -------
    int or None
        None where it is unknown, 0 for numbers.

    Raises
    ------
    TypeError
        For anything that is not an array.

    References
    ----------
    Keras 2.3.1, ``keras.backend.ndim``.

    Examples
    --------
    >>> K.ndim(K.placeholder((None, 3))), K.ndim(np.ones((2, 3, 4))), K.ndim(5.0)
    (2, 3, 0)
    """
    found = int_shape(x)
    return None if found is None else len(found)


@operation
def dtype(x: Any) -> str:
    """The dtype by name, the same for tensors and for arrays of any library.

    Parameters
    ----------
    x : array

    Returns
    -------
    str
        Such as 'float32'; of a Python number that of its array.

    Raises
    ------
    TypeError
        For anything that is not an array or a number.

    References
    ----------
    Keras 2.3.1, ``keras.backend.dtype``.

    Examples
    --------
    >>> K.dtype(K.variable([1, 2])), K.dtype(np.asarray([True])), K.dtype(3)
    ('float32', 'bool', 'int32')
    """
    if isinstance(x, (bool, int, float, complex)) and not is_array(x):
        return python_dtype(x)
    if not is_array(x) and not isinstance(x, Sparse):
        raise TypeError(f"dtype: x is {shown(x)}, expected a tensor, an array or a number")
    return str(dtype_name(x.dtype))


@operation
def shape(x: Any) -> Any:
    """The shape as a vector, with the sizes the array has at run time.

    Parameters
    ----------
    x : array

    Returns
    -------
    array
        Shape (ndim,), int32: symbolic for a symbolic tensor, else of the library and device of x.

    Notes
    -----
    The elements of a symbolic result, and arithmetic on them, can be used as sizes in `reshape`, `tile`, `zeros` and
    all other functions.

    References
    ----------
    Keras 2.3.1, ``keras.backend.shape``.

    Examples
    --------
    >>> x = K.placeholder((None, 2, 3))
    >>> flat = K.reshape(x, (K.shape(x)[0] * 2, 3))
    >>> K.eval(K.shape(flat), {x: np.zeros((5, 2, 3))})
    array([10,  3], dtype=int32)
    """
    return _integers(x, lambda n: n)


@operation
def size(x: Any, name: str | None = None) -> Any:
    """The number of elements at run time, usable as a size.

    Parameters
    ----------
    x : array
    name : str, optional

    Returns
    -------
    array
        0-d, int32: symbolic for a symbolic tensor, else of the library and device of x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.size``.

    Examples
    --------
    >>> x = K.placeholder((None, 3))
    >>> K.eval(K.size(x), {x: np.zeros((4, 3))})
    array(12, dtype=int32)
    """
    return named(_integers(x, product), name)


def _integers(x: Any, of: Any) -> Any:
    xp = array_namespace(x)
    if is_array(x) and not isinstance(x, Tensor):
        found = of(sizes(x))
        return xp.asarray(list(found) if isinstance(found, tuple) else found, dtype=xp.int32, device=device_of(x))
    found = of(sizes(xp.asarray(x)))
    return xp.asarray(list(found) if isinstance(found, tuple) else found, dtype="int32")


@operation
def count_params(x: Any) -> int:
    """The number of elements, from the static shape.

    Parameters
    ----------
    x : array

    Returns
    -------
    int

    Raises
    ------
    TypeError
        Where a size is unknown.

    References
    ----------
    Keras 2.3.1, ``keras.backend.count_params``.

    Examples
    --------
    >>> K.count_params(K.zeros((3, 4)))
    12
    """
    found = int_shape(x)
    if found is None or None in found:
        raise TypeError(f"count_params: x has shape {found}, expected known sizes")
    return math.prod(n for n in found if n is not None)
