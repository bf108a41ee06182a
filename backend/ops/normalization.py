"""Batch normalization: with statistics of the batch itself, and with statistics given."""

from __future__ import annotations

from typing import Any

from ..operands import Array, array_namespace, normalize_axis, promoted, sizes

__all__ = ["batch_normalization", "normalize_batch_in_training"]


def normalize_batch_in_training(x: Array, gamma: Array | None, beta: Array | None, reduction_axes: Any,
                                epsilon: float = 1e-3) -> tuple[Array, Array, Array]:
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
    mean = xp.mean(x, axis=axes, keepdims=True)
    centered = x - mean
    variance = xp.mean(centered * centered, axis=axes, keepdims=True)
    gamma = _spread("normalize_batch_in_training", "gamma", gamma, x, kept)
    beta = _spread("normalize_batch_in_training", "beta", beta, x, kept)
    normalized = _scaled(xp, centered, variance, gamma, beta, epsilon)
    return normalized, xp.squeeze(mean, axis=axes), xp.squeeze(variance, axis=axes)


def batch_normalization(x: Array, mean: Array, var: Array, beta: Array | None, gamma: Array | None, axis: int = -1,
                        epsilon: float = 1e-3) -> Array:
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
        for name, p in (("mean", mean), ("var", var), ("beta", beta), ("gamma", gamma)))
    return _scaled(xp, x - mean, var, gamma, beta, epsilon)


def _operands(x: Array, *parameters: Array | None) -> tuple[Any, ...]:
    """x and those parameters that are there in one floating dtype."""
    xp, x, *given = promoted(x, *(p for p in parameters if p is not None), 1.0)
    found = iter(given)
    return (xp, x, *(None if p is None else next(found) for p in parameters))


def _scaled(xp: Any, centered: Array, variance: Array, gamma: Array | None, beta: Array | None,
            epsilon: float) -> Array:
    deviation = xp.sqrt(variance + epsilon)
    result = centered / deviation if gamma is None else centered * (gamma / deviation)
    return result if beta is None else result + beta


def _spread(operation: str, argument: str, parameter: Array | None, x: Array, kept: list[int]) -> Array | None:
    """A parameter with size 1 on every axis of x but those it lies along."""
    if parameter is None:
        return None
    expected = tuple(sizes(x)[i] for i in kept)
    found = sizes(parameter)
    pairs = zip(expected, found, strict=False)
    if len(found) != len(expected) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise ValueError(f"{operation}: {argument} has shape {tuple(parameter.shape)}, expected "
                         f"{tuple(x.shape[i] for i in kept)}")
    xp, places = array_namespace(parameter), iter(found)
    return xp.reshape(parameter, tuple(next(places) if i in kept else 1 for i in range(x.ndim)))
