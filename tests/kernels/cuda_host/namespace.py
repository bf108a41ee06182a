"""NumPy's arrays under CuPy's name: kernels of `backend.kernels.cupy` run, compiled for the host, and are judged."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import backend as K
from backend.arrays.backends import Backend
from backend.arrays.libraries import numpy as adapted
from backend.graph import composite
from backend.kernels import lookup
from conformance.subjects.namespaces import Namespace
from conformance.subjects.operations import owning

from .host import HostKernel, host_cupy

__all__ = ["on_host"]

THREADS = 64  # of a block: several slices of 32 lanes, and small arrays have more than one block


@contextmanager
def on_host(kernel: Any = HostKernel) -> Iterator[Namespace]:
    """CuPy's kernels on the host within the block: the namespace, as conformance knows one."""
    kernels = [name for name in sys.modules if name.startswith("backend.kernels.cupy")]
    before = {name: sys.modules.pop(name) for name in ["cupy", *kernels] if name in sys.modules}
    sys.modules["cupy"] = host_cupy(kernel)
    xp = types.ModuleType("cupy")
    vars(xp).update({k: v for k, v in vars(adapted).items() if not k.startswith("__") or k.startswith("__array")})
    _forget()
    try:
        importlib.import_module("backend.kernels.cupy")._launch.BLOCK = THREADS
        on = Namespace("cupy", Backend("cupy on the host", xp))
        with owning(on.backend), K.use_backend("numpy"):
            yield on
    finally:
        for name in ["cupy", *(n for n in sys.modules if n.startswith("backend.kernels.cupy"))]:
            sys.modules.pop(name, None)
        sys.modules.update(before)
        _forget()


def _forget() -> None:
    """Bind composites anew."""
    lookup._modules.pop("cupy", None)
    for each in composite.COMPOSITES.values():
        each._bound.clear()
