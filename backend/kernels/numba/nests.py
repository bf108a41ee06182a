"""Loop nests on arrays: compiled for the way in which the arrays lie, run by several threads, or left to their body."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..description import COLUMN, FULL, ROW, SCALAR, Nest
from ..spaces import form_in, space_of, sums_rows, varying
from . import mathematics
from .chains import Layout, cost, printed, printed_together
from .compile import from_source
from .parallel import parts_of, shared

__all__ = ["CompiledNest"]

Body = Callable[..., Any]
MOST_PLANS = 256  # shapes of one nest that are remembered
_kernels: dict[str, Callable[..., Any]] = {}  # compiled functions by their source

SCOPE: dict[str, Any] = {
    **{name: getattr(mathematics, name) for name in mathematics.__all__},
    "float32": np.float32,
    "float64": np.float64,
    "int32": np.int32,
    "int64": np.int64,
    "uint64": np.uint64,
    "bool": np.bool_,
    "boolean": np.bool_,
    "empty": np.empty,
    "zeros": np.zeros,
    "inf": np.inf,
    "nan": np.nan,
    **{name: getattr(math, name) for name in "sin cos tan sinh cosh asin acos atan asinh acosh atanh atan2".split()},
}


def kernel(text: str) -> Callable[..., Any]:
    """The compiled function of a source; equal sources share one."""
    if text not in _kernels:
        _kernels[text] = from_source(text, "loops", dict(SCOPE))
    return _kernels[text]


class _Made(NamedTuple):
    """How to make an output: its place, dtype, the shape of what the loops write and its own, and what to divide by."""

    place: str
    dtype: Any
    written: tuple[int, ...]
    shape: tuple[int, ...]
    divisor: int


class _Plan(NamedTuple):
    """What to do for arrays of certain shapes."""

    run: Callable[..., Any]
    forms: tuple[tuple[int, ...] | None, ...]  # to which shape an input is repeated first
    outputs: tuple[_Made, ...]
    rows: int
    width: int
    cuts: tuple[tuple[int, int, int], ...]  # part, start, stop


class CompiledNest:
    """A nest as a function of its arrays, in the place of its body, which runs where numba refuses."""

    def __init__(self, nest: Nest, body: Body) -> None:
        self.nest, self.body = nest, body
        self.refused: str | None = None
        self.sources: dict[str, str] = {}  # by layout, for who wants to read them
        self._cost = cost(nest)
        self._dtypes = [np.dtype(nest.dtype(o.number)) for o in nest.outputs]
        self._plans: dict[Any, _Plan | None] = {}
        self._together: dict[int, Any] = {}
        self._proved: set[int] = set()

    def __call__(self, *arrays: Any) -> Any:
        key = tuple([a.shape for a in arrays])
        plan = self._plans[key] if key in self._plans else self._planned(key)
        if plan is None:
            return self.body(*arrays)
        given = [_given(a, form) for a, form in zip(arrays, plan.forms, strict=True)]
        made = [_room(each) for each in plan.outputs]
        if id(plan.run) not in self._proved and not self._prove(plan, given, made):
            return self.body(*arrays)
        if len(plan.cuts) == 1:
            plan.run(*given, *made, plan.rows, plan.width, *plan.cuts[0])
        else:
            shared(_over(plan.run, (*given, *made, plan.rows, plan.width)), plan.cuts, len(plan.cuts))
        return tuple([_finished(each, y) for each, y in zip(plan.outputs, made, strict=True)])

    def _prove(self, plan: _Plan, given: Sequence[Any], made: Sequence[Any]) -> bool:
        """Compile; False where numba refuses, and then the body runs from now on."""
        try:
            plan.run(*given, *made, plan.rows, plan.width, 0, 0, 0)
        except Exception as error:  # noqa: BLE001 - numba's own, those of LLVM, any fault in what was printed
            self._refuse(error)
            return False
        self._proved.add(id(plan.run))
        return True

    def _refuse(self, error: Exception) -> None:
        lines = str(error).strip().splitlines() or [""]
        self.refused = f"{type(error).__name__}: {lines[0]}"
        self._plans = dict.fromkeys(self._plans)

    def _planned(self, shapes: tuple[tuple[int, ...], ...]) -> _Plan | None:
        if len(self._plans) >= MOST_PLANS:
            self._plans.clear()
        plan = None if self.refused else _plan(self, shapes)
        self._plans[shapes] = plan
        return plan

    def together(self, groups: Sequence[Sequence[Any]], common: Sequence[Any]) -> Any:
        """The results for several groups of arrays, each of one shape, by one call."""
        if self.refused:
            return self._one_by_one(groups, common)
        given = [tuple([_given(a, None).reshape(-1) for a in column]) for column in zip(*groups, strict=True)]
        made = [[np.empty(group[0].shape, dtype) for dtype in self._dtypes] for group in groups]
        places = [tuple([each[i].reshape(-1) for each in made]) for i in range(len(self._dtypes))]
        total = sum([a.size for a in given[0]])
        arguments = (*given, *[a[()] for a in common], *places)
        run = self._together.get(len(groups)) or self._joint(len(groups), len(common), arguments)
        if run is None:
            return self._one_by_one(groups, common)
        cuts = _cuts(total, total * self._cost)
        if len(cuts) == 1:
            run(*arguments, 0, total)
        else:
            shared(_over(lambda *a: run(*a[:-3], *a[-2:]), arguments), cuts, len(cuts))
        return tuple([y for each in made for y in each])

    def _joint(self, groups: int, common: int, arguments: Sequence[Any]) -> Callable[..., Any] | None:
        """The compiled function for so many groups, or None where numba refuses."""
        text = printed_together(self.nest, common)
        self.sources["together"] = text
        run = kernel(text)
        try:
            run(*arguments, 0, 0)
        except Exception as error:  # noqa: BLE001 - as in `_prove`
            self._refuse(error)
            return None
        self._together[groups] = run
        return run

    def _one_by_one(self, groups: Sequence[Sequence[Any]], common: Sequence[Any]) -> Any:
        return tuple([result for group in groups for result in self.body(*group, *common)])


def _over(run: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[[Sequence[Any]], None]:
    def work(parts: Sequence[Any]) -> None:
        for part in parts:
            run(*arguments, *part)

    return work


def _given(a: Any, form: tuple[int, ...] | None) -> Any:
    """An input as the loops take it: a number, or an array in C order that numba counts as writable."""
    if form is not None:
        return np.array(np.broadcast_to(a, form), order="C")
    if a.ndim == 0:
        return a[()]
    return a if a.flags.carray else np.array(a, order="C")


def _room(made: _Made) -> np.ndarray:
    """Memory for what the loops write: elements and numbers of rows, or sums of each part."""
    if made.place in (FULL, ROW):
        return np.empty(made.written, made.dtype)
    return np.zeros(made.written, np.float64)


def _finished(made: _Made, y: np.ndarray) -> np.ndarray:
    if made.place == FULL:
        return y
    if made.place == ROW:
        return y.reshape(made.shape)
    total = y[0] if len(y) == 1 else y.sum(axis=0)
    if made.divisor:
        total = total / made.divisor
    return np.asarray(total, made.dtype).reshape(made.shape)


def _cuts(count: int, work: int) -> tuple[tuple[int, int, int], ...]:
    """The parts of range(count) that threads share: part, start, stop."""
    parts = parts_of(count, work)
    ends = [count * i // parts for i in range(parts + 1)]
    return tuple((i, start, stop) for i, (start, stop) in enumerate(itertools.pairwise(ends)))


def _plan(owner: CompiledNest, shapes: tuple[tuple[int, ...], ...]) -> _Plan | None:
    nest = owner.nest
    space = space_of(nest, shapes)
    if not math.prod(space):
        return None  # what a maximum of nothing is, the definition says
    along = [varying(x.of_rows, shape, space, nest.split) for x, shape in zip(nest.inputs, shapes, strict=True)]
    split = nest.split if nest.split is not None else _split(along, len(space))
    flat = split is None
    cut = len(space) if split is None else split
    forms, varies = zip(
        *(
            form_in(x.of_rows, each, shape, space, cut)
            for x, each, shape in zip(nest.inputs, along, shapes, strict=True)
        ),
        strict=True,
    )
    rows, width = (1, math.prod(space)) if flat else (math.prod(space[:cut]), math.prod(space[cut:]))
    layout = Layout(flat, tuple((False, v[0] or v[1]) for v in varies) if flat else varies)
    text = printed(nest, layout)
    owner.sources[text] = text
    cuts = _cuts(width if flat else rows, rows * width * cost(nest))
    outputs = []
    for o in nest.outputs:
        value = nest.values[o.number - len(nest.inputs)]
        place, mean = value.place, value.function == "mean"
        dtype = np.dtype(value.dtype)
        if place == FULL:
            made = _Made(place, dtype, space, space, 0)
        elif place == ROW:
            kept = (1,) * (len(space) - cut) if o.ndim == len(space) else ()
            made = _Made(place, dtype, (rows,), (*space[:cut], *kept), 0)
        elif place == COLUMN:
            kept = (1,) * cut if o.ndim == len(space) else ()
            made = _Made(place, dtype, (len(cuts), width), (*kept, *space[cut:]), rows * mean)
        else:
            count = rows if sums_rows(nest, o.number) else rows * width
            made = _Made(SCALAR, dtype, (len(cuts),), (1,) * o.ndim, count * mean)
        outputs.append(made)
    return _Plan(kernel(text), forms, tuple(outputs), rows, width, cuts)


def _split(varying: Sequence[list[bool | None]], ndim: int) -> int | None:
    """Where to part rows from places, so that arrays vary along all or none of each; None where one loop will do."""
    mixed = [each for each in varying if len({*each} - {None}) > 1]
    if not mixed:
        return None
    for split in range(ndim - 1, 0, -1):
        if all(len({*each[:split]} - {None}) < 2 and len({*each[split:]} - {None}) < 2 for each in mixed):
            return split
    return ndim - 1
