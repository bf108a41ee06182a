"""Elements chosen along an axis, sums over segments, and padding."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike, Pairs, Size
from ..autodiff.cotangents import unbroadcast
from ..autodiff.scatter import take_adjoint, take_along_axis_adjoint
from ..dispatch.boundary import axis_of, broadcast, count_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    can_ask,
    device_of,
    dtype_name,
    is_float,
    is_integer,
    native_dtype,
    numeric,
    real,
    refuse,
)
from ..graph.composite import composite, spec

__all__ = ["pad", "segment_sum", "take_along_axis", "top_k"]


@operation
def top_k(x: Array, k: int, sorted: bool = True) -> tuple[Array, Array]:
    """Find the k largest elements along the last axis, and their places.

    Parameters
    ----------
    x : array
        Shape (..., n); booleans become int32.
    k : int
        From 0 to n.
    sorted : bool
        Accepted as elsewhere; the order is the same without it.

    Returns
    -------
    values : array
        Shape (..., k), the largest first; the dtype of x.
    indices : array of integers
        Shape (..., k), of the library's integer dtype.

    Raises
    ------
    ValueError
        If x has no dimensions, or k is below 0 or above n.
    TypeError
        If k is not an integer.

    Notes
    -----
    Of equal elements the one with the lower index comes first; NaN counts as
    the largest. The gradient goes to the elements chosen.

    References
    ----------
    This library; ties as in JAX's ``lax.top_k``.

    Examples
    --------
    >>> values, indices = K.top_k(np.asarray([3.0, 9.0, 1.0, 9.0]), 3)
    >>> values, indices
    (array([9., 9., 3.]), array([1, 3, 0]))
    """
    _, x = real(x)
    if not x.ndim:
        raise ValueError("top_k: x has 0 dimensions, expected at least 1")
    n = x.shape[-1]
    if k < 0 or (n is not None and k > n):
        raise ValueError(
            f"top_k: k is {k} for {'an unknown number of' if n is None else n} elements, expected 0 to "
            f"{'their number' if n is None else n}"
        )
    chosen = top_places(x, k=k)
    return take_along_axis_(x, chosen, axis=x.ndim - 1, within=True), chosen


@composite(discrete=True)
def top_places(x: Array, *, k: int) -> Array:
    """The places of the k largest elements along the last axis."""
    order = array_namespace(x).argsort(x, axis=-1, descending=True, stable=True)
    if k > x.shape[-1]:
        raise ValueError(f"top_k: k is {k} for {x.shape[-1]} elements, expected 0 to their number")
    return order[..., :k]


@top_places.shape
def _(x, *, k):
    return spec((*sizes(x)[:-1], k), "int64")


@composite(discrete=True)
def as_index(x: Array) -> Array:
    """Whole numbers in the integer dtype that a library indexes with on its device."""
    xp = array_namespace(x)
    return xp.astype(x, xp.arange(0, device=device_of(x)).dtype)


@as_index.shape
def _(x):
    return spec(sizes(x), "int64")


@operation
def take_along_axis(x: Array, indices: ArrayLike, axis: int = -1) -> Array:
    """Take elements along an axis, each row at indices of its own.

    Parameters
    ----------
    x : array
    indices : array of integers
        As many dimensions as x. The two broadcast on all axes but `axis`;
        negative ones count from the end.
    axis : int

    Returns
    -------
    array
        The broadcast shape, with the size of the indices along `axis`; the
        dtype of x.

    Raises
    ------
    TypeError
        If the indices are not integers.
    ValueError
        If the axis is out of range, or the shapes do not fit.
    IndexError
        If an index is below -n or above n - 1 (inside ``jax.jit`` and
        ``torch.compile``, where values are not concrete, whatever the library
        does).

    Notes
    -----
    The gradients of elements taken several times accumulate.

    References
    ----------
    The array API standard, ``take_along_axis``; negative indices as in NumPy.

    Examples
    --------
    >>> x = np.asarray([[10, 20, 30], [40, 50, 60]])
    >>> K.take_along_axis(x, np.asarray([[2, 0], [1, -1]]))
    array([[30, 10],
           [50, 60]])
    """
    _, x, indices = arrays(x, indices)
    if not is_integer(dtype_name(indices.dtype)):
        raise TypeError(f"take_along_axis: indices have dtype {dtype_name(indices.dtype)}, expected an integer dtype")
    if x.ndim != indices.ndim:
        raise ValueError(f"take_along_axis: x has {x.ndim} and indices {indices.ndim} dimensions, expected the same")
    axis = axis_of("take_along_axis", axis, x.ndim)
    _others("take_along_axis", x, indices, axis)
    return take_along_axis_(x, indices, axis=axis)


def _others(operation: str, x: Array, indices: Array, axis: int) -> tuple[Any, ...]:
    """The shape of the result."""
    shapes = [(*sizes(v)[:axis], 1, *sizes(v)[axis + 1 :]) for v in (x, indices)]
    shape = broadcast(operation, *shapes)
    return (*shape[:axis], sizes(indices)[axis], *shape[axis + 1 :])


@composite
def take_along_axis_(x: Array, indices: Array, *, axis: int, within: bool = False) -> Array:
    """Take along an axis, after a check of the indices where they are concrete and not known to be `within` it."""
    xp, n = array_namespace(x), x.shape[axis]
    place = xp.arange(0, device=device_of(x)).dtype  # the integer dtype a library indexes with
    indices = indices if indices.dtype == place else xp.astype(indices, place)
    if not within and can_ask(indices) and 0 not in indices.shape:  # it makes a GPU wait
        text = f"take_along_axis: an index is out of range for {n} elements (expected {-n} to {n - 1})"
        refuse(xp.any((indices < -n) | (indices >= n)), lambda: IndexError(text))
    shape = _others("take_along_axis", x, indices, axis)
    whole = (*shape[:axis], n, *shape[axis + 1 :])
    x = x if x.shape == whole else xp.broadcast_to(x, whole)
    indices = xp.where(indices < 0, indices + n, indices)
    indices = indices if indices.shape == shape else xp.broadcast_to(indices, shape)
    return xp.take_along_axis(x, indices, axis=axis)


@take_along_axis_.shape
def _(x, indices, *, axis, within=False):
    return _others("take_along_axis", x, indices, axis)


@take_along_axis_.vjp
def _(g, out, x, indices, *, axis, within=False):
    return unbroadcast(add_along_axis(g, indices, axis=axis, size=sizes(x)[axis]), x), None


@composite
def add_along_axis(g: Array, indices: Array, *, axis: int, size: Any) -> Array:
    """The elements of g added to zeros at the indices: the adjoint of `take_along_axis_`."""
    xp = array_namespace(g)
    indices = xp.astype(indices, xp.arange(0, device=device_of(g)).dtype)
    return take_along_axis_adjoint(g, indices, axis=axis, size=size)


@add_along_axis.shape
def _(g, indices, *, axis, size):
    return (*sizes(g)[:axis], size, *sizes(g)[axis + 1 :])


@add_along_axis.vjp
def _(g, out, of, indices, *, axis, size):
    return take_along_axis_(g, indices, axis=axis, within=True), None


# ---- sums over segments -----------------------------------------------------------------------------------------


@operation
def segment_sum(data: Array, segment_ids: ArrayLike, num_segments: Size) -> Array:
    """Sum those parts of an array, along axis 0, that have the same segment id.

    Parameters
    ----------
    data : array
        Shape (n, ...); booleans become int32.
    segment_ids : array of integers
        Shape (n,), in any order.
    num_segments : int or 0-d integer array

    Returns
    -------
    array
        Shape (num_segments, ...); the dtype of the data.

    Raises
    ------
    TypeError
        If the ids are not integers.
    ValueError
        If the data have no dimensions, the number of ids differs from n, or
        `num_segments` is negative.

    Notes
    -----
    An empty segment is 0. A part whose id lies outside 0 to ``num_segments -
    1`` is left out. Integers may wrap around. Floats are summed pairwise, so
    rounding grows with the logarithm of n. NaN and infinity stay in their
    segment.

    References
    ----------
    This library; ids out of range as in JAX's ``ops.segment_sum``.

    Examples
    --------
    >>> data = np.asarray([1.0, 2.0, 4.0, 8.0])
    >>> K.segment_sum(data, np.asarray([0, 2, 0, 3]), 3)
    array([5., 0., 2.])
    """
    data, ids, count = checked_segments("segment_sum", data, segment_ids, num_segments)
    return segment_sum_(data, ids, count=count)


def checked_segments(
    name: str, data: Any, segment_ids: Any, num_segments: Any, first: str = "data", second: str = "segment_ids"
) -> tuple[Array, Array, Any]:
    """The data, its ids and the number of segments, checked; booleans become int32."""
    _, data, ids = arrays(data, segment_ids)
    _, data = numeric(data)
    if not is_integer(dtype_name(ids.dtype)):
        raise TypeError(f"{name}: {second} has dtype {dtype_name(ids.dtype)}, expected an integer dtype")
    if not data.ndim or ids.ndim != 1:
        raise ValueError(
            f"{name}: {first} has {data.ndim} dimensions and {second} {ids.ndim}, expected at least 1 and exactly 1"
        )
    if None not in (data.shape[0], ids.shape[0]) and data.shape[0] != ids.shape[0]:
        raise ValueError(f"{name}: {first} has {data.shape[0]} parts but {second} {ids.shape[0]} elements")
    return data, ids, count_of(name, "num_segments", num_segments)


@composite
def segment_sum_(data: Array, ids: Array, *, count: Any) -> Array:
    """Sums by id: floats by `take_adjoint`, integers as differences of running sums, which are exact."""
    xp = array_namespace(data)
    ids = places_of(xp, ids, count)
    if is_float(dtype_name(data.dtype)):
        return take_adjoint(data, ids, axis=0, size=count + 1)[:count, ...]
    order = xp.argsort(ids, stable=True)
    totals = xp.cumulative_sum(xp.take(data, order, axis=0), axis=0, dtype=data.dtype)
    totals = xp.concat([xp.zeros((1, *data.shape[1:]), dtype=data.dtype, device=device_of(data)), totals], axis=0)
    bounds = xp.searchsorted(xp.take(ids, order), xp.arange(count + 1, dtype=ids.dtype, device=device_of(data)))
    reached = xp.take(totals, bounds, axis=0)
    return reached[1:, ...] - reached[:-1, ...]


@segment_sum_.shape
def _(data, ids, *, count):
    return (count, *sizes(data)[1:])


@segment_sum_.vjp
def _(g, out, data, ids, *, count):
    xp = array_namespace(g)
    shape = (1, *sizes(g)[1:])
    rows = xp.concat([g, xp.zeros(shape, dtype=g.dtype, device=device_of(g))], axis=0)  # for the parts left out
    return segment_gather(rows, ids, count=count), None


@composite
def segment_gather(rows: Array, ids: Array, *, count: Any) -> Array:
    """The row of each id; the last, number `count`, for ids out of range."""
    xp = array_namespace(rows)
    return xp.take(rows, places_of(xp, ids, count), axis=0)


@segment_gather.shape
def _(rows, ids, *, count):
    return (*sizes(ids), *sizes(rows)[1:])


@segment_gather.vjp
def _(g, out, rows, ids, *, count):
    kept = segment_sum_(g, ids, count=count)
    xp = array_namespace(g)  # the last row is constant zero
    return xp.concat([kept, xp.zeros((1, *sizes(g)[1:]), dtype=g.dtype, device=device_of(g))], axis=0), None


def places_of(xp: Any, ids: Array, count: Any) -> Array:
    """The ids as int32 or int64, those out of range as `count`."""
    if dtype_name(ids.dtype) not in ("int32", "int64"):
        ids = xp.astype(ids, native_dtype(xp, "int32"))
    return xp.where((ids < 0) | (ids >= count), count, ids)


# ---- padding ----------------------------------------------------------------------------------------------------

MODES = ("constant", "edge", "reflect", "symmetric")


@operation
def pad(x: Array, pad_width: Pairs, mode: str = "constant", constant_value: Any = 0) -> Array:
    """Add elements before and after x along each axis.

    Parameters
    ----------
    x : array
    pad_width : int, pair of ints or sequence of pairs
        One number, or (before, after), for every axis; or one pair for each.
    mode : {'constant', 'edge', 'reflect', 'symmetric'}
        What is added: `constant_value`, the outermost element, the elements
        mirrored at the outermost one, or the elements mirrored beyond it.
    constant_value : number

    Returns
    -------
    array
        Each size grows by both of its widths; the dtype of x.

    Raises
    ------
    ValueError
        For another mode, a `pad_width` that is negative or does not fit, and an
        empty axis that is not padded with a constant.
    TypeError
        If the widths are not integers.

    Notes
    -----
    Mirroring repeats where `pad_width` exceeds the size; 'reflect' of one
    element repeats it. The gradients of repeated elements accumulate.

    References
    ----------
    NumPy, ``numpy.pad``.

    Examples
    --------
    >>> x = np.asarray([1, 2, 3])
    >>> K.pad(x, (1, 2), mode="edge")
    array([1, 1, 2, 3, 3, 3])
    >>> K.pad(x, 2, mode="reflect")
    array([3, 2, 1, 2, 3, 2, 1])
    """
    xp, x = arrays(x)
    if mode not in MODES:
        raise ValueError(f"pad: mode is {mode!r}, expected one of {', '.join(MODES)}")
    for axis, (before, after) in enumerate(_widths(pad_width, x.ndim)):
        if not (before or after):
            continue
        if mode != "constant":
            if x.shape[axis] == 0:
                raise ValueError(
                    f"pad: axis {axis} of shape {tuple(x.shape)} is empty and has no element to repeat; "
                    "expected mode 'constant'"
                )
            x = pad_(x, axis=axis, before=before, after=after, mode=mode)
            continue
        shape = sizes(x)
        parts = [
            xp.full((*shape[:axis], n, *shape[axis + 1 :]), constant_value, dtype=x.dtype, device=device_of(x))
            if n
            else None
            for n in (before, after)
        ]
        x = xp.concat([part for part in (parts[0], x, parts[1]) if part is not None], axis=axis)
    return x


def _widths(pad_width: Any, ndim: int) -> Any:
    """(before, after) for each axis."""
    pairs: Any = pad_width
    if isinstance(pad_width, int):
        pairs = [(pad_width, pad_width)] * ndim
    elif len(pad_width) == 2 and all(isinstance(n, int) for n in pad_width):
        pairs = [pad_width] * ndim
    flat = [n for pair in pairs for n in (pair if isinstance(pair, tuple) else (None,))]
    if len(pairs) != ndim or len(flat) != 2 * ndim or not all(isinstance(n, int) and n >= 0 for n in flat):
        raise ValueError(
            f"pad: pad_width is {pad_width!r} for {ndim} dimensions, expected one or {ndim} pairs of "
            "integers of at least 0"
        )
    return pairs


@composite
def pad_(x: Array, *, axis: int, before: int, after: int, mode: str) -> Array:
    """x with elements repeated before and after it."""
    if not x.shape[axis]:
        raise ValueError(f"pad: axis {axis} of shape {tuple(x.shape)} is empty and has no element to repeat")
    return array_namespace(x).take(x, _sources(x, x.shape[axis], before, after, mode), axis=axis)


@pad_.shape
def _(x, *, axis, before, after, mode):
    return (*sizes(x)[:axis], before + sizes(x)[axis] + after, *sizes(x)[axis + 1 :])


@pad_.vjp
def _(g, out, x, *, axis, before, after, mode):
    return pad_adjoint(g, axis=axis, before=before, after=after, mode=mode, size=sizes(x)[axis])


@composite
def pad_adjoint(g: Array, *, axis: int, before: int, after: int, mode: str, size: Any) -> Array:
    """The adjoint of `pad_`: the elements of g added to those that it repeats."""
    return take_adjoint(g, _sources(g, size, before, after, mode), axis=axis, size=size)


@pad_adjoint.shape
def _(g, *, axis, before, after, mode, size):
    return (*sizes(g)[:axis], size, *sizes(g)[axis + 1 :])


@pad_adjoint.vjp
def _(g, out, h, *, axis, before, after, mode, size):
    return pad_(g, axis=axis, before=before, after=after, mode=mode)


def _sources(x: Array, n: int, before: int, after: int, mode: str) -> Array:
    """The index each element of the result comes from."""
    xp = array_namespace(x)
    places = xp.arange(-before, n + after, dtype=xp.int32, device=device_of(x))
    if mode == "edge" or n == 1:
        return xp.where(places < 0, 0, xp.where(places >= n, n - 1, places))
    last = n - 1 if mode == "reflect" else n  # half a period: the indices run there and back
    places = xp.remainder(places, 2 * last)
    back = 2 * last - places if mode == "reflect" else 2 * last - 1 - places
    return xp.where(places < n, places, back)
