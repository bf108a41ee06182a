"""Loops made smaller: what leaves them, and that results and gradients stay what they were."""

import re

import numpy as np
import pytest

import backend as K
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def loops_stay(monkeypatch):
    """No loop becomes a call that has the whole sequence: these are the loops that motion is for."""
    monkeypatch.setattr("backend.control.loop.by_sequence", lambda loop, count: None)


def body_of(source, number):
    """The lines of one of a program's bodies."""
    return source.partition(f"def body_{number}(")[2].partition("\ndef ")[0]


def lstm(joined, units=4, activation=K.sigmoid):
    """The graph of a recurrent layer's loss, with the four gates in one product or apart, and its weights."""
    x = Placeholder((None, 5, 3), "float64", "x")
    w, u = (K.variable(RNG.normal(size=(n, 4 * units)), "float64") for n in (3, units))
    b = K.variable(RNG.normal(size=(4 * units,)), "float64")
    gates = [slice(i * units, (i + 1) * units) for i in range(4)]

    def step(x, states):
        h, c = states
        if joined:
            z = K.dot(x, w) + K.dot(h, u) + b
            i, f, g, o = (z[:, gate] for gate in gates)
        else:
            i, f, g, o = (K.dot(x, w[:, gate]) + b[gate] + K.dot(h, u[:, gate]) for gate in gates)
        c = activation(f) * c + activation(i) * K.tanh(g)
        h = activation(o) * K.tanh(c)
        return h, [h, c]

    start = xp.zeros((x.sizes[0], units), dtype=xp.float64)
    last, outputs, _ = K.rnn(step, x, [start, start])
    return x, K.sum(K.square(last)) + K.sum(outputs * outputs * 0.1), [w, u, b]


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("activation", [K.sigmoid, K.hard_sigmoid])
def test_a_recurrent_layer_and_its_gradients(joined, activation):
    x, loss, weights = lstm(joined, activation=activation)
    results = [loss, *K.gradients(loss, [x, *weights])]
    data = RNG.normal(size=(2, 5, 3))
    found = K.function([x], results)([data])
    for value, expected in zip(found, K.function([x], results, passes=())([data]), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("joined", [True, False])
def test_a_recurrent_layers_loops_hold_only_what_depends_on_the_carry(joined):
    x, loss, weights = lstm(joined)
    source = K.function([x], [loss, *K.gradients(loss, weights)]).source
    forward, backward = (body_of(source, int(number)) for number in re.findall(r"loop\(.*body=body_(\d+)", source))
    assert forward.count(" @ ") == 1, "the inputs' product leaves the loop, and the gates' products are one"
    assert backward.count(" @ ") == 1, "the weights' gradients leave the loop"
    assert source.count("axes=((0, 1), (0, 1))") >= 2, "they are one product over all steps each"
    assert forward.count("sigmoid") == 1, "the gates' sigmoids are one"
    assert not re.search("sigmoid|tanh", backward), "their slopes do not depend on the carry of the way back"


STEPS = {
    "row alone": lambda h, x: (h * 0.5 + xp.exp(x), h * xp.sum(x)),
    "shift": lambda h, x: (x, h - x),
    "reductions": lambda h, x: (
        h * xp.max(x) + xp.mean(x, axis=0, keepdims=True),
        xp.sum(xp.reshape(x, (1, 4)), axis=0),
    ),
    "slices": lambda h, x: (xp.concat([h[1:], x[:1]]), x[::2] * h[:2]),
    "stacked": lambda h, x: (xp.tanh(h) + xp.sum(xp.stack([x, h, x * 2.0]), axis=0), xp.stack([x, x])),
    "broadcast": lambda h, x: (h * xp.broadcast_to(x[0], (4,)), xp.broadcast_to(x, (2, 4)) * xp.expand_dims(h, axis=0)),
    "mask": lambda h, x: (xp.where(x > 0.0, h, xp.sin(h + x)), xp.where(x > 0.0, x, 0.0)),
    "flipped": lambda h, x: (h + xp.flip(x), xp.permute_dims(xp.reshape(x, (2, 2)), (1, 0))),
    "sum": lambda h, x: (h + xp.square(x), ()),
    "sum and its course": lambda h, x: (h + xp.square(x), h),
    "output of the carry alone": lambda h, x: (h * 0.9 + 0.1, xp.exp(h)),
    "nothing to do": lambda h, x: (xp.tanh(h + x), xp.tanh(h + x)),
    "constant": lambda h, x: (h * 0.5, xp.ones((3,), dtype=xp.float64) * 2.0),
    "matrix": lambda h, x: (xp.tanh(xp.matmul(MATRIX, h)) + x, xp.matmul(x, MATRIX)),
    "outer products": lambda h, x: (xp.tanh(h * xp.sum(xp.expand_dims(x, axis=1) * xp.expand_dims(h, axis=0))), h),
}
MATRIX = xp.asarray(np.linspace(-1.0, 1.0, 16).reshape(4, 4))


@pytest.mark.parametrize("length", [3, 1, 0, None])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", STEPS)
def test_loops_give_what_they_gave(name, reverse, length):
    x, h = Placeholder((length, 4), "float64"), Placeholder((4,), "float64")
    last, outputs = K.scan(STEPS[name], h, x, reverse=reverse)
    results = [last] if isinstance(outputs, tuple) else [last, outputs]
    loss = K.sum(K.square(last)) + (0.0 if isinstance(outputs, tuple) else K.sum(xp.sin(outputs)))
    (slope,) = K.gradients(loss, [h])
    second = K.gradients(K.sum(xp.cos(slope)), [x, h])
    results += [g for g in (slope, *K.gradients(loss, [x]), *second) if g is not None]
    data = [RNG.normal(size=(2 if length is None else length, 4)), RNG.normal(size=4)]
    found = K.function([x, h], results)(data)
    for value, expected in zip(found, K.function([x, h], results, passes=())(data), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-12)
        assert value.dtype == expected.dtype


def test_map_fn_without_a_carry_needs_no_loop():
    x = Placeholder((None, 4), "float32")
    f = K.function([x], [K.map_fn(lambda row: xp.exp(row) - xp.max(row), x)])
    assert "loop(" not in f.source
    data = RNG.normal(size=(3, 4)).astype("f")
    np.testing.assert_allclose(f([data])[0], np.exp(data) - data.max(axis=1, keepdims=True), rtol=1e-6)


def test_large_values_of_a_step_stay_in_the_loop():
    x = Placeholder((None, 300, 300), "float32")
    assert "loop(" in K.function([x], [K.map_fn(lambda image: xp.exp(image) - 1.0, x)]).source


def test_masked_and_nested_loops():
    x, mask = Placeholder((2, None, 3), "float64"), Placeholder((2, None), "bool")
    w = K.variable(RNG.normal(size=(3, 3)), "float64")

    def step(row, states):
        inner, _ = K.scan(lambda h, _: (xp.tanh(h + row), ()), states[0], None, length=2)
        h = xp.tanh(K.dot(row, w) + inner)
        return h, [h]

    last, outputs, _ = K.rnn(step, x, [xp.zeros((2, 3), dtype=xp.float64)], mask=mask)
    loss = K.sum(outputs * outputs) + K.sum(last)
    results = [last, outputs, *K.gradients(loss, [w, x])]
    data = [RNG.normal(size=(2, 4, 3)), np.array([[True, False, True, True], [False, True, True, False]])]
    found = K.function([x, mask], results)(data)
    for value, expected in zip(found, K.function([x, mask], results, passes=())(data), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)


def conv_lstm(size=(6, 6), units=4):
    """The graph of a convolutional LSTM's loss, its gates apart, and its weights."""
    x = Placeholder((None, 5, *size, 3), "float64", "x")
    w, u = (K.variable(0.2 * RNG.normal(size=(3, 3, n, 4 * units)), "float64") for n in (3, units))
    b = K.variable(RNG.normal(size=(4 * units,)), "float64")
    gates = [slice(i * units, (i + 1) * units) for i in range(4)]

    def step(x, states):
        h, c = states
        i, f, g, o = (
            K.bias_add(K.conv2d(x, w[..., gate], padding="same"), b[gate]) + K.conv2d(h, u[..., gate], padding="same")
            for gate in gates
        )
        c = K.hard_sigmoid(f) * c + K.hard_sigmoid(i) * K.tanh(g)
        h = K.hard_sigmoid(o) * K.tanh(c)
        return h, [h, c]

    start = K.conv2d(K.sum(K.zeros_like(x), axis=1), K.zeros((3, 3, 3, units), "float64"), padding="same")
    _, outputs, _ = K.rnn(step, x, [start, start])
    return x, K.sum(K.square(outputs)), [w, u, b]


def test_the_convolutions_of_a_recurrent_layer_are_one_on_either_side():
    x, loss, weights = conv_lstm()
    results = [loss, *K.gradients(loss, [x, *weights])]
    f = K.function([x], results)
    forward, backward = (body_of(f.source, int(number)) for number in re.findall(r"loop\(.*body=body_(\d+)", f.source))
    assert forward.count("convolution(") == 1, "the images' convolutions leave the loop, and the gates' are one"
    assert backward.count("convolution_input_gradient(") == 1
    assert "convolution_kernel_gradient(" not in backward, "a sum over the steps is one call over all of their images"
    assert f.source.count("convolution_kernel_gradient(") == 2
    data = RNG.normal(size=(2, 5, 6, 6, 3))
    for value, expected in zip(f([data]), K.function([x], results, passes=())([data]), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("batch", [0, 1, 2])
def test_large_convolutions_stay_in_the_loop_packed(batch):
    x, loss, weights = conv_lstm(size=(60, 60))
    results = [loss, *K.gradients(loss, weights)]
    f = K.function([x], results)
    forward = body_of(f.source, int(re.findall(r"loop\(.*body=body_(\d+)", f.source)[0]))
    assert forward.count("convolution(") == 2 and "concat" not in forward, "kernels are joined before the loop"
    data = RNG.normal(size=(batch, 5, 60, 60, 3))
    for value, expected in zip(f([data]), K.function([x], results, passes=())([data]), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-13)
