"""What a run tests, by name: an array namespace or a module of the Keras backend API."""

from __future__ import annotations

from .modules import Module
from .namespaces import Namespace
from .opening import KerasModule, Opening, opened

__all__ = ["Namespace", "namespace"]

_OPENED: dict[str, Namespace] = {}


def namespace(name: str, **how: str) -> Namespace:
    """The target of this name: a backend of K, an importable namespace or a module of the Keras backend API.

    `how`: the fields of `Opening`. Without any, a target that is open already is that one, however it was opened.
    """
    opening = Opening(**how)
    if name not in _OPENED or (how and _OPENED[name].opening != opening):
        found = opened(name, opening.taken_as)
        target = (
            Module(name, found.functions, opening)
            if isinstance(found, KerasModule)
            else Namespace(name, found, opening)
        )
        target.prepare()
        _OPENED[name] = target
    return _OPENED[name]
