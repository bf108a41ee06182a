"""Random draws as operations: the same numbers for the same seed and draw on every namespace."""

from __future__ import annotations

from typing import Any

from ...arrays.typing import Array
from ...autodiff.cotangents import mask_
from ...dispatch.boundary import number_like
from ...dispatch.promotion import (
    array_namespace,
    arrays,
    device_of,
    dtype_name,
    is_array,
    is_float,
    native_dtype,
    promoted,
)
from ...graph.composite import Composite, composite, spec
from . import draws
from .normal_quantile import fence

__all__: list[str] = []  # the public functions, which own counters and draw seeds, are in backend/api/random.py

WORDS: dict[str, Any] = {"dtype": "int32", "minval": -(2**31), "maxval": 2**31}  # parameters of uniform words
LARGE = 2.0**13  # above, a gamma variate is accepted by a series; the difference has lost 13 of 24 bits
ATTEMPTS = 10  # at each gamma variate: one in twenty is refused at most, so one in 1e13 is not accepted by the last

# Each takes the number of the draw as an int32 array of one element, whose namespace and device the numbers get.


@composite
def draw_uniform(draw: Array, *, seed: int, shape: Any, dtype: str, minval: float, maxval: float) -> Array:
    """Numbers spread evenly over [minval, maxval), as `draws.uniform`."""
    return draws.uniform(seed, draw, shape, minval=minval, maxval=maxval, dtype=dtype, **place_of(draw))


@composite
def draw_normal(draw: Array, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Array:
    """Normally distributed numbers, as `draws.normal`."""
    return draws.normal(seed, draw, shape, mean=mean, stddev=stddev, dtype=dtype, **place_of(draw))


@composite
def draw_truncated_normal(draw: Array, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Array:
    """Normally distributed numbers within two standard deviations, as `draws.truncated_normal`."""
    return draws.truncated_normal(seed, draw, shape, mean=mean, stddev=stddev, dtype=dtype, **place_of(draw))


@composite
def draw_bernoulli(draw: Array, *, seed: int, shape: Any, dtype: str, p: float) -> Array:
    """Ones with probability p, zeros otherwise, as `draws.bernoulli`."""
    return draws.bernoulli(seed, draw, shape, p=p, dtype=dtype, **place_of(draw))


@composite
def draw_gamma(draw: Array, alpha: Array, *, seed: int, shape: Any, dtype: str) -> Array:
    """Gamma-distributed numbers of shape parameters alpha, which broadcast to the shape, and scale 1."""
    found, factor = _gamma_parts(draw, alpha, seed, shape, dtype)
    return in_dtype(dtype, found * array_namespace(factor).exp(factor))


@composite
def draw_beta(draw: Array, alpha: Array, beta: Array, *, seed: int, shape: Any, dtype: str) -> Array:
    """Beta-distributed numbers: the shares a / (a + b) of gamma variates, both first divided by the larger factor."""
    a, a_factor = _gamma_parts(draw, alpha, seed, shape, dtype)
    b, b_factor = _gamma_parts(draw, beta, part_of(seed, 3), shape, dtype)
    xp = array_namespace(a)
    larger = xp.maximum(a_factor, b_factor)
    a, b = (fence(x * xp.exp(f - larger), x, xp) for x, f in ((a, a_factor), (b, b_factor)))
    return in_dtype(dtype, a / (a + b))


def _gamma_parts(draw: Array, alpha: Array, seed: int, shape: Any, dtype: str) -> tuple[Array, Array]:
    """A gamma variate of alpha, raised by 1 where it is below, and the logarithm of the factor that lowers it again.

    Below alpha = 1 that of alpha + 1 times u ** (1 / alpha). They take the seed's parts 0 to 2.
    """
    work = "float64" if dtype == "float64" else "float32"
    xp, alpha = array_namespace(draw, alpha), in_dtype(work, alpha)
    raised = gamma_from_1(draw, xp.where(alpha < 1.0, alpha + 1.0, alpha), seed, shape, work, ATTEMPTS)
    low = 1.0 - draws.uniform(part_of(seed, 2), draw, shape, dtype=work, **place_of(draw))
    return raised, xp.where(alpha < 1.0, xp.log(low) / alpha, xp.zeros_like(low))


def gamma_from_1(draw: Array, alpha: Array, seed: int, shape: Any, work: str, attempts: int) -> Array:
    """A gamma variate of alpha from 1 on: the first of several attempts that is accepted. Takes the parts 0 and 1.

    References: Marsaglia, Tsang, "A simple method for generating gamma variables", 2000.
    """
    place, several, xp = place_of(draw), (attempts, *shape), array_namespace(draw, alpha)
    d = alpha - 1.0 / 3.0
    z = draws.normal(seed, draw, several, dtype=work, **place)
    u = draws.uniform(part_of(seed, 1), draw, several, dtype=work, **place)
    # The root in steps of 1/64, since libraries round it differently; below the exact one the method stays exact.
    t = _rounded(z * (64.0 / xp.floor(64.0 * xp.sqrt(9.0 * d))), 8.0)
    root = 1.0 + t
    cube = xp.where(root > 0.0, root * root * root, xp.ones_like(root))
    # d (1 - cube + log(cube)) cancels where d is large and t small: there its series, whose next term is below 1e-8
    square = t * t
    series = square * (1.5 + square * (0.25 - t * (0.2 - t * (1.0 / 6.0 - t / 7.0))))
    exponent = xp.where(d > LARGE, 0.5 * z * z - 3.0 * d * series, 0.5 * z * z + d - d * cube + d * xp.log(cube))
    accepted = (root > 0.0) & (xp.log(u) < exponent)
    first = xp.argmax(xp.astype(accepted, xp.int32), axis=0, keepdims=True)
    # a cube is below 128; a compiler must round the product before a sum that follows
    return fence(d * xp.squeeze(xp.take_along_axis(cube, first, axis=0), axis=0), 128.0 * d, xp)


def part_of(seed: int, number: int) -> int:
    """The seed of one of several independent draws of one seed: the upper word of the key differs."""
    return (seed + (number << 32)) % 2**64


def place_of(draw: Array) -> dict[str, Any]:
    return {"xp": array_namespace(draw), "device": device_of(draw)}


def no_gradient(drawn: Composite) -> None:
    """The shape is the parameter of that name; no gradient passes through a draw or its shape."""
    drawn.shape(lambda *given, shape, dtype, **parameters: spec(shape, dtype))
    drawn.vjp(lambda g, out, *given, **parameters: (None,) * len(given))


_DRAWN: tuple[Composite, ...] = (
    draw_uniform,
    draw_normal,
    draw_truncated_normal,
    draw_bernoulli,
    draw_gamma,
    draw_beta,
)
for _each in _DRAWN:
    no_gradient(_each)


def kept(x: Array, mask: Array, level: Any) -> Array:
    """x times 1 / (1 - level), rounded to the dtype of x, where the mask is True, else 0: the result of `dropout`."""
    if is_array(level):
        level = level if is_float(dtype_name(level.dtype)) else in_dtype("float32", level)
        xp, share, x, mask = arrays(1.0 - level, x, mask)
        scale = xp.astype(1.0 / xp.where(share > 0.0, share, 1.0), x.dtype)
    else:
        # torch would not round it to float16
        xp, scale = array_namespace(x, mask), number_like(x, 1.0 / (1.0 - level))
    return mask_(mask, x * scale)


def shuffled(x: Array, words: Array, axis: int) -> Array:
    """The slices of x along an axis in the order of their random words."""
    xp, x, words = arrays(x, words)
    return xp.take(x, xp.argsort(words, stable=True), axis=axis)


def classes_drawn(logits: Array, u: Array) -> Array:
    """The class, along the last axis, whose logit plus Gumbel noise is the largest; u are the noise's uniform numbers.

    References: Maddison, Tarlow, Minka, "A* sampling", 2014.
    """
    xp, u, logits = arrays(u, logits)
    return xp.argmax(in_dtype(dtype_name(u.dtype), logits)[..., None, :] - xp.log(-xp.log(u)), axis=-1)


# ---- parameters that are arrays; where they are numbers, the draws themselves use them


def spread(u: Array, minval: Any, maxval: Any) -> Array:
    """Uniform numbers u of [0, 1) spread over [minval, maxval), in the dtype of u; an empty interval gives minval."""
    name = dtype_name(u.dtype)
    work = "float32" if name == "float16" else name
    low, high = in_dtype(work, minval), in_dtype(work, maxval)
    found = in_dtype(name, low + _rounded(in_dtype(work, u) * (high - low), abs(high - low) + 1.0))
    xp, found, low, high = promoted(found, in_dtype(name, low), in_dtype(name, high))
    return xp.where(found < high, found, low)  # rounded, the greatest u can reach maxval


def shifted(z: Array, mean: Any, stddev: Any, dtype: str) -> Array:
    """mean + stddev * z in the dtype of z, rounded to the one named."""
    work = dtype_name(z.dtype)
    scale = in_dtype(work, stddev)
    return in_dtype(dtype, in_dtype(work, mean) + _rounded(z * scale, 10.0 * abs(scale) + 1.0))


def _rounded(product: Array, limit: Any) -> Array:
    """A product below the limit, which no compiler contracts with the sum that follows."""
    limit = limit if is_array(limit) else number_like(product, limit)
    return fence(product, limit, array_namespace(product, limit))


def below(u: Array, p: Any, dtype: str) -> Array:
    """1 where u is less than p, else 0."""
    _, u, p = promoted(u, p)
    return in_dtype(dtype, u < p)


def spread_integers(words: Array, minval: Any, maxval: Any, dtype: str) -> Array:
    """minval + floor(w * (maxval - minval) / 2**32) for int32 words, of which w is 2**31 plus the signed value.

    The span is below 2**31; 16-bit limbs, whose products need 32 bits each, give the upper half of the product.
    """
    low, high = in_dtype("int32", minval), in_dtype("int32", maxval)
    span = high - low
    w0, w1, s0, s1 = words & 0xFFFF, (words >> 16) + 2**15, span & 0xFFFF, (span >> 16) & 0xFFFF
    middle = w1 * s0 + _upper(w0 * s0)
    upper = w1 * s1 + _upper(middle) + _upper(w0 * s1 + (middle & 0xFFFF))
    return in_dtype(dtype, low + upper)


def _upper(word: Array) -> Array:
    """The upper 16 bits of a 32-bit word."""
    return (word >> 16) & 0xFFFF


def in_dtype(name: str, value: Any) -> Any:
    """An array in another dtype; a number as it is."""
    if not is_array(value) or dtype_name(value.dtype) == name:
        return value
    xp = array_namespace(value)
    return xp.astype(value, native_dtype(xp, name))
