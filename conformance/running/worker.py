"""A worker process: it opens the namespaces of a run and tries the operations that the run hands out, one at a time."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import os
import pickle
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from ..case import Case
from ..errors import NamespaceError, UsageError
from ..judging.xfails import Entry
from ..printable import printable
from ..subjects.operations import Namespace
from ..verdict import Verdict
from ..watch import Slot, turn, watched_through
from .budget import patience
from .engine import Options, opened, target_of
from .losses import Journal, broken
from .runner import verdicts_of
from .workers import HEAD, SEPARATOR, Key, Request

__all__ = ["serve"]

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# New objects between two searches for cycles: graphs are many that stay; searches by Python's own limit take 14 %.
COLLECTING = (20_000, 20, 50)


class Channel:
    """The pipes to the run. What is tested finds nothing at file descriptors 0 and 1, and may print what it likes."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb")
        self._process = os.getpid()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.close(nothing)

    def receive(self) -> Any:
        """The next message; the process ends where the run has."""
        head = self._in.read(HEAD.size)
        if len(head) < HEAD.size:
            os._exit(0)
        return pickle.loads(self._in.read(*HEAD.unpack(head)))

    def send(self, *message: Any) -> None:
        """Send a message. A copy of this process that a library has forked ends here."""
        if os.getpid() != self._process:
            os._exit(0)
        body = pickle.dumps(message)
        self._out.write(HEAD.pack(len(body)) + body)
        self._out.flush()


class Surroundings:
    """What a library may have changed for everything else in the process; it is put back after each kind of check."""

    def __init__(self) -> None:
        self._errors = np.geterr()
        self._depth = sys.getrecursionlimit()
        self._folder = os.getcwd()
        signals = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGPROF", "SIGCHLD"))
        self._handlers = {s: signal.getsignal(s) for s in signals if s is not None}

    def restore(self) -> None:
        """Put everything back."""
        sys.setrecursionlimit(self._depth)
        np.seterr(**self._errors)
        warnings.resetwarnings()
        warnings.simplefilter("ignore")  # libraries warn about edge values; only results matter here
        with contextlib.suppress(OSError):
            os.chdir(self._folder)
        if hasattr(signal, "setitimer"):
            for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
                signal.setitimer(timer, 0.0)
        for number, handler in self._handlers.items():
            if signal.getsignal(number) != handler and handler is not None:
                signal.signal(number, handler)


def serve(slot: str, parent: int) -> NoReturn:
    """Work until the run ends; then, or by an error, end at once: threads and exit handlers of libraries may hang."""
    try:
        channel = Channel()
        _die_with(parent)
        watched_through(Slot(Path(slot)))
        with contextlib.suppress(OSError):  # Windows removes no file in use; the run does that at the end
            Path(slot).unlink()
        _work(channel, channel.receive())
    except BaseException:  # noqa: BLE001 - the process ends; the run reads the last line
        traceback.print_exc()
    os._exit(1)


def _die_with(parent: int) -> None:
    """End with the run, however that ends, even in the middle of a hang; the first to be killed without memory."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _work(channel: Channel, options: Options) -> None:
    surroundings = Surroundings()
    surroundings.restore()
    try:
        spaces = opened(options)
        cases = {(case.group, case.name): case for case in options.cases()}
        targets = [target_of(on, options, list(cases.values())) for on in spaces]
    except (NamespaceError, UsageError) as error:
        channel.send("refused", type(error).__name__, printable(str(error)))
        channel.receive()  # until the run ends this process
        return
    known = {target.name: target.known for target in targets}
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(*COLLECTING)
    turn("", 0.0, 0.0)
    channel.send("opened", targets)
    while True:
        request: Request = channel.receive()
        keys: list[Key] = []
        for place, on in enumerate(spaces):
            if on.name not in request.skipped:
                trial = _Trial(channel, surroundings, options, request, place, on)
                until = None if request.until is None else _part_of(request.until, len(spaces) - place)
                keys += trial.keys(cases[request.case], known[on.name], until)
        turn("", 0.0, 0.0)
        channel.send("done", keys)


def _part_of(until: float, left: int) -> float:
    now = time.time()
    return now + max(until - now, 0.0) / left


class _Trial:
    """One operation on one namespace: every verdict is sent at once, and kept by the run if this process is lost."""

    def __init__(
        self,
        channel: Channel,
        surroundings: Surroundings,
        options: Options,
        request: Request,
        place: int,
        on: Namespace,
    ) -> None:
        self.channel = channel
        self.surroundings = surroundings
        self.options = options
        self.request = request
        self.place = place
        self.on = on

    def begin(self, key: Key, listed: bool) -> None:
        """Tell the watching process what is checked next."""
        suspected = listed or self.on.name in self.request.suspected
        limit = patience(self.options.timeout, self.options.budget, self.on.compiles, suspected)
        turn(SEPARATOR.join([str(self.place), *key[1:]]), limit)

    def note(self, key: Key, verdict: Verdict) -> None:
        """Send a verdict."""
        self.surroundings.restore()
        self.channel.send("verdict", key, verdict)

    def keys(self, case: Case, known: Mapping[str, Entry], until: float | None) -> list[Key]:
        """Try the operation; the keys of its verdicts, all of them sent."""
        options, name = self.options, self.on.name
        self.begin((name, "value", ""), False)
        try:
            found = verdicts_of(
                case,
                self.on,
                kinds=options.kinds,
                count=options.examples,
                seed=options.seed,
                dtype=options.dtype,
                known=known,
                until=until,
                shrink=options.shrink,
                journal=Journal(
                    self.request.finished,
                    self.request.losses,
                    self.note,
                    self.begin,
                    math.inf if until is None else until,
                ),
            )
        except BaseException as error:  # noqa: BLE001 - the tool's own failure costs one verdict as well
            verdict = broken(Verdict(printable(name), case.group, case.chapter, case.name, "value"), error)
            self.note((name, "value", ""), verdict)
            return [(name, "value", "")]
        return [(name, v.kind, v.variant) for v in found]
