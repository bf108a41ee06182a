"""Normalization of features: unknown channels, the default image format, half precision."""

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(8)
X = RNG.normal(size=(3, 4, 5, 6))


def test_channels_may_be_unknown():
    x = K.placeholder((None, None), dtype="float64")
    f = K.function([x], [K.group_normalization(x, 2)])
    np.testing.assert_allclose(f([X[:, :, 0, 0]])[0], F.group_norm(torch.tensor(X[:, :, 0, 0]), 2).numpy(), rtol=1e-10)


def test_the_image_format_is_the_default():
    before = K.image_data_format()
    K.set_image_data_format("channels_first")
    try:
        np.testing.assert_allclose(
            K.group_normalization(X, 2), F.group_norm(torch.tensor(X), 2).numpy(), rtol=1e-10, atol=1e-12
        )
    finally:
        K.set_image_data_format(before)


@pytest.mark.parametrize("compiled", [False, True])
def test_statistics_of_no_elements_are_nan_without_a_warning(compiled):
    def normalize(x):
        return K.normalize_batch_in_training(x, None, None, [0])

    x, empty = K.placeholder((None, 2)), np.zeros((0, 2), "float32")
    y, mean, variance = K.function([x], list(normalize(x)))([empty]) if compiled else normalize(empty)
    assert y.shape == (0, 2)
    assert np.isnan(mean).all() and np.isnan(variance).all()


def test_half_precision_does_not_overflow():
    x = np.array([[60000, -60000, 30000, 0]], "float16")
    wide = x.astype("float64")
    for function in (K.layer_normalization, K.rms_normalization, lambda x: K.group_normalization(x, 1)):
        found = function(x)
        assert found.dtype == "float16"
        np.testing.assert_allclose(found, function(wide), rtol=1e-3)
