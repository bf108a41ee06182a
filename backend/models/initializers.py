"""Initializers: the first values of weights; each is created with its parameters and then called with a shape."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
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

SPREAD = 0.87962566103423978  # the standard deviation of a normal distribution truncated at two of its own


class Initializer:
    """First values of weights, by a name and parameters: called with a shape, it gives an array.

    Examples
    --------
    >>> K.models.INITIALIZERS["constant"](0.5)((2,))
    array([0.5, 0.5])
    """

    def __init__(self, name: str, function: Callable[..., Any], parameters: dict[str, Any]) -> None:
        self.name, self.parameters = name, parameters
        self._function = function

    def __call__(self, shape: tuple[int, ...]) -> Any:
        return self._function(shape, **self.parameters)

    def __reduce__(self) -> Any:
        return _made, (self.name, self.parameters)

    def describe(self) -> dict[str, Any]:
        """The name and the parameters, as `initializer` takes them."""
        return {"class_name": self.name, "config": self.parameters}


INITIALIZERS: dict[str, Callable[..., Initializer]] = {}


def _initializer(function: Callable[..., Any]) -> Callable[..., Initializer]:
    """From function(shape, **parameters) to a function of the parameters, registered under its name."""
    name = function.__name__
    taken = [p for p in inspect.signature(function).parameters.values() if p.name != "shape"]
    signature = inspect.Signature(taken)

    @functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Initializer:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        return Initializer(name, function, dict(given.arguments))

    make.__signature__ = signature.replace(return_annotation=Initializer)  # type: ignore[attr-defined]
    INITIALIZERS[name] = make
    return make


def _made(name: str, parameters: dict[str, Any]) -> Initializer:
    return INITIALIZERS[name](**parameters)


@_initializer
def zeros(shape: tuple[int, ...]) -> Any:
    """All 0."""
    return np.zeros(shape)


@_initializer
def ones(shape: tuple[int, ...]) -> Any:
    """All 1."""
    return np.ones(shape)


@_initializer
def constant(shape: tuple[int, ...], value: float = 0.0) -> Any:
    """All of one value."""
    return np.full(shape, value)


@_initializer
def identity(shape: tuple[int, ...], gain: float = 1.0) -> Any:
    """The identity matrix times `gain`."""
    return gain * np.eye(*shape)


@_initializer
def random_uniform(shape: tuple[int, ...], minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> Any:
    """Spread evenly over [minval, maxval)."""
    return K.random_uniform(shape, minval, maxval, seed=seed)


@_initializer
def random_normal(shape: tuple[int, ...], mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> Any:
    """Normally distributed."""
    return K.random_normal(shape, mean, stddev, seed=seed)


@_initializer
def truncated_normal(shape: tuple[int, ...], mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> Any:
    """Normally distributed, within two standard deviations of the mean."""
    return K.truncated_normal(shape, mean, stddev, seed=seed)


@_initializer
def variance_scaling(
    shape: tuple[int, ...],
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "normal",
    seed: int | None = None,
) -> Any:
    """Weights of variance scale / n, n being the inputs ("fan_in"), the outputs ("fan_out"), or their mean ("fan_avg").

    Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010; He et
    al., "Delving deep into rectifiers", 2015.
    """
    return _scaled(shape, scale, mode, distribution, seed)


def _scaled(shape: tuple[int, ...], scale: float, mode: str, distribution: str, seed: int | None) -> Any:
    field = math.prod(shape[:-2])  # the elements of a convolution's window
    fan_in, fan_out = field * shape[-2 if len(shape) > 1 else -1], field * shape[-1]
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    if distribution == "uniform":
        limit = math.sqrt(3 * scale / n)
        return K.random_uniform(shape, -limit, limit, seed=seed)
    return K.truncated_normal(shape, 0.0, math.sqrt(scale / n) / SPREAD, seed=seed)


@_initializer
def glorot_uniform(shape: tuple[int, ...], seed: int | None = None) -> Any:
    """Even, of variance 2 / (fan_in + fan_out): for tanh and its like."""
    return _scaled(shape, 1.0, "fan_avg", "uniform", seed)


@_initializer
def glorot_normal(shape: tuple[int, ...], seed: int | None = None) -> Any:
    """Normal, of variance 2 / (fan_in + fan_out): for tanh and its like."""
    return _scaled(shape, 1.0, "fan_avg", "normal", seed)


@_initializer
def he_uniform(shape: tuple[int, ...], seed: int | None = None) -> Any:
    """Even, of variance 2 / fan_in: for relu."""
    return _scaled(shape, 2.0, "fan_in", "uniform", seed)


@_initializer
def he_normal(shape: tuple[int, ...], seed: int | None = None) -> Any:
    """Normal, of variance 2 / fan_in: for relu."""
    return _scaled(shape, 2.0, "fan_in", "normal", seed)


@_initializer
def lecun_uniform(shape: tuple[int, ...], seed: int | None = None) -> Any:
    """Even, of variance 1 / fan_in: for selu."""
    return _scaled(shape, 1.0, "fan_in", "uniform", seed)


@_initializer
def lecun_normal(shape: tuple[int, ...], seed: int | None = None) -> Any:
    """Normal, of variance 1 / fan_in: for selu."""
    return _scaled(shape, 1.0, "fan_in", "normal", seed)


@_initializer
def orthogonal(shape: tuple[int, ...], gain: float = 1.0, seed: int | None = None) -> Any:
    """Columns (or rows, whichever is fewer) of length `gain` at right angles.

    Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning", 2014.
    """
    flat = (math.prod(shape[:-1]), shape[-1])
    tall = K.eval(K.random_normal((max(flat), min(flat)), dtype="float32", seed=seed)).astype("float64")
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))  # without it the distribution is not uniform
    return gain * (q if flat[0] >= flat[1] else q.T).reshape(shape)


INITIALIZERS |= {"uniform": random_uniform, "normal": random_normal}


def initializer(given: Any) -> Callable[[tuple[int, ...]], Any]:
    """The initializer of a name, with its default parameters, or of what `describe` gave; a function is returned."""
    if isinstance(given, Mapping):
        return named("initializer", given["class_name"], INITIALIZERS)(**given["config"])
    found = named("initializer", given, INITIALIZERS)
    return found() if isinstance(given, str) and given in INITIALIZERS else found
