"""JAX's kernels, named after the composites they replace, and its compiler, which gets compiled functions by itself."""

from __future__ import annotations

from .activations import log_softmax as log_softmax
from .activations import softmax as softmax
from .control import branch as branch
from .control import loop as loop
from .control import while_loop as while_loop
from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .program import jit as jit

__all__ = ["COMPILES_BY_ITSELF", "jit"]

COMPILES_BY_ITSELF = True  # a call of one operation costs 10 to 50 µs, and a training step has hundreds
