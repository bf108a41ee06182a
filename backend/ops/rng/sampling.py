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

__all__: list[str] = []  # the public functions, which own counters and draw seeds, are in backend/api/random.py

# Each takes the number of the draw as an int32 array of one element, whose namespace and device the numbers get.


@composite
def draw_uniform(draw: Array, *, seed: int, shape: Any, dtype: str, minval: float, maxval: float) -> Array:
    """Numbers spread evenly over [minval, maxval), as `draws.uniform`."""
    return draws.uniform(seed, draw, shape, minval=minval, maxval=maxval, dtype=dtype, **_place(draw))


@composite
def draw_normal(draw: Array, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Array:
    """Normally distributed numbers, as `draws.normal`."""
    return draws.normal(seed, draw, shape, mean=mean, stddev=stddev, dtype=dtype, **_place(draw))


@composite
def draw_truncated_normal(draw: Array, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Array:
    """Normally distributed numbers within two standard deviations, as `draws.truncated_normal`."""
    return draws.truncated_normal(seed, draw, shape, mean=mean, stddev=stddev, dtype=dtype, **_place(draw))


@composite
def draw_bernoulli(draw: Array, *, seed: int, shape: Any, dtype: str, p: float) -> Array:
    """Ones with probability p, zeros otherwise, as `draws.bernoulli`."""
    return draws.bernoulli(seed, draw, shape, p=p, dtype=dtype, **_place(draw))


def _place(draw: Array) -> dict[str, Any]:
    return {"xp": array_namespace(draw), "device": device_of(draw)}


def _rules(drawn: Composite) -> None:
    """The shape is the parameter of that name; no gradient passes through a draw or its shape."""
    drawn.shape(lambda draw, *, shape, dtype, **parameters: spec(shape, dtype))
    drawn.vjp(lambda g, out, draw, **parameters: (None,))


_DRAWN: tuple[Composite, ...] = (draw_uniform, draw_normal, draw_truncated_normal, draw_bernoulli)
for _each in _DRAWN:
    _rules(_each)


def kept(x: Array, mask: Array, level: Any) -> Array:
    """x times 1 / (1 - level), rounded to the dtype of x, where the mask is True, else 0: the result of `dropout`."""
    if is_array(level):
        level = level if is_float(dtype_name(level.dtype)) else _in("float32", level)
        xp, share, x, mask = arrays(1.0 - level, x, mask)
        scale = xp.astype(1.0 / xp.where(share > 0.0, share, 1.0), x.dtype)
    else:
        # torch would not round it to float16
        xp, scale = array_namespace(x, mask), number_like(x, 1.0 / (1.0 - level))
    return mask_(mask, x * scale)


# ---- parameters that are arrays; where they are numbers, the draws themselves use them


def spread(u: Array, minval: Any, maxval: Any) -> Array:
    """Uniform numbers u of [0, 1) spread over [minval, maxval), in the dtype of u; an empty interval gives minval."""
    name = dtype_name(u.dtype)
    work = "float32" if name == "float16" else name
    low, high = _in(work, minval), _in(work, maxval)
    found = _in(name, low + _in(work, u) * (high - low))
    xp, found, low, high = promoted(found, _in(name, low), _in(name, high))
    return xp.where(found < high, found, low)  # rounded, the greatest u can reach maxval


def shifted(z: Array, mean: Any, stddev: Any, dtype: str) -> Array:
    """mean + stddev * z in the dtype of z, rounded to the one named."""
    work = dtype_name(z.dtype)
    return _in(dtype, _in(work, mean) + z * _in(work, stddev))


def below(u: Array, p: Any, dtype: str) -> Array:
    """1 where u is less than p, else 0."""
    _, u, p = promoted(u, p)
    return _in(dtype, u < p)


def spread_integers(words: Array, minval: Any, maxval: Any, dtype: str) -> Array:
    """minval + floor(w * (maxval - minval) / 2**32) for int32 words, of which w is 2**31 plus the signed value.

    The span is below 2**31; 16-bit limbs, whose products need 32 bits each, give the upper half of the product.
    """
    low, high = _in("int32", minval), _in("int32", maxval)
    span = high - low
    w0, w1, s0, s1 = words & 0xFFFF, (words >> 16) + 2**15, span & 0xFFFF, (span >> 16) & 0xFFFF
    middle = w1 * s0 + _upper(w0 * s0)
    upper = w1 * s1 + _upper(middle) + _upper(w0 * s1 + (middle & 0xFFFF))
    return _in(dtype, low + upper)


def _upper(word: Array) -> Array:
    """The upper 16 bits of a 32-bit word."""
    return (word >> 16) & 0xFFFF


def _in(name: str, value: Any) -> Any:
    """An array in another dtype; a number as it is."""
    if not is_array(value) or dtype_name(value.dtype) == name:
        return value
    xp = array_namespace(value)
    return xp.astype(value, native_dtype(xp, name))
