"""Initializers: the first values of weights; each is created with its parameters and then called with a shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import backend as K

from .lookup import named

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "initializer",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

Initializer = Callable[[tuple[int, ...]], Any]

SPREAD = 0.87962566103423978  # the standard deviation of a normal distribution truncated at two of its own


def zeros() -> Initializer:
    """All 0."""
    return lambda shape: np.zeros(shape)


def ones() -> Initializer:
    """All 1."""
    return lambda shape: np.ones(shape)


def constant(value: float = 0.0) -> Initializer:
    """All of one value."""
    return lambda shape: np.full(shape, value)


def identity(gain: float = 1.0) -> Initializer:
    """The identity matrix times `gain`."""
    return lambda shape: gain * np.eye(*shape)


def random_uniform(minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> Initializer:
    """Spread evenly over [minval, maxval)."""
    return lambda shape: K.random_uniform(shape, minval, maxval, seed=seed)


def random_normal(mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> Initializer:
    """Normally distributed."""
    return lambda shape: K.random_normal(shape, mean, stddev, seed=seed)


def truncated_normal(mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> Initializer:
    """Normally distributed, within two standard deviations of the mean."""
    return lambda shape: K.truncated_normal(shape, mean, stddev, seed=seed)


def variance_scaling(
    scale: float = 1.0, mode: str = "fan_in", distribution: str = "normal", seed: int | None = None
) -> Initializer:
    """Weights of variance scale / n, n being the inputs ("fan_in"), the outputs ("fan_out"), or their mean ("fan_avg").

    Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010; He et
    al., "Delving deep into rectifiers", 2015.
    """

    def weights(shape: tuple[int, ...]) -> Any:
        field = math.prod(shape[:-2])  # the elements of a convolution's window
        fan_in, fan_out = field * shape[-2 if len(shape) > 1 else -1], field * shape[-1]
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        if distribution == "uniform":
            limit = math.sqrt(3 * scale / n)
            return K.random_uniform(shape, -limit, limit, seed=seed)
        return K.truncated_normal(shape, 0.0, math.sqrt(scale / n) / SPREAD, seed=seed)

    return weights


def glorot_uniform(seed: int | None = None) -> Initializer:
    """Even, of variance 2 / (fan_in + fan_out): for tanh and its like."""
    return variance_scaling(1.0, "fan_avg", "uniform", seed)


def glorot_normal(seed: int | None = None) -> Initializer:
    """Normal, of variance 2 / (fan_in + fan_out): for tanh and its like."""
    return variance_scaling(1.0, "fan_avg", "normal", seed)


def he_uniform(seed: int | None = None) -> Initializer:
    """Even, of variance 2 / fan_in: for relu."""
    return variance_scaling(2.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> Initializer:
    """Normal, of variance 2 / fan_in: for relu."""
    return variance_scaling(2.0, "fan_in", "normal", seed)


def lecun_uniform(seed: int | None = None) -> Initializer:
    """Even, of variance 1 / fan_in: for selu."""
    return variance_scaling(1.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> Initializer:
    """Normal, of variance 1 / fan_in: for selu."""
    return variance_scaling(1.0, "fan_in", "normal", seed)


def orthogonal(gain: float = 1.0, seed: int | None = None) -> Initializer:
    """Columns (or rows, whichever is fewer) of length `gain` at right angles.

    Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning", 2014.
    """

    def weights(shape: tuple[int, ...]) -> Any:
        flat = (math.prod(shape[:-1]), shape[-1])
        tall = K.eval(K.random_normal((max(flat), min(flat)), dtype="float32", seed=seed)).astype("float64")
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diag(r))  # without it the distribution is not uniform
        return gain * (q if flat[0] >= flat[1] else q.T).reshape(shape)

    return weights


INITIALIZERS = {
    made.__name__: made
    for made in (
        zeros,
        ones,
        constant,
        identity,
        random_uniform,
        random_normal,
        truncated_normal,
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        lecun_uniform,
        lecun_normal,
        orthogonal,
    )
}
INITIALIZERS |= {"uniform": random_uniform, "normal": random_normal}


def initializer(given: Any) -> Initializer:
    """The initializer of a name, with its default parameters; a function of a shape is returned unchanged."""
    found = named("initializer", given, INITIALIZERS)
    return found() if isinstance(given, str) else found
