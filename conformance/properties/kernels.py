"""Libraries' kernels beside their definitions, wherever the elements of their arrays lie in memory."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from backend.arrays.dtypes import dtype_name, is_float
from backend.arrays.namespaces import is_array
from backend.graph.composite import Composite
from backend.graph.tensor import Node, Subgraph, Tensor
from backend.graph.traversal import toposort

from .. import error_analysis
from ..calls.arrangements import ARRANGEMENTS, repeated
from ..case import Case
from ..examples import Example, least, typical
from ..judging.bounds import analysing
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, as_expected, compiled, placeholders, recorded, symbolic
from .agreement import roomy
from .gradients import gradient_graph, second_graph

__all__ = ["composites_of", "kernel_layouts"]

MIXED = ("dense", "transposed", "channels-first", "thin-inside")  # of two such, the first array has one, the rest one


class KernelCall(NamedTuple):
    """One call of a composite that has a kernel: native arguments, and which of them other kernels made for it."""

    composite: Composite
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    residual: tuple[bool, ...]


@functools.cache
def composites_of(case: Case) -> frozenset[str]:
    """The names of the composites in a case's first call and in its gradient."""
    if not case.calls:
        return frozenset()
    example = typical(case, 0, "float64" if "float64" in case.dtypes else case.dtypes[-1])
    found: set[str] = set()
    with contextlib.suppress(Exception):  # 'predicted' and 'gradient' report what cannot be recorded
        for _, outputs in itertools.islice(_graphs(example), 2):
            found |= {
                t.node.function.__name__
                for t in toposort([o for o in outputs if isinstance(o, Tensor)])
                if t.node is not None and isinstance(t.node.function, Composite)
            }
    return frozenset(found)


def kernel_layouts(on: Namespace, example: Example) -> float | None:
    """Each kernel that an operation and its gradients call gives what its definition gives, in any layout."""
    worst = None
    for one in _sizes(example):
        for call in _calls(on, one):
            worst = max(worst or 0.0, _agrees(on, call))
    return worst


def _sizes(example: Example) -> list[Example]:
    """What is tried of an example: the sizes that it has in float32, axes of size 1 in float64, else both."""
    smallest = least(example.case, example.call_key[1], example.dtype)
    if not {"float32", "float64"} <= set(example.case.dtypes):
        return list(dict.fromkeys((example, smallest)))
    return {"float32": [example], "float64": [smallest]}.get(example.dtype, [])


def _calls(on: Namespace, example: Example) -> list[KernelCall]:
    """The calls of kernels, each composite's once for each graph, in the operation and in its gradients' graphs."""
    key = "kernel calls", on.name
    if key not in example.cache:
        found: list[KernelCall] = []
        for inputs, outputs in _graphs(example):
            nodes = _nodes(on, outputs, {call.composite.__name__ for call in found})
            wanted = [a for node in nodes for a in node.args if isinstance(a, Tensor)]
            values = iter(compiled(on, inputs, wanted, on.arrays(example)) if wanted else [])
            for node in nodes:
                args = tuple(next(values) if isinstance(a, Tensor) else a for a in node.args)
                found.append(KernelCall(node.function, args, node.kwargs, tuple(map(_is_residual, node.args))))
        example.cache[key] = found
    return example.cache[key]


def _graphs(example: Example) -> Iterator[tuple[list[Any], list[Any]]]:
    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        return inputs, symbolic(example, inputs)

    yield recorded(example.graphs, "graph", record)
    if example.case.gradient != () and example.differentiated:
        yield gradient_graph(example)
        if example.case.second:
            yield second_graph(example)


def _nodes(on: Namespace, outputs: list[Any], known: set[str]) -> list[Node]:
    """The calls of composites with a kernel in a graph, one of each; not those of `known` names.

    Loops and branches are left out: their bodies are graphs, which only a whole program runs.
    """
    wanted = on.kernels - known
    found: dict[int, Node] = {}
    for t in toposort([o for o in outputs if isinstance(o, Tensor)]):
        node = t.node
        if node is not None and isinstance(node.function, Composite):
            name = node.function.__name__
            if name in wanted and not any(isinstance(v, (Tensor, Subgraph)) for v in node.kwargs.values()):
                found[id(node)] = node
    return list(found.values())


def _is_residual(value: Any) -> bool:
    """Whether a value is what a forward kernel kept for its gradient, in whatever form."""
    node = value.node if isinstance(value, Tensor) else None
    return node is not None and isinstance(node.function, Composite) and value.index >= _given(node)


def _given(node: Node) -> int:
    """The number of outputs that are no residuals."""
    composite = node.function
    if not composite.has_residuals:
        return len(node.specs)
    return len(composite.specs(node.args, {**node.kwargs, "residuals": False}))


def _agrees(on: Namespace, call: KernelCall) -> float:
    """The worst error of the kernels of one composite in all layouts, as a fraction of its bound."""
    name = call.composite.__name__
    modules = {m.__name__.rpartition(".")[2]: m for m in on.kernel_modules}
    kernels = [(home, getattr(m, name)) for home, m in modules.items() if hasattr(m, name)]
    arranged = [(call.args, "dense"), *((args, name) for name, args in _arranged(call))]
    wanted, worst = _wanted(on, call, call.args), 0.0
    for kernel, (args, layout) in itertools.product(kernels, arranged):
        worst = max(worst, _compared(on, call, kernel, wanted, args, layout))
    if any(_free(call)):
        alike = tuple(repeated(a) if free else a for a, free in zip(call.args, _free(call), strict=True))
        wanted = _wanted(on, call, alike)
        for kernel in kernels:
            worst = max(worst, _compared(on, call, kernel, wanted, alike, "repeated"))
    return worst


def _arranged(call: KernelCall) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The arguments in every layout, all arrays alike, and in two layouts: the first array in one, the rest in another.

    Kernels that read two arrays by the layout of one go wrong on the latter alone.
    """
    places = [
        i
        for i, (a, kept) in enumerate(zip(call.args, call.residual, strict=True))
        if is_array(a) and not kept and a.ndim and 0 not in a.shape
    ]
    laid = {name: {i: arrange(call.args[i]) for i in places} for name, arrange in ARRANGEMENTS.items()}
    moved = {name: any(x is not call.args[i] for i, x in found.items()) for name, found in laid.items()}
    for name, found in laid.items():
        if moved[name]:
            yield name, tuple(found.get(i, a) for i, a in enumerate(call.args))
    if len(places) > 1:
        laid["dense"], moved["dense"] = {}, True
        for one, other in itertools.permutations((name for name in MIXED if moved[name]), 2):
            found = {**laid[other], places[0]: laid[one].get(places[0], call.args[places[0]])}
            yield f"{one} and {other}", tuple(found.get(i, a) for i, a in enumerate(call.args))


def _free(call: KernelCall) -> list[bool]:
    """Which arguments may have any value: cotangents, and the numbers that a forward kernel takes."""
    names = list(inspect.signature(call.composite.definition).parameters)
    forward = not any(call.residual) and not call.composite.__name__.endswith(("_gradient", "_selection"))
    return [
        is_array(a)
        and a.ndim > 0
        and 0 not in a.shape
        and is_float(dtype_name(a.dtype))
        and (forward or name in ("g", "g_h", "g_c"))
        for name, a in zip(names, call.args, strict=False)
    ]


def _wanted(on: Namespace, call: KernelCall, args: tuple[Any, ...]) -> list[Any]:
    """The definition's results with their error bounds."""
    plain = {k: v for k, v in call.kwargs.items() if k != "residuals"}
    given = [
        None if kept else error_analysis.bounded(host(a)) if is_array(a) else a
        for a, kept in zip(args, call.residual, strict=True)
    ]
    with analysing(on.library), np.errstate(all="ignore"):
        return [roomy(as_expected(r)) for r in _several(call.composite.definition(*given, **plain))]


def _compared(
    on: Namespace,
    call: KernelCall,
    kernel: tuple[str, Callable[..., Any]],
    wanted: list[Any],
    args: tuple[Any, ...],
    name: str,
) -> float:
    """The worst error of one kernel, given with the name of the library it is made with, in one layout."""
    home, run = kernel
    with on.backend.quiet():
        found = run(*args, **call.kwargs)
    if found is NotImplemented:
        return 0.0  # the definition runs
    try:
        return compare(wanted, _several(found)[: len(wanted)], on.dtypes)
    except Failure as failure:
        failure.kind = f"{name} {failure.kind}"
        made = "" if home == on.library else f"{home} "
        failure.message = f"the {made}kernel {call.composite.__name__}, {name} arrays: {failure.message}"
        failure.args = (failure.message,)
        raise


def _several(results: Any) -> list[Any]:
    return list(results) if isinstance(results, (tuple, list)) else [results]
