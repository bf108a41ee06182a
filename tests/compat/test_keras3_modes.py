"""Ways to run a Keras 3 step: eagerly, several in one call, on changed flags, on a changed backend; what is refused."""

import importlib.util

import pytest
from test_keras3 import NETS, home, needs_torch, pytestmark, ran

__all__ = ["home", "pytestmark"]

FITTED = """
from keras import ops
def fitted(extra=(), **options):
    keras.utils.set_random_seed(1)
    inner = [layers.Dense(8, kernel_regularizer="l2"), layers.BatchNormalization(), layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), *inner, *extra, layers.Dense(4)])
    model.compile(keras.optimizers.Adam(1e-2, gradient_accumulation_steps=2), loss, metrics=["accuracy"], **options)
    history = model.fit(x, y, batch_size=20, epochs=3, verbose=0, validation_data=(x, y)).history
    return model, np.concatenate([*history.values(), model.predict(x, batch_size=20, verbose=0).ravel()])
"""
EAGER = """
seen = []
class Looking(layers.Layer):
    def call(self, x):
        seen.append((float(ops.mean(x)), repr(x), ops.convert_to_numpy(x).shape))
        return x if ops.max(x) > -100.0 else x * 0.0
expected = fitted()[1]
found = fitted([Looking()], run_eagerly=True)[1]
np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
assert len(seen) > 15 and any("value=[[" in shown for _, shown, _ in seen)
print(json.dumps([]))
"""
SEVERAL = """
expected = fitted()[1]
model, found = fitted(steps_per_execution=2)
np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
print(json.dumps(sorted(f.source.count("def ") > 1 for f in model.train_function.step.programs)))
"""
FLAGS = """
model, _ = fitted()
dense = model.layers[1]
def moved():
    before = dense.get_weights()[0]
    model.fit(x, y, verbose=0)
    return bool((dense.get_weights()[0] != before).any())
found = [moved()]
dense.trainable = False
found.append(moved())
model.compile("sgd", loss)
found.append(moved())
dense.trainable = True
try:
    moved()
except ValueError as error:
    found.append("Unknown variable" in str(error))
model.compile("sgd", loss)
print(json.dumps([*found, moved()]))
"""
SWITCHED = """
import backend as K
curves = {}
for eager in (False, True):
    for path in (["numpy"] * 3, ["numpy", "torch", "numpy"]):
        keras.utils.set_random_seed(1)
        model = net("dense")
        model.compile("adam", loss, run_eagerly=eager)
        curve = []
        for name in path:
            with K.use_backend(name):
                curve += model.fit(x, y, verbose=0).history["loss"] + [model.evaluate(x, y, verbose=0)]
        curves[eager, len(set(path))] = curve
for curve in curves.values():
    np.testing.assert_allclose(curve, curves[False, 1], rtol=1e-4)
print(json.dumps([]))
"""
REFUSED = """
from keras import ops
row = np.ones((1, 2, 1, 3), "float32")
def parallel():
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=["cpu:0", "cpu:1"]))
    try:
        net("dense")
    finally:
        keras.distribution.set_distribution(None)
calls = dict(
    distribution=lambda: keras.distribution.list_devices(),
    parallel=parallel,
    sparse=lambda: ops.convert_to_tensor(row, sparse=True),
    ragged=lambda: keras.Input((4,), ragged=True),
    float8=lambda: ops.cast(row, "float8_e4m3fn"),
    flash=lambda: ops.dot_product_attention(row, row, row, flash_attention=True),
    export=lambda: net("dense").export(sys.argv[0]),
)
found = {}
for name, call in calls.items():
    try:
        call()
    except (ValueError, TypeError, NotImplementedError) as error:
        found[name] = str(error).lower()
print(json.dumps(found))
"""

BY_VALUES = """
from keras import ops
class Plain(layers.Layer):
    def call(self, x):
        ids = ops.where(x[:, 0] > 0, 1, 0)
        largest = ops.segment_max(x, ids, 2)
        kept = ops.sum(ops.where(x > 0, x, 0.0)), ops.sum(ops.where(x[:, :1] < 0, x, 0.0)), ops.sum(x[:, ::2])
        return x * 0.1 * sum([*kept, ops.sum(largest * ops.segment_sum(x, ids, 2))])
class ByValues(layers.Layer):
    def call(self, x):
        ids = ops.where(x[:, 0] > 0, 1, 0)
        kept = ops.sum(x[x > 0]), ops.sum(x[x[:, 0] < 0]), ops.sum(x[..., [True, False] * 4])
        assert x[x > 0].shape == (None,) or not curves
        return x * 0.1 * sum([*kept, ops.sum(ops.segment_max(x, ids) * ops.segment_sum(x, ids))])
curves = []
for kind, eager in ((ByValues, True), (ByValues, False), (Plain, False)):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Flatten(), layers.Dense(8), kind(), layers.Dense(4)])
    model.compile(keras.optimizers.SGD(1e-3), loss, run_eagerly=eager)
    history = model.fit(x * 0.1, y, batch_size=40, epochs=3, verbose=0)
    curves.append(history.history["loss"] + list(map(float, model.predict(x, verbose=0).ravel()[:9])))
for curve in curves[:2]:
    np.testing.assert_allclose(curve, curves[2], rtol=1e-4)
class Wrong(layers.Layer):
    def call(self, x):
        return x[x[:, :3] > 0]
try:
    keras.Sequential([layers.Flatten(), Wrong()])(x)
    print(json.dumps([""]))
except IndexError as error:
    print(json.dumps([str(error)]))
"""

SAME_BITS = """
import hashlib
keras.utils.set_random_seed(2)  # layers draw the seeds of their initializers when they are made
model, numbers = fitted([layers.Reshape((2, 4)), layers.LSTM(3), layers.Activation("gelu")])
bits = b"".join(keras.ops.convert_to_numpy(w).tobytes() for w in model.weights) + numbers.tobytes()
print(json.dumps([hashlib.sha256(bits).hexdigest()]))
"""

AGAIN = """
class Block(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        inner = [layers.Masking(), layers.LSTM(6, return_sequences=True), layers.BatchNormalization()]
        self.inner = keras.Sequential([*inner, layers.Dropout(0.3), layers.Dense(8, "tanh")])
    def call(self, x, training=False):
        self.add_loss(1e-2 * keras.ops.mean(x * x))
        return self.inner(x, training=training)
data = x * (np.arange(8)[None, :, None] < rng.integers(2, 9, 96)[:, None, None])
def curve(scope, **options):
    keras.utils.set_random_seed(1)
    with scope:
        blocks = [Block(name="first"), Block()]
    model = keras.Sequential([keras.Input((8, 8)), *blocks, layers.GlobalAveragePooling1D(), layers.Dense(4)])
    model.compile(keras.optimizers.Adam(1e-2), loss, **options)
    history = model.fit(data, y, batch_size=20, epochs=3, verbose=0, validation_data=(data, y)).history
    sources = [] if options else [p.source for p in model.train_function.step.programs]
    return np.concatenate(list(history.values())), sum(s.count("checkpointed(") for s in sources)
import contextlib
expected, calls = curve(contextlib.nullcontext())
assert not calls, calls
for mode in ("full", "larger_than", "list_of_layers"):
    scope = keras.RematScope(mode, 10, ["first"])
    found, calls = curve(scope)
    np.testing.assert_allclose(found, expected, rtol=1e-5, err_msg=mode)
    assert calls, mode
found, _ = curve(keras.RematScope("full"), run_eagerly=True)
np.testing.assert_allclose(found, expected, rtol=1e-5)

import backend as K
place = K.placeholder((None, 4))
def steep(x):
    return [keras.ops.tanh(keras.ops.tanh(x * weight)), None, weight, {"input": x}]
weight = keras.Variable(np.full(4, 0.5, "float32"))
sources, numbers = [], []
for f in (steep, keras.remat(steep)):
    first, nothing, same, rest = f(place)
    assert nothing is None and same is weight and rest["input"] is place
    step = K.function([place], K.gradients(K.sum(first * first), [place]))
    numbers.append(keras.ops.convert_to_numpy(step([keras.ops.convert_to_tensor(x[:, 0, :4])])[0]))
    sources.append(step.source.count("tanh("))
np.testing.assert_allclose(*numbers, rtol=1e-5)
assert sources == [2, 4], sources
print(json.dumps([]))
"""

LOOKUP = """
class Lookup(layers.Layer):
    table = np.arange(9)[::-1] % 5
    def __init__(self, supports_jit):
        super().__init__()
        self.supports_jit = supports_jit
    def call(self, x):
        return keras.ops.convert_to_tensor(self.table[keras.ops.convert_to_numpy(x)])
def curve(supports_jit=False, **options):
    keras.utils.set_random_seed(1)
    inner = [Lookup(supports_jit), layers.Embedding(5, 4), layers.Flatten(), layers.Dropout(0.2), layers.Dense(4)]
    model = keras.Sequential([keras.Input((8,), dtype="int32"), *inner])
    model.compile("adam", loss, metrics=["accuracy"], **options)
    given = {"batch_size": 20, "epochs": 2, "verbose": 0}
    history = model.fit(words, y, **given, validation_data=(words, y)).history
    return np.concatenate([*history.values(), model.predict(words, verbose=0).ravel()])
words = rng.integers(0, 9, (96, 8))
expected = curve(run_eagerly=True)
for steps in (1, 3):
    np.testing.assert_allclose(curve(steps_per_execution=steps), expected, rtol=1e-5, atol=1e-6)
try:
    print(json.dumps([curve(supports_jit=True) and ""]))
except TypeError as error:
    print(json.dumps([str(error)]))
"""
CROSSED = """
text, numbers = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])
found = layers.HashedCrossing(num_bins=5)
tensors = keras.ops.convert_to_tensor(numbers)
print(json.dumps([keras.ops.convert_to_numpy(found((text, x))).tolist() for x in (numbers, tensors, list(numbers))]))
"""


def test_eagerly_tensors_have_values_and_the_numbers_are_the_same(home):
    ran(["-c", NETS + FITTED + EAGER], home)


def test_several_steps_in_one_call(home):
    # one loop, and the step alone for the smaller last batch and the full one beside it
    assert ran(["-c", NETS + FITTED + SEVERAL], home)[-1]


def test_trainable_takes_effect_at_once(home):
    assert ran(["-c", NETS + FITTED + FLAGS], home) == [True, False, False, True, True]


@needs_torch
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_masks_and_segments_whose_sizes_depend_on_values(home, library):
    ran(["-c", NETS + BY_VALUES], home, library)


@needs_torch
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_layer_that_cannot_be_compiled_may_ask_for_values(home, library):
    (refused,) = ran(["-c", NETS + LOOKUP], home, library)
    assert "is symbolic" in refused


@needs_torch
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow, which hashes, is not installed")
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_text_is_crossed_with_integers(home, library):
    assert ran(["-c", NETS + CROSSED], home, library) == [[1, 4, 1, 1, 3]] * 3


@needs_torch
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_remat_computes_again_and_the_numbers_are_the_same(home, library):
    ran(["-c", NETS + AGAIN], home, library)


@needs_torch
def test_training_has_the_same_bits_in_the_reproducible_mode(home):
    program = ["-c", NETS + FITTED + SAME_BITS]
    assert ran(program, home, "reproducible:numpy") == ran(program, home, "reproducible:torch")


@needs_torch
def test_variables_go_where_the_active_backend_is(home):
    ran(["-c", NETS + SWITCHED], home)


def test_what_is_not_there_is_refused_by_name(home):
    found = ran(["-c", NETS + REFUSED], home)
    assert set(found) == {"distribution", "parallel", "sparse", "ragged", "float8", "flash", "export"}
    assert [name for name, message in found.items() if name not in message] == []
