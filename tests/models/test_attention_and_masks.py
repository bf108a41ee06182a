"""Attention and normalization by their formulas, and masks where Keras 2.3.1 has no layer to compare with."""

import numpy as np
import pytest

import backend as K
from backend.models import (
    GRU,
    Add,
    Bidirectional,
    Concatenate,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    LayerNormalization,
    Masking,
    Model,
    MultiHeadAttention,
    Sequential,
)

pytestmark = pytest.mark.slow


def floats(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def attended(q, k, v, weights, present=None, causal=False):
    """Multi-head attention by einsum in float64."""
    (wq, bq), (wk, bk), (wv, bv), (wo, bo) = [weights[i : i + 2] for i in (0, 2, 4, 6)]
    q, k, v = (np.einsum("btd,dhk->bhtk", x, w) + b[:, None] for x, w, b in ((q, wq, bq), (k, wk, bk), (v, wv, bv)))
    scores = np.einsum("bhtk,bhsk->bhts", q, k) / np.sqrt(q.shape[-1])
    seen = np.ones(scores.shape, bool)
    if present is not None:
        seen &= present[:, None, None, :]
    if causal:
        seen &= np.tril(np.ones(scores.shape[-2:], bool))
    e = np.exp(scores - scores.max(-1, keepdims=True)) * seen
    total = e.sum(-1, keepdims=True)
    p = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return np.einsum("bhtk,hko->bto", np.einsum("bhts,bhsk->bhtk", p, v), wo) + bo


def weighed(model):
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return [w.astype("float64") for w in model.get_weights()]


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("causal", [False, True])
def test_attention(library, dropout, causal):
    with K.use_backend(library):
        q, v, k = Input((None, 5)), Input((None, 6)), Input((None, 4))
        layer = MultiHeadAttention(2, 3, value_dim=4, output_size=7, dropout=dropout, use_causal_mask=causal)
        model = Model([q, v, k], layer([q, v, k]))
        x = floats(2, 4, 5), floats(2, 4, 6, seed=1), floats(2, 4, 4, seed=2)
        weights = weighed(model)
        expected = attended(x[0], x[2], x[1], weights, causal=causal)
        np.testing.assert_allclose(model.predict(list(x)), expected, rtol=1e-4, atol=1e-5)
        assert [w.name.partition("/")[2] for w in layer.weights[::2]] == [
            "query/kernel",
            "key/kernel",
            "value/kernel",
            "attention_output/kernel",
        ]


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_attention_does_not_see_what_is_absent(dropout):
    tokens = np.asarray([[1, 2, 3, 0], [4, 0, 0, 0], [0, 0, 0, 0]])
    x = Input((4,), dtype="int32")
    y = MultiHeadAttention(2, 3, dropout=dropout)(Embedding(5, 6, mask_zero=True)(x))
    model = Model(x, y)
    table, *weights = weighed(model)
    expected = attended(*[table[tokens]] * 3, weights, present=tokens != 0)
    np.testing.assert_allclose(model.predict(tokens), expected, rtol=1e-4, atol=1e-5)
    assert not np.isnan(model.predict(tokens)).any()  # a row without a key gets the bias
    mean = Model(x, GlobalAveragePooling1D()(y))  # the mask goes on
    np.testing.assert_allclose(mean.predict(tokens[:2])[1], expected[1, 0], rtol=1e-4, atol=1e-5)


def test_attention_learns():
    model = Sequential([MultiHeadAttention(2, 4, dropout=0.1, input_shape=(6, 3)), Flatten(), Dense(1)])
    model.compile("adam", "mse")
    x = floats(32, 6, 3)
    losses = model.fit(x, x[:, 0, 0] * x[:, 5, 1], epochs=15, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], [-1, 1]])
def test_layer_normalization(axis):
    layer = LayerNormalization(axis=axis, epsilon=1e-3)
    x = Input((4, 3))
    model = Model(x, layer(x))
    gamma, beta = weighed(model)
    data = floats(5, 4, 3)
    axes = tuple(sorted(a % 3 for a in ([axis] if isinstance(axis, int) else axis)))
    mean, variance = data.mean(axes, keepdims=True), data.var(axes, keepdims=True)
    shape = [n if i in axes else 1 for i, n in enumerate(data.shape)]
    expected = (data - mean) / np.sqrt(variance + 1e-3) * gamma.reshape(shape) + beta.reshape(shape)
    np.testing.assert_allclose(model.predict(data), expected, rtol=1e-4, atol=1e-5)
    assert [w.name for w in LayerNormalization(center=False)(x)._keras_history.layer.weights] == [
        "layer_normalization_2/gamma"
    ]


def test_padding_changes_nothing():
    tokens = np.asarray([[1, 2, 3], [4, 1, 0]])
    longer = np.concatenate([tokens, np.zeros((2, 4), int)], axis=1)
    x = Input((None,), dtype="int32")
    y = Embedding(5, 4, mask_zero=True)(x)
    y = Bidirectional(GRU(3, return_sequences=True))(MultiHeadAttention(1, 2)(LayerNormalization()(Dense(4)(y))))
    model = Model(x, GlobalAveragePooling1D()(Concatenate()([Add()([y, y]), y])))
    np.testing.assert_allclose(model.predict(longer), model.predict(tokens), rtol=1e-5, atol=1e-6)


def test_masking_of_numbers():
    data = np.asarray([[[1.0, 2.0], [-1.0, -1.0], [3.0, -1.0]]])
    x = Input((None, 2))
    model = Model(x, GlobalAveragePooling1D()(Masking(-1.0)(x)))
    np.testing.assert_allclose(model.predict(data), [[2.0, 0.5]])
    absent = np.asarray([[[1.0, 2.0], [np.nan, np.nan]]])  # NaN is no mask value: it shows
    assert np.isnan(Model(x, GlobalAveragePooling1D()(Masking(0.0)(x))).predict(absent)).all()


@pytest.mark.parametrize(
    ("error", "message", "attempt"),
    [
        (
            ValueError,
            r"a: the key has shape \(None, 3\), expected \(batch, time",
            lambda x: _attend([x, x, Input((3,))]),
        ),
        (ValueError, "a: got 4 inputs, expected query, value and key", lambda x: _attend([x] * 4)),
        (TypeError, "Bidirectional: layer is .*Dense", lambda x: Bidirectional(Dense(2))),
        (ValueError, "merge_mode is 'max', expected concat, sum", lambda x: Bidirectional(GRU(2), merge_mode="max")),
        (ValueError, "gru: got 2 initial states, expected 1", lambda x: GRU(2, name="gru")([x, x, x])),
        (ValueError, r"n: the input has shape \(None, 4, 3\), which has no axis 5", lambda x: _norm(5)(x)),
        (ValueError, r"conv: kernel_size is \(2, 2\), expected an integer or 1", lambda x: _conv((2, 2))),
    ],
)
def test_errors(error, message, attempt):
    with pytest.raises(error, match=message):
        attempt(Input((4, 3)))


def _attend(x):
    return MultiHeadAttention(2, 2, name="a")(x)


def _norm(axis):
    return LayerNormalization(axis=axis, name="n")


def _conv(size):
    return K.models.Conv1D(2, size, name="conv")
