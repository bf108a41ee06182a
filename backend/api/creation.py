"""Placeholders, constants and arrays of a given shape: the leaves of a symbolic graph."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from ..arrays.arguments import integer, is_sequence, items
from ..arrays.namespaces import array_namespace, host, is_array
from ..arrays.typing import DTypeLike, Sizes
from ..config import floatx
from ..dispatch.boundary import dtype_from, named
from ..dispatch.operation import operation
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

    Shapes and dtypes: `shape` holds ints, and None for unknown sizes. Without it, `ndim` gives the number of unknown
    sizes; without both, the rank is unknown. dtype: floatx by default.
    With `sparse` it is a sparse matrix, and SciPy or dense matrices are fed.
    Errors: TypeError for another entry in the shape or an unknown dtype, ValueError for a negative one, and for a
    sparse placeholder of other than two dimensions.

    Source: Keras 2.3.1 backend semantics.
    """
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
    """A NumPy array of floatx with the values of x; a symbolic tensor stays symbolic.

    Errors: TypeError for anything that is not numeric.

    Source: Keras 2.3.1 backend semantics.
    """
    if isinstance(x, Tensor):
        return x.__array_namespace__().astype(x, floatx())
    values = host(x) if is_array(x) else np.asarray(x)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"cast_to_floatx: got dtype {values.dtype}, expected numbers")
    return np.asarray(values, dtype=floatx())


@operation
def constant(value: Any, dtype: DTypeLike = None, shape: Sizes | None = None, name: str | None = None) -> Tensor:
    """A symbolic tensor with a fixed value.

    Shapes and dtypes: those of the value, as `dtype` (default floatx, whatever the value's dtype); with `shape`, one
    element is repeated and several are reshaped. Arrays are copied; a symbolic value stays symbolic and is cast and
    reshaped.
    Errors: TypeError for a value that is not numeric and for an unknown dtype; ValueError for a shape that does not
    fit.

    Source: Keras 2.3.1 backend semantics.
    """
    wanted = dtype_from("constant", dtype)
    sizes: Any = shape
    if isinstance(value, Tensor) or (sizes is not None and not all(isinstance(n, int) for n in sizes)):
        xp = array_namespace()
        tensor = xp.astype(xp.asarray(value), wanted)
        if sizes is not None:
            tensor = xp.broadcast_to(tensor, sizes) if tensor.size == 1 else xp.reshape(tensor, sizes)
        return named(tensor, name)
    array = np.asarray(host(value) if is_array(value) else value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"constant: value is of dtype {array.dtype}, expected numbers")
    array = np.array(array, dtype=wanted)
    if sizes is not None:
        count = int(np.prod(sizes))
        if array.size not in (1, count):
            raise ValueError(f"constant: value has {array.size} elements, shape {sizes} has {count}")
        array = np.full(sizes, array.reshape(()), wanted) if array.size == 1 else array.reshape(sizes)
    return Constant(array, name, typed=True)


@operation
def zeros(shape: Sizes, dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """A variable full of zeros.

    Shapes and dtypes: `shape` is an int or a sequence of ints; dtype: floatx by default. Where a size is 0 or known
    only at run time (a tensor such as K.shape(x)[0]), the result is a plain tensor instead.
    Errors: TypeError for None in the shape and for an unknown dtype, ValueError for a negative size.

    Source: Keras 2.3.1 backend semantics.
    """
    return _filled("zeros", shape, dtype, name)


@operation
def ones(shape: Sizes, dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """A variable full of ones, otherwise as `zeros`.

    Source: Keras 2.3.1 backend semantics.
    """
    return _filled("ones", shape, dtype, name)


def _filled(function: str, shape: Any, dtype: Any, name: str | None) -> Tensor:
    sizes: Any = shape
    wanted = dtype_from(function, dtype)
    if any(isinstance(n, int) and n < 0 for n in sizes):
        raise ValueError(f"{function}: shape {sizes} holds a negative size")
    if all(isinstance(n, int) and n for n in sizes):
        return variable(getattr(np, function)(sizes, "int8"), wanted, name)
    return named(getattr(array_namespace(), function)(sizes, dtype=wanted), name)


@operation
def eye(size: Sizes, dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """A symbolic matrix with ones on its main diagonal and zeros elsewhere.

    Shapes and dtypes: `size` is an int or (rows, columns); dtype: floatx by default.
    Errors: TypeError for sizes that are not integers and for an unknown dtype, ValueError for another number of them.

    Source: Keras 2.3.1 backend semantics; (rows, columns) as in its TensorFlow backend.
    """
    sizes: Any = size
    if len(sizes) not in (1, 2) or any(isinstance(n, int) and n < 0 for n in sizes):
        raise ValueError(f"eye: size is {size!r}; expected an int or (rows, columns), of at least 0")
    return named(array_namespace().eye(sizes[0], sizes[-1], dtype=dtype_from("eye", dtype)), name)


@operation
def identity(x: Any, name: str | None = None) -> Any:
    """A new tensor with the value of x; attributes set on one do not appear on the other.

    Shapes and dtypes: those of x. A native array is returned unchanged; numbers and lists become constants.

    Source: Keras 2.3.1 backend semantics.
    """
    if is_array(x) and not isinstance(x, Tensor):
        return x
    x = array_namespace().asarray(x)
    return named(record("identity", (x,), {}, x.spec), name)
