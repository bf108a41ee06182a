"""associative_scan beyond its case: unknown sizes, nests, functions that read tensors from around them."""

import numpy as np
import pytest

import backend as K


def product(a, b):
    return a * b


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_an_unknown_size_gives_what_a_known_one_gives(reverse, axis):
    values, weight = np.random.default_rng(1).uniform(0.5, 1.5, (5, 5)), K.variable(1.25)

    def run(x):
        y = K.associative_scan(lambda a, b: a * b * weight, x, reverse, axis)
        return K.function([x], [y, *K.gradients(K.sum(K.square(y)), [x, weight])])([values])

    unknown = K.placeholder((None, 5) if axis == 0 else (5, None))
    for found, expected in zip(run(unknown), run(K.placeholder((5, 5))), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_one_function_runs_on_sizes_from_one_on():
    x = K.placeholder((None,))
    f = K.function([x], [K.associative_scan(product, x)])
    for n in (1, 2, 6):
        np.testing.assert_allclose(f([np.arange(1.0, n + 1)])[0], np.cumprod(np.arange(1.0, n + 1)))
    with pytest.raises(IndexError):
        f([np.zeros(0)])


@pytest.mark.parametrize("n", range(9))
def test_every_small_size(n):
    x = np.arange(1, n + 1)
    np.testing.assert_array_equal(K.associative_scan(product, x), np.cumprod(x))
    np.testing.assert_array_equal(K.associative_scan(product, x, reverse=True), np.cumprod(x[::-1])[::-1])


def test_the_order_of_the_arguments_is_kept():
    turns = np.random.default_rng(2).normal(size=(7, 2, 2))
    found = K.associative_scan(lambda a, b: K.batch_dot(a, b), turns)
    expected = [turns[0]]
    for m in turns[1:]:
        expected.append(expected[-1] @ m)
    np.testing.assert_allclose(found, np.stack(expected))


def test_nests_keep_their_structure():
    x = np.arange(5)
    found = K.associative_scan(
        lambda a, b: {"sum": a["sum"] + b["sum"], "most": [K.maximum(a["most"][0], b["most"][0])]},
        {"sum": x, "most": [x[::-1]]},
    )
    np.testing.assert_array_equal(found["sum"], np.cumsum(x))
    np.testing.assert_array_equal(found["most"][0], [4, 4, 4, 4, 4])


def test_a_function_may_read_a_symbolic_tensor_beside_arrays():
    w = K.placeholder(())
    y = K.associative_scan(lambda a, b: a + b * w / w, np.asarray([1.0, 2.0, 3.0], np.float32))
    np.testing.assert_allclose(K.function([w], [y])([2.0])[0], [1.0, 3.0, 6.0])
