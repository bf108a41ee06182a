"""What a traced function reads besides its arguments, as a key: equal keys mean that a new trace gives the same."""

from __future__ import annotations

import dis
import enum
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..arrays.namespaces import describe, host, is_array, is_concrete, namespace_of
from ..graph.composite import Composite
from ..graph.tensor import Subgraph, Tensor

__all__ = ["Same", "UnknownStateError", "state_of", "watch_of"]

MOST_PARTS = 2000  # values read for one key; a function that reads more is traced at every call
MOST_WATCHED = 40  # values that a call compares before it runs
_LITERALS = (bool, int, str, bytes, type(None), type(Ellipsis))
_FIXED = (
    types.ModuleType,
    types.BuiltinFunctionType,
    types.CodeType,
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
    np.dtype,
    np.ufunc,
    enum.Enum,
    range,
    Composite,
    Subgraph,
    Tensor,
)


class UnknownStateError(Exception):
    """A value whose changes cannot be noticed: what was traced with it must not be used again."""


class Same:
    """An object that is equal to itself alone. It is held, so that its id is not used again."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


def state_of(function: Any, values: Iterable[Any]) -> Any:
    """A key of a function's closure, globals and defaults, and of values; UnknownStateError where there can be none."""
    reader = _Reader(_home(function))
    return reader.read(function), tuple(map(reader.read, values))


def _home(function: Any) -> dict[str, Any]:
    """The globals of the module that a function was written in, within its wrappers."""
    function = inspect.unwrap(function)
    while isinstance(function, functools.partial):
        function = inspect.unwrap(function.func)
    if not hasattr(function, "__globals__"):  # an object that can be called
        function = vars(type(function)).get("__call__")
    return getattr(function, "__globals__", {})


class _Reader:
    """Reads values part by part; functions and classes of the module `home` with the globals they name."""

    def __init__(self, home: dict[str, Any]) -> None:
        self._home = home
        self._seen: dict[int, int] = {}
        self._held: list[Any] = []  # keeps ids from being used again while reading

    def read(self, value: Any) -> Any:
        kind = type(value)
        if kind in _LITERALS:
            return kind, value
        if kind in (float, complex):
            return kind, repr(value)  # -0.0 is not 0.0, and nan is nan
        if isinstance(value, _FIXED):
            return Same(value)
        if id(value) in self._seen:
            return "again", self._seen[id(value)]
        if len(self._seen) >= MOST_PARTS:
            raise UnknownStateError
        self._seen[id(value)] = len(self._seen)
        self._held.append(value)
        if is_array(value):
            return _array(value)
        return self._parts(value)

    def _parts(self, value: Any) -> Any:
        kind = type(value)
        if isinstance(value, (list, tuple)):
            return Same(kind), tuple(map(self.read, value))
        if isinstance(value, dict):
            return Same(kind), tuple((self.read(k), self.read(v)) for k, v in value.items())
        if isinstance(value, (set, frozenset)):
            return Same(kind), frozenset(map(self.read, value))
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, (types.MethodType, staticmethod, classmethod)):
            return Same(kind), self.read(value.__func__), self.read(getattr(value, "__self__", None))
        if isinstance(value, functools.partial):
            return Same(kind), self.read(value.func), self.read(value.args), self.read(value.keywords)
        if isinstance(value, property):
            return Same(kind), self.read(value.fget)
        if isinstance(value, type):
            return self._class(value)
        if hasattr(value, "__captured__"):
            return Same(value), self.read(value.__captured__())
        return self._object(value)

    def _function(self, f: types.FunctionType) -> Any:
        names = _global_names(f.__code__) if f.__globals__ is self._home else ()
        cells = [c.cell_contents for c in f.__closure__ or () if _is_filled(c)]
        named = [(n, self.read(self._home[n])) for n in names if n in self._home]
        rest = self.read(cells), self.read(f.__defaults__), self.read(f.__kwdefaults__), self.read(vars(f))
        return Same(f.__code__), tuple(named), rest

    def _class(self, kind: type) -> Any:
        """A class of the function's own module with its attributes; any other is taken not to change."""
        if kind.__module__ != self._home.get("__name__"):
            return Same(kind)
        own = [(n, v) for n, v in vars(kind).items() if not (n.startswith("__") and n.endswith("__"))]
        return Same(kind), tuple((n, self.read(v)) for n, v in own), tuple(map(self.read, kind.__bases__))

    def _object(self, value: Any) -> Any:
        """Any other object: itself, with its attributes. What has none, and is not a function, may hide a state."""
        slots = [n for k in type(value).__mro__ for n in _names(getattr(k, "__slots__", ()))]
        own = [(n, getattr(value, n)) for n in slots if n not in ("__dict__", "__weakref__") and hasattr(value, n)]
        if hasattr(value, "__dict__"):
            own += list(vars(value).items())
        elif not slots and not callable(value):
            raise UnknownStateError
        return Same(value), self.read(type(value)), tuple((n, self.read(v)) for n, v in own)


_MISSING = object()
_ATOMS = (float, complex, *_LITERALS, *_FIXED)  # what never changes, or counts as itself


def watch_of(function: Any) -> Callable[[], bool] | None:
    """Whether a function's state is for sure the one of now, found out in a microsecond or two.

    None where that takes reading values again: arrays that can be written to, and objects with attributes.
    """
    watch = _Watch(_home(function))
    try:
        watch.add(function)
    except UnknownStateError:
        return None
    return watch.same


class _Watch:
    """Where the values of a function's state are held: each must hold the very object that it holds now."""

    def __init__(self, home: dict[str, Any]) -> None:
        self._home = home
        self._seen: dict[int, Any] = {}
        self._names: list[tuple[str, Any]] = []
        self._cells: list[tuple[types.CellType, Any]] = []
        self._attributes: list[tuple[Any, str, Any]] = []

    def same(self) -> bool:
        """Whether nothing has changed."""
        home = self._home
        for name, value in self._names:
            if home.get(name, _MISSING) is not value:
                return False
        for cell, value in self._cells:
            if not _is_filled(cell) or cell.cell_contents is not value:
                return False
        for owner, attribute, value in self._attributes:
            found = getattr(owner, attribute)
            if found is not value and found != value:
                return False
        return True

    def add(self, value: Any) -> None:
        """Watch a value; UnknownStateError for one that may change without another object in its place."""
        if isinstance(value, _ATOMS) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if len(self._seen) > MOST_WATCHED:
            raise UnknownStateError
        if isinstance(value, tuple):
            for part in value:
                self.add(part)
        elif isinstance(value, types.FunctionType):
            self._add_function(value)
        elif not (is_array(value) and is_concrete(value) and describe(namespace_of(value)).startswith("jax")):
            raise UnknownStateError

    def _add_function(self, f: types.FunctionType) -> None:
        if f.__kwdefaults__ or vars(f):
            raise UnknownStateError
        for attribute in ("__code__", "__defaults__", "__kwdefaults__"):
            self._attributes.append((f, attribute, getattr(f, attribute)))
        self._attributes.append((f, "__dict__", {}))
        self.add(f.__defaults__)
        for cell in f.__closure__ or ():
            if not _is_filled(cell):
                raise UnknownStateError
            self._cells.append((cell, cell.cell_contents))
            self.add(cell.cell_contents)
        for name in _global_names(f.__code__) if f.__globals__ is self._home else ():
            value = self._home.get(name, _MISSING)
            self._names.append((name, value))
            if value is not _MISSING:
                self.add(value)


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _global_names(code: types.CodeType) -> tuple[str, ...]:
    """The globals that a code object and those within it name."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found.update(_global_names(inner))
    return tuple(sorted(found))


def _array(x: Any) -> Any:
    """An array by identity and contents: a hash of them, torch's count of writes, or nothing where it is immutable."""
    if not is_concrete(x):
        raise UnknownStateError
    library = describe(namespace_of(x)).partition(".")[0]
    if library == "jax":
        return Same(x)
    if library == "torch" and not x.is_inference():
        return Same(x), x._version, x.data_ptr(), x.requires_grad  # noqa: SLF001 - torch has no public name for it
    values = np.ascontiguousarray(host(x))
    if values.dtype.hasobject:
        raise UnknownStateError
    digest = hashlib.sha256(values.reshape(-1).view(np.uint8)).digest()
    return Same(type(x) if isinstance(x, np.generic) else x), values.shape, values.dtype.str, digest
