"""A side of a comparison in a process of its own, timed over a pipe: Keras 3 has one backend per process."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import timeit
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Worker"]


def _serve(pipe: Connection, environment: Mapping[str, str], module: str, function: str, arguments: Any) -> None:
    os.environ.update(environment)
    call = getattr(importlib.import_module(module), function)(*arguments)
    timer = timeit.Timer(call)
    pipe.send(None)
    while (asked := pipe.recv()) is not None:  # a number of calls to time, 0 for a call and what it returns
        pipe.send(timer.timeit(asked) if asked else call())


class Worker:
    """What `module.function(*arguments)` returns in a fresh process, to call and to time from here."""

    def __init__(self, module: str, function: str, *arguments: Any, **environment: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, environment, module, function, arguments),
                                        daemon=True)
        self._process.start()
        other.close()
        self._told()

    def _told(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise RuntimeError("the worker ended; what it printed says why") from None

    def __call__(self) -> Any:
        return self._ask(0)

    def timeit(self, number: int) -> float:
        """The seconds so many calls take over there."""
        return self._ask(number)

    def _ask(self, number: int) -> Any:
        self._pipe.send(number)
        return self._told()

    def close(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join()
