"""Dice, focal and triplet losses, and a saliency map: `python examples/losses_and_saliency.py torch`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("losses_and_saliency.py", "examples", program=__name__ == "__main__"):
    from sklearn.datasets import load_digits


def dice_loss(target: Any, mask: Any, smooth: float = 1.0) -> Any:
    """1 - 2 |A and B| / (|A| + |B|) of masks (n, h, w), for each sample."""
    overlap = K.sum(target * mask, axis=(1, 2))
    whole = K.sum(target, axis=(1, 2)) + K.sum(mask, axis=(1, 2))
    return 1 - (2 * overlap + smooth) / (whole + smooth)


def focal_loss(labels: Any, scores: Any, gamma: float = 2.0) -> Any:
    """Cross-entropy of integer labels and scores (n, classes), scaled down where the prediction is right already."""
    p = K.sum(K.one_hot(labels, scores.shape[-1]) * K.softmax(scores), axis=-1)
    return K.pow(1 - p, gamma) * -K.log(p + K.epsilon())


def triplet_loss(anchor: Any, same: Any, other: Any, margin: float = 0.5) -> Any:
    """How much nearer than `margin` an embedding (n, d) is to another class's than to its own, for each triplet."""
    near, far = (K.sum(K.square(anchor - z), axis=-1) for z in (same, other))
    return K.relu(near - far + margin)


def saliency(score: Any, image: Any) -> Any:
    """The absolute gradient of a score by each pixel."""
    return K.abs(K.grad(score)(image))


def train(loss: Any, weights: Any, steps: int, rate: float) -> Any:
    """Weights after some steps of gradient descent."""
    slope = K.grad(loss)
    for _ in range(steps):
        weights = weights - rate * slope(weights)
    return weights


def main(library: str = "numpy") -> dict[str, float]:
    """Use each loss on scikit-learn's digits; what was reached, by name."""
    asarray = K.get_backend(library).xp.asarray
    images, digits = load_digits(return_X_y=True)
    x, labels = asarray(images / 16.0), asarray(digits)

    # a threshold that separates ink from paper, by the overlap of the masks
    ink = asarray((images.reshape(-1, 8, 8) > 6).astype("float64"))
    pages = K.reshape(x, (-1, 8, 8))
    cut = train(lambda c: K.mean(dice_loss(ink, K.sigmoid(20 * (pages - c)))), asarray(np.asarray(0.8)), 60, 0.1)
    print(f"dice: the masks of ink were made at {6 / 16:.2f} to {7 / 16:.2f}, found {float(cut):.2f}")

    w = train(lambda w: K.mean(focal_loss(labels, K.dot(x, w))), 0 * K.transpose(x[:10, :]), 100, 2.0)
    right = float(K.mean(K.cast(K.equal(K.argmax(K.dot(x, w)), labels), "float64")))
    print(f"focal: a linear classifier reads {right:.0%}")

    eights, threes = (x[asarray(np.flatnonzero(digits == d)[:100]), :] for d in (8, 3))
    pairs = (eights[:50, :], eights[50:, :], threes[:50, :])
    project = asarray(np.random.default_rng(0).normal(size=(64, 4)) / 8)
    trained = train(lambda p: K.mean(triplet_loss(*(K.dot(a, p) for a in pairs))), project, 100, 0.1)
    losses = (triplet_loss(*(K.dot(a, p) for a in pairs)) for p in (project, trained))
    before, after = (float(K.mean(K.cast(loss > 0, "float64"))) for loss in losses)
    print(f"triplet: {before:.0%} of the eights were nearer to a three than allowed, {after:.0%} after training")
    map_ = K.reshape(saliency(lambda image: K.dot(image, w)[8] - K.dot(image, w)[3], eights[0, :]), (8, 8))
    print("what makes it an 8 and not a 3:")
    for row in K.eval(K.cast(K.round(9 * map_ / K.max(map_)), "int32")):
        print("  " + "".join(" .:-=+*#%@"[shade] * 2 for shade in row))
    return {"cut": float(cut), "right": right, "before": before, "after": after}


if __name__ == "__main__":
    main(*sys.argv[1:2])
