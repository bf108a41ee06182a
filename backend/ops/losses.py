"""Losses of classification: crossentropies of probabilities, of logits and of labels.

float16 is computed in float32, as it has no number between 1 - epsilon and 1, and the result is cast back.
"""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array
from ..config import epsilon
from ..dispatch.boundary import broadcast, normalize_axis, product, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    can_ask,
    device_of,
    dtype_name,
    floating,
    native_dtype,
    promoted_floats,
    refuse,
    require_real,
)
from ..graph.composite import composite
from .activations import log_softmax, sigmoid
from .elementwise import at_least_single

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "sparse_categorical_crossentropy",
]


@operation
def categorical_crossentropy(target: Array, output: Array, from_logits: bool = False, axis: int = -1) -> Array:
    """Crossentropy between two distributions over the classes along an axis.

    Parameters
    ----------
    target : array
        Probabilities of the classes along `axis`.
    output : array
        Probabilities or logits, in the shape of the target.
    from_logits : bool
        Whether `output` are logits, whose softmax is taken.
    axis : int

    Returns
    -------
    array
        ``-sum(target * log(output))``: the shape without `axis`, in the common
        floating dtype.

    Raises
    ------
    ValueError
        If the shapes differ, or the axis is out of range.

    Notes
    -----
    Probabilities are divided by their sum, then kept within epsilon and 1 -
    epsilon, so a saturated miss costs -log(1e-7) = 16.118. Outputs that sum to
    0 are not divided: a row of zeros costs 16.118 for each unit of its target,
    with a gradient of 0. Logits are not clipped.

    float16 is computed in float32. A loss beyond its range is inf, with a
    finite gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.categorical_crossentropy``.

    Examples
    --------
    >>> target = np.asarray([[0.0, 1.0], [1.0, 0.0]])
    >>> K.categorical_crossentropy(target, np.asarray([[0.5, 0.5], [0.8, 0.2]]))
    array([0.69314718, 0.22314355])
    """
    xp, target, output, dtype = _pair(target, output)
    axis = normalize_axis("categorical_crossentropy", axis, output.ndim)
    _same_shape("categorical_crossentropy", target, output)
    logs = log_softmax(output, axis) if from_logits else xp.log(_shares(xp, output, axis))
    return _as(xp, -xp.sum(target * logs, axis=axis), dtype)


@operation
def sparse_categorical_crossentropy(target: Array, output: Array, from_logits: bool = False, axis: int = -1) -> Array:
    """Crossentropy of integer labels: minus the log-probability of their classes.

    Parameters
    ----------
    target : array
        Labels, in any real dtype, truncated to integers. The shape of the
        output without `axis`, or with size 1 there or at the end, or any shape
        of as many elements.
    output : array
        Probabilities or logits of the classes along `axis`; integers become
        floatx.
    from_logits : bool
        Whether `output` are logits, whose softmax is taken.
    axis : int

    Returns
    -------
    array
        Shape of the output without `axis`, and its dtype.

    Raises
    ------
    IndexError
        If a label is not a class.
    ValueError
        If the axis is out of range, or the target of another size.

    Notes
    -----
    Probabilities are kept within epsilon and 1 - epsilon and then divided by
    their sum (in `categorical_crossentropy` the other way round), so a row of
    zeros costs log(classes), with a gradient of 0. Logits are not clipped.
    float16 is computed in float32.

    References
    ----------
    Keras 2.3.1, ``keras.backend.sparse_categorical_crossentropy``.

    Examples
    --------
    >>> logits = np.asarray([[0.0, 0.0], [0.0, 100.0]])
    >>> K.sparse_categorical_crossentropy(np.asarray([0, 0]), logits, from_logits=True)
    array([  0.69314718, 100.        ])
    """
    xp, target, output = arrays(target, output)
    _, output = floating(output)
    require_real(target)
    dtype, output = output.dtype, at_least_single(output)
    axis = normalize_axis("sparse_categorical_crossentropy", axis, output.ndim)
    if not from_logits:
        output = xp.log(_inside(xp, output))
    logs = log_softmax(output, axis)
    if axis != output.ndim - 1:
        order = [i for i in range(output.ndim) if i != axis]
        logs = xp.permute_dims(logs, (*order, axis))
    return _as(xp, -gather_labels(logs, _labels(xp, target, logs)), dtype)


@operation
def binary_crossentropy(target: Array, output: Array, from_logits: bool = False) -> Array:
    """Crossentropy of yes-or-no targets, elementwise.

    Parameters
    ----------
    target : array
        Probabilities, mostly 0 or 1.
    output : array
        Probabilities or logits; its shape broadcasts with that of the target.
    from_logits : bool
        Whether `output` are logits, whose sigmoid is taken.

    Returns
    -------
    array
        ``-(t * log(p) + (1 - t) * log(1 - p))`` in the broadcast shape and the
        common floating dtype.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Probabilities are kept within epsilon and 1 - epsilon, and epsilon is added
    again under the logarithms, so a saturated miss costs -log(2e-7) = 15.42;
    the gradient is 0 at 0 and 1. Logits are not clipped: ``log(1 + exp(x)) - t
    * x`` without overflow. float16 is computed in float32.

    References
    ----------
    Keras 2.3.1, ``keras.backend.binary_crossentropy``.

    Examples
    --------
    >>> np.round(K.binary_crossentropy(1.0, np.asarray([0.0, 0.5])), 3)
    array([15.425,  0.693])
    >>> K.binary_crossentropy(np.asarray([1.0, 0.0]), np.asarray([-1000.0, -1000.0]), True)
    array([1000.,    0.])
    """
    xp, target, output, dtype = _pair(target, output)
    broadcast("binary_crossentropy", sizes(target), sizes(output))
    if from_logits:
        linear = xp.maximum(0.0, output) - output * target  # first: a correct saturated answer cancels exactly
        return _as(xp, linear + xp.log1p(xp.exp(xp.minimum(output, xp.negative(output)))), dtype)
    p, e = _inside(xp, output), epsilon()
    return _as(xp, -(target * xp.log(p + e) + (1.0 - target) * xp.log(1.0 - p + e)), dtype)


@operation
def binary_focal_crossentropy(
    target: Array,
    output: Array,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Array:
    """Focal crossentropy of yes-or-no targets: easy examples weigh less.

    Parameters
    ----------
    target : array
        Probabilities, mostly 0 or 1.
    output : array
        Probabilities or logits; its shape broadcasts with that of the target.
    apply_class_balancing : bool
        Whether targets of 1 weigh `alpha` and targets of 0 weigh ``1 - alpha``.
    alpha : float
    gamma : float
    from_logits : bool
        Whether `output` are logits, whose sigmoid is taken.

    Returns
    -------
    array
        `binary_crossentropy` times ``(1 - p)**gamma``, p being the probability
        of the true class, in the broadcast shape and the common floating dtype.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If `alpha` or `gamma` is not a number.

    Notes
    -----
    Probabilities are kept within epsilon and 1 - epsilon, with a gradient of 0
    at 0 and 1; logits are not clipped. A gamma of 0 gives the crossentropy
    itself. float16 is computed in float32.

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár, "Focal loss for dense object detection",
    2017, equations 4 and 5; Keras 3 backend semantics.

    Examples
    --------
    >>> target, output = np.asarray([1.0, 1.0]), np.asarray([0.5, 0.9])
    >>> np.round(K.binary_crossentropy(target, output), 4)
    array([0.6931, 0.1054])
    >>> np.round(K.binary_focal_crossentropy(target, output), 4)
    array([0.1733, 0.0011])
    """
    xp, target, output, dtype = _pair(target, output)
    broadcast("binary_focal_crossentropy", sizes(target), sizes(output))
    if from_logits:
        yes, no = sigmoid(output), sigmoid(xp.negative(output))
    else:
        yes = _inside(xp, output)
        no = 1.0 - yes
    missed = target * no + (1.0 - target) * yes
    result = _power(missed, gamma) * binary_crossentropy(target, output, from_logits)
    if apply_class_balancing:
        result = (target * alpha + (1.0 - target) * (1.0 - alpha)) * result
    return _as(xp, result, dtype)


@operation
def categorical_focal_crossentropy(
    target: Array, output: Array, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, axis: int = -1
) -> Array:
    """Focal crossentropy over classes: easy examples weigh less.

    Parameters
    ----------
    target : array
        Probabilities of the classes along `axis`.
    output : array
        Probabilities or logits, in the shape of the target.
    alpha : float
    gamma : float
    from_logits : bool
        Whether `output` are logits, whose softmax is taken.
    axis : int

    Returns
    -------
    array
        ``-sum(alpha * (1 - p)**gamma * target * log(p))``, p being the
        probabilities: the shape without `axis`, in the common floating dtype.

    Raises
    ------
    ValueError
        If the shapes differ, or the axis is out of range.
    TypeError
        If `alpha` or `gamma` is not a number.

    Notes
    -----
    Edge values are those of `categorical_crossentropy`, which an alpha of 1 and
    a gamma of 0 give. A row of zeros has p of epsilon, so it costs 16.118 alpha
    for each unit of its target, with a gradient of 0.

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár, "Focal loss for dense object detection",
    2017, equation 5, over several classes; Keras 3 backend semantics.

    Examples
    --------
    >>> target, output = np.asarray([[0.0, 1.0]]), np.asarray([[0.2, 0.8]])
    >>> np.round(K.categorical_focal_crossentropy(target, output, alpha=1.0), 4)
    array([0.0089])
    >>> np.round(K.categorical_focal_crossentropy(target, output, alpha=1.0, gamma=0.0), 4)
    array([0.2231])
    """
    xp, target, output, dtype = _pair(target, output)
    axis = normalize_axis("categorical_focal_crossentropy", axis, output.ndim)
    _same_shape("categorical_focal_crossentropy", target, output)
    if from_logits:
        logs = log_softmax(output, axis)
        missed = -xp.expm1(logs)
    else:
        p = _shares(xp, output, axis)
        logs, missed = xp.log(p), 1.0 - p
    return _as(xp, -xp.sum(alpha * _power(missed, gamma) * target * logs, axis=axis), dtype)


@composite
def gather_labels(x: Array, labels: Array) -> Array:
    """x[..., label] of each row; IndexError for labels outside 0 to the number of classes less 1."""
    xp, classes = array_namespace(x), sizes(x)[-1]
    if can_ask(labels):
        text = f"sparse_categorical_crossentropy: target holds a label outside the classes 0 to {classes - 1}"
        refuse(xp.any((labels < 0) | (labels >= classes)), lambda: IndexError(text))
    if not product(labels.shape):  # an empty axis of classes has no elements
        return xp.zeros(labels.shape, dtype=x.dtype, device=device_of(x))
    rows = product(labels.shape)
    if rows * classes >= 2**31:
        labels = xp.astype(labels, native_dtype(xp, "int64"))
    first = xp.arange(rows, dtype=labels.dtype, device=device_of(labels)) * classes
    places = first + xp.reshape(labels, (rows,))  # torch's take_along_axis would need int64
    return xp.reshape(xp.take(xp.reshape(x, (-1,)), places), labels.shape)


@gather_labels.shape
def _(x, labels):
    return sizes(x)[:-1]


@gather_labels.vjp
def _(g, out, x, labels):
    xp = array_namespace(g)
    classes = xp.arange(sizes(x)[-1], dtype=labels.dtype, device=device_of(x))
    return xp.where(xp.expand_dims(labels, axis=-1) == classes, xp.expand_dims(g, axis=-1), 0.0), None


def _pair(target: Array, output: Array) -> tuple[Any, Array, Array, Any]:
    """Both as floating arrays of one dtype, of at least 32 bits, and the dtype of the result."""
    xp, target, output = promoted_floats(target, output)
    return xp, at_least_single(target), at_least_single(output), output.dtype


def _as(xp: Any, x: Array, dtype: Any) -> Array:
    return x if x.dtype == dtype else xp.astype(x, dtype)


def _shares(xp: Any, output: Array, axis: int) -> Array:
    """Probabilities divided by their sum, except by a sum of 0, and kept within epsilon and 1 - epsilon."""
    total = xp.sum(output, axis=axis, keepdims=True)
    return _inside(xp, output / xp.where(total == 0, 1.0, total))


def _power(missed: Array, gamma: float) -> Any:
    """missed ** gamma; to the power 0 it is a number, for the slope of 0 ** 0 would be NaN."""
    return missed**gamma if gamma else 1.0


def _inside(xp: Any, p: Array) -> Array:
    """Probabilities kept within epsilon and 1 - epsilon; the gradient is 1 at both ends, 0 beyond."""
    low, high = epsilon(), 1.0 - epsilon()
    return xp.minimum(xp.maximum(p, low), high)


def _labels(xp: Any, target: Array, logs: Array) -> Array:
    """Labels as integers in the shape of the rows of `logs`."""
    shape = sizes(logs)[:-1]
    if all(isinstance(n, int) for n in (*shape, *sizes(target))) and product(shape) != product(target.shape):
        raise ValueError(
            f"sparse_categorical_crossentropy: target has shape {tuple(target.shape)}, expected {tuple(shape)}"
        )
    if dtype_name(target.dtype) not in ("int32", "int64"):
        target = xp.astype(target, native_dtype(xp, "int32"))
    return xp.reshape(target, shape)


def _same_shape(operation: str, target: Array, output: Array) -> None:
    pairs = list(zip(target.shape, output.shape, strict=False))
    if target.ndim != output.ndim or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ValueError(
            f"{operation}: target has shape {tuple(target.shape)} and output {tuple(output.shape)}, expected the same"
        )
