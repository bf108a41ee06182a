"""Normalization: over a batch, over the features of each example, and over groups of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.typing import Array, Axes
from ..autodiff.cotangents import unbroadcast
from ..config import data_format_of
from ..dispatch.boundary import normalize_axis, product, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, dtype_name, native_dtype, promoted_floats
from ..graph.composite import composite, only_wanted, spec
from .reductions import mean as average

__all__ = [
    "batch_normalization",
    "group_normalization",
    "layer_normalization",
    "normalize_batch_in_training",
    "rms_normalization",
]


@operation
def normalize_batch_in_training(
    x: Array, gamma: Array | None, beta: Array | None, reduction_axes: Axes, epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """x brought to mean 0 and variance 1 over the reduction axes, then scaled by gamma and shifted by beta.

    Returns (normalized, mean, variance). Shapes and dtypes: normalized as x, mean and variance without the reduction
    axes, gamma and beta (None for 1 and 0) like them; integers become floatx.
    Edge values: the variance is that of the population (divided by n, not n - 1); no elements give NaN statistics.
    Errors: ValueError for axes out of range or named twice, and gamma or beta of another size.

    Source: Ioffe, Szegedy, "Batch normalization", 2015; Keras 2.3.1 backend semantics.
    """
    xp, x, gamma, beta = _operands(x, gamma, beta)
    axes = normalize_axis("normalize_batch_in_training", reduction_axes, x.ndim)
    axes = (axes,) if isinstance(axes, int) else axes
    kept = [i for i in range(x.ndim) if i not in axes]
    gamma = _spread("normalize_batch_in_training", "gamma", gamma, x, kept)
    beta = _spread("normalize_batch_in_training", "beta", beta, x, kept)
    normalized, mean, variance = batch_norm(x, gamma, beta, axes=axes, epsilon=float(epsilon))
    return normalized, xp.squeeze(mean, axis=axes), xp.squeeze(variance, axis=axes)


@composite
def batch_norm(
    x: Array, gamma: Array | None, beta: Array | None, *, axes: tuple[int, ...], epsilon: float
) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, the mean and the variance over the axes, kept with size 1.

    gamma and beta have the shape of the mean, or are None for 1 and 0.
    """
    xp = array_namespace(x)
    mean = xp.mean(x, axis=axes, keepdims=True)
    centered = x - mean
    variance = xp.mean(centered * centered, axis=axes, keepdims=True)
    y = centered / xp.sqrt(variance + epsilon)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta, mean, variance


@batch_norm.shape
def _(x, gamma, beta, *, axes, epsilon):
    statistics = spec([1 if i in axes else n for i, n in enumerate(sizes(x))], x.dtype)
    return spec(sizes(x), x.dtype), statistics, statistics


@batch_norm.vjp
def _(g, out, x, gamma, beta, *, axes, epsilon):
    (g, g_mean, g_variance), (_, mean, variance) = g, out
    xp, count = array_namespace(x), product(sizes(x)[i] for i in axes)
    found = {}
    if g is not None:
        wanted = (0, *(i for i, parameter in ((1, gamma), (2, beta)) if parameter is not None))
        found = dict(
            zip(
                wanted,
                batch_norm_gradient(g, x, gamma, mean, variance, axes=axes, epsilon=epsilon, wanted=wanted),
                strict=True,
            )
        )
    total = found.get(0)
    if g_variance is not None:
        part = (x - mean) * (g_variance * 2.0 / count)
        total = part if total is None else total + part
    if g_mean is not None:
        part = xp.broadcast_to(g_mean / count, sizes(x))
        total = part if total is None else total + part
    d_gamma, d_beta = (unbroadcast(found[i], p) if i in found else None for i, p in ((1, gamma), (2, beta)))
    return total, d_gamma, d_beta


@composite
def batch_norm_gradient(
    g: Array,
    x: Array,
    gamma: Array | None,
    mean: Array,
    variance: Array,
    *,
    axes: tuple[int, ...],
    epsilon: float,
    wanted: tuple[int, ...],
) -> tuple[Array, ...]:
    """The cotangents of x, gamma and beta, those `wanted`, from that of the result.

    That of x is g minus its mean and minus its projection on the normalized x.
    """
    xp, count = array_namespace(g), product(sizes(x)[i] for i in axes)
    deviation = xp.sqrt(variance + epsilon)
    normalized = (x - mean) / deviation
    along, total = (xp.sum(part, axis=axes, keepdims=True) for part in (g * normalized, g))
    found = {1: along, 2: total}
    if 0 in wanted:
        scale = 1.0 / deviation if gamma is None else gamma / deviation
        found[0] = (g - total / count - normalized * (along / count)) * scale
    return tuple(found[i] for i in wanted)


@batch_norm_gradient.shape
def _(g, x, gamma, mean, variance, *, axes, epsilon, wanted):
    return tuple(spec(sizes((x, mean, mean)[i]), x.dtype) for i in wanted)


batch_norm_gradient.prune(only_wanted)


@operation
def batch_normalization(
    x: Array, mean: Array, var: Array, beta: Array | None, gamma: Array | None, axis: int = -1, epsilon: float = 1e-3
) -> Array:
    """(x - mean) / sqrt(var + epsilon) * gamma + beta. Note the order: beta comes before gamma.

    Shapes and dtypes: that of x; each parameter is 1-D along `axis`, or of a shape that broadcasts with x; beta and
    gamma may be None for 0 and 1; integers become floatx.
    Edge values: a variance below -epsilon gives NaN.
    Errors: ValueError for an axis out of range and a 1-D parameter of another size than x has along it.

    Source: Ioffe, Szegedy, "Batch normalization", 2015; Keras 2.3.1 backend semantics.
    """
    xp, x, mean, var, beta, gamma = _operands(x, mean, var, beta, gamma)
    along = [normalize_axis("batch_normalization", axis, x.ndim)]
    mean, var, beta, gamma = (
        _spread("batch_normalization", name, p, x, along) if p is not None and p.ndim == 1 else p
        for name, p in (("mean", mean), ("var", var), ("beta", beta), ("gamma", gamma))
    )
    return _scaled(xp, x - mean, var, gamma, beta, epsilon)


@operation
def layer_normalization(
    x: Array, gamma: Array | None = None, beta: Array | None = None, axis: Axes = -1, epsilon: float = 1e-5
) -> Array:
    """x brought to mean 0 and variance 1 over the axes, for each example by itself, scaled by gamma, shifted by beta.

    Shapes and dtypes: that of x; `axis` is an int or several; gamma and beta (None for 1 and 0) have x's sizes along
    them, in x's order; dtypes are promoted, integers become floatx; float16 is computed in float32.
    Edge values: the variance is that of the population; a constant row gives beta; NaN makes its row NaN.
    Errors: ValueError for an axis out of range or named twice, and gamma or beta of another shape.

    Source: Ba, Kiros, Hinton, "Layer normalization", 2016; epsilon as in PyTorch.
    """
    xp, x, gamma, beta = _operands(x, gamma, beta)
    axes = _sorted_axes("layer_normalization", axis, x.ndim)
    gamma = _spread("layer_normalization", "gamma", gamma, x, axes)
    beta = _spread("layer_normalization", "beta", beta, x, axes)
    wide, gamma, beta = _widened(xp, x, gamma, beta)
    centered = wide - average(wide, axes, keepdims=True)
    variance = average(centered * centered, axes, keepdims=True)
    result = _scaled(xp, centered, variance, gamma, beta, epsilon)
    return result if result.dtype == x.dtype else xp.astype(result, x.dtype)


@operation
def rms_normalization(x: Array, gamma: Array | None = None, axis: Axes = -1, epsilon: float = 1e-5) -> Array:
    """x divided by the root of its mean square over the axes, then scaled by gamma.

    Shapes and dtypes: that of x; `axis` is an int or several; gamma (None for 1) has x's sizes along them, in x's
    order; dtypes are promoted, integers become floatx; float16 is computed in float32.
    Edge values: zeros stay zeros; NaN makes its row NaN.
    Errors: ValueError for an axis out of range or named twice, and gamma of another shape.

    Source: Zhang, Sennrich, "Root mean square layer normalization", 2019: x / sqrt(mean(x**2) + epsilon).
    """
    xp, x, gamma = _operands(x, gamma)
    axes = _sorted_axes("rms_normalization", axis, x.ndim)
    gamma = _spread("rms_normalization", "gamma", gamma, x, axes)
    wide, gamma = _widened(xp, x, gamma)
    result = _scaled(xp, wide, average(wide * wide, axes, keepdims=True), gamma, None, epsilon)
    return result if result.dtype == x.dtype else xp.astype(result, x.dtype)


@operation
def group_normalization(
    x: Array,
    groups: int,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: float = 1e-5,
    data_format: str | None = None,
) -> Array:
    """x brought to mean 0 and variance 1 within each group of channels of each example, then scaled and shifted.

    Shapes and dtypes: that of x, (batch, ..., channels), or (batch, channels, ...) with 'channels_first'; gamma and
    beta (None for 1 and 0) are (channels,); each group is channels // groups neighbours; dtypes are promoted, integers
    become floatx; float16 is computed in float32.
    Edge values: 1 group is layer normalization over all axes but the first, as many groups as channels is instance
    normalization; the variance is that of the population; a constant group gives beta.
    Errors: ValueError for fewer than 2 dimensions, groups that do not divide the channels or lie below 1, gamma or beta
    of another shape and an unknown data_format; TypeError for groups that are no integer.

    Source: Wu, He, "Group normalization", 2018; epsilon as in PyTorch.
    """
    data_format = data_format_of("group_normalization", data_format)
    xp, x, gamma, beta = _operands(x, gamma, beta)
    if x.ndim < 2:
        raise ValueError(f"group_normalization: x has {x.ndim} dimensions, expected at least 2")
    at = 1 if data_format == "channels_first" else x.ndim - 1
    shape, channels = sizes(x), x.shape[at]
    if groups < 1 or (channels is not None and channels % groups):
        raise ValueError(f"group_normalization: groups is {groups} for {channels} channels, expected a divisor of them")
    gamma = _spread("group_normalization", "gamma", gamma, x, [at])
    beta = _spread("group_normalization", "beta", beta, x, [at])
    wide, gamma, beta = _widened(xp, x, gamma, beta)
    grouped = xp.reshape(wide, (*shape[:at], groups, shape[at] // groups, *shape[at + 1 :]))
    axes = tuple(i for i in range(1, x.ndim + 1) if i != at)
    centered = grouped - average(grouped, axes, keepdims=True)
    variance = average(centered * centered, axes, keepdims=True)
    result = xp.reshape(centered / xp.sqrt(variance + epsilon), shape)
    result = result if gamma is None else result * gamma
    result = result if beta is None else result + beta
    return result if result.dtype == x.dtype else xp.astype(result, x.dtype)


def _sorted_axes(operation: str, axis: Any, ndim: int) -> tuple[int, ...]:
    axes = normalize_axis(operation, axis, ndim)
    return (axes,) if isinstance(axes, int) else tuple(sorted(axes))


def _widened(xp: Any, *values: Any) -> tuple[Any, ...]:
    """float16 as float32, where squares of large numbers do not overflow."""
    if dtype_name(values[0].dtype) != "float16":
        return values
    return tuple(None if x is None else xp.astype(x, native_dtype(xp, "float32")) for x in values)


def _operands(x: Array, *parameters: Array | None) -> tuple[Any, ...]:
    """x and the parameters given, in one floating dtype."""
    xp, x, *given = promoted_floats(x, *(p for p in parameters if p is not None))
    found = iter(given)
    return (xp, x, *(None if p is None else next(found) for p in parameters))


def _scaled(
    xp: Any, centered: Array, variance: Array, gamma: Array | None, beta: Array | None, epsilon: float
) -> Array:
    deviation = xp.sqrt(variance + epsilon)
    result = centered / deviation if gamma is None else centered * (gamma / deviation)
    return result if beta is None else result + beta


def _spread(operation: str, argument: str, parameter: Array | None, x: Array, kept: Sequence[int]) -> Any:
    """A parameter with size 1 on every axis of x but its own."""
    if parameter is None:
        return None
    expected = tuple(sizes(x)[i] for i in kept)
    found = sizes(parameter)
    pairs = zip(expected, found, strict=False)
    if len(found) != len(expected) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise ValueError(
            f"{operation}: {argument} has shape {tuple(parameter.shape)}, expected {tuple(x.shape[i] for i in kept)}"
        )
    xp, places = array_namespace(parameter), iter(found)
    return xp.reshape(parameter, tuple(next(places) if i in kept else 1 for i in range(x.ndim)))
