"""Hessian-vector products, Newton's method and L-BFGS, with exact derivatives on NumPy: `python examples/newton.py`."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

import backend as K
from backend.arrays.extras import required

with required("newton.py", "examples", program=__name__ == "__main__"):
    from sklearn.datasets import load_breast_cancer


def inner(x: Any, y: Any) -> float:
    """The inner product of two vectors."""
    return float(K.sum(x * y))


def line_search(f: Any, x: Any, direction: Any, value: float, slope: float) -> Any:
    """x moved along a direction by 1, 1/2, 1/4, ... until f falls enough (Armijo's rule)."""
    step = 1.0
    while step > 1e-12 and not float(f(x + step * direction)) <= value + 1e-4 * step * slope:
        step /= 2
    return x + step * direction


def newton_direction(f: Any, x: Any, g: Any) -> Any:
    """Solve H d = -g by conjugate gradients, for a convex f: of the Hessian H only products with vectors are needed."""
    direction, rest, p, square = 0 * g, -g, -g, inner(g, g)
    while square > min(0.01, inner(g, g)) * inner(g, g):
        product = K.hvp(f, x, p)
        alpha = square / inner(p, product)
        direction, rest = direction + alpha * p, rest - alpha * product
        p, square = rest + inner(rest, rest) / square * p, inner(rest, rest)
    return direction


def lbfgs_direction(g: Any, pairs: deque[tuple[Any, Any]]) -> Any:
    """-g times the inverse Hessian as the last changes of x and of the gradient let guess (two-loop recursion)."""
    direction, alphas = -g, []
    for s, y in reversed(pairs):
        alphas.append(inner(s, direction) / inner(s, y))
        direction = direction - alphas[-1] * y
    direction = direction * (inner(*pairs[-1]) / inner(pairs[-1][1], pairs[-1][1]) if pairs else 1.0)
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        direction = direction + (alpha - inner(y, direction) / inner(s, y)) * s
    return direction


def minimize(f: Any, x: Any, method: str, tolerance: float = 1e-6) -> tuple[Any, int]:
    """The minimum of a convex f of vectors, from x, and the number of steps that a method took."""
    value_and_slope, pairs, before = K.value_and_grad(f), deque(maxlen=10), None
    for steps in range(500):
        value, g = value_and_slope(x)
        pairs.extend([(x - before[0], g - before[1])] if before else [])
        if float(K.max(K.abs(g))) < tolerance:
            return x, steps
        direction = newton_direction(f, x, g) if method == "newton" else lbfgs_direction(g, pairs)
        before, x = (x, g), line_search(f, x, direction, float(value), inner(g, direction))
    raise RuntimeError(f"{method} takes more than 500 steps")


def main(library: str = "numpy") -> dict[str, tuple[float, int]]:
    """Fit a logistic regression to scikit-learn's breast cancer data: the loss and the steps of each method."""
    samples, benign = load_breast_cancer(return_X_y=True)
    x, y = map(K.get_backend(library).xp.asarray, ((samples - samples.mean(0)) / samples.std(0), 1.0 * benign))

    def loss(w: Any) -> Any:
        return K.mean(K.binary_crossentropy(y, K.dot(x, w), from_logits=True)) + 0.5e-3 * K.sum(w * w)

    fits = {method: minimize(loss, 0 * x[0, :], method) for method in ("newton", "lbfgs")}
    for method, (w, steps) in fits.items():
        print(f"{method}: loss {float(loss(w)):.10f} after {steps} steps")
    return {method: (float(loss(w)), steps) for method, (w, steps) in fits.items()}


if __name__ == "__main__":
    main(*sys.argv[1:2])
