"""Questions about values while a library's compiler traces a program: its run answers them, or it is refused."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from . import namespaces

__all__ = ["Check", "ValuesNeededError", "can_ask", "collected_checks", "is_collecting", "is_concrete", "refuse"]

Check = tuple[Any, Callable[[], Exception]]  # a 0-d boolean array that is true where the error is due
_collected: contextvars.ContextVar[list[Check] | None] = contextvars.ContextVar("checks", default=None)


class ValuesNeededError(Exception):
    """A program cannot be traced: what it does depends on values."""


@contextlib.contextmanager
def collected_checks() -> Iterator[list[Check]]:
    """Within the block, which traces a program of ours, checks of values are collected for its run."""
    checks: list[Check] = []
    token = _collected.set(checks)
    try:
        yield checks
    finally:
        _collected.reset(token)


def is_collecting() -> bool:
    """Whether a program of ours is being traced here."""
    return _collected.get() is not None


def _is_traced(x: Any) -> bool:
    """Whether x stands for an array in the trace of a program of ours; the library first, as torch traces this, too."""
    return namespaces.is_traced_by_jax(x) and _collected.get() is not None


def is_concrete(x: Any) -> bool:
    """Whether x has values now; ValuesNeededError in the trace of a program of ours, which then runs call by call."""
    if _is_traced(x):
        raise ValuesNeededError("what an operation does depends on the values of an array")
    return namespaces.is_concrete(x)


def can_ask(x: Any) -> bool:
    """Whether `refuse` can check the values of x: it has some, or will have when the program runs."""
    return _is_traced(x) or namespaces.is_concrete(x)


def refuse(wrong: Any, error: Callable[[], Exception]) -> None:
    """Raise the error where a 0-d boolean array is true: now, or when the program runs that is traced here."""
    if _is_traced(wrong):
        checks = _collected.get()
        assert checks is not None
        checks.append((wrong, error))
    elif bool(wrong):
        raise error()
