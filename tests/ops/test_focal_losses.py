"""Focal crossentropies: the paper's formula in plain Python, what they become without focus, gradients, saturation."""

import math

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(4)
SHARES = RNG.random((4, 3))
CHANCES = RNG.uniform(0.05, 0.95, (4, 3))
LOGITS = RNG.normal(size=(4, 3)) * 3


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 3])
@pytest.mark.parametrize("alpha", [None, 0.25, 0.7])
@pytest.mark.parametrize("from_logits", [False, True])
def test_binary(gamma, alpha, from_logits):
    output, truth = LOGITS if from_logits else CHANCES, (SHARES > 0.5).astype("float64")
    wanted = np.zeros(truth.shape)
    for i in np.ndindex(*truth.shape):  # equations 2 and 5 of Lin et al. 2017
        p = 1 / (1 + math.exp(-output[i])) if from_logits else output[i]
        p = p if truth[i] else 1 - p
        balance = 1.0 if alpha is None else alpha if truth[i] else 1 - alpha
        wanted[i] = -balance * (1 - p) ** gamma * math.log(p)
    more = {} if alpha is None else {"apply_class_balancing": True, "alpha": alpha}
    found = K.binary_focal_crossentropy(truth, output, gamma=gamma, from_logits=from_logits, **more)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("from_logits", [False, True])
def test_categorical(gamma, axis, from_logits):
    output = LOGITS if from_logits else CHANCES
    wanted = np.zeros(SHARES.shape[1 - axis % 2])
    for k in range(len(wanted)):
        row, truth = (np.take(v, k, axis=1 - axis % 2) for v in (output, SHARES))
        weights = [math.exp(v) for v in row] if from_logits else list(row)
        for w, t in zip(weights, truth, strict=True):
            p = w / sum(weights)
            wanted[k] -= 0.4 * (1 - p) ** gamma * t * math.log(p)
    found = K.categorical_focal_crossentropy(SHARES, output, 0.4, gamma, from_logits, axis)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
def test_without_focus_it_is_the_crossentropy(from_logits):
    output = LOGITS if from_logits else CHANCES
    np.testing.assert_allclose(
        K.categorical_focal_crossentropy(SHARES, output, 1.0, 0.0, from_logits),
        K.categorical_crossentropy(SHARES, output, from_logits),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        K.binary_focal_crossentropy(SHARES, output, gamma=0.0, from_logits=from_logits),
        K.binary_crossentropy(SHARES, output, from_logits),
        rtol=1e-12,
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(
    ("operation", "from_logits", "extremes"),
    [
        (K.binary_crossentropy, False, [0.0, 1.0]),
        (K.binary_crossentropy, True, [-500.0, 500.0]),
        (K.categorical_crossentropy, False, [0.0, 1.0]),
        (K.categorical_crossentropy, True, [-500.0, 500.0]),
    ],
)
def test_saturated_values_and_slopes_are_finite(operation, from_logits, extremes, gamma):
    focal = getattr(K, operation.__name__.replace("_", "_focal_"))
    t, x = K.placeholder((None, 2)), K.placeholder((None, 2))
    loss = focal(t, x, gamma=gamma, from_logits=from_logits)
    found = K.function([t, x], [loss, K.gradients(loss, [x])[0]])(
        [np.array([[0, 1], [1, 0]], "float32"), np.array([extremes, extremes], "float32")]
    )
    if gamma != 0.5:  # below 1 the paper's own slope is infinite at a perfect answer
        assert all(np.isfinite(v).all() for v in found)
    assert np.isfinite(found[0]).all() and (found[0] >= 0).all() and found[0].max() > 1


def test_errors():
    for error, operation, arguments in (
        (ValueError, "binary_focal_crossentropy", (np.ones((2, 3)), np.ones((2, 2)))),
        (TypeError, "binary_focal_crossentropy", (SHARES, SHARES, False, "a quarter")),
        (ValueError, "categorical_focal_crossentropy", (SHARES, SHARES, 0.25, 2.0, False, 2)),
        (ValueError, "categorical_focal_crossentropy", (SHARES, SHARES[:2])),
        (TypeError, "categorical_focal_crossentropy", (SHARES, SHARES, 0.25, None)),
    ):
        with pytest.raises(error, match=f"^{operation}: "):
            getattr(K, operation)(*arguments)
