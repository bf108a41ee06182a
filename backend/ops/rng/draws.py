"""Random numbers of several distributions as pure functions of (seed, draw, element), equal bit for bit everywhere."""

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

from ...arrays.namespaces import describe
from ...arrays.quantile_tables import BELOW_2
from ...arrays.typing import Array
from .normal_quantile import constant, fence, half_normal_quantile, tail_probabilities
from .threefry import drawn

__all__ = ["bernoulli", "normal", "truncated_normal", "uniform"]

# Codes of struct for the number and for its bits; the smallest positive number that no device flushes to 0.
_FLOATS = {
    "float16": ("e", "H", 2.0**-24),
    "float32": ("f", "I", 2.0**-126),
    "float64": ("d", "Q", 2.0**-1022),
}
_INTEGERS = {"uint8": (0, 2**8), "int8": (-(2**7), 2**7), "int16": (-(2**15), 2**15)}
_INTEGERS |= {"int32": (-(2**31), 2**31), "int64": (-(2**63), 2**63)}


def uniform(
    seed: int,
    draw: Any,
    shape: Sequence[int],
    *,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: str = "float32",
    xp: Any,
    device: Any = None,
) -> Array:
    """Return numbers of `dtype` spread evenly over the half-open interval [minval, maxval).

    float32 has 24 random bits (bits >> 8 times 2**-24), float16 11, float64 53 (element i takes the 27 and 26
    upper bits of the two words of evaluation i); then one multiplication by maxval - minval and one addition
    of minval, each rounded (never contracted to a fused multiply-add, not even under jax.jit), and a minimum
    with the float below maxval (for maxval 0: minus the smallest normal number, in float16 the smallest at
    all). float16 is computed in float32 and rounded once. Bounds are rounded to the dtype first.
    Integers (int8, int16, int32, int64, uint8; integral bounds) are minval + floor(w * span / 2**64) with
    span = maxval - minval and w the 64 bits of evaluation i, multiplied in 16-bit limbs of int32; spans above
    2**32 (int64 only) take evaluations 2 i and 2 i + 1 and 2**128. No value is likelier than another by more
    than a factor of 1 + 2**-32. int64 and float64 need a namespace and device that have them.
    Raises ValueError for an empty interval, bounds or a span that are not finite in the dtype (for integers:
    outside of it, or not integral), and a dtype that is unknown or absent here; otherwise as `random_bits`.

    References
    ----------
    Formula above; multiply-high as in Lemire, "Fast random integer generation in an interval", 2019.
    """
    if dtype in _INTEGERS:
        low, span = _integer_interval(minval, maxval, dtype)
        words = 2 if span <= 2**32 else 4
        target = _native("uniform", dtype, xp, device)
        finish = _integers(low, span, target, dtype == "int64", xp)
        return drawn("uniform", seed, draw, shape, finish, words=words, xp=xp, device=device)
    target = _float("uniform", dtype, xp, device)
    least, end = _rounded("uniform", "minval", minval, dtype), _rounded("uniform", "maxval", maxval, dtype)
    if not least < end:
        raise ValueError(f"uniform: [minval, maxval) = [{minval}, {maxval}) is empty in {dtype}")
    work = "float64" if dtype == "float64" else "float32"
    scale = _rounded("uniform", "maxval - minval", end - least, work)
    units: dict[str, Callable[..., Array]] = {"float16": _unit_11, "float32": _unit_24, "float64": _unit_53}

    def scaled(*bits: Array) -> Array:
        u = units[dtype](*bits, xp)
        if (least, end) != (0.0, 1.0):
            u = _affine(u, scale, least, constant(scale, work, xp, device), xp)
            u = xp.minimum(u, constant(max(least, _below(end, dtype)), work, xp, device))
        return xp.astype(u, target, copy=False)

    words = 2 if dtype == "float64" else 1
    return drawn("uniform", seed, draw, shape, scaled, words=words, xp=xp, device=device)


def normal(
    seed: int,
    draw: Any,
    shape: Sequence[int],
    *,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str = "float32",
    xp: Any,
    device: Any = None,
) -> Array:
    """Return normally distributed numbers of `dtype` (float16, float32 or float64).

    One bit is the sign, the others the tail probability p = (m + 1/2) / 2**32 with m of 31 bits (float32 and
    float16: |z| up to 6.34) or (m + 1/2) / 2**64 with m of 63 bits of two words (float64: up to 9.16), mapped
    by the inverse distribution function with + - * / and comparisons alone: the bits agree everywhere, also
    under jax.jit. Largest relative error measured against the exact quantile: 4.3e-7 in float32, 7.9e-16 in
    float64. float16 is computed in float32 and rounded once. The result is mean + stddev * z, both steps
    rounded; stddev 0 gives mean. A seed and draw used for `uniform` as well give dependent numbers.
    Raises ValueError for a negative stddev, a mean or stddev that is not finite in the dtype, and a dtype
    that is unknown or absent here; otherwise as `random_bits`.

    References
    ----------
    Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988.
    """
    return _normal("normal", seed, draw, shape, mean, stddev, dtype, xp, device)


def truncated_normal(
    seed: int,
    draw: Any,
    shape: Sequence[int],
    *,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: str = "float32",
    xp: Any,
    device: Any = None,
) -> Array:
    """Return normally distributed numbers conditioned on lying within two standard deviations of the mean.

    As `normal`, with p spread over [Phi(-2), 1/2] instead of [0, 1/2]: nothing is drawn twice. The standard
    deviation of the result is 0.87962566 * stddev. Never beyond mean - 2 * stddev and mean + 2 * stddev
    (rounded to the dtype). Errors as `normal`.

    References
    ----------
    Keras 2.3.1 backend semantics (TensorFlow redraws: the same distribution); AS 241 as in `normal`.
    """
    return _normal("truncated_normal", seed, draw, shape, mean, stddev, dtype, xp, device)


def bernoulli(
    seed: int,
    draw: Any,
    shape: Sequence[int],
    *,
    p: float,
    dtype: str = "float32",
    xp: Any,
    device: Any = None,
) -> Array:
    """Return ones with probability p and zeros otherwise, of a dtype that `uniform` knows or of bool.

    An element is 1 where the float32 `uniform` of the same seed and draw is less than p, compared exactly, so
    the pattern does not depend on the dtype; p is thereby rounded up to a multiple of 2**-24; p = 0 gives
    zeros, p = 1 ones.
    Raises ValueError unless 0 <= p <= 1, and for a dtype that is unknown or absent here; otherwise as
    `random_bits`.

    References
    ----------
    Keras 2.3.1 backend semantics of random_binomial (uniform < p).
    """
    if not 0 <= p <= 1:
        raise ValueError(f"bernoulli: p is {p} (expected 0 to 1)")
    target = xp.bool if dtype == "bool" else _native("bernoulli", dtype, xp, device)
    threshold = math.ceil(p * 2**24) - 2**23

    def finish(bits: Array) -> Array:
        # With the top bit flipped the arithmetic shift gives k - 2**23, where k are the 24 bits of uniform.
        return xp.astype(((bits ^ -(2**31)) >> 8) < threshold, target, copy=False)

    return drawn("bernoulli", seed, draw, shape, finish, words=1, xp=xp, device=device)


def _normal(
    operation: str,
    seed: int,
    draw: Any,
    shape: Sequence[int],
    mean: float,
    stddev: float,
    dtype: str,
    xp: Any,
    device: Any,
) -> Array:
    target = _float(operation, dtype, xp, device)
    shift, scale = _rounded(operation, "mean", mean, dtype), _rounded(operation, "stddev", stddev, dtype)
    if scale < 0:
        raise ValueError(f"{operation}: stddev is {stddev} (expected 0 or more)")
    work = "float64" if dtype == "float64" else "float32"
    truncated = operation == "truncated_normal"
    # |z| is below 10.
    limit = constant(10 * scale if 0 < scale < 1e37 else math.inf, work, xp, device)

    def finish(*bits: Array) -> Array:
        p, q = tail_probabilities(bits, BELOW_2 if truncated else 0.0, dtype=work, xp=xp, device=device)
        z = half_normal_quantile(p, q, dtype=work, xp=xp, device=device)
        if truncated:
            z = xp.minimum(z, constant(2.0, work, xp, device))
        z = z * (1.0 - 2.0 * xp.astype(bits[0] < 0, z.dtype))
        return xp.astype(_affine(z, scale, shift, limit, xp), target, copy=False)

    words = 2 if work == "float64" else 1
    return drawn(operation, seed, draw, shape, finish, words=words, xp=xp, device=device)


# --- dtypes and bounds ---


def _native(operation: str, dtype: str, xp: Any, device: Any) -> Any:
    """Return the namespace's dtype of that name, refusing what the namespace or its device lacks."""
    if dtype not in _FLOATS and dtype not in _INTEGERS:
        known = ", ".join([*_FLOATS, *_INTEGERS])
        raise ValueError(f"{operation}: dtype is {dtype!r} (expected one of {known})")
    # JAX without x64 has the names but gives 32 bits; of the narrow types only float16 is optional.
    wide = dtype in ("float64", "int64")
    if not hasattr(xp, dtype) or (wide and dtype not in xp.__array_namespace_info__().dtypes(device=device)):
        raise ValueError(f"{operation}: dtype is {dtype!r}, which {describe(xp)} lacks on device {device}")
    return getattr(xp, dtype)


def _float(operation: str, dtype: str, xp: Any, device: Any) -> Any:
    if dtype not in _FLOATS:
        raise ValueError(f"{operation}: dtype is {dtype!r} (expected one of {', '.join(_FLOATS)})")
    return _native(operation, dtype, xp, device)


def _rounded(operation: str, argument: str, value: float, dtype: str) -> float:
    """Round a number to a float dtype, in Python, so that no namespace does it its own way."""
    code = _FLOATS[dtype][0]
    try:
        (result,) = struct.unpack(code, struct.pack(code, value))
    except OverflowError:
        result = math.inf
    except struct.error:
        raise TypeError(f"{operation}: {argument} is {value!r} (expected a number)") from None
    if not math.isfinite(result):
        raise ValueError(f"{operation}: {argument} is {value} (expected a finite {dtype})")
    return result


def _below(value: float, dtype: str) -> float:
    """Return the next number of `dtype` towards minus infinity, leaving out those that a device may flush."""
    code, bits, smallest = _FLOATS[dtype]
    if value == 0:
        return -smallest
    (pattern,) = struct.unpack(bits, struct.pack(code, value))
    (result,) = struct.unpack(code, struct.pack(bits, pattern - 1 if value > 0 else pattern + 1))
    return result


def _integer_interval(minval: Any, maxval: Any, dtype: str) -> tuple[int, int]:
    least, end = _INTEGERS[dtype]
    if minval % 1 != 0 or maxval % 1 != 0:
        raise ValueError(f"uniform: bounds are {minval} and {maxval} (expected integers for {dtype})")
    low, high = int(minval), int(maxval)
    if not least <= low < high <= end:
        raise ValueError(
            f"uniform: [minval, maxval) = [{minval}, {maxval}) is empty or outside {dtype} "
            f"(expected {least} <= minval < maxval <= {end})"
        )
    return low, high - low


# --- arithmetic ---


def _affine(x: Array, scale: float, shift: float, limit: Array, xp: Any) -> Array:
    """Return x * scale + shift, both steps rounded, where no product is above `limit`."""
    product = x * scale
    return product if shift == 0 else fence(product, limit, xp) + shift


def _unit_11(bits: Array, xp: Any) -> Array:
    return xp.astype((bits >> 21) & (2**11 - 1), xp.float32) * 2.0**-11


def _unit_24(bits: Array, xp: Any) -> Array:
    return xp.astype((bits >> 8) & (2**24 - 1), xp.float32) * 2.0**-24


def _unit_53(high: Array, low: Array, xp: Any) -> Array:
    high = xp.astype((high >> 5) & (2**27 - 1), xp.float64)
    return (high * 2.0**26 + xp.astype((low >> 6) & (2**26 - 1), xp.float64)) * 2.0**-53


def _integers(low: int, span: int, target: Any, wide: bool, xp: Any) -> Callable[..., Array]:
    """Return the function from words to low + floor(w * span / 2**(32 * number of words))."""
    factors = [span >> shift & 0xFFFF for shift in range(0, span.bit_length(), 16)]

    def finish(*words: Array) -> Array:
        limbs = [limb & 0xFFFF for word in reversed(words) for limb in (word, word >> 16)]
        product: list[Any] = [0] * (len(limbs) + len(factors))
        for j, factor in enumerate(factors):
            carry: Any = 0
            for i, limb in enumerate(limbs):
                # At most (2**16 - 1)**2 + 2 * (2**16 - 1) = 2**32 - 1: the bits of the sum are right.
                total = limb * factor + product[i + j] + carry
                product[i + j], carry = total & 0xFFFF, (total >> 16) & 0xFFFF
            product[j + len(limbs)] = carry
        result: Any = 0
        for i, limb in enumerate(product[len(limbs) :]):
            if not isinstance(limb, int) and i < (4 if wide else 2):
                result = result + ((xp.astype(limb, target) if wide else limb) << 16 * i)
        return result + low if wide else xp.astype(result + low, target, copy=False)

    return finish
