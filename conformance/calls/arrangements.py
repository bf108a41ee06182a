"""Ways for an array's elements to lie in memory, each made with functions of the standard: the values stay the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays.namespaces import array_namespace

from ..reading import host

__all__ = [
    "ARRANGEMENTS",
    "LAYOUTS",
    "MIXED",
    "MORE",
    "in_order",
    "ordered",
    "repeated",
    "repeated_last",
    "strided",
    "transposed",
]

Arrange = Callable[[Any], Any]


def in_order(x: Any) -> Any:
    """A copy whose elements lie one after the other, the last axis innermost."""
    xp = array_namespace(x)
    return xp.reshape(xp.asarray(xp.reshape(x, (-1,)), copy=True), x.shape)


def ordered(x: Any, order: list[int]) -> Any:
    """The elements in this order of axes in memory."""
    xp = array_namespace(x)
    back = tuple(int(i) for i in np.argsort(order))
    return xp.permute_dims(in_order(xp.permute_dims(x, tuple(order))), back)


def transposed(x: Any) -> Any:
    """The first axis innermost."""
    return ordered(x, list(reversed(range(x.ndim))))


def strided(x: Any) -> Any:
    """Every second of twice as many elements; those between are others."""
    xp = array_namespace(x)
    return xp.reshape(xp.stack([x, xp.flip(x)], axis=-1), (*x.shape[:-1], 2 * x.shape[-1]))[..., ::2]


def reversed_(x: Any) -> Any:
    """Negative steps through memory, where the library has them."""
    xp = array_namespace(x)
    return xp.flip(in_order(xp.flip(x)))


def read_only(x: Any) -> Any:
    """Not to be written to, where the library has such arrays: NumPy, and those that take NumPy's memory as it is."""
    if isinstance(x, np.ndarray):
        x.flags.writeable = False
        return x
    value = np.array(host(x))
    value.flags.writeable = False
    try:
        found = array_namespace(x).asarray(value, copy=False)
        return found if found.device == x.device and found.dtype == x.dtype else x
    except Exception:  # noqa: BLE001 - a library that copies has no such arrays
        return x


def repeated(x: Any) -> Any:
    """The first row in place of all, with a step of 0."""
    return array_namespace(x).broadcast_to(x[:1, ...], x.shape)


def repeated_last(x: Any) -> Any:
    """The first column in place of all, with a step of 0."""
    return array_namespace(x).broadcast_to(x[..., :1], x.shape)


def thin_inside(x: Any) -> Any:
    """The axes of size 1 innermost: strides that no new array has, and that nothing reads."""
    thin = [i for i, n in enumerate(x.shape) if n == 1]
    return ordered(x, [i for i in range(x.ndim) if i not in thin] + thin) if thin else x


def thin_outside(x: Any) -> Any:
    """The axes of size 1 outermost."""
    thin = [i for i, n in enumerate(x.shape) if n == 1]
    return ordered(x, thin + [i for i in range(x.ndim) if i not in thin]) if thin else x


def channels_first(x: Any) -> Any:
    """The last axis second in memory."""
    return ordered(x, [0, x.ndim - 1, *range(1, x.ndim - 1)]) if x.ndim > 2 else x


def sliced(x: Any) -> Any:
    """The upper half of twice as many elements along the first two axes."""
    xp = array_namespace(x)
    for axis in range(min(x.ndim, 2)):
        x = xp.concat([x, x], axis=axis)[(*[slice(None)] * axis, slice(x.shape[axis], None), ...)]
    return x


def stacked(x: Any) -> Any:
    """Two arrays stacked along the second axis, and one of them taken out."""
    return array_namespace(x).stack([x, x], axis=1)[:, 0, ...]


def padded(x: Any) -> Any:
    """All but the borders of an array with one more element on each side of the last axis: an odd offset and step."""
    xp = array_namespace(x)
    return xp.concat([x[..., -1:], x, x[..., :1]], axis=-1)[..., 1:-1]


def taken_out(x: Any) -> Any:
    """The second of two arrays stacked along a new axis: an offset, and for no dimensions a view of a line."""
    return array_namespace(x).stack([x, x], axis=0)[1, ...]


def misaligned(x: Any) -> Any:
    """Elements that begin at an odd address; NumPy alone has such arrays."""
    if not isinstance(x, np.ndarray) or x.dtype.itemsize == 1:
        return x
    bytes_ = np.zeros(x.nbytes + 1, np.uint8)
    found = bytes_[1:].view(x.dtype).reshape(x.shape)
    found[...] = x
    return found


# Of a kernel's arrays; 'transposed' and so on are also tried on operations.
ARRANGEMENTS: dict[str, Arrange] = {
    "transposed": transposed,
    "strided": strided,
    "reversed": reversed_,
    "channels-first": channels_first,
    "sliced": sliced,
    "stacked": stacked,
    "thin-inside": thin_inside,
    "thin-outside": thin_outside,
}

# Of an operation of K, its compiled function and its gradients.
LAYOUTS: dict[str, Arrange] = {
    "transposed": transposed,
    "strided": strided,
    "reversed": reversed_,
    "read-only": read_only,
    "repeated": repeated,
}

# Of a call alone, besides those.
MORE: dict[str, Arrange] = {
    "channels-first": channels_first,
    "sliced": sliced,
    "stacked": stacked,
    "padded": padded,
    "taken out": taken_out,
    "thin-inside": thin_inside,
    "misaligned": misaligned,
    "repeated last": repeated_last,
}

# Of calls with several arrays: the first one's, and the others'; None for the usual one.
MIXED: dict[str, tuple[Arrange | None, Arrange | None]] = {
    "transposed first": (transposed, None),
    "transposed second": (None, transposed),
    "strided second": (None, strided),
    "strided and reversed": (strided, reversed_),
}
