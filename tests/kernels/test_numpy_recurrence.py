"""NumPy's LSTM: rows and steps cut into blocks give what the definition gives."""

import numpy as np
import pytest

import backend as K
from backend.kernels.numpy import recurrence


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [2, 11])  # below and above the rows of one product a step
def test_blocks_of_rows_and_of_steps_agree_with_the_definition(monkeypatch, batch, bias):
    rng = np.random.default_rng(batch)
    shapes = [(batch, 5, 3), (3, 16), (4, 16), (batch, 4), (batch, 4), (16,)][: 6 if bias else 5]
    given = [rng.standard_normal(shape) for shape in shapes]

    def loss(x, kernel, recurrent, h, c, *bias):
        last, every, (_, cell) = K.lstm(x, kernel, recurrent, *(bias or [None]), initial_states=[h, c])
        return K.sum(K.square(every)) + K.sum(last * cell)

    def found():
        return [
            K.lstm(*given[:3], *given[5:], initial_states=given[3:5])[1],
            *K.grad(loss, tuple(range(len(given))))(*given),
        ]

    for name, size in {"BLOCK_BYTES": 1, "STEPS_BYTES": 2 * 16 * 8 * 3, "FEWEST_ROWS": 3}.items():
        monkeypatch.setattr(recurrence, name, size)
    assert len(recurrence._parts(11, 128, 1, 3)) == 3
    blocked = found()
    monkeypatch.setattr(recurrence, "declined", lambda *given: True)
    for got, wanted in zip(blocked, found(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)
