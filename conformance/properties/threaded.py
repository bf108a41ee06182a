"""Calls from two threads at once: each gets what one thread alone gets."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import sys
import threading
from collections.abc import Iterator
from typing import Any

import backend as K

from ..examples import Example
from ..judging.failures import Failure
from ..subjects.functions import applied
from ..subjects.operations import Namespace, called, evaluated, flat, owning
from .agreement import agreement, bits

__all__ = ["threaded"]

IN_TURNS, AT_ONCE = 2, 3  # calls of each thread: line by line in turns, and as the system schedules them
HANDOVERS = 200  # at most
PATIENCE = 0.02  # seconds


def threaded(on: Namespace, example: Example, other: Example) -> None:
    """Two threads that call with arguments of their own get what one thread gets."""
    with K.use_backend(on.backend), on.backend.quiet(), owning(on.backend):
        given = [(e, on.arrays(e)) for e in (example, other)]
        try:
            alone = [bits(_run(on, e, arrays)) for e, arrays in given]
        except Exception:  # noqa: BLE001 - other values may be no arguments
            return
        found = _together(on, given)
    for (e, _), usual, several in zip(given, alone, found, strict=True):
        for results in several:
            if bits(results) != usual:
                _blame(on, e, results)


def _together(on: Namespace, given: list[tuple[Example, list[Any]]]) -> list[list[list[Any]]]:
    """The results of all calls of each thread, kept until every call has run."""
    found: list[list[list[Any]]] = [[] for _ in given]
    errors: list[BaseException] = []
    turns = _Turns()

    def work(which: int) -> None:
        try:
            with turns.taken(which):
                found[which] += [_run(on, *given[which]) for _ in range(IN_TURNS)]
            found[which] += [_run(on, *given[which]) for _ in range(AT_ONCE)]
        except BaseException as error:  # noqa: BLE001 - reported from the first thread
            errors.append(error)

    workers = [threading.Thread(target=contextvars.copy_context().run, args=(work, i)) for i in range(len(given))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise Failure("threads", f"called from two threads: {type(errors[0]).__name__}: {errors[0]}") from errors[0]
    return found


class _Turns:
    """Two threads that take turns at each line of the library's Python code, so that each sees the other half done."""

    def __init__(self) -> None:
        self.go = (threading.Semaphore(0), threading.Semaphore(0))
        self.left = HANDOVERS
        self.done = [False, False]

    @contextlib.contextmanager
    def taken(self, which: int) -> Iterator[None]:
        """Within the block, this thread waits for the other one at each line."""
        before = sys.gettrace()
        sys.settrace(functools.partial(self._enter, which))
        try:
            yield
        finally:
            sys.settrace(before)
            self.done[which] = True
            self.go[1 - which].release()

    def _enter(self, which: int, frame: Any, event: str, arg: Any) -> Any:
        ours = str(frame.f_globals.get("__name__", "")).startswith("conformance.")
        return None if ours else functools.partial(self._line, which)

    def _line(self, which: int, frame: Any, event: str, arg: Any) -> Any:
        if event == "line" and self.left > 0 and not self.done[1 - which]:
            self.left -= 1
            self.go[1 - which].release()
            if not self.go[which].acquire(timeout=PATIENCE):  # it may wait for a lock that this thread holds
                self.left -= HANDOVERS // 4
        return functools.partial(self._line, which)


def _run(on: Namespace, example: Example, arrays: list[Any]) -> list[Any]:
    """The results of the operation, for a caller that has bound the backend."""
    call = example.filled(arrays)
    if example.case.group == "standard":
        return applied(on.backend, example.case, call)
    return evaluated(on.backend, flat(called(example.case)(*call.args, **call.kwargs)))


def _blame(on: Namespace, example: Example, results: list[Any]) -> None:
    """Other bits are a fault if they are out of bounds: memory that lies elsewhere may change the last digits."""
    try:
        agreement(on, example, results)
    except Failure as failure:
        failure.kind, failure.message = "threads", f"called from two threads: {failure.message}"
        failure.args = (failure.message,)
        raise
