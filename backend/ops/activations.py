"""Activations: elementwise nonlinearities, softmax and scaling to unit length."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.typing import Array, Axes, Axis
from ..autodiff.cotangents import mask_
from ..dispatch.boundary import count_of, normalize_axis, sizes
from ..dispatch.fast_path import fast_kernel, fast_kernel_along, fast_path
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    device_of,
    dtype_name,
    floating,
    inexact,
    is_integer,
    native_dtype,
)
from ..graph.composite import composite, elementwise
from .elementwise import at_least_single, stop_gradient
from .reductions import max as largest
from .special import erfc

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "in_top_k",
    "l2_normalize",
    "leaky_relu",
    "log_softmax",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

# Self-normalizing constants (Klambauer et al. 2017, equation 14 and its supplement).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
GELU_SLOPE, GELU_CUBIC = 2.0 * math.sqrt(2.0 / math.pi), 0.044715
# Minima and maxima replace `where` here: on a CPU it is 10 to 20 times as slow if signs are random.
# At ties the first argument has the slope (libraries' own gradients give half to each), and the order is chosen so that
# slopes at 0 are right both ways; only relu, elu and hard_sigmoid keep a kink there that libraries split.
GELU_FLAT = 10.0  # beyond, the approximated gelu is 0 or x to 2e-37, and cubes would overflow float16
ERFC_FLAT = 40.0  # beyond, gelu is 0 or x in float64: erfc(28) is 0


@operation
def relu(x: Array, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """Rectifier: x above the threshold, ``alpha * (x - threshold)`` below.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    alpha : float
        Slope below the threshold.
    max_value : float, optional
        Largest value of the result; None is no limit.
    threshold : float
        Where the result begins to follow x.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        If `alpha`, `max_value` or `threshold` is not a number.

    Notes
    -----
    An x equal to the threshold gives 0. Between a negative threshold and 0 the
    result is x itself, but 0 if there is a `max_value`. A `max_value` of 0 or
    less makes everything above the threshold 0. NaN stays NaN.

    The gradient is 0 at the threshold and 1 up to and including `max_value`
    (JAX's own gradients give half at both).

    References
    ----------
    Keras 2.3.1, ``keras.backend.relu``.

    Examples
    --------
    >>> x = np.asarray([-2.0, 0.0, 3.0, 9.0])
    >>> K.relu(x, alpha=0.1, max_value=6.0)
    array([-0.2,  0. ,  3. ,  6. ])
    """
    xp, x = floating(x)
    start = threshold if max_value is None else max(threshold, 0.0)
    result = xp.where(x <= start, 0.0, x) if start else relu_(x)
    if max_value is not None:
        result = xp.minimum(result, max(max_value, 0.0))
    return result + alpha * xp.minimum(0.0, x - threshold if threshold else x) if alpha else result


@elementwise
def relu_(x: Array) -> Array:
    """max(0, x), with slope 0 at 0."""
    return array_namespace(x).maximum(0.0, x)


@relu_.vjp
def _(g: Array, out: Array, x: Array) -> tuple[Array]:
    return (relu_gradient(g, out),)  # from the result, so that x need not be kept


@elementwise
def relu_gradient(g: Array, out: Array) -> Array:
    """g where the rectifier's result is not 0, NaN included."""
    return mask_(~(out <= 0), g)


@operation
def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
    """Rectifier with a slope below 0, ``relu(x, alpha=negative_slope)``.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    negative_slope : float

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        If `negative_slope` is not a number.

    Notes
    -----
    Edge values and gradient are those of `relu`.

    References
    ----------
    Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic
    models", 2013.

    Examples
    --------
    >>> K.leaky_relu(np.asarray([-2.0, 0.0, 3.0]))
    array([-0.4,  0. ,  3. ])
    """
    return relu(x, alpha=negative_slope)


@operation
def elu(x: Array, alpha: float = 1.0) -> Array:
    """Exponential linear unit: x above 0, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    alpha : float
        Minus the limit of the result at -inf.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        If `alpha` is not a number.

    Notes
    -----
    -inf gives ``-alpha``; NaN stays NaN. The gradient at 0 is `alpha`.

    References
    ----------
    Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning
    by ELUs", 2016.

    Examples
    --------
    >>> K.elu(np.asarray([-np.inf, 0.0, 3.0]), alpha=2.0)
    array([-2.,  0.,  3.])
    """
    xp, x = floating(x)
    below = xp.expm1(xp.minimum(x, 0.0))  # not evaluated on large x, where it overflows
    return xp.maximum(0.0, x) + (below if alpha == 1.0 else below * alpha)


@operation
def selu(x: Array) -> Array:
    """Scaled exponential linear unit, which keeps mean 0 and variance 1.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        ``1.0507 * elu(x, 1.6733)``, in the shape and dtype of x.

    Notes
    -----
    -inf gives -1.7581; NaN stays NaN. The gradient at 0 is 1.7581.

    References
    ----------
    Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural
    networks", 2017.

    Examples
    --------
    >>> np.round(K.selu(np.asarray([-np.inf, 0.0, 1.0])), 4)
    array([-1.7581,  0.    ,  1.0507])
    """
    return elu(x, SELU_ALPHA) * SELU_SCALE


@fast_kernel_along
@operation
def softmax(x: Array, axis: Axes = -1) -> Array:
    """Exponentials of x, scaled to sum 1 along an axis or several together.

    Parameters
    ----------
    x : array
        At least one dimension; integers become floatx.
    axis : int or sequence of ints
        Axes of the sum.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    Large values do not overflow; -inf gives 0. A row with NaN or +inf, or of
    -inf alone, gives NaN. An empty axis gives an empty result.

    x is shifted by its maximum first. The shift is not differentiated: any
    shift gives the same softmax.

    References
    ----------
    Keras 2.3.1, ``keras.backend.softmax``.

    Examples
    --------
    >>> K.softmax(np.asarray([[0.0, 0.0], [1000.0, -np.inf]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    _, x = floating(x)
    return softmax_(x, axis=normalize_axis("softmax", axis, x.ndim))


@composite
def softmax_(x: Array, *, axis: int | tuple[int, ...]) -> Array:
    """exp(x) scaled to sum 1."""
    xp = array_namespace(x)
    e = xp.exp(x - stop_gradient(largest(x, axis=axis, keepdims=True)))
    return e / xp.sum(e, axis=axis, keepdims=True)


@softmax_.shape
def _(x: Array, *, axis: int | tuple[int, ...]) -> tuple[Any, ...]:
    return sizes(x)


@softmax_.vjp
def _(g: Array, out: Array, x: Array, *, axis: int | tuple[int, ...]) -> tuple[Array]:
    xp = array_namespace(g)
    return ((g - xp.sum(g * out, axis=axis, keepdims=True)) * out,)


@fast_kernel_along
@operation
def log_softmax(x: Array, axis: Axes = -1) -> Array:
    """Logarithm of the softmax, accurate where softmax itself underflows.

    Parameters
    ----------
    x : array
        At least one dimension; integers become floatx.
    axis : int or sequence of ints
        Axes along which the softmax sums to 1.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    -inf gives -inf. A row with NaN or +inf, or of -inf alone, gives NaN. An
    empty axis gives an empty result.

    References
    ----------
    Elementary: ``x - max(x) - log(sum(exp(x - max(x))))``.

    Examples
    --------
    >>> x = np.asarray([0.0, -1000.0])
    >>> K.softmax(x)
    array([1., 0.])
    >>> K.log_softmax(x)
    array([    0., -1000.])
    """
    _, x = floating(x)
    return log_softmax_(x, axis=normalize_axis("log_softmax", axis, x.ndim))


@composite
def log_softmax_(x: Array, *, axis: int | tuple[int, ...]) -> Array:
    """The logarithm of `softmax_`."""
    xp = array_namespace(x)
    x = x - stop_gradient(largest(x, axis=axis, keepdims=True))
    return x - xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=True))


@log_softmax_.shape
def _(x: Array, *, axis: int | tuple[int, ...]) -> tuple[Any, ...]:
    return sizes(x)


@log_softmax_.vjp
def _(g: Array, out: Array, x: Array, *, axis: int | tuple[int, ...]) -> tuple[Array]:
    xp = array_namespace(g)
    return (g - xp.sum(g, axis=axis, keepdims=True) * xp.exp(out),)


@operation
def softplus(x: Array) -> Array:
    """Smooth rectifier, ``log(1 + exp(x))``.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Nothing overflows: 1000 gives 1000, -1000 gives 0. inf gives inf, -inf gives
    0; NaN stays NaN.

    References
    ----------
    Dugas et al., "Incorporating second-order functional knowledge for better
    option pricing", 2000.

    Examples
    --------
    >>> K.softplus(np.asarray([-1000.0, 1000.0]))
    array([   0., 1000.])
    """
    xp, x = floating(x)
    return xp.maximum(0.0, x) + xp.log1p(xp.exp(xp.minimum(x, xp.negative(x))))


@operation
def softsign(x: Array) -> Array:
    """Sigmoid with slow tails, ``x / (1 + abs(x))``.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Infinities give NaN, as in Keras; NaN stays NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.softsign``.

    Examples
    --------
    >>> K.softsign(np.asarray([-3.0, 0.0, 1.0]))
    array([-0.75,  0.  ,  0.5 ])
    """
    xp, x = floating(x)
    return x / (1.0 + xp.abs(x))


@fast_kernel
@operation
def sigmoid(x: Array) -> Array:
    """Logistic function, ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Nothing overflows, and both sides are accurate: values near 0 keep their
    relative precision. inf gives 1, -inf gives 0; NaN stays NaN.

    The gradient is ``s * (1 - s)``, which is 0 where s has been rounded to 1.

    References
    ----------
    Keras 2.3.1, ``keras.backend.sigmoid``.

    Examples
    --------
    >>> K.sigmoid(np.asarray([-np.inf, 0.0, np.inf]))
    array([0. , 0.5, 1. ])
    """
    return sigmoid_(floating(x)[1])


@elementwise
def sigmoid_(x: Array) -> Array:
    """1 / (1 + exp(-x)), by the exponential of -|x| on either side."""
    xp = array_namespace(x)
    return xp.exp(xp.minimum(x, 0.0)) / (1.0 + xp.exp(xp.minimum(x, xp.negative(x))))


@sigmoid_.vjp
def _(g: Array, out: Array, x: Array) -> tuple[Array]:
    return (g * (out * (1.0 - out)),)


@operation
def hard_sigmoid(x: Array) -> Array:
    """Piecewise linear sigmoid: ``0.2 * x + 0.5``, kept within 0 and 1.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    NaN stays NaN. The gradient is 0.2 between the knees at -2.5 and 2.5 and at
    them, 0 beyond (inside torch's and JAX's own differentiation, half of it at
    the knees).

    References
    ----------
    Courbariaux, Bengio, David, "BinaryConnect", 2015, with the slope of Theano
    and Keras.

    Examples
    --------
    >>> K.hard_sigmoid(np.asarray([-3.0, 0.0, 1.0, 3.0]))
    array([0. , 0.5, 0.7, 1. ])
    """
    xp, x = floating(x)
    return xp.minimum(xp.maximum(0.2 * x + 0.5, 0.0), 1.0)


@fast_path(inexact)
@operation
def tanh(x: Array) -> Array:
    """Hyperbolic tangent of each element.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    inf gives 1, -inf gives -1; NaN stays NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.tanh``.

    Examples
    --------
    >>> K.tanh(np.asarray([-np.inf, 0.0, np.inf]))
    array([-1.,  0.,  1.])
    """
    xp, x = inexact(x)
    return xp.tanh(x)


@operation
def silu(x: Array) -> Array:
    """Sigmoid linear unit, ``x * sigmoid(x)``, also called swish.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    -inf gives NaN (the limit is 0); NaN stays NaN.

    References
    ----------
    Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units", 2018.

    Examples
    --------
    >>> np.round(K.silu(np.asarray([-1.0, 0.0, 10.0])), 4)
    array([-0.2689,  0.    ,  9.9995])
    """
    _, x = floating(x)
    return x * sigmoid(x)


@operation
def gelu(x: Array, approximate: bool = False) -> Array:
    """Gaussian error linear unit: x times the normal distribution function of x.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    approximate : bool
        Whether to compute ``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 *
        x**3)))`` instead, which is up to 4.8e-4 away.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Negative x lose no digits. -inf gives -0.0 (approximated: -1.2e-37, the
    value at -10), inf gives inf; NaN stays NaN.

    References
    ----------
    Hendrycks, Gimpel, "Gaussian error linear units", 2016: ``x / 2 * erfc(-x /
    sqrt(2))``.

    Examples
    --------
    >>> x = np.asarray([-1.0, 0.0, 2.0])
    >>> np.round(K.gelu(x), 4)
    array([-0.1587,  0.    ,  1.9545])
    >>> np.round(K.gelu(x, approximate=True), 4)
    array([-0.1588,  0.    ,  1.9546])
    """
    xp, x = floating(x)
    flat = GELU_FLAT if approximate else ERFC_FLAT
    x = xp.maximum(x, -flat)
    near = xp.minimum(x, flat)
    if approximate:  # (1 + tanh(z)) / 2 is sigmoid(2 z), which loses no digits
        return x * sigmoid(GELU_SLOPE * near * (1.0 + GELU_CUBIC * near * near))
    return 0.5 * x * erfc(near * -math.sqrt(0.5))


@operation
def l2_normalize(x: Array, axis: Axis = None) -> Array:
    """Divide x by its Euclidean norm along axes.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    axis : int, sequence of ints or None
        Axes of the norm; None takes all.

    Returns
    -------
    array
        ``x / sqrt(max(sum(x**2), 1e-12))``, in the shape and dtype of x;
        float16 is computed in float32.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    A norm below 1e-6 counts as 1e-6, so zeros stay zeros. A norm beyond the
    dtype's range gives 0, since the squares overflow. NaN makes its row NaN.

    The gradient at zeros is 1e6 times that of the result; in float16 65504 at
    most (inf inside torch's and JAX's own differentiation).

    References
    ----------
    Keras 2.3.1, ``keras.backend.l2_normalize``.

    Examples
    --------
    >>> K.l2_normalize(np.asarray([[3.0, 4.0], [0.0, 0.0]]), axis=1)
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    xp, x = floating(x)
    axis = normalize_axis("l2_normalize", axis, x.ndim)
    wide = at_least_single(x)  # float16 has no 1e-12
    total = xp.sum(wide * wide, axis=axis, keepdims=True)
    result = wide / xp.sqrt(xp.maximum(total, 1e-12))
    return result if wide is x else xp.astype(result, x.dtype)


@operation
def in_top_k(predictions: Array, targets: Array, k: int) -> Array:
    """Whether each target's score is among the k highest of its row.

    Parameters
    ----------
    predictions : array
        Scores, of shape (batch, classes).
    targets : array of integers
        One class per row, of shape (batch,).
    k : int

    Returns
    -------
    array of bools
        Shape (batch,).

    Raises
    ------
    TypeError
        If `targets` are not integers or `k` is not one.
    ValueError
        For other numbers of dimensions, different batch sizes or a negative k.

    Notes
    -----
    Scores equal to the target's do not displace it, so ties all count. The
    result is False where the target is not a class or the row has a NaN or
    infinity. A k of 0 gives False, a k beyond the number of classes True.

    References
    ----------
    Keras 2.3.1, ``keras.backend.in_top_k``.

    Examples
    --------
    >>> scores = np.asarray([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    >>> K.in_top_k(scores, np.asarray([2, 2]), 2)
    array([ True, False])
    """
    xp, predictions, targets = arrays(predictions, targets)
    _, predictions = floating(predictions)
    if not is_integer(dtype_name(targets.dtype)):
        raise TypeError(f"in_top_k: targets has dtype {dtype_name(targets.dtype)}, expected an integer dtype")
    if predictions.ndim != 2 or targets.ndim != 1:
        raise ValueError(
            f"in_top_k: predictions has {predictions.ndim} and targets {targets.ndim} dimensions, expected 2 and 1"
        )
    rows, others = predictions.shape[0], targets.shape[0]
    if None not in (rows, others) and rows != others:
        raise ValueError(f"in_top_k: {rows} rows of predictions but {others} targets")
    k = min(count_of("in_top_k", "k", k), 2**31 - 1)
    int32 = native_dtype(xp, "int32")
    if dtype_name(targets.dtype) not in ("int32", "int64"):
        targets = xp.astype(targets, int32)
    classes = xp.arange(sizes(predictions)[1], dtype=targets.dtype, device=device_of(predictions))
    chosen = xp.expand_dims(targets, axis=1) == xp.expand_dims(classes, axis=0)
    score = xp.sum(xp.where(chosen, predictions, 0.0), axis=1, keepdims=True)  # of one term: exact
    higher = xp.sum(xp.astype(predictions > score, int32), axis=1, dtype=int32)
    sound = xp.all(xp.isfinite(predictions), axis=1)
    return xp.any(chosen, axis=1) & sound & (higher < k)
