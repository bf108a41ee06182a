"""What programs written for TensorFlow's tensors read of them, and how they mix them with Python and NumPy."""

import numpy as np
import pytest

import backend as K


def test_shapes_have_the_methods_of_tensorflows():
    x = K.placeholder((None, 3), name="x:0")
    y = x * 2.0
    assert x.shape == (None, 3) and x.shape.as_list() == [None, 3] == y.get_shape().as_list() == x.shape.dims
    assert x.shape[1:].as_list() == [3] and x.shape.ndims == 2 == x.shape.rank
    assert not x.shape.is_fully_defined() and x.shape.num_elements() is None
    assert K.variable(np.ones((2, 3))).shape.num_elements() == 6


def test_operations_and_dtypes_have_names():
    x = K.placeholder((None, 3), name="x:0")
    y = x * 2.0
    assert (x.op.name, x.op.type, x.op.inputs) == ("x", "Placeholder", ())
    assert y.op.name == y.name and y.op.type == "multiply" and y.op.inputs[0] is x
    assert y.dtype.base_dtype == "float32" == y.dtype.base_dtype.name and y.dtype.as_numpy_dtype is np.float32
    assert y.dtype.is_floating and not y.dtype.is_integer and not y.dtype.is_bool


@pytest.mark.parametrize(("name", "dtype"), [("double", "float64"), ("float", "float32"), ("half", "float16")])
def test_dtypes_by_tensorflows_other_names(name, dtype):
    assert K.cast(K.placeholder((2,)), name).dtype == dtype
    assert K.cast(np.ones(2), name).dtype == dtype
    assert K.variable(1.0, dtype=name).dtype == dtype


def test_a_tensor_has_no_length_to_ask_for():
    x = K.placeholder((2, 3))
    assert not hasattr(x, "__len__") and hasattr([x], "__len__")
    with pytest.raises(TypeError, match="has no len"):
        len(x)


KINDS = {
    "constant": lambda: K.constant([2.0, 3.0]),
    "variable": lambda: K.variable([2.0, 3.0]),
    "result": lambda: K.constant([1.0, 1.5]) * 2.0,
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_tuples_are_lists_in_arithmetic(make):
    c, pair = make(), (1, 1)
    for found, wanted in [
        (pair + c, [3.0, 4.0]),
        (c + pair, [3.0, 4.0]),
        (pair - c, [-1.0, -2.0]),
        ((1, 2) * c, [2.0, 6.0]),
        (c / (2, 3), [1.0, 1.0]),
    ]:
        assert found.dtype == "float32" and K.eval(found).tolist() == wanted


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_an_array_takes_the_float_dtype_of_the_tensor_beside_it(make):
    c, ones = make(), np.ones(2)
    results = [
        c * ones,
        ones * c,
        c + np.float64(1.0),
        K.maximum(c, ones),
        K.concatenate([c, ones]),
        K.stack([ones, c]),
    ]
    results += [K.switch(K.constant(True, dtype="bool"), c, ones), K.pow(c, ones), c - np.arange(2)]
    assert [r.dtype for r in results] == ["float32"] * len(results)
    assert [K.eval(r).dtype for r in results] == [np.float32] * len(results)
    assert (K.constant([1, 2], dtype="int32") * ones).dtype == "float32"  # floatx: integers give no float dtype
    assert (K.constant([1.0], dtype="float64") * np.ones(1, "float32")).dtype == "float64"
    assert (K.placeholder((2,)) * c).dtype == "float32"
