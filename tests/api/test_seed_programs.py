"""The programs this library was asked for run as they were written, and compute what they should."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

import backend as K

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def as_before():
    """Programs choose a backend for the whole process: what was chosen before comes back afterwards."""
    floatx, chosen = K.floatx(), K.get_backend()
    yield
    K.set_floatx(floatx)
    K.set_backend(chosen)


def test_which_backend():
    assert K.tensorflow_backend.backend() == "numpy"
    assert K.theano_backend.backend() == K.numpy_backend.backend() == K.backend()
    assert json.dumps({"backend": K.tensorflow_backend.backend()}) == '{"backend": "numpy"}'


def test_a_keras_backend_by_its_old_name():
    for name in ("tensorflow_backend", "theano_backend", "numpy_backend"):
        module = importlib.import_module(f"backend.{name}")
        assert module is getattr(K, name) and module.dot is K.dot and module.__name__ == f"backend.{name}"
        assert {"dot", "variable", "placeholder", "function"} <= set(dir(module)) & set(module.__all__)
        with pytest.raises(AttributeError, match="has no attribute 'no_such_thing'"):
            _ = module.no_such_thing
        with pytest.raises(AttributeError, match="has no attribute '__path__'"):
            _ = module.__path__
    from backend.tensorflow_backend import square

    assert square(np.float32(3)) == 9
    assert K.tensorflow_backend._is_tf_1() is False
    assert K.tensorflow_backend._get_available_gpus() == []
    found = K.get_backend("torch").xp.__array_namespace_info__().devices()
    with K.use_backend("torch"):
        assert K.tensorflow_backend._get_available_gpus() == [str(d) for d in found if d.type == "cuda"]


def test_a_backend_of_ones_own():
    class PyTorchBackend:
        def __init__(self):
            import array_api_compat.torch

            self.xp = array_api_compat.torch
            self.device = "cpu"

    K.backend().register_backend("pytorch", PyTorchBackend())
    assert K.backend() == "numpy"  # there to be chosen, not chosen yet
    K.backend().set_floatx("float32")
    K.set_backend("pytorch")
    assert K.backend() == "pytorch" and K.backend().encode("utf8") == b"pytorch"
    assert K.tensorflow_backend.backend() == "pytorch"

    a, b = np.random.rand(3, 4), np.random.rand(4, 2)
    x = K.variable(a)
    assert isinstance(x.array, torch.Tensor) and x.array.dtype == torch.float32
    np.testing.assert_allclose(K.dot(x, K.variable(b)).eval(), a @ b, rtol=1e-5)
    softmax = np.exp(a) / np.exp(a).sum(-1, keepdims=True)
    np.testing.assert_allclose(K.softmax(x).eval(), softmax, rtol=1e-5)
    y = K.placeholder((None, 4))
    f = K.function([y], [K.gradients(K.sum(K.square(y)), [y])[0]])
    np.testing.assert_allclose(f([a])[0], 2 * a, rtol=1e-6)
    native = f([torch.asarray(a)])[0]
    assert isinstance(native, torch.Tensor) and native.device == torch.device("cpu")
    with pytest.raises(ValueError, match="set_floatx"):
        K.backend().set_floatx("float8")


def test_all_of_a_random_variable():
    x = K.variable(np.random.rand(3, 3))
    found = K.all(K.greater_equal(x, 0), axis=-1).eval()
    assert found.dtype == bool and found.tolist() == [True, True, True]
    K.set_value(x, [[1, 2, 3], [1, -1, 1], [0, 0, 0]])
    assert K.all(K.greater_equal(x, 0), axis=-1).eval().tolist() == [True, False, True]


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict"])
def test_dot_of_two_variables(name):
    K.set_backend(name)
    a, b = np.random.rand(2, 3), np.random.rand(3, 4)
    found = K.dot(K.variable(a), K.variable(b)).eval()
    assert isinstance(found, np.ndarray) and found.dtype == np.float32
    np.testing.assert_allclose(found, a @ b, rtol=1e-5)
    assert isinstance(K.variable(a).array, type(K.get_backend(name).xp.asarray([0.0])))


def test_a_model_with_sgd_learns_the_digits():
    from backend.models import Activation, Dense, Sequential

    np.random.seed(0)
    images, labels = load_digits(return_X_y=True)
    order = np.random.permutation(len(images))
    x, labels = images[order] / 16, labels[order]
    y = np.eye(10)[labels]

    model = Sequential()
    model.add(Dense(64, activation="relu", input_shape=(64,)))
    model.add(Dense(10))
    model.add(Activation("softmax"))
    sgd = K.optimizers.SGD(lr=0.01)
    model.compile(loss="categorical_crossentropy", optimizer=sgd)

    untrained = model.evaluate(x[1400:], y[1400:], verbose=0)
    history = model.fit(x[:1400], y[:1400], batch_size=16, epochs=40, verbose=0)
    trained = model.evaluate(x[1400:], y[1400:], verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 5
    assert trained < 0.3 < untrained
    predicted = model.predict(x[1400:])
    assert predicted.shape == (397, 10) and np.mean(predicted.argmax(-1) == labels[1400:]) > 0.93
    chosen = predicted[np.arange(397), labels[1400:]]
    assert trained == pytest.approx(-np.mean(np.log(chosen)), rel=1e-4)
    assert K.get_value(sgd.iterations) == 40 * 88  # 1400 samples in batches of 16


def test_keras_attributes_come_when_asked_for():
    assert K.optimizers.SGD is importlib.import_module("backend.optimizers").SGD
    assert K.models.Sequential is importlib.import_module("backend.models").Sequential
    with pytest.raises(AttributeError, match="module 'backend' has no attribute 'optimisers'"):
        _ = K.optimisers
