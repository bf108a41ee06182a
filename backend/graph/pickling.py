"""Pickles and deep copies of graphs: flat lists of calls, so that no graph is too deep, with each shared part once.

`pickle` and `copy` ask a tensor, call, size or body what it is made of through the functions registered here. The
answer is a place in a `Block`: all that leads to it, each after what it reads, but for what another block of the same
pickle holds. The pickler writes each block once, so parts keep their identity within one pickle. No compiled code is
written. What is read is checked, since the printer writes some of it as it is: names of functions, parameters, dtypes
and operators.
"""

from __future__ import annotations

import copyreg
import functools
import keyword
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..arrays.dtypes import DType, dtype_name
from ..arrays.namespaces import host
from .composite import COMPOSITES, Composite
from .dims import Dim
from .primitives import PRIMITIVES
from .tensor import Constant, Effect, Node, Placeholder, Spec, Subgraph, Tensor, spec
from .traversal import postorder

__all__ = ["Block", "portable", "state_of_tensor"]

# What a tensor is made with, what is computed from it, and Keras's history of layers, which a model writes instead.
_OWN = frozenset(
    "node index spec number default value typed array backend _evaluators _keras_history _keras_mask".split()
)


SIZES = frozenset(["size", "item", "+", "*", "//", "%", "max", "min"])  # what `Dim` knows


class At(NamedTuple):
    """What stands for a part of the same block: its place, and for a tensor the number of the call's output."""

    place: int
    output: int | None = None


class Block:
    """Parts of graphs, each after those it is made of."""

    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts
        self.places = {id(part): place for place, part in enumerate(parts)}
        self.held: list[Any] = []  # tensors with names, until those that read the block hold them

    def __reduce__(self) -> Any:
        return _restored, ([_entry(part, self.places) for part in self.parts],)


# By the id of a part; picklers hold the blocks.
_blocks: weakref.WeakValueDictionary[int, Block] = weakref.WeakValueDictionary()


def portable(array: Any, dtype: str) -> np.ndarray:
    """The values of an array of any library as a NumPy array; float32 where NumPy lacks the dtype."""
    if dtype == "bfloat16":
        array = array.float() if hasattr(array, "float") else array.astype("float32")  # torch's, and JAX's
    return np.array(host(array))


def state_of_tensor(t: Tensor) -> dict[str, Any]:
    """The attributes of a tensor that its constructor does not set, such as its name; not Keras's history of layers."""
    return {name: value for name, value in vars(t).items() if name not in _OWN}


# ---- writing


def _place(part: Any) -> tuple[Block, int]:
    """The block of a part, and its place there."""
    block = _blocks.get(id(part))
    if block is None:
        block = Block(postorder([part], _needed))
        _blocks.update(dict.fromkeys(block.places, block))
    return block, block.places[id(part)]


def _needed(part: Any) -> list[Any]:
    """What a part is made of and no block holds."""
    return [p for p in _parts(_contents(part)) if id(p) not in _blocks]


def _contents(part: Any) -> Any:
    if isinstance(part, Node):
        return part.args, part.kwargs, part.specs, part.effects
    if isinstance(part, Dim):
        return part.arguments
    return (part.inputs, part.outputs) if isinstance(part, Subgraph) else part.spec


def _parts(structure: Any) -> Iterator[Any]:
    """The parts of graphs in nested arguments."""
    if isinstance(structure, Tensor):
        if structure.node is not None:
            yield structure.node
        elif type(structure) is Placeholder:
            yield structure
    elif isinstance(structure, (Dim, Subgraph)):
        yield structure
    elif isinstance(structure, (tuple, list)):
        for each in structure:
            yield from _parts(each)
    elif isinstance(structure, dict):
        yield from _parts(tuple(structure.values()))
    elif isinstance(structure, slice):
        yield from _parts((structure.start, structure.stop, structure.step))


def _nested(change: Callable[[Any], Any], structure: Any) -> Any:
    """Nested arguments with each leaf changed; lists become tuples."""
    if isinstance(structure, (tuple, list)) and not isinstance(structure, At):
        return tuple(_nested(change, each) for each in structure)
    if isinstance(structure, dict):
        return {name: _nested(change, each) for name, each in structure.items()}
    if isinstance(structure, slice):
        return slice(*_nested(change, (structure.start, structure.stop, structure.step)))
    return change(structure)


def _entry(part: Any, places: dict[int, int]) -> tuple[Any, ...]:
    """A part as a kind and what it is made with."""

    def placed(leaf: Any) -> Any:
        if isinstance(leaf, Tensor) and leaf.node is not None and id(leaf.node) in places:
            return At(places[id(leaf.node)], leaf.index)
        return At(places[id(leaf)]) if isinstance(leaf, (Tensor, Dim, Subgraph)) and id(leaf) in places else leaf

    written = functools.partial(_nested, placed)
    if isinstance(part, Node):
        return "call", part.function, *written(_contents(part)), part.multi_output, part.names()
    if isinstance(part, Dim):
        return "size", part.function, written(part.arguments)
    if isinstance(part, Subgraph):
        return "body", *written(_contents(part))
    return "placeholder", written(part.spec), part.default, state_of_tensor(part)


# ---- reading


def _restored(entries: Any) -> Block:
    """The block that the entries describe."""
    block = Block([])

    def found(leaf: Any) -> Any:
        if isinstance(leaf, At):
            part = block.parts[leaf.place]
            return part if leaf.output is None else part.output(leaf.output)
        return DType(dtype_name(str(leaf))) if isinstance(leaf, DType) else leaf

    read = functools.partial(_nested, found)
    for kind, *what in entries:
        part, tensors = _MAKERS[kind](read, *what)
        block.parts.append(part)
        block.held += tensors
    return block


def _call(
    read: Callable[[Any], Any], function: Any, args: Any, kwargs: Any, specs: Any, effects: Any, multi: bool, names: Any
) -> Any:
    if function not in PRIMITIVES if isinstance(function, str) else not isinstance(function, Composite):
        raise pickle.UnpicklingError(f"the graph calls {function!r}, which is no function of the standard")
    for name in kwargs:
        if not str(name).isidentifier() or keyword.iskeyword(name):
            raise pickle.UnpicklingError(f"the graph has a parameter {name!r}, which is no name")
    found = tuple(_spec(*each) for each in read(specs))
    node = Node(function, read(args), read(kwargs), found, multi, tuple(Effect(*each) for each in read(effects)))
    tensors = []
    for index, name in names.items():
        tensors.append(node.output(index))
        tensors[-1].name = name
    return node, tensors


def _spec(shape: Any, dtype: Any) -> Spec:
    """A spec whose sizes are numbers, expressions or unknown."""
    for n in shape or ():
        if not (n is None or isinstance(n, (int, Dim))):
            raise pickle.UnpicklingError(f"the graph has a size {n!r}, which is no number")
    return spec(shape, dtype)


def _size(read: Callable[[Any], Any], function: str, arguments: Any) -> Any:
    if function not in SIZES:
        raise pickle.UnpicklingError(f"the graph has a size by {function!r}, which is no operator")
    return Dim(function, *read(arguments)), ()


def _body(read: Callable[[Any], Any], inputs: Any, outputs: Any) -> Any:
    return Subgraph(read(inputs), read(outputs)), ()


def _placeholder(read: Callable[[Any], Any], of: Any, default: Any, state: dict[str, Any]) -> Any:
    shape, dtype = _spec(*read(of))
    made = Placeholder(shape, dtype, default=default)
    made.__dict__.update(state)
    return made, ()


_MAKERS: dict[str, Callable[..., Any]] = {"call": _call, "size": _size, "body": _body, "placeholder": _placeholder}


def _part(block: Block, place: int) -> Any:
    return block.parts[place]


def _output(block: Block, place: int, index: int) -> Tensor:
    return block.parts[place].output(index)


def _constant(value: Any, typed: bool) -> Constant:
    return Constant(value, typed=typed)


def _composite(name: str) -> Composite:
    if name not in COMPOSITES:
        raise pickle.UnpicklingError(f"the graph calls the composite {name!r}, which nothing imported defines")
    return COMPOSITES[name]


# ---- what pickle and copy ask


def _reduced_part(part: Any) -> Any:
    return _part, _place(part)


def _reduced_placeholder(t: Placeholder) -> Any:
    return _part, _place(t), state_of_tensor(t) or None


def _reduced_tensor(t: Tensor) -> Any:
    return _output, (*_place(t.node), t.index), state_of_tensor(t) or None


def _reduced_constant(t: Constant) -> Any:
    value = t.value if t.dtype == "bfloat16" else portable(t.value, t.dtype)
    return _constant, (value, t.typed), state_of_tensor(t) or None


def _reduced_composite(function: Composite) -> Any:
    name = function.__name__
    if COMPOSITES.get(name) is not function:
        raise pickle.PicklingError(f"the composite {name!r} cannot be pickled: another one has its name")
    return _composite, (name,)


for _kind in (Node, Dim, Subgraph):
    copyreg.pickle(_kind, _reduced_part)
copyreg.pickle(Placeholder, _reduced_placeholder)
copyreg.pickle(Tensor, _reduced_tensor)
copyreg.pickle(Constant, _reduced_constant)
copyreg.pickle(Composite, _reduced_composite)
