"""Executors: another library compiles a function, from the graph that it is evaluated into once.

The arrays are NumPy's. PyTensor decides when a graph is made which sizes of 1 broadcast, our graphs when they run: so
there is a program for each set of unknown sizes that turn out to be 1.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..arrays.namespaces import namespace_of, of_library
from ..dispatch.foreign_graphs import set_writer
from ..graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor, leaves
from ..graph.traversal import toposort
from ..kernels.lookup import kernels_of
from .interpreter import Interpreter, UnsupportedError
from .pipeline import GRAPH, run_passes
from .program import Graph

__all__ = ["added", "executed"]

PASSES = ("prune", "cse", "simplify")  # the others make calls for our own kernels
Shape = tuple[int | None, ...]
Results = tuple[tuple[Any, ...], tuple[Any, ...]]


def executed(executable: Any, executor: Any) -> Callable[..., Results]:
    """function(*inputs, *defaults, *variables) -> (outputs, updates), compiled at its first calls."""
    names = [name for name in PASSES if name in executable.passes]
    graph = dataclasses.replace(run_passes(executable.recorded, names, GRAPH), shared=None)
    defaults, variables = executable.graph.free()
    places = [*graph.inputs, *defaults, *variables]
    programs: dict[tuple[Shape, ...], Callable[..., Sequence[np.ndarray]]] = {}

    def run(*arrays: Any) -> Results:
        arrays = tuple(map(np.asarray, arrays))
        shapes = tuple(map(_static, places, arrays))
        if shapes not in programs:
            try:
                programs[shapes] = _compiled(graph, places, shapes, executor)
            except UnsupportedError as error:
                raise ValueError(f"{executable.name}: {executor} cannot run it: {error}") from error
        found = tuple(programs[shapes](*arrays))
        return found[: len(graph.outputs)], found[len(graph.outputs) :]

    return run


def _static(t: Tensor, x: np.ndarray) -> Shape:
    """The shape that a program may count on: the sizes known beforehand, and those that are 1."""
    known = (None,) * x.ndim if t.spec.shape is None else t.shape
    return tuple(n if m is not None or n == 1 else None for m, n in zip(known, x.shape, strict=True))


def _compiled(
    graph: Graph, places: Iterable[Tensor], shapes: Sequence[Shape], executor: Any
) -> Callable[..., Sequence[np.ndarray]]:
    """The program for arguments of these shapes; UnsupportedError for a call that cannot be part of one."""
    inputs = [executor.variable(shape, str(t.dtype)) for t, shape in zip(places, shapes, strict=True)]
    interpreter = Interpreter(
        executor.xp, lambda value, t: executor.constant(value), (_Calls(executor),), changes_variables=True
    )
    interpreter.values = {id(t): x for t, x in zip(places, inputs, strict=True)}
    return executor.compiled(inputs, [interpreter.lazy(value) for value in interpreter(graph.roots)])


def added(name: str, results: Any, given: Sequence[tuple[Any, Tensor]]) -> Any:
    """What an operation recorded on placeholders, in the graph of the variables that stand for them."""
    xp = namespace_of(given[0][0])
    executor = xp.Executor()
    rule = _Calls(executor, own_kernels=False)
    interpreter = Interpreter(xp, lambda value, t: executor.constant(value), (rule,))
    interpreter.values = {id(place): x for x, place in given}
    for leaf in toposort(list(leaves(results))):
        if leaf.node is not None or isinstance(leaf, Constant) or id(leaf) in interpreter.values:
            continue
        if not isinstance(leaf, Placeholder) or leaf.default is None:
            raise ValueError(
                f"{name}: it draws random numbers or reads a variable of K, which PyTensor's graph does not hold; "
                "write the program in K.function on the backend 'pytensor'"
            )
        interpreter.values[id(leaf)] = np.asarray(leaf.default, dtype=leaf.dtype)

    def written(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            kind = type(value)
            return kind(*map(written, value)) if hasattr(kind, "_fields") else kind(map(written, value))
        return interpreter.lazy(interpreter([value])[0]) if isinstance(value, Tensor) else value

    return written(results)


set_writer(added)


class _Calls:
    """The rule for calls that become one operation of the program, which calls NumPy or a kernel of ours for it.

    Those are random draws, which have the same bits everywhere; what prints; with `own_kernels` what has one
    (convolution, pooling, cells); and what the library has no functions for. The library cannot differentiate them; K
    differentiates before.
    """

    def __init__(self, executor: Any, own_kernels: bool = True) -> None:
        self.executor = executor
        self.kernels = kernels_of(of_library("numpy")) if own_kernels else None

    def __call__(self, interpreter: Interpreter, t: Tensor) -> Any:
        node = t.node
        if node is None or node.primitive.forwards:
            return None
        if not interpreter.changes_variables and (node.effects or not node.primitive.pure):
            return None
        if any(isinstance(value, Subgraph) for value in node.kwargs.values()):
            return None
        name, pure = node.primitive.name, node.primitive.pure
        if pure and not name.startswith("draw_") and (node.primitive.elementwise or not hasattr(self.kernels, name)):
            try:
                results = interpreter.results(node)
            except UnsupportedError:
                results = self._called(interpreter, node)
        else:
            results = self._called(interpreter, node)
        return interpreter.keep(node, t, results)

    def _called(self, interpreter: Interpreter, node: Node) -> Any:
        """The results of an operation that makes the call when the program runs."""
        args, kwargs = interpreter.arguments(node, interpreter.numpy)
        if any(s.shape is None for s in node.specs):  # a kernel's own residuals: the gradient computes them again
            if "residuals" not in kwargs:
                raise UnsupportedError(f"{node.primitive.name}: its result has an unknown rank")
            kwargs = {**kwargs, "residuals": False}
        leaves: list[Any] = []

        def place(x: Any) -> _Place:
            leaves.append(x)
            return _Place(len(leaves) - 1)

        places = _mapped((args, kwargs), interpreter.is_lazy, place)
        if not leaves:  # known beforehand; what would print is refused
            return interpreter.results(node)
        function = _numpy_function(interpreter, node)

        def call(*arrays: np.ndarray) -> tuple[Any, ...]:
            args, kwargs = _mapped(places, lambda x: isinstance(x, _Place), lambda place: arrays[place.number])
            with np.errstate(all="ignore"):
                found = function(*args, **_mapped(kwargs, _is_size, int))
            return tuple(found) if node.multi_output else (found,)

        types = [(str(s.dtype), _known(s.shape)) for s in node.specs if s.shape is not None]
        found = iter(self.executor.call(call, leaves, types))
        results = tuple(None if s.shape is None else next(found) for s in node.specs)
        return results if node.multi_output else results[0]


class _Place:
    """The place of an array among the arguments of a call."""

    def __init__(self, number: int) -> None:
        self.number = number


def _numpy_function(interpreter: Interpreter, node: Node) -> Callable[..., Any]:
    if isinstance(node.function, str):
        found: Callable[..., Any] = operator.attrgetter(node.function)(interpreter.numpy)
        return found
    bound: Callable[..., Any] = node.function.bound(interpreter.numpy)
    return bound


def _known(shape: Iterable[Any]) -> Shape:
    return tuple(n if isinstance(n, int) else None for n in shape)


def _is_size(value: Any) -> bool:
    """Whether a parameter is a size that was computed: parameters are no arrays."""
    return isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind in "iu"


def _mapped(value: Any, chosen: Callable[[Any], bool], change: Callable[[Any], Any]) -> Any:
    """A nest of arguments with the chosen members changed."""
    if isinstance(value, (tuple, list)):
        return tuple(_mapped(each, chosen, change) for each in value)
    if isinstance(value, dict):
        return {key: _mapped(each, chosen, change) for key, each in value.items()}
    return change(value) if chosen(value) else value
