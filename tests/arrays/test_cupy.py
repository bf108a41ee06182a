"""K from end to end on the stand-in for CuPy: results, training, saving, and what passes between host and device."""

import contextlib
import importlib.util
import json
import math
import os
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from stand_in_cupy import in_place

import backend as K
from backend.arrays import backends
from backend.graph.tensor import Tensor
from benchmarks import nets
from benchmarks.sides import ours
from conformance.case import discovered
from conformance.examples import typical
from conformance.properties.gradients import gradient_graph
from conformance.subjects.operations import eager, namespace, placeholders, symbolic

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gpu.md"

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def listed() -> set[str]:
    """The operations that the page lists as waiting for the device."""
    table = PAGE.read_text("utf-8").partition("<!-- the list")[2]
    rows = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


class Pass(NamedTuple):
    """What all cases did on the stand-in: the operations that waited, what else passed, and the forms of calls."""

    waiting: set[str]
    moved: list[str]
    calls: set[tuple[str, int, tuple[str, ...]]]  # a function, the arguments by position, the names of others


@pytest.fixture(scope="module")
def every_case():
    """Every case of every operation, and its gradient: eagerly, and compiled and fed arrays of the device."""
    seen = Pass(set(), [], set())
    with in_place() as cupy, noted(seen.calls), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        on = namespace("cupy")
        for name, case in discovered().items():
            for index in range(len(case.calls)):
                example = typical(case, index, case.dtypes[0])
                for how, counter in counts(cupy, on, example):
                    most = {"upload": math.inf if how == "eager" else 0, "copy": 0, "size": 0, "value": 1}
                    if name in ("while_loop", "switch", "print_tensor", "gcd", "lcm"):
                        most |= {"value": math.inf, "copy": math.inf}
                    seen.moved.extend(
                        f"{name} {how} {example}: {kind}" for kind in counter if counter[kind] > most[kind]
                    )
                    if counter["value"] or counter["copy"]:
                        seen.waiting.add(name)
    return seen


def counts(cupy, on, example):
    """What passes in a call, and in the second call of each compiled function."""
    arrays = on.arrays(example)
    with cupy.traffic.counted() as counter:
        eager(on, example, arrays)
    yield "eager", counter
    inputs = placeholders(example)
    graphs = {"compiled": (inputs, [t for t in symbolic(example, inputs) if isinstance(t, Tensor)])}
    if example.differentiated:
        graphs["gradient"] = gradient_graph(example)
    for how, (given, outputs) in graphs.items():
        wanted = [t for t in outputs if t is not None]
        if given and wanted:
            with K.use_backend("cupy"):
                f = K.function(given, wanted)
                f(arrays)  # brings the constants to the device
                with cupy.traffic.counted() as counter:
                    results = f(arrays)
            assert all(type(r) is cupy.ndarray for r in results), example
            yield how, counter


@contextlib.contextmanager
def noted(calls):
    """Within the block, each form of call of a function of array_api_compat.cupy is noted."""

    def noting(name, function):
        def call(*args, **kwargs):
            calls.add((name, len(args), tuple(sorted(kwargs))))
            return function(*args, **kwargs)

        return call

    xp = sys.modules["array_api_compat.cupy"]
    with pytest.MonkeyPatch.context() as patch:
        for prefix, module in (("", xp), ("linalg.", xp.linalg), ("fft.", xp.fft)):
            for name in dir(module):
                function = getattr(module, name)
                if callable(function) and not isinstance(function, type) and not name.startswith("_"):
                    patch.setattr(module, name, noting(prefix + name, function))
        yield


@pytest.mark.slow
def test_compiled_functions_move_nothing_and_wait_where_the_page_says(every_case):
    assert not every_case.moved
    assert every_case.waiting == listed()


BIND = """
import inspect, json, sys
import array_api_compat.cupy as xp

def bound(name, count, keywords):
    function = xp
    for part in name.split("."):
        function = getattr(function, part, None)
    if function is None:
        return "CuPy lacks it"
    if hasattr(function, "nin"):  # a ufunc: no signature, but the numbers of its arguments
        if count not in (function.nin, function.nargs) or not set(keywords) <= {"out", "dtype", "casting"}:
            return f"a ufunc of {function.nin} arguments"
        return None
    try:
        inspect.signature(function).bind(*[None] * count, **dict.fromkeys(keywords))
    except TypeError as error:
        return f"{error}: {inspect.signature(function)}"

print(json.dumps([[*call, why] for call in json.load(sys.stdin) if (why := bound(*call))]))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="could not import 'cupy': it is not installed")
def test_every_call_binds_to_the_function_of_the_installed_cupy(every_case):
    calls = sorted(every_case.calls)
    assert len({name for name, *_ in calls}) > 80  # functions, or the notes have missed them
    run = subprocess.run(
        [sys.executable, "-c", BIND], input=json.dumps(calls), capture_output=True, text=True, check=True, cwd="/"
    )
    assert json.loads(run.stdout) == []


@pytest.mark.parametrize("net", [net.of(4) for net in nets.NETS], ids=lambda net: net.name)
def test_training_steps_move_nothing(cupy, net):
    with K.use_backend("numpy"):
        f, (x, classes) = ours.trained(net), nets.batch(net)
        labels = np.eye(net.widths[-1], dtype="float32")[classes]
        wanted = [f([x, labels])[0] for _ in range(3)]
    with K.use_backend("cupy"):
        f, x, labels = ours.trained(net), ours.native(x), ours.native(labels)
        found = [f([x, labels])[0]]
        with cupy.traffic.counted() as counter:
            found += [f([x, labels])[0] for _ in range(2)]
    assert not counter
    np.testing.assert_allclose([float(loss) for loss in found], wanted, rtol=1e-4)


OPTIMIZERS = ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(cupy, name):
    def trained():
        w, x = K.variable(np.arange(1.0, 4.0)), K.placeholder((3,))
        optimizer = getattr(K.optimizers, name)(clipnorm=1.0, decay=0.1)
        loss = K.sum(K.square(w - x))
        f = K.function([x], [loss], optimizer.get_updates(loss, [w]))
        data = K.variable(np.ones(3)).array
        f([data])
        return f, data, w

    f, data, w = trained()
    f([data])
    wanted = K.get_value(w)
    with K.use_backend("cupy"):
        f, data, w = trained()
        with cupy.traffic.counted() as counter:
            f([data])
        assert not counter
        np.testing.assert_allclose(K.get_value(w), wanted, rtol=1e-6)


def test_random_numbers_are_those_of_numpy(cupy):
    def drawn():
        return [
            K.eval(K.random_uniform((2, 3), seed=1)),
            K.eval(K.random_normal((5,), seed=2)),
            K.eval(K.truncated_normal((5,), seed=3)),
            K.eval(K.random_bernoulli((7,), 0.5, seed=4)),
            K.eval(K.dropout(K.ones((9,)), 0.5, seed=5)),
        ]

    wanted = drawn()
    with K.use_backend("cupy"):
        for one, other in zip(drawn(), wanted, strict=True):
            np.testing.assert_array_equal(one, other)


def test_variables_values_printing_and_pickles(cupy, monkeypatch):
    with K.use_backend("cupy"):
        w = K.variable([[1.0, 2.0], [3.0, 4.0]])
        assert type(w.array) is cupy.ndarray and type(K.get_value(w)) is np.ndarray
        K.set_value(w, np.ones((2, 2)))
        K.set_value(w, w.array + 1)
        assert K.get_value(w).tolist() == [[2.0, 2.0], [2.0, 2.0]]
        assert "2." in repr(K.eval(w)) and "2, 2" in repr(w)
        again = pickle.loads(pickle.dumps(w))
        assert type(again.array) is cupy.ndarray and np.all(K.get_value(again) == 2)
        x = K.placeholder((2, 2))
        f = pickle.loads(pickle.dumps(K.function([x], [K.dot(x, w)])))
        assert type(f([w.array])[0]) is cupy.ndarray and type(f([np.eye(2)])[0]) is np.ndarray
    assert type(pickle.loads(pickle.dumps(w)).array) is np.ndarray  # where NumPy is active
    assert K.is_tensor(w) and K.get_backend("cupy").device.id == 0
    monkeypatch.setattr(backends, "BUILT_IN", {n: backends.BUILT_IN[n] for n in ("numpy", "cupy")})  # the rest is slow
    assert {row.name: row.usable for row in K.list_backends()}["cupy"]


@pytest.mark.parametrize("spec", ["cupy:1", "cupy:cpu"])
def test_devices_that_are_not_there(cupy, spec):
    with pytest.raises(ValueError, match="cupy has devices 0 to 0, got"):
        K.get_backend(spec)


def test_another_device_than_the_current_one_is_refused(cupy, monkeypatch):
    """CuPy's functions compute on the current device: variables of 'cupy:1' would silently lie on device 0."""
    monkeypatch.setenv("STAND_IN_DEVICES", "2")
    with pytest.raises(ValueError, match=r"current device, which is 0 in this thread, got device 1; call .*\.use\(\)"):
        K.get_backend("cupy:1")
    with cupy.cuda.Device(1), K.use_backend("cupy:1"):
        w = K.variable(np.ones(3))
        x = K.placeholder((3,))
        (y,) = K.function([x], [x * 2 + w])([w.array])
    assert w.array.device.id == y.device.id == 1


def test_arrays_decide_and_numpys_beside_them_are_refused(cupy):
    x = cupy.asarray(np.ones((2, 3), "float32"))
    for found in (K.softmax(x), x + K.relu(x), K.concatenate([x, x]), K.grad(lambda a: K.sum(K.exp(a)))(x)):
        assert type(found) is cupy.ndarray
    t = K.placeholder((2, 3))
    assert isinstance(x * t, Tensor) and isinstance(t * x, Tensor) and isinstance(x @ K.transpose(t), Tensor)
    for call in (lambda: K.dot(x, np.ones((3, 2), "float32")), lambda: K.concatenate([x, np.ones((2, 3), "float32")])):
        with pytest.raises(TypeError, match=r"(?=.*numpy)(?=.*cupy)"):
            call()
    y = K.eval(K.sum(np.ones(3)) * 1)  # K's own arrays stay NumPy's
    assert isinstance(y, (np.ndarray, np.generic))


def test_models_train_predict_save_and_load(cupy, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 6, 6, 1)).astype("float32"), rng.integers(3, size=64)

    def fitted():
        np.random.seed(0)
        m = K.models
        model = m.Sequential(
            [
                m.Conv2D(4, 3, activation="relu", input_shape=(6, 6, 1)),
                m.MaxPooling2D(2),
                m.BatchNormalization(),
                m.Flatten(),
                m.Dropout(0.2, seed=1),
                m.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, batch_size=16, epochs=2, verbose=0)
        return model, history.history["loss"]

    _, wanted = fitted()
    with K.use_backend("cupy"):
        model, losses = fitted()
        np.testing.assert_allclose(losses, wanted, rtol=1e-4)
        predicted = model.predict(x)
        assert type(predicted) is np.ndarray and type(model.weights[0].array) is cupy.ndarray
        model.save(tmp_path / "model.npz")
        again = K.models.load_model(tmp_path / "model.npz")
        np.testing.assert_array_equal(again.predict(x), predicted)
        model.save_weights(tmp_path / "weights.npz")
    read = K.models.load_model(tmp_path / "model.npz")  # on NumPy
    np.testing.assert_allclose(read.predict(x), predicted, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_digits_example():
    """In a process of its own, with the stand-in on the path."""
    path = {"PYTHONPATH": f"{ROOT / 'tests' / 'stand_ins'}:{ROOT}"}
    code = (
        "import sys; sys.path.insert(0, 'examples'); import digits\n"
        "x, y, *rest = digits.load(); data = [x[:160], y[:160], *rest]\n"
        "one, other = (digits.run(name, data, 1, 0) for name in ('cupy', 'numpy'))\n"
        "print(digits.distance(one, other).max())"
    )
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | path, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 1e-3
