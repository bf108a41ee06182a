"""numba's kernels for NumPy arrays in `K.function(..., jit=True)`, named after the composites they replace.

A kernel has the composite's signature and returns NotImplemented for what it declines; then NumPy's kernel runs, or the
definition. `standard` gives kernels of functions of the standard, by name, called as `xp.name(...)` is in the source of
a compiled function; they decline in the same way. Loops are written in `compile.compiled` functions (see
`compiled`), shared between threads by `parallel.in_parts`, with the elementary functions of `mathematics`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .convolution import convolution as convolution
from .convolution import convolution_input_gradient as convolution_input_gradient
from .convolution import convolution_kernel_gradient as convolution_kernel_gradient
from .cumulative import cumulative_sum
from .elementwise import relu as relu
from .gru import gru_sequence as gru_sequence
from .gru import gru_sequence_gradient as gru_sequence_gradient
from .loops import CompiledBody as CompiledBody
from .loops import loop as loop
from .loops import while_loop as while_loop
from .nests import CompiledNest as CompiledNest
from .normal import draw_normal as draw_normal
from .normal import draw_truncated_normal as draw_truncated_normal
from .normalization import batch_norm as batch_norm
from .normalization import batch_norm_gradient as batch_norm_gradient
from .pooling import average_pool as average_pool
from .pooling import average_pool_gradient as average_pool_gradient
from .pooling import max_pool as max_pool
from .pooling import max_pool_gradient as max_pool_gradient
from .products import matmul, tensordot
from .random import draw_bernoulli as draw_bernoulli
from .random import draw_uniform as draw_uniform
from .recurrence import lstm_sequence as lstm_sequence
from .recurrence import lstm_sequence_gradient as lstm_sequence_gradient
from .reductions import sum_over_rows
from .selection import add_along_axis as add_along_axis
from .selection import gather_labels as gather_labels
from .selection import gather_rows as gather_rows
from .selection import scatter_add_rows as scatter_add_rows
from .selection import segment_sum as segment_sum
from .selection import take_adjoint as take_adjoint
from .selection import take_along_axis_adjoint as take_along_axis_adjoint
from .selection import top_places as top_places

__all__ = ["standard"]

_STANDARD: dict[str, Callable[..., Any]] = {"cumulative_sum": cumulative_sum, "sum": sum_over_rows}
_PRODUCTS: dict[str, Callable[..., Any]] = {"matmul": matmul, "tensordot": tensordot}
_BRIEF = frozenset(("relu",))  # kernels whose loops are short beside products


def standard(composites: Collection[str]) -> dict[str, Callable[..., Any]]:
    """The kernels of functions of the standard for a program that calls these composites.

    Products are the team's where long loops follow them, which would share the cores with OpenBLAS's threads; among
    products alone OpenBLAS is 4 % faster.
    """
    loops = any(name in globals() and name not in _BRIEF for name in composites)
    return _STANDARD | _PRODUCTS if loops else _STANDARD
