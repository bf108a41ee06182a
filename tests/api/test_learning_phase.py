"""The learning phase: one placeholder with a default, or a choice made at once."""

import numpy as np
import pytest

import backend as K


def test_learning_phase_is_one_placeholder_with_a_default():
    phase = K.learning_phase()
    assert phase is K.learning_phase() and not isinstance(phase, int)
    x = K.placeholder((2,))
    y = K.in_train_phase(lambda: x * 2.0, lambda: x)
    assert y._uses_learning_phase
    f = K.function([x, phase], [y])
    for fed, expected in ((0, 1), (1, 2), (True, 2), (0.0, 1), (1.0, 2)):
        assert f([np.ones(2), fed])[0].tolist() == [expected] * 2
    assert K.function([x], [y])([np.ones(2)])[0].tolist() == [1, 1]


@pytest.mark.parametrize("yes", [1, True, 1.0, np.bool_(True), np.int64(1), np.array(1)])
def test_a_phase_known_now_chooses_at_once(yes):
    x, alt = K.placeholder((2,)), K.placeholder((3, 4))
    no = type(yes)(0) if not isinstance(yes, np.ndarray) else np.array(0)
    assert K.in_train_phase(x, alt, training=yes) is x and K.in_train_phase(x, alt, training=no) is alt
    assert K.in_test_phase(x, alt, training=yes) is alt and K.in_test_phase(x, alt, training=no) is x
    assert K.in_train_phase(lambda: x, lambda: 1 / 0, training=yes) is x


def test_set_learning_phase():
    try:
        K.set_learning_phase(1)
        assert K.learning_phase() == 1 and isinstance(K.learning_phase(), int)
        assert K.in_train_phase(2.0, 3.0) == 2.0
        K.set_learning_phase(False)
        assert K.in_train_phase(2.0, 3.0) == 3.0
        for bad in (2, -1, 0.5, None, "train"):
            with pytest.raises(ValueError, match="set_learning_phase"):
                K.set_learning_phase(bad)
        assert K.learning_phase() == 0
    finally:
        K.clear_session()
    assert not isinstance(K.learning_phase(), int)
