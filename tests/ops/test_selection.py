"""Selection, segments and padding: what is checked, and which sizes are known, only when a function runs."""

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(2)


def test_top_k_of_unknown_sizes():
    x = K.placeholder((None, None), dtype="float64")
    values, places = K.top_k(x, 2)
    assert values.shape == places.shape == (None, 2) and values.dtype == "float64"
    given = RNG.permutation(12).reshape(3, 4).astype("float64")
    f = K.function([x], [values, places])
    np.testing.assert_array_equal(f([given])[0], -np.sort(-given)[:, :2])
    with pytest.raises(ValueError, match="1"):
        f([given[:, :1]])


def test_top_k_takes_the_first_of_equals_inside_jax_and_vmap():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    x = np.array([[1.0, 2.0, 2.0], [5.0, 4.0, 5.0]], "float32")
    for values, places in (
        jax.jit(lambda x: K.top_k(x, 2))(x),
        torch.func.vmap(lambda x: K.top_k(x, 2))(torch.tensor(x)),
    ):
        assert np.asarray(values).tolist() == [[2, 2], [5, 5]] and np.asarray(places).tolist() == [[1, 2], [0, 2]]


def test_the_number_of_segments_may_be_an_unknown_size():
    data, ids = K.placeholder((None, 2), dtype="float64"), K.placeholder((None,), dtype="int64")
    out = K.segment_sum(data, ids, K.shape(data)[0] - 2)
    assert out.shape == (None, 2)
    given = RNG.normal(size=(6, 2))
    found = K.function([data, ids], [out])([given, np.array([0, 2, 2, -1, 7, 1])])[0]
    np.testing.assert_allclose(found, [given[0], given[5], given[1] + given[2], [0, 0]])


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric"])
def test_padding_of_nothing_is_refused_when_the_function_runs(mode):
    x = K.placeholder((None, 3), dtype="float64")
    out = K.pad(x, ((2, 5), (1, 0)), mode)
    assert out.shape == (None, 4)
    with pytest.raises(ValueError, match="pad: axis 0 of shape"):
        K.function([x], [out])([np.zeros((0, 3))])
