"""Dask arrays fed to compiled functions, and gradients over their chunks."""

import importlib
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import backend as K

dask = pytest.importorskip("dask", reason="needs dask: pip install 'array-api-backend[dask]'")
da = pytest.importorskip("dask.array", reason="needs dask: pip install 'array-api-backend[dask]'")


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def net():
    x, w = K.placeholder((None, 4), name="x"), K.variable(numbers(4, 3), name="w")
    h = K.tanh(K.dot(x, w))
    return K.function([x], [K.softmax(h), K.sum(h, axis=-1)], name="net"), w


def test_a_function_of_rows_runs_chunk_by_chunk():
    f, w = net()
    values = numbers(10, 4)
    lazy = f([da.from_array(values, chunks=(3, 2))])
    expected = f([values])
    assert [y.chunks for y in lazy] == [((3, 3, 3, 1), (3,)), ((3, 3, 3, 1),)]
    assert [y.dtype for y in lazy] == [y.dtype for y in expected]
    K.set_value(w, K.get_value(w) * 0.0)  # the values of the time of the call count
    for y, wanted in zip(dask.compute(*lazy), expected, strict=True):
        np.testing.assert_allclose(y, wanted, rtol=1e-6)


def test_each_chunk_is_read_once_for_all_outputs():
    rows, count, lock = 1000, 0, threading.Lock()

    def read(block_info=None):
        nonlocal count
        with lock:
            count += 1
        return np.full((rows, 64), 1.0, "float32")

    x = K.placeholder((None, 64))
    f = K.function([x], [K.exp(x) * K.variable(1.0), K.sum(x, axis=1)])
    wide, narrow = f([da.map_blocks(read, chunks=((rows,) * 40, (64,)), dtype="float32", meta=np.empty((0, 0), "f4"))])
    total, other = dask.compute(wide.sum(), narrow.sum(), scheduler="threads", num_workers=2)
    assert count == 40
    np.testing.assert_allclose([total, other], [rows * 40 * 64 * np.e, rows * 40 * 64], rtol=1e-5)


def test_sizes_dtypes_and_further_inputs():
    x, y, scale = K.placeholder((None, None, 2)), K.placeholder((None, 1)), K.placeholder(())
    f = K.function([x, y, scale], K.cast(K.reverse(x, 1), "float64") * y[:, :, None] * scale)
    values, other = numbers(5, 3, 2).astype("float64"), np.arange(5).reshape(5, 1)
    lazy = f([da.from_array(values, chunks=2), da.from_array(other, chunks=(4, 1)), 2.0])
    assert lazy.shape == (5, 3, 2) and lazy.dtype == "float64"
    np.testing.assert_allclose(lazy.compute(), f([values, other, 2.0]))


def test_what_cannot_run_over_chunks_is_one_clear_error():
    f, w = net()
    x, y = f.inputs[0], K.placeholder((None, 4), name="y")
    lazy = da.ones((6, 4), chunks=3)
    with pytest.raises(ValueError, match=r"net: x has shape \(None, 4\), the value fed has \(6, 5\)"):
        f([da.ones((6, 5), chunks=3)])
    with pytest.raises(TypeError, match="mean: cannot run over the chunks of a Dask array, since mean computes"):
        K.function([x], x - K.mean(K.dot(x, w)), name="mean")([lazy])
    with pytest.raises(TypeError, match="train: updates w, and was fed a Dask array"):
        K.function([x], K.sum(x), [(w, w * 2.0)], name="train")([lazy])
    with pytest.raises(ValueError, match=r"two: got Dask arrays of shapes \(6, 4\) and \(3, 4\)"):
        K.function([x, y], x * y * w[0, 0], name="two")([lazy, lazy[:3]])
    with pytest.raises(ValueError, match="net: a Dask array has chunks of unknown sizes"):
        f([lazy[lazy[:, 0] > 0]])


def test_dasks_own_functions_run_elsewhere():
    x = K.placeholder((None, 4))
    lazy = da.ones((6, 4), chunks=3)
    assert K.function([x], K.sum(x))([lazy]).compute() == 24.0  # no variables: an array library like another
    assert K.softmax(lazy).compute().shape == (6, 4)
    with K.use_backend("dask"):
        w = K.variable(np.ones((4, 2)))
        assert K.function([x], K.mean(K.dot(x, w)))([lazy]).compute() == 4.0


def loss(w, x, y):
    return K.mean(K.binary_crossentropy(y, K.dot(x, w["kernel"]) + w["bias"], from_logits=True)) + 0.1 * K.sum(
        K.square(w["kernel"])
    )


def problem():
    x = numbers(50, 3).astype("float64")
    return {"kernel": np.ones(3), "bias": np.zeros(())}, x, (x[:, 0] > 0.0) * 1.0


def close(found, expected):
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    for name, g in expected[1].items():
        np.testing.assert_allclose(found[1][name], g, rtol=1e-12)


def test_gradients_over_chunks_are_those_of_the_whole():
    w, x, y = problem()
    expected = K.value_and_grad(loss)(w, x, y)
    over = K.chunked_value_and_grad(loss)
    close(over(w, da.from_array(x, chunks=(7, 2)), da.from_array(y, chunks=11)), expected)
    close(over(w, x, y), expected)
    parts = da.from_array(x, chunks=((0, 49, 0, 1), 3)), da.from_array(y, chunks=50)
    close(over(w, *parts), expected)
    total, slope = K.chunked_value_and_grad(lambda x, w: K.sum(K.square(x) * w), 1, "sum")(parts[0], np.ones(3))
    np.testing.assert_allclose([total, *slope], [np.sum(x * x), *np.sum(x * x, 0)])


def test_wrong_calls_over_chunks():
    w, x, y = problem()
    lazy = da.from_array(x, chunks=7)
    with pytest.raises(ValueError, match="chunked_value_and_grad: reduction is 'max', expected 'mean' or 'sum'"):
        K.chunked_value_and_grad(loss, reduction="max")
    with pytest.raises(TypeError, match=r"chunked_value_and_grad: argument 1 holds .*expected parameters"):
        K.chunked_value_and_grad(loss, argnums=(0, 1))(w, lazy, y)
    with pytest.raises(ValueError, match="chunked_value_and_grad: the Dask arrays have no rows"):
        K.chunked_value_and_grad(loss)(w, lazy[:0], y[:0])


def test_another_process_runs_the_program_with_the_values_of_now():
    f, _ = net()
    values = numbers(10, 4)
    lazy = f([da.from_array(values, chunks=(5, 4))])[0]
    expected = f([values])[0]
    np.testing.assert_allclose(lazy.compute(scheduler="processes", num_workers=1), expected, rtol=1e-6)


@pytest.mark.slow
def test_on_a_cluster():
    distributed = pytest.importorskip("distributed", reason="needs distributed, Dask's scheduler of many machines")
    how = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster):
        f, _ = net()
        values = numbers(10, 4)
        np.testing.assert_allclose(f([da.from_array(values, chunks=(3, 4))])[0].compute(), f([values])[0], rtol=1e-6)
        w, x, y = problem()
        found = K.chunked_value_and_grad(loss)(w, da.from_array(x, chunks=(7, 3)), da.from_array(y, chunks=7))
        close(found, K.value_and_grad(loss)(w, x, y))


def test_a_gigabyte_is_predicted_in_a_fraction_of_it():
    command = [sys.executable, "-m", "benchmarks.chunked", "--gigabytes", "1", "--threads", "1"]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    size, *_, held = (float(cell) for cell in run.stdout.splitlines()[-1].strip("| ").split("|"))
    assert size > 0.9 and held < 0.5


def test_dask_is_imported_when_it_is_fed():
    program = "import sys, backend as K; K.chunked_value_and_grad(K.sum); assert 'dask' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_programs_for_other_processes_are_made_once():
    f, _ = net()
    from backend.api.chunks import _Program

    program = _Program(f, K.get_backend("numpy"), [None], [0])
    data = pickle.dumps(program)
    assert pickle.loads(data) is pickle.loads(data)


def test_logistic_regression_over_chunks(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
    monkeypatch.delitem(sys.modules, "chunked_logistic", raising=False)
    example = importlib.import_module("chunked_logistic")
    losses, w, accuracy = example.train(50_000, 10)
    assert losses[0] == pytest.approx(np.log(2.0), rel=1e-5) and losses[-1] < 0.3 and accuracy > 0.87
    assert np.all(np.diff(w) > 0.0)
