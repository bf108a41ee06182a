"""CuPy's compiler, for `K.function(..., jit=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy

__all__ = ["jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """cupy.fuse, which compiles elementwise code only: each chain becomes one kernel."""
    scope.update((chain, cupy.fuse(scope[chain])) for chain in chains)
    return scope[name]
