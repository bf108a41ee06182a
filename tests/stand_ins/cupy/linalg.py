"""The stand-in's `cupy.linalg`."""

from __future__ import annotations

from numpy.linalg import LinAlgError

from .functions import module

globals().update(module("linalg"))
__all__ = ["LinAlgError", *module("linalg"), "lstsq"]


def lstsq(a: object, b: object, rcond: object = None) -> object:
    """As in CuPy; the standard has no such function."""
    raise NotImplementedError("the stand-in has no lstsq")
