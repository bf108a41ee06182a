"""Dtypes that a library has not under Keras 3: 64 bits on JAX, bfloat16 on NumPy."""

import importlib.util

import pytest
from test_keras3 import home, pytestmark, ran

__all__ = ["home", "pytestmark"]

NARROW = """
import json
import backend.compat.keras3
import numpy as np
import backend as K
import keras
from keras import layers, ops
rows, counts = np.arange(6.0).reshape(2, 3), np.arange(6)
made = [ops.add(rows, 1), ops.convert_to_tensor(rows, "float64"), ops.sum(counts)]
made.append(keras.random.uniform((2,), dtype="float64"))
moved = keras.Variable(rows, dtype="float64")
moved.assign_add(rows)
model = keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="float64")])
model.compile("sgd", "mse")
here = model.predict(rows, verbose=0)
with K.use_backend("numpy"):
    there = model.predict(rows, verbose=0)
model.train_on_batch(rows, rows[:, :2])
np.testing.assert_allclose(here, there, rtol=1e-5)
np.testing.assert_allclose(moved.numpy(), 2 * rows)
print(json.dumps([str(x.dtype) for x in made]))
"""
HALF = """
import json
import backend.compat.keras3
import numpy as np
import keras
from keras import layers
keras.config.set_dtype_policy("bfloat16")
inner = [layers.Conv1D(4, 3, activation="relu"), layers.LSTM(4), layers.Dropout(0.2), layers.Dense(3), layers.PReLU()]
model = keras.Sequential([keras.Input((8, 2)), *inner])
model.compile("adam", "mse")
x, y = np.ones((8, 8, 2), "float32"), np.ones((8, 3), "float32")
model.fit(x, y, verbose=0)
found = [model.predict(x, verbose=0).dtype.name, model.predict_on_batch(x).dtype.name, str(model.weights[0].dtype)]
others = [w.path for w in [*model.weights, *model.optimizer.variables] if w.value.dtype.name != w.dtype]
print(json.dumps([found, others]))
"""


def test_jax_holds_64_bits_in_32_as_with_keras_own_backend(home):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    assert ran(["-c", NARROW], home, "jax") == ["float32", "float32", "int32", "float32"]


def test_bfloat16_stays_bfloat16_on_numpy(home):
    assert ran(["-c", HALF], home) == [["bfloat16"] * 3, []]
