"""Which functions of the standard an exception comes from: those whose code its traceback passes through."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any

from ..case import discovered_standard
from ..judging.causes import normal
from ..printable import first_line
from ..subjects.opening import SAMPLE

if TYPE_CHECKING:
    from ..subjects.operations import Namespace

__all__ = ["origins"]

CHAINED = 20  # exceptions of a chain that are looked at: a chain may be a circle


def origins(error: BaseException | None, on: Namespace) -> list[tuple[str, str]]:
    """For each function that an exception comes from: (its name, such as 'argsort' or 'linalg.inv', what was raised).

    Functions written in C leave no frame and are not found. An operation of K puts its name before the message of what
    it caught; the text is that of the exception as the function raised it.
    """
    found: dict[tuple[str, str], None] = {}
    codes = _codes(on)
    for each in _chain(error):
        text = normal(f"{type(each).__name__}: {first_line(each)}")
        for code in _frames(each.__traceback__):
            found.update(dict.fromkeys((name, text) for name in codes.get(code, ())))
    return list(found)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those that it was raised from, or whose message it repeats: not one that was dealt with."""
    for _ in range(CHAINED):
        if error is None:
            return
        yield error
        inner = error.__cause__
        before = error.__context__
        if inner is None and before is not None and first_line(before) and first_line(before) in first_line(error):
            inner = before
        error = inner


def _frames(trace: TracebackType | None) -> Iterator[CodeType]:
    while trace is not None:
        yield trace.tb_frame.f_code
        trace = trace.tb_next


_CODES: dict[int, tuple[Any, dict[CodeType, tuple[str, ...]]]] = {}  # by the identity of the namespace, kept with it


def _codes(on: Namespace) -> dict[CodeType, tuple[str, ...]]:
    """The names of a namespace's functions by their code; several names may stand for one function.

    Code that several functions share, as a wrapper's does, tells nothing and is left out.
    """
    if id(on.xp) not in _CODES:
        kind = type(on.array(SAMPLE))
        owners: dict[CodeType, dict[int, list[str]]] = {}
        for name in discovered_standard():
            for function in _methods(kind, name) if name.startswith("array.") else [_attribute(on.xp, name)]:
                inner = _unwrapped(function)
                if isinstance(code := getattr(inner, "__code__", None), CodeType):
                    owners.setdefault(code, {}).setdefault(id(inner), []).append(name)
        found = {code: tuple(names) for code, by in owners.items() if len(by) == 1 for names in by.values()}
        _CODES[id(on.xp)] = (on.xp, found)
    return _CODES[id(on.xp)][1]


def _methods(kind: type, name: str) -> list[Any]:
    """What stands for 'array.add' or 'array.mT' in a class of arrays."""
    name = name.removeprefix("array.")
    return [inspect.getattr_static(kind, each, None) for each in (f"__{name}__", name)]


def _attribute(xp: Any, name: str) -> Any:
    for part in name.split("."):
        xp = getattr(xp, part, None)
    return xp


def _unwrapped(function: Any) -> Any:
    """The function behind decorators, partial arguments and a property."""
    inner = getattr(function, "fget", function)
    inner = inner.func if isinstance(inner, functools.partial) else inner
    try:
        return inspect.unwrap(inner)
    except ValueError:  # a circle of wrappers
        return None
