"""The functions of `keras.ops.math`: segments, ranks, Fourier transforms and special functions."""

from __future__ import annotations

from typing import Any

import backend as K
from backend.dispatch.boundary import sizes
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import cast_to, common, counted, floats, is_real_float, kept, name_of, plain_axis, quiet
from .fourier import _get_complex_tensor_from_tuple as _get_complex_tensor_from_tuple
from .fourier import extract_sequences, fft, fft2, ifft2, irfft, istft, rfft, stft
from .value_shapes import up_to_largest

__all__ = [
    "cdist",
    "erf",
    "erfc",
    "erfinv",
    "extract_sequences",
    "fft",
    "fft2",
    "ifft2",
    "in_top_k",
    "irfft",
    "istft",
    "logdet",
    "logsumexp",
    "rfft",
    "rsqrt",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "stft",
    "top_k",
]


# ---- segments ---------------------------------------------------------------------------------------------------


def _segments(function: Any) -> Any:
    """K's reduction over segments; without a number of them there are as many as the greatest id says."""

    def reduced(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:
        data, ids = convert_to_tensor(data), cast_to(convert_to_tensor(segment_ids), "int32")
        count = sizes(up_to_largest(ids))[0] if num_segments is None else int(num_segments)
        return cast_to(function(data, ids, count), name_of(data))

    return quiet(reduced)


segment_sum, segment_prod = _segments(K.segment_sum), _segments(K.segment_prod)
segment_max, segment_min = _segments(K.segment_max), _segments(K.segment_min)


# ---- ranks ------------------------------------------------------------------------------------------------------


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    x = convert_to_tensor(x)
    values, places = K.top_k(counted(x), int(k))
    return cast_to(values, name_of(x)), cast_to(places, "int32")


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    predictions = convert_to_tensor(predictions)
    targets = cast_to(convert_to_tensor(targets), "int32")
    own = K.take_along_axis(predictions, targets[:, None], axis=-1)
    return array_namespace(own).any(own >= top_k(predictions, k)[0], axis=-1)


# ---- sums of exponentials, distances -----------------------------------------------------------------


@quiet
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return K.logsumexp(floats(x), axis=plain_axis(axis), keepdims=keepdims)


@quiet
def cdist(x: Any, y: Any) -> Any:
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if x.ndim < 2 or y.ndim < 2:
        raise ValueError("`cdist` inputs must have rank >= 2")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError("Last dimension of inputs to `cdist` must match")
    dtype = common(x, y, float)
    x, y = cast_to(x, dtype), cast_to(y, dtype)
    difference = x[..., :, None, :] - y[..., None, :, :]
    return K.norm(difference, axis=-1)


# ---- special functions ------------------------------------------------------------------------------------------


@kept(floats)
def rsqrt(x: Any) -> Any:
    return 1.0 / array_namespace(x).sqrt(x)


@quiet
def erf(x: Any) -> Any:
    return _narrow(K.erf, x)


@quiet
def erfc(x: Any) -> Any:
    return _narrow(K.erfc, x)


@quiet
def erfinv(x: Any) -> Any:
    return _narrow(K.erfinv, x)


def _narrow(function: Any, x: Any) -> Any:
    x = convert_to_tensor(x)
    dtype = common(x, float) if not is_real_float(x) or name_of(x) == "float64" else name_of(x)
    return cast_to(function(floats(x)), dtype)


@quiet
def logdet(x: Any) -> Any:
    return K.slogdet(floats(x))[1]
