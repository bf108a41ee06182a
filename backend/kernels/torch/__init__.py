"""PyTorch's kernels, named after the composites they replace; all arithmetic is torch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ._precision import precise_program
from .attention import attention as attention
from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .elementwise import erf as erf
from .elementwise import log_softmax as log_softmax
from .elementwise import relu as relu
from .elementwise import relu_gradient as relu_gradient
from .elementwise import sigmoid as sigmoid
from .elementwise import softmax as softmax
from .gru import gru_sequence as gru_sequence
from .gru import gru_sequence_gradient as gru_sequence_gradient
from .normalization import batch_norm as batch_norm
from .normalization import batch_norm_gradient as batch_norm_gradient
from .pooling import average_pool as average_pool
from .pooling import average_pool_gradient as average_pool_gradient
from .pooling import max_pool as max_pool
from .pooling import max_pool_gradient as max_pool_gradient
from .pooling import max_pool_selection as max_pool_selection
from .recurrence import lstm_sequence as lstm_sequence
from .recurrence import lstm_sequence_gradient as lstm_sequence_gradient

__all__ = ["jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """torch.compile, for `K.function(..., jit=True)`."""
    return precise_program(torch.compile(scope[name]))
