"""Layer, root mean square and group normalization against PyTorch: values, gradients, half precision."""

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(8)
X = RNG.normal(size=(3, 4, 5, 6))


def gradients(function, *values):
    """Value and gradients of sum(sin(function)) with the batch and the spatial sizes unknown."""
    inputs = [K.placeholder((None, None, *v.shape[2:]) if v.ndim == 4 else v.shape, dtype="float64") for v in values]
    out = function(*inputs)
    return K.function(inputs, [out, *K.gradients(K.sum(K.sin(out)), inputs)])(list(values))


def compare(ours, theirs, *values):
    leaves = [torch.tensor(v, requires_grad=True) for v in values]
    wanted = theirs(*leaves)
    found = gradients(ours, *values)
    np.testing.assert_allclose(found[0], wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
    for got, t in zip(found[1:], torch.autograd.grad(wanted.sin().sum(), leaves), strict=True):
        np.testing.assert_allclose(got, t.numpy(), rtol=1e-9, atol=1e-11)
    for library in ("numpy", "torch", "array_api_strict"):
        with K.use_backend(library) as on:
            eager = ours(*(on.asarray(v, "float64") for v in values))
            np.testing.assert_allclose(np.asarray(eager), wanted.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_layer_normalization():
    gamma, beta = RNG.normal(size=(5, 6)), RNG.normal(size=(5, 6))
    compare(
        lambda x, g, b: K.layer_normalization(x, g, b, axis=(-1, 2)),
        lambda x, g, b: F.layer_norm(x, (5, 6), g, b),
        X,
        gamma,
        beta,
    )
    compare(K.layer_normalization, lambda x: F.layer_norm(x, (6,)), X)
    compare(
        lambda x, b: K.layer_normalization(x, None, b, epsilon=0.1),
        lambda x, b: F.layer_norm(x, (6,), None, b, 0.1),
        X,
        beta[0],
    )


def test_rms_normalization():
    gamma = RNG.normal(size=(5, 6))
    compare(lambda x, g: K.rms_normalization(x, g, axis=[2, 3]), lambda x, g: F.rms_norm(x, (5, 6), g, 1e-5), X, gamma)
    compare(lambda x: K.rms_normalization(x, epsilon=0.1), lambda x: F.rms_norm(x, (6,), None, 0.1), X)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_normalization(groups):
    gamma, beta = RNG.normal(size=6), RNG.normal(size=6)
    compare(
        lambda x, g, b: K.group_normalization(x, groups, g, b, data_format="channels_last"),
        lambda x, g, b: F.group_norm(x.movedim(-1, 1), groups, g, b).movedim(1, -1),
        X,
        gamma,
        beta,
    )


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_normalization_channels_first(groups):
    first = X.transpose(3, 1, 2, 0)
    gamma, beta = RNG.normal(size=4), RNG.normal(size=4)
    x, g, b = (K.placeholder(shape, dtype="float64") for shape in ((None, 4, None, None), (4,), (4,)))
    found = K.function([x, g, b], [K.group_normalization(x, groups, g, b, 1e-3, "channels_first")])(
        [first, gamma, beta]
    )[0]
    wanted = F.group_norm(torch.tensor(first), groups, torch.tensor(gamma), torch.tensor(beta), 1e-3)
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-10, atol=1e-12)


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


def test_half_precision_does_not_overflow():
    x = np.array([[60000, -60000, 30000, 0]], "float16")
    wide = x.astype("float64")
    for function in (K.layer_normalization, K.rms_normalization, lambda x: K.group_normalization(x, 1)):
        found = function(x)
        assert found.dtype == "float16"
        np.testing.assert_allclose(found, function(wide), rtol=1e-3)


def test_edges():
    x = np.array([[2.0, 2.0], [np.nan, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(K.layer_normalization(x, beta=np.array([5.0, 6.0])), [[5, 6], [np.nan] * 2, [5, 6]])
    np.testing.assert_array_equal(K.rms_normalization(x)[1:], [[np.nan] * 2, [0, 0]])
    assert K.layer_normalization(np.arange(6).reshape(2, 3)).dtype == "float32"
    assert K.group_normalization(np.zeros((2, 0, 4)), 2).shape == (2, 0, 4)


@pytest.mark.parametrize(
    ("operation", "arguments", "error"),
    [
        ("layer_normalization", (None, None, 4), ValueError),
        ("layer_normalization", (None, None, (1, -3)), ValueError),
        ("layer_normalization", (np.ones(5),), ValueError),
        ("layer_normalization", (None, np.ones((1, 6))), ValueError),
        ("rms_normalization", (None, 4), ValueError),
        ("rms_normalization", (np.ones(5),), ValueError),
        ("group_normalization", (4,), ValueError),
        ("group_normalization", (0,), ValueError),
        ("group_normalization", (1.5,), TypeError),
        ("group_normalization", (2, np.ones(3)), ValueError),
        ("group_normalization", (2, None, None, 1e-5, "channels"), ValueError),
    ],
)
def test_errors(operation, arguments, error):
    for x in (X, K.placeholder(X.shape, dtype="float64")):
        with pytest.raises(error, match=operation if len(arguments) < 5 else "channels"):
            getattr(K, operation)(x, *arguments)
