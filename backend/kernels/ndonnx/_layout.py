"""The order of axes: ONNX has channels first, K's composites have them last."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from ...arrays.libraries.ndonnx import fixed, of_onnx, value_of
from ...arrays.windows import padding_of

__all__ = ["channels_first", "channels_last", "lacks_values", "padding", "permuted"]

# The values that `permuted` made: of which value, and in which order of axes; so that two moves that cancel are none.
_MADE: weakref.WeakKeyDictionary[Any, tuple[Any, tuple[int, ...]]] = weakref.WeakKeyDictionary()


def permuted(x: Any, order: Sequence[int]) -> Any:
    """An ONNX value with the axes of an array in another order; a constant is moved now."""
    known = value_of(x)
    if known is not None:
        return fixed(np.ascontiguousarray(np.transpose(known, order)))
    source, found = x.unwrap_spox(), tuple(order)
    if source in _MADE:
        source, before = _MADE[source]
        found = tuple(before[i] for i in found)
    if found == tuple(range(len(found))):
        return source
    var = op.transpose(source, perm=found)
    _MADE[var] = (source, found)
    return var


def channels_first(x: Any) -> Any:
    """x (batch, spatial..., channels) as an ONNX value (batch, channels, spatial...)."""
    return permuted(x, (0, x.ndim - 1, *range(1, x.ndim - 1)))


def channels_last(var: Any, ndim: int) -> Any:
    """The array (batch, spatial..., channels) of an ONNX value (batch, channels, spatial...)."""
    array = of_onnx(var)
    return of_onnx(permuted(array, (0, *range(2, ndim), 1)))


def lacks_values(x: Any) -> bool:
    """Whether ONNX Runtime could not compute windows of these values now: it has products and means in no float64."""
    return x.dtype == ndonnx.float64 and value_of(x) is not None


def padding(sizes: Sequence[Any], window: Any, strides: Any, dilation: Any, how: str) -> dict[str, Any] | None:
    """The attributes that pad as K does; None where ONNX has none for sizes that are not known.

    The padding of a stride of 1 depends on the window alone; of others ONNX's SAME_UPPER finds it when the file runs.
    """
    if how == "valid":
        return {}
    if any(not isinstance(n, int) and s != 1 for n, s in zip(sizes, strides, strict=True)):
        return {"auto_pad": "SAME_UPPER"} if set(dilation) == {1} else None
    known = [n if isinstance(n, int) else 1 for n in sizes]
    pads = [padding_of(n, k, s, d, how) for n, k, s, d in zip(known, window, strides, dilation, strict=True)]
    return {"pads": [before for before, _ in pads] + [after for _, after in pads]}
