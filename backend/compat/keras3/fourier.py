"""Fourier transforms of `keras.ops.math`: complex arrays come as pairs of real ones."""

from __future__ import annotations

from typing import Any

from backend.dispatch.boundary import sizes
from backend.dispatch.promotion import array_namespace, device_of

from .core import convert_to_tensor
from .dtype_rules import array_like, cast_to, is_real_float, name_of, quiet
from .numpy_creation import hamming, hanning
from .numpy_shapes import pad

__all__ = ["extract_sequences", "fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]


# ---- pairs ------------------------------------------------------------------------------------------------------


def _get_complex_tensor_from_tuple(x: Any) -> Any:
    """A pair of real and imaginary parts as one complex array, under the name that Keras asks for."""
    return _complex(x)[0]


def _complex(x: Any) -> tuple[Any, str]:
    """A pair of real and imaginary parts as one complex array, and the parts' dtype."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"Input `x` should be a tuple of two tensors - real and imaginary. Received: x={x}")
    real, imag = (convert_to_tensor(part) for part in x)
    if tuple(real.shape) != tuple(imag.shape):
        raise ValueError(
            "Input `x` should be a tuple of two tensors - real and imaginary. Both the real and imaginary parts should "
            f"have the same shape. Received: x[0].shape = {tuple(real.shape)}, x[1].shape = {tuple(imag.shape)}"
        )
    if not is_real_float(real) or not is_real_float(imag):
        raise ValueError(f"At least one tensor in input `x` is not of type float. Received: x={x}.")
    dtype = name_of(real)
    wide = "complex128" if dtype == "float64" else "complex64"
    return cast_to(real, wide) + cast_to(imag, wide) * 1j, dtype


def _pair(z: Any, dtype: str) -> tuple[Any, Any]:
    """The real and the imaginary part of a complex array."""
    xp = array_namespace(z)
    return cast_to(xp.real(z), dtype), cast_to(xp.imag(z), dtype)


def _real(x: Any) -> tuple[Any, str]:
    """A real array that can be transformed, and the dtype of the result."""
    x = convert_to_tensor(x)
    dtype = name_of(x) if is_real_float(x) else "float32"
    return cast_to(x, "float64" if dtype == "float64" else "float32"), dtype


# ---- transforms -------------------------------------------------------------------------------------------------


@quiet
def fft(x: Any) -> tuple[Any, Any]:
    z, dtype = _complex(x)
    return _pair(array_namespace(z).fft.fft(z), dtype)


@quiet
def fft2(x: Any) -> tuple[Any, Any]:
    z, dtype = _complex(x)
    return _pair(array_namespace(z).fft.fftn(z, axes=(-2, -1)), dtype)


@quiet
def ifft2(x: Any) -> tuple[Any, Any]:
    z, dtype = _complex(x)
    return _pair(array_namespace(z).fft.ifftn(z, axes=(-2, -1)), dtype)


@quiet
def rfft(x: Any, fft_length: int | None = None) -> tuple[Any, Any]:
    x, dtype = _real(x)
    return _pair(array_namespace(x).fft.rfft(x, n=fft_length), dtype)


@quiet
def irfft(x: Any, fft_length: int | None = None) -> Any:
    z, dtype = _complex(x)
    return cast_to(array_namespace(z).fft.irfft(z, n=fft_length), dtype)


# ---- short-time transforms --------------------------------------------------------------------------------------


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    x = convert_to_tensor(x)
    xp, length = array_namespace(x), x.shape[-1]
    starts = range(0, length - sequence_length + 1, sequence_stride)
    places = [start + i for start in starts for i in range(sequence_length)]
    index = cast_to(convert_to_tensor(places, "int32"), name_of(xp.arange(0, device=device_of(x))))
    return xp.reshape(xp.take(x, index, axis=-1), (*sizes(x)[:-1], len(starts), sequence_length))


def _window(window: Any, sequence_length: int, fft_length: int, dtype: str) -> Any:
    """The weights of a frame, between zeros where the transform is longer."""
    before = (fft_length - sequence_length) // 2
    after = fft_length - sequence_length - before
    if window is None:
        weights = array_like(convert_to_tensor(0.0, dtype), 1.0)
        return array_namespace(weights).broadcast_to(weights, (fft_length,))
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(
                f'If a string is passed to `window`, it must be one of `"hann"`, `"hamming"`. Received: window={window}'
            )
        # periodic: of a symmetric window of one element more, the last one is left out
        weights = cast_to({"hann": hanning, "hamming": hamming}[window](sequence_length + 1)[:-1], dtype)
    else:
        weights = cast_to(convert_to_tensor(window), dtype)
    if weights.ndim != 1 or weights.shape[0] != sequence_length:
        raise ValueError(
            f"The shape of `window` must be equal to [sequence_length]. Received: window shape={tuple(weights.shape)}"
        )
    return pad(weights, ((before, after),))


@quiet
def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> tuple[Any, Any]:
    x = convert_to_tensor(x)
    dtype = name_of(x)
    if dtype not in ("float32", "float64"):
        raise TypeError(f"Invalid input type. Expected `float32` or `float64`. Received: input type={dtype}")
    if fft_length < sequence_length:
        raise ValueError(
            "`fft_length` must equal or larger than `sequence_length`. "
            f"Received: sequence_length={sequence_length}, fft_length={fft_length}"
        )
    weights = _window(window, sequence_length, fft_length, dtype)
    if center:
        x = pad(x, (*(((0, 0),) * (x.ndim - 1)), (fft_length // 2, fft_length // 2)), mode="reflect")
    frames = extract_sequences(x, fft_length, sequence_stride)
    return _pair(array_namespace(frames).fft.rfft(frames * weights), dtype)


@quiet
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    z, dtype = _complex(x)
    frames = cast_to(array_namespace(z).fft.irfft(z, n=fft_length), dtype)
    if window is not None:
        frames = frames * _inverse_window(_window(window, sequence_length, fft_length, dtype), sequence_stride)
    count = frames.shape[-2]
    found = _overlapped(frames, sequence_stride)
    start = fft_length // 2 if center else 0
    expected = fft_length + sequence_stride * (count - 1)
    stop = start + length if length is not None else expected - start
    if stop > expected:
        found = pad(found, (*(((0, 0),) * (found.ndim - 1)), (0, stop - expected)))
    return found[..., start:stop]


def _inverse_window(weights: Any, stride: int) -> Any:
    """What the weights must be multiplied by to add up to 1 with those of the frames beside: Griffin & Lim, 1984."""
    xp, size = array_namespace(weights), weights.shape[0]
    pieces = -(-size // stride)
    squares = xp.reshape(pad(weights * weights, ((0, pieces * stride - size),)), (pieces, stride))
    total = xp.tile(xp.sum(squares, axis=0), (pieces,))[:size]
    return weights / xp.where(total == 0, array_like(total, 1.0), total)


def _overlapped(frames: Any, stride: int) -> Any:
    """The sum of frames (..., count, size), each one `stride` after the one before it, along one axis.

    A frame is cut into pieces of a stride's length: the pieces of one number lie side by side.
    """
    total: Any = None
    xp, (*batch, count, size) = array_namespace(frames), frames.shape
    pieces = -(-size // stride)
    none = ((0, 0),) * (frames.ndim - 1)
    frames = pad(frames, (*none, (0, pieces * stride - size)))
    frames = xp.reshape(frames, (*batch, count, pieces, stride))
    for i in range(pieces):
        row = xp.reshape(frames[..., i, :], (*batch, count * stride))
        row = pad(row, (*none[1:], (i * stride, (pieces - 1 - i) * stride)))
        total = row if total is None else total + row
    return total[..., : size + stride * (count - 1)]
