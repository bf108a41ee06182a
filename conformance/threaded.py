"""Calls from two threads at once: each gets what one thread alone gets."""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
from collections.abc import Iterator
from typing import Any

import backend as K

from .agreement import agreement, bits
from .examples import Example
from .failures import Failure
from .functions import applied
from .operations import Namespace, called, evaluated, flat, owning

__all__ = ["threaded"]

SWITCH = 1e-6  # seconds between the switches of threads, 5e-3 by default: short calls are interrupted, too
CALLS = {"standard": 10, "k": 4}  # of each of two threads


@contextlib.contextmanager
def _switching() -> Iterator[None]:
    """Within the block, threads take turns so often that they interrupt even short calls."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


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

    def work(which: int) -> None:
        try:
            for _ in range(CALLS[given[which][0].case.group]):
                found[which].append(_run(on, *given[which]))
        except BaseException as error:  # noqa: BLE001 - reported from the first thread
            errors.append(error)

    workers = [threading.Thread(target=contextvars.copy_context().run, args=(work, i)) for i in range(len(given))]
    with _switching():
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    if errors:
        raise Failure("threads", f"called from two threads: {type(errors[0]).__name__}: {errors[0]}") from errors[0]
    return found


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
