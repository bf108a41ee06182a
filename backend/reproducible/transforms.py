"""Fourier transforms in the namespace, computed in float64 on the host."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.quiet import ERRORS, IGNORED
from ..arrays.typing import Namespace
from .complex_numbers import ComplexParts
from .fourier import Parts, transform
from .sums import axes_of
from .wrapping import Wrapping

__all__ = ["fft_functions"]


def _sized(parts: Parts, size: int, axis: int) -> Parts:
    """Cut, or filled up with zeros, to a size along an axis."""

    def one(x: np.ndarray) -> np.ndarray:
        x = np.moveaxis(x, axis, -1)[..., :size]
        missing = size - x.shape[-1]
        if missing:
            x = np.concatenate([x, np.zeros((*x.shape[:-1], missing))], axis=-1)
        return np.moveaxis(x, -1, axis)

    return one(parts[0]), one(parts[1])


def _along(parts: Parts, axis: int, inverse: bool) -> Parts:
    real, imaginary = transform((np.moveaxis(parts[0], axis, -1), np.moveaxis(parts[1], axis, -1)), inverse)
    return np.moveaxis(real, -1, axis), np.moveaxis(imaginary, -1, axis)


def _scaled(parts: Parts, size: int, norm: str, inverse: bool) -> Parts:
    if norm not in ("backward", "ortho", "forward"):
        raise ValueError(f"fft: norm is {norm!r}, expected 'backward', 'ortho' or 'forward'")
    if norm == "ortho":
        divisor = math.sqrt(size)
    elif (norm == "backward") == inverse:
        divisor = float(size)
    else:
        return parts
    return parts[0] / divisor, parts[1] / divisor


def _mirrored(parts: Parts, size: int, axis: int) -> Parts:
    """The whole spectrum of a real signal of that size, from its first half."""
    (real, imaginary) = (np.moveaxis(x, axis, -1) for x in _sized(parts, size // 2 + 1, axis))
    imaginary = np.array(imaginary)
    imaginary[..., 0] = 0.0
    if size % 2 == 0:
        imaginary[..., -1] = 0.0
    rest = slice(1, (size + 1) // 2)
    real = np.concatenate([real, real[..., rest][..., ::-1]], axis=-1)
    imaginary = np.concatenate([imaginary, -imaginary[..., rest][..., ::-1]], axis=-1)
    return np.moveaxis(real, -1, axis), np.moveaxis(imaginary, -1, axis)


def fft_functions(xp: Namespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of `fft` by name."""
    complexes = ComplexParts(wrapping)
    found: dict[str, Any] = {}
    for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
        found[name] = _one_axis(complexes, name)
    for name in ("fftn", "ifftn", "rfftn", "irfftn"):
        found[name] = _many_axes(complexes, name)
    found["fftfreq"], found["rfftfreq"] = _frequencies(wrapping, False), _frequencies(wrapping, True)
    found["fftshift"], found["ifftshift"] = _shift(xp, 1), _shift(xp, -1)
    return found


def _compute(complexes: ComplexParts, name: str, x: Any, sizes: list[int], axes: list[int], norm: str) -> Any:
    """One transform after another, the last axis first, in float64; rounded once at the end."""
    kind = name.removesuffix("n") if name.endswith("n") else name
    parts, bits, like = complexes.parts(f"fft.{name}", x, real=True if kind in ("rfft", "ihfft") else None)
    inverse = kind in ("ifft", "irfft", "ihfft")
    halved, real = kind in ("rfft", "ihfft"), kind in ("irfft", "hfft")
    if min(sizes) < 1:
        raise ValueError(f"fft.{name}: n is {min(sizes)}, expected at least 1")
    token = ERRORS.set(IGNORED)
    try:
        if kind == "hfft":  # the conjugate's
            parts = parts[0], -parts[1]
        order = list(zip(sizes, axes, strict=True))
        # a real result comes of the last axis, so that one is last; a real signal has it first
        for size, axis in order if real else order[::-1]:
            last = axis == axes[-1]
            parts = _mirrored(parts, size, axis) if real and last else _sized(parts, size, axis)
            parts = _along(parts, axis, inverse or kind == "hfft")
            parts = _scaled(parts, size, norm, inverse)
            if halved and last:
                parts = _sized(parts, size // 2 + 1, axis)
        return complexes.real(parts[0], bits, like) if real else complexes.whole(parts, bits, like)
    finally:
        ERRORS.reset(token)


def _one_axis(complexes: ComplexParts, name: str) -> Callable[..., Any]:
    def call(x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
        (axis,) = axes_of(axis, x.ndim)
        size = (2 * (x.shape[axis] - 1) if name in ("irfft", "hfft") else x.shape[axis]) if n is None else n
        return _compute(complexes, name, x, [size], [axis], norm)

    call.__name__, call.__doc__ = name, f"The standard's `fft.{name}`."
    return call


def _many_axes(complexes: ComplexParts, name: str) -> Callable[..., Any]:
    def call(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
        if axes is None:
            axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
        axes = list(axes_of(tuple(axes), x.ndim))
        sizes = (
            [x.shape[a] for a in axes]
            if s is None
            else [x.shape[a] if n == -1 else n for n, a in zip(s, axes, strict=True)]
        )
        if s is None and name == "irfftn":
            sizes[-1] = 2 * (sizes[-1] - 1)
        return _compute(complexes, name, x, sizes, axes, norm)

    call.__name__, call.__doc__ = name, f"The standard's `fft.{name}`."
    return call


def _frequencies(wrapping: Wrapping, half: bool) -> Callable[..., Any]:
    def frequencies(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
        """The standard's `fft.fftfreq` or `fft.rfftfreq`: whole numbers over n d, computed in float64."""
        order = np.arange(n // 2 + 1) if half else np.concatenate([np.arange((n + 1) // 2), np.arange(-(n // 2), 0)])
        return wrapping.created(order.astype(np.float64) / (n * float(d)), dtype, device)

    return frequencies


def _shift(xp: Namespace, sign: int) -> Callable[..., Any]:
    def shift(x: Any, /, *, axes: Any = None) -> Any:
        """The standard's `fft.fftshift` or `fft.ifftshift`."""
        found = axes_of(axes, x.ndim)
        return xp.roll(x, tuple(sign * (x.shape[a] // 2) for a in found), axis=found)

    return shift
