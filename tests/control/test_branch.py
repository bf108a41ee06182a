"""K.switch: one branch is evaluated where a scalar decides, elements are chosen where an array does."""

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
