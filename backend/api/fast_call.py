"""A call like the last one: what a compiled function needs to know to run with no other preparation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays.backends import Backend, quietly
from ..arrays.namespaces import device_of, is_array, namespace_of, writable
from ..arrays.registry import NAMESPACE_OF_TYPE
from ..compiler.executable import Executable
from ..kernels.lookup import kernels_enabled

__all__ = ["FastCall", "fast_call"]

Shape = tuple[int | None, ...]


class FastCall(NamedTuple):
    """Arrays of one library, of these dtypes and shapes, on one device."""

    backend: Backend
    kernels: bool
    kind: Any
    dtypes: list[Any]
    shapes: list[Shape]
    writes: bool  # whether the program may write over its own arrays, as it may not where a library records
    program: Callable[..., Any]
    run: Callable[..., Any]  # run(f, *values) is f(*values), without NumPy's warnings where these are NumPy arrays

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether a call with these values needs no other preparation than the last one."""
        kind = self.kind
        if len(values) != len(self.shapes) or kernels_enabled() is not self.kernels:
            return False
        for value, dtype, shape in zip(values, self.dtypes, self.shapes, strict=True):
            if type(value) is not kind or (value.dtype is not dtype and value.dtype != dtype):
                return False
            found = value.shape
            if found != shape and (
                len(found) != len(shape) or any(n != m for n, m in zip(shape, found, strict=True) if n is not None)
            ):
                return False
        if kind is np.ndarray:
            return True
        if NAMESPACE_OF_TYPE.get(kind) is not self.backend.xp or writable(*values) is not self.writes:
            return False
        device = self.backend.device
        return all(value.device == device for value in values)


def _plainly(function: Callable[..., Any], *values: Any) -> Any:
    return function(*values)


def fast_call(backend: Backend, executable: Executable, values: Sequence[Any], shapes: list[Shape]) -> FastCall | None:
    """What a call with values like these, which have just run as they are, needs; None where it needs more."""
    if not values or not all(is_array(v) for v in values):
        return None
    kind: Any = type(values[0])
    if any(type(v) is not kind or namespace_of(v) is not backend.xp for v in values):
        return None
    if kind is not np.ndarray:
        same = all(device_of(v) is not None and device_of(v) == backend.device for v in values)
        if not same or NAMESPACE_OF_TYPE.get(kind) is not backend.xp or backend.quiet is not contextlib.nullcontext:
            return None
    writes = writable(*values)
    program = executable.kept(backend, writes)
    if program is None:
        return None
    run = quietly if kind is np.ndarray else _plainly
    return FastCall(backend, kernels_enabled(), kind, [v.dtype for v in values], shapes, writes, program, run)
