"""Fourier transforms: within 5 log2(n) eps times the norm of the transform (Higham, theorem 24.2, with eta = 5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..case import A, call, standard
from ..judging.bounds import EPS, Expected
from ..subjects.functions import Dtype

SOME = {"n": (1, 6), "m": (1, 5)}
C, R = A("n", "m", dtype="complex", sizes=SOME), A("n", "m", sizes=SOME)
HALF = A("n", 4, dtype="complex", sizes=SOME)
REAL = {"complex64": "float32", "complex128": "float64"}
COMPLEX = {"float32": "complex64", "float64": "complex128"}


def transformed(name: str, real: bool) -> Callable[..., Any]:
    """NumPy's transform in double precision, with its bound."""
    f = getattr(np.fft, name)

    def reference(x: Any, **kwargs: Any) -> Expected:
        out = np.asarray(f(x.astype(np.complex128 if x.dtype.kind == "c" else np.float64), **kwargs))
        narrow = REAL.get(x.dtype.name, x.dtype.name)
        axes = kwargs.get("axes") or ((kwargs.get("axis", -1),) if not name.endswith("n") else tuple(range(x.ndim)))
        count = math.prod(max(x.shape[a], out.shape[a]) for a in axes)
        largest = np.sqrt(np.sum(np.abs(out) ** 2, axis=tuple(axes), keepdims=True))
        bound = 5.0 * (math.log2(count) + 1.0) * EPS[narrow] * largest
        return Expected(out, np.broadcast_to(bound, out.shape), narrow if real else COMPLEX[narrow])

    return reference


for name in ("fft", "ifft"):
    standard(
        f"fft.{name}",
        call(C),
        call(C, axis=0),
        call(C, n=3),
        call(C, norm="ortho"),
        exact=False,
        reference=transformed(name, False),
    )
for name in ("fftn", "ifftn"):
    standard(
        f"fft.{name}",
        call(C),
        call(C, axes=(0,)),
        call(C, norm="forward"),
        exact=False,
        reference=transformed(name, False),
    )
standard("fft.rfft", call(R), call(R, axis=0), call(R, n=4), exact=False, reference=transformed("rfft", False))
standard("fft.rfftn", call(R), call(R, axes=(0,)), exact=False, reference=transformed("rfftn", False))
standard("fft.irfft", call(HALF), call(HALF, n=5), exact=False, reference=transformed("irfft", True))
standard("fft.irfftn", call(HALF), call(HALF, axes=(1,)), exact=False, reference=transformed("irfftn", True))
standard("fft.hfft", call(HALF), call(HALF, n=5), exact=False, reference=transformed("hfft", True))
standard("fft.ihfft", call(R), call(R, n=4), exact=False, reference=transformed("ihfft", False))
for name in ("fftfreq", "rfftfreq"):
    standard(f"fft.{name}", call(5, d=0.5, dtype=Dtype("float64")), call(4, dtype=Dtype("float64")))
for name in ("fftshift", "ifftshift"):
    standard(f"fft.{name}", call(R), call(C, axes=(0,)))
