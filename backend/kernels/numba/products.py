"""Products of matrices shared by the team's threads, each part by BLAS in one thread.

OpenBLAS's own threads spin for some 26 ms after a product, on the cores of the loops that follow: a convnet's training
step took 20 ms with them and 14 without (AMD EPYC, two cores). Other BLAS libraries are left as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .parallel import parts_of, shared

__all__ = ["matmul", "product", "tensordot"]

ALONE = 2**18  # multiplications up to which OpenBLAS takes one thread by itself
STEP = 16  # rows or columns that BLAS multiplies together
NAMES = [prefix + "openblas_{}_num_threads" + suffix for prefix in ("scipy_", "") for suffix in ("64_", "")]


class _Threads(NamedTuple):
    """How many threads OpenBLAS takes for a product, and the way to change it."""

    get: Callable[[], int]
    set: Callable[[int], None]


@functools.cache
def _openblas() -> _Threads | None:
    """Those of the OpenBLAS that NumPy multiplies with; None where it is another library."""
    for module in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        with contextlib.suppress(ImportError, OSError):
            library = ctypes.CDLL(importlib.import_module(module).__file__)
            for name in NAMES:
                if hasattr(library, name.format("set")):
                    return _Threads(getattr(library, name.format("get")), getattr(library, name.format("set")))
    return None


class _OneThread:
    """Within it, whoever is there, OpenBLAS multiplies in one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._before = 1

    def forget(self) -> None:
        """After a fork nobody is within in the child."""
        blas = _openblas() if self._within else None
        if blas is not None:
            blas.set(self._before)
        self._lock, self._within = threading.Lock(), 0

    def enter(self, blas: _Threads) -> int:
        """The number of threads that a product would have taken."""
        with self._lock:
            if not self._within:
                self._before = blas.get()
                blas.set(1)
            self._within += 1
            return self._before

    def leave(self, blas: _Threads) -> None:
        """The last one to leave gives OpenBLAS its threads back."""
        with self._lock:
            self._within -= 1
            if not self._within:
                blas.set(self._before)


_one_thread = _OneThread()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_thread.forget)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two matrices of one dtype."""
    found = matmul(a, b)
    return a @ b if found is NotImplemented else found


def matmul(x1: Any, x2: Any, /) -> Any:
    """The product of two matrices, in blocks of its rows or of its columns; NotImplemented where BLAS does as well."""
    if not (isinstance(x1, np.ndarray) and isinstance(x2, np.ndarray) and x1.ndim == x2.ndim == 2):
        return NotImplemented
    (rows, inner), columns = x1.shape, x2.shape[1]
    work, longer = rows * inner * columns, max(rows, columns)
    if (
        work <= ALONE
        or min(rows, columns) < 2  # a vector
        or x1.dtype != x2.dtype
        or x1.dtype.char not in "fd"
        or inner != len(x2)
    ):
        return NotImplemented
    blas = _openblas()
    if blas is None or blas.get() < 2:
        return NotImplemented
    found = np.empty((rows, columns), x1.dtype)
    count = -(-longer // STEP)
    most = _one_thread.enter(blas)
    try:
        parts = min(parts_of(count, work // 4), most)
        cuts = [slice(count * i // parts * STEP, count * (i + 1) // parts * STEP) for i in range(parts)]
        if rows >= columns:  # the views first: who makes them holds up the other threads
            views = [(x1[cut], x2, found[cut]) for cut in cuts]
        else:
            views = [(x1, x2[:, cut], found[:, cut]) for cut in cuts]
        shared(_multiply, views, parts)
    finally:
        _one_thread.leave(blas)
    return found


def _multiply(views: Sequence[Any]) -> None:
    for a, b, out in views:
        np.matmul(a, b, out=out)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """The product over one axis of each of two matrices."""
    if not (isinstance(x1, np.ndarray) and isinstance(x2, np.ndarray) and x1.ndim == x2.ndim == 2):
        return NotImplemented
    if not (isinstance(axes, tuple) and len(axes[0]) == len(axes[1]) == 1):
        return NotImplemented
    (first,), (second,) = axes
    return matmul(x1 if first % 2 else x1.T, x2.T if second % 2 else x2)
