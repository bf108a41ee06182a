"""Faults of kernels that read memory as if it lay otherwise; torch's arrays show where theirs lies."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from .faults import Fault, Mutant, arguments

__all__ = ["MEMORY_MUTANTS"]


def _strides(shape: Any) -> list[int]:
    """The strides of a new array."""
    return list(itertools.accumulate(reversed(tuple(shape)[1:]), lambda step, n: step * max(n, 1), initial=1))[::-1]


def _each(change: Callable[[Any], Any]) -> Fault:
    """A kernel called with changed arrays of numbers."""
    return arguments(lambda *args, **how: ([change(x) if _laid(x) else x for x in args], how))


def _laid(x: Any) -> bool:
    return hasattr(x, "as_strided") and x.ndim > 0 and x.is_floating_point()


def _as_new(x: Any) -> Any:
    """The first elements in memory, in order: what a kernel sees that takes every array for a new one."""
    return x if x.is_contiguous() else x.as_strided(x.shape, _strides(x.shape))


def _misled(x: Any) -> Any:
    """Elements in another order where an axis of size 1 has a stride that no new array has."""
    thin = [i for i, n in enumerate(x.shape) if n == 1]
    odd = x.is_contiguous() and any(x.stride(i) != _strides(x.shape)[i] for i in thin)
    return x.reshape(-1).flip(0).reshape(x.shape) if odd else x


def _by_the_first(*args: Any, **how: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Each array read with the strides of the first one, where both have one shape."""
    first, *rest = args
    return (first, *(y.as_strided(y.shape, first.stride()) if _shared(first, y) else y for y in rest)), how


def _shared(x: Any, y: Any) -> bool:
    return _laid(x) and _laid(y) and x.shape == y.shape and 0 not in x.stride()


MEMORY_MUTANTS = [
    *(
        Mutant(
            f"torch's kernel for {name} takes every layout for that of a new array", f"kernel {name}", _each(_as_new)
        )
        for name in ("softmax", "relu", "convolution", "batch_norm", "lstm_sequence", "average_pool_gradient")
    ),
    *(
        Mutant(f"torch's kernel for {name} guesses the layout by axes of size 1", f"kernel {name}", _each(_misled))
        for name in ("softmax", "convolution", "convolution_kernel_gradient", "batch_norm_gradient", "max_pool")
    ),
    *(
        Mutant(f"torch's kernel for {name} takes one layout for both", f"kernel {name}", arguments(_by_the_first))
        for name in ("relu_gradient", "batch_norm_gradient", "attention")
    ),
]
