"""Arrays made of sizes and numbers, for `keras.ops.numpy`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras.src.backend import config, standardize_dtype

from backend.arrays.arguments import integer
from backend.arrays.backends import active
from backend.dispatch.boundary import moved
from backend.dispatch.promotion import array_namespace, device_of, is_array, native_dtype

from .core import convert_to_numpy, convert_to_tensor
from .dtype_rules import array_like, cast_to, common, name_of, quiet

__all__ = [
    "arange",
    "array",
    "bartlett",
    "blackman",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "geomspace",
    "hamming",
    "hanning",
    "identity",
    "kaiser",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tri",
    "tril",
    "triu",
    "vander",
    "view",
    "zeros",
    "zeros_like",
]


# ---- constants --------------------------------------------------------------------------------------------------


def _sizes(shape: Any) -> tuple[int, ...]:
    """A shape given as a number, a sequence or an array."""
    if is_array(shape):
        shape = convert_to_numpy(shape).tolist()
    return (int(shape),) if not isinstance(shape, (list, tuple)) else tuple(int(n) for n in shape)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    dtype = standardize_dtype(dtype or config.floatx())
    if is_array(fill_value) or isinstance(fill_value, (list, tuple)):
        value = convert_to_tensor(fill_value, dtype)
        return array_namespace(value).broadcast_to(value, _sizes(shape))
    made = active()
    return made.xp.full(_sizes(shape), fill_value, dtype=native_dtype(made.xp, dtype), device=made.device)


def zeros(shape: Any, dtype: Any = None) -> Any:
    return full(shape, False if dtype is not None and standardize_dtype(dtype) == "bool" else 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    return full(shape, True if dtype is not None and standardize_dtype(dtype) == "bool" else 1, dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    return zeros(shape, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    x = convert_to_tensor(x)
    dtype = standardize_dtype(dtype) if dtype is not None else name_of(x)
    x = cast_to(x, dtype)
    if is_array(fill_value) or isinstance(fill_value, (list, tuple)):
        value = cast_to(convert_to_tensor(fill_value), dtype)
        return array_namespace(x, value).broadcast_to(value, x.shape)
    return array_namespace(x).full_like(x, bool(fill_value) if dtype == "bool" else fill_value)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    return full_like(x, 1, dtype)


def empty_like(x: Any, dtype: Any = None) -> Any:
    return zeros_like(x, dtype)


def array(x: Any, dtype: Any = None) -> Any:
    return convert_to_tensor(x, dtype=dtype)


def copy(x: Any) -> Any:
    x = convert_to_tensor(x)
    return array_namespace(x).asarray(x, copy=True) if hasattr(x, "__dlpack_device__") else x


def view(x: Any, dtype: Any = None) -> Any:
    """The same bytes as another dtype: of host memory, so of concrete arrays alone."""
    x = convert_to_tensor(x)
    if dtype is None:
        return x
    dtype = standardize_dtype(dtype)
    return convert_to_tensor(convert_to_numpy(x).view(np.dtype(dtype)), dtype=dtype)


# ---- matrices ---------------------------------------------------------------------------------------------------


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:  # noqa: N803 - Keras's names
    dtype = standardize_dtype(dtype or config.floatx())
    made = active()
    rows, columns = integer("eye", "N", N), None if M is None else integer("eye", "M", M)
    return cast_to(made.xp.eye(rows, columns, k=integer("eye", "k", k), device=made.device), dtype)


def identity(n: Any, dtype: Any = None) -> Any:
    return eye(n, dtype=dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:  # noqa: N803 - Keras's names
    dtype = standardize_dtype(dtype or config.floatx())
    rows = integer("tri", "N", N)
    columns = rows if M is None else integer("tri", "M", M)
    return tril(ones((rows, columns), dtype), k)


def _triangle(name: str) -> Any:
    """The standard's tril or triu, for truth values, too, and for one row that counts for all."""

    def function(x: Any, k: int = 0) -> Any:
        x = convert_to_tensor(x)
        xp, dtype = array_namespace(x), name_of(x)
        if x.ndim == 1:
            x = xp.broadcast_to(x, (x.shape[0], x.shape[0]))
        x = cast_to(x, "uint8") if dtype == "bool" else x
        return cast_to(getattr(xp, name)(x, k=int(k)), dtype)

    return function


tril, triu = _triangle("tril"), _triangle("triu")


def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:  # noqa: N803 - Keras's names
    x = convert_to_tensor(x)
    dtype = common(x)
    computed = cast_to(x, common(x, config.floatx()))
    xp = array_namespace(computed)
    count = computed.shape[0] if N is None else int(N)
    if not count:
        return cast_to(xp.zeros((computed.shape[0], 0), dtype=computed.dtype, device=device_of(computed)), dtype)
    powers, rows = [xp.ones_like(computed)], computed
    for _ in range(count - 1):
        powers.append(rows)
        rows = rows * computed
    return cast_to(xp.stack(powers if increasing else powers[::-1], axis=-1), dtype)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    arrays = [convert_to_tensor(v) for v in x]
    if not arrays:
        return []
    xp = array_namespace(*arrays)
    arrays = [xp.reshape(v, (-1,)) for v in arrays]
    count, exchanged = len(arrays), indexing == "xy" and len(arrays) > 1
    order = [1, 0, *range(2, count)] if exchanged else list(range(count))
    lengths = [v.shape[0] for v in arrays]
    shape = tuple(lengths[place] for place in order)
    grids = []
    for place, v in enumerate(arrays):
        along = [1] * count
        along[order.index(place)] = -1
        grids.append(xp.broadcast_to(xp.reshape(v, tuple(along)), shape))
    return grids


# ---- numbers at equal distances ---------------------------------------------------------------------------------


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    if dtype is None:
        dtype = common(*(v for v in (start, stop, step) if v is not None))
    dtype = standardize_dtype(dtype)
    start, stop, step = (_number(v) for v in (start, stop, step))
    if stop is None:
        start, stop = 0, start
    # computed on the host, where every library's numbers are the same
    return convert_to_tensor(np.arange(start, stop, 1 if step is None else step), dtype=dtype)


def _number(value: Any) -> Any:
    """A 0-d array as a Python number."""
    return convert_to_numpy(value).item() if is_array(value) else value


@quiet
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    dtype = standardize_dtype(dtype) if dtype is not None else common(start, stop, float)
    if num < 0:
        raise ValueError(f"linspace: num is {num}, expected at least 0")
    found, step = _spaced(start, stop, num, endpoint)
    if "int" in dtype:
        found = array_namespace(found).floor(found)
    found = cast_to(moved(found, 0, axis), dtype)
    return (found, step) if retstep else found


def _spaced(start: Any, stop: Any, num: int, endpoint: bool) -> tuple[Any, Any]:
    """The numbers along axis 0, in double precision where they come from numbers, and their distance."""
    start, stop = (convert_to_tensor(v) for v in (start, stop))
    dtype = "float64"
    start, stop = cast_to(start, dtype), cast_to(stop, dtype)
    xp = array_namespace(start, stop)
    difference = stop - start
    start = start + xp.zeros_like(difference)
    parts = num - 1 if endpoint else num
    step = difference / parts if parts > 0 else difference * math.nan
    shares = [i / parts if parts > 0 else 0.0 for i in range(num)]
    places = convert_to_tensor(np.asarray(shares, dtype=dtype))
    places = xp.reshape(places, (num, *(1,) * difference.ndim))
    found = start[None, ...] + places * difference[None, ...]
    if endpoint and num > 1:
        found = xp.concat([found[:-1, ...], (stop + xp.zeros_like(difference))[None, ...]], axis=0)
    return found, step


@quiet
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    dtype = standardize_dtype(dtype) if dtype is not None else common(start, stop, float)
    found = _spaced(start, stop, num, endpoint)[0]
    return cast_to(moved(array_like(found, base) ** found, 0, axis), dtype)


@quiet
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    dtype = standardize_dtype(dtype or config.floatx())
    start, stop = (cast_to(convert_to_tensor(v), "float64") for v in (start, stop))
    xp = array_namespace(start, stop)
    found = xp.sign(start) * 10.0 ** _spaced(xp.log10(xp.abs(start)), xp.log10(xp.abs(stop)), num, endpoint)[0]
    if num > 0:  # the ends are given: no rounding there
        whole = xp.zeros_like(found[0, ...])
        last = [(stop + whole)[None, ...]] if endpoint and num > 1 else []
        found = xp.concat([(start + whole)[None, ...], found[1 : num - len(last), ...], *last], axis=0)
    return cast_to(moved(found, 0, axis), dtype)


# ---- windows ----------------------------------------------------------------------------------------------------


def _window(weights: Any) -> Any:
    """A window of the size that x says, in floatx: `weights` of the places from -1 to 1."""

    def function(x: Any, *more: Any) -> Any:
        count = int(_number(convert_to_tensor(x)))
        if count < 1:
            values = np.zeros((0,))
        elif count == 1:
            values = np.ones((1,))
        else:
            values = weights(np.arange(1 - count, count, 2) / (count - 1), *more)
        return convert_to_tensor(values, dtype=config.floatx())

    return function


bartlett = _window(lambda t: 1.0 - np.abs(t))
hanning = _window(lambda t: 0.5 + 0.5 * np.cos(np.pi * t))
hamming = _window(lambda t: 0.54 + 0.46 * np.cos(np.pi * t))
blackman = _window(lambda t: 0.42 + 0.5 * np.cos(np.pi * t) + 0.08 * np.cos(2.0 * np.pi * t))


def kaiser(x: Any, beta: Any) -> Any:
    count, beta = int(_number(convert_to_tensor(x))), float(_number(convert_to_tensor(beta)))
    if count < 2:
        return convert_to_tensor(np.ones((max(count, 0),)), dtype=config.floatx())
    places = np.arange(1 - count, count, 2) / (count - 1)
    return convert_to_tensor(np.i0(beta * np.sqrt(1.0 - places * places)) / np.i0(beta), dtype=config.floatx())
