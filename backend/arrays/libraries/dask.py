"""Work on Dask's arrays chunk by chunk: a program mapped over the chunks of axis 0, and sums over them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import cloudpickle
import dask
import dask.array
import numpy as np

__all__ = ["dumps", "kind_of_chunks", "mapped", "same_chunks", "summed"]

FAN_IN = 8  # partial sums that are added in one task

dumps: Callable[[Any], bytes] = cloudpickle.dumps  # lambdas, too, as Dask sends functions to other processes


def kind_of_chunks(x: Any) -> Any:
    """An empty array like the chunks of x: of NumPy, or of CuPy."""
    return dask.array.utils.meta_from_array(x)


def same_chunks(function: str, arrays: Sequence[Any]) -> list[Any]:
    """The arrays in the first one's chunks along axis 0, each in one chunk along every other axis."""
    rows = {x.shape[0] for x in arrays if x.ndim}
    if any(n != n for n in rows):
        raise ValueError(f"{function}: a Dask array has chunks of unknown sizes; call x.compute_chunk_sizes() first")
    if not all(x.ndim for x in arrays) or len(rows) != 1:
        shapes = " and ".join(str(x.shape) for x in arrays)
        raise ValueError(f"{function}: got Dask arrays of shapes {shapes}, expected as many rows in each")
    chunks = arrays[0].chunks[0]
    return [x.rechunk({0: chunks} | dict.fromkeys(range(1, x.ndim), -1)) for x in arrays]


def mapped(
    program: Callable[..., Any], arrays: Sequence[Any], shapes: Sequence[tuple[Any, ...]], dtypes: Sequence[str]
) -> list[Any]:
    """The results of program(*chunks) -> tuple of arrays, as Dask arrays; `shapes` are those of a row of each."""
    given: list[Any] = []
    for i, x in enumerate(arrays):
        given += [x, ("rows", *(f"in{i}.{axis}" for axis in range(1, x.ndim)))]
    how = {"concatenate": True, "align_arrays": False}
    parts = dask.array.blockwise(program, ("rows",), *given, dtype=object, meta=np.empty(0, object), **how)
    results = []
    for i, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True)):
        new = {f"out{i}.{axis}": n for axis, n in enumerate(shape)}
        meta = np.empty((0,) * (1 + len(shape)), dtype)
        take = operator.itemgetter(i)
        results.append(
            dask.array.blockwise(take, ("rows", *new), parts, ("rows",), new_axes=new, dtype=dtype, meta=meta, **how)
        )
    return results


def summed(task: Callable[..., list[Any]], arrays: Sequence[Any]) -> list[Any]:
    """The sums of what task(*chunks) gives, added as a tree by the scheduler in force; empty chunks are left out."""
    each = dask.delayed(task, pure=False)
    add = dask.delayed(_added, pure=False)
    columns = [x.to_delayed().ravel() for x in arrays]
    parts = [each(*chunks) for chunks, n in zip(zip(*columns, strict=True), arrays[0].chunks[0], strict=True) if n]
    while len(parts) > 1:
        parts = [add(parts[i : i + FAN_IN]) for i in range(0, len(parts), FAN_IN)]
    return parts[0].compute()


def _added(parts: Sequence[Sequence[Any]]) -> list[Any]:
    return [functools.reduce(operator.add, column) for column in zip(*parts, strict=True)]
