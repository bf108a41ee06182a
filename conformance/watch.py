"""What this process is trying, noted where the process that watches it can read it after a crash or during a hang.

A worker writes each example into shared memory before it tries it. Outside a worker nothing is noted.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import NamedTuple

from .errors import ToolError

__all__ = ["SIZE", "Noted", "Slot", "isolated", "resting", "trying", "turn", "users_interrupt", "watched_through"]

SIZE = 4096
REST = 60.0  # seconds between two examples, in which the tool draws, shrinks and describes: 2 on a busy machine
_HEAD = struct.Struct("<QdII")  # steps so far, the time limit of this one, steps of this turn, bytes of text
_PROGRESS = struct.Struct("<Qd")  # the first two of these


class Noted(NamedTuple):
    """What a worker noted last: it has made progress where `steps` changed."""

    steps: int
    limit: float  # seconds that this may take; 0 if the worker did not say
    step: int  # within the turn, from 1; 0 before the first
    label: str  # the turn: what is checked
    text: str  # the example


class Slot:
    """Memory shared by a worker, which writes, and the process that watches it, which reads."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), SIZE)
        self._steps = self._step = 0
        self._limit = self._rest = 0.0
        self._label = b""

    def turn(self, label: str, limit: float, rest: float) -> None:
        """Begin something new, each step of which may take `limit` seconds, and what lies between them `rest`."""
        self._label, self._limit, self._rest = label.encode("utf-8", "backslashreplace") + b"\0", limit, rest
        self._step = 0
        self._write(b"", rest)

    def step(self, text: str) -> None:
        """Begin a step."""
        self._step += 1
        self._write(text[: SIZE // 4].encode("utf-8", "backslashreplace"), self._limit)

    def rest(self) -> None:
        """The step is done; its text stays, because what follows may be about it."""
        self._steps += 1
        self._memory[:16] = _PROGRESS.pack(self._steps, self._rest)

    def _write(self, text: bytes, limit: float) -> None:
        self._steps += 1
        body = (self._label + text)[: SIZE - _HEAD.size]
        self._memory[_HEAD.size : _HEAD.size + len(body)] = body
        self._memory[: _HEAD.size] = _HEAD.pack(self._steps, limit, self._step, len(body))

    def read(self) -> Noted:
        """What the worker noted last."""
        steps, limit, step, size = _HEAD.unpack(self._memory[: _HEAD.size])
        body = self._memory[_HEAD.size : _HEAD.size + min(size, SIZE - _HEAD.size)]
        label, _, text = body.partition(b"\0")
        return Noted(steps, limit, step, label.decode("utf-8", "replace"), text.decode("utf-8", "replace"))

    def close(self) -> None:
        """Release the memory."""
        self._memory.close()


_slot: Slot | None = None
_process = 0  # the worker's id


def watched_through(slot: Slot) -> None:
    """Make this process a worker, which notes in the slot what it tries."""
    global _slot, _process
    _slot, _process = slot, os.getpid()


def isolated() -> bool:
    """Whether this process is a worker."""
    return _slot is not None


def turn(label: str, limit: float, rest: float = REST) -> None:
    """Note what is checked next, how long each of its examples may take, and how long what lies between them."""
    if _slot is not None:
        _slot.turn(label, limit, rest)


def trying(text: str) -> None:
    """Note the example that is tried next. A copy of the worker that a library has forked ends here."""
    if _slot is not None:
        if os.getpid() != _process:
            os._exit(0)
        _slot.step(text)


def resting() -> None:
    """Note that the example has been tried."""
    if _slot is not None:
        _slot.rest()


def users_interrupt(error: BaseException) -> bool:
    """Whether an exception does not come from what is tested: a mistake of ours, or Ctrl-C, which workers never see."""
    return isinstance(error, ToolError) or (isinstance(error, KeyboardInterrupt) and not isolated())
