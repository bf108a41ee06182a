"""Recursion without Python's stack, for bodies within bodies: a task yields the tasks it needs, and gets their results.

Loops and branches may be nested as deep as a user's functions are, a few hundred levels, and a walk that takes several
calls a level would meet Python's recursion limit first.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

__all__ = ["Task", "finished"]

Task = Generator[Any, Any, Any]  # it yields tasks, and returns its result


def finished(task: Task) -> Any:
    """The result of a task, once all that it needs has been done."""
    stack, result = [task], None
    while stack:
        try:
            needed = stack[-1].send(result)
        except StopIteration as stop:
            stack.pop()
            result = stop.value
        else:
            stack.append(needed)
            result = None
    return result
