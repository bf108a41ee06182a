"""What is known of an operation when the process that tried it was lost: verdicts so far, and what was tried last."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..examples import Example
from ..judging.causes import Cause, Traits, normal
from ..judging.failures import Failure
from ..printable import first_line
from ..properties.registry import Property
from ..scripts.choice import finding, shown_call
from ..subjects.operations import Namespace
from ..verdict import Finding, Verdict
from .workers import Key, Loss

__all__ = ["NOT_TRIED", "Journal", "broken", "cause_of_loss", "lost"]

NOT_TRIED = "not tried: "  # the reason of the kinds left out begins like this
MOST = 3  # lost processes per operation and namespace, each of which costs a start; a hang counts twice


@dataclass
class Journal:
    """What earlier processes found out about one operation; `note` hears of each verdict, `begin` of each kind."""

    finished: dict[Key, Verdict] = field(default_factory=dict)
    losses: dict[Key, Loss] = field(default_factory=dict)
    note: Callable[[Key, Verdict], None] = lambda key, verdict: None
    begin: Callable[[Key, bool], None] = lambda key, expected: None
    end: float = math.inf  # when kinds that have not begun are left out; the first one is always tried

    def given_up(self, namespace: str) -> str:
        """Why nothing more of the operation is tried on a namespace; '' if something is."""
        own = [(kind, loss.status) for (name, kind, _), loss in self.losses.items() if name == namespace]
        if sum(2 if status == "timed out" else 1 for _, status in own) < MOST:
            return ""
        return f"{NOT_TRIED}{', '.join(f'{kind} {status}' for kind, status in own)}"


def lost(
    verdict: Verdict, loss: Loss, prop: Property, place: Namespace, examples: Callable[[], Sequence[Example]]
) -> None:
    """Make a verdict say what was lost; the example is the one that the process had noted."""
    verdict.status, verdict.reason, verdict.seconds = loss.status, loss.reason, loss.seconds
    verdict.examples = max(loss.step - 1, 0)
    if not loss.example:
        return
    verdict.finding = Finding(loss.status, loss.reason, loss.example)
    if not loss.script:
        return
    example = next((e for e in examples() if shown_call(e, short=True) == loss.example), None)
    if example is not None:  # a shrunk one is drawn by hypothesis, and is not among them
        verdict.dtype = example.dtype
        with contextlib.suppress(Exception):  # the text of the example is enough
            verdict.finding = finding(Failure("exception", loss.reason), example, place.name, prop.name, tried=False)
            verdict.finding.cause = loss.status


def cause_of_loss(verdict: Verdict) -> Cause:
    """The cause that an entry of the expected failures may name: 'crashed', or how the process ended."""
    return Cause(verdict.status, normal(verdict.reason), Traits(verdict.dtype, ()))


def broken(verdict: Verdict, error: BaseException) -> Verdict:
    """The verdict where the tool itself failed: on a result that no comparison or report survives, or by a mistake."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    at = "" if where is None else f" ({where.tb_frame.f_code.co_name}, line {where.tb_lineno})"
    verdict.status = "crashed"
    verdict.reason = f"the check itself failed: {type(error).__name__}: {first_line(error)}{at}"
    return verdict
