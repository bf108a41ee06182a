"""Edge values are specified: on NumPy no operation warns of them, whatever the warning filters and np.errstate."""

import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import backend as K

EDGES = np.asarray([0.0, -1.0, np.inf, -np.inf, np.nan, 3e38, 1e-45], "float32")
CALLS = {
    "exp": lambda x: K.exp(x),
    "expm1": lambda x: K.expm1(x),
    "log": lambda x: K.log(x),
    "log1p": lambda x: K.log1p(x),
    "sin": lambda x: K.sin(x),
    "cos": lambda x: K.cos(x),
    "tanh": lambda x: K.tanh(x),
    "square": lambda x: K.square(x),
    "sum": lambda x: K.sum(x),
    "sum of an axis": lambda x: K.sum(x, axis=0, keepdims=True),
    "prod": lambda x: K.prod(x),
    "max": lambda x: K.max(x),
    "maximum": lambda x: K.maximum(x, -x),
    "dot": lambda x: K.dot(x, x),
    "softsign": lambda x: K.softsign(x),
    "silu": lambda x: K.silu(x),
    "gelu": lambda x: K.gelu(x),
    "pow": lambda x: K.pow(x, -1.5),
    "softmax": lambda x: K.softmax(x),
    "logsumexp": lambda x: K.logsumexp(x),
    "std": lambda x: K.std(x),
    "l2_normalize": lambda x: K.l2_normalize(x),
    "binary_crossentropy": lambda x: K.binary_crossentropy(x, x),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("errors", ["warn", "raise"])
def test_no_operation_warns_of_its_edge_values(name, errors):
    with np.errstate(all="ignore"):
        wanted = CALLS[name](EDGES)
        arrays = [EDGES.astype(dtype) for dtype in ("float32", "float16", "float32", "float16")]
    with warnings.catch_warnings(), np.errstate(all=errors):
        warnings.simplefilter("error")
        found = [CALLS[name](x) for x in arrays]
        assert set(np.geterr().values()) == {errors}  # the caller's own setting is in force again
    for result in found[::2]:  # the first call of a dtype takes the definition, the next one the fast path
        np.testing.assert_array_equal(result, wanted)


def test_the_callers_own_arithmetic_still_warns():
    K.log(EDGES)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(np.zeros(2))


def test_the_setting_returns_after_an_error():
    with np.errstate(all="raise"):
        assert np.isnan(K.softsign(np.full(1, np.inf))[0])
        with pytest.raises(ValueError, match="batch_dot"):
            K.batch_dot(np.ones((2, 3)), np.ones((2, 4)))
        assert np.geterr()["divide"] == "raise"
        with pytest.raises(FloatingPointError):
            np.ones(1) / np.zeros(1)


def test_a_function_of_the_users_keeps_its_own_warnings():
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        K.map_fn(lambda row: row + np.ones(1) / np.zeros(1), np.ones((2, 1)))


@pytest.mark.slow
def test_under_warnings_as_errors_in_a_new_process():
    code = "import backend as K, numpy as np; x = np.zeros(3); print(K.log(x)[0], K.exp(x + 1e4)[0], K.log(x[0]))"
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (ran.stdout.split(), ran.stderr) == (["-inf", "inf", "-inf"], "")


def test_threads_that_meet_within_a_function_get_the_same_results():
    x = np.linspace(-1.0, 3e3, 200_000)  # large: NumPy releases the interpreter's lock meanwhile
    with np.errstate(all="ignore"):
        wanted = np.exp(x)
    failures = []

    def work():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for _ in range(20):
                    np.testing.assert_array_equal(K.exp(x), wanted)
        except BaseException as error:  # noqa: BLE001 - of a thread, for the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
