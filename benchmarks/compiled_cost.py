"""The overhead of a compiled function of 200 nodes on scalars, compared with the same calls by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import backend as K

from .timing import interleaved, printed

__all__ = ["table"]

STEPS = 50  # of four calls each


def _calls() -> Iterator[tuple[str, str]]:
    """The calls written by hand for a library: a function, then a formula with v for the value so far."""
    for i in range(STEPS):
        yield "sin", "xp.sin(v)"
        yield "multiply", f"v * {1 + i / 100!r}"
        yield "tanh", "xp.tanh(v)"
        yield "add", f"v + {i / 100 + 0.001!r}"


def _by_hand(xp: Any) -> Callable[[Any], Any]:
    lines = ["def by_hand(v):", *(f"    v = {formula}" for _, formula in _calls()), "    return v"]
    scope: dict[str, Any] = {"xp": xp}
    exec("\n".join(lines), scope)
    return scope["by_hand"]


def _compiled() -> Any:
    """The same calls, recorded on a placeholder."""
    x = K.placeholder((), name="x")
    return K.function([x], [_by_hand(x.__array_namespace__())(x)])


def table(quick: bool) -> str:
    """The cost of a call of either."""
    import torch

    rows = []
    compiled = _compiled()
    for name, xp, x in (("numpy", np, np.asarray(0.5, "float32")), ("torch", torch, torch.tensor(0.5))):
        by_hand = _by_hand(xp)
        if not np.allclose(compiled([x])[0], by_hand(x), rtol=1e-5):
            raise AssertionError(f"{name}: the compiled function gives {compiled([x])[0]}, by hand {by_hand(x)}")
        cost = interleaved(
            {"K": lambda x=x: compiled([x]), "by hand": lambda x=x, f=by_hand: f(x)},
            rounds=5 if quick else 41,
            seconds=0.01 if quick else 0.05,
        )
        rows.append([name, f"{cost['K']:.1f}", f"{cost['by hand']:.1f}", f"{cost['K'] / cost['by hand']:.3f}"])
    return printed(
        f"A compiled function of {4 * STEPS} nodes on scalars, microseconds",
        ["library", "K.function", "by hand", "ratio"],
        rows,
    )
