"""K.switch: one branch is evaluated where a scalar decides, elements are chosen where an array does."""

import functools
import threading

import numpy as np
import pytest

import backend as K


def test_switch_by_a_scalar_evaluates_one_branch():
    x = K.placeholder(())
    y = K.switch(K.greater(x, 0.0), lambda: 1.0 / x, lambda: x * 0.0)
    f = K.function([x], [y])
    assert f([4.0])[0] == 0.25 and f([0.0])[0] == 0.0
    gradient = K.function([x], K.gradients(y, [x]))
    assert gradient([2.0])[0] == -0.25 and gradient([0.0])[0] == 0.0
    assert K.switch(np.bool_(True), lambda: x, lambda: 1 / 0) is x


def test_switch_by_elements_aligns_leading_axes():
    condition, x = K.placeholder((None,), dtype="bool"), K.placeholder((None, 2))
    f = K.function([condition, x], [K.switch(condition, x, lambda: -x)])
    assert f([[True, False], np.ones((2, 2))])[0].tolist() == [[1, 1], [-1, -1]]
    with pytest.raises(ValueError, match="switch: the condition has 2 dimensions"):
        K.switch(np.ones((2, 2), bool), np.ones(2, "float32"), np.ones(2, "float32"))


@pytest.mark.slow
def test_branches_nested_300_deep():
    def deep(level, x):
        if not level:
            return K.sin(x)
        return K.cond(K.sum(x) > -level, functools.partial(deep, level - 1, x), lambda: x * float(level))

    def work():
        x = K.placeholder((3,), dtype="float64")
        y = deep(300, x)
        slope = K.gradients(K.sum(y), [x])[0]
        f = K.function([x], [y, slope])
        found.extend(f([np.asarray(values)]) for values in ([0.1, 0.2, 0.3], [-1.0, -1.0, -100.5]))

    found = []
    thread = threading.Thread(target=work)  # with a stack of its own: pytest uses up 60 levels of Python's 1000
    thread.start()
    thread.join()
    (y, slope), (other, constant) = found
    np.testing.assert_allclose(y, np.sin([0.1, 0.2, 0.3]), rtol=1e-15)
    np.testing.assert_allclose(slope, np.cos([0.1, 0.2, 0.3]), rtol=1e-15)
    np.testing.assert_allclose(other, [-102.0, -102.0, -102.0 * 100.5], rtol=1e-15)  # the sum is above -103
    np.testing.assert_allclose(constant, [102.0] * 3, rtol=1e-15)


def test_a_row_of_branches_takes_time_in_proportion_to_its_length():
    x = K.placeholder((3,), dtype="float64")
    y = x
    for _ in range(60):  # each reads the one before in both branches: 2**60 paths
        y = K.cond(K.sum(x) > 0.0, lambda y=y: K.sin(y), lambda y=y: y * 0.5)
    (found,) = K.function([x], [y])([np.asarray([0.1, -1.0, -1.0])])
    np.testing.assert_allclose(found, np.asarray([0.1, -1.0, -1.0]) * 0.5**60, rtol=1e-12)
