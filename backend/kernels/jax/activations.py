"""Softmax and its logarithm: jax.nn's, which XLA computes in fewer passes than the definitions."""

from __future__ import annotations

from typing import Any

import jax

__all__ = ["log_softmax", "softmax"]


def softmax(x: Any, *, axis: int | tuple[int, ...]) -> Any:
    """jax.nn.softmax."""
    return jax.nn.softmax(x, axis=axis)


def log_softmax(x: Any, *, axis: int | tuple[int, ...]) -> Any:
    """jax.nn.log_softmax."""
    return jax.nn.log_softmax(x, axis=axis)
