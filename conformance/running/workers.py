"""Worker processes: each operation runs in one, so that a crash or a hang costs one verdict and nothing else.

The run hands out one operation at a time. A worker notes each example in shared memory before it tries it, and sends
each verdict as soon as it has it. Where it dies, or makes no progress for longer than one example may take, the run
starts another one, which goes on with the rest of the operation. The workers are interpreters of their own, started
afresh: forks would share what the calling process has loaded, and its threads.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..printable import printable
from ..verdict import NamespaceFacts, Verdict
from ..watch import SIZE, Noted, Slot

if TYPE_CHECKING:
    from ..judging.xfails import Entry

__all__ = ["HEAD", "SEPARATOR", "Death", "Key", "Loss", "Request", "Target", "Worker", "begin_early", "room"]

HEAD = struct.Struct("<I")  # the length of a message, which is pickled
SEPARATOR = "\x1f"  # between the parts of a label: the place of the namespace, the kind of check, the variant
Key = tuple[str, str, str]  # what has a verdict: (namespace, kind of check, variant)
TAIL = 4000  # bytes kept of what a worker writes to stderr
# One thread each, where the environment does not say otherwise: arrays are small, workers run side by side, and threads
# that wait for work spin. A run over numpy and torch took 391 s on two cores, with one thread each 138.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GRACE = 1.0  # seconds in which the last messages of a dead worker arrive
_BOOT = (
    "import sys; parent, slot, *sys.path = sys.argv[1:]; sys.argv = ['conformance']; "
    "from conformance.running.worker import serve; serve(slot, int(parent))"
)


class Target(NamedTuple):
    """What a run knows of a namespace: plain data, because only workers import it."""

    name: str
    listed: str  # the library whose expected failures are its own
    place: str
    facts: NamespaceFacts
    known: dict[str, Entry]  # the expected failures
    own: dict[str, Entry]  # those of its device's own file, where it is rewritten
    judged: frozenset[tuple[str, str]]  # the operations that apply to it
    apart: str  # why others do not
    compiles: bool


class Loss(NamedTuple):
    """A process that was lost, and what it was trying."""

    status: str  # 'crashed' or 'timed out'
    reason: str
    example: str = ""  # the call in one line
    step: int = 0  # which example of its kind, from 1
    seconds: float = 0.0
    script: bool = True  # whether to write one: a process may be lost by that, too


class Request(NamedTuple):
    """One operation to try."""

    case: tuple[str, str]  # group and name
    until: float | None
    finished: dict[Key, Verdict]
    losses: dict[Key, Loss]
    skipped: frozenset[str]  # namespaces that are done with it
    suspected: frozenset[str]  # namespaces on which it may hang


class Death(NamedTuple):
    """How a worker ended, and what it was doing."""

    status: str  # 'crashed' or 'timed out'
    how: str
    words: str  # the last that it wrote to stderr
    noted: Noted
    seconds: float

    def told(self, where: str = "") -> str:
        """How it ended and its last words."""
        return ": ".join(filter(None, [self.how + where, self.words]))


class Worker:
    """A process and the threads that read from it; `events` receives (worker, message), with None at its end."""

    def __init__(self, events: queue.Queue[tuple[Worker, Any]]) -> None:
        handle, name = tempfile.mkstemp(prefix="conformance-")
        os.ftruncate(handle, SIZE)
        os.close(handle)
        self._file = Path(name)
        self._slot = Slot(self._file)
        self.opened = False
        self.ended = False
        self._tail = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(os.getpid()), name, *map(str, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict.fromkeys(_THREADS, "1") | os.environ,
            start_new_session=True,  # Ctrl-C is for the run, which ends its workers
        )
        self._events = events
        self._seen, self._since, self._dead_since = 0, time.monotonic(), 0.0
        self._threads = [threading.Thread(target=of, daemon=True) for of in (self._listen, self._drain)]
        for thread in self._threads:
            thread.start()

    def send(self, message: Any) -> None:
        """Send a message; a worker that cannot take it has died, which is noticed elsewhere."""
        body = pickle.dumps(message)
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.write(HEAD.pack(len(body)) + body)
                pipe.flush()
        self._since = time.monotonic()

    def _listen(self) -> None:
        pipe = self._process.stdout
        with contextlib.suppress(Exception):  # garbage instead of a message ends the worker as a crash does
            while pipe is not None and len(head := pipe.read(HEAD.size)) == HEAD.size:
                self._events.put((self, pickle.loads(pipe.read(*HEAD.unpack(head)))))
        self._events.put((self, None))

    def _drain(self) -> None:
        pipe = self._process.stderr
        while pipe is not None and (text := os.read(pipe.fileno(), 1 << 16)):
            self._tail = (self._tail + text)[-TAIL:]

    def noted(self) -> Noted:
        """What it noted last."""
        return self._slot.read()

    def hangs(self, limit: float) -> Death | None:
        """Its death, if it has made no progress for too long; `limit`: seconds, where it has noted none."""
        noted, now = self.noted(), time.monotonic()
        if noted.steps != self._seen:
            self._seen, self._since = noted.steps, now
        limit = noted.limit or limit
        if now - self._since <= limit:
            return None
        return Death("timed out", f"no result within {limit:g} s", "", noted, now - self._since)

    def died(self) -> bool:
        """Whether it has been dead for a while, though something that it started still holds its pipes open."""
        if self._process.poll() is None:
            return False
        self._dead_since = self._dead_since or time.monotonic()
        return time.monotonic() - self._dead_since > GRACE

    def death(self) -> Death:
        """How it ended, once its pipe has closed or it has `died`."""
        noted, seconds = self.noted(), time.monotonic() - self._since
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        code = self._process.poll()
        self.end()
        how = "it closed its pipe" if code is None else f"exit code {code}" if code >= 0 else _signal(-code)
        return Death("crashed", how, self._last_words(), noted, seconds)

    def _last_words(self) -> str:
        """The last line that it wrote to stderr."""
        lines = [line for line in self._tail.decode("utf-8", "replace").splitlines() if line.strip()]
        return printable(lines[-1].strip(), 300) if lines else ""

    def end(self) -> None:
        """End the process and everything that it has started."""
        if self.ended:
            return
        self.ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a driver may hold it in the kernel
            self._process.wait(GRACE)
        for thread in self._threads:
            thread.join(GRACE)
        if not any(thread.is_alive() for thread in self._threads):
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        self._slot.close()
        self._file.unlink(missing_ok=True)


def _signal(number: int) -> str:
    """The name of a signal: SIGFPE."""
    with contextlib.suppress(ValueError):
        name = signal.Signals(number).name
        return f"{name} (out of memory?)" if name == "SIGKILL" else name
    return f"signal {number}"


class Room:
    """Where workers come from: the queue of what they say, and one that was started early."""

    def __init__(self) -> None:
        self.events: queue.Queue[tuple[Worker, Any]] = queue.Queue()
        self.spare: Worker | None = None

    def worker(self) -> Worker:
        """A new worker, or the one that was started early."""
        worker, self.spare = self.spare, None
        return worker or Worker(self.events)

    def close(self) -> None:
        """End a worker that nobody needed."""
        if self.spare is not None:
            self.spare.end()


_early: list[Room] = []


def begin_early() -> None:
    """Start a worker before there is a run: it imports the tool while this process does."""
    room = Room()
    room.spare = room.worker()
    _early.append(room)


def room() -> Room:
    """The room with the worker that was started early, or a new one."""
    return _early.pop() if _early else Room()
