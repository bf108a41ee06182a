"""Reading arrays on the host: by NumPy itself, by DLPack, or by a function that the user names."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays import namespaces

__all__ = ["Reader", "UnreadableError", "host", "reader_named", "remember_reader", "working_reader"]

Reader = Callable[[Any], np.ndarray]

# Methods by which array libraries give a NumPy array; one that works is named in the message, never used unasked.
_METHODS = ("todense", "toarray", "numpy", "to_numpy", "asnumpy", "unwrap_numpy", "get")

_OF_NAMESPACE: dict[int, tuple[Any, Reader]] = {}  # id of a namespace -> the namespace, kept alive, and its reader
_OF_TYPE: dict[type, Reader] = {}


class UnreadableError(TypeError):
    """The values of a library's arrays cannot be read, so nothing can be said of them."""


def host(x: Any) -> np.ndarray:
    """The values of an array of any namespace under test as a NumPy array; a lazy library computes them here."""
    kind = type(x)
    if kind not in _OF_TYPE:
        _OF_TYPE[kind] = _OF_NAMESPACE.get(id(namespaces.namespace_of(x)), (None, _plainly))[1]
    return _OF_TYPE[kind](x)


def remember_reader(xp: Any, kind: type, reader: Reader) -> None:
    """Read arrays of this type, and those of other types that belong to the namespace, in this way."""
    _OF_TYPE.clear()  # types of this namespace met before
    _OF_NAMESPACE[id(xp)] = (xp, reader)
    _OF_TYPE[kind] = reader


def reader_named(text: str) -> Reader:
    """The function of a text such as 'package:function' or 'package:Class.method', which reads one array."""
    path, _, attribute = text.partition(":")
    if not path or not attribute:
        raise ValueError(f"convert: expected package:function, got {text!r}")
    found: Any = importlib.import_module(path)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise ValueError(f"convert: {text!r} is {type(found).__name__}, no function")
    return _numbers(found)


def working_reader(array: Any, wanted: np.ndarray, own: Reader | None, name: str) -> Reader:
    """The first way to read an array that gives the wanted values; UnreadableError, in one sentence, if none does."""
    trouble = ""
    for reader in (*([own] if own else []), _plainly, _by_dlpack):
        try:
            found = reader(array)
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the next way is tried
            trouble = trouble or f"{type(error).__name__}: {_first_line(error)}"
            continue
        if _same(found, wanted):
            return reader
        trouble = trouble or f"it reads {found.dtype} {found.tolist()!r:.60}, expected {wanted.dtype} {wanted.tolist()}"
    kind = type(array)
    by = "the function given with --convert" if own else "NumPy"
    hint = f", such as --convert {method}" if (method := _method(array, wanted)) and not own else ""
    raise UnreadableError(
        f"{by} cannot read the arrays of {name}, of type {kind.__module__}.{kind.__name__} ({trouble.rstrip('. ')}): "
        f"pass --convert package:function, a function that returns one as a NumPy array{hint}, "
        "or give them __array__ or __dlpack__"
    )


def _numbers(function: Callable[[Any], Any]) -> Reader:
    """The function, with a result that is a NumPy array of numbers or truth values."""

    def read(x: Any) -> np.ndarray:
        found = namespaces.host(x) if isinstance(x, np.ndarray | np.generic) else np.asarray(function(x))
        if found.dtype.kind not in "biufcV":
            raise UnreadableError(f"{type(x).__name__} is read as an array of dtype {found.dtype}, expected numbers")
        return found

    return read


def _exported(x: Any) -> np.ndarray:
    """By DLPack; a copy, where an array that cannot be written to cannot be exported (NumPy's own, in another one)."""
    try:
        return np.from_dlpack(x)
    except BufferError:
        return np.from_dlpack(namespaces.namespace_of(x).asarray(x, copy=True))


def _held(x: Any) -> np.ndarray:
    """By NumPy; where that fails, with the library's own error, not that of the second try (no `to_device`)."""
    try:
        return namespaces.host(x)
    except AttributeError as error:
        if error.name == "to_device" and error.__context__ is not None:
            raise error.__context__ from None
        raise


_plainly, _by_dlpack = _numbers(_held), _numbers(_exported)


def _same(found: np.ndarray, wanted: np.ndarray) -> bool:
    return found.dtype == wanted.dtype and found.shape == wanted.shape and bool(np.all(found == wanted))


def _method(array: Any, wanted: np.ndarray) -> str:
    """A method of the array's class that reads it, as --convert takes it, or ''."""
    kind = type(array)
    root = kind.__module__.partition(".")[0]
    with contextlib.suppress(ImportError):
        if getattr(importlib.import_module(root), kind.__name__, None) is not kind:
            return ""
        for method in _METHODS:
            with contextlib.suppress(Exception):  # a method of this name may do anything, or not be there
                if _same(np.asarray(getattr(array, method)()), wanted):
                    return f"{root}:{kind.__name__}.{method}"
    return ""


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "")
