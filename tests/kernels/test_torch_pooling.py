"""Max pooling's gradient under torch.compile, where each element finds its window: beside the one without jit."""

import functools

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch", reason="needs torch: pip install 'array-api-backend[torch]'")
pytestmark = pytest.mark.slow  # each is traced for a second

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("shape", "window", "strides"),
    [
        ((3, 6, 4, 5), (2, 2), (2, 2)),
        ((2, 9, 4, 3), (3, 2), (3, 2)),
        ((2, 5, 4, 3), (2, 2), (2, 2)),  # a row is in no window, or in a smaller one
        ((2, 6, 6, 3), (2, 2), (1, 2)),
        ((2, 4, 6, 4, 3), (2, 3, 2), (2, 3, 2)),
    ],
)
def test_each_element_finds_its_window(shape, window, strides, padding, monkeypatch):
    # torch's default compiler needs a C++ compiler; what comes before it is the same
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager", fullgraph=True))
    value = RNG.normal(size=shape).astype("float32")
    value[0, ..., 0] = 1.0  # the first of equal elements gets the gradient
    pool = K.pool2d if len(window) == 2 else K.pool3d
    with K.use_backend("torch"):
        x = K.placeholder((None, *shape[1:]))
        slopes = K.gradients(K.sum(K.square(pool(x, window, strides, padding))), [x])
        plain, jit = (K.function([x], slopes, jit=jit) for jit in (False, True))
        for given in (value, value[:2] - 0.5):
            np.testing.assert_allclose(K.eval(jit([given])[0]), K.eval(plain([given])[0]), rtol=1e-6)
