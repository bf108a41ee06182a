"""Train the digits net on every array library that is there, reproducibly: one sha256 of the weights for all."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import time
from typing import Any, NamedTuple

import numpy as np

os.environ.setdefault("JAX_ENABLE_X64", "1")  # before JAX is loaded: the mode needs float64

import digits

import backend as K

LIBRARIES = ("numpy", "torch", "array_api_strict", "cupy", "jax")


class Trained(NamedTuple):
    """A library's line: the last loss, the hash of all variables and losses, and how long it took."""

    backend: str
    loss: float
    sha256: str
    seconds: float


def digest(arrays: list[Any]) -> str:
    """The sha256 of arrays; NaN, whose sign and payload are the library's, counts as one."""
    found = hashlib.sha256()
    for x in map(np.ascontiguousarray, arrays):
        found.update(np.where(np.isnan(x), np.float32(np.nan), x).astype("<f4").tobytes())
    return found.hexdigest()


def trained(backend: str, steps: int, seed: int = 0) -> Trained:
    """Train for some steps of 32 digits; the seed gives the same weights, batches and dropout everywhere."""
    started, order = time.perf_counter(), np.random.default_rng(seed)
    x, y, _, _ = digits.load()
    losses: list[Any] = []
    with K.use_backend(backend):
        train, _, _ = digits.net(seed)
        while len(losses) < steps:
            batches = np.split(order.permutation(len(x))[: len(x) // 32 * 32], len(x) // 32)
            losses += [train([x[chosen], y[chosen]])[0] for chosen in batches[: steps - len(losses)]]
        variables = [K.get_value(v) for v in train.updated if v.dtype == "float32"]
    return Trained(backend, float(losses[-1]), digest([*variables, *losses]), time.perf_counter() - started)


def shown(line: Trained) -> str:
    """A line of the table; the same hash is the same row of blocks."""
    blocks = "".join(" ▁▂▃▄▅▆▇█"[1 + int(c, 16) // 2] for c in line.sha256[:32])
    return f"{line.backend:30} {line.loss:<10.7g} {blocks} {line.sha256[:16]} {line.seconds:7.1f} s"


def main() -> None:
    """Print one line for each library, and whether all hashes are equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="steps of 32 digits (default 20; an epoch has 44)")
    parser.add_argument("--backends", default="", help="some of " + ",".join(LIBRARIES) + ", or others (default: all)")
    parser.add_argument("--ordinary", action="store_true", help="show the libraries' ordinary results, too")
    chosen = parser.parse_args()
    names = chosen.backends.split(",") if chosen.backends else [n for n in LIBRARIES if importlib.util.find_spec(n)]
    print(f"{'backend':30} {'loss':10} {'the first 32 digits of sha256':32} {'and 16 of them':16} {'time':>9}")
    hashes = []
    for name in [*(names if chosen.ordinary else ()), *(f"reproducible:{name}" for name in names)]:
        try:
            line = trained(name, chosen.steps)
        except (ValueError, ImportError) as error:  # a library without its hardware
            print(f"{name:30} {error}")
            continue
        print(shown(line), flush=True)
        hashes += [line.sha256] if name.startswith("reproducible:") else []
    if len(set(hashes)) > 1:
        raise SystemExit("the hashes differ: please report this")
    print(f"\n{len(hashes)} reproducible trainings of {chosen.steps} steps, one hash:\nsha256 {hashes[0]}")


if __name__ == "__main__":
    main()
