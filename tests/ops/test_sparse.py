"""Sparse matrices: fed, held, multiplied, joined, differentiated, and told apart."""

import numpy as np
import pytest
import scipy.sparse

import backend as K

LEFT = scipy.sparse.random(4, 5, density=0.4, random_state=0, dtype="float32")
RIGHT = scipy.sparse.csr_matrix(np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0], [0, 0, 3.0]], "float32"))
DENSE = np.arange(10, dtype="float32").reshape(5, 2)


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict"])
def test_placeholders_are_fed_with_matrices_of_any_size(name):
    if name != "numpy":
        pytest.importorskip(name)
    with K.use_backend(name):
        x = K.placeholder((None, 5), sparse=True, name="x")
        assert K.is_sparse(x) and K.is_tensor(x) and K.is_placeholder(x)
        assert (K.int_shape(x), K.ndim(x), K.dtype(x)) == ((None, 5), 2, "float32")
        w = K.variable(DENSE)
        y = K.dot(x, w)
        assert y.shape == (None, 2) and not K.is_sparse(y)
        f = K.function([x], [y, K.to_dense(x), K.gradients(K.sum(K.square(y)), [w])[0]])
        for matrix in (LEFT, scipy.sparse.vstack([LEFT, LEFT]).tocsr(), scipy.sparse.csr_matrix((0, 5), dtype="f")):
            got, dense, gradient = f([matrix])
            np.testing.assert_allclose(got, matrix @ DENSE, rtol=1e-6)
            np.testing.assert_array_equal(dense, matrix.toarray())
            np.testing.assert_allclose(gradient, 2 * matrix.T @ (matrix @ DENSE), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(f([LEFT.toarray()])[0], LEFT @ DENSE, rtol=1e-6)


def test_variables_from_matrices():
    v = K.variable(RIGHT)
    assert K.is_sparse(v) and not K.is_variable(v) and v.shape == (4, 3)
    np.testing.assert_array_equal(K.eval(v), RIGHT.toarray())
    np.testing.assert_array_equal(K.get_value(K.to_dense(v)), RIGHT.toarray())
    assert K.to_dense(DENSE) is DENSE and not K.is_sparse(DENSE)
    doubled = scipy.sparse.coo_matrix(([1.0, 2.0], ([0, 0], [1, 1])), shape=(1, 2))
    assert K.eval(K.variable(doubled)).tolist() == [[0.0, 3.0]]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_joining(axis):
    other = RIGHT if axis == 0 else scipy.sparse.csr_matrix(np.eye(4, 2, dtype="f"))
    joined = K.concatenate([K.variable(RIGHT), K.variable(other)], axis=axis)
    assert K.is_sparse(joined)
    np.testing.assert_array_equal(K.eval(joined), np.concatenate([RIGHT.toarray(), other.toarray()], axis))
    mixed = K.concatenate([K.variable(RIGHT), K.variable(other.toarray())], axis=axis)
    assert not K.is_sparse(mixed)
    np.testing.assert_array_equal(K.eval(mixed), np.concatenate([RIGHT.toarray(), other.toarray()], axis))


def test_labels_become_sparse():
    labels, lengths = np.array([[1, 2, -1], [3, -1, -1]]), np.array([2, 1])
    np.testing.assert_array_equal(K.to_dense(K.ctc_label_dense_to_sparse(labels, lengths)), [[1, 2, 0], [3, 0, 0]])


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict"])
def test_integers_stay_integers(name):
    if name != "numpy":
        pytest.importorskip(name)
    with K.use_backend(name) as handle:
        labels, places = (handle.xp.asarray(values, dtype=handle.xp.int32) for values in ([5, 6, 1], [0, 1, 1]))
        matrix = K.Sparse(labels, places, places, (2, 3))
        for found, wanted in (
            (K.to_dense(matrix), [[5, 0, 0], [0, 7, 0]]),
            (K.dot(matrix, handle.xp.asarray([[2], [3], [4]], dtype=handle.xp.int32)), [[10], [21]]),
        ):
            assert found.dtype == handle.xp.int32
            np.testing.assert_array_equal(np.asarray(found), wanted)


def test_refusals():
    x = K.placeholder((None, 5), sparse=True, name="x")
    with pytest.raises(ValueError, match="dot"):
        K.dot(x, K.variable(np.ones((4, 2))))
    with pytest.raises(ValueError, match="axis 2"):
        K.concatenate([K.variable(RIGHT)] * 2, axis=2)
    with pytest.raises(ValueError, match="differ on axis"):
        K.concatenate([K.variable(RIGHT), K.variable(LEFT)], axis=0)
    with pytest.raises(ValueError, match="x has shape"):
        K.function([x], [K.to_dense(x)])([RIGHT])
    with pytest.raises(TypeError, match="no matrix"):
        K.function([x], [K.to_dense(x)])([np.ones(5)])
    with pytest.raises(ValueError, match="two dimensions"):
        K.placeholder((None, 2, 3), sparse=True)
