"""Random tensors: drawn anew at each evaluation, each from its own stream, which a seed determines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name, is_float, kind_of
from ..arrays.namespaces import host, is_concrete
from ..arrays.typing import Array, DTypeLike, Size, Sizes
from ..dispatch.boundary import dtype_from, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, is_array
from ..graph.composite import Composite
from ..graph.recording import tensor
from ..graph.shape_rules import broadcast_shape
from ..graph.tensor import Effect, Tensor
from ..ops.rng.sampling import (
    below,
    draw_bernoulli,
    draw_normal,
    draw_truncated_normal,
    draw_uniform,
    kept,
    shifted,
    spread,
    spread_integers,
)
from .streams import drawn_seed, next_stream
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
    shape: Sizes, minval: Any = 0.0, maxval: Any = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of uniform random numbers in [minval, maxval), drawn anew at each evaluation.

    Shapes and dtypes: `shape` holds integers and 0-d integer tensors, or is one 1-D tensor of them; dtype (default
    floatx) is floating, or an integer dtype with integral bounds. The bounds are numbers, or arrays and tensors that
    broadcast to the shape, in which the result is differentiable; where they are integers less than 2**31 apart.
    Edge values: equal seeds give equal first draws, bit for bit on every library. Each evaluation takes the next draw
    of the stream; all uses within one call share it. For None the seed is drawn from numpy.random.
    Errors: TypeError for a size of None; ValueError for an empty interval or bounds outside the dtype, where they are
    numbers, and for bounds that do not broadcast to the shape.

    Source: Keras 2.3.1 backend semantics; numbers from Threefry-2x32-20.
    """
    minval, maxval = _parameters("random_uniform", shape, minval=minval, maxval=maxval)
    if not (is_array(minval) or is_array(maxval)):
        return _stream("random_uniform", draw_uniform, shape, dtype, seed, minval=minval, maxval=maxval)
    wanted = dtype_from("random_uniform", dtype)
    if is_float(wanted):
        u = _stream("random_uniform", draw_uniform, shape, wanted, seed, minval=0.0, maxval=1.0)
        return tensor(spread(u, minval, maxval))
    limits = {"minval": -(2**31), "maxval": 2**31}
    words = _stream("random_uniform", draw_uniform, shape, "int32", seed, **limits)
    return tensor(spread_integers(words, minval, maxval, wanted))


@operation
def random_normal(
    shape: Sizes, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of normally distributed numbers, drawn anew at each evaluation.

    Shapes and dtypes: `shape` as in `random_uniform`; dtype (default floatx) is floating. Mean and stddev are numbers,
    or arrays and tensors that broadcast to the shape; the result is differentiable in them.
    Edge values: seeds as in `random_uniform`; stddev 0 gives the mean.
    Errors: TypeError for a size of None; ValueError for a negative stddev, unless it is a tensor, and for parameters
    that do not broadcast to the shape.

    Source: Keras 2.3.1 backend semantics; Wichura's AS 241 of Threefry-2x32-20.
    """
    return _normal("random_normal", draw_normal, shape, mean, stddev, dtype, seed)


@operation
def truncated_normal(
    shape: Sizes, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of normally distributed numbers within two standard deviations of the mean, drawn at each evaluation.

    Shapes and dtypes: as `random_normal`. Their standard deviation is 0.87962566 * stddev.
    Edge values and errors: as `random_normal`.

    Source: Keras 2.3.1 backend semantics; Wichura's AS 241 of Threefry-2x32-20.
    """
    return _normal("truncated_normal", draw_truncated_normal, shape, mean, stddev, dtype, seed)


@operation
def random_binomial(shape: Sizes, p: Any = 0.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """A tensor of ones with probability p and zeros otherwise, drawn anew at each evaluation.

    Shapes and dtypes: `shape` as in `random_uniform`; dtype (default floatx) is any. p is a number, or an array or
    tensor that broadcasts to the shape.
    Edge values: seeds as in `random_uniform`; the result is 1 where the uniform number of the same seed is below p.
    Errors: TypeError for a size of None; ValueError for p outside 0 to 1, unless it is a tensor, and for one that does
    not broadcast to the shape.

    Source: Keras 2.3.1 backend semantics.
    """
    return _bernoulli("random_binomial", shape, p, dtype, seed)


@operation
def random_bernoulli(shape: Sizes, p: Any = 0.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """`random_binomial` under its Keras 3 name.

    Shapes and dtypes, edge values, errors: as `random_binomial`.

    Source: Keras 3's `keras._legacy.backend`.
    """
    return _bernoulli("random_bernoulli", shape, p, dtype, seed)


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
def dropout(x: Array, level: Any, noise_shape: Sequence[Size | None] | None = None, seed: int | None = None) -> Array:
    """Set a random fraction `level` of x's elements to 0 and scale the others by 1 / (1 - level), in any phase.

    Shapes and dtypes: those of x. `noise_shape` broadcasts with x: along its sizes of 1, all elements are dropped or
    kept together; None in it stands for x's own size. `level` is a number, or an array or tensor that broadcasts to the
    mask, in which the result is differentiable.
    Edge values: level 0 gives x. For a symbolic x each evaluation draws anew, with seeds as in `random_uniform`; a
    native array takes the first draw of the seed. A dropped element is 0 even if it was NaN.
    Errors: ValueError for a level outside [0, 1), unless it is a tensor, an x that is not floating, and a noise_shape
    that does not broadcast.

    Source: Srivastava et al., "Dropout", 2014; Keras 2.3.1 backend semantics.
    """
    x = x if is_array(x) else tensor(x)
    if not is_float(dtype_name(x.dtype)):
        raise ValueError(f"dropout: x has dtype {dtype_name(x.dtype)}, expected a floating dtype")
    shape = _noise_shape(x, noise_shape)
    (level,) = _parameters("dropout", shape, level=level)
    if is_array(level):
        x = tensor(x) if isinstance(level, Tensor) else x
        u = _drawn_for(x, draw_uniform, shape, seed, dtype="float32", minval=0.0, maxval=1.0)
        return kept(x, below(u, 1.0 - level, "bool"), level)
    if not 0.0 <= level < 1.0:
        raise ValueError(f"dropout: level is {level}, expected at least 0 and less than 1")
    if level == 0.0:
        return x
    return kept(x, _drawn_for(x, draw_bernoulli, shape, seed, dtype="bool", p=1.0 - level), level)


def _drawn_for(x: Array, draw: Composite, shape: Any, seed: int | None, dtype: str, **parameters: Any) -> Array:
    """Dropout's draw: of a stream for a symbolic x, else the first one of the seed, as an array like x."""
    if isinstance(x, Tensor):
        return _stream("dropout", draw, shape, dtype, seed, **parameters)
    xp = array_namespace(x)
    first = xp.zeros((1,), dtype=xp.int32, device=device_of(x))
    return draw(first, seed=drawn_seed(seed), shape=shape, dtype=dtype, **parameters)


def _noise_shape(x: Array, noise_shape: Any) -> tuple[Any, ...]:
    """The shape of the mask, checked against x."""
    own = sizes(x)
    if noise_shape is None:
        return own
    if len(noise_shape) > len(own):
        raise ValueError(f"dropout: noise_shape {noise_shape} has {len(noise_shape)} dimensions, x has {len(own)}")
    places = own[len(own) - len(noise_shape) :]
    shape = tuple(n if given is None else given for given, n in zip(noise_shape, places, strict=True))
    for n, size in zip(shape[::-1], own[::-1], strict=False):
        if isinstance(n, int) and n != 1 and isinstance(size, int) and n != size:
            raise ValueError(f"dropout: noise_shape {shape} does not broadcast to the shape {tuple(x.shape)} of x")
    return shape


def _stream(operation: str, draw: Composite, shape: Any, dtype: Any, seed: int | None, **parameters: Any) -> Tensor:
    """A tensor drawn by `draw` from its own stream: a counter that every evaluation increments."""
    kind = dtype_from(operation, dtype)
    seed, counter = next_stream(seed)
    wanted = {"seed": seed, "dtype": kind, **parameters}
    try:  # a draw of no elements raises errors of bad parameters now, not at the first evaluation
        draw.definition(counter.array, shape=(0,), **wanted)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{operation}: {str(error).partition(': ')[2] or error}") from None
    drawn = Effect(counter, counter + 1, tensor(1, "int32"))
    return draw.record((counter,), {"shape": shape, **wanted}, (drawn,))


def _normal(operation: str, draw: Composite, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Tensor:
    mean, stddev = _parameters(operation, shape, mean=mean, stddev=stddev)
    if not (is_array(mean) or is_array(stddev)):
        return _stream(operation, draw, shape, dtype, seed, mean=mean, stddev=stddev)
    wanted = dtype_from(operation, dtype)
    # as for numbers: float16 is computed in float32, and rounded once
    work = "float32" if wanted == "float16" else wanted
    z = _stream(operation, draw, shape, work, seed, mean=0.0, stddev=1.0)
    return tensor(shifted(z, mean, stddev, wanted))


def _bernoulli(operation: str, shape: Any, p: Any, dtype: Any, seed: int | None) -> Tensor:
    (p,) = _parameters(operation, shape, p=p)
    if not is_array(p):
        return _stream(operation, draw_bernoulli, shape, dtype, seed, p=p)
    u = _stream(operation, draw_uniform, shape, "float32", seed, minval=0.0, maxval=1.0)
    return tensor(below(u, p, dtype_from(operation, dtype)))


# Least and greatest value of parameters, checked where they are not symbolic; numbers are checked by the draw itself.
_RANGES = {"stddev": (0.0, np.inf), "p": (0.0, 1.0), "level": (0.0, np.nextafter(1.0, 0.0))}


def _parameters(operation: str, shape: Any, **given: Any) -> tuple[Any, ...]:
    """The parameters of a draw: numbers, and arrays and tensors that broadcast to its shape."""
    result = []
    for argument, value in given.items():
        value = _number(operation, argument, value)
        if is_array(value):
            broadcast_shape(f"{operation}: {argument}", sizes(value), shape)
            low, high = _RANGES.get(argument, (-np.inf, np.inf))
            if is_concrete(value) and not np.all((host(value) >= low) & (host(value) <= high)):
                raise ValueError(f"{operation}: {argument} has values outside {low} to {high}")
        result.append(value)
    return tuple(result)


def _number(operation: str, argument: str, value: Any) -> Any:
    """A parameter as a Python number, which arrays of one element count as, or as an array."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        value = np.asarray(value)
    if (
        not is_array(value)
        or dtype_name(value.dtype) == "bool"
        or kind_of(dtype_name(value.dtype)) == "complex floating"
    ):
        raise TypeError(f"{operation}: {argument} is {value!r}, expected a number, or an array or tensor of them")
    return value.item() if is_concrete(value) and value.size == 1 else value
