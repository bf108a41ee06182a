"""TensorFlow's compiler XLA, for `K.function(..., jit=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = ["jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """tf.function with XLA; no autograph, which would rewrite the printed program."""
    compiled: Callable[..., Any] = tf.function(scope[name], jit_compile=True, autograph=False)
    return compiled
