"""Random tensors: drawn anew at each evaluation from their own stream, or by the words of an array that is the seed."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, DTypeLike, Sizes
from ..dispatch.boundary import dtype_from
from ..dispatch.operation import operation
from ..dispatch.promotion import is_array, is_float
from ..graph.composite import Composite
from ..ops.rng.sampling import (
    WORDS,
    draw_normal,
    draw_truncated_normal,
    draw_uniform,
    shifted,
    spread,
    spread_integers,
)
from .drawing import drawn_from, parameters
from .variables import Variable, variable

__all__ = ["random_normal", "random_normal_variable", "random_uniform", "random_uniform_variable", "truncated_normal"]


@operation
def random_uniform(
    shape: Sizes, minval: Any = 0.0, maxval: Any = 1.0, dtype: DTypeLike = None, seed: int | Array | None = None
) -> Array:
    """A tensor of uniform random numbers in [minval, maxval), drawn anew at each evaluation; or an array of a seed.

    Parameters
    ----------
    shape : sequence of int, or array
        Integers and 0-d integer tensors, or one 1-D tensor of them.
    minval, maxval : array, optional
        Numbers, or arrays and tensors that broadcast to the shape. Integral for an integer dtype; as arrays they are
        less than 2**31 apart there.
    dtype : dtype, optional
        float16, float32, float64, uint8, int8, int16, int32 or int64; floatx by default.
    seed : int or array, optional
        Without it the seed is drawn from ``numpy.random``. An integer array ``[seed, draw]`` of two words, of which the
        lowest 32 bits count, or ``seed`` of shape (), whose draw is 0.

    Returns
    -------
    array
        A tensor; for a seed that is a native array one like it. Differentiable in the bounds, if it is floating.

    Raises
    ------
    TypeError
        For a size of None, and a seed that is not of integers.
    ValueError
        For an empty interval or bounds outside the dtype, where they are numbers, for bounds that do not broadcast to
        the shape, and for a seed of another shape.

    Notes
    -----
    Equal seeds give equal first draws, bit for bit on every library. Each evaluation takes the next draw of the
    stream; all uses within one call share it. A seed that is an array has no stream: equal values give equal numbers,
    those of this draw of the seed that is a number, and nothing counts. It may be symbolic, or traced by JAX or torch;
    `random_split` gives independent ones.

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
    >>> np.array_equal(second, K.random_uniform((3,), seed=np.asarray([7, 1])))
    True
    """
    minval, maxval = parameters("random_uniform", shape, seed, minval=minval, maxval=maxval)
    if not (is_array(minval) or is_array(maxval)):
        return drawn_from("random_uniform", draw_uniform, shape, dtype, seed, minval=minval, maxval=maxval)
    wanted = dtype_from("random_uniform", dtype)
    if is_float(wanted):
        u = drawn_from("random_uniform", draw_uniform, shape, wanted, seed, minval=0.0, maxval=1.0)
        return spread(u, minval, maxval)
    words = drawn_from("random_uniform", draw_uniform, shape, seed=seed, **WORDS)
    return spread_integers(words, minval, maxval, wanted)


@operation
def random_normal(
    shape: Sizes, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = None, seed: int | Array | None = None
) -> Array:
    """A tensor of normally distributed numbers, drawn anew at each evaluation; or an array of a seed.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    mean, stddev : array, optional
        Numbers, or arrays and tensors that broadcast to the shape.
    dtype : dtype, optional
        float16, float32 or float64; floatx by default.
    seed : int or array, optional
        As in `random_uniform`.

    Returns
    -------
    array
        As in `random_uniform`. Differentiable in mean and stddev.

    Raises
    ------
    TypeError
        For a size of None, and a seed that is not of integers.
    ValueError
        For a negative stddev, unless it is a tensor, for parameters that do not broadcast to the shape, and for a seed
        of another shape.

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
    shape: Sizes, mean: Any = 0.0, stddev: Any = 1.0, dtype: DTypeLike = None, seed: int | Array | None = None
) -> Array:
    """A tensor of normally distributed numbers within two standard deviations of the mean, drawn at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
    mean, stddev : array, optional
    dtype : dtype, optional
    seed : int or array, optional
        As in `random_normal`.

    Returns
    -------
    array
        As in `random_uniform`. Differentiable in mean and stddev.

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


def _normal(operation: str, draw: Composite, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Array:
    mean, stddev = parameters(operation, shape, seed, mean=mean, stddev=stddev)
    if not (is_array(mean) or is_array(stddev)):
        return drawn_from(operation, draw, shape, dtype, seed, mean=mean, stddev=stddev)
    wanted = dtype_from(operation, dtype)
    # as for numbers: float16 is computed in float32, and rounded once
    work = "float32" if wanted == "float16" else wanted
    z = drawn_from(operation, draw, shape, work, seed, mean=0.0, stddev=1.0)
    return shifted(z, mean, stddev, wanted)
