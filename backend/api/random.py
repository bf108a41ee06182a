"""Random tensors: drawn anew at each evaluation, each from its own stream, which a seed determines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name, is_float, kind_of
from ..arrays.namespaces import host, is_concrete, plain
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

    Parameters
    ----------
    shape : sequence of int, or array
        Integers and 0-d integer tensors, or one 1-D tensor of them.
    minval, maxval : array, optional
        Numbers, or arrays and tensors that broadcast to the shape. Integral for an integer dtype; as arrays they are
        less than 2**31 apart there.
    dtype : dtype, optional
        float16, float32, float64, uint8, int8, int16, int32 or int64; floatx by default.
    seed : int, optional
        Without it the seed is drawn from ``numpy.random``.

    Returns
    -------
    Tensor
        A floating one is differentiable in the bounds that are tensors.

    Raises
    ------
    TypeError
        For a size of None.
    ValueError
        For an empty interval or bounds outside the dtype, where they are numbers, and for bounds that do not broadcast
        to the shape.

    Notes
    -----
    Equal seeds give equal first draws, bit for bit on every library. Each evaluation takes the next draw of the
    stream; all uses within one call share it.

    References
    ----------
    Keras 2.3.1, ``keras.backend.random_uniform``. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011:
    the numbers are those of Threefry-2x32-20.

    Examples
    --------
    >>> u = K.random_uniform((3,), seed=7)
    >>> first, second = K.eval(u), K.eval(u)
    >>> np.array_equal(first, second)
    False
    >>> np.array_equal(first, K.eval(K.random_uniform((3,), seed=7)))
    True
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

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    mean, stddev : array, optional
        Numbers, or arrays and tensors that broadcast to the shape.
    dtype : dtype, optional
        float16, float32 or float64; floatx by default.
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    Tensor
        Differentiable in the mean and stddev that are tensors.

    Raises
    ------
    TypeError
        For a size of None.
    ValueError
        For a negative stddev, unless it is a tensor, and for parameters that do not broadcast to the shape.

    Notes
    -----
    stddev 0 gives the mean.

    References
    ----------
    Keras 2.3.1, ``keras.backend.random_normal``. Wichura, "Algorithm AS 241", 1988, of Threefry-2x32-20.

    Examples
    --------
    >>> x = K.eval(K.random_normal((1000,), mean=5.0, stddev=2.0, seed=1))
    >>> bool(abs(x.mean() - 5.0) < 0.2), bool(abs(x.std() - 2.0) < 0.2)
    (True, True)
    """
    return _normal("random_normal", draw_normal, shape, mean, stddev, dtype, seed)


@operation
def truncated_normal(
    shape: Sizes, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of normally distributed numbers within two standard deviations of the mean, drawn at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
    mean, stddev : array, optional
    dtype : dtype, optional
    seed : int, optional
        As in `random_normal`.

    Returns
    -------
    Tensor
        Differentiable in the mean and stddev that are tensors.

    Raises
    ------
    TypeError, ValueError
        As in `random_normal`.

    Notes
    -----
    The standard deviation of the result is 0.87962566 * stddev. stddev 0 gives the mean.

    References
    ----------
    Keras 2.3.1, ``keras.backend.truncated_normal``. Wichura, "Algorithm AS 241", 1988, of Threefry-2x32-20.

    Examples
    --------
    >>> x = K.eval(K.truncated_normal((1000,), mean=10.0, seed=1))
    >>> bool(x.min() >= 8.0), bool(x.max() <= 12.0)
    (True, True)
    """
    return _normal("truncated_normal", draw_truncated_normal, shape, mean, stddev, dtype, seed)


@operation
def random_binomial(shape: Sizes, p: Any = 0.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """A tensor of ones with probability p and zeros otherwise, drawn anew at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    p : array, optional
        A number, or an array or tensor that broadcasts to the shape.
    dtype : dtype, optional
        bool, or as in `random_uniform`.
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For a size of None.
    ValueError
        For p outside 0 to 1, unless it is a tensor, and for one that does not broadcast to the shape.

    Notes
    -----
    The result is 1 where the uniform number of the same seed is below p.

    References
    ----------
    Keras 2.3.1, ``keras.backend.random_binomial``.

    Examples
    --------
    >>> K.eval(K.random_binomial((4,), p=[0.0, 1.0, 1.0, 0.0], dtype="int32"))
    array([0, 1, 1, 0], dtype=int32)
    """
    return _bernoulli("random_binomial", shape, p, dtype, seed)


@operation
def random_bernoulli(shape: Sizes, p: Any = 0.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """A tensor of ones with probability p and zeros otherwise: `random_binomial` under its Keras 3 name.

    Parameters
    ----------
    shape : sequence of int, or array
    p : array, optional
    dtype : dtype, optional
    seed : int, optional
        As in `random_binomial`.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError, ValueError
        As in `random_binomial`.

    References
    ----------
    Keras 3, ``keras._legacy.backend.random_bernoulli``.

    Examples
    --------
    >>> a = K.random_bernoulli((5,), p=0.5, seed=3)
    >>> b = K.random_binomial((5,), p=0.5, seed=3)
    >>> np.array_equal(K.eval(a), K.eval(b))
    True
    """
    return _bernoulli("random_bernoulli", shape, p, dtype, seed)


@operation
def random_uniform_variable(
    shape: Sizes, low: float, high: float, dtype: DTypeLike = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """A variable of uniform random numbers in [low, high), drawn once.

    Parameters
    ----------
    shape : sequence of int
        All sizes must be known.
    low, high : float
    dtype : dtype, optional
    name : str, optional
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    Variable

    Raises
    ------
    TypeError, ValueError
        As in `random_uniform`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.random_uniform_variable``.

    Examples
    --------
    >>> w = K.random_uniform_variable((2, 3), -1.0, 1.0, seed=1)
    >>> np.array_equal(K.eval(w), K.eval(w))
    True
    """
    if not low < high:
        raise ValueError(f"random_uniform_variable: [low, high) is [{low}, {high}), expected low below high")
    return variable(random_uniform(shape, low, high, dtype, seed), dtype, name)


@operation
def random_normal_variable(
    shape: Sizes, mean: float, scale: float, dtype: DTypeLike = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """A variable of normally distributed numbers, drawn once.

    Parameters
    ----------
    shape : sequence of int
        All sizes must be known.
    mean : float
    scale : float
        The standard deviation.
    dtype : dtype, optional
    name : str, optional
    seed : int, optional
        As in `random_normal`.

    Returns
    -------
    Variable

    Raises
    ------
    TypeError, ValueError
        As in `random_normal`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.random_normal_variable``.

    Examples
    --------
    >>> w = K.random_normal_variable((2, 3), 0.0, 0.05, seed=1)
    >>> np.array_equal(K.eval(w), K.eval(w))
    True
    """
    if not scale >= 0:
        raise ValueError(f"random_normal_variable: scale is {scale}, expected at least 0")
    return variable(random_normal(shape, mean, scale, dtype, seed), dtype, name)


@operation
def dropout(x: Array, level: Any, noise_shape: Sequence[Size | None] | None = None, seed: int | None = None) -> Array:
    """Set a random fraction `level` of x's elements to 0 and scale the others by 1 / (1 - level), in any phase.

    Parameters
    ----------
    x : array
        Floating.
    level : array
        A number, or an array or tensor that broadcasts to the mask, in which the result is differentiable.
    noise_shape : sequence of int or None, optional
        The shape of the mask, which broadcasts with x: along its sizes of 1, all elements are dropped or kept
        together. None in it stands for x's own size.
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        For a level outside [0, 1), unless it is a tensor, an x that is not floating, and a noise_shape that does not
        broadcast.

    Notes
    -----
    Level 0 gives x. For a symbolic x each evaluation draws anew; a native array takes the first draw of the seed. A
    dropped element is 0 even if it was NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.dropout``. Srivastava et al., "Dropout", 2014.

    Examples
    --------
    >>> K.dropout(np.ones((2, 4)), 0.5, noise_shape=(2, 1), seed=2)
    array([[0., 0., 0., 0.],
           [2., 2., 2., 2.]])
    """
    x = plain(x) if is_array(x) else tensor(x)
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
