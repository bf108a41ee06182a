"""Loops of a body whose results or reads are at places that values say: where extrema lie, gathers, sums by index.

An index out of range ends the function with -1: then the definition runs, from the start, and says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..description import REALS, Call
from .loop_elements import Elements, Index, Lines, aligned, sum_of

__all__ = ["INDEXED", "fold"]

FAILED = "return -1"


def _end(dtype: str, high: bool) -> str:
    """The text of the lowest or highest number of a dtype."""
    if dtype in REALS:
        return f"{dtype}({'' if high else '-'}inf)"
    limits = np.iinfo(dtype)
    return f"{dtype}({limits.max if high else limits.min})"


def fold(function: str, source: str, dtype: str) -> tuple[str, str]:
    """What a reduction begins with, and how it goes on, as a template of what it has and of the next element."""
    if function in ("any", "all"):
        holds = "{1}" if source == "bool" else "({1} != 0)"
        return ("False", f"{{0}} | {holds}") if function == "any" else ("True", f"{{0}} & {holds}")
    if function == "max":
        return _end(dtype, high=False), "largest({0}, {1})" if dtype in REALS else "{0} if {0} > {1} else {1}"
    if function == "min":
        return _end(dtype, high=True), "smallest({0}, {1})" if dtype in REALS else "{0} if {0} < {1} else {1}"
    if function == "prod":
        return f"{dtype}(1)", f"{dtype}({{0}} * {dtype}({{1}}))"
    return f"{dtype}(0)", "plus({0}, {1})" if source == dtype and dtype in REALS else f"{dtype}({{0}} + {dtype}({{1}}))"


def _extreme(body: Elements, number: int, call: Call) -> Lines:
    """The first NaN, else the first of the largest: a maximum, which is vectorized, then a search."""
    (x,), (axis, keepdims) = call.operands, call.told
    shape, dtype = body.laid.shapes[x], body.laid.dtypes[x]
    index = body.axes(shape)
    outer = [*index[:axis], "", *index[axis + 1 :]]
    kept = outer if keepdims else [*outer[:axis], *outer[axis + 1 :]]
    best, at, new = (f"{body.prefix}{letter}{number}" for letter in ("m", "a", "e"))
    start, step = fold("max" if call.function == "argmax" else "min", dtype, dtype)
    lines = [f"{best}, {at} = {start}, int64(0)"]
    if index[axis]:
        along, element = f"for {index[axis]} in range({body.sizes(shape[axis])}):", body.element(x, index)
        lines += [along, f"    {best} = {step.format(best, element)}", along, f"    {new} = {element}"]
        lines += [f"    if {new} == {best} or {new} != {new}:", f"        {at} = int64({index[axis]})", "        break"]
    return body.nested(outer, shape, [*lines, *body.stored(number, kept, at)])


def _running(body: Elements, number: int, call: Call) -> Lines:
    """Running sums and products, with what they begin with or without."""
    (x,), (axis, initial) = call.operands, call.told
    shape = body.laid.shapes[x]
    index, total = body.axes(shape), f"{body.prefix}s{number}"
    outer, within = (["" if (a == axis) != inside else i for a, i in enumerate(index)] for inside in (False, True))
    start, sign = ("0", "+") if call.function == "cumulative_sum" else ("1", "*")
    after = sum_of(index[axis], "1") if initial else index[axis]
    step = [f"{total} = {call.dtype}({total} {sign} {call.dtype}({body.element(x, index)}))"]
    step += body.stored(number, [*index[:axis], after, *index[axis + 1 :]], total)
    lines = [f"{total} = {call.dtype}({start})"]
    if initial:
        lines += body.stored(number, [*index[:axis], "", *index[axis + 1 :]], total)
    return body.nested(outer, shape, [*lines, *body.nested(within, shape, step)])


def _truncated(body: Elements, number: int, call: Call) -> Lines:
    """Whole parts as integers."""
    (x,), shape = call.operands, body.laid.shapes[number]
    index, new = body.axes(shape), f"{body.prefix}e{number}"
    most = f"{body.laid.dtypes[x]}({2.0 ** (8 * np.dtype(call.dtype).itemsize - 1)!r})"
    inner = [f"{new} = {body.element(x, index)}", f"if not (-{most} <= {new} < {most}):", f"    {FAILED}"]
    return body.nested(index, shape, [*inner, *body.stored(number, index, f"{call.dtype}({new})")])


def _placed(body: Elements, number: int, index: str, count: int, wraps: bool) -> tuple[str, Lines]:
    """The name of a place, and the statements that find it."""
    at, n = f"{body.prefix}a{number}", f"int64({body.number(count)})"
    lines = [f"{at} = int64({index})"]
    if wraps:
        lines += [f"if {at} < 0:", f"    {at} += {n}"]
    return f"uint64({at})", [*lines, f"if {at} < 0 or {at} >= {n}:", f"    {FAILED}"]


def _taken(body: Elements, number: int, call: Call) -> Lines:
    (x, indices), (axis, wraps) = call.operands, call.told
    shape, own, of = body.laid.shapes[x], body.laid.shapes[number], body.laid.shape_of(indices)
    index, rest = body.axes(own), axis + len(of)
    at, found = _placed(body, number, body.element_of(indices, index[axis:rest]), shape[axis], wraps)
    inner = body.stored(number, index, body.element(x, [*index[:axis], at, *index[rest:]]))
    inner = [*found, *body.nested(index[rest:], own[rest:], inner)]
    return body.nested(index[:rest], own[:rest], inner)


def _taken_along(body: Elements, number: int, call: Call) -> Lines:
    (x, indices), (axis, wraps) = call.operands, call.told
    shape, own, of = body.laid.shapes[x], body.laid.shapes[number], body.laid.shapes[indices]
    index = body.axes(own)
    at, inner = _placed(body, number, body.element(indices, aligned(index, of)), shape[axis], wraps)
    places = aligned(index, shape)
    inner += body.stored(number, index, body.element(x, [*places[:axis], at, *places[axis + 1 :]]))
    return body.nested(index, own, inner)


def _cleared(body: Elements, number: int) -> Lines:
    to, size = body.targets[number][0], math.prod(body.laid.shapes[number])
    return [f"for j in range({body.number(size)}):", f"    {to}[j] = 0"]


def _summed(body: Elements, number: int, index: Index, value: str) -> str:
    place = body.linear(index, body.laid.shapes[number]) or "0"
    return f"{body.targets[number][0]}[{place}] += {value}"


def _added(body: Elements, number: int, call: Call) -> Lines:
    (g, indices), (axis, size, wraps) = call.operands, call.told
    shape, of = body.laid.shapes[g], body.laid.shape_of(indices)
    index, rest = body.axes(shape), axis + len(of)
    at, found = _placed(body, number, body.element_of(indices, index[axis:rest]), size, wraps)
    inner = [_summed(body, number, [*index[:axis], at, *index[rest:]], body.element(g, index))]
    inner = [*found, *body.nested(index[rest:], shape[rest:], inner)]
    return [*_cleared(body, number), *body.nested(index[:rest], shape[:rest], inner)]


def _added_along(body: Elements, number: int, call: Call) -> Lines:
    (g, indices), (axis, size, wraps) = call.operands, call.told
    shape, of = body.laid.shapes[g], body.laid.shapes[indices]
    index = body.axes(shape)
    at, inner = _placed(body, number, body.element(indices, aligned(index, of)), size, wraps)
    inner.append(_summed(body, number, [*index[:axis], at, *index[axis + 1 :]], body.element(g, index)))
    return [*_cleared(body, number), *body.nested(index, shape, inner)]


INDEXED: dict[str, Callable[[Elements, int, Call], Lines]] = {
    **dict.fromkeys(("argmax", "argmin"), _extreme),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod"), _running),
    "truncated": _truncated,
    "take": _taken,
    "take_along_axis": _taken_along,
    "add_at": _added,
    "add_along_axis": _added_along,
}
