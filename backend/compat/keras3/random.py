"""Random numbers: those of K, with the two words of a seed as an array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from keras.src.backend.common import standardize_dtype
from keras.src.backend.config import floatx
from keras.src.random.seed_generator import SeedGenerator, draw_seed, make_default_seed

import backend as K
from backend.arrays.backends import active
from backend.arrays.namespaces import namespace_of
from backend.graph.tensor import Tensor
from backend.ops.rng.sampling import WORDS, draw_uniform, spread, spread_integers

from .tensors import cast, convert_to_numpy, convert_to_tensor, held_dtype

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "draw_seed",
    "dropout",
    "gamma",
    "make_default_seed",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

INTEGERS = ("uint8", "int8", "int16", "int32", "int64")  # others are drawn as int64


def _words(seed: Any) -> Any:
    """The two words of a seed: a generator's next, an int's, or a new one of the global generator."""
    return convert_to_tensor(draw_seed(seed), "int32")


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in shape)


def _named(dtype: Any) -> str:
    """The name of the dtype in which the active backend holds what has this one."""
    return held_dtype(active(), standardize_dtype(dtype))


def _drawn_as(dtype: str) -> str:
    """The dtype to draw in for one that is asked for: bfloat16 is rounded from float32."""
    return "float32" if dtype == "bfloat16" else dtype


def normal(shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers."""
    return _normal(K.random_normal, shape, mean, stddev, dtype, seed)


def truncated_normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normally distributed numbers within two standard deviations of the mean."""
    return _normal(K.truncated_normal, shape, mean, stddev, dtype, seed)


def _normal(draw: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    name = _named(dtype or floatx())
    mean, stddev = (v if isinstance(v, (int, float)) else convert_to_tensor(v) for v in (mean, stddev))
    return cast(draw(_sizes(shape), mean, stddev, _drawn_as(name), _words(seed)), name)


def uniform(shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers spread evenly over [minval, maxval)."""
    name = _named(dtype or floatx())
    own, words = _drawn_as(name), _words(seed)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and minval < maxval:
        bounds = {"minval": float(minval), "maxval": float(maxval)}
        return cast(draw_uniform(words, seed=0, shape=_sizes(shape), dtype=own, **bounds), name)
    u = draw_uniform(words, seed=0, shape=_sizes(shape), dtype=own, minval=0.0, maxval=1.0)
    return cast(spread(u, convert_to_tensor(minval, own), convert_to_tensor(maxval, own)), name)


def randint(shape: Sequence[int], minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Integers spread evenly over [minval, maxval)."""
    name, words = _named(dtype), _words(seed)
    low, high = (v if isinstance(v, int) else _number(v) for v in (minval, maxval))
    own = name if name in INTEGERS else _named("int64")
    if isinstance(low, int) and isinstance(high, int):
        found = draw_uniform(words, seed=0, shape=_sizes(shape), dtype=own, minval=low, maxval=high)
        return cast(found, name)
    drawn = draw_uniform(words, seed=0, shape=_sizes(shape), **WORDS)
    return cast(spread_integers(drawn, convert_to_tensor(low), convert_to_tensor(high), "int32"), name)


def _number(value: Any) -> Any:
    """A bound as an int, where it has one value now."""
    if isinstance(value, float):
        return int(value)
    value = convert_to_tensor(value)
    return value if isinstance(value, Tensor) or math.prod(value.shape) != 1 else int(convert_to_numpy(value).item())


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """The inputs with a random share of the elements set to 0, and the others scaled by 1 / (1 - rate)."""
    inputs = convert_to_tensor(inputs)
    if rate == 0.0:
        return inputs
    if rate == 1.0:
        return namespace_of(inputs).zeros_like(inputs)
    return K.dropout(inputs, rate, noise_shape, _words(seed))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Numbers of classes, drawn with the probabilities softmax(logits) of each row."""
    return cast(K.random_categorical(convert_to_tensor(logits), int(num_samples), seed=_words(seed)), dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in a random order."""
    return K.random_shuffle(convert_to_tensor(x), axis, _words(seed))


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Gamma-distributed numbers of shape parameter alpha and scale 1."""
    return _of_arrays(K.random_gamma, shape, dtype, seed, alpha=alpha)


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Beta-distributed numbers."""
    return _of_arrays(K.random_beta, shape, dtype, seed, alpha=alpha, beta=beta)


def binomial(shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of successes among `counts` trials."""
    return _of_arrays(K.random_binomial, shape, dtype, seed, p=probabilities, n=counts)


def _of_arrays(draw: Any, shape: Any, dtype: Any, seed: Any, **parameters: Any) -> Any:
    name = _named(dtype or floatx())
    work = "float64" if name == "float64" else "float32"
    given = {key: convert_to_tensor(value, work) for key, value in parameters.items()}
    return cast(draw(_sizes(shape), dtype=_drawn_as(name), seed=_words(seed), **given), name)
