"""Creation and conversion in the namespace."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name, is_integer
from ..arrays.namespaces import namespace_of
from ..arrays.typing import Namespace
from .arrays import ReproducibleArray, mixed
from .wrapping import Wrapping

__all__ = ["creation_functions"]


def creation_functions(namespace: Namespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of this chapter by name."""
    found: dict[str, Any] = {name: _filled(wrapping, name) for name in ("empty", "eye", "full", "ones", "zeros")}
    return found | {
        "asarray": _asarray(namespace, wrapping),
        "astype": _astype(wrapping),
        "arange": _arange(wrapping),
        "linspace": _linspace(wrapping),
        "can_cast": _can_cast(),
        "result_type": _result_type(wrapping),
        "from_dlpack": _from_dlpack(wrapping),
        "broadcast_shapes": lambda *shapes: np.broadcast_shapes(*shapes),
        "meshgrid": lambda *arrays, indexing="xy": list(wrapping.delegated("meshgrid")(*arrays, indexing=indexing)),
    }


def _filled(wrapping: Wrapping, name: str) -> Callable[..., Any]:
    """A function of a shape; the default dtype is float32 for floats, since each library has its own."""
    xp, run = wrapping.base.xp, wrapping.delegated(name)

    def create(*args: Any, dtype: Any = None, **how: Any) -> Any:
        if dtype is None:
            value = 0.0 if name != "full" else args[1] if len(args) > 1 else how["fill_value"]
            dtype = _default_dtype(xp, value)
        return run(*args, dtype=dtype, **how)

    create.__name__, create.__doc__ = name, f"The standard's `{name}`."
    return create


def _default_dtype(xp: Any, value: Any) -> Any:
    """float32 for Python floats, complex64 for complex numbers, None, so the library's, for others."""
    while isinstance(value, (list, tuple)) and value:
        kinds = [_default_dtype(xp, v) for v in value]
        return next((k for k in (getattr(xp, "complex64", None), xp.float32) if k is not None and k in kinds), None)
    if isinstance(value, float) and not isinstance(value, np.generic):
        return xp.float32
    return xp.complex64 if isinstance(value, complex) and not isinstance(value, np.generic) else None


def _asarray(namespace: Namespace, wrapping: Wrapping) -> Callable[..., Any]:
    base, cls, close = wrapping.base, wrapping.cls, wrapping.close
    own = base.xp

    def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
        """The standard's `asarray`, of an array of the library below or of NumPy, too."""
        if isinstance(obj, ReproducibleArray) and type(obj) is not cls:
            raise mixed(cls(None), obj.__array_namespace__())
        if type(obj) is cls:
            if dtype is not None and obj.dtype != dtype:
                obj = namespace.astype(obj, dtype)
                copy = copy if device is not None else None
            return close(own.asarray(obj.native, device=device, copy=copy))
        if isinstance(obj, (list, tuple)) and any(_holds_arrays(v) for v in obj):
            parts = [asarray(v, device=device) for v in obj]
            wide = namespace.result_type(*parts) if dtype is None else dtype
            return namespace.stack([namespace.astype(p, wide) for p in parts])
        given = namespace_of(obj)
        if given is not None and given is not own and not isinstance(obj, (np.ndarray, np.generic)):
            raise mixed(cls(None), given)
        if given is not None and dtype is not None and dtype_name(dtype) == "float16":
            return namespace.astype(close(own.asarray(obj, device=device)), dtype)
        dtype = _default_dtype(own, obj) if dtype is None else dtype
        return close(own.asarray(obj, dtype=dtype, device=device, copy=copy))

    return asarray


def _holds_arrays(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_arrays, value))
    return isinstance(value, ReproducibleArray)


def _astype(wrapping: Wrapping) -> Callable[..., Any]:
    base, open_, close = wrapping.base, wrapping.open, wrapping.close
    xp = base.xp

    def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        """The standard's `astype`; to float16 by way of float32, as libraries do one or the other."""
        v = open_(x)
        if base.float16 is not None and dtype == base.float16 and dtype_name(v.dtype) != "float16":
            v = base.cast(v, base.float32)
        extra = {} if device is None else {"device": device}
        return close(xp.astype(v, dtype, copy=copy, **extra))

    return astype


def _arange(wrapping: Wrapping) -> Callable[..., Any]:
    base, close = wrapping.base, wrapping.close

    def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Any:
        """The standard's `arange`; floats are start + i step, computed in float64."""
        integral = all(isinstance(v, (int, np.integer)) for v in (start, step, 0 if stop is None else stop))
        if integral and (dtype is None or is_integer(dtype_name(dtype))):
            if stop is None:
                return close(
                    base.xp.arange(start, step=step, dtype=dtype, device=device)
                    if step != 1
                    else (base.xp.arange(start, dtype=dtype, device=device))
                )
            return close(base.xp.arange(start, stop, step, dtype=dtype, device=device))
        start, stop = (0, start) if stop is None else (start, stop)
        count = max(math.ceil((stop - start) / step), 0)
        values = float(start) + np.arange(count, dtype=np.float64) * float(step)
        return wrapping.created(values, dtype, device)

    return arange


def _linspace(wrapping: Wrapping) -> Callable[..., Any]:
    xp = wrapping.base.xp

    def linspace(
        start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: bool = True
    ) -> Any:
        """The standard's `linspace`: start + i (stop - start) / n, computed in float64."""
        parts = num - 1 if endpoint else num
        if isinstance(start, complex) or isinstance(stop, complex):
            first, last = complex(start), complex(stop)
            ends = ((first.real, last.real), (first.imag, last.imag))
            halves = [np.asarray(linspace(*pair, num, dtype=xp.float64, endpoint=endpoint)) for pair in ends]
            values = np.empty(num, np.complex128)
            values.real, values.imag = halves
            return wrapping.created(values, xp.complex64 if dtype is None else dtype, device)
        order = np.arange(num, dtype=np.float64)
        values = float(start) + order * ((float(stop) - float(start)) / max(parts, 1))
        if endpoint and num > 1:
            values[-1] = float(stop)
        return wrapping.created(values, dtype, device)

    return linspace


def _can_cast() -> Callable[..., Any]:
    def can_cast(from_: Any, to: Any, /) -> Any:
        """The standard's `can_cast`, by NumPy's rules on every library."""
        given = from_.dtype if isinstance(from_, ReproducibleArray) else from_  # a NumPy type has a `dtype`, too
        return bool(np.can_cast(dtype_name(given), dtype_name(to)))

    return can_cast


def _result_type(wrapping: Wrapping) -> Callable[..., Any]:
    def result_type(*arrays_and_dtypes: Any) -> Any:
        """The standard's `result_type`."""
        return wrapping.base.xp.result_type(*map(wrapping.open, arrays_and_dtypes))

    return result_type


def _from_dlpack(wrapping: Wrapping) -> Callable[..., Any]:
    def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
        """The standard's `from_dlpack`."""
        how = {k: v for k, v in (("device", device), ("copy", copy)) if v is not None}
        return wrapping.close(wrapping.base.xp.from_dlpack(x, **how))

    return from_dlpack
