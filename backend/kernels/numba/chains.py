"""Loop nests as source for numba: elementwise calls in one loop, with reductions over rows, columns or everything.

A nest is printed for the way in which its arrays lie in the space: `flat`, one loop over all elements; or `rows`, a
loop over rows with loops over their places within. A value that a later loop of a row needs is kept in memory that
stays in the cache. Sums run over blocks in the arrays' own dtype, and over the blocks in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..description import COLUMN, COMPARISONS, FULL, REDUCTIONS, ROW, SCALAR, Nest, Value

__all__ = ["Layout", "cost", "expression", "indented", "printed", "printed_together"]

# Unsigned, since numba takes a negative index from the end: with signed ones a loop takes twice as long.
UNSIGNED = ("begin, end, places = uint64(start), uint64(stop), uint64(width)",)
BLOCK = 2048  # elements of a flat loop, and
ROWS = 64  # rows, whose sum is kept in the arrays' own dtype

TEMPLATES = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "abs": "abs({0})",
    "square": "{0} * {0}",
    "reciprocal": "{one} / {0}",
    "sign": "{0} if ({0} == {zero}) | ({0} != {0}) else copysign({one}, {0})",
    "pow": "{0} ** {1}",
    "remainder": "{0} % {1}",
    "floor_divide": "{0} // {1}",
    "bit_xor": "{0} ^ {1}",
    "bit_invert": "~{0}",
    "where": "{1} if {0} else {2}",
    "isnan": "{0} != {0}",
    "isinf": "abs({0}) == {inf}",
    "isfinite": "abs({0}) < {inf}",
    "signbit": "bits({0}) < 0",
    **dict.fromkeys(("logical_and", "bitwise_and"), "{0} & {1}"),  # of booleans
    **dict.fromkeys(("logical_or", "bitwise_or"), "{0} | {1}"),
    **dict.fromkeys(("logical_xor", "bitwise_xor"), "{0} != {1}"),
    **dict.fromkeys(("logical_not", "bitwise_invert"), "not {0}"),
    "identity": "{0}",
    "astype": "{0}",
    "round": "rint({0})",
    "maximum": "larger({0}, {1})",
    "minimum": "smaller({0}, {1})",
    **{name: f"{{0}} {sign} {{1}}" for name, sign in COMPARISONS.items()},
    **{
        name: f"{name}({{0}})"
        for name in (
            "sqrt exp expm1 log log1p log2 log10 sigmoid tanh ceil floor trunc "
            "sin cos tan sinh cosh asin acos atan asinh acosh atanh"
        ).split()
    },
    **{name: f"{name}({{0}}, {{1}})" for name in ("logaddexp", "atan2", "copysign")},
}
OF_OPERANDS = COMPARISONS.keys() | {"isnan", "isinf", "isfinite", "signbit"}  # the result's dtype is not the operands'
# What a call costs beside an addition.
COSTS = dict.fromkeys("exp expm1 log log1p log2 log10 sigmoid tanh logaddexp".split(), 6) | dict.fromkeys(
    "sin cos tan sinh cosh asin acos atan asinh acosh atanh atan2 pow".split(), 60
)


def cost(nest: Nest) -> int:
    """What one element of the space costs, beside an addition."""
    return len(nest.inputs) + sum(COSTS.get(value.function, 1) for value in nest.values)


class Layout(NamedTuple):
    """How the arrays of a nest lie: whether in one flat loop, and along which of rows and places each input varies."""

    flat: bool
    varies: tuple[tuple[bool, bool], ...]


def expression(
    function: str, operands: Sequence[Any], result: str, dtype_of: Callable[[int], str], name_of: Callable[[int], str]
) -> str:
    """An elementwise call; operands are numbers, whose dtypes and texts are given, or the text of one and its dtype."""
    dtype = result
    if function in OF_OPERANDS:
        known = [dtype_of(n) if isinstance(n, int) else n[1] for n in operands]
        known = [each for each in known if each]
        ranked = ("float64", "float32", "int64", "int32", "bool")
        dtype = min(known, key=ranked.index) if known else result

    def operand(given: Any, dtype: str) -> str:
        text, own = (name_of(given), dtype_of(given)) if isinstance(given, int) else given
        if own == dtype and isinstance(given, int):
            return str(text)
        return f"{dtype}({text})" if own in ("", dtype) or isinstance(given, int) else f"{dtype}({own}({text}))"

    texts = [operand(o, dtype) for o in operands]
    if function == "where":
        texts[0] = operand(operands[0], "bool")
    template = TEMPLATES[function]
    if not dtype.startswith("float") and function in ("maximum", "minimum"):
        template = "{0} if {0} %s {1} else {1}" % (">" if function == "maximum" else "<")
    if not dtype.startswith("float") and function == "floor_divide":
        template = "-({0}) if {1} == -1 else {0} // {1}"  # the least integer wraps; numba gives 0
    text = template.format(*texts, one=f"{dtype}(1)", zero=f"{dtype}(0)", inf=f"{dtype}(inf)")
    return f"{result}({text})" if result.startswith("int") else text


def printed(nest: Nest, layout: Layout) -> str:
    """The source of loops(inputs, outputs, rows, width, part, start, stop): it does rows or elements start to stop."""
    return _Printer(nest, layout).text()


class _Printer:
    """Prints one nest for one layout."""

    def __init__(self, nest: Nest, layout: Layout) -> None:
        self.nest, self.layout = nest, layout
        self.first = len(nest.inputs)
        self.outputs = {o.number: i for i, o in enumerate(nest.outputs)}
        self.stage: dict[int, int] = {}
        self.varies: dict[int, tuple[bool, bool]] = dict(enumerate(layout.varies))
        for number, value in self._numbered():
            operands = [n for n in value.operands if isinstance(n, int)]
            after = max((self._ready(n) for n in operands), default=0)
            self.stage[number] = after
            rows = any(self.varies[n][0] for n in operands)
            within = any(self.varies[n][1] for n in operands)
            reduces = value.function in REDUCTIONS
            self.varies[number] = (rows or reduces, within and not reduces)
            if reduces and value.place == COLUMN:
                self.varies[number] = (False, True)

    def _numbered(self) -> Iterator[tuple[int, Value]]:
        return enumerate(self.nest.values, self.first)

    def _ready(self, number: int) -> int:
        """The stage of a row's loops in which a value is known."""
        if number < self.first:
            return 0
        value = self.nest.values[number - self.first]
        return self.stage[number] + (value.function in REDUCTIONS and value.place == ROW)

    # ---- values

    def _is_input(self, number: int) -> bool:
        return number < self.first

    def _within(self, number: int) -> bool:
        """Whether a value is computed place by place: it varies along the places, or there are no rows."""
        return self.layout.flat or self.varies[number][1]

    def load(self, number: int) -> str:
        """An input's element here."""
        rows, within = self.varies[number]
        if self.nest.inputs[number].ndim == 0:
            return f"x{number}"
        if self.layout.flat:
            return f"x{number}[j]"
        if rows and within:
            return f"x{number}[i, j]"
        return f"x{number}[{'i' if rows else 'j' if within else '0'}]"

    def expression(self, number: int) -> str:
        """A value by the names of its operands."""
        value = self.nest.values[number - self.first]
        return expression(value.function, value.operands, value.dtype, self.nest.dtype, lambda n: f"v{n}")

    # ---- loops

    def text(self) -> str:
        """The function."""
        inputs = [f"{'a' if x.ndim else 'x'}{n}" for n, x in enumerate(self.nest.inputs)]
        outputs = [f"{'o' if self.nest.place(o.number) == FULL else 'y'}{i}" for i, o in enumerate(self.nest.outputs)]
        head = f"def loops({', '.join([*inputs, *outputs])}, rows, width, part, start, stop):"
        lines = [*self._shaped(), *UNSIGNED, *self.once(), *(self.flat() if self.layout.flat else self._rows())]
        return "\n".join([head, *indented(lines)]) + "\n"

    def _shaped(self) -> Iterator[str]:
        """The arrays in the form in which the loops read them."""
        for n, x in enumerate(self.nest.inputs):
            if x.ndim:
                two = not self.layout.flat and all(self.varies[n])
                yield f"x{n} = a{n}.reshape({'(rows, width)' if two else f'a{n}.size'})"
        for i, o in enumerate(self.nest.outputs):
            if self.nest.place(o.number) == FULL:
                yield f"y{i} = o{i}.reshape({f'o{i}.size' if self.layout.flat else '(rows, width)'})"

    def once(self) -> Iterator[str]:
        """Values that are the same everywhere."""
        for n in range(self.first):
            if not any(self.varies[n]):
                yield f"v{n} = {self.load(n) if self.nest.inputs[n].ndim == 0 else f'x{n}[0]'}"
        for number, value in self._numbered():
            if not any(self.varies[number]) and value.function not in REDUCTIONS:
                yield f"v{number} = {self.expression(number)}"

    def _sums(self, place: str) -> list[int]:
        return [n for n, v in self._numbered() if v.function in REDUCTIONS and v.place == place]

    def flat(self) -> list[str]:
        """One loop over all elements, in blocks where they are summed."""
        totals = self._sums(SCALAR)
        loads = [f"v{n} = {self.load(n)}" for n in range(self.first) if any(self.varies[n])]
        inner = loads + self._calls(
            [n for n, v in self._numbered() if any(self.varies[n]) and v.function not in REDUCTIONS]
        )
        inner += [f"y{i}[j] = v{n}" for n, i in self.outputs.items() if n not in totals]
        inner += [f"s{n} = plus(s{n}, v{self._summed(n)})" for n in totals]
        if not totals:
            return ["for j in range(begin, end):", *indented(inner)]
        lines = [f"t{n} = 0.0" for n in totals]
        block = [f"s{n} = {self.nest.dtype(n)}(0)" for n in totals]
        block += [f"for j in range(first, min(first + uint64({BLOCK}), end)):", *indented(inner)]
        block += [f"t{n} += s{n}" for n in totals]
        lines += [f"for first in range(begin, end, uint64({BLOCK})):", *indented(block)]
        return lines + [f"y{self.outputs[n]}[part] = t{n}" for n in totals]

    def _summed(self, number: int) -> int:
        operand: int = self.nest.values[number - self.first].operands[0]
        return operand

    def _calls(self, numbers: list[int]) -> list[str]:
        return [f"v{n} = {self.expression(n)}" for n in numbers]

    def _kept(self) -> set[int]:
        """The values that a later stage reads: they lie in memory, their own where they are outputs."""
        found = set()
        for number, value in self._numbered():
            for n in value.operands:
                if isinstance(n, int) and n >= self.first and self._within(n) and self.stage[n] < self.stage[number]:
                    found.add(n)
        return found

    def _rows(self) -> list[str]:
        columns, totals = self._sums(COLUMN), self._sums(SCALAR)
        kept = self._kept()
        buffers = sorted(n for n in kept if n not in self.outputs)
        setup = [f"b{n} = empty(width, {_numpy(self.nest.dtype(n))})" for n in buffers]
        setup += [f"s{n} = zeros(width, {_numpy(self.nest.dtype(n))})" for n in columns]
        setup += [f"t{n} = 0.0" for n in totals]
        row = [f"v{n} = {self.load(n)}" for n in range(self.first) if self.varies[n] == (True, False)]
        stages = 1 + max(self.stage.values(), default=0)
        for stage in range(stages):
            row += self._stage(stage, kept)
        row += [f"y{i}[i] = v{n}" for n, i in self.outputs.items() if self.nest.place(n) == ROW]
        if not columns:
            loop = ["for i in range(begin, end):", *indented(row)]
        else:
            flush = ["for j in range(places):"]
            for n in columns:
                flush += [f"    y{self.outputs[n]}[part, j] += s{n}[j]", f"    s{n}[j] = 0"]
            block = [f"for i in range(first, min(first + uint64({ROWS}), end)):", *indented(row), *flush]
            loop = [f"for first in range(begin, end, uint64({ROWS})):", *indented(block)]
        return [*setup, *loop, *(f"y{self.outputs[n]}[part] = t{n}" for n in totals)]

    def _stage(self, stage: int, kept: set[int]) -> list[str]:
        """The lines of one stage of a row: the numbers of the row, a loop over its places, and what the loop finds."""
        here = [(n, v) for n, v in self._numbered() if self.stage[n] == stage]
        plain = [n for n, v in here if v.function not in REDUCTIONS]
        lines = self._calls([n for n in plain if self.varies[n] == (True, False)])
        within = [n for n in plain if self._within(n)]
        sums = [(n, v) for n, v in here if v.function in REDUCTIONS]
        ends = [(n, v) for n, v in sums if not (v.place == SCALAR and self._of_row(n))]
        lines += [f"s{n} = {self._neutral(v)}" for n, v in ends if v.place in (ROW, SCALAR)]
        inner = self._loads(stage, within, [n for n, _ in ends])
        for n in within:
            inner.append(f"v{n} = {self.expression(n)}")
            if n in self.outputs:
                inner.append(f"y{self.outputs[n]}[i, j] = v{n}")
            elif n in kept:
                inner.append(f"b{n}[j] = v{n}")
        given = [n for n in plain if not self._within(n) and n in self.outputs and self.nest.place(n) == FULL]
        inner += [f"y{self.outputs[n]}[i, j] = v{n}" for n in given]
        for n, v in ends:
            x = f"v{self._summed(n)}"
            if v.place == COLUMN:
                inner.append(f"s{n}[j] += {x}")
            else:
                step = {"max": "largest", "min": "smallest"}.get(v.function, "plus")
                inner.append(f"s{n} = {step}(s{n}, {x})")
        if inner:
            lines += ["for j in range(places):", *indented(inner)]
        for n, v in sums:
            if v.place == SCALAR:
                lines.append(f"t{n} += {f'v{self._summed(n)}' if self._of_row(n) else f's{n}'}")
            elif v.place == ROW:
                lines.append(f"v{n} = s{n} / {v.dtype}(width)" if v.function == "mean" else f"v{n} = s{n}")
        return lines

    def _of_row(self, number: int) -> bool:
        """Whether a sum over everything is one over the rows of what each row has one of."""
        x = self._summed(number)
        return x >= self.first and self.nest.place(x) == ROW

    def _neutral(self, value: Value) -> str:
        if value.function in ("max", "min"):
            return f"{value.dtype}({'-' if value.function == 'max' else ''}inf)"
        return f"{value.dtype}(0)"

    def _loads(self, stage: int, within: list[int], ends: list[int]) -> list[str]:
        """What the loop of a stage reads: inputs, and values of earlier stages."""
        values = [self.nest.values[n - self.first] for n in (*within, *ends)]
        read = dict.fromkeys(n for v in values for n in v.operands if isinstance(n, int))
        lines = []
        for n in read:
            if self._is_input(n):
                if self.varies[n][1]:
                    lines.append(f"v{n} = {self.load(n)}")
            elif self._within(n) and self.stage[n] < stage:
                lines.append(f"v{n} = y{self.outputs[n]}[i, j]" if n in self.outputs else f"v{n} = b{n}[j]")
        return lines


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _numpy(dtype: str) -> str:
    return "boolean" if dtype == "bool" else dtype


def printed_together(nest: Nest, common: int) -> str:
    """The source of loops(inputs, outputs, start, stop) over tuples of arrays; the last `common` inputs are numbers."""
    layout = Layout(True, tuple((False, x.ndim > 0) for x in nest.inputs))
    printer = _Printer(nest, layout)
    arrays = len(nest.inputs) - common
    names = [f"x{n}" for n in range(arrays)]
    outs = [f"y{i}" for i in range(len(nest.outputs))]
    parameters = [
        *(f"{n}s" for n in names),
        *(f"x{n}" for n in range(arrays, len(nest.inputs))),
        *(f"{n}s" for n in outs),
    ]
    once = list(printer.once())
    loop = printer.flat()[1:]
    lines = [
        f"def loops({', '.join(parameters)}, start, stop):",
        *indented(once),
        "    before = 0",
        f"    for k in range(len({names[0]}s)):",
        *(f"        {n} = {n}s[k]" for n in (*names, *outs)),
        f"        size = {names[0]}.size",
        "        begin, end = max(start - before, 0), min(stop - before, size)",
        "        if begin < end:",
        "            for j in range(uint64(begin), uint64(end)):",
        *(f"            {line}" for line in loop),
        "        before += size",
    ]
    return "\n".join(lines) + "\n"
