"""Logistic regression as programs of Theano's days wrote it on Keras's backend: `python examples/theano_logistic.py`.

The graph is built by hand: symbolic inputs, shared weights, gradients, updates in pairs. On the backend `pytensor`,
Theano's successor compiles it; any other backend runs the same program.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("theano_logistic.py", "examples", program=__name__ == "__main__"):
    from sklearn.datasets import load_digits

CLASSES = 10


class LogisticRegression:
    """A linear layer and a softmax over the classes."""

    def __init__(self, x: Any, n_in: int, n_out: int) -> None:
        self.W = K.zeros((n_in, n_out), name="W")
        self.b = K.zeros((n_out,), name="b")
        self.params = [self.W, self.b]
        self.p_y_given_x = K.softmax(K.dot(x, self.W) + self.b)
        self.y_pred = K.argmax(self.p_y_given_x, axis=1)

    def negative_log_likelihood(self, y: Any) -> Any:
        """The mean over the samples; y holds their classes."""
        likely = K.sum(self.p_y_given_x * K.one_hot(y, CLASSES), axis=1)
        return -K.mean(K.log(likely))

    def errors(self, y: Any) -> Any:
        """The share of samples that are given another class."""
        return K.mean(K.cast(K.not_equal(self.y_pred, K.cast(y, "int64")), K.floatx()))


def main(library: str = "pytensor", epochs: int = 15, batch: int = 100, rate: float = 0.5) -> tuple[float, np.ndarray]:
    """Train on scikit-learn's digits; the share of errors on those kept apart, and the cost of each epoch."""
    data, labels = load_digits(return_X_y=True)
    data, labels = (data / 16.0).astype("float32"), labels.astype("int32")
    order = np.random.default_rng(0).permutation(len(data))
    train, test = order[:1400], order[1400:]

    with K.use_backend(library):
        x, y = K.placeholder(ndim=2, name="x"), K.placeholder(ndim=1, dtype="int32", name="y")
        classifier = LogisticRegression(x, n_in=64, n_out=CLASSES)
        cost = classifier.negative_log_likelihood(y)
        gradients = K.gradients(cost, classifier.params)
        updates = [(p, p - rate * g) for p, g in zip(classifier.params, gradients, strict=True)]
        train_model = K.function(inputs=[x, y], outputs=cost, updates=updates)
        test_model = K.function(inputs=[x, y], outputs=classifier.errors(y))

        costs = []
        for _ in range(epochs):
            batches = [train[start : start + batch] for start in range(0, len(train), batch)]
            costs.append(np.mean([train_model([data[rows], labels[rows]]) for rows in batches]))
        return float(test_model([data[test], labels[test]])), np.asarray(costs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="pytensor", help="such as pytensor, pytensor:FAST_COMPILE, numpy, torch")
    parser.add_argument("--epochs", type=int, default=15)
    given = parser.parse_args()
    errors, costs = main(given.backend, given.epochs)
    print(f"cost {costs[0]:.3f} in the first epoch, {costs[-1]:.3f} in the last; {100 * errors:.1f} % errors")
