"""Focal crossentropies of saturated outputs."""

import numpy as np
import pytest

import backend as K


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


PROBABILITIES = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [6e-8, 1.0], [1.2e-7, 1.0], [1e-4, 0.9995], [6e4, 6e4]]
LOGITS = [[6e4, -6e4], [-6e4, 6e4], [3e4, -3e4], [0.0, 0.0], [65504.0, 65504.0]]


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize(
    "operation",
    [
        K.binary_crossentropy,
        K.binary_focal_crossentropy,
        K.categorical_crossentropy,
        K.categorical_focal_crossentropy,
        K.sparse_categorical_crossentropy,
    ],
)
def test_losses_and_slopes_are_finite_wherever_the_outputs_are(operation, from_logits, dtype, library):
    if library == "torch":
        pytest.importorskip("torch", reason="torch is not installed")
    rows = np.repeat(np.array(LOGITS if from_logits else PROBABILITIES, dtype), 2, axis=0)
    labels = np.arange(len(rows), dtype="int32") % 2
    sparse = operation is K.sparse_categorical_crossentropy
    target = labels if sparse else np.stack([labels, 1 - labels], axis=1)
    to = K.get_backend(library).asarray
    with np.errstate(over="ignore"):  # a difference of logits may lie beyond float16's range: then the loss is inf
        value = operation(to(target), to(rows), from_logits=from_logits)
    slope = K.grad(lambda x: K.sum(operation(to(target), x, from_logits=from_logits)))(to(rows))
    assert np.isfinite(np.asarray(slope)).all() and np.asarray(slope).dtype == dtype
    value = np.asarray(value)
    assert value.dtype == dtype and not np.isnan(value).any() and (value >= 0).all()
    if dtype == "float32" or not from_logits:
        assert np.isfinite(value).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_row_of_zeros_is_a_saturated_miss(dtype):
    target, zeros = np.array([[0.0, 1.0]], dtype), np.zeros((1, 2), dtype)
    np.testing.assert_allclose(K.categorical_crossentropy(target, zeros), -np.log(1e-7), rtol=1e-3)
    np.testing.assert_allclose(K.categorical_focal_crossentropy(target, zeros), -0.25 * np.log(1e-7), rtol=2e-3)
