"""Numbers of successes among trials: first few beta variates, each of which decides many trials, then inversion.

The i-th smallest of the uniform numbers behind n trials is a beta variate b. Where it is not above p, at least i trials
succeed, and the others are trials of probability (p - b) / (1 - b); else all successes are among i - 1 trials. With i
near n p few successes are left to decide: about the root of their number.

References: Ahrens, Dieter, "Computer methods for sampling from gamma, beta, Poisson and binomial distributions", 1974;
Devroye, "Non-uniform random variate generation", 1986, X.4.
"""

from __future__ import annotations

import math
from typing import Any

from ...arrays.typing import Array
from ...dispatch.promotion import arrays
from ...graph.composite import composite
from . import draws
from .sampling import gamma_from_1, in_dtype, no_gradient, part_of, place_of

__all__: list[str] = []  # the public function is in backend/api/random.py

MOST_TRIALS = {"float32": 2**24, "float64": 2**53}  # whole numbers up to these are exact
FEW = 32  # successes that are left to inversion
# More than FEW expected ones with a probability below that of the last uniform number: 2**-24, 2**-53.
STEPS = {"float32": 70, "float64": 98}
ATTEMPTS = 4  # at a gamma variate of at least FEW, of which one in 700 is refused


@composite
def draw_binomial(draw: Array, n: Array, p: Array, *, seed: int, shape: Any, dtype: str, most: int) -> Array:
    """Numbers of successes among n trials, n at most `most`, of probability p; both broadcast to the shape.

    NaN where n is negative or above what is exact, or p is outside 0 to 1; in a dtype without NaN, 0.
    """
    work = "float64" if dtype == "float64" else "float32"
    xp, draw, n, p = arrays(draw, n, p)
    u = draws.uniform(seed, draw, shape, dtype=work, **place_of(draw))
    zeros, ones = xp.zeros_like(u), xp.ones_like(u)
    n, p = in_dtype(work, n) + zeros, in_dtype(work, p) + zeros
    known = (n >= 0.0) & (n <= MOST_TRIALS[work]) & (p >= 0.0) & (p <= 1.0)
    n, p = xp.where(known, xp.floor(n), zeros), xp.where(known, p, zeros)
    # From here on: found + sign * a number of successes among n trials of probability p.
    failures = p > 0.5
    found, sign = xp.where(failures, n, zeros), xp.where(failures, 0.0 - ones, ones)
    p = xp.where(failures, 1.0 - p, p)
    for split in range(_splits(most)):
        many = n * p > FEW
        i = xp.floor((n + 1.0) * p)
        order = xp.stack((xp.where(many, i, FEW * ones), xp.where(many, n - i + 1.0, FEW * ones)))
        a = gamma_from_1(draw, order, part_of(seed, 2 * split + 2), (2, *shape), work, ATTEMPTS)
        b = a[0, ...] / (a[0, ...] + a[1, ...])
        reached = b <= p
        found = xp.where(many, found + sign * xp.where(reached, i, i - 1.0), found)
        sign = xp.where(many & ~reached, -sign, sign)
        p = xp.where(many, xp.where(reached, (p - b) / (1.0 - b), (b - p) / b), p)
        n = xp.where(many, xp.where(reached, n - i, i - 1.0), n)
    found = found + sign * _inverted(xp, u, n, p, min(STEPS[work], most))
    return in_dtype(dtype, xp.where(known, found, math.nan * ones if dtype.startswith("float") else zeros))


def _splits(most: int) -> int:
    """How many leave at most FEW successes to decide: roots to take, which have one chance in 1e12 to be too few."""
    return math.ceil(math.log2(math.log2(most))) if most > 2 * FEW else 0


def _inverted(xp: Any, u: Array, n: Array, p: Array, steps: int) -> Array:
    """How many of the sums of the first probabilities are not above u."""
    term = xp.exp(n * xp.log1p(0.0 - p))
    odds, total, found = p / (1.0 - p), term, xp.zeros_like(u)
    for k in range(steps):
        term = term * odds * ((n - k) / (k + 1.0))
        # A sum that stays is as good as 1: so rounding never leads beyond n.
        found = found + xp.astype((u >= total) & (total + term > total), u.dtype)
        total = total + term
    return found


no_gradient(draw_binomial)
