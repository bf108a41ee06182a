"""Invalid calls: each gives an error of the class that the case states, eager and recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from backend.arrays.namespaces import is_array

from ..examples import Example
from ..judging.failures import Failure
from ..reading import UnreadableError, host
from ..subjects.operations import Namespace, compiled, eager, placeholders, symbolic

__all__ = ["errors"]


def errors(on: Namespace, example: Example) -> float | None:
    """A mistake gives the same class of error everywhere and again, eager and recorded, with the operation's name."""
    wanted = next(error for error, call in example.case.errors if call is example.call)
    _refused("eagerly", wanted, example, lambda: eager(on, example))
    _refused("the second time", wanted, example, lambda: eager(on, example))

    if example.case.group == "standard":
        return 0.0

    def as_graph() -> list[Any]:
        inputs = placeholders(example)
        return compiled(on, inputs, symbolic(example, inputs), on.arrays(example))

    _refused("as a graph", wanted, example, as_graph)
    return 0.0


def _refused(how: str, wanted: type[BaseException], example: Example, run: Callable[[], list[Any]]) -> None:
    try:
        result = run()
        for each in result:  # a lazy library finds the mistake when it computes
            if is_array(each):
                with contextlib.suppress(UnreadableError):  # of the tool, not of the library
                    host(each)
    except Exception as error:
        if not isinstance(error, wanted):
            raise Failure(
                "error class",
                f"{how}: {type(error).__name__}: {error}; expected {wanted.__name__}",
                wanted.__name__,
                type(error).__name__,
            ) from error
        if example.case.group == "k" and example.case.name not in str(error):
            raise Failure(
                "error message",
                f"{how}: the message does not name the operation: {error}",
                example.case.name,
                str(error),
            ) from error
        return
    raise Failure("no error", f"{how}: no error, expected {wanted.__name__}", wanted.__name__, result)
