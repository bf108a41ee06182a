"""What a tensor answers when Python or NumPy asks for its value."""

from __future__ import annotations

import numpy as np
import pytest

import backend as K


def placeholder(*shape):
    return K.placeholder(shape)


def test_numpy_functions_refuse_a_tensor():
    with pytest.raises(TypeError, match=r"np.exp does not take symbolic tensors such as \w+; use K.exp"):
        np.exp(placeholder(2))
    with pytest.raises(TypeError, match=r"np.arctan .* use a function of the tensor's __array_namespace__"):
        np.arctan(placeholder(2))
    with pytest.raises(TypeError, match=r"np.add.reduce .* use K.sum"):
        np.sum(placeholder(2))
    numbers = np.ones(2)
    with pytest.raises(TypeError, match="not in place"):
        numbers += placeholder(2)
    with pytest.raises(TypeError, match=r"symbolic and cannot become a NumPy array; use K\.eval"):
        np.concatenate([placeholder(2), placeholder(2)])


def test_operators_of_an_ndarray_record():
    x, numbers = placeholder(2), np.full(2, 3.0, "float32")
    outputs = [numbers + x, numbers - x, numbers**x, numbers < x, numbers == x, numbers @ x, numbers // x]
    found = K.function([x], outputs)([np.full(2, 2.0)])
    for got, wanted in zip(found, ([5, 5], [1, 1], [9, 9], [False] * 2, [False] * 2, 12, [1, 1]), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_tensor_of_constants_has_a_value():
    assert float(K.mean(3)) == 3.0 and int(K.sum([1, 2])) == 3 and bool(K.any([True, False]))
    assert complex(K.sum([1.0, 2.0])) == 3 and list(range(K.constant(2, "int32"))) == [0, 1]
    np.testing.assert_array_equal(np.asarray(K.square([1.0, 2.0])), [1.0, 4.0])
    assert repr(K.square([1.0, 2.0])).endswith("shape=(2,) dtype=float32 value=[1., 4.]>")
    for x in (K.variable(1.0), K.placeholder(()), K.random_uniform(()), K.variable(1.0) + K.constant(1.0)):
        with pytest.raises(ValueError, match="symbolic and has no value yet"):
            float(x)
        assert "value=" not in repr(x)
