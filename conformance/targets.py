"""What a run tests, by name: an array namespace or a module of the Keras backend API."""

from __future__ import annotations

import functools

from .modules import Module
from .namespaces import Namespace
from .opening import KerasModule, opened

__all__ = ["Namespace", "namespace"]


@functools.cache
def namespace(name: str) -> Namespace:
    """The target of this name: a backend of K, an importable namespace or a module of the Keras backend API."""
    found = opened(name)
    return Module(name, found.functions) if isinstance(found, KerasModule) else Namespace(name, found)
