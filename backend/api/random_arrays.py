"""Random choices about an array: what is dropped, the order, classes; and seeds from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.arguments import shown
from ..arrays.namespaces import plain
from ..arrays.typing import Array, DTypeLike, Size
from ..dispatch.boundary import axis_of, count_of, dtype_from, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, dtype_name, floating, is_array, is_float, is_integer, native_dtype
from ..graph.recording import tensor
from ..graph.tensor import Tensor
from ..ops.rng.sampling import WORDS, below, classes_drawn, draw_bernoulli, draw_uniform, kept, shuffled
from ..ops.rng.seeds import seed_words, split
from .drawing import drawn_for, parameters

__all__ = ["dropout", "random_categorical", "random_shuffle", "random_split"]


@operation
def dropout(
    x: Array, level: Any, noise_shape: Sequence[Size | None] | None = None, seed: int | Array | None = None
) -> Array:
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
    seed : int or array, optional
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
    Level 0 gives x. For a symbolic x each evaluation draws anew; a native array takes the first draw of the seed, and
    any takes that of a seed that is an array. A dropped element is 0 even if it was NaN.

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
    (level,) = parameters("dropout", shape, x, level=level)
    if is_array(level):
        x = tensor(x) if isinstance(level, Tensor) else x
        u = drawn_for("dropout", x, draw_uniform, shape, seed, dtype="float32", minval=0.0, maxval=1.0)
        return kept(x, below(u, 1.0 - level, "bool"), level)
    if not 0.0 <= level < 1.0:
        raise ValueError(f"dropout: level is {level}, expected at least 0 and less than 1")
    if level == 0.0:
        return x
    mask = drawn_for("dropout", x, draw_bernoulli, shape, seed, dtype="bool", p=1.0 - level)
    return kept(tensor(x) if isinstance(mask, Tensor) else x, mask, level)


@operation
def random_shuffle(x: Array, axis: int = 0, seed: int | Array | None = None) -> Array:
    """Put the slices of an array along an axis in a random order.

    Parameters
    ----------
    x : array
        Of any dtype.
    axis : int, optional
    seed : int or array, optional
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
    return shuffled(x, drawn_for("random_shuffle", x, draw_uniform, (sizes(x)[axis],), seed, **WORDS), axis)


@operation
def random_categorical(
    logits: Array, num_samples: Size, dtype: DTypeLike = "int32", seed: int | Array | None = None
) -> Array:
    """Draw numbers of classes with the probabilities softmax(logits).

    Parameters
    ----------
    logits : array, shape (..., classes)
        Unnormalized logarithms of probabilities; integers become floatx.
    num_samples : int
        The number of independent draws of each distribution.
    dtype : dtype, optional
        Of the result, an integer dtype.
    seed : int or array, optional
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
    u = drawn_for("random_categorical", logits, draw_uniform, shape, seed, dtype="float32", minval=0.0, maxval=1.0)
    drawn = classes_drawn(logits, u)
    xp = array_namespace(drawn)
    return xp.astype(drawn, native_dtype(xp, name))


@operation
def random_split(seed: Array, num: Size = 2) -> Array:
    """Seeds from a seed: each gives random numbers that are independent of the others' and of its own.

    Parameters
    ----------
    seed : array
        As in `random_uniform`, but no number; symbolic or native.
    num : int, optional
        How many.

    Returns
    -------
    array, shape (num, 2)
        int32, each row a seed; equal bit for bit on every library.

    Raises
    ------
    TypeError
        For a seed that is no array of integers.
    ValueError
        For a seed of another shape, and a negative num.

    References
    ----------
    JAX, ``jax.random.split``. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.

    Examples
    --------
    >>> first, second = K.random_split(np.asarray([7, 0]))
    >>> K.random_uniform((2,), seed=first)
    array([0.218122  , 0.00684828], dtype=float32)
    >>> K.random_uniform((2,), seed=second)
    array([0.33048087, 0.07254243], dtype=float32)
    """
    words = seed_words("random_split", seed)
    if words is None:
        raise TypeError(f"random_split: seed is {shown(seed)}, expected an array of integers")
    return split(words, count_of("random_split", "num", num))


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
