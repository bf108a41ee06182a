"""Loops shared between threads: a team of threads that wait for the next loop by spinning, and the parts they take.

To wake a thread that sleeps takes 50 to 100 us on a virtual machine, longer than most loops of a small net. So each
thread of the team spins in compiled code, without the interpreter's lock, for about half a millisecond after a loop.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ...arrays import threads as pool
from .compile import compiled

__all__ = ["in_numbered_parts", "in_parts", "parts_of", "shared"]

MIN_PART = 2**17  # simple operations for which it pays to hand a part to another thread, which takes 4 to 7 us
SPINS = 2**14  # pauses of about 25 to 50 ns for which a thread waits before it sleeps
# Pauses between seeing a loop and asking for the interpreter's lock: until then the caller has released it, and to be
# woken for it takes longer. Two parts of 19 us took 45 us without, 23 us with it (AMD EPYC).
DELAY = 64
LINE = 16  # numbers of the mail for each thread: the loop to do and the caller's core; 64 bytes on, the last loop done
DONE = 8
_intrinsic: Any = intrinsic  # its stubs count the typing context among a call's arguments


# ---- the compiled part


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.gep(array.data, [arguments[1]])


@_intrinsic
def _read(typing, mail, at):  # type: ignore[no-untyped-def]
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, arguments), "acquire", 8)

    return types.int64(mail, types.int64), generate


@_intrinsic
def _write(typing, mail, at, value):  # type: ignore[no-untyped-def]
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[2], _place(context, builder, signature, arguments), "release", 8)
        return context.get_dummy_value()

    return types.void(mail, types.int64, types.int64), generate


@_intrinsic
def _pause(typing):  # type: ignore[no-untyped-def]
    """A core that spins leaves its units to others, where the processor has an instruction for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        triple = context.codegen().magic_tuple()[0]
        if triple.startswith(("x86_64", "i686")):
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.declare_intrinsic("llvm.x86.sse2.pause", (), kind), [])
        elif triple.startswith(("aarch64", "arm64")):
            kind = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
            builder.call(builder.module.declare_intrinsic("llvm.aarch64.hint", (), kind), [ir.IntType(32)(1)])
        return context.get_dummy_value()

    return types.void(), generate


_core: Any  # the number of the one that runs this thread
_let_others: Any
if hasattr(os, "sched_setaffinity"):  # Linux
    _core = types.ExternalFunction("sched_getcpu", types.int32())
    _let_others = types.ExternalFunction("sched_yield", types.int32())
else:

    @compiled
    def _core():  # type: ignore[no-untyped-def]
        return -1

    @compiled
    def _let_others():  # type: ignore[no-untyped-def]
        return 0


@compiled
def _post(mail, count, number):  # type: ignore[no-untyped-def]
    """Tell the first `count` threads the number of a loop."""
    core = _core()
    for i in range(count):
        _write(mail, i * LINE + 1, core)
        _write(mail, i * LINE, number)


@compiled
def _next(mail, at, done, delay, spins):  # type: ignore[no-untyped-def]
    """Tell that a loop is done, and wait for the next: its number, negative on the caller's core, or 0 for none."""
    _write(mail, at + DONE, done)
    for spin in range(spins):
        number = _read(mail, at)
        if number != done:
            for _ in range(delay):
                _pause()
            core = _core()
            return -number if core >= 0 and _read(mail, at + 1) == core else number
        _pause()
        if spin % 64 == 63:  # to other threads that spin, such as OpenBLAS's
            _let_others()
    return 0


@compiled
def _finished(mail, at, number):  # type: ignore[no-untyped-def]
    """Wait until a thread has done a loop."""
    spin = 0
    while _read(mail, at + DONE) != number:
        _pause()
        spin += 1
        if spin > SPINS and spin % 64 == 0:
            _let_others()


# ---- the threads


class _Team:
    """Threads that do parts of one loop at a time, beside the thread that calls."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = threading.Lock()  # by the thread whose loop the team does
        self.mail = np.zeros(LINE * size, np.int64)
        self.number = 0
        self.tasks: list[list[tuple[Callable[[Any], None], Any]]] = [[] for _ in range(size)]  # at most one each
        self.errors: list[BaseException] = []
        self.asleep = [False] * size
        self.beds = [threading.Lock() for _ in range(size)]  # who sleeps waits for it
        self.closed = False
        _post(self.mail, 0, 0), _next(self.mail, 0, 0, 0, 0), _finished(self.mail, 0, 0)  # compile
        self.members = [
            threading.Thread(target=self._serve, args=(i,), name=f"{pool.__name__}-team-{i}", daemon=True)
            for i in range(size)
        ]
        for bed in self.beds:
            bed.acquire()
        try:
            for member in self.members:
                member.start()
        except RuntimeError:  # so many threads are not to be had
            self.closed = True
            for bed in self.beds:
                bed.release()
            raise

    def _serve(self, i: int) -> None:
        done, at = 0, LINE * i
        while not self.closed:
            number = _next(self.mail, at, done, DELAY * (i + 1), SPINS)
            if not number:
                self.asleep[i] = True
                self.beds[i].acquire()
                continue
            if number < 0:
                _leave(int(self.mail[at + 1]))
            self._do(i)
            done = abs(number)

    def _do(self, i: int) -> None:
        """The part of this thread, unless the caller has taken it; no reference to it is kept."""
        with contextlib.suppress(IndexError):
            work, part = self.tasks[i].pop()
            try:
                work(part)
            except BaseException as error:  # noqa: BLE001 - the caller raises it
                self.errors.append(error)

    def share(self, work: Callable[[Any], None], own: Any, rest: Sequence[Any]) -> None:
        """Call work for each part, the first one in this thread."""
        for tasks, part in zip(self.tasks, rest, strict=False):
            tasks.append((work, part))
        self.number += 1
        _post(self.mail, len(rest), self.number)
        for i in range(len(rest)):
            if self.asleep[i]:
                self.asleep[i] = False
                _leave(int(self.mail[LINE * i + 1]), self.members[i].native_id or 0)
                self.beds[i].release()
        waiting = list(range(len(rest)))
        try:
            work(own)
            for i, part in enumerate(rest):
                if self._reclaimed(i):
                    waiting.remove(i)
                    work(part)
        finally:
            for i in waiting:  # none may still write when this call returns
                if not self._reclaimed(i):
                    _finished(self.mail, LINE * i, self.number)
            errors, self.errors = self.errors, []  # where this thread raises as well, too: they are of this loop
        if errors:
            raise errors[0]

    def _reclaimed(self, i: int) -> bool:
        """Whether thread i had not begun its part, and now will not."""
        try:
            self.tasks[i].pop()
        except IndexError:
            return False
        return True

    def close(self, wait: float) -> bool:
        """End the threads; False where the team does a loop for longer than `wait` seconds."""
        if not self.taken.acquire(timeout=wait):
            return False
        self.closed = True  # and taken for ever
        _post(self.mail, self.size, self.number + 1)
        for bed, member in zip(self.beds, self.members, strict=True):
            with contextlib.suppress(RuntimeError):  # it is not asleep
                bed.release()
            member.join()
        return True


def _leave(core: int, thread: int = 0) -> None:
    """Move a thread, this one by default, from the caller's core to others.

    Linux wakes a thread where the one runs that wakes it, and some kernels leave both there: two parts of 0.19 ms then
    took 0.39 ms. In half of the loops after a sleep the thread had not begun when the caller had done both parts; told
    before it wakes, in one of twelve.
    """
    if core < 0:  # the system, not Linux, does not say which it is
        return
    with contextlib.suppress(OSError):
        others = os.sched_getaffinity(os.getpid()) - {core}
        if others:
            os.sched_setaffinity(thread, others)


_team: _Team | None = None
_making = threading.Lock()
_over = False  # the interpreter ends


def _team_of(size: int) -> _Team | None:
    """The team, of at least so many threads; None where there are no threads to be had, or those there are busy."""
    global _team
    if _team is not None and _team.size >= size:
        return _team
    with _making:
        if _over or (_team is not None and _team.size < size and not _team.close(0.0)):
            return None
        if _team is None or _team.closed:
            _team = None
            with contextlib.suppress(RuntimeError):  # no thread can be started
                _team = _Team(size)
        return _team


def _end() -> None:
    """Threads must not run compiled code while the interpreter frees it."""
    global _over
    with _making:
        _over = True
        if _team is not None:
            _team.close(1.0)


def _forget() -> None:
    global _team, _making
    _team, _making = None, threading.Lock()  # the parent keeps the threads


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def shared(work: Callable[[Sequence[Any]], None], todo: Sequence[Any], workers: int) -> None:
    """Call work(part of todo) in `workers` threads, this one included, as `arrays.threads.shared` does.

    `work` calls compiled functions: no context of Python's reaches the other threads. While the team does another
    thread's loop, or this is a thread of it, this thread does everything.
    """
    team = _team_of(workers - 1) if workers > 1 else None
    if team is None or not team.taken.acquire(blocking=False):
        return work(todo)
    try:
        cuts = [len(todo) * i // workers for i in range(workers + 1)]
        own, *rest = (todo[start:stop] for start, stop in itertools.pairwise(cuts))
        team.share(work, own, rest)
    finally:
        team.taken.release()
    return None


def parts_of(count: int, work: int) -> int:
    """The threads that share range(count) where that takes `work` simple operations: one, where more do not pay."""
    most = min(count, work // MIN_PART)
    return 1 if most < 2 else min(pool.threads(), most)  # to ask for threads takes 3 us


def in_parts(run: Callable[[int, int], Any], count: int, work: int) -> None:
    """Call run(start, stop) for parts of range(count), shared by threads where `work`, in simple operations, pays."""
    in_numbered_parts(lambda _, start, stop: run(start, stop), count, parts_of(count, work))


def in_numbered_parts(run: Callable[[int, int, int], Any], count: int, parts: int) -> None:
    """Call run(part, start, stop) for so many parts of range(count), each in a thread of its own."""
    if parts < 2:
        run(0, 0, count)
        return
    ends = [count * i // parts for i in range(parts + 1)]
    cuts = [(i, start, stop) for i, (start, stop) in enumerate(itertools.pairwise(ends))]
    shared(lambda own: _each(run, own), cuts, parts)


def _each(run: Callable[..., Any], parts: Iterable[Any]) -> None:
    for part in parts:
        run(*part)
