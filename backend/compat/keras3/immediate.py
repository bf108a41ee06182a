"""Calls computed as they are recorded: tensors then have values, and gradients as well."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator
from typing import Any

from backend.api.function import Function
from backend.arrays.backends import Backend, active, quietly
from backend.arrays.dtypes import dtype_name
from backend.graph.dims import Dim
from backend.graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor, control, map_tensors

from .tensors import held_dtype

__all__ = ["Programs", "computed_at_once", "held"]

MOST_PROGRAMS = 4096  # of single calls that are kept; a training step has some hundred

Programs = dict[Hashable, Function]  # calls by function, arguments, shapes and dtypes


@contextlib.contextmanager
def computed_at_once(programs: Programs) -> Iterator[None]:
    """Within the block, a call whose inputs have values gets its own as it is recorded; programs of calls are kept."""
    backend = active()
    token = control.set(control.get()._replace(compute=lambda node: _compute(node, backend, programs)))
    try:
        yield
    finally:
        control.reset(token)


def held(array: Any, name: str | None = None) -> Placeholder:
    """A placeholder that stands for an array."""
    place = Placeholder(tuple(array.shape), dtype_name(array.dtype), name)
    place._held = array  # noqa: SLF001 - a field of Tensor's for this
    return place


def _compute(node: Node, backend: Backend, programs: Programs) -> None:
    """Give the node its results; none where it stands in the body of a loop, whose inputs have no values."""
    inputs = list({id(t): t for t in node.inputs}.values())
    feeds = [_array(t, backend) for t in inputs]
    if any(x is None for x in feeds):
        return
    places = {id(t): i for i, t in enumerate(inputs)}
    key: Any = (
        backend.name,
        node.function,
        tuple((tuple(x.shape), dtype_name(x.dtype)) for x in feeds),
        _key((node.args, node.kwargs), places),
    )
    try:
        program = programs.get(key)
    except TypeError:  # it has a body or a rule, which no two calls share
        key, program = None, None
    if program is None:
        program = _single(node, inputs, feeds)
        if key is not None and len(programs) < MOST_PROGRAMS:
            programs[key] = program
    node.held = tuple(quietly(program.run, backend, feeds))


def _array(t: Tensor, backend: Backend) -> Any:
    """The array that a tensor stands for, None where it has none."""
    return backend.asarray(t.value, held_dtype(backend, t.dtype)) if isinstance(t, Constant) else t.held


def _single(node: Node, inputs: list[Tensor], feeds: list[Any]) -> Function:
    """The call alone as a function of its inputs."""
    places = {
        id(t): Placeholder(None if t.spec.shape is None else tuple(x.shape), t.dtype)
        for t, x in zip(inputs, feeds, strict=True)
    }
    args, kwargs = map_tensors((node.args, node.kwargs), lambda t: places[id(t)])
    copy = Node(node.function, args, kwargs, node.specs, node.multi_output)
    outputs = [copy.output(i) for i in range(len(node.specs))]
    return Function(list(places.values()), outputs, (), node.primitive.name)


def _key(value: Any, places: dict[int, int]) -> Any:
    """Arguments as a key, their tensors by number; one that is not hashable where no two calls share an argument."""
    if isinstance(value, Tensor):
        return "tensor", places[id(value)]
    if isinstance(value, (tuple, list)):
        return tuple(_key(v, places) for v in value)
    if isinstance(value, dict):
        return tuple((name, _key(v, places)) for name, v in value.items())
    if isinstance(value, slice):
        return "slice", _key((value.start, value.stop, value.step), places)
    if isinstance(value, (Subgraph, Dim)) or callable(value) or hasattr(value, "call"):
        return []
    return type(value), value
