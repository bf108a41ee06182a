"""Long short-term memory against K.rnn with its step: values, gradients of both orders, kernels, what is kept."""

import numpy as np
import pytest

import backend as K
from backend.ops.lstm import lstm_sequence, lstm_sequence_gradient

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(3)
BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 6
SHAPES = [
    (BATCH, TIME, FEATURES),
    (FEATURES, 4 * UNITS),
    (UNITS, 4 * UNITS),
    (4 * UNITS,),
    (BATCH, UNITS),
    (BATCH, UNITS),
]
VALUES = [RNG.normal(size=shape) for shape in SHAPES]
NEAR = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 1e-4, "atol": 2e-5}}


def by_steps(x, kernel, recurrent, bias, states, go_backwards=False):
    def step(x, states):
        h, c = states
        z = K.dot(x, kernel) + K.dot(h, recurrent) + bias
        i, f, new, o = (z[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
        c = K.sigmoid(f) * c + K.sigmoid(i) * K.tanh(new)
        h = K.sigmoid(o) * K.tanh(c)
        return h, [h, c]

    return K.rnn(step, x, states, go_backwards)


def placeholders(dtype="float64", time=TIME):
    return [
        K.placeholder((None, time, FEATURES), dtype=dtype),
        *(K.placeholder(s, dtype=dtype) for s in SHAPES[1:4]),
        *(K.placeholder((None, UNITS), dtype=dtype) for _ in range(2)),
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("time", [TIME, None])
@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_equals_the_loop_over_its_step(library, time, dtype, kernels):
    inputs, found = placeholders(dtype, time), []
    with K.use_backend(library):
        for operation in (K.lstm, by_steps):
            last, every, (h, c) = operation(*inputs[:4], inputs[4:], go_backwards=True)
            first = K.gradients(K.sum(K.sin(every)) + K.sum(K.cos(c) * h), inputs)
            second = K.gradients(sum(K.sum(K.sin(g)) for g in first), inputs)
            found.append([K.eval(y) for y in K.function(inputs, [last, every, h, c, *first, *second])(VALUES)])
    for got, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(got, wanted, **NEAR[dtype])


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_kernels_take_gradients_of_single_outputs(library):
    inputs = placeholders()
    with K.use_backend(library):
        last, every, (_h, c) = K.lstm(*inputs[:3], None, inputs[4:])
        wanted = [inputs[0], inputs[2], inputs[5]]
        for y in (last, every, c):
            f = K.function(inputs, K.gradients(K.sum(K.sin(y)), wanted))
            found = []
            for enabled in (True, False):
                K.set_kernels(enabled)
                found.append([K.eval(g) for g in f(VALUES)])
            K.set_kernels(True)
            for got, expected in zip(*found, strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gradient_works_out_what_another_one_kept(library, dtype):
    """Kernels may be switched off between the two passes, or on."""
    with K.use_backend(library) as on:
        given = [on.asarray(v, dtype) for v in VALUES]
        g = on.asarray(np.ones((BATCH, UNITS)), dtype)

        def run(forward, backward):
            K.set_kernels(forward)
            every, _, _, gates, cells = lstm_sequence(*given, residuals=True)
            K.set_kernels(backward)
            return [
                K.eval(d)
                for d in lstm_sequence_gradient(None, g, None, *given, every, gates, cells, wanted=(0, 1, 2, 3, 4, 5))
            ]

        try:
            expected = run(False, False)
            for forward, backward in ((True, False), (False, True), (True, True)):
                for got, want in zip(run(forward, backward), expected, strict=True):
                    np.testing.assert_allclose(got, want, **NEAR[dtype])
        finally:
            K.set_kernels(True)


def test_nothing_is_kept_and_no_gradient_worked_out_that_nobody_reads():
    inputs = placeholders()
    last, _, _ = K.lstm(*inputs[:4], inputs[4:])
    assert "residuals=False" in K.function(inputs, [last]).source
    trained = K.function(inputs, K.gradients(K.sum(last), [inputs[1], inputs[3]])).source
    assert "residuals=True" in trained and "wanted=(1, 3)" in trained


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_arrays_give_arrays_of_their_library(library, kernels):
    with K.use_backend(library) as on:
        arrays = [on.asarray(v, "float32") for v in VALUES]
        last, every, (h, c) = K.lstm(*arrays[:4])
        assert {type(y) for y in (last, every, h, c)} == {type(arrays[0])}
        assert every.shape == (BATCH, TIME, UNITS) and h.shape == c.shape == (BATCH, UNITS)
        np.testing.assert_array_equal(K.eval(every)[:, -1], K.eval(last))


def test_half_precision_is_computed_in_single():
    half = [v.astype("float16") for v in VALUES]
    got = K.lstm(*half[:4], half[4:])
    wanted = K.lstm(*(v.astype("float32") for v in half[:4]), [v.astype("float32") for v in half[4:]])
    assert got[1].dtype == "float16"
    np.testing.assert_array_equal(got[1], wanted[1].astype("float16"))


def test_no_step_and_no_sample():
    x, *weights = VALUES[:4]
    last, every, (h, c) = K.lstm(x[:, :0], *weights, VALUES[4:])
    assert every.shape == (BATCH, 0, UNITS)
    np.testing.assert_array_equal([last, h, c], [VALUES[4], VALUES[4], VALUES[5]])
    assert K.lstm(x[:0], *weights)[1].shape == (0, TIME, UNITS)
    inputs = placeholders(time=None)
    gradients = K.function(inputs, K.gradients(K.sum(K.lstm(*inputs[:4], inputs[4:])[0]), inputs))
    d_x, *d_weights, d_h, d_c = gradients([x[:, :0], *VALUES[1:]])
    assert d_x.shape == (BATCH, 0, FEATURES) and not any(d.any() for d in (*d_weights, d_c))
    np.testing.assert_array_equal(d_h, np.ones((BATCH, UNITS)))


def test_nan_stays_in_its_sample(kernels):
    x = VALUES[0].copy()
    x[1, 2] = np.nan
    got, clean = K.lstm(x, *VALUES[1:4])[1], K.lstm(*VALUES[:4])[1]
    np.testing.assert_allclose(got[::2], clean[::2], rtol=1e-12)
    assert np.isnan(got[1, 2:]).all() and np.isfinite(got[1, :2]).all()


def test_pytorchs_own_gradients_pass_through():
    torch = pytest.importorskip("torch")
    given = [torch.tensor(v, requires_grad=True) for v in VALUES]
    assert torch.autograd.gradcheck(lambda *g: K.lstm(*g[:4], g[4:])[1], given)
    batched = torch.vmap(lambda x: K.lstm(x, *given[1:4])[0])(torch.tensor(VALUES[0])[None])
    torch.testing.assert_close(batched[0], K.lstm(torch.tensor(VALUES[0]), *given[1:4])[0])


def test_bad_input_is_refused_by_name():
    x, kernel, recurrent, bias = VALUES[:4]
    for message, call in [
        ("lstm: inputs has 2 dimensions, expected 3", (x[0], kernel, recurrent)),
        ("lstm: kernel has shape (3, 24), expected (4, 24)", (x, kernel[:3], recurrent)),
        ("lstm: recurrent_kernel has shape (6, 23), expected (6, 24)", (x, kernel, recurrent[:, :23])),
        ("lstm: bias has shape (23,), expected (24,)", (x, kernel, recurrent, bias[:23])),
        ("lstm: initial_states has 1 members, expected 2", (x, kernel, recurrent, bias, VALUES[4:5])),
        (
            "lstm: initial_states' c has shape (2, 6), expected (3, 6)",
            (x, kernel, recurrent, bias, [VALUES[4], VALUES[5][:2]]),
        ),
    ]:
        with pytest.raises(ValueError) as found:
            K.lstm(*call)
        assert message in str(found.value)
