"""Opening a namespace by its name on the command line: a backend, a dotted path, package:object, a K-like module."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.backends import Backend, _entry_points, _registered
from backend.arrays.dtypes import dtype_name, learn_dtypes
from backend.arrays.namespaces import describe, is_array
from backend.arrays.openers import ALIASES, BUILT_IN, REPRODUCIBLE

from ..data import LATEST, REVISIONS, signatures
from ..reading import host

__all__ = [
    "KINDS",
    "SAMPLE",
    "KerasModule",
    "Opening",
    "device_name",
    "is_adapted",
    "opened",
    "revision_of",
    "version_of",
]

KINDS = ("namespace", "backend")  # what a name can be taken for
FEWEST = 3  # a module with this many operations of K that the standard lacks is one of the Keras backend API
SAMPLE = np.asarray([[1.5, -2.0], [0.25, 3.0]], "float32")  # every namespace must hold this, and give it back


class Opening(NamedTuple):
    """How a namespace is opened, beside its name; '' leaves the decision to the tool."""

    convert: str = ""  # 'package:function' that reads an array
    taken_as: str = ""  # 'namespace' or 'backend'
    revision: str = ""  # of the standard

    @classmethod
    def checked(cls, convert: str | None, taken_as: str | None, revision: str | None) -> Opening:
        """The options of the command line as an opening; ValueError for one that is none."""
        if convert and not all(convert.partition(":")):
            raise ValueError(f"convert {convert!r}: expected package:function")
        if taken_as and taken_as not in KINDS:
            raise ValueError(f"as {taken_as!r}: expected {' or '.join(KINDS)}")
        if revision and revision not in REVISIONS:
            raise ValueError(f"revision {revision!r}: expected one of {', '.join(REVISIONS)}")
        return cls(convert or "", taken_as or "", revision or "")


class KerasModule(NamedTuple):
    """A module or object with functions of the Keras backend API instead of the standard's."""

    functions: Any


@dataclass(frozen=True)
class Lenient(Backend):
    """A backend whose `asarray` takes no device, has no objects for dtypes, or takes no NumPy arrays."""

    def asarray(self, value: Any, dtype: str | None = None) -> Any:
        """An array of this backend from host data or from an array of any library."""
        value = np.asarray(host(value) if is_array(value) else value, dtype=dtype)
        own = getattr(self.xp, value.dtype.name, None)
        array = None
        for data in (value, value.tolist()):
            for kwargs in ({"dtype": own}, {}) if own is not None else ({},):
                try:
                    array = self.xp.asarray(data, **kwargs)
                    break
                except (TypeError, ValueError, NotImplementedError) as error:
                    trouble = error
            if array is not None:
                break
        if array is None:
            raise trouble
        if 0 in value.shape and tuple(array.shape) != value.shape:  # a list forgets the shape of nothing
            array = self.xp.reshape(array, value.shape)
        if dtype is not None and dtype_name(array.dtype) != dtype:
            raise TypeError(f"{self.name!r} has no dtype {dtype} (it gave {dtype_name(array.dtype)} instead)")
        return array


def opened(name: str, taken_as: str = "") -> Backend | KerasModule:
    """Open a backend that K knows by name, a module by its path, or an object in a module.

    A namespace may lack functions, which the probe reports, but it needs `asarray`, or else at least three operations
    of K that the standard lacks. `taken_as` says which of the two it is; then a name that K knows is a module, too
    (torch itself, not array_api_compat's namespace of it). Raises ImportError if the module or object cannot be
    imported, TypeError if it is neither kind, ValueError if there is no such device.
    """
    path, _, rest = name.partition(":")
    if is_adapted(path, taken_as):
        return K.get_backend(name)
    if "" not in sys.path:
        sys.path.insert(0, "")  # so that the installed command also finds modules in the working directory
    module = _imported(path)
    attribute, _, device = rest.partition(":")
    if attribute and hasattr(module, attribute):
        found = getattr(module, attribute)
        found = found() if isinstance(found, type) else found
    else:
        found, device = module, rest
    return _bound(name, found, device, taken_as)


def is_adapted(name: str, taken_as: str = "") -> bool:
    """Whether a name is a backend of K, which adapts some libraries, and no module or object as it is."""
    return _is_known(name.partition(":")[0]) and not taken_as


def _imported(path: str) -> Any:
    """A module by its path, or an object that a module makes on demand (marray.numpy)."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        parent, _, last = path.rpartition(".")
        if parent:
            found = getattr(importlib.import_module(parent), last, None)
            if found is not None:
                return found
        raise


def _bound(name: str, found: Any, device: str, taken_as: str) -> Backend | KerasModule:
    own = getattr(found, "xp", None)
    if taken_as == "backend" or (not taken_as and own is None and _is_keras(found)):
        if device:
            raise ValueError(f"{name!r} has no {device!r}; a module of the Keras backend API has no devices")
        if not _operations_of(found):
            raise TypeError(f"{name!r} has no operation of the Keras backend API")
        return KerasModule(found)
    if isinstance(own, str):
        return Backend(name, K.get_backend(own).xp, getattr(found, "device", None))
    xp = found if own is None else own
    if own is None and not hasattr(xp, "asarray") and hasattr(xp, "__array_namespace__"):
        xp = xp.__array_namespace__()
    if not hasattr(xp, "asarray"):
        other = "" if taken_as else f", and fewer than {FEWEST} operations of the Keras backend API"
        raise TypeError(f"{name!r} is no array namespace: {describe(xp)} has no function asarray{other}")
    learn_dtypes(xp)
    if not device:
        return _working(Backend(name, xp, getattr(found, "device", None) if own is not None else None))
    for candidate in xp.__array_namespace_info__().devices():
        if device in _names_of(candidate):
            return Backend(name, xp, candidate)
    raise ValueError(f"{name!r} has no device {device!r}")


def _working(backend: Backend) -> Backend:
    """The backend, or the lenient one if only that can make an array."""
    lenient = Lenient(backend.name, backend.xp)
    try:
        backend.asarray(SAMPLE, "float32")
    except Exception:  # noqa: BLE001 - whatever it raises, see whether the other way works
        try:
            lenient.asarray(SAMPLE, "float32")
        except Exception:  # noqa: BLE001 - neither works: the caller reports the error of the usual one
            return backend
        return lenient
    return backend


def _is_keras(found: Any) -> bool:
    """Whether these are functions of the Keras backend API; a namespace of the standard may have some as well."""
    if any(hasattr(found, name) for name in ("__array_namespace__", "__array_namespace_info__")):
        return False
    named = [name for name in _only_keras() if callable(getattr(found, name, None))]
    return len(named) >= FEWEST and not _is_namespace(found)


def _is_namespace(found: Any) -> bool:
    """Whether it has what the standard has and the Keras backend API lacks: asarray, dtypes, and most functions.

    Most of those of the first revision that NumPy has always had: torch and tensorflow.experimental.numpy have no
    `__array_namespace_info__`, and torch has softmax and relu.
    """
    if not all(hasattr(found, name) for name in ("asarray", "float32", "int32")):
        return False
    old = [name for name in signatures(REVISIONS[0]) if "." not in name and hasattr(np, name)]
    return sum(hasattr(found, name) for name in old) > len(old) / 2


def _operations_of(found: Any) -> list[str]:
    from ..case import discovered

    return [name for name in discovered() if callable(getattr(found, name, None))]


@functools.cache
def _only_keras() -> tuple[str, ...]:
    """The operations of K that NumPy lacks, and so the standard, whose names NumPy has."""
    from ..case import discovered

    return tuple(name for name in discovered() if not hasattr(np, name))


def revision_of(xp: Any, asked: str = "") -> str:
    """The revision by which a namespace is judged: the one asked for, else the one that it states, else the latest.

    One that states a revision newer than those known here is judged by the latest one known.
    """
    stated = str(getattr(xp, "__array_api_version__", ""))
    return asked or (stated if stated in REVISIONS else LATEST)


def _is_known(path: str) -> bool:
    return path in (*BUILT_IN, *ALIASES, REPRODUCIBLE, *_registered, *_entry_points())


def _names_of(device: Any) -> tuple[str, ...]:
    """The names of a device: Device('device1') is also called device1."""
    return str(device), repr(device), str(device).partition("'")[2].rstrip("')")


def device_name(name: str, device: Any) -> str:
    """The part of a namespace's name that names its device, or ''."""
    path, _, rest = name.removeprefix(f"{REPRODUCIBLE}:").partition(":")
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
