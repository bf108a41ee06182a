"""Names in place of functions and classes: `activation="relu"`, `loss="mse"`, and users' own in `custom_objects`."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["CUSTOM", "custom_object", "described", "named", "revived", "with_custom_objects"]

CUSTOM = "custom_object"  # the key of a user's own function in a configuration

_NONE: Mapping[str, Any] = MappingProxyType({})
_custom: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("custom_objects", default=_NONE)


@contextlib.contextmanager
def with_custom_objects(given: Mapping[str, Any] | None) -> Iterator[None]:
    """Within the block, these names stand for these functions and classes."""
    token = _custom.set({**_custom.get(), **(given or {})})
    try:
        yield
    finally:
        _custom.reset(token)


def named(kind: str, given: Any, known: Mapping[str, Any]) -> Any:
    """The entry of a name; anything but a string is returned unchanged. ValueError lists the names there are."""
    if not isinstance(given, str):
        return given
    if given in _custom.get():
        return _custom.get()[given]
    if given not in known:
        raise ValueError(f"no {kind} is called {given!r}; there is {', '.join(sorted(known))}")
    return known[given]


def custom_object(kind: str, name: str) -> Any:
    """A user's own function or class of this name; ValueError where none was given."""
    if name not in _custom.get():
        raise ValueError(f"the {kind} {name!r} is none of K.models; pass it as custom_objects={{{name!r}: ...}}")
    return _custom.get()[name]


def described(owner: str, value: Any, known: Mapping[str, Any]) -> Any:
    """A value as JSON has it: functions and objects by name, those of users marked as such.

    TypeError for what has no name to find it by.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [described(owner, each, known) for each in value]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: described(owner, each, known) for name, each in value.items()}
    if hasattr(value, "describe"):
        return value.describe()
    for name, function in known.items():
        if function is value:
            return name
    name = getattr(value, "__name__", "")
    if callable(value) and name.isidentifier():
        return {CUSTOM: name}
    raise TypeError(
        f"{owner}: {value!r} cannot be described by name; expected a number, a string, a name of K.models, or a "
        "function with a name of its own, which load_model takes as custom_objects"
    )


def revived(kind: str, value: Any) -> Any:
    """What `described` gave, with the functions of users, which `custom_objects` has, in their places."""
    if isinstance(value, Mapping):
        if set(value) == {CUSTOM}:
            return custom_object(kind, str(value[CUSTOM]))
        return {name: revived(kind, each) for name, each in value.items()}
    return [revived(kind, each) for each in value] if isinstance(value, list) else value
