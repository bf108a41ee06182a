"""Tensors over several processes, torch's DTensor: programs that take them, and kernels on each process's part."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ._layout import directly, is_ordinary

__all__ = ["among_processes", "by_rows", "over_processes"]


_PLAIN = frozenset((torch.Tensor, type(None)))


def _is_spread(x: Any) -> bool:
    return type(x).__name__ == "DTensor"  # torch.distributed is not loaded without one


def over_processes(
    run: Callable[..., Any], elsewhere: Callable[[], Callable[..., Any]] | None = None
) -> Callable[..., Any]:
    """A program that takes DTensors, too: plain tensors beside them are the same in each process.

    `elsewhere` gives the program that writes over no array, where `run` does: in place a DTensor keeps its placement,
    which a result may not have. Sums that the processes have not added up yet are added in what the program gives.
    """

    @functools.wraps(run)
    def program(*arrays: Any) -> Any:
        if _PLAIN.issuperset(map(type, arrays)) or not any(map(_is_spread, arrays)):
            return run(*arrays)
        if elsewhere is not None:
            return elsewhere()(*arrays)
        from torch.distributed.tensor.experimental import implicit_replication

        with implicit_replication():
            return tuple(tuple(map(whole, results)) for results in run(*arrays))

    return program


def whole(x: Any) -> Any:
    """x with the parts of sums added up over the processes."""
    if not _is_spread(x) or not any(p.is_partial() for p in x.placements):
        return x
    from torch.distributed.tensor import Replicate

    return x.redistribute(placements=[Replicate() if p.is_partial() else p for p in x.placements])


def _placed(shape: Sequence[int], y: torch.Tensor, mesh: Any, placements: Sequence[Any]) -> Any:
    """The DTensor of this shape whose part in this process is y."""
    from torch.distributed.tensor import DTensor

    strides = torch.empty(tuple(shape), device="meta").stride()
    return DTensor.from_local(
        y.contiguous(), mesh, placements, run_check=False, shape=torch.Size(shape), stride=strides
    )


def among_processes(kernel: Callable[..., Any], rows: Sequence[int] | None = (), total: bool = False) -> Any:
    """A kernel that takes DTensors where each process can compute on its own part.

    So it is where every process has all of everything, and where the arguments at the positions `rows` (None for all)
    are divided along axis 0 and everything else is not: then the results are divided, too, or with `total` sums over
    the parts. NotImplemented in all other cases, among them statistics of a batch that is divided.
    """
    direct = directly(kernel)

    @functools.wraps(kernel)
    def run(*args: Any, **kwargs: Any) -> Any:
        if _PLAIN.issuperset(map(type, args)):
            return (direct if is_ordinary(args[0]) else kernel)(*args, **kwargs)
        return _on_parts(kernel, args, kwargs, rows, total)

    return run


def _on_parts(
    kernel: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], rows: Sequence[int] | None, total: bool
) -> Any:
    spread = [x for x in args if _is_spread(x)]
    if not spread:
        return kernel(*args, **kwargs)
    from torch.distributed.tensor import Partial

    args = tuple(map(whole, args))
    spread = [x for x in args if _is_spread(x)]
    mesh, first = spread[0].device_mesh, spread[0].placements
    divided = [i for i, x in enumerate(args) if _is_spread(x) and not all(p.is_replicate() for p in x.placements)]
    if divided:
        first = args[divided[0]].placements
        batch = [i for i, x in enumerate(args) if isinstance(x, torch.Tensor)] if rows is None else list(rows)
        if not set(divided) <= set(batch) or not all(p.is_shard(0) or p.is_replicate() for p in first):
            return NotImplemented
        parted = [args[i] if _is_spread(args[i]) else None for i in batch]
        if any(x is None or (i in divided and x.placements != first) for i, x in zip(batch, parted, strict=True)):
            return NotImplemented
        each = dict(zip(batch, (x.redistribute(placements=first) for x in parted if x is not None), strict=True))
        args = tuple(each.get(i, x) for i, x in enumerate(args))
    results = kernel(*(x.to_local() if _is_spread(x) else x for x in args), **kwargs)
    if results is NotImplemented:
        return results
    if divided and total:
        first = tuple(Partial() if p.is_shard() else p for p in first)
    count = args[divided[0]].shape[0] if divided and not total else None

    def spread_again(y: Any) -> Any:
        if y is None:
            return None
        return _placed(y.shape if count is None else (count, *y.shape[1:]), y, mesh, first)

    return tuple(map(spread_again, results)) if isinstance(results, tuple) else spread_again(results)


by_rows = functools.partial(among_processes, rows=None)
