"""Attention with several heads."""

from __future__ import annotations

import math
from typing import Any

import backend as K

from .layer import Layer, as_list, mask_of

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Layer):
    """For each query an average of values, weighted by how well their keys fit, in several projections at once.

    The input is one sequence (batch, time, features), which attends to itself, or a list [query, value] or [query,
    value, key]. Keys whose time step is absent get no weight; a query that sees no key gets the output's bias. The
    output has the query's time steps, and its mask.

    Parameters
    ----------
    num_heads : int
        The number of projections.
    key_dim : int
        The size of a projected query or key.
    value_dim : int, optional
        The size of a projected value; `key_dim` by default.
    dropout : float
        The fraction of the weights that is dropped while training.
    use_bias : bool
    output_size : int, optional
        The size of the output's last axis; the query's by default.
    use_causal_mask : bool
        Whether query i sees keys 0 to i alone.
    kernel_initializer, bias_initializer : str or callable

    References
    ----------
    Vaswani et al., "Attention is all you need", 2017; names and weights of ``tf.keras.layers.MultiHeadAttention``,
    with `use_causal_mask` and `output_size` given when the layer is made.

    Examples
    --------
    >>> layer = K.models.MultiHeadAttention(num_heads=2, key_dim=4)
    >>> layer(K.models.Input((None, 6))).shape, layer.count_params()
    ((None, None, 6), 222)
    """

    supports_masking = True
    rank = 3

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_size: int | None = None,
        use_causal_mask: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads, self.key_dim = num_heads, key_dim
        self.value_dim = key_dim if value_dim is None else value_dim
        self.dropout, self.use_bias, self.output_size = dropout, use_bias, output_size
        self.use_causal_mask = use_causal_mask
        self._projections: dict[str, list[Any]] = {}
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def _given(self, x: Any) -> tuple[Any, Any, Any]:
        """Query, value and key."""
        query, *others = as_list(x)
        if len(others) > 2:
            raise ValueError(f"{self.name}: got {1 + len(others)} inputs, expected query, value and key at most")
        value = others[0] if others else query
        return query, value, others[1] if len(others) == 2 else value

    def build_for(self, inputs: list[Any]) -> None:
        query, value, key = self._given(inputs)
        for name, x, size in (
            ("query", query, self.key_dim),
            ("key", key, self.key_dim),
            ("value", value, self.value_dim),
        ):
            if K.ndim(x) != 3 or x.shape[-1] is None:
                raise ValueError(
                    f"{self.name}: the {name} has shape {K.int_shape(x)}, expected (batch, time, features) with a "
                    "known number of features"
                )
            self._add(name, (x.shape[-1], self.num_heads, size), (self.num_heads, size))
        size = query.shape[-1] if self.output_size is None else self.output_size
        self._add("attention_output", (self.num_heads, self.value_dim, size), (size,))

    def _add(self, name: str, kernel: tuple[int, ...], bias: tuple[int, ...]) -> None:
        made = [self.add_weight(f"{name}/kernel", kernel, self.kernel_initializer)]
        if self.use_bias:
            made.append(self.add_weight(f"{name}/bias", bias, self.bias_initializer))
        self._projections[name] = made

    def _projected(self, name: str, x: Any) -> Any:
        """A sequence in the projection of each head: (batch, heads, time, size)."""
        kernel, *bias = self._projections[name]
        features, heads, size = kernel.shape
        y = K.reshape(K.dot(x, K.reshape(kernel, (features, heads * size))), (*K.shape(x)[:2], heads, size))
        return K.permute_dimensions(y + bias[0] if bias else y, (0, 2, 1, 3))

    def call(self, x: Any) -> Any:
        query, value, key = self._given(x)
        q, v, k = (self._projected(*each) for each in (("query", query), ("value", value), ("key", key)))
        seen = [K.expand_dims(K.expand_dims(m, 1), 1) for m in (mask_of(value), mask_of(key)) if m is not None]
        if len(seen) == 2 and value is not key:
            seen = [seen[0] & seen[1]]
        mask = K.cast(seen[0], "bool") if seen else None
        if self.dropout:
            y = self._dropped(q, k, v, mask)
        else:
            y = K.scaled_dot_product_attention(q, k, v, mask, self.use_causal_mask)
        y = K.permute_dimensions(y, (0, 2, 1, 3))
        kernel, *bias = self._projections["attention_output"]
        heads, size, width = kernel.shape
        y = K.dot(K.reshape(y, (*K.shape(y)[:2], heads * size)), K.reshape(kernel, (heads * size, width)))
        return y + bias[0] if bias else y

    def _dropped(self, q: Any, k: Any, v: Any, mask: Any) -> Any:
        """The averages with some weights dropped while training."""
        xp = q.__array_namespace__()
        scores = xp.matmul(q, xp.matrix_transpose(k)) * (1.0 / math.sqrt(self.key_dim))
        if self.use_causal_mask:
            rows, columns = K.arange(K.shape(q)[2]), K.arange(K.shape(k)[2])
            causal = K.expand_dims(rows, 1) >= K.expand_dims(columns, 0)
            mask = causal if mask is None else mask & causal
        if mask is None:
            weights = K.softmax(scores)
        else:
            # a query that sees no key: equal scores, and weights of 0
            weights = K.softmax(xp.where(mask, scores, -1e9)) * K.cast(mask, K.dtype(scores))
        return xp.matmul(K.in_train_phase(lambda: K.dropout(weights, self.dropout), weights), v)

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return masks[0]
