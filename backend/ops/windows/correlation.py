"""The sliding product of which every convolution is made, and its two adjoints, in any number of spatial axes.

Arrays are channels last: x (batch, spatial..., in), kernel (spatial..., in, out), or depthwise (spatial...,
in, multiplier) with output channel in * multiplier + m. Each of the three is linear in both of its arrays and
its gradients are the other two, so gradients of any order stay within this module.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from ...arrays.namespaces import on_a_device, writable
from ...arrays.typing import Array, Ints
from ...arrays.windows import Grid, Phase, phases
from ...dispatch.boundary import sizes
from ...dispatch.promotion import array_namespace, device_of
from ...graph.composite import Product, composite
from .geometry import (
    assembled,
    blocks,
    grid,
    interleave,
    known_sizes,
    narrowed,
    output_sizes,
    widened,
)
from .products import FEW_CHANNELS, scattered, sliding_outer, sliding_product, strategy_of

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]


_KERNEL = ((1, "kernel"),)


@composite(
    fresh=True, product=Product(columns=(-1, -1), inner=(-1, -2), batch=True, unless="depthwise"), layouts=_KERNEL
)
def convolution(
    x: Array, kernel: Array, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Array:
    """y[o] = sum over taps i of x[o * stride + i * dilation - before] @ kernel[i]; the kernel is not flipped.

    x (batch, spatial..., in) and kernel (spatial..., in, out) give (batch, places..., out), dtype of both.
    Elements outside of x count as 0. float16 is accumulated in float32. ValueError where a window does not fit.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016; padding as in Keras.
    """
    xp = array_namespace(x, kernel)
    over = grid("convolution", x.shape[1:-1], kernel.shape[:-2], strides, dilation, padding)
    return narrowed(xp, _correlate(xp, widened(xp, x), widened(xp, kernel), over, depthwise), x)


@convolution.vjp
def _(g: Array, out: Array, x: Array, kernel: Array, **how: Any) -> tuple[Array, Array]:
    return (
        convolution_input_gradient(g, kernel, size=sizes(x)[1:-1], **how),
        convolution_kernel_gradient(x, g, window=sizes(kernel)[:-2], **how),
    )


@convolution.shape
def _(x: Array, kernel: Array, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False) -> Any:
    batch, *spatial, _ = sizes(x)
    places = output_sizes("convolution", spatial, sizes(kernel)[:-2], strides, dilation, padding)
    return batch, *places, _channels_out(sizes(kernel), depthwise)


@composite(
    fresh=True, product=Product(columns=(-2, -1), inner=(-1, -1), batch=True, unless="depthwise"), layouts=_KERNEL
)
def convolution_input_gradient(
    g: Array, kernel: Array, *, size: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Array:
    """The adjoint of `convolution` with respect to x: the cotangent g pulled back to an x of that size.

    g (batch, places..., out) and kernel (spatial..., in, out) give (batch, *size, in); this is the transposed
    convolution. ValueError where an x of that size does not give the places of g.

    References
    ----------
    Dumoulin & Visin, 2016, chapter 4.
    """
    xp = array_namespace(g, kernel)
    size = tuple(operator.index(n) for n in size)  # an entry may be a 0-d integer array
    over = grid("convolution_input_gradient", size, kernel.shape[:-2], strides, dilation, padding)
    if over.places != tuple(g.shape[1:-1]):
        raise ValueError(
            f"convolution_input_gradient: size {size} has windows at {over.places} places; "
            f"expected {tuple(g.shape[1:-1])} as in g"
        )
    return narrowed(xp, _spread(xp, widened(xp, g), widened(xp, kernel), over, size, depthwise), g)


@convolution_input_gradient.vjp
def _(h: Array, out: Array, g: Array, kernel: Array, *, size: Ints, **how: Any) -> tuple[Array, Array]:
    return (convolution(h, kernel, **how), convolution_kernel_gradient(h, g, window=sizes(kernel)[:-2], **how))


@convolution_input_gradient.shape
def _(g: Array, kernel: Array, *, size: Ints, **how: Any) -> Any:
    return sizes(g)[0], *known_sizes(size), sizes(kernel)[-2]


@composite(fresh=True, product=Product(columns=(-1, -1), inner=(0, 0), unless="depthwise"))
def convolution_kernel_gradient(
    x: Array, g: Array, *, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Array:
    """The adjoint of `convolution` with respect to the kernel: the sum over places of x at a tap, outer g.

    x (batch, spatial..., in) and g (batch, places..., out) give (*window, in, out), depthwise (*window, in,
    out / in). An empty batch gives zeros. ValueError where x does not give the places of g.

    References
    ----------
    The derivative of the sum in `convolution`.
    """
    xp = array_namespace(x, g)
    over = grid("convolution_kernel_gradient", x.shape[1:-1], window, strides, dilation, padding)
    if over.places != tuple(g.shape[1:-1]):
        raise ValueError(
            f"convolution_kernel_gradient: x has windows at {over.places} places; "
            f"expected {tuple(g.shape[1:-1])} as in g"
        )
    return narrowed(xp, _outer(xp, widened(xp, x), widened(xp, g), over, depthwise), x)


@convolution_kernel_gradient.vjp
def _(h: Array, out: Array, x: Array, g: Array, *, window: Ints, **how: Any) -> tuple[Array, Array]:
    return convolution_input_gradient(g, h, size=sizes(x)[1:-1], **how), convolution(x, h, **how)


@convolution_kernel_gradient.shape
def _(x: Array, g: Array, *, window: Ints, depthwise: bool = False, **how: Any) -> Any:
    channels, out = sizes(x)[-1], sizes(g)[-1]
    if depthwise:
        out = out // channels if isinstance(out, int) and isinstance(channels, int) and channels else None
    return *known_sizes(window), channels, out


def _channels_out(kernel: Sequence[Any], depthwise: bool) -> Any:
    return kernel[-2] * kernel[-1] if depthwise else kernel[-1]


def _correlate(xp: Any, x: Array, kernel: Array, over: Grid, depthwise: bool) -> Array:
    """The sliding product on a grid, its padding included, block by block."""
    shape = (x.shape[0], *over.places, _channels_out(kernel.shape, depthwise))
    if 0 in shape:
        return xp.zeros(shape, dtype=x.dtype, device=device_of(x))
    strategy = strategy_of(x, over, shape[-1], depthwise)
    boxes = blocks(shape[:-1], strategy.bytes_per_place, x)

    product = sliding_product.bound(xp)
    return assembled(
        xp, shape, boxes, lambda box: product(x, kernel, over=over, box=box, strategy=strategy.name), x, kernel
    )


def _outer(xp: Any, x: Array, g: Array, over: Grid, depthwise: bool) -> Array:
    """The sum over all places of x at each tap times g."""
    channels, out = x.shape[-1], g.shape[-1]
    shape = (*over.window, channels, out // max(channels, 1) if depthwise else out)
    if 0 in (*g.shape, channels):
        return xp.zeros(shape, dtype=x.dtype, device=device_of(x))
    strategy, writes = strategy_of(x, over, out, depthwise), writable(x, g)
    writes = writes and not (strategy.wraps and on_a_device(x))  # the check below would make a GPU wait
    found = None
    if writes or not strategy.wraps:
        found = _summed(xp, x, g, over, strategy.name, strategy.bytes_per_place)
    if strategy.wraps and not (writes and bool(xp.all(xp.isfinite(found)))):
        # windows that wrap around meet the zeros beside g; 0 times what is not finite would be NaN at every tap
        found = _summed(xp, x, g, over, "rows", strategy.bytes_per_place)
    return xp.reshape(found, shape)


def _summed(xp: Any, x: Array, g: Array, over: Grid, strategy: str, bytes_per_place: int) -> Array:
    """The products of x and g, block by block, added up."""
    outer = sliding_outer.bound(xp)
    return functools.reduce(
        operator.iadd if writable(x, g) else operator.add,
        (outer(x, g, over=over, box=box, strategy=strategy) for box in blocks(g.shape[:-1], bytes_per_place, g)),
    )


def _spread(xp: Any, g: Array, kernel: Array, over: Grid, size: Ints, depthwise: bool) -> Array:
    """The adjoint of `_correlate`: one sliding product of stride 1 per phase of the strides, interleaved."""
    *window, channels, multiplier = kernel.shape
    if not depthwise and channels <= FEW_CHANNELS and 0 not in (*g.shape, *size) and writable(g, kernel):
        return scattered(xp, g, kernel, over, size)
    kernel = xp.reshape(kernel, (*window, channels * multiplier, 1)) if depthwise else xp.matrix_transpose(kernel)
    plans = [phases(*axis) for axis in zip(size, *over[:4], strict=True)]

    def one(chosen: tuple[Phase, ...]) -> Array:
        places = tuple(stop - start for start, stop, _ in plans)
        if not all(taps for taps, _, _ in chosen):
            shape = (g.shape[0], *places, _channels_out(kernel.shape, depthwise))
            return xp.zeros(shape, dtype=g.dtype, device=device_of(g))
        key = tuple(slice(taps.start, taps.stop, taps.step) for taps, _, _ in chosen)
        flipped = xp.flip(kernel[(*key, slice(None), slice(None))], axis=tuple(range(len(plans))))
        before = tuple(
            lag + (len(taps) - 1) * step - start for (taps, lag, step), (start, _, _) in zip(chosen, plans, strict=True)
        )
        sparse = Grid(flipped.shape[:-2], (1,) * len(plans), tuple(step for *_, step in chosen), before, places)
        return _correlate(xp, g, flipped, sparse, depthwise)

    x = _woven(xp, one, plans, over, size, ())
    if depthwise and multiplier > 1:
        return xp.sum(xp.reshape(x, (*x.shape[:-1], channels, multiplier)), axis=-1)
    return x


def _woven(xp: Any, one: Any, plans: Sequence[Any], over: Grid, size: Ints, chosen: tuple[Phase, ...]) -> Array:
    """The phases that follow those chosen, each from `one`, interleaved axis by axis."""
    axis = len(chosen)
    if axis == len(plans):
        found: Array = one(chosen)
        return found
    start, _, choices = plans[axis]
    parts = [_woven(xp, one, plans, over, size, (*chosen, choice)) for choice in choices]
    return interleave(xp, parts, axis + 1, over.before[axis] - start * over.strides[axis], size[axis])
