"""Random numbers, the same on every library: Threefry, with the two words of a seed as key and number of the draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from keras.src.backend.common import standardize_dtype
from keras.src.backend.config import floatx
from keras.src.random.seed_generator import SeedGenerator, draw_seed, make_default_seed

from backend.arrays.backends import active
from backend.arrays.namespaces import device_of, namespace_of
from backend.dispatch.promotion import array_namespace, is_array
from backend.graph.tensor import Tensor
from backend.ops.rng.sampling import (
    WORDS,
    classes_drawn,
    draw_bernoulli,
    draw_beta,
    draw_gamma,
    draw_normal,
    draw_truncated_normal,
    draw_uniform,
    kept,
    shifted,
    shuffled,
    spread,
    spread_integers,
)

from .tensors import cast, convert_to_numpy, convert_to_tensor, held_dtype, together

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

FEW = 16  # trials of a binomial variate that are drawn one by one
MOST_HALVINGS = 20  # of a number of trials that is not known while tracing: 16 * 2**20 at most
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


def _part(number: int) -> int:
    """The seed of one of several independent draws of one seed: the second word of the key."""
    return number << 32


def normal(shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers."""
    return _normal(draw_normal, shape, mean, stddev, dtype, seed)


def truncated_normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normally distributed numbers within two standard deviations of the mean."""
    return _normal(draw_truncated_normal, shape, mean, stddev, dtype, seed)


def _normal(draw: Any, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    name = _named(dtype or floatx())
    own, words = _drawn_as(name), _words(seed)
    if isinstance(mean, (int, float)) and isinstance(stddev, (int, float)):
        found = draw(words, seed=0, shape=_sizes(shape), dtype=own, mean=float(mean), stddev=float(stddev))
    else:
        own = "float32" if own == "float16" else own
        z = draw(words, seed=0, shape=_sizes(shape), dtype=own, mean=0.0, stddev=1.0)
        found = shifted(z, convert_to_tensor(mean), convert_to_tensor(stddev), own)
    return cast(found, name)


def uniform(shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers spread evenly over [minval, maxval)."""
    name = _named(dtype or floatx())
    own, words = _drawn_as(name), _words(seed)
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)) and minval < maxval:
        bounds = {"minval": float(minval), "maxval": float(maxval)}
        return cast(draw_uniform(words, seed=0, shape=_sizes(shape), dtype=own, **bounds), name)
    u = _uniform(words, _sizes(shape), own, 0)
    return cast(spread(u, convert_to_tensor(minval, own), convert_to_tensor(maxval, own)), name)


def _uniform(words: Any, shape: tuple[int, ...], dtype: str, part: int) -> Any:
    return draw_uniform(words, seed=_part(part), shape=shape, dtype=dtype, minval=0.0, maxval=1.0)


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
    shape = tuple(inputs.shape)
    if noise_shape is not None:
        shape = tuple(n if wanted is None else int(wanted) for wanted, n in zip(noise_shape, shape, strict=True))
    mask = draw_bernoulli(_words(seed), seed=0, shape=shape, dtype="bool", p=1.0 - rate)
    inputs, mask = together(inputs, mask)
    return cast(kept(inputs, mask, rate), str(inputs.dtype).rpartition(".")[2])


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Numbers of classes, drawn with the probabilities softmax(logits) of each row."""
    logits = convert_to_tensor(logits)
    rows, classes = logits.shape
    u = _uniform(_words(seed), (rows, int(num_samples), classes), "float32", 0)
    return cast(classes_drawn(logits, u), dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in a random order."""
    x = convert_to_tensor(x)
    return shuffled(x, draw_uniform(_words(seed), seed=0, shape=(int(x.shape[axis]),), **WORDS), axis % x.ndim)


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Gamma-distributed numbers of shape parameter alpha and scale 1."""
    return _of_positive(draw_gamma, shape, dtype, seed, alpha)


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Beta-distributed numbers."""
    return _of_positive(draw_beta, shape, dtype, seed, alpha, beta)


def _of_positive(draw: Any, shape: Any, dtype: Any, seed: Any, *parameters: Any) -> Any:
    name = _named(dtype or floatx())
    given = [convert_to_tensor(value, _work(name)) for value in parameters]
    return cast(draw(_words(seed), *given, seed=0, shape=_sizes(shape), dtype=_drawn_as(name)), name)


def _work(name: str) -> str:
    """The dtype to compute in."""
    return "float64" if name == "float64" else "float32"


def binomial(shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of successes among `counts` trials.

    References: Relles, "A simple algorithm for generating binomial random variables when N is large", 1972: the median
    of the uniform numbers behind the trials, a beta variate, tells how those of one half compare with p.
    """
    name = _named(dtype or floatx())
    work, words, sizes = _work(name), _words(seed), _sizes(shape)
    n, p = convert_to_tensor(counts, work), convert_to_tensor(probabilities, work)
    xp = array_namespace(n, p, words)
    zeros = xp.zeros_like(_uniform(words, sizes, work, 0))
    n, p, found = n + zeros, p + zeros, zeros
    for step in range(_halvings(counts)):
        many = n > FEW
        middle = xp.where(many, xp.floor(n / 2.0) + 1.0, xp.ones_like(n))
        other = xp.where(many, n + 1.0 - middle, xp.ones_like(n))
        b = draw_beta(words, middle, other, seed=_part(8 * step + 8), shape=sizes, dtype=work)
        below = b <= p
        found = xp.where(many & below, found + middle, found)
        fewer = xp.where(below, n - middle, middle - 1.0)
        p = xp.where(many, xp.where(below, (p - b) / (1.0 - b), p / b), p)
        n = xp.where(many, fewer, n)
    u = _uniform(words, (FEW, *sizes), work, 1)
    trials = xp.reshape(xp.arange(FEW, dtype=u.dtype, device=device_of(u)), (FEW, *(1,) * len(sizes)))
    return cast(found + xp.sum(xp.astype((u < p) & (trials < n), u.dtype), axis=0), name)


def _halvings(counts: Any) -> int:
    """How often the number of trials is halved until few are left."""
    if is_array(counts) and isinstance(counts, Tensor):
        return MOST_HALVINGS
    values = convert_to_numpy(counts)
    most = float(values.max()) if values.size else 0.0
    return max(0, math.ceil(math.log2(most / FEW)) + 1) if most > FEW else 0
