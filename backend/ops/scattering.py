"""Values put at indices: scatter, the counterpart of gather."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike, Sizes
from ..dispatch.boundary import product, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, can_ask, dtype_name, is_integer, native_dtype, numeric, refuse
from ..graph.composite import composite, spec
from .selection import segment_sum_

__all__ = ["scatter", "scatter_add"]


@operation
def scatter(indices: ArrayLike, values: ArrayLike, shape: Sizes) -> Array:
    """Put values at indices into zeros; values with equal indices add up.

    Parameters
    ----------
    indices : array of integers, shape (..., k)
        Along the last axis, places on the first k axes of the result, from 0 on.
    values : array
        Of the shape of the indices without their last axis, followed by the sizes of the result's other axes. The
        dtype stays, booleans become int32.
    shape : sequence of ints
        The shape of the result.

    Returns
    -------
    array

    Raises
    ------
    TypeError
        For indices that are not integers.
    ValueError
        For indices without an axis, or with more places than the result has axes, and for values of another shape.
    IndexError
        For an index out of range, negative ones included. Inside jax.jit and torch.compile, where values are not
        concrete, the value is left out.

    Notes
    -----
    Floats are added up pairwise. The gradient of a value is that of its place.

    References
    ----------
    Keras 3, ``keras.ops.scatter``.

    Examples
    --------
    >>> K.scatter(np.asarray([[0], [2], [0]]), np.asarray([1.0, 2.0, 3.0]), (4,))
    array([4., 0., 2., 0.])
    """
    return _scattered(
        "scatter", indices, values, tuple(shape) if isinstance(shape, (tuple, list)) else (shape,), "values"
    )


@operation
def scatter_add(x: ArrayLike, indices: ArrayLike, updates: ArrayLike) -> Array:
    """Add values to an array at indices; values with equal indices all count.

    Parameters
    ----------
    x : array
        The dtype stays, booleans become int32; it is not changed.
    indices : array of integers, shape (..., k)
        Along the last axis, places on the first k axes of x, from 0 on.
    updates : array
        Of the shape of the indices without their last axis, followed by the sizes of x's other axes; it takes the
        dtype of x.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        For indices that are not integers.
    ValueError
        For indices without an axis, or with more places than x has axes, and for updates of another shape.
    IndexError
        For an index out of range, negative ones included. Inside jax.jit and torch.compile, where values are not
        concrete, the update is left out.

    Notes
    -----
    Floats are added up pairwise. The gradient leads to x, and to each update from its place.

    References
    ----------
    JAX's ``x.at[indices].add(updates)``; indices as in Keras 3, ``keras.ops.scatter_update``.

    Examples
    --------
    >>> K.scatter_add(np.asarray([1.0, 1.0, 1.0]), np.asarray([[0], [2], [0]]), np.asarray([1.0, 2.0, 3.0]))
    array([5., 1., 3.])
    """
    xp, _, indices, added = arrays(x, indices, updates)
    x = numeric(x)[1]
    added = added if added.dtype == x.dtype else xp.astype(added, x.dtype)
    return x + _scattered("scatter_add", indices, added, sizes(x), "updates")


def _scattered(name: str, indices: Any, values: Any, shape: tuple[Any, ...], argument: str) -> Array:
    xp, indices, values = arrays(indices, values)
    values = numeric(values)[1]
    if not is_integer(dtype_name(indices.dtype)):
        raise TypeError(f"{name}: indices have dtype {dtype_name(indices.dtype)}, expected an integer dtype")
    depth = indices.shape[-1] if indices.ndim else 0
    if not depth or depth > len(shape):
        raise ValueError(
            f"{name}: indices have shape {tuple(indices.shape)} for {len(shape)} dimensions, expected a last axis of "
            f"1 to {len(shape)}"
        )
    wanted = (*sizes(indices)[:-1], *shape[depth:])
    if values.ndim != len(wanted) or any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(sizes(values), wanted, strict=True)
    ):
        raise ValueError(
            f"{name}: {argument} has shape {tuple(values.shape)}, expected "
            f"{tuple(n if isinstance(n, int) else None for n in wanted)}"
        )
    rows = xp.reshape(values, (product(wanted[: indices.ndim - 1]), *shape[depth:]))
    count = product(shape[:depth])
    total = segment_sum_(rows, flat_indices(indices, shape=tuple(shape[:depth]), operation=name), count=count)
    return array_namespace(total).reshape(total, tuple(shape))


@composite(discrete=True)
def flat_indices(indices: Array, *, shape: Any, operation: str) -> Array:
    """The place of each index in an array of this shape, counted in row-major order, after a check of the indices."""
    xp = array_namespace(indices)
    name = dtype_name(indices.dtype)
    if name not in ("int32", "int64"):
        indices = xp.astype(indices, native_dtype(xp, "int32"))
    flat, outside = None, None
    for axis, n in enumerate(shape):
        place = indices[..., axis]
        flat = place if flat is None else flat * n + place
        wrong = (place < 0) | (place >= n)
        outside = wrong if outside is None else outside | wrong
    if can_ask(indices) and 0 not in indices.shape:
        text = f"{operation}: an index is out of range for shape {tuple(shape)}; expected 0 to size - 1 each"
        refuse(xp.any(outside), lambda: IndexError(text))
    return xp.reshape(xp.where(outside, -1, flat), (-1,))  # an id below 0 is left out


@flat_indices.shape
def _(indices, *, shape, operation):
    return spec((product(sizes(indices)[:-1]),), "int64" if indices.dtype == "int64" else "int32")
