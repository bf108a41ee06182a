"""ONNX's own operators, named after the composites they stand for; each is called on lazy arrays and writes nodes.

Sigmoid is not among them: far below 0, ONNX Runtime gives it no digits.
"""

from __future__ import annotations

from .activations import attention_weights as attention_weights
from .activations import erf as erf
from .activations import log_softmax as log_softmax
from .activations import relu as relu
from .activations import softmax as softmax
from .control import branch as branch
from .control import loop as loop
from .control import while_loop as while_loop
from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .normalization import normalized as normalized
from .pooling import average_pool as average_pool
from .pooling import max_pool as max_pool
from .recurrence import gru_sequence as gru_sequence
from .recurrence import lstm_sequence as lstm_sequence
from .selection import gather_rows as gather_rows
from .selection import take_along_axis as take_along_axis
from .selection import top_places as top_places

__all__: list[str] = []
