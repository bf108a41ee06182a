"""Gradients of means and sums over Dask arrays, which may exceed memory: a chunk at a time, added up."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..arrays.arguments import shown
from ..arrays.backends import active, use_backend
from ..arrays.namespaces import device_of, host, is_array, namespace_of, of_library
from ..control.nests import flatten, restore
from ..dispatch.operation import operation
from .chunks import is_lazy, loaded
from .feeding import HOST
from .grad import checked_argnums, value_and_grad

__all__ = ["chunked_value_and_grad"]


@operation
def chunked_value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, reduction: str = "mean"
) -> Callable[..., Any]:
    """A function that gives f's value and gradient over Dask arrays, computed chunk by chunk and added up.

    Parameters
    ----------
    f : callable
        It takes parameters and arrays that share their first axis, and returns the mean, or the sum, over that axis of
        a loss of each row; as in `value_and_grad` otherwise.
    argnums : int or tuple of int, optional
        The positions of the parameters to differentiate by.
    reduction : {'mean', 'sum'}, optional
        What f computes. Means of chunks are weighted by their rows, so a term without rows, such as a penalty on the
        weights, counts once. In a sum it would count once for each chunk: add it outside.

    Returns
    -------
    callable
        It takes f's arguments, in which Dask arrays are read a chunk at a time, and returns the pair
        (value, gradient), computed. Without Dask arrays it is `value_and_grad`.

    Raises
    ------
    TypeError
        As `value_and_grad`, and for a Dask array to differentiate by.
    ValueError
        For an unknown `reduction`, arrays with different numbers of rows or none, and chunks of unknown sizes.

    Notes
    -----
    The Dask arrays get the chunks of the first one along axis 0. Memory holds a few chunks for each thread of the
    scheduler in force and a few gradients. Where parameters are arrays of another library, chunks become such arrays.
    Sums over chunks are rounded otherwise than sums over the whole. Another process gets f by pickle.

    References
    ----------
    This library. Chu and others, "Map-reduce for machine learning on multicore", 2006.

    Examples
    --------
    >>> loss = lambda w, x, y: K.mean(K.square(K.dot(x, w) - y))
    >>> w, x, y = np.zeros(2), np.asarray([[1.0, 0.0], [0.0, 2.0]]), np.asarray([1.0, 2.0])
    >>> K.chunked_value_and_grad(loss)(w, x, y)  # x and y may be dask.array.Array
    (np.float64(2.5), array([-1., -4.]))
    """
    name = "chunked_value_and_grad"
    argnums = checked_argnums(name, argnums)
    if not isinstance(reduction, str) or reduction not in "mean sum".split():
        raise ValueError(f"{name}: reduction is {reduction!r}, expected 'mean' or 'sum'")
    whole = value_and_grad(f, argnums)

    @functools.wraps(f)
    def evaluate(*args: Any) -> Any:
        leaves, structure = flatten(args)
        chunked = [i for i, v in enumerate(leaves) if is_lazy(v)]
        if not chunked:
            return whole(*args)
        for i in argnums if isinstance(argnums, tuple) else (argnums,):
            if -len(args) <= i < len(args) and any(map(is_lazy, flatten(args[i])[0])):
                raise TypeError(f"{name}: argument {i} holds {shown(args[i])}, expected parameters that fit in memory")
        lazily = of_library("dask")
        arrays = lazily.same_chunks(name, [leaves[i] for i in chunked])
        rows = arrays[0].shape[0]
        if not rows:
            raise ValueError(f"{name}: the Dask arrays have no rows, expected at least one")
        held = [None if i in chunked else v for i, v in enumerate(leaves)]
        task = _Gradient(f, argnums, structure, held, chunked, 1.0 / rows if reduction == "mean" else None)
        task.evaluate = whole
        wanted = tuple(args[i] for i in argnums) if isinstance(argnums, tuple) else args[argnums]
        return restore(flatten((0.0, wanted))[1], lazily.summed(task, arrays))

    evaluate.clear_cache = whole.clear_cache  # type: ignore[attr-defined]
    return evaluate


class _Gradient:
    """The value and gradient of a chunk as a list of arrays, times the share that the chunk has in the mean."""

    def __init__(
        self, f: Any, argnums: Any, structure: Any, held: list[Any], chunked: list[int], share: float | None
    ) -> None:
        self.given = f, argnums, structure, held, chunked, share
        self.evaluate = value_and_grad(f, argnums)
        self.backend = active()

    def __call__(self, *chunks: Any) -> list[Any]:
        _, _, structure, held, chunked, share = self.given
        leaves = list(held)
        native = next((v for v in held if is_array(v) and not isinstance(v, HOST)), None)
        for i, chunk in zip(chunked, chunks, strict=True):
            leaves[i] = chunk if native is None else _like(native, chunk)
        with use_backend(self.backend):
            parts = flatten(self.evaluate(*restore(structure, leaves)))[0]
        weight = None if share is None else share * chunks[0].shape[0]
        return parts if weight is None else [part * weight for part in parts]

    def __reduce__(self) -> Any:
        return loaded, (of_library("dask").dumps((_Gradient, self.given)),)


def _like(native: Any, chunk: Any) -> Any:
    """A chunk as an array of the parameters' library and device."""
    xp = namespace_of(native)
    return chunk if namespace_of(chunk) is xp else xp.asarray(host(chunk), device=device_of(native))
