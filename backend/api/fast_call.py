"""A call like the last one: what a compiled function needs to know to run with no other preparation."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import config
from ..arrays.backends import Backend
from ..arrays.namespaces import describe, device_of, is_array, namespace_of, transforming, writable
from ..arrays.registry import NAMESPACE_OF_TYPE
from ..compiler.executable import Executable

__all__ = ["FastCall", "fast_call"]

Shape = tuple[int | None, ...]
_ON_HOST = operator.attrgetter("shape", "dtype")
_ON_DEVICE = operator.attrgetter("shape", "dtype", "device")
_OF_TORCH = operator.attrgetter("shape", "dtype", "device", "requires_grad")  # which tell whether results are recorded


class FastCall:
    """Arrays of one library, of these dtypes and shapes, on one device.

    Between calls of a net this code has left the processor's caches, where each line takes two to three times as long:
    what is known of the arrays is read and compared in two calls.
    """

    def __init__(
        self, backend: Backend, program: Callable[..., Any], values: Sequence[Any], shapes: Sequence[Shape]
    ) -> None:
        self.backend, self.program = backend, program
        self.kind: Any = type(values[0])
        self._kernels = config.setting("kernels")
        self._kinds = [self.kind] * len(values)
        self._shapes = shapes
        self._writes = writable(*values)  # whether the program may write over its own arrays
        self._of_torch = describe(backend.xp) == "torch"
        self._facts = _ON_HOST if self.kind is np.ndarray else _OF_TORCH if self._of_torch else _ON_DEVICE
        self.seen: object = None  # `Variable.moved` when all variables were on the backend
        self._met = [*map(self._facts, values)]  # the facts of the last call

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether a call with these values needs no other preparation than the last one."""
        kind = self.kind
        if config.setting("kernels") is not self._kernels or [*map(type, values)] != self._kinds:
            return False
        if kind is not np.ndarray and NAMESPACE_OF_TYPE.get(kind) is not self.backend.xp:
            return False
        if self._of_torch:
            if transforming():
                return False
        elif kind is not np.ndarray and writable(*values) is not self._writes:
            return False
        facts = [*map(self._facts, values)]
        if facts == self._met:
            return True
        for (found, *others), (_, *expected), shape in zip(facts, self._met, self._shapes, strict=True):
            if others != expected or len(found) != len(shape):
                return False
            if any(n != m for n, m in zip(shape, found, strict=True) if n is not None):
                return False
        self._met = facts
        return True


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
        if describe(backend.xp) == "torch" and transforming():
            return None
    program = executable.kept(backend, writable(*values))
    return None if program is None else FastCall(backend, program, values, shapes)
