"""The stand-in's `cupy.fft`."""

from __future__ import annotations

from .functions import module

globals().update(module("fft"))
__all__ = list(module("fft"))
