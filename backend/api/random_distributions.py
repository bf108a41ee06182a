"""Random tensors of gamma, beta and binomial distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.dtypes import limits
from ..arrays.namespaces import host, is_concrete, on_a_device
from ..arrays.typing import Array, DTypeLike, Sizes
from ..dispatch.boundary import dtype_from
from ..dispatch.operation import operation
from ..dispatch.promotion import is_array, is_float, is_integer
from ..graph.composite import Composite
from ..ops.rng.binomial import MOST_TRIALS, draw_binomial
from ..ops.rng.sampling import below, draw_bernoulli, draw_beta, draw_gamma, draw_uniform
from .drawing import drawn_from, parameters

__all__ = ["random_bernoulli", "random_beta", "random_binomial", "random_gamma"]


@operation
def random_binomial(
    shape: Sizes, p: Any = 0.0, dtype: DTypeLike = None, seed: int | Array | None = None, n: Any = 1
) -> Array:
    """A tensor of numbers of successes among n trials of probability p, drawn anew at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    p : array, optional
        A number, or an array or tensor that broadcasts to the shape.
    dtype : dtype, optional
        bool, or as in `random_uniform`.
    seed : int or array, optional
        As in `random_uniform`.
    n : array, optional
        Whole numbers, as p: with 1, ones and zeros.

    Returns
    -------
    array
        As in `random_uniform`. No gradient leads to p or n.

    Raises
    ------
    TypeError
        For a size of None.
    ValueError
        For p outside 0 to 1 and n that are negative, no whole numbers, or more than the dtype holds, 2**24 at most and
        2**53 in float64, unless they are tensors; and for those that do not broadcast to the shape.

    Notes
    -----
    Where a tensor is outside of its range, the result is NaN, 0 in a dtype without NaN. With n = 1, not in an array,
    the result is 1 where the uniform number of the same seed is below p. Otherwise equal seeds give equal first draws
    on every library but where the rounding of an exponential or a logarithm decides. Probabilities are exact to the
    rounding of float32, of float64 in this dtype.

    References
    ----------
    Keras 2.3.1, ``keras.backend.random_binomial``; Keras 3, ``keras.random.binomial``. Ahrens, Dieter, "Computer
    methods for sampling from gamma, beta, Poisson and binomial distributions", 1974.

    Examples
    --------
    >>> K.eval(K.random_binomial((4,), p=[0.0, 1.0, 1.0, 0.0], dtype="int32"))
    array([0, 1, 1, 0], dtype=int32)
    >>> x = K.eval(K.random_binomial((2000,), 0.25, seed=1, n=1000))
    >>> bool(abs(x.mean() - 250.0) < 1.0), bool(abs(x.std() - 13.7) < 0.5)
    (True, True)
    """
    name = dtype_from("random_binomial", dtype)
    most = MOST_TRIALS["float64" if name == "float64" else "float32"]
    most = min(most, limits(name)[1]) if is_integer(name) else most
    n, p = parameters("random_binomial", shape, seed, most, n=n, p=p)
    if is_array(n):
        values = host(n) if is_concrete(n) and not on_a_device(n) else np.asarray(most)
        return _counted(shape, p, name, seed, n, int(np.max(values, initial=0)))
    if not 0 <= n <= most or n % 1 != 0:
        raise ValueError(f"random_binomial: n is {n}, expected a whole number from 0 to {most}")
    if n == 1:
        return _bernoulli("random_binomial", shape, p, dtype, seed)
    return _counted(shape, p, name, seed, n, int(n))


def _counted(shape: Any, p: Any, dtype: str, seed: Any, n: Any, most: int) -> Array:
    if not (is_array(p) or 0.0 <= p <= 1.0):
        raise ValueError(f"random_binomial: p is {p}, expected 0 to 1")
    return drawn_from("random_binomial", draw_binomial, shape, dtype, seed, n, p, most=most)


@operation
def random_bernoulli(shape: Sizes, p: Any = 0.0, dtype: DTypeLike = None, seed: int | Array | None = None) -> Array:
    """A tensor of ones with probability p and zeros otherwise: `random_binomial` of one trial, drawn anew likewise.

    Parameters
    ----------
    shape : sequence of int, or array
    p : array, optional
    dtype : dtype, optional
    seed : int or array, optional
        As in `random_binomial`.

    Returns
    -------
    array

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
def random_gamma(shape: Sizes, alpha: Any = 1.0, dtype: DTypeLike = None, seed: int | Array | None = None) -> Array:
    """A tensor of gamma-distributed numbers of scale 1, drawn anew at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    alpha : array, optional
        The shape parameter, above 0: a number, or an array or tensor that broadcasts to the shape.
    dtype : dtype, optional
        float16, float32 or float64; floatx by default.
    seed : int or array, optional
        As in `random_uniform`.

    Returns
    -------
    array
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
    shape: Sizes, alpha: Any = 1.0, beta: Any = 1.0, dtype: DTypeLike = None, seed: int | Array | None = None
) -> Array:
    """A tensor of beta-distributed numbers, drawn anew at each evaluation.

    Parameters
    ----------
    shape : sequence of int, or array
        As in `random_uniform`.
    alpha, beta : array, optional
        Above 0: numbers, or arrays and tensors that broadcast to the shape.
    dtype : dtype, optional
    seed : int or array, optional
        As in `random_gamma`.

    Returns
    -------
    array
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


def _bernoulli(operation: str, shape: Any, p: Any, dtype: Any, seed: Any) -> Array:
    (p,) = parameters(operation, shape, seed, p=p)
    if not is_array(p):
        return drawn_from(operation, draw_bernoulli, shape, dtype, seed, p=p)
    u = drawn_from(operation, draw_uniform, shape, "float32", seed, minval=0.0, maxval=1.0)
    return below(u, p, dtype_from(operation, dtype))


def _of_positive(operation: str, draw: Composite, shape: Any, dtype: Any, seed: Any, **given: Any) -> Array:
    """Numbers drawn with parameters above 0, which are arrays to the draw."""
    name = dtype_from(operation, dtype)
    if not is_float(name):
        raise ValueError(f"{operation}: dtype is {name!r}, expected a floating dtype")
    values = parameters(operation, shape, seed, **given)
    for argument, value in zip(given, values, strict=True):
        if not is_array(value) and not 0.0 < value < np.inf:
            raise ValueError(f"{operation}: {argument} is {value}, expected a finite number above 0")
    return drawn_from(operation, draw, shape, name, seed, *values)
