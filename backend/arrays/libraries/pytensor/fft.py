"""Fourier transforms of the standard on PyTensor's variables, which NumPy computes."""

from __future__ import annotations

from typing import Any

import pytensor.tensor as pt

from .creation import arange, asarray
from .variables import axes_of, axis_of, by_numpy, called, cast, static_shape, tensor

# fmt: off
__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
    "rfftfreq", "rfftn",
]
# fmt: on

_COMPLEX = {"float32": "complex64", "float64": "complex128"}
_REAL = {complex_: real for real, complex_ in _COMPLEX.items()}


def _dtype(x: Any, gives_real: bool) -> str:
    return _REAL.get(x.dtype, x.dtype) if gives_real else _COMPLEX.get(x.dtype, x.dtype)


def _of_one_axis(name: str, gives_real: bool = False) -> Any:
    def transform(x: Any, /, *, n: Any = None, axis: int = -1, norm: str = "backward") -> Any:
        x = tensor(x)
        at = axis_of(axis, x.ndim)
        shape = [None if a == at else size for a, size in enumerate(static_shape(x))]
        _known(name, n)
        return by_numpy(f"fft.{name}", [x], (_dtype(x, gives_real), tuple(shape)), n=n, axis=at, norm=norm)

    return called(f"fft.{name}", transform)


def _of_axes(name: str, gives_real: bool = False) -> Any:
    def transform(x: Any, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
        x = tensor(x)
        at = tuple(range(x.ndim))[-len(s) :] if axes is None and s is not None else axes_of(axes, x.ndim)
        shape = [None if a in at else size for a, size in enumerate(static_shape(x))]
        for n in s or ():
            _known(name, n)
        sizes = None if s is None else tuple(s)
        return by_numpy(f"fft.{name}", [x], (_dtype(x, gives_real), tuple(shape)), s=sizes, axes=at, norm=norm)

    return called(f"fft.{name}", transform)


def _known(name: str, n: Any) -> None:
    if not isinstance(n, (int, type(None))):
        raise NotImplementedError(f"fft.{name} of a number of points that only the running graph knows")


fft, ifft, rfft = _of_one_axis("fft"), _of_one_axis("ifft"), _of_one_axis("rfft")
irfft, hfft, ihfft = _of_one_axis("irfft", True), _of_one_axis("hfft", True), _of_one_axis("ihfft")
fftn, ifftn, rfftn, irfftn = _of_axes("fftn"), _of_axes("ifftn"), _of_axes("rfftn"), _of_axes("irfftn", True)


def _shifted(name: str) -> Any:
    def shift(x: Any, /, *, axes: Any = None) -> Any:
        at = axes_of(axes, x.ndim)
        return by_numpy(f"fft.{name}", [tensor(x)], (x.dtype, static_shape(x)), axes=at)

    return called(f"fft.{name}", shift)


fftshift, ifftshift = _shifted("fftshift"), _shifted("ifftshift")


def fftfreq(n: Any, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `fft.fftfreq`."""
    count = cast(asarray(n), "int64")
    places = pt.join(0, arange(0, (count - 1) // 2 + 1), arange(-(count // 2), asarray(0)))
    return cast(cast(places, "float64") / (cast(count, "float64") * d), dtype or "float64")


def rfftfreq(n: Any, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `fft.rfftfreq`."""
    count = cast(asarray(n), "int64")
    return cast(cast(arange(0, count // 2 + 1), "float64") / (cast(count, "float64") * d), dtype or "float64")
