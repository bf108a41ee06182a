"""Opening a namespace by its name on the command line: a backend, a dotted path, package:object, a K-like module."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import sys
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.backends import Backend, _entry_points, _registered
from backend.arrays.dtypes import learn_dtypes
from backend.arrays.namespaces import describe
from backend.arrays.openers import ALIASES, BUILT_IN

__all__ = ["KerasModule", "device_name", "opened", "version_of"]

FEWEST = 3  # a module with this many operations of K that the standard lacks is one of the Keras backend API


class KerasModule(NamedTuple):
    """A module or object with functions of the Keras backend API instead of the standard's."""

    functions: Any


def opened(name: str) -> Backend | KerasModule:
    """Open a backend that K knows by name, a module by its path, or an object in a module.

    A namespace may lack functions, which the probe reports, but it needs `asarray`, or else at least three operations
    of K that the standard lacks. Raises ImportError if the module or object cannot be imported, TypeError if it is
    neither kind, ValueError if there is no such device.
    """
    path, _, rest = name.partition(":")
    if _is_known(path):
        return K.get_backend(name)
    if "" not in sys.path:
        sys.path.insert(0, "")  # so that the installed command also finds modules in the working directory
    module = importlib.import_module(path)
    attribute, _, device = rest.partition(":")
    if attribute and hasattr(module, attribute):
        found = getattr(module, attribute)
        found = found() if isinstance(found, type) else found
    else:
        found, device = module, rest
    return _bound(name, found, device)


def _bound(name: str, found: Any, device: str) -> Backend | KerasModule:
    own = getattr(found, "xp", None)
    if own is None and _is_keras(found):
        if device:
            raise ValueError(f"{name!r} has no {device!r}; a module of the Keras backend API has no devices")
        return KerasModule(found)
    if isinstance(own, str):
        return Backend(name, K.get_backend(own).xp, getattr(found, "device", None))
    xp = found if own is None else own
    if own is None and not hasattr(xp, "asarray") and hasattr(xp, "__array_namespace__"):
        xp = xp.__array_namespace__()
    if not hasattr(xp, "asarray"):
        raise TypeError(
            f"{name!r} is no array namespace: {describe(xp)} has no function asarray, and fewer than {FEWEST} "
            "operations of the Keras backend API"
        )
    learn_dtypes(xp)
    if not device:
        return Backend(name, xp, getattr(found, "device", None) if own is not None else None)
    for candidate in xp.__array_namespace_info__().devices():
        if device in _names_of(candidate):
            return Backend(name, xp, candidate)
    raise ValueError(f"{name!r} has no device {device!r}")


def _is_keras(found: Any) -> bool:
    """Whether these are functions of the Keras backend API; a namespace of the standard may have some as well."""
    if any(hasattr(found, name) for name in ("__array_namespace__", "__array_namespace_info__")):
        return False
    named = [name for name in _only_keras() if callable(getattr(found, name, None))]
    return len(named) >= FEWEST


@functools.cache
def _only_keras() -> tuple[str, ...]:
    """The operations of K that NumPy lacks, and so the standard, whose names NumPy has."""
    from .case import discovered

    return tuple(name for name in discovered() if not hasattr(np, name))


def _is_known(path: str) -> bool:
    return path in (*BUILT_IN, *ALIASES, *_registered, *_entry_points())


def _names_of(device: Any) -> tuple[str, ...]:
    """The names of a device: Device('device1') is also called device1."""
    return str(device), repr(device), str(device).partition("'")[2].rstrip("')")


def device_name(name: str, device: Any) -> str:
    """The part of a namespace's name that names its device, or ''."""
    path, _, rest = name.partition(":")
    if _is_known(path) or not rest:
        return rest
    return next((n for n in _names_of(device) if n and (rest == n or rest.endswith(f":{n}"))), "")


def version_of(library: str, xp: Any) -> str:
    """The version of a library, or '' if unknown."""
    package = library.partition(".")[0]
    try:
        return importlib.metadata.version(package.replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(package, xp), "__version__", getattr(xp, "__version__", "")))
