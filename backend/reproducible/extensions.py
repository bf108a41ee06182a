"""The two extensions of the standard, linear algebra and Fourier transforms, in the namespace."""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name
from ..arrays.quiet import ERRORS, IGNORED
from ..arrays.typing import Namespace
from . import eigen, factorizations, float64, jacobi
from .complex_numbers import ComplexParts
from .norms import norm_functions
from .wrapping import Wrapping

__all__ = ["Extension", "linalg_functions"]

_Eigen = collections.namedtuple("_Eigen", "eigenvalues eigenvectors")
_Factors = collections.namedtuple("_Factors", "Q R")
_Singular = collections.namedtuple("_Singular", "U S Vh")
_Determinant = collections.namedtuple("_Determinant", "sign logabsdet")


class Extension:
    """An extension of the namespace: its functions by name."""

    def __init__(self, name: str, functions: dict[str, Any]) -> None:
        self.__name__ = name
        self.__dict__.update(functions)


def linalg_functions(xp: Namespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of `linalg` by name."""
    names = ("matmul", "tensordot", "vecdot", "matrix_transpose")
    found: dict[str, Any] = {name: getattr(xp, name) for name in names}
    found["diagonal"] = wrapping.delegated("linalg.diagonal")
    found.update(_factorizations(wrapping))
    found["eig"], found["eigvals"] = _general(wrapping, True), _general(wrapping, False)
    found.update(norm_functions(xp, found))
    return found


class Fixed:
    """Makes functions of the namespace of those that compute in float64 on the host."""

    def __init__(self, wrapping: Wrapping) -> None:
        self.wrapping = wrapping

    def opened(self, name: str, *arrays: Any) -> tuple[list[np.ndarray], Any]:
        """The arrays in float64 on the host, and the first of them as it is."""
        values = [self.wrapping.open(a) for a in arrays]
        for v in values:
            if dtype_name(v.dtype) not in ("float16", "float32", "float64"):
                raise self.wrapping.unfit(name, v.dtype)
        return [self.wrapping.base.host(v).astype(np.float64) for v in values], values[0]

    def closed(self, values: Any, like: Any) -> Any:
        """Values of the host, rounded to the dtype of an array, beside it."""
        name = dtype_name(like.dtype)
        with np.errstate(over="ignore"):
            values = np.asarray(values).astype(np.float32 if name == "float16" else name).astype(name)
        return self.wrapping.close(self.wrapping.base.from_host(values, like))

    def function(
        self, name: str, compute: Callable[..., Any], result: Callable[..., Any] | None = None, matrices: int = 1
    ) -> Callable[..., Any]:
        """compute(*host arrays, **keywords) as a function of the namespace."""

        def call(*arrays: Any, **how: Any) -> Any:
            extra = arrays[matrices:]
            given, like = self.opened(name, *arrays[:matrices])
            for v in given[:1]:
                if v.ndim < 2:
                    raise ValueError(f"{name}: got shape {v.shape}, expected matrices")
            token = ERRORS.set(IGNORED)
            try:
                found = compute(*given, *extra, **how)
            finally:
                ERRORS.reset(token)
            if result is None:
                return self.closed(found, like)
            return result(*(self.closed(v, like) for v in found))

        call.__name__, call.__doc__ = name.rpartition(".")[2], f"The standard's `{name}`."
        return call


def _factorizations(wrapping: Wrapping) -> dict[str, Any]:
    make = Fixed(wrapping).function
    return {
        "cholesky": make("linalg.cholesky", _cholesky),
        "det": make("linalg.det", _determinant),
        "slogdet": make("linalg.slogdet", _log_determinant, _Determinant),
        "solve": make("linalg.solve", _solve, matrices=2),
        "inv": make("linalg.inv", _inverse),
        "qr": make("linalg.qr", _qr, _Factors),
        "eigh": make("linalg.eigh", _stacked(jacobi.eigh, "eigh"), _Eigen),
        "eigvalsh": make("linalg.eigvalsh", lambda a: _stacked(jacobi.eigh, "eigh")(a)[0]),
        "svd": make("linalg.svd", _svd, _Singular),
        "svdvals": make("linalg.svdvals", lambda a: _svd(a, full_matrices=False)[1]),
    }


def _general(wrapping: Wrapping, vectors: bool) -> Callable[..., Any]:
    """`eig` or `eigvals` of real matrices: always complex."""
    fixed, complexes = Fixed(wrapping), ComplexParts(wrapping)
    name = "linalg.eig" if vectors else "linalg.eigvals"
    compute = _stacked(functools.partial(eigen.eig, vectors=vectors), name)

    def call(x: Any, /) -> Any:
        (given,), like = fixed.opened(name, x)
        if given.ndim < 2:
            raise ValueError(f"{name}: got shape {given.shape}, expected matrices")
        token = ERRORS.set(IGNORED)
        try:
            parts, bits = compute(given), 64 if dtype_name(like.dtype) == "float64" else 32
            values = complexes.whole((parts[0], parts[1]), bits, like)
            return _Eigen(values, complexes.whole((parts[2], parts[3]), bits, like)) if vectors else values
        finally:
            ERRORS.reset(token)

    call.__name__, call.__doc__ = name.rpartition(".")[2], f"The standard's `{name}`."
    return call


def _square(name: str, a: np.ndarray) -> None:
    if a.shape[-1] != a.shape[-2]:
        raise ValueError(f"linalg.{name}: got shape {a.shape}, expected square matrices")


def _stacked(function: Callable[..., tuple[np.ndarray, ...]], square: str = "") -> Callable[..., Any]:
    """A function of one matrix for stacks of them: each result owes nothing to the other matrices.

    `square` is the name of a function of square matrices alone.
    """

    def call(a: np.ndarray, **how: Any) -> tuple[np.ndarray, ...]:
        if square:
            _square(square.removeprefix("linalg."), a)
        stack = a.shape[:-2]
        parts = [function(a[at], **how) for at in np.ndindex(*stack)]
        if not parts:  # an empty stack: the shapes of one matrix
            return tuple(np.zeros((*stack, *x.shape)) for x in function(np.zeros(a.shape[-2:]), **how))
        return tuple(np.stack(x).reshape(*stack, *x[0].shape) for x in zip(*parts, strict=True))

    return call


def _cholesky(a: np.ndarray, *, upper: bool = False) -> np.ndarray:
    _square("cholesky", a)
    lower = factorizations.cholesky(a)
    return np.swapaxes(lower, -1, -2) if upper else lower


def _pivots(name: str, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _square(name, a)
    upper, _, sign = factorizations.eliminated(a)
    return np.diagonal(upper, axis1=-2, axis2=-1), sign


def _determinant(a: np.ndarray) -> np.ndarray:
    pivots, result = _pivots("det", a)
    for j in range(pivots.shape[-1]):
        result = result * pivots[..., j]
    return np.where(_singular(pivots), 0.0, result)


def _singular(pivots: np.ndarray) -> np.ndarray:
    """Whether a pivot is 0 and none before it is NaN: what follows a zero pivot is of no account."""
    zero = (pivots == 0).cumsum(axis=-1) > 0
    return np.asarray((zero & ~(np.isnan(pivots).cumsum(axis=-1) > 0)).any(axis=-1))


def _log_determinant(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pivots, sign = _pivots("slogdet", a)
    logarithms = float64.function("log")(np.abs(pivots))
    total = np.zeros(sign.shape)
    for j in range(pivots.shape[-1]):
        total = total + logarithms[..., j]
        sign = sign * np.sign(pivots[..., j])
    none = _singular(pivots)
    return np.where(none, 0.0, sign), np.where(none, -math.inf, total)


def _solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    _square("solve", a)
    column = b[..., None] if b.ndim == 1 else b
    if a.shape[-1] != column.shape[-2]:
        raise ValueError(f"linalg.solve: got shapes {a.shape} and {b.shape}, whose sizes differ")
    x = factorizations.solve(a, column)
    return x[..., 0] if b.ndim == 1 else x


def _inverse(a: np.ndarray) -> np.ndarray:
    _square("inv", a)
    return factorizations.solve(a, np.eye(a.shape[-1]))


def _qr(a: np.ndarray, *, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete"):
        raise ValueError(f"linalg.qr: mode is {mode!r}, expected 'reduced' or 'complete'")
    return _stacked(factorizations.qr)(a, complete=mode == "complete")


def _svd(a: np.ndarray, *, full_matrices: bool = True) -> Any:
    return _stacked(jacobi.svd)(a, full=full_matrices)
