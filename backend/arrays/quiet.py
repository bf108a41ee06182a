"""NumPy's floating-point warnings, off within an operation: its edge values are specified, so they are no surprise."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

__all__ = ["ERRORS", "IGNORED", "quiet"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _setting() -> tuple[contextvars.ContextVar[Any], Any]:
    """The context variable that np.errstate sets, and what it sets it to: to set it takes 0.1 us, errstate 0.8."""
    before = contextvars.copy_context()
    with np.errstate(all="ignore"):
        within = contextvars.copy_context()
    return next((variable, value) for variable, value in within.items() if before.get(variable) is not value)


ERRORS, IGNORED = _setting()


def quiet(function: Function) -> Function:
    """The same function, whose calls give no floating-point warnings of NumPy's, whatever np.errstate is in force."""
    ignore, restore = ERRORS.set, ERRORS.reset

    @functools.wraps(function)
    def operation(*args: Any, **kwargs: Any) -> Any:
        token = ignore(IGNORED)
        try:
            return function(*args, **kwargs)
        finally:
            restore(token)

    return cast(Function, operation)
