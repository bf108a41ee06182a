"""Tiling: an elementwise chain runs block by block, so that its temporaries stay in the cache."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import config
from ..arrays.arguments import flag
from ..arrays.blocks import boxes
from ..arrays.namespaces import (
    array_namespace,
    computes_in_one_thread,
    device_of,
    in_host_memory,
    memory_order,
    writable,
)
from ..arrays.threads import shared, threads
from ..graph.composite import composite
from ..kernels.lookup import chain_planner
from ..kernels.spaces import broadcast

__all__ = ["fused", "set_blocking"]


# Elements of one block, of one that is written into the result's own memory, of the smallest array that is cut into
# blocks, and of each thread's share at least. Measured on NumPy with float32, 1 MB of level-2 and 32 MB of level-3
# cache. While a whole array fits into the caches, in-place operators leave nothing to gain: at 2**20 elements blocks
# take 1.0 to 1.3 times as long, at 2**21 0.7 to 0.8. At 4 million elements a chain of nine calls took 7.4, 7.5, 6.1,
# 5.6 ms in blocks of 2**15, 2**16, 2**17, 2**18 with one thread and 9.1, 6.4, 5.1, 5.1 with two; written into the
# result's memory 5.4, 5.1, 5.6, 5.3 and 5.6, 3.5, 3.3, 3.2: short calls do not run in parallel.
BLOCK = 2**18
PLANNED_BLOCK = 2**17
MIN_ELEMENTS = 2**21
MIN_ELEMENTS_PER_THREAD = 2**19


def set_blocking(enabled: bool) -> None:
    """Switch the block-by-block evaluation of elementwise chains in compiled functions on or off.

    Parameters
    ----------
    enabled : bool
        True at first.

    Notes
    -----
    Speed and memory change. On NumPy results are the same to the bit: each element is computed by the same calls, and
    laid out in memory as without blocks, so that sums add in the same order. On torch, whose vectorized loops compute
    the last few elements of a block in another way, they agree to the last few digits of the dtype.

    References
    ----------
    This library.

    Examples
    --------
    >>> x = K.placeholder((None,))
    >>> f = K.function([x], K.exp(K.sin(x) * 2.0))
    >>> value = np.linspace(0.0, 1.0, 2**21, dtype="float32")
    >>> in_blocks = f([value])
    >>> K.set_blocking(False)
    >>> np.array_equal(f([value]), in_blocks)
    True
    >>> K.set_blocking(True)
    """
    config.change("blocking", flag("set_blocking", "enabled", enabled))


@composite(fresh=True)
def fused(arrays: tuple[Any, ...], *, body: Any) -> Any:
    """body(*arrays), an elementwise function that gives arrays of the broadcast shape.

    Large arrays in the host's memory are cut into blocks, which several threads share where the library's own calls use
    one thread. Elsewhere it is one call.
    """
    shape = _common_shape(arrays)
    count = math.prod(shape)
    orders = None
    if count >= MIN_ELEMENTS and config.setting("blocking") and writable(*arrays) and in_host_memory(*arrays):
        orders = _memory_orders(body, arrays, len(shape))
    if orders is None:
        results = body(*arrays)
        return results if len(results) > 1 else results[0]

    xp = array_namespace(*arrays)
    planner = chain_planner(xp)
    plan = planner(body, arrays, shape) if planner else None

    room, first = BLOCK if plan is None else PLANNED_BLOCK, orders[0]
    cuts = [_permuted([slice(*e) for e in box], first) for box in boxes(tuple(shape[axis] for axis in first), room)]

    def parts(key: tuple[slice, ...]) -> list[Any]:
        return [_part(x, key, shape) for x in arrays]

    done = body(*parts(cuts[0])) if plan is None else ()  # for the dtypes
    dtypes = [x.dtype for x in done] if plan is None else plan.results
    device = device_of(arrays[0])
    outs = tuple(_empty(xp, shape, order, dtype, device) for order, dtype in zip(orders, dtypes, strict=True))

    def fill(keys: Sequence[tuple[slice, ...]]) -> None:
        write = plan.writer() if plan else lambda arguments, places: _copied(body(*arguments), places)
        # all views first: Python between two calls has the other threads wait
        for arguments, places in [(parts(key), [out[key] for out in outs]) for key in keys]:
            write(arguments, places)

    if plan is None:
        _copied(done, [out[cuts[0]] for out in outs])
        cuts = cuts[1:]
    shared(fill, cuts, min(threads(), count // MIN_ELEMENTS_PER_THREAD) if computes_in_one_thread(*arrays) else 1)
    return outs if len(outs) > 1 else outs[0]


def _memory_orders(body: Any, arrays: Sequence[Any], ndim: int) -> list[tuple[int, ...]] | None:
    """The axes of each result as one call lays them out in memory; None where the library does not tell.

    A later sum adds in the order of memory, so its bits depend on that. A corner of the arrays shows it.
    """
    corner = [x[tuple(slice(0, 2) for _ in x.shape)] if x.ndim else x for x in arrays]
    orders = [memory_order(x) if x.ndim == ndim else None for x in body(*corner)]
    return None if None in orders else [order for order in orders if order is not None]


def _permuted(values: Sequence[Any], order: Sequence[int]) -> tuple[Any, ...]:
    """Values given axis by axis in this order, in the order of the axes."""
    return tuple(value for _, value in sorted(zip(order, values, strict=True), key=lambda pair: pair[0]))


def _empty(xp: Any, shape: Sequence[int], order: Sequence[int], dtype: Any, device: Any) -> Any:
    """An array whose axes lie in memory in this order."""
    made = xp.empty(tuple(shape[axis] for axis in order), dtype=dtype, device=device)
    if list(order) == sorted(order):
        return made
    return xp.permute_dims(made, _permuted(range(len(order)), order))


@fused.shape
def _(arrays: tuple[Any, ...], *, body: Any) -> tuple[Any, ...]:
    return tuple(t.spec for t in body.outputs)


def _copied(results: Sequence[Any], places: Sequence[Any]) -> None:
    for place, result in zip(places, results, strict=True):
        place[...] = result


def _part(x: Any, key: tuple[slice, ...], shape: tuple[int, ...]) -> Any:
    """What x has for a block of a shape that it broadcasts to."""
    if x.shape == shape:
        return x[key]
    skipped = len(shape) - x.ndim
    within = tuple(
        k if n == whole else slice(None) for k, n, whole in zip(key[skipped:], x.shape, shape[skipped:], strict=True)
    )
    return x[within] if within else x


def _common_shape(arrays: Sequence[Any]) -> tuple[int, ...]:
    """The shape that arrays known to fit broadcast to."""
    found = last = arrays[0].shape
    for x in arrays[1:]:
        shape = x.shape
        if shape != last and shape != found:  # the same factors for all rows often come several in a row
            found, last = broadcast(found, shape), shape
    return tuple(found)
