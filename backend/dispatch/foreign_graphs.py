"""Calls on variables of another library's graph: recorded on placeholders, and added to that graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import is_variable, namespace_of
from ..graph.tensor import Placeholder, Tensor

__all__ = ["LIBRARY", "add_to_graph", "holds_variables", "loaded", "set_writer"]

LIBRARY = "pytensor"  # the library whose arrays are to come, and hold no sizes that K could read
loaded = sys.modules
Writer = Callable[[str, Any, list[tuple[Any, Tensor]]], Any]
_writer: Writer | None = None


def set_writer(writer: Writer) -> None:
    """Make `writer(operation's name, results, pairs of variables and placeholders)` what adds to the other graph."""
    global _writer
    _writer = writer


def holds_variables(value: Any) -> bool:
    """Whether arguments hold a variable of the other library, in nests of tuples, lists and dictionaries."""
    if isinstance(value, (tuple, list)):
        return any(map(holds_variables, value))
    if isinstance(value, dict):
        return any(map(holds_variables, value.values()))
    return is_variable(value)


def add_to_graph(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What the function gives for these arguments, as variables of the other library."""
    known: dict[int, tuple[Any, Tensor]] = {}

    def symbolic(value: Any) -> Any:
        if isinstance(value, Tensor):
            raise TypeError(
                f"got {value!r} beside a variable of PyTensor, which are of two graphs; "
                "use arrays, or variables of PyTensor alone"
            )
        if isinstance(value, (tuple, list)):
            return type(value)(map(symbolic, value)) if type(value) in (tuple, list) else value
        if isinstance(value, dict):
            return {key: symbolic(each) for key, each in value.items()}
        if not is_variable(value):
            return value
        if id(value) not in known:
            shape = namespace_of(value).static_shape(value)
            known[id(value)] = value, Placeholder(shape, dtype_name(value.dtype), value.name)
        return known[id(value)][1]

    given = [symbolic(value) for value in args]
    results = function(*given, **{name: symbolic(value) for name, value in kwargs.items()})
    assert _writer is not None
    return _writer(function.__name__, results, list(known.values()))
