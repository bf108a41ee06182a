"""Random draws on NumPy: unsigned words need no masks, and are compared where they lie; the bits are the same.

The definition works with signed words, which every library has, and shifts each word before it compares it.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

__all__ = ["draw_bernoulli"]

MOST = 2**32  # elements
# Evaluations whose words lie in the cache: 295,000 took 8.3 ms by the definition, and in blocks of 2**14 to 2**17 here
# 6.2, 6.0, 5.7, 5.9.
BLOCK = 2**16
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA
_WORD = 2**32


def draw_bernoulli(draw: np.ndarray, *, seed: int, shape: Any, dtype: str, p: float) -> Any:
    """Whether each word is below ceil(p * 2**24) * 2**8, so that its upper 24 bits are below the first factor."""
    key = _key_of(draw, seed, shape)
    if key is None or dtype not in ("bool", "float32", "float64") or not 0 <= p <= 1:
        return NotImplemented
    size, limit = math.prod(shape), math.ceil(p * 2**24) * 2**8
    if limit == _WORD:
        return np.ones(shape, dtype)
    pairs = np.empty((-(-size // 2), 2), np.bool_)
    for start in range(0, len(pairs), BLOCK):
        part = pairs[start : start + BLOCK]
        for place, words in zip(part.T, _words(*key, start, len(part)), strict=True):
            np.less(words, np.uint32(limit), out=place)
    return pairs.reshape(-1)[:size].reshape(shape).astype(dtype, copy=False)


def _key_of(draw: np.ndarray, seed: int, shape: Any) -> tuple[int, int, int] | None:
    """The key's two words and the counter's second; None for what the definition refuses."""
    if draw.dtype != np.int32 or draw.size not in (1, 2) or not isinstance(seed, numbers.Integral):
        return None
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, int) and n >= 0 for n in shape):
        return None
    if isinstance(seed, bool) or not -(2**63) <= seed < 2**64 or math.prod(shape) > MOST:
        return None
    words = [int(word) % _WORD for word in draw.reshape(-1)]
    low = int(seed) % _WORD ^ (words[0] if len(words) > 1 else 0)
    return low, int(seed) // _WORD % _WORD, words[-1]


def _words(key0: int, key1: int, counter1: int, start: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The two words of `count` evaluations of Threefry-2x32-20 from number `start`: see ops/rng/threefry.py."""
    keys = key0, key1, key0 ^ key1 ^ _PARITY
    x0 = np.arange(start, start + count, dtype=np.uint32)
    x0 += np.uint32(key0)
    x1, high = np.full(count, (counter1 + key1) % _WORD, np.uint32), np.empty(count, np.uint32)
    for i in range(20):
        left = _ROTATIONS[i % 8]
        x0 += x1
        np.left_shift(x1, np.uint32(left), out=high)
        x1 >>= np.uint32(32 - left)
        x1 |= high
        x1 ^= x0
        if i % 4 == 3:
            step = i // 4 + 1
            x0 += np.uint32(keys[step % 3])
            x1 += np.uint32((keys[(step + 1) % 3] + step) % _WORD)
    return x0, x1
