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
    """Normalize x to mean 0 and variance 1 over axes, then scale and shift it.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    gamma : array or None
        Scale, in the shape of the statistics; None is 1.
    beta : array or None
        Shift, in the shape of the statistics; None is 0.
    reduction_axes : int or sequence of ints
        Axes of the mean and the variance.
    epsilon : float
        Added to the variance under the root.

    Returns
    -------
    normalized : array
        Shape of x.
    mean : array
        Shape of x without the reduction axes.
    variance : array
        Shape of x without the reduction axes; that of the population (divided
        by n, not n - 1).

    Raises
    ------
    ValueError
        If axes are out of range or named twice, or gamma or beta has another
        size.

    Notes
    -----
    No elements give NaN statistics.

    References
    ----------
    Ioffe, Szegedy, "Batch normalization", 2015; Keras 2.3.1,
    ``keras.backend.normalize_batch_in_training``.

    Examples
    --------
    >>> x = np.asarray([[1.0, 10.0], [3.0, 30.0]])
    >>> y, mean, variance = K.normalize_batch_in_training(x, None, None, [0], epsilon=0.0)
    >>> y
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> mean, variance
    (array([ 2., 20.]), array([  1., 100.]))
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
    mean = average(x, axes, keepdims=True)  # NaN of no elements, without a warning from the library
    centered = x - mean
    variance = average(centered * centered, axes, keepdims=True)
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
    """Normalize x by a given mean and variance, then scale and shift it.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    mean : array
        1-D along `axis`, or of a shape that broadcasts with x, like the
        parameters below.
    var : array
        Variance.
    beta : array or None
        Shift; None is 0. Note the order: beta comes before gamma.
    gamma : array or None
        Scale; None is 1.
    axis : int
        The axis of 1-D parameters.
    epsilon : float
        Added to the variance under the root.

    Returns
    -------
    array
        ``(x - mean) / sqrt(var + epsilon) * gamma + beta``, in the shape of x.

    Raises
    ------
    ValueError
        If the axis is out of range, or a 1-D parameter has another size than x
        along it.

    Notes
    -----
    A variance below -epsilon gives NaN.

    References
    ----------
    Ioffe, Szegedy, "Batch normalization", 2015; Keras 2.3.1,
    ``keras.backend.batch_normalization``.

    Examples
    --------
    >>> x = np.asarray([[1.0, 10.0], [3.0, 30.0]])
    >>> mean, variance = np.asarray([2.0, 20.0]), np.asarray([1.0, 100.0])
    >>> K.batch_normalization(x, mean, variance, None, None, epsilon=0.0)
    array([[-1., -1.],
           [ 1.,  1.]])
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
    """Normalize each example to mean 0 and variance 1, then scale and shift it.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    gamma : array, optional
        Scale, in the sizes of x along the axes, in the order of x; 1 if not
        given.
    beta : array, optional
        Shift, in the shape of gamma; 0 if not given.
    axis : int or sequence of ints
        Axes of the mean and the variance.
    epsilon : float
        Added to the variance under the root.

    Returns
    -------
    array
        Shape of x; the dtypes are promoted, float16 is computed in float32.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice, or gamma or beta has another
        shape.

    Notes
    -----
    The variance is that of the population. A constant row gives beta. NaN makes
    its row NaN.

    References
    ----------
    Ba, Kiros, Hinton, "Layer normalization", 2016; epsilon as in PyTorch.

    Examples
    --------
    >>> x = np.asarray([[1.0, 3.0], [5.0, 5.0]])
    >>> K.layer_normalization(x, epsilon=1e-12)
    array([[-1.,  1.],
           [ 0.,  0.]])
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
    """Divide x by the root of its mean square over axes, then scale it.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    gamma : array, optional
        Scale, in the sizes of x along the axes, in the order of x; 1 if not
        given.
    axis : int or sequence of ints
        Axes of the mean square.
    epsilon : float
        Added to the mean square under the root.

    Returns
    -------
    array
        ``x / sqrt(mean(x**2) + epsilon) * gamma``, in the shape of x; the
        dtypes are promoted, float16 is computed in float32.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice, or gamma has another shape.

    Notes
    -----
    Zeros stay zeros. NaN makes its row NaN.

    References
    ----------
    Zhang, Sennrich, "Root mean square layer normalization", 2019.

    Examples
    --------
    >>> K.rms_normalization(np.asarray([[1.0, 7.0], [0.0, 0.0]]), epsilon=1e-12)
    array([[0.2, 1.4],
           [0. , 0. ]])
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
    """Normalize groups of channels to mean 0 and variance 1, then scale and shift.

    Parameters
    ----------
    x : array
        Shape (batch, ..., channels), or (batch, channels, ...) with
        'channels_first'; integers become floatx.
    groups : int
        Number of groups; each has channels // groups neighbours.
    gamma : array, optional
        Scale, of shape (channels,); 1 if not given.
    beta : array, optional
        Shift, of shape (channels,); 0 if not given.
    epsilon : float
        Added to the variance under the root.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        Shape of x; the dtypes are promoted, float16 is computed in float32.

    Raises
    ------
    ValueError
        For fewer than 2 dimensions, groups below 1 or that do not divide the
        channels, gamma or beta of another shape and an unknown `data_format`.
    TypeError
        If `groups` is not an integer.

    Notes
    -----
    Each example is normalized by itself. 1 group is layer normalization over
    all axes but the first, as many groups as channels is instance
    normalization. The variance is that of the population. A constant group
    gives beta.

    References
    ----------
    Wu, He, "Group normalization", 2018; epsilon as in PyTorch.

    Examples
    --------
    >>> x = np.asarray([[1.0, 3.0, 10.0, 30.0]])
    >>> K.group_normalization(x, 2, epsilon=1e-12)
    array([[-1.,  1., -1.,  1.]])
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
