"""Random draws, each evaluation of Threefry-2x32-20 in registers: the bits are those of the definition.

Two elements share an evaluation (ops/rng/threefry.py), so a draw is a loop of its own: computed within the loop that
reads it, every evaluation would run twice. Its numbers are + and * rounded once each, as the definition's.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from .compile import compiled, inline
from .parallel import in_parts

__all__ = ["BLOCK", "draw_bernoulli", "draw_uniform", "key_of", "words"]

MOST = 2**32  # elements
BLOCK = 512  # evaluations whose words lie in the cache
WORK = 60  # simple operations of an evaluation, several of which run at once
FIRST, SECOND = np.frombuffer(b"\1\0\0\1", np.uint16)  # True in the first and in the second byte of two
NONE = np.uint16(0)


def draw_bernoulli(draw: np.ndarray, *, seed: int, shape: Any, dtype: str, p: float) -> Any:
    """Whether the 24 upper bits of each word, as a number, are below p * 2**24."""
    key = key_of(draw, seed, shape)
    if key is None or dtype not in ("bool", "float32", "float64") or not 0 <= p <= 1:
        return NotImplemented
    size = math.prod(shape)
    pairs, below = np.empty(-(-size // 2), np.uint16), np.uint32(math.ceil(p * 2**24))
    in_parts(lambda a, b: _below(a, b, *key, below, pairs), len(pairs), len(pairs) * WORK)
    return pairs.view(np.bool_)[:size].reshape(shape).astype(dtype, copy=False)


def draw_uniform(draw: np.ndarray, *, seed: int, shape: Any, dtype: str, minval: float, maxval: float) -> Any:
    """The upper bits of each word, or of two, as a number of [0, 1), times the span, plus the least."""
    key = key_of(draw, seed, shape)
    if key is None or dtype not in ("float32", "float64"):
        return NotImplemented
    kind = np.dtype(dtype).type
    with np.errstate(over="ignore"):
        least, end = kind(minval), kind(maxval)
        scale = kind(float(end) - float(least))
    if not least < end or not np.isfinite((least, end, scale)).all():
        return NotImplemented  # the definition says what is wrong
    below = np.nextafter(end, kind(-math.inf)) if end else -np.finfo(kind).smallest_normal
    out = np.empty(shape, dtype)
    flat, run = out.reshape(-1), _units if dtype == "float32" else _wide_units
    count = -(-flat.size // 2) if dtype == "float32" else flat.size
    in_parts(lambda a, b: run(a, b, *key, scale, least, max(least, below), flat), count, count * WORK)
    return out


def key_of(draw: np.ndarray, seed: int, shape: Any) -> tuple[np.uint32, np.uint32, np.uint32] | None:
    """The key's two words and the counter's second; None for what the definition refuses."""
    if draw.dtype != np.int32 or draw.size not in (1, 2) or not isinstance(seed, numbers.Integral):
        return None
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, int) and n >= 0 for n in shape):
        return None
    if not -(2**63) <= seed < 2**64 or math.prod(shape) > MOST:
        return None
    counter = [int(word) % 2**32 for word in draw.reshape(-1)]
    seed = int(seed) ^ (counter[0] if len(counter) > 1 else 0)
    return np.uint32(seed % 2**32), np.uint32(seed // 2**32 % 2**32), np.uint32(counter[-1])


# ---- the compiled parts: `start` and `stop` number evaluations


@inline
def _mixed(x0, x1, left):  # type: ignore[no-untyped-def]
    """A round; numba computes in 64 bits and rounds off, which the compiler undoes."""
    x0 = np.uint32(x0 + x1)
    turned = np.uint32(np.uint32(x1 << left) | np.uint32(x1 >> (np.uint32(32) - left)))
    return x0, np.uint32(turned ^ x0)


@inline
def _four(x0, x1, a, b, c, d):  # type: ignore[no-untyped-def]
    x0, x1 = _mixed(x0, x1, np.uint32(a))
    x0, x1 = _mixed(x0, x1, np.uint32(b))
    x0, x1 = _mixed(x0, x1, np.uint32(c))
    return _mixed(x0, x1, np.uint32(d))


@inline
def words(key0, key1, number, second):  # type: ignore[no-untyped-def]
    """The two words of an evaluation."""
    key2 = np.uint32(key0 ^ key1 ^ np.uint32(0x1BD11BDA))
    x0, x1 = np.uint32(number + key0), np.uint32(second + key1)
    x0, x1 = _four(x0, x1, 13, 15, 26, 6)
    x0, x1 = _four(np.uint32(x0 + key1), np.uint32(x1 + key2 + np.uint32(1)), 17, 29, 16, 24)
    x0, x1 = _four(np.uint32(x0 + key2), np.uint32(x1 + key0 + np.uint32(2)), 13, 15, 26, 6)
    x0, x1 = _four(np.uint32(x0 + key0), np.uint32(x1 + key1 + np.uint32(3)), 17, 29, 16, 24)
    x0, x1 = _four(np.uint32(x0 + key1), np.uint32(x1 + key2 + np.uint32(4)), 13, 15, 26, 6)
    return np.uint32(x0 + key2), np.uint32(x1 + key0 + np.uint32(5))


@inline
def _upper(word, bits):  # type: ignore[no-untyped-def]
    return np.uint32(word >> np.uint32(32 - bits))


@compiled(distinct=True)
def _below(start, stop, key0, key1, second, limit, pairs):  # type: ignore[no-untyped-def]
    """Two truth values in one number: two stores, one apart, would not be vectorized and take four times as long."""
    for e in range(np.uint64(start), np.uint64(stop)):
        x0, x1 = words(key0, key1, np.uint32(e), second)
        first = FIRST if _upper(x0, 24) < limit else NONE
        pairs[e] = first | (SECOND if _upper(x1, 24) < limit else NONE)


@compiled(distinct=True)
def _units(start, stop, key0, key1, second, scale, least, most, out):  # type: ignore[no-untyped-def]
    """The words of a block lie in memory first, for the same reason."""
    both = np.empty((2, BLOCK), np.uint32)
    firsts, seconds = both[0], both[1]
    for begin in range(np.uint64(start), np.uint64(stop), np.uint64(BLOCK)):
        count = min(np.uint64(BLOCK), np.uint64(stop) - begin)
        for i in range(count):
            firsts[i], seconds[i] = words(key0, key1, np.uint32(begin + i), second)
        whole = min(count, np.uint64(out.size // 2) - begin)
        pairs = out[2 * begin : 2 * (begin + whole)]
        for i in range(whole):
            pairs[2 * i] = _unit(firsts[i], scale, least, most)
            pairs[2 * i + 1] = _unit(seconds[i], scale, least, most)
        if whole < count:
            out[out.size - 1] = _unit(firsts[whole], scale, least, most)


@inline
def _unit(word, scale, least, most):  # type: ignore[no-untyped-def]
    u = np.float32(np.int32(_upper(word, 24))) * np.float32(2.0**-24)
    return min(np.float32(np.float32(u * scale) + least), most)


@compiled(distinct=True)
def _wide_units(start, stop, key0, key1, second, scale, least, most, out):  # type: ignore[no-untyped-def]
    for e in range(np.uint64(start), np.uint64(stop)):
        x0, x1 = words(key0, key1, np.uint32(e), second)
        high, low = np.float64(np.int32(_upper(x0, 27))), np.float64(np.int32(_upper(x1, 26)))
        u = (high * 2.0**26 + low) * 2.0**-53
        out[e] = min(u * scale + least, most)
