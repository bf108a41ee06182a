"""The verifier: what must hold of a graph or program after every pass."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ..arrays import namespaces
from ..graph.dims import known
from ..graph.tensor import Constant, Node, Spec, Subgraph, Tensor
from ..graph.traversal import bodies_within, toposort
from .codegen import print_program
from .program import Graph, Program, Routine

__all__ = ["InvalidProgramError", "verify"]


class InvalidProgramError(AssertionError):
    """A pass broke the program: a fault of this library."""


Checked = dict[int, Node]  # the calls found valid so far, by id


def verify(
    name: str, before: Graph | Program, after: Graph | Program, checked: Checked | None = None, last: bool = True
) -> None:
    """Refuse what a pass made, naming the pass, unless it still is a program and computes the same results.

    Calls in `checked` are not looked into again, and those found valid are added. The source is printed and checked
    after the `last` pass alone.
    """
    for problem in _problems(before, after, {} if checked is None else checked, last):
        raise InvalidProgramError(f"pass {name}: {problem}")


def _problems(before: Graph | Program, after: Graph | Program, checked: Checked, last: bool) -> Iterator[str]:
    old, new = (p.graph if isinstance(p, Program) else p for p in (before, after))
    if len(old.outputs) != len(new.outputs) or len(old.updates) != len(new.updates):
        yield f"{len(old.roots)} results became {len(new.roots)}"
    for i, (a, b) in enumerate(zip(old.roots, new.roots, strict=False)):
        if not _agree(a.spec, b.spec):
            yield f"result {i} was {_text(a.spec)} and became {_text(b.spec)}"
    if isinstance(after, Graph):
        yield from _of_graph(after, checked)
        if _effectful(old) != _effectful(new):
            yield f"calls with effects were {_effectful(old)} and became {_effectful(new)}"
    else:
        for routine in after.routines():
            yield from _of_routine(routine)
        if isinstance(before, Program) and _calls(before) != _calls(after):
            yield "the calls are no longer the same"
        if last:
            yield from _of_source(print_program(after).text)


def _agree(a: Spec, b: Spec) -> bool:
    """Whether two specs can be of one array: dtypes equal, and shapes wherever both are known."""
    if a.dtype != b.dtype:
        return False
    if a.shape is None or b.shape is None:
        return True
    return len(a.shape) == len(b.shape) and all(
        n == m for n, m in zip(map(known, a.shape), map(known, b.shape), strict=True) if None not in (n, m)
    )


def _text(spec: Spec) -> str:
    return f"{spec.dtype} {spec.shape if spec.shape is None else tuple(map(known, spec.shape))}"


def _effectful(graph: Graph) -> Counter[str]:
    """The calls that do more than give a result, equal ones counted once where equal calls are shared."""
    found = {t.node.primitive.name for t in graph.order if t.node is not None and not t.node.primitive.pure}
    return Counter(found)


def _of_graph(graph: Graph, checked: Checked) -> Iterator[str]:
    """Each call has the spec that recording it gives, and bodies use nothing but their inputs and constants."""
    order = _acyclic(graph.roots)
    for node, body in bodies_within(order):
        if id(node) not in checked:
            yield from _of_body(node.primitive.name, body, checked)
    for t in order:
        if t.node is not None:
            yield from _of_node(t.node, checked)


def _acyclic(roots: Iterable[Tensor]) -> list[Tensor]:
    state: dict[int, bool] = {}  # tensor -> whether all it needs has been seen
    order: list[Tensor] = []
    stack = [(t, False) for t in roots]
    while stack:
        t, ready = stack.pop()
        if ready:
            state[id(t)] = True
            order.append(t)
        elif id(t) not in state:
            state[id(t)] = False
            stack.append((t, True))
            for i in t.node.inputs if t.node is not None else ():
                if state.get(id(i)) is False:
                    raise InvalidProgramError(f"{t.name} depends on itself")
                stack.append((i, False))
    return order


def _of_node(node: Node, checked: Checked) -> Iterator[str]:
    if id(node) in checked:
        return
    checked[id(node)] = node
    found = _inferred(node)
    if found is not None and not (len(found) == len(node.specs) and all(map(_agree, found, node.specs))):
        said, gives = (", ".join(map(_text, specs)) for specs in (node.specs, found))
        yield f"a call of {node.primitive.name} says that it gives {said}, it gives {gives}"


def _of_body(function: str, body: Subgraph, checked: Checked) -> Iterator[str]:
    own = {id(t) for t in body.inputs}
    for t in toposort(body.outputs, known=own):
        if id(t) in own or isinstance(t, Constant):
            continue
        if t.node is None:
            yield f"a body of {function} uses {t.name}, which is not among its inputs"
        else:
            yield from _of_node(t.node, checked)


def _inferred(node: Node) -> tuple[Spec, ...] | None:
    """The specs that recording the call anew gives; None for what is not recorded by that name."""
    if isinstance(node.function, str):
        if node.function == "identity":  # of the graph, not of the standard
            return None
        result: Any = operator.attrgetter(node.function)(namespaces.recorder)(*node.args, **node.kwargs)
    else:
        result = node.function.specs(node.args, node.kwargs)
    if isinstance(result, Spec):
        return (result,)
    several = result if isinstance(result, tuple) else (result,)
    return tuple(r if isinstance(r, Spec) else r.spec for r in several)


def _of_routine(routine: Routine) -> Iterator[str]:
    """Each tensor is defined before it is used, once, and not used after it is freed or written over."""
    defined = {id(t) for t in routine.inputs}
    dead: set[int] = set()
    for step in (*routine.setup, *routine.steps):
        for t in step.node.inputs:
            if id(t) in dead:
                yield f"{t.name} is used after it was freed"
            elif id(t) not in defined and not _constant(t):
                yield f"{t.name} is used before it is defined"
        dead.update(map(id, step.frees))
        if step.into is not None:
            dead.add(id(step.into))
        for t in (r for r in step.results if r is not None):
            if id(t) in defined:
                yield f"{t.name} is defined twice"
            defined.add(id(t))
    for t in routine.outputs:
        if id(t) in dead:
            yield f"{t.name} is a result, and was freed"


def _constant(t: Tensor) -> bool:
    """Whether a tensor depends on constants alone: another routine may have computed it beforehand."""
    return all(isinstance(i, Constant) or i.node is not None for i in toposort([t]))


def _calls(program: Program) -> Counter[int]:
    return Counter(id(step.node) for r in program.routines() for step in (*r.setup, *r.steps))


def _of_source(text: str) -> Iterator[str]:
    """Each name is assigned once within a function, and before it is read."""
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = Counter(a.arg for a in function.args.args)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                names.update(n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name) and n.id != "_")
        for name, count in names.items():
            if count > 1:
                yield f"{name} is assigned {count} times in {function.name}"
