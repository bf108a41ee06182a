"""Scatters and updates of slices where the cases do not reach: sizes, starts and indices known when functions run."""

import numpy as np
import pytest

import backend as K


def updating():
    x, start, updates = K.placeholder((None, 3)), K.placeholder((), dtype="int32"), K.placeholder((None, 2))
    y = K.slice_update(x, (start, 1), updates)
    assert y.shape == (None, 3)
    return K.function([x, start, updates], [y, *K.gradients(K.sum(K.square(y)), [x, updates])])


def test_a_start_and_sizes_may_be_known_when_the_function_runs():
    x, updates = np.arange(12.0).reshape(4, 3), np.full((2, 2), 20.0)
    y, d_x, d_updates = updating()([x, 2, updates])
    expected = x.copy()
    expected[2:, 1:] = updates
    np.testing.assert_array_equal(y, expected)
    expected[2:, 1:] = 0.0
    np.testing.assert_array_equal(d_x, 2 * expected)
    np.testing.assert_array_equal(d_updates, 2 * updates)


def test_a_block_of_no_rows_changes_nothing():
    x = np.arange(12.0).reshape(4, 3)
    y, d_x, d_updates = updating()([x, 1, np.zeros((0, 2))])
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(d_x, 2 * x)
    assert d_updates.shape == (0, 2)


@pytest.mark.parametrize("start", [-1, 3])
def test_a_block_outside_is_refused_when_the_function_runs(start):
    with pytest.raises(ValueError, match="expected a start of 0 to 2 on axis 0"):
        updating()([np.zeros((4, 3)), start, np.zeros((2, 2))])


def test_known_blocks_outside_are_refused_when_the_graph_is_made():
    with pytest.raises(ValueError, match="2 elements from 3 on do not lie within its size 4"):
        K.slice_update(K.placeholder((4,)), (3,), K.placeholder((2,)))
    with pytest.raises(ValueError, match="5 elements from any start on"):
        K.slice_update(K.placeholder((4,)), K.placeholder((1,), dtype="int32"), K.placeholder((5,)))


def test_arrays_given_stay_as_they_are():
    x, updates = np.zeros(3), np.ones(3)
    results = [K.slice_update(x, (0,), updates), K.slice_update(x, (0,), updates[:0])]
    results += [K.scatter_update(x, np.asarray([[0]]), updates[:1]), K.scatter_update(x, np.zeros((0, 1), int), [])]
    for found in results:
        assert not np.shares_memory(found, x) and not np.shares_memory(found, updates)
    np.testing.assert_array_equal(x, np.zeros(3))


@pytest.mark.parametrize("reduction", ["set", "add", "mul", "max", "min"])
def test_the_number_of_updates_may_be_known_when_the_function_runs(reduction):
    x, indices, updates = K.placeholder((None, 2)), K.placeholder((None, 1), dtype="int32"), K.placeholder((None, 2))
    f = K.function([x, indices, updates], [K.scatter_update(x, indices, updates, reduction)])
    values, places, new = np.full((4, 2), 2.0, np.float32), np.asarray([[0], [-1], [0]]), np.full((3, 2), 3.0)
    new[2] = 1.0
    np.testing.assert_array_equal(f([values, places, new])[0], K.scatter_update(values, places, new, reduction))
    np.testing.assert_array_equal(f([values, places[:0], new[:0]])[0], values)


def test_library_traces_move_a_block_inside_and_leave_out_an_update_outside():
    jax = pytest.importorskip("jax")
    x, nines = jax.numpy.arange(5.0), jax.numpy.full((2,), 9.0)
    moved = jax.jit(lambda start: K.slice_update(x, (start,), nines))
    np.testing.assert_array_equal(moved(8), [0, 1, 2, 9, 9])
    put = jax.jit(lambda place: K.scatter_update(x, place, nines))
    np.testing.assert_array_equal(put(np.asarray([[7], [-1]])), [0, 1, 2, 3, 9])
