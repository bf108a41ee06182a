"""The printer: a program as straight-line Python that calls the bound namespace.

It writes nothing but names and literals that it makes itself, sizes and dtypes; a user's names stand in comments.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from ..arrays.dtypes import DType
from ..graph.dim_text import compounds
from ..graph.dims import Dim
from ..graph.tasks import Task, finished
from ..graph.tensor import Constant, Node, Placeholder, Spec, Subgraph, Tensor
from ..kernels.description import Nest
from .described import Described
from .literals import comment, literal
from .loops.description import LOOPS
from .memory_reuse import OVERWRITING
from .program import Program, Routine, Step
from .tiling import fused

__all__ = ["ENTRY", "Source", "print_program"]

ENTRY = "function"  # the name of the function that runs
SHARED_DEPTH = 3  # levels from which a size expression that occurs twice has a name; x[1:-1] reads better without
RESERVED = frozenset(("xp", "device", "inf", "nan", "complex", "int", "max", "min", ENTRY))


@dataclasses.dataclass(slots=True)
class Source:
    """A printed program: its text, and what its names stand for."""

    text: str = ""
    constants: dict[str, Constant] = dataclasses.field(default_factory=dict)
    composites: dict[str, Any] = dataclasses.field(default_factory=dict)
    chains: dict[str, Subgraph] = dataclasses.field(default_factory=dict)  # the bodies that work element by element
    nests: dict[str, Nest] = dataclasses.field(default_factory=dict)  # the bodies that are loop nests
    loops: dict[str, Subgraph] = dataclasses.field(default_factory=dict)  # the bodies that run many times


def print_program(program: Program, name: str = "function", named: Collection[str] = ()) -> Source:
    """The source of function(*inputs, *variables) -> (outputs, updates); `name` is what a comment calls it.

    Functions of the standard that are `named` are called by name, not written as operators.
    """
    return _Printer(program, named).printed(name)


class _Printer:
    """Prints one program: constants and what is computed once at module level, then each body, then the entry."""

    def __init__(self, program: Program, named: Collection[str]) -> None:
        self.program, self.named = program, named
        self.source = Source()
        self.lines: list[str] = []
        self.fixed: dict[int, str] = {}  # constants and what is computed once, for all routines
        self.bodies: dict[int, str] = {}
        self._once = itertools.count(1)
        self._specs: dict[Spec, str] = {}

    def printed(self, name: str) -> Source:
        main = self.program.main
        count = sum(isinstance(t, Placeholder) for t in main.inputs)
        names = [f"x{i}" for i in range(1, count + 1)] + [f"w{i}" for i in range(1, len(main.inputs) - count + 1)]
        body = finished(self.routine(main, names, ENTRY, self._returned))
        head = [] if name == ENTRY else [f"# {comment(name)}"]
        head += [f"# {n}: {_described(t)}" for n, t in zip(names, main.inputs, strict=True)]
        head += [f"# {n}: constant {t.dtype} {t.shape}{_value(t)}" for n, t in self.source.constants.items()]
        self.source.text = "\n".join([*head, *self.lines, "", *body, ""])
        return self.source

    def routine(self, routine: Routine, names: Sequence[str], name: str, returned: Any) -> Task:
        """The lines of a function, as a task; what it needs before it goes to the module's lines."""
        scope = _Scope(self, dict(zip(map(id, routine.inputs), names, strict=True)))
        for step in routine.setup:
            if not all(t is None or id(t) in self.fixed for t in step.results):
                yield from self.printed_bodies(step.node)
                self.lines.append(scope.line(step, [self._fixed_name(t) for t in step.results]))
        scope.share_sizes(routine.steps)
        lines = []
        for step in routine.steps:
            if step.node.kwargs:
                yield from self.printed_bodies(step.node)
            lines += scope.size_lines(step)
            lines.append(scope.line(step, scope.targets(step)))
        return [f"def {name}({', '.join(names)}):", *[f"    {line}" for line in lines], f"    return {returned(scope)}"]

    def _fixed_name(self, t: Tensor | None) -> str:
        if t is None:
            return "_"
        return self.fixed.setdefault(id(t), f"k{next(self._once)}")

    def _returned(self, scope: _Scope) -> str:
        texts = [self._root(i, t, scope.name(t)) for i, t in enumerate(self.program.graph.roots)]
        count = len(self.program.graph.outputs)
        return f"{_tuple(texts[:count])}, {_tuple(texts[count:])}"

    def _root(self, i: int, t: Tensor, name: str) -> str:
        if i in self.program.copies:
            return f"xp.asarray({name}, copy=True)"
        if t.dtype == "bfloat16":  # NumPy gives products of it, and its sums with numbers, in float32
            return f"xp.astype({name}, xp.bfloat16, copy=False)"
        return name

    def constant(self, t: Constant) -> str:
        """The name of a constant, new or known."""
        if id(t) not in self.fixed:
            name = f"c{len(self.source.constants) + 1}"
            self.fixed[id(t)] = name
            self.source.constants[name] = t
        return self.fixed[id(t)]

    def described(self, spec: Spec) -> str:
        """The dtype and shape of a result."""
        found = self._specs.get(spec)
        if found is None:
            found = self._specs[spec] = f"{spec.dtype} {_shape(spec.shape)}"
        return found

    def composite(self, function: Any) -> str:
        """The name of a composite: its own, unless that means something else here."""
        name = function.__name__
        taken = self.source.composites
        while taken.get(name, function) is not function or name in RESERVED or _numbered(name):
            name += "_"
        taken[name] = function
        return name

    def printed_bodies(self, node: Node) -> Task:
        """Print the bodies of a call as functions of their own, before the one that calls them."""
        for body in node.kwargs.values():
            if isinstance(body, Subgraph) and id(body) not in self.bodies:
                self.bodies[id(body)] = name = f"body_{len(self.bodies) + 1}"
                if isinstance(body, Described):
                    self.source.nests[name] = body.description
                elif node.primitive.name in LOOPS:
                    self.source.loops[name] = body
                routine = self.program.bodies[id(body)]
                names = [f"x{i}" for i in range(1, len(routine.inputs) + 1)]
                lines = yield self.routine(routine, names, name, _results_of(routine))
                self.lines += ["", *lines, ""]


def _results_of(routine: Routine) -> Callable[[_Scope], str]:
    return lambda scope: _tuple([scope.name(t) for t in routine.outputs])


class _Scope:
    """The names of one function's tensors."""

    def __init__(self, printer: _Printer, names: dict[int, str]) -> None:
        self._printer = printer
        self._names = names
        self._count = itertools.count(1)
        self._shared_sizes: set[Dim] = set()
        self._named_sizes: dict[Dim, str] = {}

    def share_sizes(self, steps: Sequence[Step]) -> None:
        """Find the deep size expressions that several calls or expressions need: each is computed once, and named."""
        depth: dict[Any, int] = {}
        for dim, uses in compounds([size for step in steps for size in _sizes_of(step.node)]):
            depth[dim] = 1 + max(depth.get(a, 0) for a in dim.arguments)
            if uses > 1 and depth[dim] >= SHARED_DEPTH:
                self._shared_sizes.add(dim)
                depth[dim] = 0  # it is a name from here on

    def size_lines(self, step: Step) -> list[str]:
        """The lines that compute the shared sizes which this step is the first to need."""
        lines: list[str] = []
        if not self._shared_sizes:
            return lines
        for dim, _ in compounds(_sizes_of(step.node), self._named_sizes):
            if dim in self._shared_sizes:
                name = f"n{len(self._named_sizes) + 1}"
                lines.append(f"{name} = {self.text(dim)}")
                self._named_sizes[dim] = name
        return lines

    def name(self, t: Tensor) -> str:
        """What a tensor is called here."""
        found = self._names.get(id(t))
        if found is not None:
            return found
        return self._printer.constant(t) if isinstance(t, Constant) else self._printer.fixed[id(t)]

    def targets(self, step: Step) -> list[str]:
        """New names for the results of a step; that of the argument it writes over, where it does."""
        if step.into is not None and not _is_overwritten(step):
            (t,) = step.results
            self._names[id(t)] = self.name(step.into)
        found = []
        for t in step.results:
            name = "_" if t is None else self._names.get(id(t))
            if name is None:
                name = self._names[id(t)] = f"v{next(self._count)}"
            found.append(name)
        return found

    def line(self, step: Step, targets: Sequence[str]) -> str:
        """The line of a step: the call, what is freed after it, and the results' dtypes and shapes."""
        node = step.node
        frees = step.frees
        if step.into is None:
            left = f"{', '.join(targets)}," if node.multi_output and len(targets) == 1 else ", ".join(targets)
            text = f"{left} = {self.call(node)}"
        elif _is_overwritten(step):
            text = f"{targets[0]} = {self._printer.composite(OVERWRITING[node.function][0])}({self.arguments(node)})"
            frees = (*frees, node.args[1])
        else:
            x, y = node.args if node.args[0] is step.into else node.args[::-1]
            text = f"{self.name(x)} {node.primitive.sign}= {self.text(y)}"
        if frees:
            text += f"; del {', '.join(map(self.name, frees))}"
        return f"{text}  # {', '.join([self._printer.described(spec) for spec in node.specs])}"

    def call(self, node: Node) -> str:
        """The call, as an operator, by its template, or by name."""
        if not isinstance(node.function, str):
            arguments = self.arguments(node)
            if node.function is fused:
                body = node.kwargs["body"]
                self._printer.source.chains[self._printer.bodies[id(body)]] = body
            return f"{self._printer.composite(node.function)}({arguments})"
        facts = node.primitive
        if node.function == "getitem":
            return facts.template.format(self.text(node.args[0]), self.key(*node.args))  # type: ignore[union-attr]
        if facts.template is not None and facts.name not in self._printer.named:
            return facts.template.format(*[self.operand(a, facts.sign) for a in node.args])
        if facts.name == "asarray":
            items = node.args[0]
            value = f"[{', '.join(map(self.text, items))}]" if isinstance(items, tuple) else self.text(items)
            return f"xp.asarray({value}, dtype={self.text(node.kwargs['dtype'])}, device=device)"
        return f"xp.{facts.name}({self.arguments(node)}{', device=device' if facts.takes_device else ''})"

    def arguments(self, node: Node) -> str:
        """The arguments of a call, by position and by keyword."""
        found = list(map(self.text, node.args))
        if node.kwargs:
            found += [f"{k}={self.text(v)}" for k, v in node.kwargs.items()]
        return ", ".join(found)

    def operand(self, value: Any, sign: str | None) -> str:
        """An argument beside an operator: in parentheses where it begins with a sign of its own."""
        if isinstance(value, Tensor):
            return self.name(value)
        text = self.text(value)
        return f"({text})" if sign is not None and text.startswith("-") else text

    def text(self, value: Any) -> str:
        """An argument: names, sizes, dtypes, tuples of those, and literals; TypeError for anything else."""
        if isinstance(value, Tensor):
            return self.name(value)
        if isinstance(value, Dim):
            return value.source(self.name, self._named_sizes)
        if isinstance(value, DType):
            return f"xp.{literal(str(value))[1:-1]}"
        if isinstance(value, (tuple, list)):
            return _tuple(list(map(self.text, value)))
        if isinstance(value, Subgraph):
            return self._printer.bodies[id(value)]
        return literal(value)

    def key(self, x: Tensor, key: tuple[Any, ...]) -> str:
        """What stands between the brackets of x[...]."""
        sizes = iter(x.sizes)
        return ", ".join("None" if k is None else self.slice(k, next(sizes)) for k in key)

    def slice(self, key: Any, size: Any) -> str:
        """A slice as a person writes it; bounds stay within 0 to n, since the standard leaves others open."""
        if not isinstance(key, slice):
            return self.text(key)
        start = "" if _equal(key.start, 0) else self.text(key.start)
        end = key.stop
        if isinstance(end, Dim) and end.function == "max" and _equal(end.arguments[0], key.start):
            end = end.arguments[1]  # nothing is taken where stop lies before start
        stop = "" if _equal(end, size) else self.text(end)
        return f"{start}:{stop}" + ("" if key.step == 1 else f":{literal(key.step)}")


def _is_overwritten(step: Step) -> bool:
    """Whether a difference is written over its second operand, for which there is no operator."""
    return step.into is not None and step.node.function in OVERWRITING and step.into is not step.node.args[0]


def _sizes_of(node: Node) -> list[Dim]:
    """The size expressions in the arguments of a call."""
    found: list[Dim] = []
    if node.inputs is node.args:
        return found
    for value in (*node.args, *node.kwargs.values()) if node.kwargs else node.args:
        if not isinstance(value, (Tensor, int, str, float)):
            found += _sizes(value)
    return found


def _sizes(value: Any) -> Iterator[Dim]:
    """The size expressions in an argument."""
    if isinstance(value, Dim):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _sizes(each)
    elif isinstance(value, dict):
        yield from _sizes(tuple(value.values()))
    elif isinstance(value, slice):
        yield from _sizes((value.start, value.stop))


def _numbered(name: str) -> bool:
    """Whether the printer may give this name to something itself."""
    return name.removeprefix("body_").lstrip("xwvkcn").isdigit()


def _described(t: Tensor) -> str:
    label = "placeholder" if isinstance(t, Placeholder) else "variable"
    return f"{label} {comment(t.given_name) + ' ' if t.given_name else ''}{t.dtype} {_shape(t.spec.shape)}"


def _value(t: Constant) -> str:
    return f" = {comment(repr(t.value.item()))}" if t.shape == () and hasattr(t.value, "item") else ""


def _shape(shape: Any) -> str:
    return "(...)" if shape is None else str(tuple(n if isinstance(n, int) else None for n in shape))


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b
