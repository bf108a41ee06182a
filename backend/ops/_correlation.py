"""The sliding product behind every convolution, and its two adjoints, in any number of spatial axes.

Arrays are channels last: x (batch, spatial..., in), kernel (spatial..., in, out), or depthwise (spatial...,
in, multiplier) with output channel in * multiplier + m. Each of the three is linear in both of its arrays and
its gradients are the other two, so gradients of any order stay within this module.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any

from ..composite import composite
from ..operands import array_namespace, device_of, dtype_name, sizes
from ._windows import (
    Grid,
    Phase,
    along,
    grid,
    interleave,
    known_sizes,
    narrowed,
    output_sizes,
    patches,
    phases,
    stretch,
    widened,
)

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

Array = Any
Ints = tuple[int, ...]

# Up to so many input channels the taps are gathered channel by channel, so that copies run along the image
# instead of along two or three channels: measured 1.7 times as fast for 3 channels, slower from 8 on.
FEW_CHANNELS = 4


@composite
def convolution(x: Array, kernel: Array, *, strides: Ints, padding: str, dilation: Ints,
                depthwise: bool = False) -> Array:
    """y[o] = sum over taps i of x[o * stride + i * dilation - before] @ kernel[i]; the kernel is not flipped.

    x (batch, spatial..., in) and kernel (spatial..., in, out) give (batch, places..., out), dtype of both.
    Elements outside of x count as 0. float16 is accumulated in float32. ValueError where a window does not fit.

    Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016; padding as in Keras.
    """
    xp = array_namespace(x, kernel)
    over = grid("convolution", x.shape[1:-1], kernel.shape[:-2], strides, dilation, padding)
    return narrowed(xp, _correlate(xp, widened(xp, x), widened(xp, kernel), over, depthwise), x)


@convolution.vjp
def _(g: Array, out: Array, x: Array, kernel: Array, **how: Any) -> tuple[Array, Array]:
    return (convolution_input_gradient(g, kernel, size=sizes(x)[1:-1], **how),
            convolution_kernel_gradient(x, g, window=sizes(kernel)[:-2], **how))


@convolution.shape
def _(x: Array, kernel: Array, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False) -> Any:
    places = output_sizes("convolution", x.shape[1:-1], kernel.shape[:-2], strides, dilation, padding)
    return x.shape[0], *places, _channels_out(kernel.shape, depthwise)


@composite
def convolution_input_gradient(g: Array, kernel: Array, *, size: Ints, strides: Ints, padding: str,
                               dilation: Ints, depthwise: bool = False) -> Array:
    """The adjoint of `convolution` with respect to x: what each element of an x of that size receives from g.

    g (batch, places..., out) and kernel (spatial..., in, out) give (batch, *size, in); this is the transposed
    convolution. ValueError where an x of that size does not give the places of g.

    Source: Dumoulin & Visin, 2016, chapter 4.
    """
    xp = array_namespace(g, kernel)
    size = tuple(operator.index(n) for n in size)  # an entry may be a 0-d integer array
    over = grid("convolution_input_gradient", size, kernel.shape[:-2], strides, dilation, padding)
    if over.places != tuple(g.shape[1:-1]):
        raise ValueError(f"convolution_input_gradient: size {size} has windows at {over.places} places; "
                         f"expected {tuple(g.shape[1:-1])} as in g")
    return narrowed(xp, _spread(xp, widened(xp, g), widened(xp, kernel), over, size, depthwise), g)


@convolution_input_gradient.vjp
def _(h: Array, out: Array, g: Array, kernel: Array, *, size: Ints, **how: Any) -> tuple[Array, Array]:
    return (convolution(h, kernel, **how),
            convolution_kernel_gradient(h, g, window=sizes(kernel)[:-2], **how))


@convolution_input_gradient.shape
def _(g: Array, kernel: Array, *, size: Ints, **how: Any) -> Any:
    return g.shape[0], *known_sizes(size), kernel.shape[-2]


@composite
def convolution_kernel_gradient(x: Array, g: Array, *, window: Ints, strides: Ints, padding: str,
                                dilation: Ints, depthwise: bool = False) -> Array:
    """The adjoint of `convolution` with respect to the kernel: the sum over places of x at a tap, outer g.

    x (batch, spatial..., in) and g (batch, places..., out) give (*window, in, out), depthwise (*window, in,
    out / in). An empty batch gives zeros. ValueError where x does not give the places of g.

    Source: the derivative of the sum in `convolution`.
    """
    xp = array_namespace(x, g)
    over = grid("convolution_kernel_gradient", x.shape[1:-1], window, strides, dilation, padding)
    if over.places != tuple(g.shape[1:-1]):
        raise ValueError(f"convolution_kernel_gradient: x has windows at {over.places} places; "
                         f"expected {tuple(g.shape[1:-1])} as in g")
    return narrowed(xp, _outer(xp, widened(xp, x), widened(xp, g), over, depthwise), x)


@convolution_kernel_gradient.vjp
def _(h: Array, out: Array, x: Array, g: Array, *, window: Ints, **how: Any) -> tuple[Array, Array]:
    return convolution_input_gradient(g, h, size=sizes(x)[1:-1], **how), convolution(x, h, **how)


@convolution_kernel_gradient.shape
def _(x: Array, g: Array, *, window: Ints, depthwise: bool = False, **how: Any) -> Any:
    channels, out = x.shape[-1], g.shape[-1]
    if depthwise:
        out = None if out is None or not channels else out // channels
    return *known_sizes(window), channels, out


def _channels_out(kernel: Sequence[Any], depthwise: bool) -> int | None:
    if not depthwise:
        return kernel[-1]
    return None if None in kernel[-2:] else kernel[-2] * kernel[-1]


def _correlate(xp: Any, x: Array, kernel: Array, over: Grid, depthwise: bool) -> Array:
    """The sliding product on a grid, whatever padding it implies, block by block."""
    shape = (x.shape[0], *over.places, _channels_out(kernel.shape, depthwise))
    if 0 in shape:
        return xp.zeros(shape, dtype=x.dtype, device=device_of(x))
    multiply, _, held = _way(x, over.window, shape[-1], depthwise)
    parts = [xp.reshape(multiply(xp, patch, kernel, part), (-1, shape[-1]))
             for _, patch, part in patches(xp, x, over, held)]
    return xp.reshape(xp.concat(parts, axis=0) if len(parts) > 1 else parts[0], shape)


def _outer(xp: Any, x: Array, g: Array, over: Grid, depthwise: bool) -> Array:
    """The sum over all places of x at each tap times g, block by block."""
    channels, out = x.shape[-1], g.shape[-1]
    shape = (*over.window, channels, out // max(channels, 1) if depthwise else out)
    if 0 in (*g.shape, channels):
        return xp.zeros(shape, dtype=x.dtype, device=device_of(x))
    _, multiply, held = _way(x, over.window, out, depthwise)
    return xp.reshape(functools.reduce(operator.add, (
        multiply(xp, patch, g[(*(slice(*edges) for edges in box), slice(None))], part)
        for box, patch, part in patches(xp, x, over, held))), shape)


def _spread(xp: Any, g: Array, kernel: Array, over: Grid, size: Ints, depthwise: bool) -> Array:
    """The adjoint of `_correlate`: one sliding product of stride 1 per phase of the strides, interleaved."""
    *window, channels, multiplier = kernel.shape
    if depthwise:
        kernel = xp.reshape(kernel, (*window, channels * multiplier, 1))
    else:
        kernel = xp.matrix_transpose(kernel)
    plans = [phases(*axis) for axis in zip(size, *over[:4], strict=True)]

    def woven(chosen: tuple[Phase, ...]) -> Array:
        axis = len(chosen)
        if axis == len(plans):
            return one(chosen)
        start, _, choices = plans[axis]
        return interleave(xp, [woven((*chosen, choice)) for choice in choices], axis + 1,
                          over.before[axis] - start * over.strides[axis], size[axis])

    def one(chosen: tuple[Phase, ...]) -> Array:
        places = tuple(stop - start for start, stop, _ in plans)
        if not all(taps for taps, _, _ in chosen):
            shape = (g.shape[0], *places, _channels_out(kernel.shape, depthwise))
            return xp.zeros(shape, dtype=g.dtype, device=device_of(g))
        key = tuple(slice(taps.start, taps.stop, taps.step) for taps, _, _ in chosen)
        flipped = xp.flip(kernel[(*key, slice(None), slice(None))], axis=tuple(range(len(plans))))
        before = tuple(lag + (len(taps) - 1) * step - start
                       for (taps, lag, step), (start, _, _) in zip(chosen, plans, strict=True))
        sparse = Grid(flipped.shape[:-2], (1,) * len(plans), tuple(step for *_, step in chosen), before, places)
        return _correlate(xp, g, flipped, sparse, depthwise)

    x = woven(())
    if depthwise and multiplier > 1:
        return xp.sum(xp.reshape(x, (*x.shape[:-1], channels, multiplier)), axis=-1)
    return x


# ---- how one block is worked out


def _way(x: Array, window: Ints, out: int, depthwise: bool) -> tuple[Any, Any, int]:
    """The product and its adjoint for one block, and the bytes that a place of the block holds (0: no blocks)."""
    size, channels = 8 if dtype_name(x.dtype) == "float64" else 4, x.shape[-1]
    if depthwise:
        return _depthwise_product, _depthwise_outer, size * 2 * out
    if math.prod(window) == 1:  # nothing to gather: one matrix product
        return _rows_product, _rows_outer, 0
    if channels <= FEW_CHANNELS:
        return _taps_product, _taps_outer, size * math.prod(window) * channels
    return _rows_product, _rows_outer, size * (window[-1] * channels + out)


def _offsets(window: Sequence[int]) -> Iterator[Ints]:
    return itertools.product(*map(range, window))


def _shifted(patch: Array, tap: Ints, over: Grid, first: int = 1) -> Array:
    """What one tap meets at each place, on as many spatial axes as the tap has numbers."""
    spans = (stretch(i * d, n, s) for i, d, n, s in zip(tap, over.dilation, over.places, over.strides, strict=False))
    return patch[(*(slice(None),) * first, *spans, ...)]


def _columns(patch: Array, over: Grid) -> Iterator[Array]:
    """What the taps of one kernel row meet, on the last spatial axis alone."""
    for i in range(over.window[-1]):
        yield along(patch, patch.ndim - 2, i * over.dilation[-1], over.places[-1], over.strides[-1])


def _rows(xp: Any, patch: Array, over: Grid) -> Iterator[Array]:
    """For each row of the kernel what its taps meet, side by side: (batch, places..., row * in)."""
    columns = list(_columns(patch, over))
    joined = xp.concat(columns, axis=-1) if len(columns) > 1 else columns[0]
    for tap in _offsets(over.window[:-1]):
        yield _shifted(joined, tap, over)


def _rows_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    *window, channels, out = kernel.shape
    rows, joined = math.prod(window[:-1]), window[-1] * channels
    weights = xp.reshape(kernel, (rows, joined, out))
    # the rows of one image lie together in memory, the images of one patch do not: merging those would copy
    shape = (-1, joined) if rows == 1 else (patch.shape[0], *over.places[:-2], math.prod(over.places[-2:]), joined)
    return functools.reduce(operator.add, (xp.matmul(xp.reshape(row, shape), weights[r, :, :])
                                           for r, row in enumerate(_rows(xp, patch, over))))


def _rows_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    g, joined = xp.reshape(g, (-1, g.shape[-1])), over.window[-1] * patch.shape[-1]
    return xp.stack([xp.matmul(xp.matrix_transpose(xp.reshape(row, (-1, joined))), g)
                     for row in _rows(xp, patch, over)])


def _taps(xp: Any, patch: Array, over: Grid) -> Array:
    """What each tap meets, tap by tap and channel by channel: (taps * in, batch * places)."""
    channels = patch.shape[-1]
    # stacked, not permuted: that would leave NumPy's channels side by side in memory
    first = xp.stack([patch[..., c] for c in range(channels)])
    stacked = xp.stack([_shifted(first, tap, over, 2) for tap in _offsets(over.window)])
    return xp.reshape(stacked, (stacked.shape[0] * channels, -1))


def _taps_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    return xp.matmul(xp.matrix_transpose(_taps(xp, patch, over)), xp.reshape(kernel, (-1, kernel.shape[-1])))


def _taps_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    return xp.matmul(_taps(xp, patch, over), xp.reshape(g, (-1, g.shape[-1])))


def _wide_taps(xp: Any, patch: Array, multiplier: int, over: Grid) -> Iterator[tuple[Ints, Array]]:
    """For each tap what it meets, channels repeated for the multiplier and joined with the last spatial axis.

    That long last axis is what makes NumPy fast here.
    """
    if multiplier > 1:
        repeated = xp.broadcast_to(xp.expand_dims(patch, axis=-1), (*patch.shape, multiplier))
        patch = xp.reshape(repeated, (*patch.shape[:-1], patch.shape[-1] * multiplier))
    for i, column in enumerate(_columns(patch, over)):
        column = xp.reshape(column, (*column.shape[:-2], math.prod(column.shape[-2:])))
        for tap in _offsets(over.window[:-1]):
            yield (*tap, i), _shifted(column, tap, over)


def _depthwise_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    *window, channels, multiplier = kernel.shape
    weights = xp.reshape(kernel, (*window, 1, channels * multiplier))
    weights = xp.broadcast_to(weights, (*window, over.places[-1], channels * multiplier))
    weights = xp.reshape(weights, (*window, over.places[-1] * channels * multiplier))
    return functools.reduce(operator.add, (shifted * weights[(*tap, ...)]
                                           for tap, shifted in _wide_taps(xp, patch, multiplier, over)))


def _depthwise_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    channels, out = patch.shape[-1], g.shape[-1]
    g = xp.reshape(g, (*g.shape[:-2], math.prod(g.shape[-2:])))
    lead = tuple(range(g.ndim - 1))
    sums = {tap: xp.sum(shifted * g, axis=lead) for tap, shifted in _wide_taps(xp, patch, out // channels, over)}
    stacked = xp.stack([sums[tap] for tap in _offsets(over.window)])
    return xp.sum(xp.reshape(stacked, (stacked.shape[0], -1, out)), axis=1)
