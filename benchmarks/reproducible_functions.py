"""Elementary functions of the reproducible mode on many values: `python -m benchmarks.reproducible_functions`.

The judge owes nothing to the mode. Long double functions of the C library, granted an error of 2**-58 where they claim
2**-63, say how the exact value rounds wherever it is not that near to a midpoint of two float32, where the repairs are;
there, and at the values nearest to a midpoint, whatever long double says, mpmath decides.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.reproducible import elementary

__all__ = ["Verdict", "judged"]

ORACLE = Path(__file__).parents[1] / "tests" / "reproducible" / "exact_rounding.py"
GRANTED = 2.0**-58
TILE = 2**18
HARDEST = 1000  # of each function, given to mpmath
DOMAINS = {
    "acos": (-1.0, 1.0),
    "asin": (-1.0, 1.0),
    "atanh": (-1.0, 1.0),
    "acosh": (1.0, np.inf),
    "log": (0.0, np.inf),
    "log2": (0.0, np.inf),
    "log10": (0.0, np.inf),
    "log1p": (-1.0, np.inf),
    "exp": (-104.0, 89.0),
    "expm1": (-18.0, 89.0),
    "sinh": (-90.0, 90.0),
    "cosh": (-90.0, 90.0),
    "tanh": (-9.5, 9.5),
}


class Verdict(NamedTuple):
    """What came of a function: values, wrong ones, those that mpmath decided, and how near float64 came."""

    values: int
    wrong: int
    by_mpmath: int  # undecided by long double, or among the hardest
    repaired: int  # by the mode
    error: float  # the largest of the library's float64 function, relative; of logaddexp, to the larger operand


def _oracle() -> Any:
    spec = importlib.util.spec_from_file_location("exact_rounding", ORACLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.oracle


def _drawn(rng: np.random.Generator, count: int, low: float, high: float) -> np.ndarray:
    """float32 values within a domain: half of them random bits, so of every exponent; half of sizes near 1."""
    bits = rng.integers(0, 2**32, count // 2, dtype=np.uint32).view(np.float32)
    near = np.exp(rng.uniform(-8.0, 5.0, count - count // 2)) * rng.choice([-1.0, 1.0], count - count // 2)
    x = np.concatenate([bits, near.astype(np.float32)])
    with np.errstate(all="ignore"):
        span = high - low if np.isfinite(high - low) else 100.0
        inside = (x > low) & (x < high) & (x != 0)
        anchor = low if np.isfinite(low) else 0.0
        x = np.where(inside, x, (anchor + rng.random(count) * span).astype(np.float32))
    return x[np.isfinite(x) & (x > low) & (x < high) & (x != 0)]


def _arguments(rng: np.random.Generator, name: str, count: int) -> list[np.ndarray]:
    if name in elementary.ONE:
        return [_drawn(rng, count, *DOMAINS.get(name, (-np.inf, np.inf)))]
    x, y = (rng.permutation(_drawn(rng, count, -np.inf, np.inf)) for _ in range(2))
    size = min(len(x), len(y))
    x, y = x[:size], y[:size]
    if name == "pow":  # exponents that give a finite result, whole ones for negative bases
        with np.errstate(all="ignore"):
            y = (rng.uniform(-87.0, 88.0, size) / np.log(np.abs(x).astype(np.float64))).astype(np.float32)
            y = np.where(x < 0, np.round(y), y)
        usual = np.isfinite(y) & (y != 0) & ~((x < 0) & (np.abs(y) > 2.0**24))
        return [x[usual], y[usual]]
    if name == "logaddexp":
        y = np.where(rng.random(size) < 0.7, x + rng.normal(0, 8, size).astype(np.float32), y)
    if name in ("atan2", "hypot"):
        with np.errstate(all="ignore"):
            y = np.where(rng.random(size) < 0.7, x * np.exp(rng.normal(0, 4, size)).astype(np.float32), y)
    usual = np.isfinite(x) & np.isfinite(y)
    return [x[usual], y[usual]]


def _wide(name: str, arguments: list[np.ndarray]) -> tuple[Any, Any]:
    """The function in long double, and what it may be off."""
    numpys = {"atan2": "arctan2", "pow": "power"}.get(name, f"arc{name[1:]}" if name[0] == "a" else name)
    wide = [x.astype(np.longdouble) for x in arguments]
    value = getattr(np, numpys)(*wide)
    size = np.abs(value)
    if name == "logaddexp":  # the two parts cancel
        size = size + np.abs(np.maximum(*wide))
    return value, size * np.longdouble(GRANTED)


def _distance(value: Any, result: np.ndarray) -> np.ndarray:
    """How far the exact value lies from a midpoint of two float32, in their steps."""
    step = np.spacing(np.abs(result)).astype(np.longdouble)
    return np.abs(np.abs(value - result.astype(np.longdouble)) / step - 0.5).astype(np.float64)


def judged(name: str, count: int, spec: str, seed: int = 0) -> Verdict:
    """A function of a reproducible namespace on many values."""
    rng, oracle, native = np.random.default_rng(seed), _oracle(), None
    values = wrong = asked = repaired = 0
    error, hardest = 0.0, []
    exact = elementary.exact

    def counted(*arguments: Any) -> Any:
        nonlocal repaired
        repaired += 1
        return exact(*arguments)

    elementary.exact = counted
    try:
        while values < count:
            arguments = _arguments(rng, name, TILE)
            with K.use_backend(spec) as on, np.errstate(all="ignore"):
                given = [on.asarray(x) for x in arguments]
                found = np.asarray(getattr(on.xp, name)(*given))
                native = on.xp.base
                y = _native(native, name, arguments)
            with np.errstate(all="ignore"):
                wide, granted = _wide(name, arguments)
                wanted = wide.astype(np.float32)
                open_ = (wide + granted).astype(np.float32) != (wide - granted).astype(np.float32)
                off = np.abs(y - wide) * np.longdouble(GRANTED) / granted
                normal = np.isfinite(off) & (np.abs(wide) > 2.0**-1000)
                error = max(error, float(off[normal].max(initial=0.0)))
                far = np.where(np.isfinite(wanted), _distance(wide, wanted), 1.0)
            for i in np.flatnonzero(open_ & ~np.isnan(wide)):
                wanted[i] = oracle(name, 32, *(x[i] for x in arguments))
                asked += 1
            nearest = np.argpartition(far, 64)[:64]
            hardest += [(far[i], found[i], *(x[i] for x in arguments)) for i in nearest]
            same = (found.view(np.int32) == wanted.view(np.int32)) | (np.isnan(found) & np.isnan(wanted))
            wrong += int((~same).sum())
            values += len(found)
    finally:
        elementary.exact = exact
    for _, result, *x in sorted(hardest)[:HARDEST]:
        asked += 1
        wrong += not np.array_equal(np.float32(oracle(name, 32, *x)), result, equal_nan=True)
    return Verdict(values, wrong, asked, repaired, error)


def _native(base: Any, name: str, arguments: list[np.ndarray]) -> np.ndarray:
    """The candidate of the library below: its float64 function."""
    if name in ("hypot", "logaddexp"):  # made of other functions
        wide = [x.astype(np.float64) for x in arguments]
        return getattr(np, name)(*wide)
    given = [base.xp.asarray(x.astype(np.float64)) for x in arguments]
    return np.asarray(base.host(getattr(base.xp, name)(*given)))


def main() -> None:
    """Judge functions, all by default."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", default=[*elementary.ONE, *elementary.TWO])
    parser.add_argument("--count", type=int, default=10**7)
    parser.add_argument("--spec", default="reproducible:numpy")
    chosen = parser.parse_args()
    if np.finfo(np.longdouble).nmant != 63:
        parser.error("long double has less than 64 bits here")
    print(f"| function | values | wrong | by mpmath | repaired | float64 off by | on {chosen.spec}")
    for name in chosen.names:
        start = time.process_time()
        found = judged(name, chosen.count, chosen.spec)
        size = f"2^{np.log2(found.error):.1f}" if found.error else "0"
        spent = time.process_time() - start
        print(
            f"| {name} | {found.values:.3g} | {found.wrong} | {found.by_mpmath} | {found.repaired} "
            f"| {size} | {spent:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
