"""K.namespace: the functions that go with an array, a symbolic tensor, a number or a list."""

import numpy as np
import pytest

import backend as K


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict", "jax"])
def test_the_namespace_of_anything(name):
    backend = K.get_backend(name)
    x = backend.asarray(np.array([1.0, 2.0], "float32"), "float32")
    assert K.namespace(x) is K.namespace([x, 2.0]) is K.namespace(1, x) is backend.xp
    with K.use_backend(name):
        assert K.namespace(2.0) is K.namespace([[1, 2]]) is K.namespace() is backend.xp
    assert np.asarray(K.namespace(x).sum(x)) == 3


def test_a_symbolic_tensor_records():
    x = K.placeholder((2, None))
    xp = K.namespace(np.ones(2), x)
    assert xp is K.namespace(x) is K.namespace(K.variable(1.0))
    y = xp.cumulative_sum(x, axis=0)
    assert K.function([x], [y])([np.ones((2, 1), "float32")])[0].tolist() == [[1], [2]]


def test_what_has_no_namespace_is_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"namespace: .*numpy and torch"):
        K.namespace(np.ones(2), torch.ones(2))
    for wrong in ("text", None, {}, ["text"], np.array(["text"])):
        with pytest.raises(TypeError, match="namespace: got"):
            K.namespace(wrong)
