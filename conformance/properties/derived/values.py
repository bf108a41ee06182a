"""Arrays for derived calls: middling values, and those at the edges of each dtype."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...data import LATEST
from .promotion import REAL_OF, kind_of

__all__ = ["Draw", "edge_floats", "edge_integers", "every_byte", "far", "spread"]


class Draw:
    """Draws arrays, the same ones for the same name and seed."""

    def __init__(self, name: str, seed: int, revision: str = LATEST) -> None:
        self.seed = seed
        self.revision = revision  # some values are admitted since a revision
        self.rng = np.random.default_rng([zlib.crc32(name.encode()), seed])

    def __call__(self, dtype: str, *shape: int, low: float = -3.0, high: float = 3.0) -> np.ndarray:
        """Middling values of a dtype: unsigned integers from 0."""
        kind, rng = kind_of(dtype), self.rng
        if kind == "bool":
            return np.asarray(rng.integers(0, 2, shape).astype(bool))
        if kind in ("int", "uint"):
            return np.asarray(
                rng.integers(max(int(low), 0) if kind == "uint" else int(low), int(high) + 1, shape)
            ).astype(dtype)
        value = np.asarray(rng.uniform(low, high, shape))
        return (value + 1j * rng.uniform(low, high, shape) if kind == "complex" else value).astype(dtype)

    def distinct(self, dtype: str, *shape: int) -> np.ndarray:
        """Values without ties, in no order."""
        count = int(np.prod(shape))
        values = self.rng.permutation(count).reshape(shape) - (0 if kind_of(dtype) == "uint" else count // 2)
        return np.asarray(values * (0.75 if kind_of(dtype) == "float" else 1)).astype(dtype)

    def shuffled(self, values: Sequence[Any], dtype: str) -> np.ndarray:
        """Given values of a dtype, in no order."""
        order = self.rng.permutation(len(values))
        return np.asarray([values[i] for i in order], dtype=dtype)


def limits(dtype: str) -> tuple[int, int]:
    """The smallest and the largest integer of a dtype."""
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def every_byte(dtype: str) -> np.ndarray:
    """All integers of a dtype of 8 bits."""
    low, high = limits(dtype)
    return np.arange(low, high + 1).astype(dtype)


def edge_integers(dtype: str) -> list[int]:
    """Small numbers of both signs, powers of two around which conversions to floats lose digits, and the limits."""
    low, high = limits(dtype)
    powers = [2**e for e in (4, 7, 15, 24, 31, 53, 62, 63)]
    around = [p + d for p in powers for d in (-1, 0, 1)]
    candidates = [0, 1, 2, 3, 5, 7, 10, *around, high // 3, high - 2, high - 1, high]
    candidates += [-c for c in (1, 2, 3, 5, 7, 10, *around)] + [low, low + 1, low + 2]
    return [c for c in dict.fromkeys(candidates) if low <= c <= high]


def edge_floats(dtype: str) -> list[float]:
    """Halves above 1024, numbers next to powers of two, and the limits of the normal numbers."""
    info = np.finfo(REAL_OF[dtype])
    digits = info.nmant
    halves = [0.5, 1.5, 2.5, 1024.5, 1025.5, 4097.5, 2.0 ** (digits - 1) + 0.5, 2.0 ** (digits - 1) + 1.5]
    large = [2.0**digits + 1, 2.0 ** (digits + 1) + 2, float(info.max), float(info.max) / 3]
    near = [1.0, 1.0 + float(info.eps), 1.0 - float(info.epsneg), 0.49999997, 0.3, 0.7, 2.0, 3.0, 7.25]
    small = [float(info.smallest_normal), float(info.smallest_normal) * 3, 1e-20, 1e-3]
    return [sign * v for v in (*halves, *large, *near, *small) for sign in (1.0, -1.0)] + [0.0, -0.0]


def spread(draw: Draw, dtype: str, count: int = 160) -> np.ndarray:
    """Floats of both signs and every size of the normal numbers, many near 1 and up to where exp overflows."""
    info = np.finfo(dtype)
    wide = draw.rng.uniform(info.minexp + 1, info.maxexp - 1, count)
    close = draw.rng.uniform(-12, 8, count)
    sizes = 2.0 ** np.concatenate([wide, close])
    signed = sizes * draw.rng.choice([-1.0, 1.0], 2 * count)
    limit = float(np.log(info.max))  # where exp overflows
    edge = [sign * (limit + off) for off in (-1.0, -0.1, 0.1, 0.5) for sign in (1, -1)]  # sinh has twice as far to go
    return np.concatenate([signed, edge, draw.rng.uniform(-limit, limit, count)]).astype(dtype)


def far(draw: Draw, dtype: str, count: int = 60) -> np.ndarray:
    """Complex numbers of small and of large modulus, in all directions, whose squares leave the range of the dtype.

    And some with a component a little above the logarithm of the largest number, half of which sinh and sin still hold.
    """
    info = np.finfo(dtype)
    small = draw.rng.uniform(info.minexp + 2 * info.nmant + 8, -info.nmant - 8, count)
    large = draw.rng.uniform(info.nmant + 8, info.maxexp - 8, count)
    angle = draw.rng.uniform(-3, 3, 2 * count)
    edge = complex(float(np.log(info.max)) + 0.3, 1.0)
    edges = [edge, -edge, edge.conjugate(), 1j * edge, -1j * edge, complex(edge.imag, edge.real)]
    numbers = np.concatenate([2.0 ** np.concatenate([small, large]) * np.exp(1j * angle), edges])
    return np.asarray(draw.rng.permutation(numbers)).astype(dtype)
