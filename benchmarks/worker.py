"""A side of a comparison in its own process, timed over a pipe.

Its memory and threads are then independent of what ran before, and Keras 3 has one backend per process.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import tempfile
import threading
import timeit
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from . import peers

__all__ = ["Served", "Worker"]


def _serve(pipe: Connection, make: Callable[[], Any], environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    call = make()
    timer = timeit.Timer(call)
    pipe.send(None)
    while (count := pipe.recv()) is not None:  # the number of calls to time; 0: call once and return the result
        pipe.send(timer.timeit(count) if count else np.asarray(call()))


class Worker:
    """The result of `make()` in a new process, called and timed from here; results arrive as NumPy arrays."""

    def __init__(self, make: Callable[[], Any], environment: Mapping[str, str] | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, make, environment or {}), daemon=True)
        self._process.start()
        other.close()
        self._ready = False

    def _ask(self, number: int) -> Any:
        if not self._ready:
            self._told()
            self._ready = True
        self._pipe.send(number)
        return self._told()

    def _told(self) -> Any:
        try:
            return self._pipe.recv()
        except EOFError:
            raise RuntimeError("a worker ended; what it printed says why") from None

    def __call__(self) -> Any:
        return self._ask(0)

    def timeit(self, number: int) -> float:
        """The seconds that this many calls take in the worker."""
        return self._ask(number)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


class Served:
    """A program that prints a line when it is ready, then for each line that it reads a number of seconds.

    With `limit` it is ended when an answer takes longer than that, in seconds. Its warnings go to a file: a pipe that
    nobody reads would stop it when it is full.
    """

    def __init__(self, python: str, module: str, *arguments: str, limit: float | None = None) -> None:
        self._limit = limit
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - the process has it until `close`
        environment = {**os.environ, **dict.fromkeys(peers.VARIABLES, str(peers.threads()))}
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        ending = threading.Timer(self._limit, self._process.kill) if self._limit else None
        if ending is not None:
            ending.start()
        line = self._process.stdout.readline()
        if ending is not None:
            ending.cancel()
        if not line:
            self._process.communicate()
            self._errors.seek(0)
            late = f"it gave no answer within {self._limit} s, or " if self._limit else ""
            raise RuntimeError(f"a side ended: {late}{self._errors.read()[-2000:]}")
        return line

    def asked(self, question: str = "") -> float:
        """The next number of seconds; of what, where a side serves several things."""
        return float(self.answer(question))

    def answer(self, question: str = "") -> str:
        """The line that it prints for the line that it gets."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        return self.line()

    def close(self) -> None:
        """Wait for its end."""
        self._process.communicate()
        self._errors.close()
