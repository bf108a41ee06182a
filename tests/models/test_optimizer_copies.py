"""Copies of optimizers have a state of their own and go on from it exactly."""

import copy
import pickle

import numpy as np
import pytest

import backend as K

EACH = ["SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam"]


def pickled(x):
    return pickle.loads(pickle.dumps(x))


def problem(optimizer, start):
    w = K.variable(start)
    loss = K.sum(K.square(w) + K.sin(w))
    return w, K.function([], [loss], optimizer.get_updates(loss, [w]))


@pytest.mark.parametrize("again", [pickled, copy.deepcopy])
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("name", EACH)
def test_a_copied_optimizer_goes_on_exactly(again, library, name):
    with K.use_backend(library):
        optimizer = getattr(K.optimizers, name)(learning_rate=0.05, decay=0.1)
        w, step = problem(optimizer, [1.0, -2.0, 3.0])
        for _ in range(3):
            step([])
        other = again(optimizer)
        v, other_step = problem(other, K.get_value(w))
        before = optimizer.get_weights()
        ahead = [other_step([])[0] for _ in range(4)]
        assert all(map(np.array_equal, optimizer.get_weights(), before))
        assert ahead == [step([])[0] for _ in range(4)]
        np.testing.assert_array_equal(K.get_value(v), K.get_value(w))
        assert all(map(np.array_equal, optimizer.get_weights(), other.get_weights()))
        assert other.get_config() == optimizer.get_config()


@pytest.mark.parametrize("again", [pickled, copy.deepcopy])
def test_a_function_and_its_optimizer_stay_together(again):
    optimizer = K.optimizers.Adam(0.1)
    _, step = problem(optimizer, [1.0, 2.0])
    step([])
    f, other = again((step, optimizer))
    K.set_value(other.lr, 0.0)
    assert f([])[0] == f([])[0]  # no step any more
    assert K.get_value(other.iterations) == 3 and K.get_value(optimizer.iterations) == 1
    assert step([])[0] != step([])[0]


def test_a_copy_for_other_parameters_says_so():
    optimizer = K.optimizers.Adam()
    problem(optimizer, [1.0, 2.0])
    other = copy.deepcopy(optimizer)
    with pytest.raises(ValueError, match=r"Adam: .*state of other parameters, of shapes .*\(2,\).*from_config"):
        problem(other, [1.0, 2.0, 3.0])
    problem(copy.deepcopy(K.optimizers.Adam()), [1.0, 2.0, 3.0])  # one without a state starts anew
