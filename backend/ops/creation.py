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

    Parameters
    ----------
    x : array
    dtype : str or dtype, optional
        floatx if not given; not the dtype of x.
    name : str, optional
        Name of the result where it is symbolic.

    Returns
    -------
    array
        On the device of x.

    Raises
    ------
    TypeError
        If the dtype is unknown.

    References
    ----------
    Keras 2.3.1, ``keras.backend.zeros_like``.

    Examples
    --------
    >>> K.zeros_like(np.asarray([1, 2, 3]))
    array([0., 0., 0.], dtype=float32)
    """
    xp, x = arrays(x)
    return named(xp.zeros_like(x, dtype=native_dtype(xp, dtype_from("zeros_like", dtype))), name)


@operation
def ones_like(x: Array, dtype: DTypeLike = None, name: str | None = None) -> Array:
    """Ones of the shape of x.

    Parameters
    ----------
    x : array
    dtype : str or dtype, optional
        floatx if not given; not the dtype of x.
    name : str, optional
        Name of the result where it is symbolic.

    Returns
    -------
    array
        On the device of x.

    Raises
    ------
    TypeError
        If the dtype is unknown.

    References
    ----------
    Keras 2.3.1, ``keras.backend.ones_like``.

    Examples
    --------
    >>> K.ones_like(np.asarray([[1.0, 2.0]]), dtype="int32")
    array([[1, 1]], dtype=int32)
    """
    xp, x = arrays(x)
    return named(xp.ones_like(x, dtype=native_dtype(xp, dtype_from("ones_like", dtype))), name)


@operation
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: DTypeLike = "int32") -> Array:
    """Evenly spaced numbers from start up to, not including, stop.

    Parameters
    ----------
    start : int, float or 0-d integer array
        With one argument the stop; the numbers then start at 0.
    stop : int, float or 0-d integer array, optional
    step : int, float or 0-d integer array
    dtype : str or dtype
        The default stands for int32, or floatx where a float is among the
        numbers; any other is used as it is.

    Returns
    -------
    array
        One dimension. Python numbers alone give a symbolic tensor.

    Raises
    ------
    ValueError
        If `step` is 0.
    TypeError
        If a bound is not a number.

    Notes
    -----
    A range whose step leads away from `stop` is empty.

    References
    ----------
    Keras 2.3.1, ``keras.backend.arange``; impossible ranges as in its Theano
    backend.

    Examples
    --------
    >>> K.arange(np.asarray(1), 7, 2)
    array([1, 3, 5], dtype=int32)
    >>> K.eval(K.arange(0.0, 1.0, 0.25))
    array([0.  , 0.25, 0.5 , 0.75], dtype=float32)
    """
    xp = array_namespace(start, stop, step)
    like = next((v for v in (start, stop, step) if is_array(v)), None)
    bounds = [
        v if isinstance(v, float) else size_from("arange", name, v)
        for name, v in (("start", start), ("stop", stop), ("step", step))
        if v is not None or name != "stop"
    ]
    if stop is None:
        bounds.insert(0, 0)
    if isinstance(bounds[2], (int, float)) and bounds[2] == 0:
        raise ValueError("arange: step is 0")
    name = dtype_from("arange", dtype)
    if name == "int32" and any(isinstance(v, float) for v in bounds):
        name = floatx()
    return xp.arange(*bounds, dtype=native_dtype(xp, name), device=None if like is None else device_of(like))
