"""CuPy's kernels, named after the composites they replace: CUDA C of ours, compiled by CuPy when first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cupy

from .chains import fused as fused
from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .indexing import gather_rows as gather_rows
from .indexing import scatter_add_rows as scatter_add_rows
from .indexing import take_adjoint as take_adjoint
from .nests import CompiledNest as CompiledNest
from .normal import draw_normal as draw_normal
from .normal import draw_truncated_normal as draw_truncated_normal
from .normalization import batch_norm as batch_norm
from .normalization import batch_norm_gradient as batch_norm_gradient
from .pooling import average_pool as average_pool
from .pooling import average_pool_gradient as average_pool_gradient
from .pooling import max_pool as max_pool
from .pooling import max_pool_gradient as max_pool_gradient
from .pooling import max_pool_selection as max_pool_selection
from .random import draw_bernoulli as draw_bernoulli
from .random import draw_uniform as draw_uniform
from .softmax import log_softmax as log_softmax
from .softmax import softmax as softmax

__all__ = ["jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """cupy.fuse for the chains that `fused` does not print itself, for `K.function(..., jit=True)`."""
    scope.update((c, cupy.fuse(scope[c])) for c in chains if getattr(scope[c], "steps", None) is None)
    return scope[name]
