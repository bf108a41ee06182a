"""Elementwise chains of compiled functions: one kernel each, whatever the layouts of its arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from ..spaces import common_shape
from ._launch import NARROW, empty, launch, loaded, on_device
from .chain_text import kernel_text

__all__ = ["fused"]

Ints = tuple[int, ...]


@functools.cache
def _kernel(chain: Any, patterns: str, dims: int, wide: bool) -> Any:
    text = kernel_text(chain, patterns, dims, wide)
    return None if text is None else loaded(text, "chain")


@on_device
def fused(arrays: tuple[Any, ...], *, body: Any) -> Any:
    """One launch that reads each array once; results lie in order."""
    chain = getattr(body, "steps", None)
    if chain is None or tuple(str(x.dtype) for x in arrays) != chain.arrays:
        return NotImplemented
    shape = common_shape([x.shape for x in arrays])
    steps = [_strides(x, shape) for x in arrays]
    if None in steps:
        return NotImplemented
    sizes, strides = _collapsed(shape, steps)
    ordered = tuple(math.prod(sizes[axis + 1 :]) for axis in range(len(sizes)))
    patterns = "".join("i" if s == ordered else "s" if any(s) else "0" for s in strides)
    wide = max([math.prod(shape), *(_reach(sizes, s) for s in strides)]) > NARROW
    kernel = _kernel(chain, patterns, len(sizes) if "s" in patterns else 1, wide)
    if kernel is None:
        return NotImplemented
    count = len(chain.arrays)
    dtypes = [chain.arrays[i] if i < count else chain.steps[i - count].dtype for i in chain.results]
    results = tuple(empty(shape, dtype) for dtype in dtypes)
    read = [s for s, pattern in zip(strides, patterns, strict=True) if pattern == "s"]
    extra = [*sizes[1:], *(n for s in read for n in s)] if read else []
    launch(kernel, math.prod(shape), *arrays, *results, math.prod(shape), *extra, wide=wide)
    return results if len(results) > 1 else results[0]


def _strides(x: Any, shape: Ints) -> Ints | None:
    """The steps of an array over a shape that it broadcasts to, in elements; None where they are no whole number."""
    steps = [0 if n == 1 else step for n, step in zip(x.shape, x.strides, strict=True)]
    if any(step % x.dtype.itemsize for step in steps):
        return None
    return (0,) * (len(shape) - x.ndim) + tuple(step // x.dtype.itemsize for step in steps)


def _collapsed(shape: Ints, strides: Sequence[Any]) -> tuple[Ints, list[Ints]]:
    """The same iteration over as few axes as can be: axes that follow each other in every array become one."""
    axes: list[tuple[int, Ints]] = []
    for n, *steps in zip(shape, *strides, strict=True):
        if n == 1:
            continue
        if axes and all(last == step * n for last, step in zip(axes[-1][1], steps, strict=True)):
            axes[-1] = (axes[-1][0] * n, tuple(steps))
        else:
            axes.append((n, tuple(steps)))
    axes = axes or [(math.prod(shape), (0,) * len(strides))]
    return tuple(n for n, _ in axes), [tuple(steps[i] for _, steps in axes) for i in range(len(strides))]


def _reach(sizes: Ints, strides: Ints) -> int:
    """The greatest distance between two elements that are read."""
    return sum((n - 1) * abs(step) for n, step in zip(sizes, strides, strict=True) if n)
