"""Fourier transforms by the matrix of their definition, in extended precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import EPS, Expected
from ...subjects.functions import Dtype
from .axes import normalized, one_axis, wide
from .deriving import Signature, subject
from .manipulation import exact
from .promotion import REAL, REAL_OF, Undefined, complex_of, defaults, kind_of
from .values import Draw

__all__: list[str] = []

PI = np.arctan2(np.longdouble(0), np.longdouble(-1))


def resized(x: np.ndarray, n: int, axis: int) -> np.ndarray:
    """Trimmed to n elements, or padded with zeros."""
    kept = np.moveaxis(x, axis, -1)[..., :n]
    pad = np.zeros((*kept.shape[:-1], n - kept.shape[-1]), dtype=kept.dtype)
    return np.moveaxis(np.concatenate([kept, pad], axis=-1), -1, axis)


def transformed(x: np.ndarray, axis: int, sign: int) -> np.ndarray:
    """The sums of the definition along an axis: sign -1 forward, +1 backward."""
    n = x.shape[axis]
    angle = sign * 2 * PI * (np.outer(np.arange(n), np.arange(n)) % n).astype(np.longdouble) / n
    matrix = np.cos(angle) + 1j * np.sin(angle)
    return np.moveaxis(np.moveaxis(x.astype(np.clongdouble), axis, -1) @ matrix, -1, axis)


def scale(norm: str, n: int, sign: int) -> Any:
    """The factor of a transform of n elements in all."""
    if norm == "ortho":
        return 1 / np.sqrt(np.longdouble(n))
    return np.longdouble(1) / (n if (norm == "backward") == (sign > 0) else 1)


def hermitian(x: np.ndarray, n: int, axis: int) -> np.ndarray:
    """All n elements of a transform of real values from the first half: the rest are conjugates."""
    half = np.moveaxis(resized(x, n // 2 + 1, axis), axis, -1).astype(np.clongdouble)
    half[..., 0] = half[..., 0].real
    if n % 2 == 0:
        half[..., -1] = half[..., -1].real
    rest = np.conj(half[..., 1 : (n + 1) // 2][..., ::-1])
    return np.moveaxis(np.concatenate([half, rest], axis=-1), -1, axis)


def bounded(out: np.ndarray, axes: tuple[int, ...], count: int, given: Any, norm_factor: Any, dtype: str) -> Expected:
    """5 (1 + log2 n) eps times the largest that the transform of such values can be in the mean square."""
    eps = EPS[REAL_OF[dtype]]
    size = (
        np.sqrt(np.sum(np.abs(given) ** 2, axis=axes, keepdims=True)) * np.sqrt(np.longdouble(count)) * abs(norm_factor)
    )
    bound = 5.0 * (math.log2(count) + 1.0) * eps * size
    return Expected(out, np.broadcast_to(bound, out.shape).astype(np.float64), dtype)


def one(name: str) -> Any:
    """A transform along one axis."""
    word = name.removeprefix("fft.")
    sign = 1 if word in ("ifft", "irfft", "ihfft") else -1

    def reference(x: Any, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Expected:
        at, dtype = one_axis(axis, x.ndim), x.dtype.name
        back = word in ("irfft", "hfft")
        count = n if n is not None else 2 * (x.shape[at] - 1) if back else x.shape[at]
        if count < 1 or not x.shape[at]:
            raise Undefined("no elements")
        x = wide(x)
        given = hermitian(x, count, at) if back else resized(x, count, at)
        factor = scale(norm, count, sign)
        out = transformed(given, at, sign) * factor
        if back:
            return bounded(out.real, (at,), count, given, factor, REAL_OF[dtype])
        if word in ("rfft", "ihfft"):
            out = np.moveaxis(np.moveaxis(out, at, -1)[..., : count // 2 + 1], -1, at)
        return bounded(out, (at,), count, given, factor, complex_of(dtype))

    return reference


def _sizes(x: np.ndarray, s: Any, axes: Any, back: bool) -> tuple[tuple[int, ...], list[int]]:
    """The axes of a transform, and its size along each."""
    if axes is None and s is not None and len(s) != x.ndim:
        raise Undefined("sizes without axes")
    ats = normalized(list(range(x.ndim)) if axes is None else list(axes), x.ndim)
    if not ats or (s is not None and len(s) != len(ats)):
        raise Undefined("counts")
    given = s if s is not None else (-1,) * len(ats)
    sizes = [x.shape[a] if n == -1 else n for a, n in zip(ats, given, strict=True)]
    if back and given[-1] == -1:
        if s is not None:
            raise Undefined("-1 for the last of a half")
        sizes[-1] = 2 * (x.shape[ats[-1]] - 1)
    if any(n < 1 for n in sizes):
        raise Undefined("no elements")
    return ats, sizes


def several(name: str) -> Any:
    """A transform along several axes."""
    word = name.removeprefix("fft.")
    sign = 1 if word.startswith("i") else -1

    def reference(x: Any, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Expected:
        dtype, real, back = x.dtype.name, word == "rfftn", word == "irfftn"
        ats, sizes = _sizes(x, s, axes, back)
        x = wide(x)
        for a, n in list(zip(ats, sizes, strict=True))[: -1 if back else None]:
            x = resized(x, n, a)
        count = math.prod(sizes)
        given = hermitian(x, sizes[-1], ats[-1]) if back else x
        out = x
        factor = scale(norm, count, sign)
        for a in ats[:-1] if back else ats:
            out = transformed(out, a, sign)
        if back:
            out = transformed(hermitian(out, sizes[-1], ats[-1]), ats[-1], sign).real
        if real:
            out = np.moveaxis(np.moveaxis(out, ats[-1], -1)[..., : sizes[-1] // 2 + 1], -1, ats[-1])
        return bounded(out * factor, ats, count, given, factor, REAL_OF[dtype] if back else complex_of(dtype))

    return reference


def signals(draw: Draw, dtype: str) -> Iterator[Call]:
    """Stacks of even and odd length, and lengths with large primes."""
    yield from (call(draw(dtype, *shape)) for shape in ((4, 5), (6,), (2, 3, 4), (17,)))


def half_signals(draw: Draw, dtype: str) -> Iterator[Call]:
    """The same, the first and last element real, as the transform of real values has them."""
    for base in signals(draw, dtype):
        x = base.args[0].copy()
        x[..., 0] = x[..., 0].real
        yield call(x)


COUNTS = [None, 1, 2, 3, 4, 5, 7, 8, 16]


def sizes(x: Any) -> list[Any]:
    n = x.ndim
    choices: list[Any] = [None, (3,) * n, (5,) * n, tuple(range(2, 2 + n)), (4,), (7, 2), (2, 7), (-1,) * n]
    return choices


def lists_of_axes(x: Any) -> list[Any]:
    n = x.ndim
    found: list[Any] = [None, (0,), (-1,), [0]]
    return found + ([(0, 1), (1, 0), (-1, 0), (-2, -1)] if n > 1 else []) + ([(0, 2), (2, 0, 1)] if n > 2 else [])


def frequencies(name: str) -> Any:
    def reference(n: int, *, d: float = 1.0, dtype: Any = None) -> Expected:
        name_ = str(dtype or defaults().real)
        if kind_of(name_) != "float":
            raise Undefined("dtype")
        order = list(range(n // 2 + 1)) if name == "fft.rfftfreq" else [*range((n + 1) // 2), *range(-(n // 2), 0)]
        out = np.asarray(order, dtype=np.longdouble) / (np.longdouble(n) * np.longdouble(d))
        return Expected(out, (2.0 * EPS[name_] * np.abs(out)).astype(np.float64), name_)

    return reference


def counts(draw: Draw, *dtypes: str) -> Iterator[Call]:
    yield from (call(n) for n in (1, 2, 3, 4, 5, 8, 9))


def counts_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    if any(p["name"] == "dtype" for p in signature.parameters):
        yield from (call(n, dtype=Dtype(d)) for n in (4, 5) for d in REAL)


def shifted(name: str) -> Any:
    def reference(x: Any, *, axes: Any = None) -> Expected:
        for a in normalized(axes, x.ndim):
            n = x.shape[a]
            by = n // 2 if name == "fft.fftshift" else -(n // 2)
            x = np.take(x, (np.arange(n) - by) % max(n, 1), axis=a)
        return exact(x)

    return reference


WAYS = {"n": COUNTS}
subject("fft.fft fft.ifft fft.rfft fft.ihfft", one, signals, WAYS, each=True)
subject("fft.irfft fft.hfft", one, half_signals, WAYS, each=True)
subject("fft.fftn fft.ifftn fft.rfftn", several, signals, {"s": sizes, "axes": lists_of_axes}, each=True)
subject("fft.irfftn", several, half_signals, {"s": sizes, "axes": lists_of_axes}, each=True)
subject("fft.fftfreq fft.rfftfreq", frequencies, counts, {"d": [1.0, 0.5, 0.1, 2.0]}, each=True, dtypes=counts_dtypes)
subject("fft.fftshift fft.ifftshift", shifted, signals, each=True)
