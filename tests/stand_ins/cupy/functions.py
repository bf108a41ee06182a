"""CuPy's functions: the parameters of the installed version, NumPy's arithmetic, CuPy's arrays and refusals."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import core
from .core import ndarray, unwrapped, wrapped
from .loops import ufunc
from .traffic import note

__all__ = ["module"]

FACTS = json.loads((Path(__file__).parent / "facts.json").read_text(encoding="utf-8"))
ON_THE_HOST = ("broadcast_shapes", "can_cast", "isdtype", "issubdtype", "result_type")  # no array is computed
WAITING = ("nonzero", "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values")  # for a size
ON_SCALARS = ("full", "full_like", "linspace", "arange", "repeat", "roll", "tile")  # their numbers may be NumPy's


def module(prefix: str) -> dict[str, Any]:
    """The functions of `cupy` (prefix ''), `cupy.linalg` or `cupy.fft` by name."""
    found: dict[str, Any] = {}
    for name, types in FACTS["ufuncs"].items():
        if name.rpartition(".")[0] == prefix:
            found[name] = ufunc(name, types)
    for name, parameters in FACTS["functions"].items():
        if name.rpartition(".")[0] == prefix:
            last = name.rpartition(".")[2]
            found[last] = _function(name, _signature(parameters))
    return found


def _signature(parameters: str) -> inspect.Signature:
    """A signature from its text in facts.json, which has literals and the names of two dtypes only."""
    scope: dict[str, Any] = {"float": float, "int": int}
    exec(f"def f({parameters}): ...", scope)
    return inspect.signature(scope["f"])


def _function(name: str, signature: inspect.Signature) -> Callable[..., Any]:
    own = OWN.get(name)
    inner = own or functools.reduce(getattr, name.split("."), np)

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        _refuse_host_arrays(name, bound.arguments)
        if name in WAITING:
            note("size")
        positional, named = _arguments(bound)
        with np.errstate(all="ignore"):
            if own is not None:
                return own(*positional, **named)
            return _results(inner(*_plain(positional), **_plain(named)), name in ON_THE_HOST)

    call.__name__ = call.__qualname__ = name.rpartition(".")[2]
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _arguments(bound: inspect.BoundArguments) -> tuple[list[Any], dict[str, Any]]:
    """Those without a default by position, as NumPy may name them otherwise; of the others those that differ."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        p = bound.signature.parameters[name]
        if p.kind is p.VAR_POSITIONAL:
            positional += value
        elif p.kind is p.VAR_KEYWORD:
            named |= value
        elif p.default is p.empty:
            positional.append(value)
        elif value is not p.default:
            named[name] = value
    return positional, named


def _refuse_host_arrays(name: str, arguments: dict[str, Any]) -> None:
    """TypeError for an array of NumPy's anywhere but in the conversions."""
    if name in ("array", "asarray", "asnumpy") or name in ON_THE_HOST:
        return
    for value in arguments.values():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, np.ndarray):
                raise TypeError(f"{name}: Unsupported type {type(each)}")


def _plain(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(_plain(each) for each in x)
    if isinstance(x, dict):
        return {key: _plain(value) for key, value in x.items()}
    return unwrapped(x)


def _results(found: Any, on_the_host: bool) -> Any:
    if on_the_host:
        return found
    if isinstance(found, tuple):
        made = [_results(each, False) for each in found]
        return type(found)(*made) if hasattr(found, "_fields") else type(found)(made)
    if isinstance(found, list):
        return [_results(each, False) for each in found]
    return wrapped(found) if isinstance(found, (np.ndarray, np.generic, bool, int, float)) else found


# ---- where CuPy differs from NumPy ---------------------------------------------------------------------------------


def _asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False) -> Any:
    return core.array(a, dtype, copy=bool(copy), order=order or "K")


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None or y is None:
        if (x is None) is not (y is None):
            raise ValueError("Must provide both 'x' and 'y' or neither.")
        note("size")
        return tuple(wrapped(found) for found in np.nonzero(unwrapped(condition)))
    return SELECT(condition.astype("?", copy=False), x, y)


def _take(a: Any, indices: Any, axis: int | None = None, out: Any = None) -> Any:
    """Indices wrap around, and their dtype is cast."""
    host = unwrapped(a)
    size = host.size if axis is None else host.shape[axis]
    found = np.take(host, core.around(np.asarray(unwrapped(indices)).astype(np.int64), size), axis)
    return wrapped(found)


def _take_along_axis(a: Any, indices: Any, axis: int) -> Any:
    if indices.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    host = unwrapped(a)
    return wrapped(np.take_along_axis(host, core.around(unwrapped(indices), host.shape[axis]), axis))


def _concatenate(tup: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    arrays = list(tup)
    if any(not isinstance(a, ndarray) for a in arrays):
        raise TypeError("Only cupy arrays can be concatenated")
    return wrapped(np.concatenate(_plain(arrays), axis, dtype=dtype, casting=casting))


def _stack(tup: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    arrays = list(tup)
    if any(not isinstance(a, ndarray) for a in arrays):
        raise TypeError("Only cupy arrays can be stacked")
    return wrapped(np.stack(_plain(arrays), axis, dtype=dtype, casting=casting))


def _of_dtype(make: Callable[..., Any]) -> Callable[..., Any]:
    """A creation function that knows CuPy's dtypes, and takes no array for a size."""

    def call(shape: Any, *args: Any, **kwargs: Any) -> Any:
        if "dtype" in kwargs:
            core.checked_dtype(kwargs["dtype"])
        return wrapped(make(shape, *(unwrapped(a) for a in args), **kwargs))

    return call


def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    if isinstance(repeats, ndarray):
        note("size")
    return wrapped(np.repeat(unwrapped(a), unwrapped(repeats), axis))


def _argument_of(find: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        found = np.asarray(find(unwrapped(a), axis=axis, keepdims=keepdims))
        return wrapped(found if dtype is None else found.astype(dtype))

    return call


def _transform(name: str) -> Callable[..., Any]:
    """A transform of several axes: -1 is a size like others (docs/findings.md), and 0 axes give the array back."""
    inner = getattr(np.fft, name)

    def call(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        if s is not None and any(n < 1 for n in s):
            raise ValueError(f"Invalid number of FFT data points ({min(s)}) specified.")
        return wrapped(inner(unwrapped(a), s, axes, norm))

    return call


def _by_matrix(inner: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices that gives NaN for one that it cannot factor: CuPy does not wait to see that."""

    def call(a: Any, *more: Any) -> Any:
        host, rest = unwrapped(a), tuple(unwrapped(b) for b in more)
        try:
            return wrapped(inner(host, *rest))
        except np.linalg.LinAlgError:
            if host.ndim < 2 or host.shape[-1] != host.shape[-2]:
                raise
        eye = np.broadcast_to(np.eye(host.shape[-1], dtype=host.dtype), host.shape)
        good = np.array([_works(inner, m) for m in host.reshape(-1, *host.shape[-2:])]).reshape(host.shape[:-2])
        found = inner(np.where(good[..., None, None], host, eye), *rest)
        good = good[..., *([None] * (found.ndim - good.ndim))] if good.ndim else good
        return wrapped(np.where(good, found, np.nan).astype(found.dtype))

    return call


def _complex(inner: Callable[..., Any]) -> Callable[..., Any]:
    """Eigenvalues and vectors are complex also where NumPy sees that they are real."""

    def call(a: Any) -> Any:
        host = unwrapped(a)
        found = inner(host.astype(np.result_type(host, np.complex64)) if host.size else host)
        return _results(found, False)

    return call


def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """A step is cast to the dtype: OverflowError for a negative one among unsigned integers."""
    kind = None if dtype is None else core.checked_dtype(dtype)
    found = np.arange(start, stop, step, dtype=kind)
    if kind is not None and kind.kind in "iu" and found.size:
        kind.type(step)
    return wrapped(found)


def _linspace(start: Any, stop: Any, num: int = 50, **how: Any) -> Any:
    """The step is a Python float: TypeError for complex bounds."""
    if num > 1:
        for bound in (start, stop):
            float(bound)
    return wrapped(np.linspace(start, stop, num, **how))


def _meshgrid(*xi: Any, **how: Any) -> Any:
    if any(x.ndim != 1 for x in xi):
        raise ValueError("input has to be 1d")
    return tuple(wrapped(found) for found in np.meshgrid(*(unwrapped(x) for x in xi), **how))


def _solve(a: Any, b: Any) -> Any:
    if b.ndim == 1 and a.ndim > 2:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K)")
    return _by_matrix(np.linalg.solve)(a, b)


def _works(inner: Callable[..., Any], matrix: Any) -> bool:
    try:
        inner(matrix) if inner is not np.linalg.solve else np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


SELECT = ufunc("where", " ".join(f"?{t}{t}->{t}" for t in "?bBhHiIlLqQefdFD"), apart=1)

OWN: dict[str, Callable[..., Any]] = {
    "array": core.array,
    "asarray": _asarray,
    "asnumpy": core.asnumpy,
    "where": _where,
    "take": _take,
    "take_along_axis": _take_along_axis,
    "concatenate": _concatenate,
    "concat": _concatenate,
    "stack": _stack,
    "repeat": _repeat,
    "argmax": _argument_of(np.argmax),
    "argmin": _argument_of(np.argmin),
    **{name: _of_dtype(getattr(np, name)) for name in ("empty", "ones", "zeros", "full")},
    "arange": _arange,
    "linspace": _linspace,
    "meshgrid": _meshgrid,
    **{f"linalg.{name}": _complex(getattr(np.linalg, name)) for name in ("eig", "eigvals")},
    **{f"fft.{name}": _transform(name) for name in ("fftn", "ifftn", "rfftn", "irfftn")},
    **{f"linalg.{name}": _by_matrix(getattr(np.linalg, name)) for name in ("inv", "cholesky")},
    "linalg.solve": _solve,
}
