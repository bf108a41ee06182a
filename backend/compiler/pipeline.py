"""The compiler: the passes, in order and by name, from the graph as recorded to the program that runs."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import config
from .fold import fold
from .fusion import fuse
from .liveness import liveness, reuse
from .loops.motion import moved
from .loops.packing import packed
from .nests import launches, nests
from .program import Graph, Program, lower
from .report import Stages, stage
from .schedule import schedule
from .simplify import simplified
from .verify import Checked, verify

__all__ = [
    "GRAPH",
    "KEEP",
    "LAUNCHED",
    "NAMES",
    "NESTED",
    "PASSES",
    "PROGRAM",
    "Pass",
    "run_passes",
    "selected",
    "stages_of",
    "without",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Pass:
    """One step of the compiler. A graph pass makes a graph of a graph, a program pass a program of a program."""

    name: str
    run: Callable[[Any], Any]
    kind: type[Graph] | type[Program]
    summary: str


def _prune(graph: Graph) -> Graph:
    return graph.rewritten(prune=True, intern=False)


def _cse(graph: Graph) -> Graph:
    return graph.with_facts(shared={}).rewritten()


def _simplify(graph: Graph) -> Graph:
    return graph.rewritten(rule=simplified, intern=False)


def _pack(graph: Graph) -> Graph:
    return graph.rewritten(rule=packed, intern=False) if graph.has_bodies else graph


def _move(graph: Graph) -> Graph:
    return graph.rewritten(rule=moved, intern=False) if graph.has_bodies else graph


PASSES = (
    Pass("prune", _prune, Graph, "Calls drop the results that nothing reads."),
    Pass("cse", _cse, Graph, "Common subexpressions are computed once."),
    Pass("simplify", _simplify, Graph, "Algebraic rules save calls, to the bit."),
    Pass("packing", _pack, Graph, "Small calls of a loop become fewer, larger ones."),
    Pass("motion", _move, Graph, "Loop-invariant calls leave their loops."),
    Pass("simplify", _simplify, Graph, "Again, for what left the loops."),
    Pass("fusion", fuse, Graph, "Long elementwise chains become one call, run block by block."),
    Pass("fold", fold, Graph, "Calls on constants run once, before the first call."),
    Pass("schedule", schedule, Program, "Calls run as late as possible, unless they free memory."),
    Pass("liveness", liveness, Program, "Large values are freed after their last use."),
    Pass("reuse", reuse, Program, "Dead values are written over where the result fits."),
)
KEEP = "keep"  # divides the program where it is bound to a library for which that pays: see `kept`
NAMES = (*dict.fromkeys(each.name for each in PASSES), KEEP)

_left_out: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("left_out", default=frozenset())


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Leave passes out of what is compiled within a `with` block, by name: to test one, or to find the faulty one."""
    _known(names)
    token = _left_out.set(_left_out.get() | set(names))
    try:
        yield
    finally:
        _left_out.reset(token)


def selected(names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the passes to run: those given, else all, less those left out here."""
    if names is not None:
        _known(names)
    return tuple(n for n in NAMES if (names is None or n in names) and n not in _left_out.get())


def _known(names: Sequence[str]) -> None:
    for name in names:
        if name not in NAMES:
            raise ValueError(f"function: passes has {name!r}, expected names of {', '.join(NAMES)}")


GRAPH = tuple(each for each in PASSES if each.kind is Graph)
PROGRAM = tuple(each for each in PASSES if each.kind is Program)
_NESTS = Pass("fusion", nests, Graph, "Elementwise calls, and sums among them, become loops to compile.")
NESTED = tuple(_NESTS if each.name == "fusion" else each for each in GRAPH)  # where numba compiles loops
_LAUNCHES = Pass("fusion", launches, Graph, "Elementwise calls, and reductions among them, become kernels.")
LAUNCHED = tuple(_LAUNCHES if each.name == "fusion" else each for each in GRAPH)  # where CuPy launches kernels
Watch = Callable[[Pass, Any], None]


def run_passes(state: Any, names: Sequence[str], passes: Sequence[Pass] = PASSES, watch: Watch | None = None) -> Any:
    """The graph or program after those of the passes that have one of these names; program passes give a program.

    A pass does not run again on a graph that has not changed since.
    """
    checked: Checked | None = {} if config.setting("verify") else None
    last = [each for each in passes if each.name in names][-1:]
    seen: dict[str, Any] = {}  # the state that a pass left, by its name
    for each in passes:
        if each.name in names:
            if each.kind is Program and isinstance(state, Graph):
                state = lower(state)
            before = state
            if seen.get(each.name) is not state:
                state = each.run(before)
                seen[each.name] = state
                if checked is not None:
                    verify(each.name, before, state, checked, last=[each] == last)
            if watch is not None:
                watch(each, state)
    return lower(state) if isinstance(state, Graph) and passes[-1].kind is Program else state


def stages_of(graph: Graph, names: Sequence[str], passes: Sequence[Pass] = PASSES) -> Stages:
    """The program as recorded and after each pass, as text, with what the pass changed."""
    found = Stages([stage("recorded", "The graph as it was recorded.", lower(graph))])

    def watch(each: Pass, after: Any) -> None:
        found.append(stage(each.name, each.summary, lower(after) if isinstance(after, Graph) else after))

    run_passes(graph, names, passes, watch=watch)
    return found
