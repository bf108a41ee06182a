"""Activations: elementwise nonlinearities, softmax and scaling to unit length."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.typing import Array, Axes, Axis
from ..autodiff.cotangents import mask_
from ..dispatch.boundary import count_of, normalize_axis, sizes
from ..dispatch.fast_path import fast_path
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
    """The rectifier: x above the threshold, at most max_value, and alpha * (x - threshold) below.

    Shapes and dtypes: those of x; integers become floatx. `alpha`, `max_value` and `threshold` are numbers.
    Edge values: x equal to the threshold gives 0; between a negative threshold and 0, x itself, but 0 when there is a
    max_value; a max_value of 0 or less makes everything above the threshold 0; NaN stays NaN.
    Gradient: 0 at the threshold, 1 up to and including max_value (JAX's own gradients give half at both).
    Errors: TypeError when alpha, max_value or threshold is not a number.

    Source: Keras 2.3.1 backend semantics.
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
    """The rectifier with a slope below 0: `relu(x, alpha=negative_slope)`.

    Shapes and dtypes: those of x. Edge values, gradient and errors: as `relu`.

    Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """
    return relu(x, alpha=negative_slope)


@operation
def elu(x: Array, alpha: float = 1.0) -> Array:
    """The exponential linear unit: x above 0, alpha * (exp(x) - 1) elsewhere.

    Shapes and dtypes: those of x; integers become floatx. Edge values: -inf gives -alpha, NaN stays NaN.
    Gradient: alpha at 0. Errors: TypeError when alpha is not a number.

    Source: Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by ELUs", 2016.
    """
    xp, x = floating(x)
    below = xp.expm1(xp.minimum(x, 0.0))  # not evaluated on large x, where it overflows
    return xp.maximum(0.0, x) + (below if alpha == 1.0 else below * alpha)


@operation
def selu(x: Array) -> Array:
    """The scaled exponential linear unit: 1.0507 * elu(x, 1.6733), which keeps mean 0 and variance 1.

    Shapes and dtypes: those of x; integers become floatx. Edge values: as `elu`.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", 2017.
    """
    return elu(x, SELU_ALPHA) * SELU_SCALE


@operation
def softmax(x: Array, axis: Axes = -1) -> Array:
    """exp(x) scaled to sum 1 along an axis, or several together.

    Shapes and dtypes: those of x; integers become floatx. Edge values: large values do not overflow; -inf gives 0;
    a row with NaN or +inf, or of -inf alone, gives NaN; an empty axis gives an empty result. The
    shift is not differentiated: any shift gives the same softmax.
    Errors: ValueError for an axis out of range.

    Source: Keras 2.3.1 backend semantics; shifted by the maximum.
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


@operation
def log_softmax(x: Array, axis: Axes = -1) -> Array:
    """The logarithm of softmax, accurate where softmax itself underflows.

    Shapes and dtypes: those of x; integers become floatx. Edge values: as `softmax`, -inf giving -inf.
    Errors: ValueError for an axis out of range.

    Source: x - max - log(sum(exp(x - max))).
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
    """log(1 + exp(x)), a smooth rectifier.

    Shapes and dtypes: those of x; integers become floatx. Edge values: no overflow (1000 gives 1000, -1000 gives 0);
    infinities give inf and 0, NaN stays NaN.

    Source: Dugas et al., "Incorporating second-order functional knowledge for better option pricing", 2000.
    """
    xp, x = floating(x)
    return xp.maximum(0.0, x) + xp.log1p(xp.exp(xp.minimum(x, xp.negative(x))))


@operation
def softsign(x: Array) -> Array:
    """x / (1 + |x|).

    Shapes and dtypes: those of x; integers become floatx. Edge values: infinities give NaN, as in Keras.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = floating(x)
    return x / (1.0 + xp.abs(x))


@operation
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)).

    Shapes and dtypes: those of x; integers become floatx. Edge values: no overflow, accurate on both sides (values near
    0 keep their relative precision); infinities give 1 and 0, NaN stays NaN.

    Gradient: s * (1 - s), which is 0 where s has rounded to 1.

    Source: Keras 2.3.1 backend semantics.
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
    """A piecewise linear sigmoid: 0.2 * x + 0.5 kept within 0 and 1, with knees at -2.5 and 2.5.

    Shapes and dtypes: those of x; integers become floatx. Edge values: NaN stays NaN. Gradient: 0.2 between the knees
    and at them, 0 beyond (inside torch and JAX's own differentiation, half at the knees).

    Source: Courbariaux, Bengio, David, "BinaryConnect", 2015, with the slope of Theano and Keras.
    """
    xp, x = floating(x)
    return xp.minimum(xp.maximum(0.2 * x + 0.5, 0.0), 1.0)


@fast_path(inexact)
@operation
def tanh(x: Array) -> Array:
    """The hyperbolic tangent.

    Shapes and dtypes: those of x; integers become floatx. Edge values: infinities give 1 and -1, NaN stays NaN.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = inexact(x)
    return xp.tanh(x)


@operation
def silu(x: Array) -> Array:
    """x * sigmoid(x), also called swish.

    Shapes and dtypes: those of x; integers become floatx. Edge values: -inf gives NaN (its limit is 0).

    Source: Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units", 2018.
    """
    _, x = floating(x)
    return x * sigmoid(x)


@operation
def gelu(x: Array, approximate: bool = False) -> Array:
    """The Gaussian error linear unit: x times the probability that a standard normal variable lies below x.

    Shapes and dtypes: those of x; integers become floatx. `approximate` takes x/2 * (1 + tanh(sqrt(2/pi) *
    (x + 0.044715 x**3))) instead, which is up to 4.8e-4 away.
    Edge values: negative x lose no digits; -inf gives -0.0 (approximated: -1.2e-37, the value at -10), inf gives inf,
    NaN stays NaN.

    Source: Hendrycks, Gimpel, "Gaussian error linear units", 2016: x/2 * erfc(-x / sqrt(2)).
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
    """x divided by its Euclidean norm along the axes (None: all), or by 1e-6 where the norm is smaller.

    Shapes and dtypes: those of x; integers become floatx; float16 is computed in float32. Edge values: zeros stay
    zeros; a norm beyond the dtype's range gives 0 (the squares overflow); NaN makes its row NaN.
    Gradient: 1e6 times the result's at zeros; in float16 65504 at most (inf inside torch and JAX's own
    differentiation).
    Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics: x / sqrt(max(sum(x**2), 1e-12)).
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

    Shapes and dtypes: predictions (batch, classes), targets (batch,) of integers, result (batch,) of booleans.
    Edge values: scores equal to the target's do not displace it, so ties all count; False where the target is not a
    class or the row has a NaN or infinity. k of 0 gives False, k beyond the classes True.
    Errors: TypeError for targets that are not integers and a k that is not an integer; ValueError for other ranks,
    different batch sizes and a negative k.

    Source: Keras 2.3.1 backend semantics.
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
