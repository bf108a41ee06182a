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
