"""JAX's compiler, for `K.function(..., jit=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

__all__ = ["jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """jax.jit."""
    return jax.jit(scope[name])
