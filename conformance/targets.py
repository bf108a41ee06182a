"""What is under test: an array namespace bound to a device, what it can hold and how its arrays are made."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any

import numpy as np

from backend.arrays.dtypes import DTYPES
from backend.arrays.namespaces import describe

from .case import Case
from .examples import Example
from .opening import KerasModule, asked_device, opened

__all__ = ["Namespace", "namespace"]


class Namespace:
    """A namespace under test: a backend of K, and what it can hold."""

    def __init__(self, name: str, backend: Any) -> None:
        self.name = name
        self.backend = backend
        self.xp = backend.xp
        self.library = describe(backend.xp).partition(".")[0]

    @functools.cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The names of the dtypes that arrays of this namespace can have."""
        return tuple(name for name in DTYPES if name != "bfloat16" and self._makes(name))

    def _makes(self, name: str) -> bool:
        try:
            self.backend.asarray(np.ones(1, name), name)
        except Exception:  # noqa: BLE001 - however it refuses, it has no such dtype
            return False
        return True

    @functools.cached_property
    def probe(self) -> Any:
        """What the namespace can do."""
        from .probe import probed

        return probed(self)

    @property
    def compiles(self) -> bool:
        """Whether the library compiles a function anew for each shape and dtype of its arguments."""
        return self.library == "jax"

    @property
    def kernels(self) -> frozenset[str]:
        """The names of the library's own kernels."""
        path = f"backend.kernels.{self.library}"
        if importlib.util.find_spec(path) is None:
            return frozenset()
        return frozenset(name for name in dir(importlib.import_module(path)) if not name.startswith("_"))

    @functools.cached_property
    def place(self) -> str:
        """The device that was asked for, as it was written; '' where none was."""
        return asked_device(self.name, self.backend.device)

    @functools.cached_property
    def devices(self) -> tuple[Namespace, ...]:
        """Where the library simulates devices (array_api_strict), this namespace on each but the default one."""
        if self.library != "array_api_strict" or self.backend.device is not None:
            return ()
        names = [str(d).partition("'")[2].rstrip("')") for d in self.xp.__array_namespace_info__().devices()]
        return tuple(namespace(f"{self.name}:{name}") for name in names if name != "CPU_DEVICE")

    def judges(self, case: Case) -> bool:
        """Whether a case is about it at all."""
        return True

    def lacking(self, case: Case) -> frozenset[str]:
        """What the definition of an operation of K calls and is not there."""
        from .operations import functions_of

        return functions_of(case) & frozenset(self.probe.missing) if case.group == "k" else frozenset()

    def holds(self, example: Example) -> bool:
        """Whether it has the dtypes of an example, those that are asked for by name included."""
        named = [v for v in (*example.call.args, *example.call.kwargs.values()) if isinstance(v, str) and v in DTYPES]
        return all(name in self.dtypes for name in (*named, *(v.dtype.name for v in example.values)))

    def arrays(self, example: Example) -> list[Any]:
        """The arrays of an example in this namespace."""
        return [self.array(v) for v in example.values]

    def array(self, value: np.ndarray) -> Any:
        """A copy of a NumPy array in this namespace."""
        return self.backend.asarray(value.copy(), value.dtype.name)


@functools.cache
def namespace(name: str) -> Namespace:
    """The namespace that K knows under this name, or importable by it; also a module of the Keras backend API."""
    found = opened(name)
    if isinstance(found, KerasModule):
        from .modules import Module

        return Module(name, found.functions)
    return Namespace(name, found)
