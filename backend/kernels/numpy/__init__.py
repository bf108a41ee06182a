"""NumPy's kernels, named after the composites they replace: the same arithmetic in less memory."""

from .chains import chain as chain
from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .elementwise import mask as mask
from .elementwise import relu_gradient as relu_gradient
from .elementwise import subtract_into as subtract_into
from .gru import gru_sequence as gru_sequence
from .gru import gru_sequence_gradient as gru_sequence_gradient
from .normalization import batch_norm as batch_norm
from .normalization import batch_norm_gradient as batch_norm_gradient
from .pooling import average_pool as average_pool
from .pooling import average_pool_gradient as average_pool_gradient
from .pooling import max_pool as max_pool
from .pooling import max_pool_gradient as max_pool_gradient
from .random import draw_bernoulli as draw_bernoulli
from .recurrence import lstm_sequence as lstm_sequence
from .recurrence import lstm_sequence_gradient as lstm_sequence_gradient
