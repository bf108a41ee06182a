"""Loops and branches within a body: their bodies are printed in place, on memory that the function is given.

What a loop or branch gives lies in memory of its own. The carry is that memory itself, into which the first one is
copied. Rows of sequences and of stacked results are views of the arrays that hold all steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from ..description import Call
from .bodies import Laid
from .chains import indented
from .loop_elements import Elements, Lines
from .result_shapes import Ints

__all__ = ["CONTROLLED"]

MOST = 2**22  # iterations of a while loop, after which the definition runs instead: Python can interrupt it
Inside = Callable[[Laid, Sequence[str], Sequence[str], str], Lines]  # what prints a body on memory of these names


def _branch(body: Elements, number: int, call: Call, inside: Inside) -> Lines:
    condition, *operands = call.operands
    then, otherwise = body.laid.inner[number]
    names, end = list(map(body.place_of, operands)), len(then.body.inputs)
    lines = [f"if {body.element_of(condition, [])} != 0:"]  # NaN holds, as in Python
    lines += indented(inside(then, names[:end], body.given[number], f"t{number}_") or ["pass"])
    return [*lines, "else:", *indented(inside(otherwise, names[end:], body.given[number], f"f{number}_") or ["pass"])]


def _started(body: Elements, number: int, call: Call, carry: int) -> Lines:
    """The first carry, copied to where the loop has its carry."""
    lines: Lines = []
    for to, x in zip(body.given[number][:carry], call.operands[:carry], strict=True):
        size = body.number(math.prod(body.laid.shapes[x]))
        lines += [f"for j in range({size}):", f"    {to}[j] = {body.place_of(x)}[j]"]
    return lines


def _loop(body: Elements, number: int, call: Call, inside: Inside) -> Lines:
    (within,), given, shapes = body.laid.inner[number], body.given[number], body.laid.shapes
    _, carry, sequences, length, reverse = call.told
    names, own = list(map(body.place_of, call.operands)), f"{body.prefix}l{number}"
    steps = body.number(shapes[call.operands[carry]][0] if sequences else length)

    def rows(kind: str, arrays: Iterable[str], wholes: Iterable[Ints]) -> tuple[list[str], Lines]:
        """The names of the rows of this step, and the statements that find them."""
        found: list[str] = []
        lines: Lines = []
        for array, whole in zip(arrays, wholes, strict=True):
            size = f"int64({body.number(math.prod(whole[1:]))})"
            found.append(f"{own}{kind}{len(found)}")
            lines.append(f"{found[-1]} = {array}[{own}t * {size} : ({own}t + 1) * {size}]")
        return found, lines

    end = carry + sequences
    slices, cut = rows("x", names[carry:end], (shapes[o] for o in call.operands[carry:end]))
    stacked, cut_too = rows("y", given[carry:], (shape for shape, _ in body.laid.results[number][carry:]))
    step = [f"{own}t = int64({f'{steps} - 1 - {own}' if reverse else own})", *cut, *cut_too]
    step += inside(within, [*given[:carry], *slices, *names[end:]], stacked, f"l{number}_")
    return [*_started(body, number, call, carry), f"for {own} in range({steps}):", *indented(step)]


def _while(body: Elements, number: int, call: Call, inside: Inside) -> Lines:
    tested, within = body.laid.inner[number]
    _, _, carry, limit = call.told
    names, (*given, count), end = list(map(body.place_of, call.operands)), body.given[number], len(tested.body.inputs)
    holds = body.room(f"h{number}", (), "bool")
    step = [] if limit is None else [f"if {count}[0] >= {limit}:", "    break"]
    step += inside(tested, [*given, *names[carry:end]], [holds], f"q{number}_")
    step += [f"if not {holds}[0]:", "    break", f"if {count}[0] == {MOST}:", "    return -1"]
    step += inside(within, [*given, *names[end:]], [], f"l{number}_")
    start = [*_started(body, number, call, carry), f"{count}[0] = 0"]
    return [*start, "while True:", *indented([*step, f"{count}[0] += 1"])]


CONTROLLED: dict[str, Callable[[Elements, int, Call, Inside], Lines]] = {
    "branch": _branch,
    "loop": _loop,
    "while_loop": _while,
}
