"""Convolutions and their gradients: lax's convolution, and what is linear in its arguments transposed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...arrays.windows import fits

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

Ints = tuple[int, ...]
_LETTERS = "DHW"


def _unfit(dtype: Any, sizes: Any, window: Ints, dilation: Ints, padding: str) -> bool:
    """Whether this is for the definition: integers, no axis, no window that fits, a padding of no array library."""
    if not jnp.issubdtype(dtype, jnp.floating) or not 1 <= len(window) <= 3 or 0 in (*sizes, *window):
        return True
    return padding not in ("valid", "same", "causal") or not fits(sizes, window, dilation, padding)


def _convolved(x: Any, kernel: Any, strides: Ints, padding: str, dilation: Ints, depthwise: bool, wide: bool) -> Any:
    window = kernel.shape[:-2]
    axes = _LETTERS[-len(window) :]
    channels = x.shape[-1]
    if depthwise:
        kernel = jnp.reshape(kernel, (*window, 1, -1))
    pads: Any = padding.upper()
    if padding == "causal":
        pads = [((k - 1) * d, 0) for k, d in zip(window, dilation, strict=True)]
    return lax.conv_general_dilated(
        x,
        kernel,
        strides,
        pads,
        rhs_dilation=dilation,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
        feature_group_count=channels if depthwise else 1,
        preferred_element_type=jnp.float32 if wide else None,
    )


def _wide(dtype: Any) -> bool:
    """Whether sums are taken in float32, as those of 16 bits are not exact enough."""
    return bool(jnp.dtype(dtype).itemsize == 2)


def convolution(x: Any, kernel: Any, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False) -> Any:
    """lax.conv_general_dilated."""
    window = tuple(kernel.shape[:-2])
    if _unfit(x.dtype, x.shape[1:-1], window, dilation, padding) or 0 in (*x.shape, *kernel.shape):
        return NotImplemented
    if x.dtype != kernel.dtype:
        return NotImplemented
    found = _convolved(x, kernel, strides, padding, dilation, depthwise, _wide(x.dtype))
    return found.astype(x.dtype)


def _transposed(linear: Callable[[Any], Any], shape: Any, g: Any) -> Any:
    """The transpose of a linear function of an array of this shape, in float32 where g has 16 bits."""
    dtype = jnp.dtype(jnp.float32) if _wide(g.dtype) else g.dtype
    like = jax.ShapeDtypeStruct(tuple(shape), dtype)
    if jax.eval_shape(linear, like).shape != g.shape:
        return NotImplemented  # the definition raises
    return jax.linear_transpose(linear, like)(g.astype(dtype))[0].astype(g.dtype)


def convolution_input_gradient(
    g: Any, kernel: Any, *, size: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The transpose of lax's convolution by its input."""
    window = tuple(kernel.shape[:-2])
    unfit = _unfit(g.dtype, size, window, dilation, padding) or g.dtype != kernel.dtype
    if unfit or 0 in (*g.shape, *kernel.shape):
        return NotImplemented
    kernel = kernel.astype(jnp.float32) if _wide(g.dtype) else kernel
    return _transposed(
        lambda x: _convolved(x, kernel, strides, padding, dilation, depthwise, False),
        (g.shape[0], *size, kernel.shape[-2]),
        g,
    )


def convolution_kernel_gradient(
    x: Any, g: Any, *, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The transpose of lax's convolution by its kernel."""
    unfit = _unfit(x.dtype, x.shape[1:-1], tuple(window), dilation, padding) or x.dtype != g.dtype
    if unfit or 0 in (*x.shape, *g.shape):
        return NotImplemented
    x = x.astype(jnp.float32) if _wide(g.dtype) else x
    outgoing = g.shape[-1] // x.shape[-1] if depthwise else g.shape[-1]
    return _transposed(
        lambda k: _convolved(x, k, strides, padding, dilation, depthwise, False),
        (*window, x.shape[-1], outgoing),
        g,
    )
