"""Arrays of the shape of another, and ranges."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, DTypeLike
from ..config import floatx
from ..dispatch.boundary import dtype_from, named, size_from
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, is_array, native_dtype

__all__ = ["arange", "ones_like", "zeros_like"]


@operation
def zeros_like(x: Array, dtype: DTypeLike = None, name: str | None = None) -> Array:
    """Zeros of the shape of x.

    Shapes and dtypes: the shape of x; floatx unless another dtype is given, not the dtype of x. On the device of x.
    Errors: TypeError for an unknown dtype.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    return named(xp.zeros_like(x, dtype=native_dtype(xp, dtype_from("zeros_like", dtype))), name)


@operation
def ones_like(x: Array, dtype: DTypeLike = None, name: str | None = None) -> Array:
    """Ones of the shape of x; all else as in `zeros_like`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    return named(xp.ones_like(x, dtype=native_dtype(xp, dtype_from("ones_like", dtype))), name)


@operation
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: DTypeLike = "int32") -> Array:
    """Numbers from start up to, not including, stop; with one argument, from 0 up to it.

    Shapes and dtypes: 1-D. The default dtype stands for int32, or floatx where a float is among the numbers; any other
    is used as it is. Bounds may be 0-d integer arrays; Python numbers alone give a symbolic tensor.
    Edge values: a range whose step leads away from stop is empty.
    Errors: ValueError for a step of 0; TypeError for a bound that is not a number.

    Source: Keras 2.3.1 backend semantics; impossible ranges as in its Theano backend.
    """
    xp = array_namespace(start, stop, step)
    like = next((v for v in (start, stop, step) if is_array(v)), None)
    bounds = [
        v if isinstance(v, float) else size_from("arange", name, v)
        for name, v in (("start", start), ("stop", stop), ("step", step))
        if v is not None
    ]
    if stop is None:
        bounds.insert(0, 0)
    if isinstance(bounds[2], (int, float)) and bounds[2] == 0:
        raise ValueError("arange: step is 0")
    name = dtype_from("arange", dtype)
    if name == "int32" and any(isinstance(v, float) for v in bounds):
        name = floatx()
    return xp.arange(*bounds, dtype=native_dtype(xp, name), device=None if like is None else device_of(like))
