"""An array namespace under test, bound to a device: which dtypes it has, and how its arrays are made."""

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
from .opening import device_name, opened
from .probe import Probe, probed

__all__ = ["Namespace"]


class Namespace:
    """A namespace under test: a backend of K and what it supports."""

    def __init__(self, name: str, backend: Any) -> None:
        self.name = name
        self.backend = backend
        self.xp = backend.xp
        self.library = describe(backend.xp).partition(".")[0]

    @functools.cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The names of the dtypes that its arrays can have."""
        return tuple(name for name in DTYPES if name != "bfloat16" and self._makes(name))

    def _makes(self, name: str) -> bool:
        try:
            self.backend.asarray(np.ones(1, name), name)
        except Exception:  # noqa: BLE001 - any refusal means that it lacks the dtype
            return False
        return True

    @functools.cached_property
    def probe(self) -> Probe:
        """The results of the probe."""
        return probed(self)

    @property
    def compiles(self) -> bool:
        """Whether the library compiles a function again for each shape and dtype of its arguments."""
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
        """The device as the user named it; '' without one."""
        return device_name(self.name, self.backend.device)

    @functools.cached_property
    def devices(self) -> tuple[Namespace, ...]:
        """This namespace on each simulated device but the default one (array_api_strict); () for other libraries."""
        if self.library != "array_api_strict" or self.backend.device is not None:
            return ()
        names = [str(d).partition("'")[2].rstrip("')") for d in self.xp.__array_namespace_info__().devices()]
        places = [f"{self.name}:{name}" for name in names if name != "CPU_DEVICE"]
        return tuple(Namespace(place, opened(place)) for place in places)

    def judges(self, case: Case) -> bool:
        """Whether a case applies to it: every case does."""
        return True

    def holds(self, example: Example) -> bool:
        """Whether it has every dtype of an example: its arrays' and those its arguments name."""
        named = [v for v in (*example.call.args, *example.call.kwargs.values()) if isinstance(v, str) and v in DTYPES]
        return all(name in self.dtypes for name in (*named, *(v.dtype.name for v in example.values)))

    def arrays(self, example: Example) -> list[Any]:
        """The arrays of an example in this namespace."""
        return [self.array(v) for v in example.values]

    def array(self, value: np.ndarray) -> Any:
        """A copy of a NumPy array in this namespace."""
        return self.backend.asarray(value.copy(), value.dtype.name)
