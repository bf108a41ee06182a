"""Rows kept apart: where the analysis finds the rows of a result, the results of two parts of a batch join there."""

import numpy as np
import pytest

import backend as K
from backend.compiler.rows import RowAxis, RowsMixed, row_axes


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def weights(*shape):
    return K.variable(numbers(*shape))


def recurrent(q):
    def step(x, states):
        h = K.tanh(K.dot(x, w) + states[0])
        return h, [h]

    w = weights(4, 3)
    return K.rnn(step, q, [K.zeros_like(K.dot(q[:, 0], w))])[1]


def attended(q):
    return K.batch_dot(K.softmax(K.batch_dot(q, K.permute_dimensions(q, (0, 2, 1)))), q)


def convolved(q):
    x = K.reshape(q, (-1, 6, 4, 1))
    x = K.pool2d(K.relu(K.conv2d(x, weights(3, 3, 1, 2), padding="same")), (2, 2), pool_mode="max")
    return K.softmax(K.dot(K.batch_flatten(K.batch_normalization(x, *[K.ones(2)] * 4)), weights(30, 3)) + K.ones(3))


APART = {
    "attention": attended,
    "blocks": lambda q: K.reshape(K.tanh(K.reshape(q, (-1, 4))), (-1, 6, 4)),
    "choices": lambda q: K.gather(weights(4, 3), K.argmax(q)),
    "convolution": convolved,
    "gradient": lambda q: K.gradients(K.sum(K.tanh(K.dot(q, weights(4, 9)))), [q])[0],
    "indices": lambda q: K.stack([q[:, 1, ::-1], q[:, -1]], axis=1)[:, None],
    "layers": lambda q: K.layer_normalization(q, K.ones(4), K.zeros(4)) + K.ones_like(q),
    "lstm": lambda q: K.lstm(q, weights(4, 12), weights(3, 12))[0],
    "mapped rows": lambda q: K.map_fn(lambda row: row - K.mean(row), q),
    "moved": lambda q: K.permute_dimensions(K.exp(K.permute_dimensions(q, (1, 0, 2))), (1, 0, 2)),
    "places": lambda q: K.one_hot(K.argmax(q), 4),
    "products": lambda q: K.dot(K.dot(weights(5, 6), q), weights(4, 2)),
    "reductions": lambda q: K.std(q, axis=(1, 2)) + K.logsumexp(q, axis=(1, 2)) * K.max(q[:, 0], axis=-1),
    "recurrence": recurrent,
    "repeated": lambda q: K.tile(K.repeat_elements(q, 2, 1), (1, 1, 2)),
    "sorted": lambda q: K.cumsum(K.sort(K.reverse(q, 1), axis=1), axis=2),
    "training or not": lambda q: K.in_train_phase(q * 2.0, q),
}
MIXED = {
    "a loop over rows": lambda q: K.scan(lambda total, row: (total + row, total), K.zeros((6, 4)), q)[1],
    "a part": lambda q: q[1:],
    "batch statistics": lambda q: K.normalize_batch_in_training(q, K.ones(4), K.zeros(4), [0, 1])[0],
    "indices of a table": lambda q: K.gather(q, K.constant([0, 1], dtype="int32")),
    "one number for each row": lambda q: q[:, 0, 0] * weights(7),
    "order": lambda q: q[::-1],
    "pairs": lambda q: K.dot(q[:, 0], K.transpose(q[:, 0])),
    "products over rows": lambda q: K.dot(K.transpose(q[:, 0]), q[:, 0]),
    "running sums": lambda q: K.cumsum(q, 0),
    "shapes that mix": lambda q: K.reshape(q, (4, -1)),
    "softmax over rows": lambda q: K.softmax(q, axis=0),
    "sums": K.sum,
    "the last": lambda q: q[K.shape(q)[0] - 1 :],
    "the number of rows": lambda q: q / K.cast(K.shape(q)[0], "float32"),
    "the number of rows beside": lambda q: q + K.sum(K.ones_like(q[:, 0])),
}


@pytest.mark.parametrize("name", APART)
def test_results_of_parts_are_parts_of_the_result(name):
    q = K.placeholder((None, 6, 4))
    y = APART[name](q)
    (found,) = row_axes([q], [y])
    assert found is not None and found.each == 1
    f, values = K.function([q], y), numbers(7, 6, 4)
    parts = [f([values[rows]]) for rows in (slice(0, 1), slice(1, 4), slice(4, 7))]
    np.testing.assert_allclose(np.concatenate(parts, found.axis), f([values]), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", MIXED)
def test_rows_that_meet_are_found(name):
    q = K.placeholder((None, 6, 4))
    with pytest.raises(RowsMixed, match=r"several rows at once|keeps rows apart|where result"):
        row_axes([q], [MIXED[name](q)])


def test_rows_elsewhere_and_results_without_rows():
    q, p = K.placeholder((None, 6, 4)), K.placeholder((None, 6, 4))
    w = weights(6, 4)
    outputs = [K.reshape(q, (-1, 4)), K.permute_dimensions(q, (1, 0, 2)), K.exp(w), q * p + w]
    assert row_axes([q, p], outputs) == [RowAxis(0, 6), RowAxis(1), None, RowAxis(0)]
