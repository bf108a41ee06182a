"""Loops of a body over rows and matrices that are copied first: their order, and systems of equations."""

from __future__ import annotations

from collections.abc import Callable

from ..description import Call
from .loop_elements import Elements, Lines, aligned

__all__ = ["COPIED"]


def _sorted(body: Elements, number: int, call: Call) -> Lines:
    """The elements of each row in their order, or their places, of which the first ones may do."""
    (x,), (axis, down) = call.operands, call.told[:2]
    shape, own = body.laid.shapes[x], body.laid.shapes[number]
    index, n = body.axes(shape), shape[axis]
    at = index[axis]
    to = "" if own[axis] == 1 else at
    row = body.room(f"r{number}", (n,), body.laid.dtypes[x])
    places = body.room(f"o{number}", (n,), "int64")
    lines = body.nested([at], (n,), [f"{row}[{at or '0'}] = {body.element(x, index)}"])
    lines.append(f"ordered({row}, {down}, {places})")
    found = f"{places}[{to or '0'}]"
    into = [*index[:axis], to, *index[axis + 1 :]]
    stored = body.stored(number, into, f"{row}[{found}]" if call.function == "sort" else found)
    lines += body.nested([to], (own[axis],), stored)
    outer = ["" if a == axis else i for a, i in enumerate(index)]
    return body.nested(outer, shape, lines)


def _solved(body: Elements, number: int, call: Call) -> Lines:
    """One system for each matrix; the inverse is the solution for the unit matrix."""
    a, *right = call.operands
    own, shape, n = body.laid.shapes[number], body.laid.shapes[a], body.laid.shapes[a][-1]
    vector = bool(right) and len(body.laid.shapes[right[0]]) == 1
    columns = 1 if vector else own[-1]
    batch = own[:-1] if vector else own[:-2]
    index, i, j, k = body.axes(batch), "" if n == 1 else "r", "" if n == 1 else "c", "" if columns == 1 else "c"
    kind = call.dtype
    matrix = body.room(f"m{number}", (n, n), kind)
    system = body.room(f"r{number}", (n, columns), kind)
    value = body.element(a, [*aligned(index, shape[:-2]), i, j])
    lines = body.nested([i, j], (n, n), [f"{matrix}[{body.linear([i, j], (n, n)) or '0'}] = {value}"])
    place = body.linear([i, k], (n, columns)) or "0"
    if vector:
        value = body.element(right[0], [i])
    elif right:
        value = body.element(right[0], [*aligned(index, body.laid.shapes[right[0]][:-2]), i, k])
    else:
        value = f"{kind}({i or '0'} == {k or '0'})"
    lines += body.nested([i, k], (n, columns), [f"{system}[{place}] = {value}"])
    lines += [f"if not solved({matrix}, {system}, int64({body.number(n)})):", "    return -1"]
    into = [*index, i] if vector else [*index, i, k]
    lines += body.nested([i, k], (n, columns), body.stored(number, into, f"{system}[{place}]"))
    return body.nested(index, batch, lines)


COPIED: dict[str, Callable[[Elements, int, Call], Lines]] = {
    **dict.fromkeys(("sort", "argsort", "top_places"), _sorted),
    **dict.fromkeys(("solve", "inv"), _solved),
}
