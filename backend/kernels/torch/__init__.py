"""What PyTorch has of its own for composites, by their names: torch's arithmetic, only arranged here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .attention import attention as attention
from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .elementwise import error_function as error_function
from .elementwise import log_shares as log_shares
from .elementwise import logistic as logistic
from .elementwise import rectifier as rectifier
from .elementwise import rectifier_gradient as rectifier_gradient
from .elementwise import shares as shares
from .normalization import standardization as standardization
from .normalization import standardization_gradient as standardization_gradient
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
    return torch.compile(scope[name])
