"""Keras 3 with K as its backend: the door and the gates it passes, training on two libraries, files, the examples."""

import ast
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.compat.keras3 import door

ROOT = Path(__file__).parents[2]
LIBRARIES = ("numpy", "torch")
STAND_INS = ROOT / "tests" / "stand_ins"  # of CuPy, which needs a GPU


def _version():
    try:
        return importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError:
        return "none"


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not _version().startswith("3.15."),
        reason=f"Keras 3.15 is not installed, but {_version()}: pip install 'array-api-backend[keras3]'",
    ),
]
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("keras3")


def ran(arguments, home, library="numpy", keras="array_api"):
    """The last line that a program prints as JSON, or its output."""
    environment = os.environ | {"K_BACKEND": library, "KERAS_BACKEND": keras, "KERAS_HOME": str(home)}
    paths = [str(ROOT), *[str(STAND_INS)] * (library == "cupy"), os.environ.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, cwd=home)
    assert done.returncode == 0, done.stderr[-3000:]
    last = done.stdout.strip().rpartition("\n")[2]
    return json.loads(last) if last[:1] in "{[" else done.stdout


# ---- the door and the gates of Keras


def sources():
    """Every module of the installed Keras that is not a test or a backend, with its tree."""
    root = Path(importlib.util.find_spec("keras").origin).parent
    for path in sorted((root / "src").rglob("*.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        others = name.startswith("keras.src.backend.") and not name.startswith("keras.src.backend.common")
        if not path.name.endswith("_test.py") and not others:
            yield name, ast.parse(path.read_text("utf-8"))


def gates():
    """The modules that stop at import for an unknown name of a backend, and what they import for "numpy"."""
    found = {}
    for name, tree in sources():
        for node in tree.body:
            branches, last = [], node
            while isinstance(last, ast.If) and re.match(r"(backend\.)?backend\(\) == ", ast.unparse(last.test)):
                branches.append(last)
                last = last.orelse[0] if last.orelse else None
            if not branches or not isinstance(last, ast.Raise):
                continue
            taken = next((b.body for b in branches if ast.unparse(b.test).endswith("'numpy'")), [])
            imports = [n for n in taken if isinstance(n, ast.ImportFrom) and n.names[0].name != "*"]
            found[name] = [(n.module, n.names[0].name) for n in imports]
    return found


def test_the_gates_of_this_keras_are_those_that_the_door_knows():
    assert gates() == {module: [wanted] for module, wanted in door.GATES.items()}


def test_the_name_is_ours_and_nothing_else_is_loaded(home):
    program = """
import json, sys
import backend.compat.keras3
import keras
import numpy as np
model = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
model.predict(np.ones((8, 3)), verbose=0)
# Keras itself imports JAX where it is installed, for its callback for Orbax
loaded = [name for name in ("tensorflow", "torch", "keras.src.backend.jax") if name in sys.modules]
where = {m.__file__ for n, m in list(sys.modules.items()) if n.startswith("keras.src.backend.numpy")}
print(json.dumps([keras.config.backend(), loaded, [f for f in where if "keras3" not in f]]))
"""
    assert ran(["-c", program], home) == ["array_api", [], []]


def test_every_function_of_keras_s_numpy_backend_is_here(home):
    program = """
import ast, json, pathlib, sys
import backend.compat.keras3
import keras
root = pathlib.Path(keras.__file__).parent / "src" / "backend" / "numpy"
missing = []
for module in "core numpy nn math linalg image random rnn".split():
    own = sys.modules["keras.src.backend.numpy"]
    for node in ast.parse((root / f"{module}.py").read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            if not hasattr(sys.modules[f"keras.src.backend.numpy.{module}"], node.name):
                missing.append(f"{module}.{node.name}")
print(json.dumps(missing))
"""
    helpers = {"rnn.numpy_scan", "rnn.unstack"}  # of Keras's own rnn
    assert set(ran(["-c", program], home)) - helpers == set()


def test_other_backends_of_keras_are_as_they_were(home):
    program = """
import backend.compat.keras3
import json, sys
import keras
print(json.dumps([keras.config.backend(), keras.src.backend.core.__file__.endswith("keras/src/backend/torch/core.py")]))
"""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    assert ran(["-c", program], home, keras="torch") == ["torch", True]


def test_programs_run_as_they_are(home):
    (home / "train.py").write_text("import sys, keras; print(keras.config.backend(), sys.argv[1:])", "utf-8")
    assert ran(["-m", "backend.compat.keras3", "train.py", "--epochs", "3"], home).split() == [
        "array_api",
        "['--epochs',",
        "'3']",
    ]


# ---- training

NETS = """
import json, os, sys
if os.environ["KERAS_BACKEND"] == "array_api":
    import backend.compat.keras3
import keras, numpy as np
from keras import layers
rng = np.random.default_rng(0)
x, y = rng.normal(size=(96, 8, 8)).astype("float32"), rng.integers(0, 4, 96)
NETS = {
    "dense": lambda: [layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dropout(0.2)],
    "convolution": lambda: [layers.Reshape((8, 8, 1)), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Flatten()],
    "lstm": lambda: [layers.LSTM(6)],
    "normalized": lambda: [layers.Flatten(), layers.Dense(8), layers.BatchNormalization(), layers.ReLU()],
    "gru": lambda: [layers.Masking(), layers.Bidirectional(layers.GRU(3, recurrent_dropout=0.2))],
    "attention": lambda: [layers.EinsumDense("abc,cd->abd", (None, 6)), Attended(), layers.GlobalMaxPooling1D()],
}
@keras.saving.register_keras_serializable("tests")
class Attended(layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.attention = layers.MultiHeadAttention(2, 3)
    def build(self, shape):
        self.attention.build(shape, shape)
    def call(self, x):
        return self.attention(x, x, use_causal_mask=True)
def net(name):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((8, 8)), *NETS[name](), layers.Dense(4)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
"""


TRAINING = (
    NETS
    + """
found = {}
for name in sys.argv[1:] or NETS:
    model = net(name)
    model.compile(keras.optimizers.Adam(1e-2), loss, metrics=["accuracy"])
    found[name] = model.fit(x, y, batch_size=32, epochs=3, verbose=0, validation_split=0.25).history["loss"]
    before, path = model.predict(x, verbose=0), f"{name}.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    assert np.array_equal(again.predict(x, verbose=0), before)
    assert abs(again.evaluate(x, y, verbose=0)[0] - model.evaluate(x, y, verbose=0)[0]) < 1e-6
print(json.dumps(found))
"""
)


@pytest.fixture(scope="module")
def losses(home):
    present = [name for name in LIBRARIES if importlib.util.find_spec(name)]
    return {library: ran(["-c", TRAINING], home, library) for library in present}


def test_nets_learn(losses):
    for name, curve in losses["numpy"].items():
        assert curve[-1] < curve[0], name


@needs_torch
def test_losses_are_the_same_on_numpy_and_torch(losses):
    for name, curve in losses["numpy"].items():
        np.testing.assert_allclose(losses["torch"][name], curve, rtol=2e-4, err_msg=name)


@pytest.mark.parametrize("library", ["jax", "cupy"])
def test_losses_are_the_same_on_jax_and_on_the_stand_in_for_cupy(home, losses, library):
    if library == "jax" and not importlib.util.find_spec("jax"):
        pytest.skip("jax is not installed")
    nets = ["convolution", "lstm", "normalized"]
    found = ran(["-c", TRAINING, *nets], home, library)
    for name in nets:
        np.testing.assert_allclose(found[name], losses["numpy"][name], rtol=2e-4, err_msg=name)


CHANGES = """
found = {}
def fit(name, model):
    model.compile(keras.optimizers.Adam(1e-2), loss)
    found[name] = model.fit(x, y, batch_size=32, epochs=2, verbose=0).history["loss"]
frozen = net("dense")
frozen.layers[1].trainable = False
before = frozen.layers[1].get_weights()[0]
fit("frozen", frozen)
found["frozen kept"] = bool((frozen.layers[1].get_weights()[0] == before).all())
images = np.zeros((2, 3, 3, 3), "int64")
layers.RandomBrightness([0.5, 1.0])(images)  # which adds in place
mixing = keras.Sequential([layers.CutMix(seed=1), layers.Flatten(), layers.Dense(1)])  # which shuffles within a step
mixing.compile("sgd", "mse")
mixing.train_on_batch(np.ones((2, 3, 3, 3), "float32"), np.ones((2, 1), "float32"))
found["images kept"] = not images.any()
frozen.layers[1].trainable = True
fit("thawed", frozen)
found["thawed moved"] = bool((frozen.layers[1].get_weights()[0] != before).any())
def batches():
    while True:
        yield x[:32], y[:32]
model = net("dense")
model.compile("adam", loss)
model.fit(batches(), steps_per_epoch=3, epochs=1, verbose=0)
one = model.train_on_batch(x[:32], y[:32])
found["single"] = [float(one), float(model.test_on_batch(x[:32], y[:32]))]
found["functions"] = len(model.train_function.step.programs)
print(json.dumps(found))
"""


def test_frozen_layers_generators_and_single_batches(home):
    found = ran(["-c", NETS + CHANGES], home)
    assert found.pop("frozen kept") and found.pop("thawed moved") and found.pop("images kept")
    assert found.pop("functions") == 2  # a generator's batches have no place for sample weights, train_on_batch's have
    for name, curve in found.items():
        # a frozen layer leaves little to learn in two epochs
        assert np.isfinite(curve).all() and curve[-1] < curve[0] * (1.01 if name == "frozen" else 1.0), name
    if importlib.util.find_spec("torch"):
        on_torch = ran(["-c", NETS + CHANGES], home, "torch")
        for name, curve in found.items():
            np.testing.assert_allclose(on_torch[name], curve, rtol=5e-3, err_msg=name)


# ---- files

SAVED = """
for name in NETS:
    model = net(name)
    model.compile("adam", loss)
    model.fit(x, y, batch_size=32, verbose=0)
    model.save(f"{sys.argv[1]}-{name}.keras")
    np.save(f"{sys.argv[1]}-{name}.npy", model.predict(x, verbose=0))
print(json.dumps(list(NETS)))
"""
LOADED = """
found = {}
for name in NETS:
    model = keras.saving.load_model(f"{sys.argv[1]}-{name}.keras")
    expected = np.load(f"{sys.argv[1]}-{name}.npy")
    found[name] = float(abs(model.predict(x, verbose=0) - expected).max())
    model.fit(x, y, batch_size=32, verbose=0)
print(json.dumps(found))
"""


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("other", ["torch", "jax", "tensorflow"])
def test_files_go_both_ways_between_keras_on_others_and_this(home, other, turn):
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    writer, reader = ("array_api", other)[::turn]
    stem = str(home / writer)
    ran(["-c", NETS + SAVED, stem], home, keras=writer)
    found = ran(["-c", NETS + LOADED, stem], home, keras=reader)
    assert max(found.values()) < 1e-5, found


# ---- examples


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("example", "epochs", "pattern", "least"),
    [
        ("keras3_digits", 8, r"([\d.]+)% of the test images", 85.0),
        ("keras3_text", 8, r"([\d.]+)% of new sentences", 85.0),
        ("keras3_forecast", 8, r"mean error (?P<error>[\d.]+); repeating the last value ([\d.]+)", 0.0),
    ],
)
def test_examples(home, library, example, epochs, pattern, least):
    for needed in {library, "sklearn"} - {"numpy"}:
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    output = ran([str(ROOT / "examples" / f"{example}.py"), "--epochs", str(epochs)], home, library)
    found = re.search(pattern, output)
    assert found, output
    if "error" in found.groupdict():
        assert float(found["error"]) < float(found[2]), output
    else:
        assert float(found[1]) > least, output
