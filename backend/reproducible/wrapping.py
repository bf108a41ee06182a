"""From functions of the library below to those of the mode: arrays unwrapped, promoted, and wrapped again."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import namespace_of
from ..arrays.quiet import ERRORS, IGNORED
from .arrays import ReproducibleArray, mixed
from .bases import Base

__all__ = ["Wrapping"]

_PLAIN = frozenset([int, float, bool, str, complex, type(None), slice])


class Wrapping:
    """The arrays of one namespace, and makers of its functions."""

    def __init__(self, base: Base, cls: type[ReproducibleArray]) -> None:
        self.base = base
        self.cls = cls
        self.close = cls.wrapped
        self._closes = _closer(cls)

    def open(self, x: Any) -> Any:
        """The library's array, number or other argument; TypeError for an array of another namespace."""
        kind = type(x)
        if kind is self.cls:
            return x.native
        if kind in _PLAIN:
            return x
        if isinstance(x, (list, tuple)):
            return type(x)(map(self.open, x)) if kind in (list, tuple) else x
        if isinstance(x, np.generic):
            return x.item()
        if not isinstance(x, numbers.Number) and (xp := namespace_of(x)) is not None and hasattr(x, "shape"):
            raise mixed(self.cls(None), xp)
        return x

    def number(self, value: Any, like: Any) -> Any:
        """A number as a 0-d array like another one."""
        return self.base.xp.asarray(value, dtype=like.dtype, device=getattr(like, "device", None))

    def created(self, values: np.ndarray, dtype: Any, device: Any) -> Any:
        """Values of the host, rounded to a dtype, float32 by default, on a device."""
        xp = self.base.xp
        dtype = xp.float32 if dtype is None else dtype
        name = dtype_name(dtype)
        with np.errstate(over="ignore"):
            values = values.astype(np.float32) if name == "float16" else values
            values = values.astype(name)
        return self.close(xp.asarray(values, dtype=dtype, device=device))

    def delegated(self, name: str, function: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """The library's function, as it is."""
        run = function or _attribute(self.base.xp, name)
        cls, closes, open_ = self.cls, self._closes, self.open

        def call(*args: Any, **kwargs: Any) -> Any:
            values = [a.native if type(a) is cls else open_(a) for a in args]
            if kwargs:
                kwargs = {k: open_(v) for k, v in kwargs.items()}
            return closes(run(*values, **kwargs))

        return _named(call, name)

    def shaped(self, name: str) -> Callable[..., Any]:
        """The library's function of one array and Python values, as it is: half the cost of `delegated`, 2 us."""
        run, cls, close, open_ = _attribute(self.base.xp, name), self.cls, self.close, self.open

        def call(x: Any, /, *args: Any, **kwargs: Any) -> Any:
            return close(run(x.native if type(x) is cls else open_(x), *args, **kwargs))

        return _named(call, name)

    def unary(self, name: str, function: Callable[[Any], Any] | None = None) -> Callable[..., Any]:
        """A function of one array."""
        run, cls, close, open_ = function or _attribute(self.base.xp, name), self.cls, self.close, self.open

        def call(x: Any, /) -> Any:
            return close(run(x.native if type(x) is cls else open_(x)))

        return _named(call, name)

    def binary(self, name: str, function: Callable[[Any, Any], Any] | None = None) -> Callable[..., Any]:
        """A function of two arrays, or of an array and a number, which takes the array's dtype."""
        run, cls, close = function or _attribute(self.base.xp, name), self.cls, self.close
        open_, number = self.open, self.base.number

        def call(x1: Any, x2: Any, /) -> Any:
            if type(x1) is cls:
                if type(x2) is cls:
                    return close(run(x1.native, x2.native))
                return close(run(x1.native, number(open_(x2), x1.dtype)))
            return close(run(number(open_(x1), x2.dtype), open_(x2)))

        return _named(call, name)

    def rounded(
        self, name: str, single: Callable[..., Any], double: Callable[..., Any], keywords: bool = False
    ) -> Callable[..., Any]:
        """A function of float arrays: `single` for float32 of the library, `double` for float64 on the host.

        float16 is computed in float32 and rounded again.
        """
        base, close, open_ = self.base, self.close, self.open

        def call(*args: Any, **kwargs: Any) -> Any:
            values = [open_(a) for a in args]
            like = next((v for v in values if hasattr(v, "dtype")), None)
            if like is None:
                raise TypeError(f"{name}: got {type(args[0]).__name__}, expected an array of the reproducible mode")
            values = [v if hasattr(v, "dtype") else self.number(v, like) for v in values]
            if len(values) == 2 and values[0].dtype != values[1].dtype:
                values = self.promoted(name, values)
            dtype = values[0].dtype
            token = ERRORS.set(IGNORED)
            try:
                if dtype == base.float32:
                    return close(single(*values, **kwargs))
                if dtype == base.float64:
                    found = double(*map(base.host, values), **kwargs)
                    return close(base.from_host(np.asarray(found), values[0]))
                if base.float16 is not None and dtype == base.float16:
                    found = single(*(base.cast(v, base.float32) for v in values), **kwargs)
                    return close(base.cast(found, base.float16))
            finally:
                ERRORS.reset(token)
            raise self.unfit(name, dtype)

        return _named(call, name)

    def promoted(self, name: str, values: list[Any]) -> list[Any]:
        """Two float arrays in the wider of their dtypes."""
        sizes = {"float16": 16, "float32": 32, "float64": 64}
        names = [dtype_name(v.dtype) for v in values]
        if not all(n in sizes for n in names):
            raise self.unfit(name, next(v.dtype for v, n in zip(values, names, strict=True) if n not in sizes))
        wide = max(names, key=sizes.__getitem__)
        return [self.base.cast(v, getattr(self.base, wide)) for v in values]

    def unfit(self, name: str, dtype: Any) -> Exception:
        """The error for a dtype that a function does not take here."""
        found = dtype_name(dtype)
        if found.startswith("complex") or found == "bfloat16":
            return NotImplementedError(f"{name}: the reproducible mode has no definition of it for {found}")
        return TypeError(f"{name}: got dtype {found}, expected a floating dtype")


def _attribute(xp: Any, name: str) -> Any:
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


def _closer(cls: type[ReproducibleArray]) -> Callable[[Any], Any]:
    """What wraps the results of a function of the library: arrays, in tuples and lists too."""
    wrap = cls.wrapped

    def closes(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            made = [closes(v) for v in value]
            return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
        if (isinstance(value, (bool, int, float, str)) or value is None) and not isinstance(value, np.generic):
            return value
        return wrap(value) if hasattr(value, "dtype") and hasattr(value, "shape") else value

    return closes


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = f"The standard's `{name}`."
    return function
