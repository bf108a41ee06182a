"""Sliding windows on arrays: checks of arguments, blocks, and slices along the windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...arrays.blocks import Box, boxes
from ...arrays.namespaces import in_host_memory, writable
from ...arrays.typing import Array, Ints
from ...arrays.windows import Grid, grid_of, places_of, span_of, strided_slice
from ...dispatch.promotion import device_of, dtype_name, is_array

__all__ = [
    "BLOCK_BYTES",
    "Box",
    "along",
    "assembled",
    "blocks",
    "channels_first",
    "channels_last",
    "checked_padding",
    "grid",
    "interleave",
    "known_sizes",
    "narrowed",
    "output_sizes",
    "patch",
    "per_axis",
    "region",
    "widened",
]

# Bytes one block of windows may hold while it is computed. Measured on NumPy, products on two threads, 1 MB of level-2
# cache a core: a 3x3 convolution of 64 channels takes 16.5, 14.1, 13.2, 13.0, 14.4 ms at 0.25, 0.5, 1, 2, 4 MB, one of
# 3 channels 16.9, 11.0, 7.8, 6.0, 5.0 ms, a mean of 2x2 windows 1.4, 0.9, 0.7, 0.6, 0.5 ms. Small blocks pay for calls.
# Without blocks memory grows with image times kernel.
BLOCK_BYTES = 2**21
# On a device only calls count: 816 products of small blocks took most of a convnet's step on CuPy and an H200, 91 ms.
DEVICE_BLOCK_BYTES = 2**29


def per_axis(operation: str, argument: str, value: Any, count: int) -> Ints:
    """An int, or a sequence with one int per spatial axis, as a tuple of positive ints; else ValueError."""
    numbers = (value,) * count if isinstance(value, int) else value
    if len(numbers) != count or min(numbers) < 1:
        raise ValueError(f"{operation}: {argument} is {value!r}; expected a positive int or {count} of them")
    return numbers


def checked_padding(operation: str, padding: Any, allowed: Sequence[str] = ("valid", "same")) -> str:
    """The padding itself where it is one of the allowed words; else ValueError."""
    if not isinstance(padding, str) or padding not in allowed:
        raise ValueError(f"{operation}: padding is {padding!r}; expected {' or '.join(map(repr, allowed))}")
    return padding


def channels_last(xp: Any, x: Array, data_format: str) -> Array:
    """x with its channels moved from axis 1 to the end, if data_format says they are there."""
    if data_format == "channels_last" or x.ndim < 3:
        return x
    return xp.permute_dims(x, (0, *range(2, x.ndim), 1))


def channels_first(xp: Any, x: Array, data_format: str) -> Array:
    """x with its channels moved from the end to axis 1, if data_format says so."""
    if data_format == "channels_last" or x.ndim < 3:
        return x
    return xp.permute_dims(x, (0, x.ndim - 1, *range(1, x.ndim - 1)))


def output_sizes(
    operation: str,
    sizes: Iterable[Any],
    window: Iterable[Any],
    strides: Ints,
    dilation: Ints,
    padding: str,
) -> tuple[Any, ...]:
    """The number of windows per axis, as `places_of` has it.

    A size that is an expression gives one; None where the size or the window is unknown. ValueError where an unpadded
    window is known to be larger than the axis.
    """
    places: list[Any] = []
    for axis, (n, k, s, d) in enumerate(zip(sizes, window, strides, dilation, strict=True)):
        if n is None or (padding == "valid" and not isinstance(k, int)):
            places.append(None)
        elif padding == "valid" and isinstance(n, int) and n < span_of(k, d):
            raise ValueError(
                f"{operation}: the window spans {span_of(k, d)} elements of spatial axis {axis}, which has "
                f"{n}; expected at least as many with padding 'valid'"
            )
        else:
            places.append(places_of(n, k if isinstance(k, int) else 1, s, d, padding))
    return tuple(places)


def grid(operation: str, sizes: Ints, window: Ints, strides: Ints, dilation: Ints, padding: str) -> Grid:
    """The windows over axes of known sizes; ValueError as from `output_sizes`."""
    output_sizes(operation, sizes, window, strides, dilation, padding)
    return grid_of(sizes, window, strides, dilation, padding)


def patch(xp: Any, x: Array, over: Grid, box: Box, fill: float = 0.0) -> tuple[Array, Grid]:
    """The part of x that a box of places needs, `fill` around it, and the grid of these places on it."""
    bounds = [
        (start * s - b, (stop - 1) * s + span_of(k, d) - b)
        for (start, stop), k, s, d, b in zip(
            box[1:], over.window, over.strides, over.dilation, over.before, strict=True
        )
    ]
    return (
        region(xp, x, (box[0], *bounds), fill),
        over._replace(before=(0,) * len(bounds), places=tuple(stop - start for start, stop in box[1:])),
    )


def known_sizes(sizes: Iterable[Any]) -> tuple[Any, ...]:
    """The sizes that are numbers or expressions, None for those that an array holds."""
    return tuple(None if is_array(n) else n for n in sizes)


def widened(xp: Any, x: Array) -> Array:
    """float16 as float32: sums keep their digits, and NumPy multiplies float16 matrices six times slower."""
    return xp.astype(x, xp.float32) if dtype_name(x.dtype) == "float16" else x


def narrowed(xp: Any, y: Array, x: Array) -> Array:
    """y in the dtype of x."""
    return y if y.dtype == x.dtype else xp.astype(y, x.dtype)


def blocks(shape: Sequence[int], cost: int, like: Array) -> list[Box]:
    """The `boxes` of a shape that hold about a block's bytes each at `cost` bytes an element; one box at a cost of 0.

    `like` is an array of the place where they are computed.
    """
    if not cost:
        return [tuple((0, n) for n in shape)]
    on_host = not writable(like) or in_host_memory(like)  # of what cannot be written to (tracers) no place is known
    return list(boxes(shape, max((BLOCK_BYTES if on_host else DEVICE_BLOCK_BYTES) // cost, 1)))


def assembled(xp: Any, shape: Ints, cuts: Sequence[Box], part: Callable[[Box], Array], *like: Array) -> Array:
    """The array of that shape, of the dtype of the first of `like`, that has part(box) in each box of `cuts`.

    Each part is written to its place before the next is made, where arrays like these can be written to. Sharing the
    boxes of depthwise products and pooling between two Python threads was measured: 0.4 to 1.6 times as fast.
    """
    if len(cuts) == 1 or not writable(*like):
        flat = [xp.reshape(part(box), (-1, *shape[len(box) :])) for box in cuts]
        return xp.reshape(xp.concat(flat, axis=0) if len(flat) > 1 else flat[0], shape)
    whole = xp.empty(shape, dtype=like[0].dtype, device=device_of(like[0]))
    for box in cuts:
        place = *(stop - start for start, stop in box), *shape[len(box) :]
        whole[(*(slice(*edges) for edges in box), ...)] = xp.reshape(part(box), place)
    return whole


def region(xp: Any, x: Array, bounds: Sequence[tuple[int, int]], fill: float = 0.0) -> Array:
    """x from start to stop on each leading axis, with `fill` where that is outside of x."""
    key = tuple(
        slice(min(max(start, 0), n), min(max(stop, 0), n)) for (start, stop), n in zip(bounds, x.shape, strict=False)
    )
    part = x[(*key, ...)]
    if all(start >= 0 and stop <= n for (start, stop), n in zip(bounds, x.shape, strict=False)):
        return part
    if writable(x):  # one copy, not one per axis
        whole = xp.full(
            (*(stop - start for start, stop in bounds), *x.shape[len(bounds) :]),
            fill,
            dtype=x.dtype,
            device=device_of(x),
        )
        whole[
            (
                *(
                    slice(inner.start - start, inner.stop - start)
                    for inner, (start, _) in zip(key, bounds, strict=True)
                ),
                ...,
            )
        ] = part
        return whole
    for axis, ((start, stop), n) in enumerate(zip(bounds, x.shape, strict=False)):
        before, after = min(stop, 0) - min(start, 0), max(stop, n) - max(start, n)
        if before or after:
            part = xp.concat(
                [*_filled(xp, part, axis, before, fill), part, *_filled(xp, part, axis, after, fill)], axis=axis
            )
    return part


def _filled(xp: Any, x: Array, axis: int, count: int, fill: float) -> list[Array]:
    """No array, or one like x with `count` elements along the axis."""
    if not count:
        return []
    shape = tuple(count if i == axis else n for i, n in enumerate(x.shape))
    return [xp.full(shape, fill, dtype=x.dtype, device=device_of(x))]


def along(x: Array, axis: int, start: int, count: int, stride: int) -> Array:
    """`count` elements of one axis, `stride` apart."""
    if start == 0 and stride == 1 and count == x.shape[axis]:
        return x
    return x[(*(slice(None),) * axis, strided_slice(start, count, stride), ...)]


def interleave(xp: Any, parts: Sequence[Array], axis: int, start: int, size: int) -> Array:
    """The phases of one axis woven into one another (first of each, second of each, ...), from `start` on."""
    if len(parts) == 1:
        return along(parts[0], axis, start, size, 1)
    shape = parts[0].shape
    woven = xp.reshape(xp.stack(parts, axis=axis + 1), (*shape[:axis], shape[axis] * len(parts), *shape[axis + 1 :]))
    return along(woven, axis, start, size, 1)
