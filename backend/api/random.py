"""Random tensors: drawn anew at each evaluation, each from its own stream, which a seed determines."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import config
from ..arrays.backends import active
from ..arrays.dtypes import dtype_name, is_float
from ..arrays.typing import Array, DTypeLike, Sizes
from ..dispatch.boundary import sizes, sizes_from
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, is_array
from ..graph.composite import Composite
from ..graph.recording import tensor
from ..graph.tensor import Effect, Tensor
from ..ops.rng.sampling import draw_bernoulli, draw_normal, draw_truncated_normal, draw_uniform, kept
from .variables import Variable, variable

__all__ = [
    "dropout",
    "random_bernoulli",
    "random_binomial",
    "random_normal",
    "random_normal_variable",
    "random_uniform",
    "random_uniform_variable",
    "truncated_normal",
]


@operation
def random_uniform(
    shape: Sizes, minval: float = 0.0, maxval: float = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of uniform random numbers in [minval, maxval), drawn anew at each evaluation.

    Shapes and dtypes: `shape` holds integers and 0-d integer tensors, or is one 1-D tensor of them; dtype (default
    floatx) is floating, or an integer dtype with integral bounds.
    Edge values: equal seeds give equal first draws, bit for bit on every library. Each evaluation takes the next draw
    of the stream; all uses within one call share it. For None the seed is drawn from numpy.random.
    Errors: TypeError for a size of None; ValueError for an empty interval or bounds outside the dtype.

    Source: Keras 2.3.1 backend semantics; numbers from Threefry-2x32-20.
    """
    minval, maxval = _number("random_uniform", "minval", minval), _number("random_uniform", "maxval", maxval)
    return _stream("random_uniform", draw_uniform, shape, dtype, seed, minval=minval, maxval=maxval)


@operation
def random_normal(
    shape: Sizes, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of normally distributed numbers, drawn anew at each evaluation.

    Shapes and dtypes: `shape` as in `random_uniform`; dtype (default floatx) is floating.
    Edge values: seeds as in `random_uniform`; stddev 0 gives the mean.
    Errors: TypeError for a size of None; ValueError for a negative stddev.

    Source: Keras 2.3.1 backend semantics; Wichura's AS 241 of Threefry-2x32-20.
    """
    mean, stddev = _number("random_normal", "mean", mean), _number("random_normal", "stddev", stddev)
    return _stream("random_normal", draw_normal, shape, dtype, seed, mean=mean, stddev=stddev)


@operation
def truncated_normal(
    shape: Sizes, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of normally distributed numbers within two standard deviations of the mean, drawn at each evaluation.

    Shapes and dtypes: as `random_normal`. Their standard deviation is 0.87962566 * stddev.
    Edge values and errors: as `random_normal`.

    Source: Keras 2.3.1 backend semantics; Wichura's AS 241 of Threefry-2x32-20.
    """
    mean, stddev = _number("truncated_normal", "mean", mean), _number("truncated_normal", "stddev", stddev)
    return _stream("truncated_normal", draw_truncated_normal, shape, dtype, seed, mean=mean, stddev=stddev)


@operation
def random_binomial(shape: Sizes, p: float = 0.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """A tensor of ones with probability p and zeros otherwise, drawn anew at each evaluation.

    Shapes and dtypes: `shape` as in `random_uniform`; dtype (default floatx) is any.
    Edge values: seeds as in `random_uniform`; the result is 1 where the uniform number of the same seed is below p.
    Errors: TypeError for a size of None; ValueError for p outside 0 to 1.

    Source: Keras 2.3.1 backend semantics.
    """
    return _stream("random_binomial", draw_bernoulli, shape, dtype, seed, p=_number("random_binomial", "p", p))


@operation
def random_bernoulli(shape: Sizes, p: float = 0.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """`random_binomial` under its Keras 3 name.

    Shapes and dtypes, edge values, errors: as `random_binomial`.

    Source: Keras 3's `keras._legacy.backend`.
    """
    return _stream("random_bernoulli", draw_bernoulli, shape, dtype, seed, p=_number("random_bernoulli", "p", p))


@operation
def random_uniform_variable(
    shape: Sizes, low: float, high: float, dtype: DTypeLike = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """A variable of uniform random numbers in [low, high), drawn once.

    Shapes and dtypes, edge values, errors: as `random_uniform`; sizes must be known.

    Source: Keras 2.3.1 backend semantics.
    """
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)


@operation
def random_normal_variable(
    shape: Sizes, mean: float, scale: float, dtype: DTypeLike = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """A variable with normally distributed numbers of standard deviation `scale`, drawn once.

    Shapes and dtypes, edge values, errors: as `random_normal`; sizes must be known.

    Source: Keras 2.3.1 backend semantics.
    """
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


@operation
def dropout(x: Array, level: float, noise_shape: Any = None, seed: int | None = None) -> Array:
    """Set a random fraction `level` of x's elements to 0 and scale the others by 1 / (1 - level), in any phase.

    Shapes and dtypes: those of x. `noise_shape` broadcasts with x: along its sizes of 1, all elements are dropped or
    kept together; None in it stands for x's own size.
    Edge values: level 0 gives x. For a symbolic x each evaluation draws anew, with seeds as in `random_uniform`; a
    native array takes the first draw of the seed. A dropped element is 0 even if it was NaN.
    Errors: ValueError for a level outside [0, 1), an x that is not floating, and a noise_shape that does not broadcast.

    Source: Srivastava et al., "Dropout", 2014; Keras 2.3.1 backend semantics.
    """
    level = _number("dropout", "level", level)
    if not 0.0 <= level < 1.0:
        raise ValueError(f"dropout: level is {level}, expected at least 0 and less than 1")
    x = x if is_array(x) else tensor(x)
    if not is_float(dtype_name(x.dtype)):
        raise ValueError(f"dropout: x has dtype {dtype_name(x.dtype)}, expected a floating dtype")
    shape = _noise_shape(x, noise_shape)
    if level == 0.0:
        return x
    if isinstance(x, Tensor):
        return kept(x, _stream("dropout", draw_bernoulli, shape, "bool", seed, p=1.0 - level), level)
    xp = array_namespace(x)
    first = xp.zeros((1,), dtype=xp.int32, device=device_of(x))
    mask = draw_bernoulli(first, seed=_seed("dropout", seed), shape=shape, dtype="bool", p=1.0 - level)
    return kept(x, mask, level)


def _noise_shape(x: Array, noise_shape: Any) -> tuple[Any, ...]:
    """The shape of the mask, checked against x."""
    own = sizes(x)
    if noise_shape is None:
        return own
    if isinstance(noise_shape, (tuple, list)):
        if len(noise_shape) > len(own):
            raise ValueError(f"dropout: noise_shape {noise_shape} has {len(noise_shape)} dimensions, x has {len(own)}")
        places = own[len(own) - len(noise_shape) :]
        noise_shape = [n if given is None else given for given, n in zip(noise_shape, places, strict=True)]
    shape = sizes_from("dropout", "noise_shape", noise_shape)
    for n, size in zip(shape[::-1], own[::-1], strict=False):
        if isinstance(n, int) and n != 1 and isinstance(size, int) and n != size:
            raise ValueError(f"dropout: noise_shape {shape} does not broadcast to the shape {tuple(x.shape)} of x")
    return shape


def _stream(operation: str, draw: Composite, shape: Any, dtype: Any, seed: int | None, **parameters: Any) -> Tensor:
    """A tensor drawn by `draw` from its own stream: a counter that every evaluation increments."""
    wanted = {"seed": _seed(operation, seed), "dtype": config.floatx() if dtype is None else dtype_name(dtype)}
    wanted |= parameters
    sizes_wanted = sizes_from(operation, "shape", shape)
    backend = active()
    counter = Variable(backend.asarray(np.zeros(1, "int32"), "int32"), backend)
    counter.migrates, counter.trainable = True, False
    try:  # a draw of no elements raises errors of bad parameters now, not at the first evaluation
        draw.definition(counter.array, shape=(0,), **wanted)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{operation}: {str(error).partition(': ')[2] or error}") from None
    drawn = Effect(counter, counter + 1, tensor(1, "int32"))
    return draw.record((counter,), {"shape": sizes_wanted, **wanted}, (drawn,))


def _seed(operation: str, seed: int | None) -> int:
    if seed is None:
        return int(np.random.randint(10_000_000))
    try:
        return operator.index(seed)
    except TypeError:
        raise TypeError(f"{operation}: seed is {seed!r}, expected an integer or None") from None


def _number(operation: str, argument: str, value: Any) -> Any:
    """A parameter as a Python number: 0-d arrays count as numbers."""
    if isinstance(value, (int, float)):
        return value
    try:
        return value.item()
    except (AttributeError, ValueError):
        raise TypeError(f"{operation}: {argument} is {value!r}, expected a number") from None
