"""Attention: averages of values, weighted by how well their keys fit the queries."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array
from ..autodiff.cotangents import unbroadcast
from ..dispatch.boundary import broadcast, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, dtype_name, is_float, promoted_floats
from ..graph.composite import composite

__all__ = ["scaled_dot_product_attention"]


@operation
def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    """Average values by how well their keys match each query.

    Parameters
    ----------
    query : array
        Shape (..., queries, features); integers become floatx.
    key : array
        Shape (..., keys, features).
    value : array
        Shape (..., keys, channels).
    mask : array, optional
        Broadcasts with (..., queries, keys): booleans, True where a key may be
        chosen, or floats that are added to the scores.
    is_causal : bool
        Whether query i sees keys 0 to i alone, in addition to the mask.
    scale : float, optional
        ``1 / sqrt(features)`` if not given.

    Returns
    -------
    array
        ``softmax(scale * query @ key.T + mask) @ value``, of shape (...,
        queries, channels). Leading axes broadcast; the dtypes are promoted.

    Raises
    ------
    ValueError
        For fewer than 2 dimensions, different numbers of features or keys, and
        shapes that do not broadcast.
    TypeError
        If the mask has integers, or `scale` is not a number.

    Notes
    -----
    A query that sees no key gives zeros, with gradient 0. NaN or infinity in a
    key that is masked stays out of the result, except in torch's own kernel; in
    a value it makes its channel NaN.

    References
    ----------
    Vaswani et al., "Attention is all you need", 2017, equation 1; rows without
    a key as in PyTorch.

    Examples
    --------
    >>> query, key = np.asarray([[0.0, 0.0], [100.0, 0.0]]), np.asarray([[0.0, 1.0], [1.0, 0.0]])
    >>> value = np.asarray([[10.0], [30.0]])
    >>> K.scaled_dot_product_attention(query, key, value)
    array([[20.],
           [30.]])
    >>> K.scaled_dot_product_attention(query, key, value, is_causal=True)
    array([[10.],
           [30.]])
    """
    _, query, key, value = promoted_floats(query, key, value)
    for argument, x in (("query", query), ("key", key), ("value", value)):
        if x.ndim < 2:
            raise ValueError(f"scaled_dot_product_attention: {argument} has {x.ndim} dimensions, expected at least 2")
    _same("features", "query", query, -1, "key", key, -1)
    _same("keys", "key", key, -2, "value", value, -2)
    batch = broadcast("scaled_dot_product_attention", sizes(query)[:-2], sizes(key)[:-2], sizes(value)[:-2])
    if mask is not None:
        mask = _checked(mask, query, (*batch, sizes(query)[-2], sizes(key)[-2]))
    scale = None if scale is None else float(scale)
    return attention(query, key, value, mask, is_causal=is_causal, scale=scale)


def _same(what: str, first: str, x: Array, i: int, second: str, y: Array, k: int) -> None:
    if None not in (x.shape[i], y.shape[k]) and x.shape[i] != y.shape[k]:
        raise ValueError(
            f"scaled_dot_product_attention: {first} has {x.shape[i]} {what} and {second} {y.shape[k]}, "
            "expected the same number"
        )


def _checked(mask: Array, query: Array, shape: tuple[Any, ...]) -> Array:
    """The mask as booleans or in the query's dtype."""
    xp, mask, _ = arrays(mask, query)
    broadcast("scaled_dot_product_attention", sizes(mask), shape)
    name = dtype_name(mask.dtype)
    if name != "bool" and not is_float(name):
        raise TypeError(f"scaled_dot_product_attention: mask has dtype {name}, expected bool or a floating dtype")
    return mask if mask.dtype in (xp.bool, query.dtype) else xp.astype(mask, query.dtype)


@composite
def attention(
    query: Array, key: Array, value: Array, mask: Array | None, *, is_causal: bool, scale: float | None
) -> Array:
    """The values averaged with `attention_weights`."""
    weights = attention_weights(query, key, mask, is_causal=is_causal, scale=scale)
    return array_namespace(query).matmul(weights, value)


@attention.shape
def _(query, key, value, mask, *, is_causal, scale):
    others = () if mask is None else (sizes(mask)[:-2],)
    batch = broadcast("scaled_dot_product_attention", sizes(query)[:-2], sizes(key)[:-2], sizes(value)[:-2], *others)
    return (*batch, sizes(query)[-2], sizes(value)[-1])


@attention.vjp
def _(g, out, query, key, value, mask, *, is_causal, scale):
    xp = array_namespace(query)
    weights = attention_weights(query, key, mask, is_causal=is_causal, scale=scale)
    d_weights = xp.matmul(g, xp.matrix_transpose(value))
    return (
        *_through_weights(d_weights, weights, query, key, mask, scale),
        unbroadcast(xp.matmul(xp.matrix_transpose(weights), g), value, core=2),
        *_through_mask(d_weights, weights, mask),
    )


@composite
def attention_weights(query: Array, key: Array, mask: Array | None, *, is_causal: bool, scale: float | None) -> Array:
    """The softmax of the scores over the keys; zeros where all keys are masked."""
    xp = array_namespace(query)
    queries, keys = sizes(query)[-2], sizes(key)[-2]
    scores = xp.matmul(scaled(query, scale), xp.matrix_transpose(key))
    if mask is not None:
        scores = xp.where(mask, scores, -xp.inf) if mask.dtype == xp.bool else scores + mask
    if is_causal:
        rows, columns = (xp.arange(n, dtype=xp.int32, device=device_of(query)) for n in (queries, keys))
        scores = xp.where(xp.expand_dims(rows, axis=1) >= xp.expand_dims(columns, axis=0), scores, -xp.inf)
    if isinstance(keys, int) and keys == 0:
        return scores
    highest = xp.max(scores, axis=-1, keepdims=True)
    e = xp.exp(scores - xp.where(highest == -xp.inf, 0.0, highest))
    total = xp.sum(e, axis=-1, keepdims=True)
    return e / xp.where(total == 0.0, 1.0, total)


@attention_weights.shape
def _(query, key, mask, *, is_causal, scale):
    others = () if mask is None else (sizes(mask)[:-2],)
    batch = broadcast("scaled_dot_product_attention", sizes(query)[:-2], sizes(key)[:-2], *others)
    return (*batch, sizes(query)[-2], sizes(key)[-2])


@attention_weights.vjp
def _(g, out, query, key, mask, *, is_causal, scale):
    return (*_through_weights(g, out, query, key, mask, scale), *_through_mask(g, out, mask))


def _scores_moved(g, weights):
    """The cotangent of the scores: that of a softmax."""
    return weights * (g - array_namespace(g).sum(g * weights, axis=-1, keepdims=True))


def _through_weights(g, weights, query, key, mask, scale):
    xp = array_namespace(g)
    g = _scores_moved(g, weights)
    return (
        unbroadcast(scaled(xp.matmul(g, key), scale, sizes(query)[-1]), query, core=2),
        unbroadcast(xp.matmul(xp.matrix_transpose(g), scaled(query, scale)), key, core=2),
    )


def _through_mask(g, weights, mask):
    if mask is None or not is_float(dtype_name(mask.dtype)):
        return (None,)
    return (unbroadcast(_scores_moved(g, weights), mask),)


def scaled(x: Array, scale: float | None, features: Any = None) -> Array:
    """x times the scale, which without one is 1 / sqrt(features), those of x if not given."""
    if scale is not None:
        return x * scale
    features = sizes(x)[-1] if features is None else features
    return divide_by_root(x, size=features)


@composite
def divide_by_root(x: Array, *, size: Any) -> Array:
    """x / sqrt(size), which may become known only when the graph runs."""
    return x * max(int(size), 1) ** -0.5


@divide_by_root.shape
def _(x, *, size):
    return sizes(x)


@divide_by_root.vjp
def _(g, out, x, *, size):
    return divide_by_root(g, size=size)
