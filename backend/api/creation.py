"""Placeholders, constants and arrays of a given shape: the leaves of a symbolic graph."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from ..arrays.arguments import integer, is_sequence, items, namespace_of_sizes, numbers
from ..arrays.namespaces import array_namespace, is_array, plain
from ..arrays.typing import DTypeLike, Sizes
from ..config import floatx
from ..dispatch.boundary import dtype_from, named
from ..dispatch.operation import operation
from ..dispatch.promotion import native_dtype
from ..graph.tensor import Constant, Placeholder, Tensor, record
from .sparse_placeholder import SparsePlaceholder
from .variables import variable

__all__ = ["cast_to_floatx", "constant", "eye", "identity", "ones", "placeholder", "zeros"]


@overload
def placeholder(
    shape: Any = ...,
    ndim: int | None = ...,
    dtype: DTypeLike = ...,
    sparse: Literal[False] = ...,
    name: str | None = ...,
) -> Placeholder: ...
@overload
def placeholder(
    shape: Any = ..., ndim: int | None = ..., dtype: DTypeLike = ..., *, sparse: bool, name: str | None = ...
) -> Any: ...  # not a union: operations take the one, and a type checker cannot tell that it is not the other
@operation
def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: DTypeLike = None, sparse: bool = False, name: str | None = None
) -> Any:
    """A tensor whose value is fed when a function runs.

    Parameters
    ----------
    shape : int, or sequence of int or None, optional
        None is a size known only at run time. Without `shape`, `ndim` counts; without both, the rank is unknown.
    ndim : int, optional
        The number of dimensions, all of unknown size.
    dtype : dtype, optional
        floatx by default.
    sparse : bool, optional
        Whether it is a sparse matrix, which is fed with SciPy or dense matrices.
    name : str, optional

    Returns
    -------
    Placeholder
        With `sparse`, a sparse matrix of placeholders.

    Raises
    ------
    TypeError
        For another entry in the shape, and for an unknown dtype.
    ValueError
        For a negative size or `ndim`, and for a sparse placeholder of other than two dimensions.

    References
    ----------
    Keras 2.3.1, ``keras.backend.placeholder``.

    Examples
    --------
    >>> x = K.placeholder((None, 3), name="x")
    >>> x.shape, x.dtype
    ((None, 3), float32)
    >>> K.eval(K.sum(x, axis=0), {x: np.ones((2, 3))})
    array([2., 2., 2.], dtype=float32)
    """
    if ndim is not None and ndim < 0:
        raise ValueError(f"placeholder: ndim is {ndim}, expected at least 0")
    if shape is None and ndim is not None:
        shape = (None,) * ndim
    if shape is not None:
        shape = tuple(items(shape)) if is_sequence(shape) else (shape,)
        shape = tuple(None if n is None else integer("placeholder", "a size in shape", n) for n in shape)
        if any(n is not None and n < 0 for n in shape):
            raise ValueError(f"placeholder: shape is {shape}, expected sizes of at least 0")
    wanted = dtype_from("placeholder", dtype)
    return SparsePlaceholder(shape, wanted, name) if sparse else Placeholder(shape, wanted, name)


@operation
def cast_to_floatx(x: Any) -> Any:
    """A NumPy array of floatx with the values of x.

    Parameters
    ----------
    x : array
        An array of any library, a number or a nested list.

    Returns
    -------
    numpy.ndarray
        A symbolic x stays symbolic: a Tensor.

    Raises
    ------
    TypeError
        For anything that is not numeric.

    References
    ----------
    Keras 2.3.1, ``keras.backend.cast_to_floatx``.

    Examples
    --------
    >>> K.cast_to_floatx([1, 2])
    array([1., 2.], dtype=float32)
    """
    if isinstance(x, Tensor):
        return x.__array_namespace__().astype(x, floatx())
    values = numbers("cast_to_floatx", "x", x)
    if values.dtype.kind == "c":
        raise TypeError(f"cast_to_floatx: x has dtype {values.dtype}, expected real numbers")
    return np.asarray(values, dtype=floatx())


@operation
def constant(value: Any, dtype: DTypeLike = None, shape: Sizes | None = None, name: str | None = None) -> Tensor:
    """A symbolic tensor with a fixed value.

    Parameters
    ----------
    value : array
        Arrays are copied. A symbolic value stays symbolic and is cast and reshaped.
    dtype : dtype, optional
        floatx by default, whatever the value's dtype.
    shape : int or sequence of int, optional
        One element is repeated, several are reshaped. The value's shape by default.
    name : str, optional

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For a value that is not numeric, and for an unknown dtype.
    ValueError
        For a shape that does not fit.

    References
    ----------
    Keras 2.3.1, ``keras.backend.constant``.

    Examples
    --------
    >>> c = K.constant([1, 2, 3, 4], shape=(2, 2))
    >>> K.eval(c @ c)
    array([[ 7., 10.],
           [15., 22.]], dtype=float32)
    """
    wanted = dtype_from("constant", dtype)
    sizes: Any = shape
    if isinstance(value, Tensor) or (sizes is not None and not all(isinstance(n, int) for n in sizes)):
        xp = array_namespace()
        tensor = xp.astype(xp.asarray(value), wanted)
        if sizes is not None:
            tensor = xp.broadcast_to(tensor, sizes) if tensor.size == 1 else xp.reshape(tensor, sizes)
        return named(tensor, name)
    array = np.array(numbers("constant", "value", value), dtype=wanted)
    if sizes is not None:
        if any(n < 0 for n in sizes):
            raise ValueError(f"constant: shape is {sizes}, expected sizes of at least 0")
        count = int(np.prod(sizes))
        if array.size not in (1, count):
            raise ValueError(f"constant: value has {array.size} elements, shape {sizes} has {count}")
        array = np.full(sizes, array.reshape(()), wanted) if array.size == 1 else array.reshape(sizes)
    return Constant(array, name, typed=True)


@operation
def zeros(shape: Sizes, dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """A variable full of zeros.

    Parameters
    ----------
    shape : int or sequence of int
        A size may be known only at run time, such as ``K.shape(x)[0]``.
    dtype : dtype, optional
        floatx by default.
    name : str, optional

    Returns
    -------
    Variable
        A plain Tensor where a size is 0 or known only at run time.

    Raises
    ------
    TypeError
        For None in the shape, and for an unknown dtype.
    ValueError
        For a negative size.

    References
    ----------
    Keras 2.3.1, ``keras.backend.zeros``.

    Examples
    --------
    >>> count = K.zeros(2, "int32")
    >>> K.is_variable(count)
    True
    >>> K.eval(K.update_add(count, [1, 5]))
    array([1, 5], dtype=int32)
    """
    return _filled("zeros", shape, dtype, name)


@operation
def ones(shape: Sizes, dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """A variable full of ones.

    Parameters
    ----------
    shape : int or sequence of int
        As in `zeros`.
    dtype : dtype, optional
        floatx by default.
    name : str, optional

    Returns
    -------
    Variable
        A plain Tensor where a size is 0 or known only at run time.

    Raises
    ------
    TypeError, ValueError
        As in `zeros`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.ones``.

    Examples
    --------
    >>> K.eval(K.ones((2, 3)) * 0.5)
    array([[0.5, 0.5, 0.5],
           [0.5, 0.5, 0.5]], dtype=float32)
    >>> x = K.placeholder((None, 3))
    >>> K.eval(K.ones(K.shape(x)[:1]), {x: np.zeros((2, 3))})
    array([1., 1.], dtype=float32)
    """
    return _filled("ones", shape, dtype, name)


def _filled(function: str, shape: Any, dtype: Any, name: str | None) -> Tensor:
    sizes: Any = shape
    wanted = dtype_from(function, dtype)
    if any(isinstance(n, int) and n < 0 for n in sizes):
        raise ValueError(f"{function}: shape {sizes} holds a negative size")
    if all(isinstance(n, int) and n for n in sizes):
        return variable(getattr(np, function)(sizes, "int8"), wanted, name)
    if xp := namespace_of_sizes(sizes):
        filled: Tensor = getattr(xp, function)(sizes, dtype=native_dtype(xp, wanted))
        return filled
    return named(getattr(array_namespace(), function)(sizes, dtype=wanted), name)


@operation
def eye(size: Sizes, dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """A symbolic matrix with ones on its main diagonal and zeros elsewhere.

    Parameters
    ----------
    size : int or pair of int
        The number of rows and columns, or (rows, columns).
    dtype : dtype, optional
        floatx by default.
    name : str, optional

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For sizes that are not integers, and for an unknown dtype.
    ValueError
        For a negative size, and for another number of sizes.

    References
    ----------
    Keras 2.3.1, ``keras.backend.eye``; (rows, columns) as in its TensorFlow backend.

    Examples
    --------
    >>> K.eval(K.eye((2, 3)))
    array([[1., 0., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    sizes: Any = size
    if len(sizes) not in (1, 2) or any(isinstance(n, int) and n < 0 for n in sizes):
        raise ValueError(f"eye: size is {size!r}; expected an int or (rows, columns), of at least 0")
    return named(array_namespace().eye(sizes[0], sizes[-1], dtype=dtype_from("eye", dtype)), name)


@operation
def identity(x: Any, name: str | None = None) -> Any:
    """A new tensor with the value of x; attributes set on one do not appear on the other.

    Parameters
    ----------
    x : array
    name : str, optional

    Returns
    -------
    Tensor
        Shape and dtype of x. A native array is returned unchanged; numbers and lists become constants.

    References
    ----------
    Keras 2.3.1, ``keras.backend.identity``.

    Examples
    --------
    >>> w = K.variable([1.0, 2.0])
    >>> same = K.identity(w)
    >>> same is w, K.is_variable(same)
    (False, False)
    >>> K.eval(same)
    array([1., 2.], dtype=float32)
    """
    if is_array(x) and not isinstance(x, Tensor):
        return plain(x)
    x = array_namespace().asarray(x)
    return named(record("identity", (x,), {}, x.spec), name)
