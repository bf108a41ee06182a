"""A loop nest with reductions over its rows as one CUDA C kernel: neighbouring threads, the lanes, share a row.

A row is read once for each stage: what comes before its first reduction, between two of them, and after the last. A
stage computes again what it needs of the stages before it, rather than keep it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..description import COLUMN, FULL, REDUCTIONS, ROW, SCALAR, Nest, Value
from ..spaces import sums_rows
from ._launch import PRELUDE
from .chain_text import HELPERS, TYPES, Literal, line_of

__all__ = ["NAME", "nest_text"]

NAME = "nest"
SUM, LARGEST, SMALLEST = range(3)
_WHAT = {"sum": SUM, "mean": SUM, "max": LARGEST, "min": SMALLEST}
_STEP = {SUM: "{0} += {1};", LARGEST: "{0} = larger({0}, {1});", SMALLEST: "{0} = smaller({0}, {1});"}
_START = {SUM: "0", LARGEST: "(-1.0 / 0.0)", SMALLEST: "(1.0 / 0.0)"}

# The lanes of a row, a power of two, add up what they have in a tree: the same order in each run.
LANES = f"""\
template <class T> __device__ T over_lanes(T x, index_t lanes, int what)
{{
    __shared__ T part[256];
    part[threadIdx.x] = x;
    __syncthreads();
    for (index_t half = lanes / 2; half; half /= 2) {{
        if ((index_t)threadIdx.x % lanes < half) {{
            T a = part[threadIdx.x], b = part[threadIdx.x + half];
            part[threadIdx.x] = what == {SUM} ? a + b : what == {LARGEST} ? larger(a, b) : smaller(a, b);
        }}
        __syncthreads();
    }}
    x = part[threadIdx.x / lanes * lanes];
    __syncthreads();
    return x;
}}
"""


class _Call(NamedTuple):
    """A value as `chain_text` reads a step."""

    function: str
    operands: tuple[Any, ...]
    dtype: str


class _Calls(NamedTuple):
    arrays: tuple[str, ...]
    steps: tuple[_Call, ...]


def nest_text(nest: Nest, varies: Sequence[tuple[bool, bool]]) -> str | None:
    """The source of `nest(arrays..., results..., rows, width, lanes)`, or None for a call that has no line in C.

    `varies` says of each array whether it varies along the rows, and along the places of a row. A sum of columns has
    room for one row of each group of lanes; a sum of everything has a place for each block.
    """
    return _Printer(nest, varies).text()


class _Printer:
    """Prints one nest for one layout."""

    def __init__(self, nest: Nest, varies: Sequence[tuple[bool, bool]]) -> None:
        self.nest, self.varies, self.first = nest, varies, len(nest.inputs)
        self.calls = _Calls(
            tuple(x.dtype for x in nest.inputs),
            tuple(_Call(v.function, _operands(nest, v), v.dtype) for v in nest.values),
        )
        self.stages: dict[int, int] = {}
        for number, value in self._numbered():
            self.stages[number] = max((self._ready(n) for n in _numbers(value)), default=0)

    def text(self) -> str | None:
        """The whole source."""
        lines = {n: line_of(self.calls, self.calls.steps[n - self.first]) for n, v in self._calls()}
        if None in lines.values():
            return None
        self.lines = lines
        parameters = [f"const {TYPES[x.dtype][0]} *a{n}" for n, x in enumerate(self.nest.inputs)]
        parameters += [f"{TYPES[self.nest.dtype(o.number)][0]} *r{i}" for i, o in enumerate(self.nest.outputs)]
        parameters += ["index_t rows", "index_t width", "index_t lanes"]
        body = "\n".join(self._body())
        return (
            f"{PRELUDE}{HELPERS}typedef int index_t;\n{LANES}"
            f'extern "C" __global__ void {NAME}({", ".join(parameters)})\n{{\n'
            "    index_t lane = threadIdx.x % lanes, each = blockDim.x / lanes;\n"
            "    index_t slot = blockIdx.x * each + threadIdx.x / lanes;\n"
            f"{body}\n}}\n"
        )

    # ---- values

    def _numbered(self) -> Iterator[tuple[int, Value]]:
        return enumerate(self.nest.values, self.first)

    def _calls(self) -> Iterator[tuple[int, Value]]:
        return ((n, v) for n, v in self._numbered() if v.function not in REDUCTIONS)

    def _reductions(self, place: str) -> list[tuple[int, Value]]:
        return [(n, v) for n, v in self._numbered() if v.function in REDUCTIONS and v.place == place]

    def _ready(self, number: int) -> int:
        """The first stage that can read a value."""
        if number < self.first:
            return 0
        value = self.nest.values[number - self.first]
        return self.stages[number] + (value.function in REDUCTIONS and value.place == ROW)

    def _type(self, number: int) -> str:
        return TYPES[self.nest.dtype(number)][1]

    def _of_row(self, number: int) -> bool:
        """Whether a row has one of a value."""
        return not self.varies[number][1] if number < self.first else self.nest.place(number) == ROW

    def _needed(self, numbers: Iterable[int]) -> list[int]:
        """The values of places that these are computed from, in order."""
        found: set[int] = set()
        open_ = [n for n in numbers if not self._of_row(n)]
        while open_:
            number = open_.pop()
            if number not in found:
                found.add(number)
                if number >= self.first:
                    open_ += [n for n in _numbers(self.nest.values[number - self.first]) if not self._of_row(n)]
        return sorted(found)

    def _made(self, number: int) -> str:
        """The line that reads an array or computes a value."""
        if number >= self.first:
            return f"{self._type(number)} v{number} = {self.lines[number]};"
        rows, places = self.varies[number]
        place = "i" if rows and places else "k" if places else "(inside ? row : 0)" if rows else "0"
        return f"{self._type(number)} v{number} = load(a{number}, {place});"

    # ---- loops

    def _body(self) -> Iterator[str]:
        totals = self._reductions(SCALAR)
        yield from (f"    {self._type(n)} t{n} = 0;" for n, _ in totals)
        yield "    for (index_t first = blockIdx.x * each; first < rows; first += gridDim.x * each) {"
        yield "        index_t row = first + threadIdx.x / lanes;"
        yield "        bool inside = row < rows, begun = row >= (index_t)gridDim.x * each;"
        yield from (f"        {self._made(n)}" for n in range(self.first) if self._of_row(n))
        for stage in range(1 + max(map(self._ready, range(self.first + len(self.nest.values))))):
            yield from (f"        {line}" for line in self._stage(stage))
        ends = [f"t{n} += v{v.operands[0]};" for n, v in totals if sums_rows(self.nest, n)]
        ends += [f"store(r{i}, row, v{n});" for n, i in self._outputs(ROW)]
        if ends:
            yield f"        if (inside && lane == 0) {{ {' '.join(ends)} }}"
        yield "    }"
        for n, i in self._outputs(SCALAR):
            yield f"    t{n} = over_lanes(t{n}, blockDim.x, {SUM});"
            yield f"    if (threadIdx.x == 0) store(r{i}, blockIdx.x, t{n});"

    def _outputs(self, place: str) -> list[tuple[int, int]]:
        """(number, index) of the results that lie so."""
        return [(o.number, i) for i, o in enumerate(self.nest.outputs) if self.nest.place(o.number) == place]

    def _stage(self, stage: int) -> Iterator[str]:
        """The numbers of a row that are known now, a loop over its places, and what the loop finds."""
        for n, v in self._calls():
            if v.place == ROW and self.stages[n] == stage:
                yield self._made(n)
        sums = [(n, v) for n, v in self._reductions(ROW) if self.stages[n] == stage]
        columns = {n: i for n, i in self._outputs(COLUMN) if self.stages[n] == stage}
        totals = [n for n, _ in self._outputs(SCALAR) if self.stages[n] == stage and not sums_rows(self.nest, n)]
        writes = [(n, i) for n, i in self._outputs(FULL) if self.stages[n] == stage]
        yield from (f"{self._type(n)} v{n} = {_START[_WHAT[v.function]]};" for n, v in sums)
        inner = [_STEP[_WHAT[v.function]].format(f"v{n}", f"v{v.operands[0]}") for n, v in sums]
        room = "r{0}[slot * width + k]"
        inner += [f"{room} = (begun ? {room} : 0) + v{{1}};".format(i, self._summed(n)) for n, i in columns.items()]
        inner += [f"t{n} += v{self._summed(n)};" for n in totals]
        inner += [f"store(r{i}, i, v{n});" for n, i in writes]
        if inner:
            read = [self._summed(n) for n in (*(n for n, _ in sums), *columns, *totals)] + [n for n, _ in writes]
            yield "for (index_t k = inside ? lane : width; k < width; k += lanes) {"
            yield "    index_t i = row * width + k;"
            yield from (f"    {line}" for line in [*map(self._made, self._needed(read)), *inner])
            yield "}"
        for n, v in sums:
            yield f"v{n} = over_lanes(v{n}, lanes, {_WHAT[v.function]});"
            if v.function == "mean":
                yield f"v{n} /= ({self._type(n)})width;"

    def _summed(self, number: int) -> int:
        operand: int = self.nest.values[number - self.first].operands[0]
        return operand


def _numbers(value: Value) -> list[int]:
    return [n for n in value.operands if isinstance(n, int)]


def _operands(nest: Nest, value: Value) -> tuple[Any, ...]:
    """Numbers of values, and literals; one without a dtype has that of the result, or of what a comparison compares."""
    typed = [nest.dtype(n) for n in _numbers(value)]
    known = typed[-1] if value.dtype == "bool" and typed else value.dtype
    return tuple(n if isinstance(n, int) else Literal(_number(n[0]), n[1] or known) for n in value.operands)


@functools.cache
def _number(text: str) -> bool | int | float:
    """A number from its text in a description."""
    if text in ("True", "False"):
        return text == "True"
    try:
        return int(text, 0)
    except ValueError:
        return float(text)
