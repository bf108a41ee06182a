"""Products, shapes and creation: static shapes, sizes known at run time, gradients and errors."""

import functools

import array_api_strict as strict
import numpy as np
import pytest

import backend as K
from backend.graph.dims import Dim

torch = pytest.importorskip("torch")
NATIVE = [np.asarray, torch.asarray, strict.asarray]


def small(*shape, dtype="float32"):
    return np.random.default_rng(0).integers(-3, 4, shape).astype(dtype)


def run(output, inputs, *values):
    return K.function(inputs, [output])(list(values))[0]


# ---- products


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ((2, 3), (3, 4), (2, 4)),
        ((2, 3), (4, 3, 5), (2, 4, 5)),
        ((2, 3, 4), (5, 4, 6), (2, 3, 5, 6)),
        ((None, 3, 4), (4, 5), (None, 3, 5)),
        ((None, 3), (3, None), (None, None)),
        ((None, 3), (3,), (None,)),
        ((3,), (3,), ()),
    ],
)
def test_dot_static_shapes(x, y, expected):
    assert K.int_shape(K.dot(K.placeholder(x), K.placeholder(y))) == expected


def test_gather_checks_numbers_when_the_function_runs():
    numbers = K.placeholder((None,), dtype="int32")
    f = K.function([numbers], [K.gather(K.variable(np.ones((4, 2))), numbers)])
    assert f([[3, 0]])[0].shape == (2, 2)
    for wrong in ([4], [-1]):
        with pytest.raises(IndexError, match="expected 0 to 3"):
            f([wrong])


# ---- static shapes and sizes known at run time


def placeholder_and_sizes():
    x = K.placeholder((None, 6))
    return x, K.shape(x)


@pytest.mark.parametrize(
    ("make", "static", "shape"),
    [
        (lambda x, s: K.reshape(x, (-1, 2, 3)), (None, 2, 3), (4, 2, 3)),
        (lambda x, s: K.reshape(x, (s[0], 2, 3)), (None, 2, 3), (4, 2, 3)),
        (lambda x, s: K.reshape(x, (-1, s[0], 3)), (2, None, 3), (2, 4, 3)),
        (lambda x, s: K.reshape(x, (s[0] * 2, s[1] // 2)), (None, 3), (8, 3)),
        (lambda x, s: K.reshape(x, K.stack([s[0], 3, 2])), (None, 3, 2), (4, 3, 2)),
        (lambda x, s: K.reshape(x, K.concatenate([s[:1], K.constant([3, 2], "int32")])), (None, 3, 2), (4, 3, 2)),
        (lambda x, s: K.reshape(x, K.constant([-1, 12], "int32")), (None, 12), (2, 12)),
        (lambda x, s: K.reshape(x, (K.size(x),)), (None,), (24,)),
        (lambda x, s: K.reshape(x, (K.prod(s), 1)), (None, 1), (24, 1)),
        (lambda x, s: K.reshape(x, (np.int64(3), -1)), (3, None), (3, 8)),
        (lambda x, s: K.flatten(x), (None,), (24,)),
        (lambda x, s: K.batch_flatten(K.reshape(x, (-1, 2, 3))), (None, 6), (4, 6)),
        (lambda x, s: K.repeat_elements(x, 2, 0), (None, 6), (8, 6)),
        (lambda x, s: K.repeat_elements(x, s[0], 1), (None, None), (4, 24)),
        (lambda x, s: K.repeat(x, 3), (None, 3, 6), (4, 3, 6)),
        (lambda x, s: K.tile(x, 2), (None, 12), (4, 12)),
        (lambda x, s: K.tile(x, [s[0], 1]), (None, 6), (16, 6)),
        (lambda x, s: K.tile(x, K.cast(K.stack([1, K.size(x)]), "int32")), (None, None), (4, 144)),
        (lambda x, s: K.slice(x, [1, 0], [2, -1]), (2, 6), (2, 6)),
        (lambda x, s: K.slice(x, [s[0] - 1, 0], [-1, 2]), (1, 2), (1, 2)),
        (lambda x, s: K.concatenate([x, K.zeros((s[0], 2))]), (None, 8), (4, 8)),
        (lambda x, s: K.stack([x, x], axis=1), (None, 2, 6), (4, 2, 6)),
        (lambda x, s: K.temporal_padding(K.expand_dims(x), (1, 2)), (None, 9, 1), (4, 9, 1)),
        (lambda x, s: K.spatial_2d_padding(K.reshape(x, (1, s[0], 6, 1))), (1, None, 8, 1), (1, 6, 8, 1)),
        (lambda x, s: K.squeeze(K.expand_dims(x, 0), 0), (None, 6), (4, 6)),
        (lambda x, s: K.arange(s[0]), (None,), (4,)),
        (lambda x, s: K.one_hot(K.arange(s[0]), 3), (None, 3), (4, 3)),
        (lambda x, s: K.ones((s[0], 2)), (None, 2), (4, 2)),
        (lambda x, s: K.zeros(s), (None, 6), (4, 6)),
        (lambda x, s: K.eye(s[0]), (None, None), (4, 4)),
        (lambda x, s: K.constant(2.0, shape=(s[0], 1)), (None, 1), (4, 1)),
        (lambda x, s: K.shape(x), (2,), (2,)),
        (lambda x, s: K.reverse(x, 1), (None, 6), (4, 6)),
        (lambda x, s: K.transpose(x), (6, None), (6, 4)),
        (lambda x, s: K.permute_dimensions(x, (1, 0)), (6, None), (6, 4)),
    ],
)
def test_static_and_true_shapes(make, static, shape):
    x, sizes = placeholder_and_sizes()
    output = make(x, sizes)
    assert K.int_shape(output) == static
    assert run(output, [x], np.ones((4, 6))).shape == shape


def test_integers_of_a_graph_are_seen_through():
    from backend.dispatch import boundary

    one_size = functools.partial(boundary.size_from, "t", "n")
    some_sizes = functools.partial(boundary.sizes_from, "t", "n")

    x, sizes = placeholder_and_sizes()
    n = x.sizes[0]
    assert one_size(sizes[0]) == n and one_size(sizes[1]) == 6 == one_size(K.constant(6, "int32"))
    assert one_size(2 * sizes[0] + 1) == n * 2 + 1 and one_size(sizes[-1] - 6) == 0
    assert one_size(K.cast(K.squeeze(K.expand_dims(sizes[0], 0), 0), "int64")) == n
    assert some_sizes(sizes[::-1]) == (6, n) and some_sizes(K.concatenate([sizes, sizes])) == (
        n,
        6,
        n,
        6,
    )
    assert some_sizes(sizes * 2) == (n * 2, 12) and some_sizes(K.maximum(sizes, sizes)) == (n, 6)
    assert one_size(K.prod(sizes)) == n * 6 and one_size(K.sum(sizes)) == n + 6
    count = K.placeholder((), dtype="int32")
    assert one_size(count) == Dim("item", count)
    assert run(K.tile(x, [1, count]), [x, count], np.ones((2, 6)), 3).shape == (2, 18)
    for wrong in (K.placeholder((2,), dtype="int32"), K.placeholder(()), None, 1.5, "two"):
        with pytest.raises(TypeError, match="t: n is"):
            one_size(wrong)


@pytest.mark.parametrize("asarray", NATIVE)
def test_native_shapes_are_native_integers(asarray):
    x = asarray(small(2, 3))
    sizes = K.shape(x)
    assert type(sizes) is type(x) and K.dtype(sizes) == "int32" and K.dtype(K.size(x)) == "int32"
    assert tuple(K.reshape(x, (sizes[1], -1)).shape) == (3, 2) and tuple(K.tile(x, sizes).shape) == (4, 9)
    assert tuple(K.reshape(x, sizes[:1] * 3).shape) == (6,) and K.ndim(x) == 2 and K.int_shape(x) == (2, 3)


def test_a_native_array_in_a_symbolic_shape_becomes_symbolic():
    x, sizes = placeholder_and_sizes()
    output = K.reshape(np.arange(8.0), (sizes[0], -1))
    assert K.is_tensor(output) and run(output, [x], np.ones((4, 6))).shape == (4, 2)


def test_slices_that_reach_too_far_are_refused_when_the_function_runs():
    x = K.placeholder((None, 3))
    f = K.function([x], [K.slice(x, [1, 0], [2, 2]), *K.gradients(K.sum(K.square(K.slice(x, [1, 0], [2, 2]))), [x])])
    cut, gradient = f([np.ones((4, 3))])
    assert cut.shape == (2, 2) and gradient.tolist() == [[0, 0, 0], [2, 2, 0], [2, 2, 0], [0, 0, 0]]
    with pytest.raises(ValueError, match="do not lie within its size 2"):
        f([np.ones((2, 3))])


# ---- creation and questions


def test_placeholders():
    assert K.int_shape(K.placeholder()) is None and K.ndim(K.placeholder()) is None
    assert K.int_shape(K.placeholder(ndim=2)) == (None, None) and K.int_shape(K.placeholder([None, 3])) == (None, 3)
    assert K.int_shape(K.placeholder(())) == () and K.placeholder((2,), dtype="int32").dtype == "int32"
    anything = K.placeholder()
    assert run(K.exp(anything), [anything], np.zeros((2, 1))).tolist() == [[1], [1]]


def test_zeros_and_ones_are_variables_unless_a_size_is_0_or_unknown():
    assert K.is_variable(K.zeros((2, 3))) and K.is_variable(K.ones(())) and K.zeros(3).shape == (3,)
    assert not K.is_variable(K.ones((2, 0))) and K.ones((2, 0)).eval().shape == (2, 0)
    assert K.ones((2,), dtype="int64").eval().tolist() == [1, 1] and K.zeros(2, name="w").name.startswith("w")


def test_constants():
    source = np.arange(4)
    made = K.constant(source, shape=(2, 2))
    source[0] = 9
    assert made.dtype == "float32" and made.eval().tolist() == [[0, 1], [2, 3]]
    assert K.constant(3, dtype="int32", shape=(2,)).eval().tolist() == [3, 3]
    assert K.constant(torch.ones(2)).eval().tolist() == [1, 1] and not K.is_variable(made)
    x = K.placeholder((2,))
    assert run(K.constant(x, dtype="float64"), [x], np.ones(2)).dtype == np.float64


@pytest.mark.parametrize(
    ("arguments", "expected", "dtype"),
    [
        ((3,), [0, 1, 2], "int32"),
        ((-3,), [], "int32"),
        ((5, 2), [], "int32"),
        ((2, 8, 3), [2, 5], "int32"),
        ((5, 1, -2), [5, 3], "int32"),
        ((0, 1, 0.25), [0, 0.25, 0.5, 0.75], "float32"),
        ((2.0,), [0, 1], "float32"),
        ((0, 3, 1, "float64"), [0, 1, 2], "float64"),
    ],
)
def test_arange(arguments, expected, dtype):
    made = K.arange(*arguments)
    assert made.dtype == dtype and made.shape == (len(expected),) and made.eval().tolist() == expected


def test_arange_of_a_native_number_is_native():
    assert K.arange(torch.tensor(3)).tolist() == [0, 1, 2] and K.arange(1, np.int64(3)).tolist() == [1, 2]


def test_questions():
    x, w = K.placeholder((None, 2)), K.variable(np.ones((2, 3)))
    for t in (x, w, x + 1, K.constant(1)):
        assert K.is_tensor(t) and not K.is_sparse(t)
    for other in (np.ones(2), torch.ones(2), 1.0, [1.0], None):
        assert not K.is_tensor(other) and not K.is_placeholder(other)
        with pytest.raises(ValueError, match="expected a symbolic tensor"):
            K.is_keras_tensor(other)
    assert K.is_placeholder(x) and not K.is_placeholder(w) and not K.is_keras_tensor(x)
    x._keras_history = ("layer", 0, 0)
    assert K.is_keras_tensor(x)
    assert K.count_params(w) == 6 and K.get_variable_shape(w) == (2, 3) and K.count_params(np.ones((2, 2))) == 4
    assert K.dtype(np.ones(2, "int8")) == "int8" and K.dtype(torch.ones(2)) == "float32" and K.dtype(1) == "int32"
    assert K.int_shape(2.0) == () and K.int_shape([[1, 2]]) == (1, 2) and K.ndim(1) == 0


def test_keras_may_complete_a_shape_but_not_contradict_it():
    x = K.placeholder((None, 2))
    x._keras_shape = [5, 7]
    assert K.int_shape(x) == (5, 2)
    x._keras_shape = (1, 2, 3)
    assert K.int_shape(x) == (None, 2)


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (TypeError, lambda: K.reshape(K.placeholder((None, 6)), (None, 6))),
        (ValueError, lambda: K.reshape(K.placeholder((None, 6)), (-1, -1))),
        (ValueError, lambda: K.concatenate([K.placeholder((None, 3)), K.placeholder((None, 3, 1))])),
        (ValueError, lambda: K.stack([K.placeholder((None, 3)), K.placeholder((None, 4))])),
        (ValueError, lambda: K.squeeze(K.placeholder((None, 3)), 1)),
        (ValueError, lambda: K.slice(K.placeholder((None, 3)), [0], [1])),
        (NotImplementedError, lambda: K.tile(K.placeholder((None, 3)), [1, 1, 1])),
        (ValueError, lambda: K.dot(K.placeholder((None, 3)), K.placeholder((4, None)))),
        (ValueError, lambda: K.batch_dot(K.placeholder((2, 3)), K.placeholder((3, 3)))),
        (TypeError, lambda: K.zeros((None, 2))),
        (ValueError, lambda: K.ones((-1,))),
        (TypeError, lambda: K.constant("text")),
        (ValueError, lambda: K.constant([1, 2], shape=(3,))),
        (ValueError, lambda: K.eye((1, 2, 3))),
        (TypeError, lambda: K.placeholder((2.5,))),
        (ValueError, lambda: K.placeholder((-1,))),
        (TypeError, lambda: K.placeholder((2,), dtype="text")),
        (TypeError, lambda: K.count_params(K.placeholder((None,)))),
        (ValueError, lambda: K.arange(1, 2, 0)),
        (TypeError, lambda: K.arange("a")),
        (TypeError, lambda: K.int_shape("text")),
        (TypeError, lambda: K.dtype("text")),
    ],
)
def test_errors(error, call):
    with pytest.raises(error, match=r"^\w+: "):
        call()
