"""Random draws as operations: the same numbers for the same seed and draw on every namespace."""

from __future__ import annotations

from typing import Any

from ...arrays.typing import Array
from ...dispatch.boundary import number_like
from ...dispatch.promotion import array_namespace, device_of
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


def kept(x: Array, mask: Array, level: float) -> Array:
    """x times 1 / (1 - level), rounded to the dtype of x, where the mask is True, else 0: the result of `dropout`."""
    scale = number_like(x, 1.0 / (1.0 - level))  # torch would not round a Python number to float16
    return array_namespace(x).where(mask, x * scale, 0.0)
