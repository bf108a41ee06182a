"""Random tensors: drawn anew at each evaluation, each from its own stream, which a seed determines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name, is_float, kind_of
from ..arrays.namespaces import host, is_concrete, plain
from ..arrays.typing import Array, DTypeLike, Size, Sizes
from ..dispatch.boundary import axis_of, count_of, dtype_from, number_like, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, floating, is_array, is_integer, native_dtype
from ..graph.composite import Composite
from ..graph.recording import tensor
from ..graph.shape_rules import broadcast_shape
from ..graph.tensor import Effect, Tensor
from ..ops.rng.sampling import (
    WORDS,
    below,
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
from .streams import drawn_seed, next_stream
from .variables import Variable, variable

__all__ = [
    "dropout",
    "random_bernoulli",
    "random_beta",
    "random_binomial",
    "random_categorical",
    "random_gamma",
    "random_normal",
    "random_normal_variable",
    "random_shuffle",
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
    words = _stream("random_uniform", draw_uniform, shape, seed=seed, **WORDS)
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
        u = _drawn_for("dropout", x, draw_uniform, shape, seed, dtype="float32", minval=0.0, maxval=1.0)
        return kept(x, below(u, 1.0 - level, "bool"), level)
    if not 0.0 <= level < 1.0:
        raise ValueError(f"dropout: level is {level}, expected at least 0 and less than 1")
    if level == 0.0:
        return x
    return kept(x, _drawn_for("dropout", x, draw_bernoulli, shape, seed, dtype="bool", p=1.0 - level), level)


@operation
def random_shuffle(x: Array, axis: int = 0, seed: int | None = None) -> Array:
    """Put the slices of an array along an axis in a random order.

    Parameters
    ----------
    x : array
        Of any dtype.
    axis : int, optional
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        For an axis out of range.

    Notes
    -----
    For a symbolic x each evaluation draws anew; a native array takes the first draw of the seed. The order is that of
    random 32-bit words, bit for bit the same on every library. The gradient of an element is that of its new place.

    References
    ----------
    Keras 3, ``keras.random.shuffle``.

    Examples
    --------
    >>> K.random_shuffle(np.arange(6), seed=1)
    array([2, 1, 4, 5, 0, 3])
    """
    x = plain(x) if is_array(x) else tensor(x)
    axis = axis_of("random_shuffle", axis, x.ndim)
    return shuffled(x, _drawn_for("random_shuffle", x, draw_uniform, (sizes(x)[axis],), seed, **WORDS), axis)


@operation
def random_categorical(logits: Array, num_samples: Size, dtype: DTypeLike = "int32", seed: int | None = None) -> Array:
    """Draw numbers of classes with the probabilities softmax(logits).

    Parameters
    ----------
    logits : array, shape (..., classes)
        Unnormalized logarithms of probabilities; integers become floatx.
    num_samples : int
        The number of independent draws of each distribution.
    dtype : dtype, optional
        Of the result, an integer dtype.
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    array, shape (..., num_samples)
        From 0 to classes - 1. No gradient passes through it.

    Raises
    ------
    ValueError
        For logits without dimensions or without classes, a negative num_samples, and another dtype.

    Notes
    -----
    A class with the logit -inf is not drawn where another one is finite. For symbolic logits each evaluation draws
    anew; a native array takes the first draw of the seed. It is computed in float32; libraries differ where two classes
    tie within the rounding of their logarithms.

    References
    ----------
    Keras 3, ``keras.random.categorical``. Maddison, Tarlow, Minka, "A* sampling", 2014.

    Examples
    --------
    >>> logits = np.asarray([[0.0, -np.inf, 1.0]])  # probabilities 0.27, 0, 0.73
    >>> drawn = K.random_categorical(logits, 1000, seed=1)
    >>> drawn.shape, sorted(set(drawn[0].tolist())), bool(abs((drawn == 2).mean() - 0.73) < 0.05)
    ((1, 1000), [0, 2], True)
    """
    logits = floating(plain(logits) if is_array(logits) else tensor(logits))[1]
    name = dtype_from("random_categorical", dtype)
    if not is_integer(name):
        raise ValueError(f"random_categorical: dtype is {name}, expected an integer dtype")
    if not logits.ndim or logits.shape[-1] == 0:
        raise ValueError(f"random_categorical: logits have shape {tuple(logits.shape)}, expected at least one class")
    count_of("random_categorical", "num_samples", num_samples)
    shape = (*sizes(logits)[:-1], num_samples, sizes(logits)[-1])
    u = _drawn_for("random_categorical", logits, draw_uniform, shape, seed, dtype="float32", minval=0.0, maxval=1.0)
    drawn = classes_drawn(logits, u)
    xp = array_namespace(drawn)
    return xp.astype(drawn, native_dtype(xp, name))


@operation
def random_gamma(shape: Sizes, alpha: Any = 1.0, dtype: DTypeLike = None, seed: int | None = None) -> Tensor:
    """A tensor of gamma-distributed numbers of scale 1, drawn anew at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    alpha : array, optional
        The shape parameter, above 0: a number, or an array or tensor that broadcasts to the shape.
    dtype : dtype, optional
        float16, float32 or float64; floatx by default.
    seed : int, optional
        As in `random_uniform`.

    Returns
    -------
    Tensor
        No gradient leads to alpha.

    Raises
    ------
    TypeError
        For a size of None.
    ValueError
        For an alpha that is not above 0, unless it is a tensor, one that does not broadcast to the shape, and for
        another dtype.

    Notes
    -----
    Divide by a rate, or multiply by a scale, to have another one. A number far below alpha's range rounds to 0. Equal
    seeds give equal first draws on every library: bit for bit from alpha 1 on but where a logarithm's rounding decides
    which attempt is taken, below it up to the rounding of exponentials.

    References
    ----------
    Keras 3, ``keras.random.gamma``. Marsaglia, Tsang, "A simple method for generating gamma variables", 2000.

    Examples
    --------
    >>> x = K.eval(K.random_gamma((2000,), 3.0, seed=1))
    >>> bool(abs(x.mean() - 3.0) < 0.2), bool(abs(x.var() - 3.0) < 0.4)
    (True, True)
    """
    return _of_positive("random_gamma", draw_gamma, shape, dtype, seed, alpha=alpha)


@operation
def random_beta(
    shape: Sizes, alpha: Any = 1.0, beta: Any = 1.0, dtype: DTypeLike = None, seed: int | None = None
) -> Tensor:
    """A tensor of beta-distributed numbers, drawn anew at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    alpha, beta : array, optional
        Above 0: numbers, or arrays and tensors that broadcast to the shape.
    dtype : dtype, optional
    seed : int, optional
        As in `random_gamma`.

    Returns
    -------
    Tensor
        From 0 to 1, both included as numbers round. No gradient leads to alpha and beta.

    Raises
    ------
    TypeError, ValueError
        As in `random_gamma`, of alpha and beta.

    References
    ----------
    Keras 3, ``keras.random.beta``; a / (a + b) of two gamma variates, see `random_gamma`.

    Examples
    --------
    >>> x = K.eval(K.random_beta((2000,), 2.0, 6.0, seed=1))
    >>> bool(abs(x.mean() - 0.25) < 0.02), bool(x.min() >= 0.0), bool(x.max() <= 1.0)
    (True, True, True)
    """
    return _of_positive("random_beta", draw_beta, shape, dtype, seed, alpha=alpha, beta=beta)


def _of_positive(operation: str, draw: Composite, shape: Any, dtype: Any, seed: int | None, **given: Any) -> Tensor:
    """A tensor drawn with parameters above 0, which are arrays to the draw."""
    name = dtype_from(operation, dtype)
    if not is_float(name):
        raise ValueError(f"{operation}: dtype is {name!r}, expected a floating dtype")
    values = _parameters(operation, shape, **given)
    for argument, value in zip(given, values, strict=True):
        if not is_array(value) and not 0.0 < value < np.inf:
            raise ValueError(f"{operation}: {argument} is {value}, expected a finite number above 0")
    wide = "float64" if name == "float64" else "float32"
    values = tuple(value if is_array(value) else tensor(value, wide) for value in values)
    return _stream(operation, draw, shape, name, seed, *values)


def _drawn_for(
    operation: str, x: Array, draw: Composite, shape: Any, seed: int | None, dtype: str, **parameters: Any
) -> Array:
    """A draw beside x: of a stream for a symbolic x, else the first one of the seed, as an array like x."""
    if isinstance(x, Tensor):
        return _stream(operation, draw, shape, dtype, seed, **parameters)
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


def _stream(
    operation: str, draw: Composite, shape: Any, dtype: Any, seed: int | None, *given: Array, **parameters: Any
) -> Tensor:
    """A tensor drawn by `draw` from its own stream, a counter that every evaluation increments, and arrays given."""
    kind = dtype_from(operation, dtype)
    seed, counter = next_stream(seed)
    wanted = {"seed": seed, "dtype": kind, **parameters}
    try:  # a draw of no elements raises errors of bad parameters now, not at the first evaluation
        blanks = [
            number_like(counter.array, 1.0, native_dtype(array_namespace(counter.array), "float32")) for _ in given
        ]
        draw.definition(counter.array, *blanks, shape=(0,), **wanted)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{operation}: {str(error).partition(': ')[2] or error}") from None
    drawn = Effect(counter, counter + 1, tensor(1, "int32"))
    return draw.record((counter, *given), {"shape": shape, **wanted}, (drawn,))


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
_RANGES |= dict.fromkeys(("alpha", "beta"), (np.nextafter(0.0, 1.0), np.inf))


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
