"""Fourier transforms of the standard on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .dtypes import COMPLEX, complex64, complex128, float32, float64
from .manipulation import roll
from .operands import axes_of, axis_of, on_device, sizes

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

_OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _scale(n: int, norm: str, inverse: bool) -> float:
    """The factor that makes TensorFlow's transform, whose inverse has the factor 1/n, one of this norm."""
    if norm not in _OPPOSITE:
        raise ValueError(f"norm is {norm!r}, expected 'backward', 'ortho' or 'forward'")
    factor = {"backward": 0.0, "ortho": 0.5, "forward": 1.0}[norm]
    return float(n) ** (factor if inverse else -factor)


def _along(x: Any, n: Any, axis: int, kept: Any, transform: Callable[[Any], Any], factor: float) -> Any:
    """The transform along one axis, whose size becomes `kept` before it by zeros or by leaving elements out."""
    ndim = x.shape.rank
    axis = axis_of(axis, ndim)
    order = list(range(ndim))
    order[axis], order[-1] = order[-1], order[axis]
    x = tf.transpose(x, order)
    have = sizes(x)[-1]
    if kept is not None:
        x = x[..., :kept]
        x = tf.pad(x, [[0, 0]] * (ndim - 1) + [[0, tf.maximum(kept - have, 0)]])
        x.set_shape((*x.shape[:-1], kept))
    found = tf.transpose(transform(x), order)
    return found if factor == 1.0 else found * tf.constant(factor, found.dtype)


def _complex(x: Any) -> Any:
    return x if x.dtype in COMPLEX else tf.cast(x, complex128 if x.dtype == float64 else complex64)


def _size(x: Any, n: Any, axis: int) -> int:
    """The number of points: given, or the size of the axis, which has to be known."""
    found = x.shape[axis_of(axis, x.shape.rank)] if n is None else n
    if found is None:
        raise ValueError("the axis has a size known at run time alone; give n")
    if found < 1:
        raise ValueError(f"a transform of {found} points, expected at least 1")
    return int(found)


def fft(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
    """The standard's `fft`."""
    count = _size(x, n, axis)
    return _along(_complex(x), n, axis, count, tf.signal.fft, _scale(count, norm, False))


def ifft(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
    """The standard's `ifft`."""
    count = _size(x, n, axis)
    return _along(_complex(x), n, axis, count, tf.signal.ifft, _scale(count, norm, True))


def _each(transform: Callable[..., Any], x: Any, s: Any, axes: Any, norm: str) -> Any:
    places, counts = _places(x, s, axes)
    for axis, count in zip(places, counts, strict=True):
        x = transform(x, n=count, axis=axis, norm=norm)
    return x


def _places(x: Any, s: Any, axes: Any) -> tuple[list[int], list[Any]]:
    """The axes that are transformed, and the number of points along each."""
    if axes is None:
        axes = range(x.shape.rank) if s is None else range(-len(s), 0)
    places = axes_of(tuple(axes), x.shape.rank)
    counts = [None] * len(places) if s is None else [None if n == -1 else n for n in s]
    if len(counts) != len(places):
        raise ValueError(f"{len(counts)} sizes for {len(places)} axes")
    return places, [_size(x, n, axis) for n, axis in zip(counts, places, strict=True)]


def fftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """The standard's `fftn`."""
    return _each(fft, x, s, axes, norm)


def ifftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """The standard's `ifftn`."""
    return _each(ifft, x, s, axes, norm)


def rfft(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
    """The standard's `rfft`."""
    count = _size(x, n, axis)
    return _along(x, n, axis, count, lambda v: tf.signal.rfft(v, [count]), _scale(count, norm, False))


def _doubled(x: Any, n: Any, axis: int) -> int:
    return 2 * (_size(x, None, axis) - 1) if n is None else int(n)


def irfft(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
    """The standard's `irfft`."""
    count = _doubled(x, n, axis)
    if count < 1:
        raise ValueError(f"irfft: a transform of {count} points, expected at least 1")
    run = _along(_complex(x), n, axis, count // 2 + 1, lambda v: tf.signal.irfft(v, [count]), 1.0)
    factor = _scale(count, norm, True)
    return run if factor == 1.0 else run * tf.constant(factor, run.dtype)


def rfftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """The standard's `rfftn`."""
    places, counts = _places(x, s, axes)
    x = rfft(x, n=counts[-1], axis=places[-1], norm=norm)
    return _each(fft, x, counts[:-1], places[:-1], norm) if places[:-1] else x


def irfftn(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
    """The standard's `irfftn`."""
    places, counts = _places(x, s, axes)
    last = counts[-1] if s is not None else _doubled(x, None, places[-1])
    x = _each(ifft, x, counts[:-1], places[:-1], norm) if places[:-1] else x
    return irfft(x, n=last, axis=places[-1], norm=norm)


def hfft(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
    """The standard's `hfft`."""
    if norm not in _OPPOSITE:
        raise ValueError(f"norm is {norm!r}, expected 'backward', 'ortho' or 'forward'")
    return irfft(tf.math.conj(_complex(x)), n=_doubled(x, n, axis), axis=axis, norm=_OPPOSITE[norm])


def ihfft(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
    """The standard's `ihfft`."""
    if norm not in _OPPOSITE:
        raise ValueError(f"norm is {norm!r}, expected 'backward', 'ortho' or 'forward'")
    return tf.math.conj(rfft(x, n=n, axis=axis, norm=_OPPOSITE[norm]))


def _frequencies(n: int, d: float, places: Any, dtype: Any, device: Any) -> Any:
    with on_device(device):
        return tf.cast(tf.constant([k / (n * d) for k in places], float64), float32 if dtype is None else dtype)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `fftfreq`."""
    return _frequencies(n, d, [*range((n + 1) // 2), *range(-(n // 2), 0)], dtype, device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `rfftfreq`."""
    return _frequencies(n, d, range(n // 2 + 1), dtype, device)


def _shifted(x: Any, axes: Any, back: bool) -> Any:
    places = axes_of(axes, x.shape.rank)
    shifts = [(-(sizes(x)[a] // 2) if back else sizes(x)[a] // 2) for a in places]
    return roll(x, shifts, axis=places)


def fftshift(x: Any, /, *, axes: Any = None) -> Any:
    """The standard's `fftshift`."""
    return _shifted(x, axes, False)


def ifftshift(x: Any, /, *, axes: Any = None) -> Any:
    """The standard's `ifftshift`."""
    return _shifted(x, axes, True)
