"""CuPy's elementwise functions: which loop a call takes, what it refuses, and NumPy's arithmetic in that loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .core import PYTHON_NUMBERS, ndarray, unwrapped, wrapped

__all__ = ["ufunc"]

UNKNOWN = "E"  # bfloat16, which NumPy lacks


def _remainder(x: Any, y: Any) -> Any:
    """CuPy's formula for floats, whose edge values differ from NumPy's: nan for an infinite divisor."""
    found = np.remainder(x, y)
    return np.where(np.isinf(y), x - np.floor(x / y) * y, found) if found.dtype.kind == "f" else found


def _floor_divide(x: Any, y: Any) -> Any:
    return np.floor(x / y) if np.result_type(x, y).kind == "f" else np.floor_divide(x, y)


OWN: dict[str, Callable[..., Any]] = {
    "remainder": _remainder,
    "floor_divide": _floor_divide,
    "ceil": lambda x: x if x.dtype.kind == "b" else np.ceil(x),
    "floor": lambda x: x if x.dtype.kind == "b" else np.floor(x),
    "trunc": lambda x: x if x.dtype.kind == "b" else np.trunc(x),
    "negative": lambda x: x if x.dtype.kind == "b" else np.negative(x),
    "positive": lambda x: x,
}


class ufunc:  # noqa: N801 - CuPy's name
    """An elementwise function with the loops of CuPy's."""

    def __init__(self, name: str, types: str, apart: int = 0) -> None:
        self.__name__ = name
        self._apart = apart  # leading arguments whose dtypes have no part in the choice: the condition of `where`
        self.types = [loop for loop in types.split() if UNKNOWN not in loop]
        self.nin = len(self.types[0].partition("->")[0])
        self.nout = len(self.types[0].partition("->")[2])
        self._function = OWN.get(name) or getattr(np, name)

    def __repr__(self) -> str:
        return f"<ufunc 'cupy_{self.__name__}'>"

    def __call__(
        self, *args: Any, out: Any = None, where: Any = None, dtype: Any = None, casting: str = "same_kind"
    ) -> Any:
        if len(args) not in (self.nin, self.nin + self.nout):
            raise TypeError(f"Wrong number of arguments for {self!r}: {len(args)}")
        if where is not None:
            raise NotImplementedError(f"{self!r}: the stand-in has no where=")
        if len(args) > self.nin:
            args, out = args[: self.nin], args[self.nin]
        for arg in args:
            if not isinstance(arg, (ndarray, np.generic, *PYTHON_NUMBERS)):
                raise TypeError(f"Unsupported type {type(arg)}")
        inputs, results = self._loop(args, dtype)
        with np.errstate(all="ignore"):
            values = [_cast(arg, code) for arg, code in zip(args, inputs, strict=True)]
            found = self._function(*values)
            found = found if isinstance(found, tuple) else (found,)
            found = tuple(np.asarray(f).astype(code, copy=False) for f, code in zip(found, results, strict=True))
        if out is not None:
            return _written(out[0] if isinstance(out, tuple) else out, found[0], casting)
        made = tuple(wrapped(f.copy() if any(f is v for v in values) else f) for f in found)
        return made[0] if self.nout == 1 else made

    def _loop(self, args: tuple[Any, ...], dtype: Any) -> tuple[str, str]:
        """The first loop that the arguments' dtypes can be cast to; a Python number takes any of its kind."""
        if dtype is not None:
            code = np.dtype(dtype).char
            for loop in self.types:
                inputs, _, results = loop.partition("->")
                if results == code * len(results):
                    return inputs, results
        numbers = [arg for arg in args[self._apart :] if type(arg) in PYTHON_NUMBERS]
        typed = [arg.dtype for arg in args[self._apart :] if type(arg) not in PYTHON_NUMBERS]
        common = np.result_type(*typed, *numbers)
        for loop in self.types:
            inputs, _, results = loop.partition("->")
            chosen = inputs[self._apart :]
            if len(set(chosen)) == 1:
                fits = np.can_cast(common, chosen[0])
            else:  # int64 beside uint64
                fits = not numbers and all(np.can_cast(t, code) for t, code in zip(typed, chosen, strict=True))
            if fits:
                return inputs, results
        raise TypeError(f"Wrong type ({', '.join(str(t) for t in typed)}) of arguments for {self.__name__}")


def _cast(arg: Any, code: str) -> Any:
    if type(arg) in PYTHON_NUMBERS:
        return np.asarray(arg, dtype=code)  # OverflowError for an integer that the dtype cannot hold
    return np.asarray(unwrapped(arg)).astype(code, copy=False)


def _written(out: ndarray, found: Any, casting: str) -> ndarray:
    """The result in the array that is given for it."""
    if not np.can_cast(found.dtype, out.dtype, casting):
        raise TypeError(f"output (typecode '{found.dtype.char}') could not be coerced to '{out.dtype.char}'")
    if found.shape != out.shape and np.broadcast_shapes(found.shape, out.shape) != out.shape:
        raise ValueError(f"Out shape is mismatched: {out.shape} and {found.shape}")
    unwrapped(out)[...] = found
    return out
