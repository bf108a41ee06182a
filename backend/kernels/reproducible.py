"""Kernels of the reproducible mode, named after the composites they replace: the same bits, computed in host memory."""

from ..reproducible.layers import batch_norm as batch_norm
from ..reproducible.layers import batch_norm_gradient as batch_norm_gradient
from ..reproducible.layers import mask as mask
from ..reproducible.layers import max_pool as max_pool
from ..reproducible.layers import max_pool_gradient as max_pool_gradient
from ..reproducible.layers import relu as relu
from ..reproducible.layers import relu_gradient as relu_gradient
from ..reproducible.sliding import sliding_outer as sliding_outer
from ..reproducible.sliding import sliding_product as sliding_product
