"""Recording the standard's creation functions; sizes may be unknown until run time."""

from __future__ import annotations

import math
from typing import Any

from ... import config
from ...arrays.arguments import integer, number
from ...arrays.dtypes import dtype_name, python_dtype, result_dtype
from ..dim_values import size_from, sizes_from
from ..dims import Dim, known
from ..recording import cast, tensor
from ..shape_rules import broadcast
from ..tensor import Tensor, record, spec
from .manipulation import broadcast_to, expand_dims

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """Record a constant, or give a tensor back (in another dtype where one is given)."""
    name = None if dtype is None else dtype_name(dtype)
    if isinstance(obj, Tensor):
        return obj if name is None else cast(obj, name)
    return tensor(obj, name)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Record an array of another library as a constant."""
    return tensor(x)


def _shape(function: str, shape: Any) -> tuple[Any, ...]:
    """A shape of ints and sizes, from one size or a sequence."""
    sizes = sizes_from(function, "shape", shape)
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise ValueError(f"{function}: shape is {tuple(map(known, sizes))}, expected integers of at least 0")
    return sizes


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record an array filled with one number."""
    name = dtype_name(dtype) if dtype is not None else getattr(fill_value, "dtype", None) or python_dtype(fill_value)
    sizes = _shape("full", shape)
    if isinstance(fill_value, Tensor):
        return broadcast_to(cast(fill_value, dtype_name(name)), sizes)
    result = spec(sizes, name)
    return record("full", (sizes, fill_value), {"dtype": result.dtype}, result)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record an array of zeros."""
    return _filled("zeros", shape, dtype)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record an array of ones."""
    return _filled("ones", shape, dtype)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record an array of zeros: a graph has no use for memory without values."""
    return _filled("zeros", shape, dtype)


def _filled(function: str, shape: Any, dtype: Any) -> Tensor:
    sizes = _shape(function, shape)
    result = spec(sizes, config.floatx() if dtype is None else dtype)
    return record(function, (sizes,), {"dtype": result.dtype}, result)


# The sizes of x are all that these need: recorded so, they depend on no value and move out of loops.


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record an array of x's shape filled with one number."""
    x = tensor(x)
    return full(x.sizes, fill_value, dtype=x.dtype if dtype is None else dtype)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record zeros of x's shape."""
    x = tensor(x)
    return zeros(x.sizes, dtype=x.dtype if dtype is None else dtype)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record ones of x's shape."""
    x = tensor(x)
    return ones(x.sizes, dtype=x.dtype if dtype is None else dtype)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record zeros of x's shape."""
    return zeros_like(x, dtype=dtype)


def eye(n_rows: Any, n_cols: Any = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Tensor:
    """Record a matrix with ones on a diagonal."""
    sizes = _shape("eye", (n_rows, n_rows if n_cols is None else n_cols))
    k = integer("eye", "k", k)
    result = spec(sizes, config.floatx() if dtype is None else dtype)
    return record("eye", sizes, {"dtype": result.dtype} | ({"k": k} if k else {}), result)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Record evenly spaced numbers from start up to, not including, stop."""
    if stop is None:
        start, stop = 0, start
    start, stop, step = (_bound(name, v) for name, v in (("start", start), ("stop", stop), ("step", step)))
    bounds = (start, stop, step)
    if isinstance(step, (int, float)) and step == 0:
        raise ValueError("arange: step is 0")
    if all(isinstance(v, (int, float)) for v in bounds):
        length: Any = max(0, math.ceil((stop - start) / step))
    elif isinstance(step, int) and all(isinstance(v, (int, Dim)) for v in bounds):
        length = stop - start if step == 1 else (stop - start + (step - 1)) // step if step > 0 else None
    else:
        length = None
    name = (
        dtype_name(dtype)
        if dtype is not None
        else config.floatx()
        if any(isinstance(v, float) for v in bounds)
        else "int64"
    )
    result = spec((length,), name)
    args = bounds if step != 1 else bounds[:2]
    return record("arange", args, {"dtype": result.dtype}, result)


def _bound(name: str, value: Any) -> Any:
    """A bound of `arange`: a size, or a plain number."""
    if isinstance(value, (Tensor, Dim)) or type(value) is int:
        return size_from("arange", name, value)
    return number("arange", name, value)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: bool = True
) -> Tensor:
    """Record `num` evenly spaced numbers between start and stop."""
    num = size_from("linspace", "num", num)
    if isinstance(num, int) and num < 0:
        raise ValueError(f"linspace: num is {num}; expected an integer of at least 0")
    result = spec((num,), config.floatx() if dtype is None else dtype)
    kwargs = {"dtype": result.dtype} | ({} if endpoint else {"endpoint": False})
    return record("linspace", (start, stop, num), kwargs, result)


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Record coordinate arrays, as broadcasts of 1-D arrays."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is {indexing!r}; expected 'xy' or 'ij'")
    tensors = [tensor(x) for x in arrays]
    if any(x.ndim != 1 for x in tensors):
        raise ValueError("meshgrid: expected arrays of 1 dimension, got " + ", ".join(str(x.shape) for x in tensors))
    name = result_dtype(*(x.dtype for x in tensors)) if tensors else config.floatx()
    order = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        order[0], order[1] = 1, 0
    spread = []
    for axis, x in zip(order, tensors, strict=True):
        x = cast(x, name)
        for other in range(len(tensors)):
            if other != axis:
                x = expand_dims(x, axis=other)
        spread.append(x)
    shape = broadcast("meshgrid", *(x.sizes for x in spread))
    return tuple(broadcast_to(x, shape) for x in spread)


def tril(x: Any, /, *, k: int = 0) -> Tensor:
    """Record the lower triangle of matrices."""
    return _triangle("tril", x, k)


def triu(x: Any, /, *, k: int = 0) -> Tensor:
    """Record the upper triangle of matrices."""
    return _triangle("triu", x, k)


def _triangle(function: str, x: Any, k: int) -> Tensor:
    x = tensor(x)
    if x.ndim < 2:
        raise ValueError(f"{function}: needs at least 2 dimensions, got shape {tuple(map(known, x.sizes))}")
    k = integer(function, "k", k)
    return record(function, (x,), {"k": k} if k else {}, spec(x.sizes, x.dtype))
