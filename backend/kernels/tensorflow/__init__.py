"""TensorFlow's kernels, named after the composites they replace; all arithmetic is TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .elementwise import log_softmax as log_softmax
from .elementwise import relu as relu
from .elementwise import relu_gradient as relu_gradient
from .elementwise import sigmoid as sigmoid
from .pooling import average_pool as average_pool
from .pooling import average_pool_gradient as average_pool_gradient
from .pooling import max_pool as max_pool
from .pooling import max_pool_gradient as max_pool_gradient

__all__ = ["jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """tf.function with XLA, for `K.function(..., jit=True)`; AutoGraph would rewrite the printed program."""
    compiled: Callable[..., Any] = tf.function(scope[name], jit_compile=True, autograph=False)
    return compiled
