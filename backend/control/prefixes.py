"""All prefixes of a sequence combined by an associative function: associative_scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import axis_of, moved, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays
from .carry import checked_carry
from .loop import scan
from .nests import flatten, restore

__all__ = ["associative_scan"]


@operation
def associative_scan(f: Callable[..., Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Combine all prefixes along an axis by an associative function.

    Parameters
    ----------
    f : callable
        ``f(a, b)`` of two nests like elems gives another one, slice by slice along the axis, of which there may be any
        number; ``f(f(a, b), c)`` is ``f(a, f(b, c))``. It keeps structure, shapes and dtypes.
    elems : array or nest of arrays
        Nests are of tuples, lists and dictionaries; all arrays have one size along the axis.
    reverse : bool, optional
        Whether the last slice comes first; each result keeps its position.
    axis : int, optional

    Returns
    -------
    array or nest of arrays
        The structure, shapes and dtypes of elems: slice i of the result combines slices 0 to i.

    Raises
    ------
    ValueError
        For no arrays, sizes along the axis that differ, an axis out of range, and an f that changes structure, shapes
        or dtypes.
    IndexError
        When the function runs, for no slices where the size was not known.

    Notes
    -----
    f is called twice for each bit of the size, on about 2 n slices in all, so that sums round as in a tree. Where the
    size is not known before the function runs, f combines one slice after another, as in `scan`. An empty array gives
    itself. Differentiable, also twice.

    References
    ----------
    Blelloch, "Prefix sums and their applications", 1990. Keras 3, ``keras.ops.associative_scan``, as
    ``jax.lax.associative_scan``.

    Examples
    --------
    >>> K.associative_scan(lambda a, b: a * b, np.asarray([1.0, 2.0, 3.0, 4.0]))
    array([ 1.,  2.,  6., 24.])
    >>> def then(first, second):  # y = a x + b after y = c x + d
    ...     (a, b), (c, d) = first, second
    ...     return a * c, c * b + d
    >>> K.associative_scan(then, (np.asarray([0.5, 0.5, 0.5]), np.asarray([1.0, 1.0, 1.0])))[1]
    array([1.  , 1.5 , 1.75])
    """
    found, structure = flatten(elems)
    if not found:
        raise ValueError("associative_scan: elems is empty, expected at least one array")
    xp, *found = arrays(*found)
    axes = [axis_of("associative_scan", axis, x.ndim) for x in found]
    lengths = {x.shape[k] for x, k in zip(found, axes, strict=True)}
    if len(lengths - {None}) > 1:
        shapes = ", ".join(str(tuple(x.shape)) for x in found)
        raise ValueError(f"associative_scan: elems have the shapes {shapes}, expected one size on axis {axis}")

    def combined(first: list[Array], second: list[Array]) -> list[Array]:
        new = f(restore(structure, first), restore(structure, second))
        return checked_carry("associative_scan: f", second, structure, new)

    def flipped(xs: list[Array]) -> list[Array]:
        return [xp.flip(x, axis=k) for x, k in zip(xs, axes, strict=True)] if reverse else xs

    prefixes = _in_steps if None in lengths else _prefixes
    return restore(structure, flipped(prefixes(combined, flipped(found), axes)))


def _in_steps(combined: Callable[..., list[Array]], xs: list[Array], axes: list[int]) -> list[Array]:
    """One slice after another."""
    xp, rows = array_namespace(*xs), [moved(x, k, 0) for x, k in zip(xs, axes, strict=True)]

    def step(before: list[Array], row: list[Array]) -> tuple[list[Array], list[Array]]:
        pair = ([xp.expand_dims(x, axis=k) for x, k in zip(xs, axes, strict=True)] for xs in (before, row))
        new = [xp.squeeze(x, axis=k) for x, k in zip(combined(*pair), axes, strict=True)]
        return new, new

    _, later = scan(step, [x[0, ...] for x in rows], [x[1:, ...] for x in rows])
    joined = [xp.concat([x[:1, ...], y], axis=0) for x, y in zip(rows, later, strict=True)]
    return [moved(x, 0, k) for x, k in zip(joined, axes, strict=True)]


def _prefixes(combined: Callable[..., list[Array]], xs: list[Array], axes: list[int]) -> list[Array]:
    """The prefixes of pairs of neighbours are those of odd numbers; with one more slice they give the even ones."""

    def cut(xs: list[Array], start: int, stop: int, step: int = 1) -> list[Array]:
        part = slice(start, stop, step)
        return [x[(slice(None),) * k + (part, ...)] for x, k in zip(xs, axes, strict=True)]

    n = xs[0].shape[axes[0]]
    if n < 2:
        return xs
    odd = _prefixes(combined, combined(cut(xs, 0, n - 1, 2), cut(xs, 1, n, 2)), axes)
    even = cut(xs, 0, 1)
    if n > 2:
        later = combined(cut(odd, 0, (n - 1) // 2), cut(xs, 2, n, 2))
        xp = array_namespace(*even, *later)
        even = [xp.concat([a, x], axis=k) for a, x, k in zip(even, later, axes, strict=True)]
    return [_in_turn(a, b, k) for a, b, k in zip(even, odd, axes, strict=True)]


def _in_turn(a: Array, b: Array, axis: int) -> Array:
    """The slices of a and b in turn; a may have one more."""
    xp, n = array_namespace(a, b), b.shape[axis]
    index = (slice(None),) * axis
    pairs = xp.stack([a[(*index, slice(0, n), ...)], b], axis=axis + 1)
    pairs = xp.reshape(pairs, (*sizes(a)[:axis], 2 * n, *sizes(a)[axis + 1 :]))
    return pairs if a.shape[axis] == n else xp.concat([pairs, a[(*index, slice(n, n + 1), ...)]], axis=axis)
