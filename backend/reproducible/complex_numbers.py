"""Complex numbers in the namespace: arithmetic, elementary functions, sums and products.

Sums and matrix products have exact parts, rounded once; elementary functions are fixed formulas in float64.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name
from ..arrays.quiet import ERRORS, IGNORED
from ..arrays.typing import Namespace
from .complex_elementary import ELEMENTARY, power
from .fourier import Parts, times
from .sums import axes_of
from .wrapping import Wrapping

__all__ = ["ComplexParts", "complex_functions", "complex_reductions", "or_complex"]

_WIDTH = {"float16": 32, "float32": 32, "float64": 64, "complex64": 32, "complex128": 64}


class ComplexParts:
    """Arrays of the namespace as pairs of float64 parts on the host, and back."""

    def __init__(self, wrapping: Wrapping) -> None:
        self.wrapping = wrapping

    def parts(self, name: str, x: Any, real: bool | None = None) -> tuple[Parts, int, Any]:
        """The parts, the bits of each in the result, and the library's array."""
        value = self.wrapping.open(x)
        given = dtype_name(value.dtype)
        if given not in _WIDTH or (real is True and given.startswith("complex")):
            kind = "real floating" if real else "floating"
            raise TypeError(f"{name}: got dtype {given}, expected a {kind} dtype")
        host = np.asarray(self.wrapping.base.host(value))
        imaginary = host.imag if given.startswith("complex") else np.zeros(host.shape)
        return (host.real.astype(np.float64), imaginary.astype(np.float64)), _WIDTH[given], value

    def whole(self, parts: Parts, bits: int, like: Any) -> Any:
        """A complex array, each part rounded once."""
        made = np.empty(parts[0].shape, np.complex64 if bits == 32 else np.complex128)
        made.real, made.imag = parts
        return self.wrapping.close(self.wrapping.base.from_host(made, like))

    def real(self, part: np.ndarray, bits: int, like: Any) -> Any:
        """A real array, rounded once."""
        return self.wrapping.close(self.wrapping.base.from_host(part.astype(f"float{bits}"), like))

    def joined(self, real: Any, imaginary: Any) -> Any:
        """A complex array of two real ones of the namespace."""
        parts = [np.asarray(self.wrapping.base.host(x.native)) for x in (real, imaginary)]
        made = np.empty(parts[0].shape, np.complex64 if parts[0].dtype == np.float32 else np.complex128)
        made.real, made.imag = parts
        return self.wrapping.close(self.wrapping.base.from_host(made, real.native))


def or_complex(wrapping: Wrapping, function: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """A function, with another one where an argument is complex: libraries add the four products in different ways."""
    xp = wrapping.base.xp
    names = [name for name in ("complex64", "complex128") if hasattr(xp, name)]
    # the dtypes that arrays state: on NumPy and JAX other objects than the namespace's
    complexes = frozenset(xp.zeros((1,), dtype=getattr(xp, name)).dtype for name in names)

    @functools.wraps(function)
    def call(*args: Any, **how: Any) -> Any:
        for x in args:
            if getattr(x, "dtype", None) in complexes or type(x) is complex:
                return other(*args, **how)
        return function(*args, **how)

    return call


def _pair(complexes: ComplexParts, name: str, compute: Callable[[Parts, Parts], Parts]) -> Callable[[Any, Any], Any]:
    """A function of two arrays, or of an array and a number, of which one is complex."""

    def call(x1: Any, x2: Any) -> Any:
        like = complexes.wrapping.open(x1 if hasattr(x1, "dtype") else x2)
        (a, bits, _), (b, other, _) = (
            complexes.parts(name, x)
            if hasattr(x, "dtype")
            else ((np.float64(complex(x).real), np.float64(complex(x).imag)), 32, None)
            for x in (x1, x2)
        )
        token = ERRORS.set(IGNORED)
        try:
            real, imaginary = np.broadcast_arrays(*map(np.asarray, compute(a, b)))
            return complexes.whole((real, imaginary), max(bits, other), like)
        finally:
            ERRORS.reset(token)

    return call


def _one(complexes: ComplexParts, name: str, compute: Callable[[Parts], Parts]) -> Callable[[Any], Any]:
    """A function of one complex array."""

    def call(x: Any) -> Any:
        parts, bits, like = complexes.parts(name, x)
        token = ERRORS.set(IGNORED)
        try:
            return complexes.whole(compute(parts), bits, like)
        finally:
            ERRORS.reset(token)

    return call


def _over(a: Parts, b: Parts) -> Parts:
    size = b[0] * b[0] + b[1] * b[1]
    return (a[0] * b[0] + a[1] * b[1]) / size, (a[1] * b[0] - a[0] * b[1]) / size


def complex_functions(wrapping: Wrapping) -> dict[str, Callable[..., Any]]:
    """The elementwise functions that complex arrays have, by name."""
    complexes = ComplexParts(wrapping)

    def size(x: Any) -> Any:
        parts, bits, like = complexes.parts("abs", x)
        token = ERRORS.set(IGNORED)
        try:
            length = np.sqrt(parts[0] * parts[0] + parts[1] * parts[1])
            infinite = np.isinf(parts[0]) | np.isinf(parts[1])
            return complexes.real(np.where(infinite, np.inf, length), bits, like)
        finally:
            ERRORS.reset(token)

    found = {name: _one(complexes, name, compute) for name, compute in ELEMENTARY.items()}
    product = _pair(complexes, "multiply", times)
    one = np.float64(1.0), np.float64(0.0)
    return found | {
        "multiply": product,
        "divide": _pair(complexes, "divide", _over),
        "pow": _pair(complexes, "pow", power),
        "reciprocal": _one(complexes, "reciprocal", lambda x: _over(one, x)),
        "abs": size,
        "square": lambda x: product(x, x),
    }


def complex_reductions(xp: Namespace, wrapping: Wrapping) -> dict[str, Callable[..., Any]]:
    """Sums and products of complex arrays, by name."""
    complexes = ComplexParts(wrapping)

    def by_parts(name: str) -> Callable[..., Any]:
        def call(x: Any, /, **how: Any) -> Any:
            x = _of_dtype(xp, x, how.pop("dtype", None))
            function = getattr(xp, name)
            return complexes.joined(function(xp.real(x), **how), function(xp.imag(x), **how))

        return call

    def matmul(x1: Any, x2: Any, /) -> Any:
        """Each part is one product of real matrices side by side, so an exact sum, rounded once."""
        wide = xp.result_type(x1, x2)
        a, b = (_parts(xp, xp.astype(x, wide)) for x in (x1, x2))
        below = -2 if x2.ndim > 1 else -1
        left = xp.concat([a[0], -a[1]], axis=-1), xp.concat([a[0], a[1]], axis=-1)
        right = xp.concat(b, axis=below), xp.concat(b[::-1], axis=below)
        return complexes.joined(*(xp.matmul(u, v) for u, v in zip(left, right, strict=True)))

    def product(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """From the first element on, in float64, rounded once at the end."""
        parts, bits, like = complexes.parts("prod", _of_dtype(xp, x, dtype))
        axes = axes_of(axis, x.ndim)
        others = tuple(a for a in range(x.ndim) if a not in axes)
        kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
        shape = kept if keepdims else tuple(x.shape[a] for a in others)
        total = _running(
            tuple(np.transpose(p, (*axes, *others)).reshape(-1, *(x.shape[a] for a in others)) for p in parts)
        )
        return complexes.whole(tuple(p[-1].reshape(shape) for p in total), bits, like)

    def products(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        """The products up to each element, in float64, rounded once at the end."""
        parts, bits, like = complexes.parts("cumulative_prod", _of_dtype(xp, x, dtype))
        (axis,) = axes_of(0 if axis is None and x.ndim == 1 else axis, x.ndim)
        found = _running(tuple(np.moveaxis(p, axis, 0) for p in parts))
        start = 0 if include_initial else 1
        return complexes.whole(tuple(np.moveaxis(p[start:], 0, axis) for p in found), bits, like)

    names = ("sum", "cumulative_sum", "mean")
    return {name: by_parts(name) for name in names} | {"matmul": matmul, "prod": product, "cumulative_prod": products}


def _of_dtype(xp: Namespace, x: Any, dtype: Any) -> Any:
    return x if dtype is None else xp.astype(x, dtype)


def _parts(xp: Namespace, x: Any) -> list[Any]:
    return [xp.real(x), xp.imag(x)]


def _running(parts: Parts) -> Parts:
    """1, and the products up to each element along the first axis."""
    shape = parts[0].shape
    made = np.ones((shape[0] + 1, *shape[1:])), np.zeros((shape[0] + 1, *shape[1:]))
    token = ERRORS.set(IGNORED)
    try:
        for i in range(shape[0]):
            before, factor = (made[0][i], made[1][i]), (parts[0][i], parts[1][i])
            made[0][i + 1], made[1][i + 1] = times(before, factor) if i else factor
    finally:
        ERRORS.reset(token)
    return made
