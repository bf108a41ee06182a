"""Products, sums over rows and relu under jit on NumPy arrays: values, what is declined, BLAS's threads."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

pytest.importorskip("numba", reason="numba is not installed")

import backend as K
from backend.kernels import numba as kernels
from backend.kernels.numba import parallel, products
from backend.kernels.numba.elementwise import relu
from backend.kernels.numba.reductions import sum_over_rows

RNG = np.random.default_rng(5)


class Blas:
    """A BLAS library that says what was asked of it."""

    def __init__(self, count=4):
        self.count, self.asked = count, []

    def get(self):
        return self.count

    def set(self, count):
        self.asked.append(count)
        self.count = count


@pytest.fixture
def blas(monkeypatch):
    """NumPy's BLAS, whichever it is, stands as OpenBLAS with four threads; small products count as large."""
    found = Blas()
    monkeypatch.setattr(products, "_openblas", lambda: found)
    monkeypatch.setattr(products, "ALONE", 8)
    monkeypatch.setattr(parallel, "MIN_PART", 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(64, 5, 3), (3, 40, 70), (2, 7, 2), (17, 1, 33), (100, 100, 100), (33, 4, 17)])
def test_products_in_parts(blas, shape, dtype):
    rows, inner, columns = shape
    a, b = RNG.normal(size=(rows, inner)).astype(dtype), RNG.normal(size=(inner, columns)).astype(dtype)
    bound = 1e-5 if dtype == "float32" else 1e-13
    for x, y in ((a, b), (a.T.copy().T, b), (a, b.T.copy().T), (np.repeat(a, 2, 0)[::2], b[:, ::-1])):
        found = products.matmul(x, y)
        assert found.dtype == dtype and found.flags.owndata
        np.testing.assert_allclose(found, x @ y, rtol=bound, atol=bound)
    assert blas.asked == [1, 4] * 4
    for axes in (((1,), (0,)), ((0,), (0,)), ((1,), (1,)), ((-1,), (-2,))):
        x = a.T if axes[0][0] % 2 == 0 else a
        y = b.T if axes[1][0] % 2 else b
        found = products.tensordot(np.ascontiguousarray(x), np.ascontiguousarray(y), axes=axes)
        np.testing.assert_allclose(found, a @ b, rtol=bound, atol=bound)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones((1, 50)), np.ones((50, 50))),
        (np.ones((50, 50)), np.ones((50, 1))),
        (np.ones((2, 8, 8)), np.ones((8, 8))),
        (np.ones(50), np.ones((50, 50))),
        (np.ones((8, 8), "int64"), np.ones((8, 8), "int64")),
        (np.ones((8, 8), "float32"), np.ones((8, 8))),
        (np.ones((8, 8), "complex64"), np.ones((8, 8), "complex64")),
        (np.ones((8, 0)), np.ones((0, 8))),
        (np.ones((8, 7)), np.ones((8, 8))),
    ],
)
def test_other_products_are_left_to_numpy(blas, x, y):
    assert products.matmul(x, y) is NotImplemented
    assert blas.asked == []


def test_a_user_who_wants_one_thread_gets_one(blas):
    blas.count = 1
    assert products.matmul(np.ones((64, 64)), np.ones((64, 64))) is NotImplemented
    assert blas.asked == []


def test_blas_gets_its_threads_back_after_an_error_and_from_the_last_of_several(blas, monkeypatch):
    def fails(*args):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(products, "shared", fails)
        with pytest.raises(MemoryError):
            products.matmul(np.ones((64, 64)), np.ones((64, 64)))
    assert blas.asked == [1, 4]
    first = products._one_thread.enter(blas)
    second = products._one_thread.enter(blas)
    assert (first, second, blas.count) == (4, 4, 1)
    products._one_thread.leave(blas)
    assert blas.count == 1
    products._one_thread.leave(blas)
    assert blas.count == 4


def test_products_in_several_threads(blas):
    a = RNG.normal(size=(64, 64))
    expected, wrong = a @ a, []

    def call():
        for _ in range(50):
            found = products.product(a, a)
            if abs(found - expected).max() > 1e-12:
                wrong.append(found)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and blas.count == 4


FORK = """
import os
from backend.kernels.numba import products

class Blas:
    count = 4

    def get(self):
        return self.count

    def set(self, count):
        self.count = count

blas = Blas()
products._openblas = lambda: blas
products._one_thread.enter(blas)
child = os.fork()
if not child:
    os._exit(0 if blas.count == 4 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert blas.count == 1
products._one_thread.leave(blas)
assert blas.count == 4
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system whose processes fork")
def test_after_a_fork_within_a_product_the_child_has_its_threads():
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)


def test_products_are_the_teams_where_loops_follow_them():
    assert "matmul" not in kernels.standard(())
    assert "matmul" not in kernels.standard(("relu", "sum_to"))
    assert {"matmul", "tensordot", "sum"} <= set(kernels.standard(("relu", "convolution")))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [0, (0,), (0, 1), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_over_rows(dtype, axis, keepdims, monkeypatch):
    monkeypatch.setattr(parallel, "MIN_PART", 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    x = RNG.normal(size=(40, 8, 8, 6)).astype(dtype)
    x[3, 1, 2, 0], x[4, 1, 2, 1], x[5, 1, 2, 1] = np.nan, np.inf, -np.inf
    found = sum_over_rows(x, axis=axis, keepdims=keepdims)
    with np.errstate(invalid="ignore"):
        expected = np.sum(x, axis=axis, keepdims=keepdims)
    assert found.dtype == dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype == "float32" else 1e-12)


def test_sums_of_many_float32_numbers_lose_no_digits():
    x = np.full((200_000, 2), 0.1, "float32")
    np.testing.assert_allclose(sum_over_rows(x, axis=0), 200_000 * float(x[0, 0]), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ((100, 100), {"axis": 1}),
        ((100, 100), {"axis": None}),
        ((100, 100), {"axis": (0, 1)}),
        ((10, 100, 100), {"axis": (1, 0)}),
        ((100, 100), {"axis": -2}),
        ((100, 100), {"axis": ()}),
        ((100, 100), {"axis": 0, "dtype": np.float64}),
        ((10, 10), {"axis": 0}),
    ],
)
def test_other_sums_are_left_to_numpy(shape, given):
    assert sum_over_rows(np.ones(shape, "float32"), **given) is NotImplemented
    assert sum_over_rows(np.ones((100, 200), "int64"), axis=0) is NotImplemented
    assert sum_over_rows(np.ones((100, 200))[:, ::2], axis=0) is NotImplemented


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_relu(dtype):
    x = RNG.normal(size=(2**13 + 5,)).astype(dtype)
    x[:5] = np.nan, np.inf, -np.inf, 0.0, -0.0
    found = relu(x)
    np.testing.assert_array_equal(found, np.maximum(x, 0))
    assert found.dtype == dtype and not np.signbit(found[3:5]).any()
    assert relu(x[:8]) is NotImplemented and relu(x.astype("float16")) is NotImplemented
    assert relu(x[::-1]) is NotImplemented


def test_a_program_of_products_convolutions_and_sums_equals_the_one_without_jit():
    x, y = K.placeholder((None, 12, 12, 8)), K.placeholder((None, 16))
    w, v = K.variable(RNG.normal(size=(3, 3, 8, 16))), K.variable(RNG.normal(size=(1600, 16)) / 40)
    b = K.variable(np.zeros(16))
    out = K.dot(K.reshape(K.relu(K.bias_add(K.conv2d(x, w), b)), (-1, 1600)), v)
    loss = K.mean(K.square(out - y))
    grads = K.gradients(loss, [w, v, b])
    given = RNG.normal(size=(64, 12, 12, 8)), RNG.normal(size=(64, 16))
    plain, jit = (K.function([x, y], [loss, *grads], jit=jit)(given) for jit in (False, True))
    for one, other in zip(plain, jit, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4 * np.abs(one).max())
