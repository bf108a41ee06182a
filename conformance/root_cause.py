"""Which failures of K's operations may follow from a function of the standard that is wrong itself."""

from __future__ import annotations

from collections.abc import Sequence

from .case import discovered
from .operations import functions_of
from .verdict import BAD, Verdict

__all__ = ["FOLLOWS", "explained"]

FOLLOWS = "may follow from "  # how the reason of such a verdict begins

# what the contraction calls whose gradient is taken, and its rules (conformance/gradients.py)
_OF_GRADIENTS = frozenset({"sum", "sin", "cos", "multiply", "broadcast_to", "ones"})


def explained(verdicts: Sequence[Verdict]) -> None:
    """Give wrong verdicts on K's operations a reason, where a function that the operation calls is wrong, too."""
    wrong: dict[str, set[str]] = {}
    for v in verdicts:
        if v.group == "standard" and v.status in BAD:
            wrong.setdefault(v.namespace, set()).add(v.operation)
    for v in verdicts:
        case = discovered().get(v.operation)
        if v.group != "k" or v.status != "wrong" or v.reason or case is None or v.namespace not in wrong:
            continue
        called = functions_of(case) | (_OF_GRADIENTS if v.kind in ("gradient", "unknown", "transparent") else set())
        if found := sorted(name for name in wrong[v.namespace] if name.removeprefix("array.") in called):
            v.reason = FOLLOWS + ", ".join(name if name.startswith("array.") else f"xp.{name}" for name in found)
