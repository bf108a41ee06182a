"""Loop nests with reductions over rows: a launch for elementwise calls and reductions, layer normalization for one."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cupy

from ..description import COLUMN, FULL, ROW, Nest
from ..spaces import form_in, space_of, sums_rows, varying
from . import _launch
from ._launch import MOST_BLOCKS, NARROW, dense, empty, loaded, on_device, start
from .nest_text import NAME, nest_text

__all__ = ["CompiledNest"]

Ints = tuple[int, ...]
MOST_PLANS = 256  # shapes of one nest that are remembered
FEW, LONG = 64, 2**14  # rows that leave most of a device idle, where each is so long: the calls run one by one
SUMMING = 512  # blocks that share a sum over rows, and
PARTS = 2**20  # elements of what they have summed, at most


class _Made(NamedTuple):
    """How to make a result: its place, dtype, shape, and what to divide a sum by."""

    place: str
    dtype: str
    shape: Ints
    divisor: int


class _Plan(NamedTuple):
    """What to do for arrays of certain shapes."""

    kernel: Callable[..., Any]
    forms: tuple[Ints | None, ...]  # to which shape an array is repeated first
    results: tuple[_Made, ...]
    rows: int
    width: int


class CompiledNest:
    """A nest as a function of its arrays, in the place of its body, which runs where there is no kernel."""

    def __init__(self, nest: Nest, body: Callable[..., Any]) -> None:
        self.nest, self.body = nest, body
        self._dtypes = tuple(x.dtype for x in nest.inputs)
        self._plans: dict[Any, _Plan | None] = {}

    def __call__(self, *arrays: Any) -> Any:
        shapes = tuple([a.shape for a in arrays])
        if shapes not in self._plans:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            self._plans[shapes] = _plan(self.nest, shapes)
        plan = self._plans[shapes]
        if plan is None or tuple([str(a.dtype) for a in arrays]) != self._dtypes:
            return self.body(*arrays)
        return _run(arrays, plan=plan)


@functools.cache
def _kernel(nest: Nest, varies: tuple[tuple[bool, bool], ...]) -> Any:
    text = nest_text(nest, varies)
    return None if text is None else loaded(text, NAME)


def _plan(nest: Nest, shapes: Sequence[Ints]) -> _Plan | None:
    """None where the body runs: an empty space, one beyond 32-bit indices, and a few long rows."""
    space, cut = space_of(nest, shapes), nest.split
    if cut is None or not 0 < math.prod(space) <= NARROW:
        return None
    rows, width = math.prod(space[:cut]), math.prod(space[cut:])
    if rows < FEW and width > LONG:
        return None
    given = [
        form_in(x.of_rows, varying(x.of_rows, shape, space, cut), shape, space, cut)
        for x, shape in zip(nest.inputs, shapes, strict=True)
    ]
    kernel = _kernel(nest, tuple(varies for _, varies in given))
    if kernel is None:
        return None
    results = []
    for o in nest.outputs:
        value = nest.values[o.number - len(nest.inputs)]
        whole, mean = o.ndim == len(space), value.function == "mean"
        if value.place == FULL:
            made = _Made(FULL, value.dtype, space, 0)
        elif value.place == ROW:
            made = _Made(ROW, value.dtype, (*space[:cut], *((1,) * (len(space) - cut) if whole else ())), 0)
        elif value.place == COLUMN:
            made = _Made(COLUMN, value.dtype, (*((1,) * cut if whole else ()), *space[cut:]), rows * mean)
        else:
            count = rows if sums_rows(nest, o.number) else rows * width
            made = _Made(value.place, value.dtype, (1,) * o.ndim, count * mean)
        results.append(made)
    return _Plan(kernel, tuple(form for form, _ in given), tuple(results), rows, width)


@on_device
def _run(arrays: tuple[Any, ...], *, plan: _Plan) -> tuple[Any, ...]:
    """One launch; sums over rows are then added up over what each block has."""
    rows, width = plan.rows, plan.width
    lanes = min(1 << (width - 1).bit_length(), _launch.BLOCK)
    each = _launch.BLOCK // lanes
    blocks = min(-(-rows // each), MOST_BLOCKS)
    if any(made.place not in (FULL, ROW) for made in plan.results):
        blocks = min(blocks, SUMMING, max(PARTS // (each * width), 1))
    given = [
        dense(a if form is None else cupy.broadcast_to(a, form)) for a, form in zip(arrays, plan.forms, strict=True)
    ]
    written = [_room(made, blocks, each, width) for made in plan.results]
    start(plan.kernel, blocks, *given, *written, rows, width, lanes)
    return tuple([_finished(made, y) for made, y in zip(plan.results, written, strict=True)])


def _room(made: _Made, blocks: int, each: int, width: int) -> Any:
    if made.place in (FULL, ROW):
        return empty(made.shape, made.dtype)
    shape = (blocks * each, width) if made.place == COLUMN else (blocks, 1)
    return cupy.zeros(shape, dtype=made.dtype)


def _finished(made: _Made, y: Any) -> Any:
    if made.place in (FULL, ROW):
        return y
    total = y.sum(axis=0, keepdims=True)
    return (total / made.divisor if made.divisor else total).reshape(made.shape)
