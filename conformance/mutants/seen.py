"""What a generated fault can see of a call: its arrays, its parameters by name, and the calls before it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.dtypes import dtype_name
from backend.graph.tensor import Tensor

from ..data import signatures

__all__ = ["REQUIRED", "Operand", "Parameter", "Seen", "leaves", "named", "operand", "parameters_of", "seen"]


class Parameter(NamedTuple):
    """A parameter of a function: the text of its type, and its default, or `REQUIRED`."""

    name: str
    positional: bool
    keyword: bool
    variadic: bool
    type: str
    default: Any


REQUIRED = inspect.Parameter.empty


class Operand(NamedTuple):
    """An array of a call: `value` shares its memory, and is None where the array is a recorded one."""

    shape: tuple[int | None, ...]
    dtype: str
    value: np.ndarray | None

    @property
    def size(self) -> int:
        """The number of elements, or -1 if unknown."""
        return -1 if any(n is None for n in self.shape) else int(np.prod(self.shape, dtype=int))


class Seen(NamedTuple):
    """One call."""

    arrays: tuple[Operand, ...]
    named: dict[str, Any]  # the arguments by their parameters' names, those not given left out
    size: int  # elements of the first array, or of the result of a call without arrays
    nth: int  # 1 for the first call
    before: tuple[Any, ...] | None  # the shapes and dtypes of the arrays of the call before

    @property
    def layout(self) -> tuple[Any, ...]:
        """The shapes and dtypes of its arrays."""
        return tuple((a.shape, a.dtype) for a in self.arrays)


def operand(x: Any) -> Operand | None:
    """An array of array_api_strict or a recorded one as an operand; None for anything else."""
    if hasattr(x, "_array"):
        return Operand(x._array.shape, x._array.dtype.name, x._array)
    if isinstance(x, Tensor):
        return Operand(tuple(x.shape), dtype_name(x.dtype), None)
    return None


def leaves(value: Any) -> Iterator[Any]:
    """The values inside nested lists and tuples."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@functools.cache
def parameters_of(target: str) -> tuple[Parameter, ...]:
    """The parameters of a function of the standard ('exp', 'array.add') or of an operation of K ('K.softmax')."""
    if target.startswith("K."):
        found = inspect.signature(getattr(K, target[2:])).parameters.values()
        return tuple(
            Parameter(
                p.name,
                p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD),
                p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD),
                p.kind is p.VAR_POSITIONAL,
                str(p.annotation).strip("'\""),
                p.default,
            )
            for p in found
        )
    rows = signatures()
    row = rows.get(target) or rows.get("array.__" + target.removeprefix("array.") + "__") or {"parameters": []}
    return tuple(
        Parameter(
            p["name"],
            p["kind"].startswith("positional"),
            p["kind"] in ("keyword-only", "positional-or-keyword"),
            p["kind"] == "variadic",
            p.get("type", ""),
            p.get("default", REQUIRED),
        )
        for p in row["parameters"]
    )


def named(target: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by the names of their parameters."""
    names = [p.name for p in parameters_of(target) if p.positional]
    return {**dict(zip(names, args, strict=False)), **kwargs}


def seen(
    target: str, args: tuple[Any, ...], kwargs: dict[str, Any], got: Any, count: int, before: tuple[Any, ...] | None
) -> Seen:
    """A call as a fault sees it."""
    arrays = tuple(o for x in leaves([*args, *kwargs.values()]) if (o := operand(x)) is not None)
    results = [o for x in leaves(got) if (o := operand(x)) is not None]
    first = arrays or tuple(results)
    return Seen(arrays, named(target, args, kwargs), first[0].size if first else -1, count, before)
