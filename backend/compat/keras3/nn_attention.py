"""Attention for `keras.ops.nn`, by K's composite."""

from __future__ import annotations

from typing import Any

import backend as K
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import array_like, boolean, cast_to, floats, in_common, name_of, quiet
from .numpy_elementwise import LARGEST

__all__ = ["dot_product_attention"]


@quiet
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    if flash_attention:
        raise ValueError("Flash attention is not supported in array_api backend.")
    query, key, value = (floats(x) for x in in_common(query, key, value))
    if query.ndim != 4 or key.ndim != 4 or value.ndim != 4:
        raise ValueError(
            "`dot_product_attention` only supports 4D inputs. "
            f"Received: query.shape={tuple(query.shape)}, key.shape={tuple(key.shape)}, "
            f"value.shape={tuple(value.shape)}."
        )
    xp, heads = array_namespace(query, key, value), (0, 2, 1, 3)
    added = None if bias is None else cast_to(convert_to_tensor(bias), name_of(query))
    if mask is not None:
        added = _masked(boolean(mask), added, query)
    query, key, value = (xp.permute_dims(x, heads) for x in (query, key, value))
    shared = query.shape[1] // key.shape[1] if key.shape[1] else 1
    if shared > 1:  # grouped queries: several heads of the query share one of the keys
        key, value = xp.repeat(key, shared, axis=1), xp.repeat(value, shared, axis=1)
    found = K.scaled_dot_product_attention(query, key, value, added, is_causal, None if scale is None else float(scale))
    return cast_to(xp.permute_dims(found, heads), name_of(query))


def _masked(mask: Any, added: Any, like: Any) -> Any:
    """What is added to the scores: a number far below all scores where the mask says no.

    It is finite, so that a query that sees no key gets the mean of all values, as on Keras's other backends.
    """
    xp = array_namespace(mask, like)
    bottom = array_like(like, -0.7 * LARGEST[name_of(like)])
    return xp.where(mask, array_like(like, 0.0) if added is None else added, bottom)
