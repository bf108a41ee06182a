"""PCA, k-means and logistic regression on arrays of any library: `python examples/classic_learning.py torch`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("classic_learning.py", "examples", program=__name__ == "__main__"):
    from sklearn.datasets import load_digits, load_iris


def pca(x: Any, count: int) -> tuple[Any, Any]:
    """The coordinates of samples (n, d) along their `count` principal axes, and the share of the variance of each."""
    centred = x - K.mean(x, axis=0, keepdims=True)
    _, scales, axes = K.svd(centred, full_matrices=False)
    variances = K.square(scales)
    return K.dot(centred, K.transpose(axes[:count, :])), variances[:count] / K.sum(variances)


def squared_distances(x: Any, y: Any) -> Any:
    """Between each row of x (n, d) and each row of y (m, d): (n, m)."""
    return K.sum(K.square(K.expand_dims(x, 1) - K.expand_dims(y, 0)), axis=-1)


def kmeans(x: Any, count: int, steps: int = 20) -> tuple[Any, Any]:
    """Lloyd's algorithm: the centres (count, d) and each sample's cluster, from centres that start far apart."""
    centres = x[:1, :]
    for _ in range(count - 1):  # the sample that is farthest from all centres so far
        farthest = int(K.argmax(K.min(squared_distances(x, centres), axis=1)))
        centres = K.concatenate([centres, x[farthest : farthest + 1, :]], axis=0)
    for _ in range(steps):
        cluster = K.argmin(squared_distances(x, centres), axis=1)
        sizes = K.segment_sum(K.ones_like(x[:, :1]), cluster, count)
        centres = K.segment_sum(x, cluster, count) / K.maximum(sizes, K.ones_like(sizes))
    return centres, cluster


def logistic_regression(x: Any, labels: Any, classes: int, steps: int = 300, rate: float = 0.5) -> tuple[Any, Any]:
    """Weights (d, classes) and biases that predict integer labels, by gradient descent with a small penalty."""

    def loss(weights: Any, x: Any, labels: Any) -> Any:
        w, b = weights
        fit = K.sparse_categorical_crossentropy(labels, K.dot(x, w) + b, from_logits=True)
        return K.mean(fit) + 1e-3 * K.sum(K.square(w))

    xp = K.namespace(x)
    weights = [xp.zeros((x.shape[1], classes), dtype=x.dtype), xp.zeros((classes,), dtype=x.dtype)]
    slope = K.grad(loss)
    for _ in range(steps):
        weights = [w - rate * g for w, g in zip(weights, slope(weights, x, labels), strict=True)]
    return weights[0], weights[1]


def main(library: str = "numpy") -> dict[str, float]:
    """Run all three on scikit-learn's digits and irises; what was reached, by name."""
    xp = K.get_backend(library).xp
    digits, labels = (xp.asarray(a) for a in load_digits(return_X_y=True))
    points, shares = pca(digits, 2)
    print(f"{type(points).__module__}: two axes hold {float(K.sum(shares)):.1%} of the variance of the digits")

    flowers, kinds = load_iris(return_X_y=True)
    _, cluster = kmeans(xp.asarray(flowers), 3)
    pure = sum(np.bincount(kinds[K.eval(cluster) == i]).max() for i in range(3)) / len(kinds)
    print(f"three clusters sort {pure:.1%} of the irises as botanists do")

    x = digits / 16.0
    w, b = logistic_regression(x[:1400, :], labels[:1400], 10)
    right = float(K.mean(K.cast(K.equal(K.argmax(K.dot(x[1400:, :], w) + b), labels[1400:]), "float64")))
    print(f"logistic regression reads {right:.1%} of unseen digits")
    return {"variance": float(K.sum(shares)), "irises": float(pure), "digits": right}


if __name__ == "__main__":
    main(*sys.argv[1:2])
