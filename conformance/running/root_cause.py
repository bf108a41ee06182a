"""Root causes: failures of K's operations that may follow from a wrong function of the standard."""

from __future__ import annotations

from collections.abc import Sequence

from ..case import discovered
from ..subjects.operations import functions_of
from ..verdict import BAD, Verdict

__all__ = ["FOLLOWS", "explained"]

FOLLOWS = "may follow from "  # the reason of such a verdict begins like this

# called by the contraction whose gradient is taken (conformance/properties/gradients.py), and by its rules
_OF_GRADIENTS = frozenset({"sum", "sin", "cos", "multiply", "broadcast_to", "ones"})


def explained(verdicts: Sequence[Verdict]) -> None:
    """Add a reason to wrong verdicts on K's operations that call a wrong function of the standard."""
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
