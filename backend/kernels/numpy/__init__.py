"""What NumPy does better than the definitions of composites, by their names."""

from __future__ import annotations

from .elementwise import only_where as only_where
from .pooling import average_pool as average_pool
from .pooling import average_pool_gradient as average_pool_gradient
from .pooling import max_pool as max_pool
from .pooling import max_pool_gradient as max_pool_gradient
