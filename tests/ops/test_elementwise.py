"""Elementwise functions and reductions: documented behaviour that conformance cases do not show."""

import subprocess
import sys

import array_api_strict as strict
import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
LIBRARIES = [np, torch, strict]
SYMBOLIC = [*LIBRARIES, K]


def array(library, values, dtype="float32"):
    values = np.asarray(values, dtype=dtype)
    return K.constant(values, dtype) if library is K else library.asarray(values.copy())


def value(x):
    """NumPy's view of a result, which must be of the library's own kind."""
    return x.eval() if K.is_tensor(x) else np.asarray(x)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "function",
    [
        K.exp,
        K.sqrt,
        K.sign,
        K.sum,
        K.argmax,
        lambda x: K.clip(x, 0, 1),
        lambda x: K.maximum(x, 0.5),
        lambda x: K.pow(2.0, x),
        K.stop_gradient,
        K.shape,
        lambda x: K.where(x > 0, x, 0.0),
        K.zeros_like,
        K.size,
    ],
)
def test_native_arrays_stay_native(library, function):
    x = array(library, [0.0, 1.0, 2.0])
    assert type(function(x)).__module__.partition(".")[0] == type(x).__module__.partition(".")[0]


@pytest.mark.parametrize("function", [K.exp, K.log, K.sqrt, K.abs, K.round, K.sin])
def test_python_numbers_and_lists_give_tensors(function):
    assert K.is_tensor(function(2.0)) and function(2.0).shape == () and function(2.0).dtype == K.floatx()
    assert function([1.0, 4.0]).shape == (2,)
    assert np.isclose(K.eval(function(2.0)), K.eval(function([2.0]))[0])


def test_a_list_of_arrays_is_stacked():
    x = K.placeholder((None, 3, 4))
    count = K.prod([K.shape(x)[0], K.shape(x)[2]])
    assert count.dtype == "int32" and K.function([x], [count])([np.ones((5, 3, 4))]) == [20]
    pair = [torch.tensor(2.0), torch.tensor(3.0)]
    assert isinstance(K.sum(pair), torch.Tensor) and float(K.sum(pair)) == 5.0


def test_numpy_arrays_beside_tensors_take_their_dtype():
    x = K.placeholder((2,), dtype="float32")
    for other in (np.ones(2), np.float64(1.0), 1, np.ones((), "float64"), [1.0, 2.0]):
        assert K.maximum(x, other).dtype == "float32" and K.equal(other, x).dtype == "bool"
    assert K.pow(np.asarray(0.96, "float32"), x).dtype == "float32"


def test_two_libraries_in_one_call_are_refused_by_name():
    with pytest.raises(TypeError, match="numpy and torch"):
        K.maximum(np.ones(2), torch.ones(2))


def test_clip_and_sign_and_stop_gradient_in_torch_itself():
    x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
    (K.clip(x, 0.0, 1.0).sum() + K.sign(x).sum() + K.stop_gradient(x * x).sum()).backward()
    assert x.grad.tolist() == [1, 1, 0]
    assert torch.func.vmap(K.sign)(torch.tensor([[-1.0, 2.0], [0.0, 3.0]])).tolist() == [[-1, 1], [0, 1]]


@pytest.mark.parametrize("library", SYMBOLIC)
def test_integers_keep_their_dtype_in_sums_and_rise_in_means(library):
    x = array(library, [[1, 2], [4, 5]], "int32")
    for function in (K.sum, K.prod, K.max, K.min, K.cumsum, K.cumprod):
        assert K.dtype(function(x)) == "int32"
    for function in (K.mean, K.var, K.std, K.logsumexp, K.exp, K.sqrt):
        assert K.dtype(function(x)) == "float32"
    assert value(K.mean(x, axis=0)).tolist() == [2.5, 3.5]
    assert K.dtype(K.any(x)) == K.dtype(K.all(x)) == "bool" and K.dtype(K.argmax(x)) == "int64"


def test_floatx_decides_what_integers_become():
    x = np.arange(3)
    try:
        K.set_floatx("float64")
        assert K.exp(x).dtype == np.float64 and K.mean(x).dtype == np.float64 and K.zeros_like(x).dtype == np.float64
        assert K.exp(np.ones(2, "float32")).dtype == np.float32
    finally:
        K.set_floatx("float32")


@pytest.mark.parametrize("function", [K.sum, K.max, K.mean, K.any, K.logsumexp])
def test_static_shapes_of_reductions(function):
    x = K.placeholder((None, 4, None))
    assert K.int_shape(function(x, axis=1)) == (None, None)
    assert K.int_shape(function(x, axis=[0, -1], keepdims=True)) == (1, 4, 1)
    assert K.int_shape(function(x)) == () and K.int_shape(function(x, axis=[])) == (None, 4, None)


@pytest.mark.parametrize("name", "max min sum prod mean var std any all logsumexp".split())
def test_reductions_of_nothing_give_no_warning(name):
    for axis in (None, 0, 1):
        getattr(K, name)(np.zeros((0, 3), "float32"), axis=axis)  # warnings are errors in the tests


def test_no_warning_comes_from_branches_not_taken():
    x = np.array([0.0, -1.0, np.nan, 4.0], "float32")
    with np.errstate(all="raise"):
        assert K.sqrt(x)[3] == 2.0 and K.sign(x)[1] == -1.0 and K.clip(x, 0, 1)[3] == 1.0


def test_edge_values_are_specified_whatever_numpys_settings_are():
    with np.errstate(all="raise"):
        assert K.log(np.zeros(2))[0] == -np.inf and np.isnan(K.softsign(np.full(2, np.inf))[0])


def test_names_and_kinds_are_forwarded_to_tensors():
    x = K.placeholder((None, 2), name="x")
    assert K.zeros_like(x, name="none").name == "none" and K.ones_like(x, dtype="bool").dtype == "bool"
    assert K.cast(x, x.dtype) is x and K.cast(x, np.float64).dtype == "float64"
    copy = K.identity(x, name="copy")
    assert copy is not x and copy.name == "copy" and K.int_shape(copy) == (None, 2)


def test_array_api_strict_dtypes_never_meet_numpys():
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "import numpy as np, array_api_strict as strict, backend as K\n"
        "for f in (K.exp, K.abs, K.sum, lambda x: K.maximum(x, 1.0), lambda x: K.equal(x, x)):\n"
        "    f(np.ones(2, 'float32')); f(strict.ones(2, dtype=strict.float32)); f(np.ones(2, 'float32'))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
