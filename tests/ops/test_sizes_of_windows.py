"""Unknown sizes of convolution and pooling are expressions of their inputs' sizes."""

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(0)
X = K.placeholder((None, None, None, 3), dtype="float64")
KERNEL = K.variable(RNG.normal(size=(3, 2, 3, 4)), "float64")
CALLS = {
    "same": (lambda x: K.conv2d(x, KERNEL, padding="same"), lambda n, m: (n, m)),
    "valid": (lambda x: K.conv2d(x, KERNEL), lambda n, m: (n - 2, m - 1)),
    "strided": (lambda x: K.conv2d(x, KERNEL, strides=(2, 3), padding="same"), lambda n, m: (-(-n // 2), -(-m // 3))),
    "pooled": (lambda x: K.pool2d(x, (2, 2), (2, 2)), lambda n, m: (n // 2, m // 2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_unknown_sizes_are_expressions(name):
    operation, places = CALLS[name]
    y = operation(X)
    assert y.sizes[0] == X.sizes[0] and y.shape[:3] == (None, None, None)
    gradient = K.gradients(K.sum(K.square(y)), X)[0]
    assert gradient.sizes == X.sizes
    zeros = K.zeros_like(y)
    f = K.function([X], [zeros])
    assert not any(word in f.source for word in ("convolution", "pool")), "sizes need no values"
    for n, m in ((5, 7), (6, 8), (3, 2)):
        assert f([np.zeros((2, n, m, 3))])[0].shape[:3] == (2, *places(n, m))
