"""Gated recurrent units against K.rnn with their step: values, gradients of both orders, kernels, what is kept."""

import numpy as np
import pytest

import backend as K
from backend.ops.gru import gru_sequence, gru_sequence_gradient

RNG = np.random.default_rng(3)
BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 6
SHAPES = [(BATCH, TIME, FEATURES), (FEATURES, 3 * UNITS), (UNITS, 3 * UNITS), (2, 3 * UNITS), (BATCH, UNITS)]
VALUES = [RNG.normal(size=shape) for shape in SHAPES]
NEAR = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 1e-4, "atol": 2e-5}}


def by_steps(x, kernel, recurrent, bias, states, go_backwards=False, reset_after=False):
    both = 2 * UNITS

    def step(x, states):
        (h,) = states
        sums = K.dot(x, kernel) + (bias[0, :] if reset_after else bias)
        if reset_after:
            product = K.dot(h, recurrent) + bias[1, :]
            gates = K.sigmoid(sums[:, :both] + product[:, :both])
            inner = gates[:, UNITS:] * product[:, both:]
        else:
            gates = K.sigmoid(sums[:, :both] + K.dot(h, recurrent[:, :both]))
            inner = K.dot(gates[:, UNITS:] * h, recurrent[:, both:])
        new = K.softsign(0.0 * h) + K.tanh(sums[:, both:] + inner)  # no step that the compiler recognizes
        h = gates[:, :UNITS] * h + (1.0 - gates[:, :UNITS]) * new
        return h, [h]

    return K.rnn(step, x, states, go_backwards)


def placeholders(reset_after, dtype="float64", time=TIME):
    shapes = [(None, time, FEATURES), SHAPES[1], SHAPES[2], SHAPES[3][not reset_after :], (None, UNITS)]
    return [K.placeholder(s, dtype=dtype) for s in shapes]


def values(reset_after, dtype="float64"):
    x, kernel, recurrent, bias, h = (v.astype(dtype) for v in VALUES)
    return [x, kernel, recurrent, bias if reset_after else bias[0], h]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_equals_the_loop_over_its_step(library, reset_after, dtype, kernels):
    time = TIME if dtype == "float64" else None
    inputs, found = placeholders(reset_after, dtype, time), []
    with K.use_backend(library):
        for operation in (K.gru, by_steps):
            last, every, (h,) = operation(*inputs[:4], inputs[4:], go_backwards=True, reset_after=reset_after)
            first = K.gradients(K.sum(K.sin(every)) + K.sum(K.cos(h)), inputs)
            second = K.gradients(sum(K.sum(K.sin(g)) for g in first), inputs) if dtype == "float64" else []
            run = K.function(inputs, [last, every, h, *first, *second])
            found.append([K.eval(y) for y in run(values(reset_after, dtype))])
    for got, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(got, wanted, **NEAR[dtype])


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("reset_after", [False, True])
def test_a_gradient_works_out_what_another_one_kept(library, reset_after):
    """Kernels may be switched off between the two passes, or on; so may either cotangent be missing."""
    with K.use_backend(library) as on:
        x, kernel, recurrent, bias, h = (on.asarray(v, "float64") for v in values(reset_after))
        biases = (bias[0], bias[1]) if reset_after else (bias, None)
        given, how = (x, kernel, recurrent, *biases, h), {"reset_after": reset_after}
        wanted = tuple(i for i in range(6) if given[i] is not None)

        def run(forward, backward, last):
            K.set_kernels(forward)
            every, end, gates, inner = gru_sequence(*given, **how, residuals=True)
            K.set_kernels(backward)
            g = (None, end) if last else (every, None)
            return [K.eval(d) for d in gru_sequence_gradient(*g, *given, every, gates, inner, **how, wanted=wanted)]

        try:
            for last in (False, True):
                expected = run(False, False, last)
                for forward, backward in ((True, False), (False, True), (True, True)):
                    for got, want in zip(run(forward, backward, last), expected, strict=True):
                        np.testing.assert_allclose(got, want, **NEAR["float64"])
        finally:
            K.set_kernels(True)


def test_nothing_is_kept_and_no_gradient_worked_out_that_nobody_reads():
    inputs = placeholders(True)
    last, _, _ = K.gru(*inputs[:4], inputs[4:], reset_after=True)
    assert "residuals=False" in K.function(inputs, [last]).source
    trained = K.function(inputs, K.gradients(K.sum(last), [inputs[1]])).source
    assert "residuals=True" in trained and "wanted=(1,)" in trained


def test_half_precision_is_computed_in_single():
    half = values(True, "float16")
    got = K.gru(*half[:4], half[4:], reset_after=True)
    single = [v.astype("float32") for v in half]
    wanted = K.gru(*single[:4], single[4:], reset_after=True)
    assert got[1].dtype == "float16"
    np.testing.assert_array_equal(got[1], wanted[1].astype("float16"))


@pytest.mark.parametrize("reset_after", [False, True])
def test_no_step_and_no_sample(reset_after):
    x, *weights, h = values(reset_after)
    last, every, _ = K.gru(x[:, :0], *weights, [h], reset_after=reset_after)
    assert every.shape == (BATCH, 0, UNITS)
    np.testing.assert_array_equal(last, h)
    assert K.gru(x[:0], *weights, reset_after=reset_after)[1].shape == (0, TIME, UNITS)
    inputs = placeholders(reset_after, time=None)
    last = K.gru(*inputs[:4], inputs[4:], reset_after=reset_after)[0]
    d_x, *d_weights, d_h = K.function(inputs, K.gradients(K.sum(last), inputs))([x[:, :0], *weights, h])
    assert d_x.shape == (BATCH, 0, FEATURES) and not any(d.any() for d in d_weights)
    np.testing.assert_array_equal(d_h, np.ones((BATCH, UNITS)))


def test_pytorchs_own_gradients_pass_through():
    torch = pytest.importorskip("torch")
    for reset_after in (False, True):
        given = [torch.tensor(v, requires_grad=True) for v in values(reset_after)]
        assert torch.autograd.gradcheck(lambda *g, r=reset_after: K.gru(*g[:4], g[4:], reset_after=r)[1], given)


def test_bad_input_is_refused_by_name():
    x, kernel, recurrent, bias, h = VALUES
    for message, call in [
        ("gru: inputs has 2 dimensions, expected 3", (x[0], kernel, recurrent)),
        ("gru: kernel has shape (3, 18), expected (4, 18)", (x, kernel[:3], recurrent)),
        ("gru: recurrent_kernel has shape (6, 17), expected (6, 18)", (x, kernel, recurrent[:, :17])),
        ("gru: bias has shape (2, 18), expected (18,)", (x, kernel, recurrent, bias)),
        ("gru: initial_states has 2 members, expected 1", (x, kernel, recurrent, bias[0], [h, h])),
        ("gru: initial_states' h has shape (2, 6), expected (3, 6)", (x, kernel, recurrent, bias[0], [h[:2]])),
    ]:
        with pytest.raises(ValueError) as found:
            K.gru(*call)
        assert message in str(found.value)
