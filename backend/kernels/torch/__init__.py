"""PyTorch's kernels, named after the composites they replace; all arithmetic is torch's."""

from __future__ import annotations

import torch

from . import attention as _attention
from . import convolution as _convolution
from . import gru as _gru
from . import kept as _kept
from . import normalization as _normalization
from . import pooling as _pooling
from . import recurrence as _recurrence
from .control import loop as loop
from .control import while_loop as while_loop
from .elementwise import erf as erf
from .elementwise import log_softmax as log_softmax
from .elementwise import mask as mask
from .elementwise import relu as relu
from .elementwise import relu_gradient as relu_gradient
from .elementwise import sigmoid as sigmoid
from .elementwise import softmax as softmax
from .elementwise import step_down as step_down
from .elementwise import step_down_into as step_down_into
from .elementwise import subtract_into as subtract_into
from .processes import among_processes, by_rows, over_processes
from .program import jit as jit
from .program import jit_beside as jit_beside

__all__ = ["DIRECT", "KEEPING", "jit", "jit_beside", "over_processes"]

# What follows takes torch's DTensors, too, where that is right part by part; the elementwise ones above do so anyway.
attention = among_processes(_attention.attention)
average_pool = by_rows(_pooling.average_pool)
average_pool_gradient = by_rows(_pooling.average_pool_gradient)
batch_norm = among_processes(_normalization.batch_norm)
batch_norm_gradient = among_processes(_normalization.batch_norm_gradient)
convolution = among_processes(_convolution.convolution, rows=[0])
convolution_input_gradient = among_processes(_convolution.convolution_input_gradient, rows=[0])
convolution_kernel_gradient = among_processes(_convolution.convolution_kernel_gradient, rows=[0, 1], total=True)
gru_sequence = among_processes(_gru.gru_sequence)
gru_sequence_gradient = among_processes(_gru.gru_sequence_gradient)
laid_out = among_processes(_kept.laid_out)
lstm_sequence = among_processes(_recurrence.lstm_sequence)
lstm_sequence_gradient = among_processes(_recurrence.lstm_sequence_gradient)
max_pool = by_rows(_pooling.max_pool)
max_pool_gradient = by_rows(_pooling.max_pool_gradient)
max_pool_selection = by_rows(_pooling.max_pool_selection)
row_product = _kept.row_product

# Whether tensors are as they were, and how to compute what is kept of them: see compiler/kept.
KEEPING = _kept.state, _kept.outside_inference_mode

# Functions that are an operation of K as they are, for every floating tensor: of x, or of x and one axis.
DIRECT = {"log_softmax": torch.log_softmax, "sigmoid": torch.sigmoid, "softmax": torch.softmax}
