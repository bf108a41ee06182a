"""The worker processes of a run: hands out operations, replaces workers that are lost, and keeps to the budget."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from ..case import Case
from ..errors import IncompleteError, NamespaceError, UsageError
from ..printable import printable
from ..subjects.operations import functions_of
from ..verdict import OUT_OF_TIME, Verdict
from .budget import share, spread
from .workers import SEPARATOR, Death, Key, Loss, Request, Target, Worker, room

__all__ = ["Crew"]

POLL = 0.1  # seconds between two looks at workers that are silent
STARTS = 2  # a worker that dies so often before it has opened the namespaces is not started again
TRIES = 3  # losses of the same check, the second of which may lie in describing the first
TAIL = 0.05  # of a budget: the first kind of check of each operation is tried though its share has run out
BEGINNING = 300.0  # seconds until a worker has imported the tool itself, before it can say what it is doing


class Job:
    """One operation: what is known of it so far."""

    def __init__(self, index: int, case: Case) -> None:
        self.index = index
        self.case = case
        self.until: float | None = None
        self.finished: dict[Key, Verdict] = {}
        self.losses: dict[Key, Loss] = {}
        self.tries: dict[Key, int] = {}
        self.closed: dict[str, list[Key]] = {}  # namespaces on which nothing more of it is tried

    def verdict(self, target: Target, kind: str, variant: str, status: str, reason: str) -> Verdict:
        """A verdict that no worker gave."""
        case = self.case
        made = Verdict(target.facts.name, case.group, case.chapter, case.name, kind, variant, status)
        made.reason = reason
        return made

    def close(self, target: Target, verdict: Verdict) -> None:
        """Try nothing more on a namespace; this is its last verdict."""
        key = (target.name, verdict.kind, verdict.variant)
        self.finished[key] = verdict
        self.closed[target.name] = [k for k in self.finished if k[0] == target.name]


class Crew:
    """Workers, and the operations that they try; a context manager, which ends them."""

    def __init__(self, options: Any, size: int, timeout: float, deadline: float | None) -> None:
        self._options = options
        self._limit = timeout
        self._deadline = deadline
        self._room = room()
        self._busy: dict[Worker, Job | None] = {}
        self._failed_starts = 0
        self._broken = ""  # why no worker can be started any more
        self._targets: list[Target] = []
        self._suspects: dict[str, dict[str, bool]] = {}  # namespace -> functions lost there -> at the first example
        self._waiting: list[Job] = []
        self._found: dict[int, list[Verdict]] = {}
        self._size = size
        for _ in range(size):
            self._start()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        for worker in self._busy:
            worker.end()
        self._room.close()

    def _start(self) -> None:
        worker = self._room.worker()
        worker.send(self._options)
        self._busy[worker] = None

    def opened(self) -> list[Target]:
        """The namespaces, once the first worker has opened them; NamespaceError or UsageError where that fails."""
        while not self._targets:
            if self._late():
                raise NamespaceError(f"{self._named()}: not opened within the budget")
            self._turn()
        return self._targets

    def verdicts(
        self, cases: Sequence[Case], progress: Callable[[int, int, list[Verdict]], None] | None
    ) -> list[Verdict]:
        """The verdicts on every operation, in order; those that the budget does not reach are empty."""
        order = spread(len(cases)) if self._deadline is not None else range(len(cases))
        # functions of the standard come first: what calls a function that hangs need not hang as well
        self._waiting = [Job(i, cases[i]) for group in (True, False) for i in order if (cases[i].group != "k") is group]
        shown = 0
        while len(self._found) < len(cases) and not self._late() and not self._broken:
            self._hand_out()
            self._turn()
            for index in list(self._found)[shown:]:
                shown += 1
                if progress is not None:
                    progress(shown, len(cases), self._found[index])
        if self._broken:
            self._stop("crashed", f"no new process can open the namespaces any more: {self._broken}")
        elif len(self._found) < len(cases):
            self._stop("empty", OUT_OF_TIME)
        if self._found.keys() != set(range(len(cases))):
            raise IncompleteError(f"{len(cases) - len(self._found)} operations have no verdict")
        return [verdict for index in range(len(cases)) for verdict in self._found[index]]

    def _late(self) -> bool:
        return self._deadline is not None and time.time() >= self._deadline

    def _named(self) -> str:
        return ", ".join(map(printable, self._options.names))

    def _hand_out(self) -> None:
        for worker, job in list(self._busy.items()):
            if job is None and worker.opened and self._waiting:
                if self._waiting[0].case.group == "k" and self._deadline is None and self._standard_runs():
                    return
                self._give(worker, self._waiting.pop(0))

    def _standard_runs(self) -> bool:
        return any(job is not None and job.case.group != "k" for job in self._busy.values())

    def _give(self, worker: Worker, job: Job) -> None:
        """Hand out an operation, or what is left of it."""
        if not job.tries and job.until is None:
            last = None if self._deadline is None else self._deadline - TAIL * self._options.budget
            job.until = share(last, len(self._waiting) + 1, self._size)
        suspected = set()
        for target in self._targets:
            suspects = self._suspects.get(target.name, {})
            if job.case.group != "k" or not suspects or target.name in job.closed:
                continue
            called = functions_of(job.case) & suspects.keys()
            if whole := sorted(name for name in called if suspects[name]):
                reason = f"blocked by {', '.join(whole)}, which gave no result at all"
                job.close(target, job.verdict(target, "value", "", "blocked", reason))
            elif called:
                suspected.add(target.name)
        self._busy[worker] = job
        key = (job.case.group, job.case.name)
        finished = {
            k: replace(v, finding=None, further=[]) for k, v in job.finished.items()
        }  # a finding may fill the pipe
        worker.send(Request(key, job.until, finished, job.losses, frozenset(job.closed), frozenset(suspected)))

    def _turn(self) -> None:
        """Wait for the next message, and look after the workers that send none."""
        try:
            worker, message = self._room.events.get(timeout=POLL)
        except queue.Empty:
            pass
        else:
            if not worker.ended:
                self._heard(worker, message)
        for worker, job in list(self._busy.items()):
            if job is None and worker.opened:
                continue
            if worker.died():
                self._bury(worker, worker.death())
            elif (death := worker.hangs(self._limit if worker.opened else BEGINNING)) is not None:
                worker.end()
                self._bury(worker, death)

    def _heard(self, worker: Worker, message: Any) -> None:
        if message is None:
            self._bury(worker, worker.death())
            return
        kind, *rest = message
        job = self._busy[worker]
        if kind == "refused":
            self._refuse((UsageError if rest[0] == "UsageError" else NamespaceError)(rest[1]))
        if kind == "opened":
            worker.opened, self._failed_starts = True, 0
            self._targets = self._targets or rest[0]
            if job is not None:
                self._give(worker, job)
        elif kind == "verdict" and job is not None:
            job.finished[rest[0]] = rest[1]
        elif kind == "done" and job is not None:
            self._busy[worker] = None
            self._finish(job, rest[0])

    def _finish(self, job: Job, keys: Iterable[Key]) -> None:
        """An operation is done; every key must have its verdict."""
        keys = [*(key for closed in job.closed.values() for key in closed), *keys]
        if missing := [key for key in keys if key not in job.finished]:
            raise IncompleteError(f"{job.case.name}: no verdict on {missing}")
        order = [target.name for target in self._targets]
        self._found[job.index] = [job.finished[key] for key in sorted(keys, key=lambda key: order.index(key[0]))]

    def _bury(self, worker: Worker, death: Death) -> None:
        """Replace a lost worker; what it was trying gets its verdict, and the operation goes on without it."""
        job = self._busy.pop(worker)
        if not worker.opened:
            self._failed_starts += 1
            if death.status == "timed out" or self._failed_starts >= STARTS:
                self._refuse(_refused(death))
        elif job is not None:
            self._lose(job, death)
        self._start()
        self._busy[next(reversed(self._busy))] = job

    def _refuse(self, error: Exception) -> None:
        """The namespaces cannot be opened; where an earlier worker could, there is a report all the same."""
        if not self._targets:
            raise error
        self._broken = printable(str(error))

    def _lose(self, job: Job, death: Death) -> None:
        label = death.noted.label.split(SEPARATOR)
        place, kind, variant = label if len(label) == 3 else (self._next(job), "value", "")
        target = self._targets[int(place)]
        key = (target.name, kind, variant)
        tries = job.tries[key] = job.tries.get(key, 0) + 1
        where = f" in example {death.noted.step}" if death.noted.step else ""
        status, reason = death.status, death.told(where)
        if tries >= TRIES:
            job.close(target, job.verdict(target, kind, variant, status, reason))
        elif tries > 1:
            job.losses[key] = job.losses[key]._replace(script=False)
        else:
            job.losses[key] = Loss(status, reason, death.noted.text, death.noted.step, death.seconds)
        if job.case.group == "standard":
            first = death.noted.step == 1 and not any(k[0] == target.name for k in job.finished)
            suspects = self._suspects.setdefault(target.name, {})
            suspects[job.case.name] = suspects.get(job.case.name, False) or first

    def _next(self, job: Job) -> int:
        """The place of the namespace that a worker begins with, if it had not yet said so."""
        return next((i for i, target in enumerate(self._targets) if target.name not in job.closed), 0)

    def _stop(self, status: str, reason: str) -> None:
        """No more is tried: what is running and what is waiting gets verdicts that say why."""
        for worker, job in list(self._busy.items()):
            kind = worker.noted().label.split(SEPARATOR)
            worker.end()
            if job is not None:
                self._abandon(job, kind[1:] if len(kind) == 3 else (), status, reason)
        for job in self._waiting:
            self._abandon(job, (), status, reason)

    def _abandon(self, job: Job, doing: Sequence[str], status: str, reason: str) -> None:
        """Leave an operation as it is; the kind of check that was `doing` has no verdict."""
        for target in self._targets:
            if target.name in job.closed or (job.case.group, job.case.name) not in target.judged:
                continue
            for key, loss in job.losses.items():
                if key[0] == target.name and key not in job.finished:
                    job.finished[key] = job.verdict(target, key[1], key[2], loss.status, loss.reason)
            own = [key for key in job.finished if key[0] == target.name]
            kind, variant = doing or (own[-1][1:] if own else ("value", ""))
            key = (target.name, kind, variant)
            job.close(target, job.finished.get(key) or job.verdict(target, kind, variant, status, reason))
        self._finish(job, [])


def _refused(death: Death) -> Exception:
    """The error that a worker's death says before it has opened the namespaces."""
    doing, _, name = death.noted.label.partition(" ")
    if not name:
        return IncompleteError(f"no worker process can start: {death.told()}")
    if death.status == "timed out":
        return NamespaceError(f"{printable(name)}: {doing} it gave {death.told()}")
    return NamespaceError(f"{printable(name)}: {doing} it ended the process: {death.told()}")
