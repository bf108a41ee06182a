"""A model that was saved, copied or pickled trains on as if nothing had happened, bit for bit."""

import copy
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import backend as K
from backend.models import (
    GRU,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    Input,
    Lambda,
    Layer,
    LayerNormalization,
    Model,
    MultiHeadAttention,
    Sequential,
    load_model,
)

pytestmark = pytest.mark.slow


def floats(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def stack(optimizer="adam"):
    model = Sequential(
        [
            Dense(16, activation="relu", input_dim=5),
            BatchNormalization(),
            Dropout(0.3),
            Dense(8, activation=K.tanh, kernel_initializer=K.models.INITIALIZERS["he_normal"](seed=3)),
            Dropout(0.2, seed=7),
            Dense(1),
        ]
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model, floats(50, 5), floats(50, 1)


def branches(optimizer="rmsprop"):
    tokens, numbers = Input((7,), dtype="int32", name="tokens"), Input((3,), name="numbers")
    x = Embedding(11, 6, mask_zero=True)(tokens)
    x = LayerNormalization()(MultiHeadAttention(2, 3, dropout=0.1)(x))
    x = Bidirectional(GRU(4, return_sequences=True, dropout=0.2, recurrent_dropout=0.1))(x)
    shared = Dropout(0.4)
    both = Concatenate()([shared(GlobalAveragePooling1D()(x)), shared(Dense(4)(numbers))])
    model = Model([tokens, numbers], [Dense(3, activation="softmax", name="kind")(both), Dense(1, name="size")(both)])
    model.compile(
        optimizer,
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        metrics={"kind": ["accuracy"]},
        loss_weights=[1.0, 0.5],
    )
    r = np.random.default_rng(2)
    return model, [r.integers(0, 11, (40, 7)), floats(40, 3)], [r.integers(0, 3, 40), floats(40, 1)]


def saved(model, folder):
    model.save(folder / "model.zip")
    return load_model(folder / "model.zip")


WAYS = {"saved": saved, "pickled": lambda m, _: pickle.loads(pickle.dumps(m)), "copied": lambda m, _: copy.deepcopy(m)}


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("make", [stack, branches])
@pytest.mark.parametrize("way", WAYS)
def test_training_goes_on_exactly(way, make, library, tmp_path):
    with K.use_backend(library):
        model, x, y = make()
        model.fit(x, y, epochs=2, batch_size=16, verbose=0, validation_split=0.2)
        other = WAYS[way](model, tmp_path)
        assert type(other) is type(model) and other.name == model.name
        assert [w.name for w in other.weights] == [w.name for w in model.weights]
        assert not {id(w) for w in other.weights} & {id(w) for w in model.weights}
        before = model.get_weights()
        np.random.seed(99)  # what the program draws in between does not count
        again = other.fit(x, y, epochs=4, initial_epoch=2, batch_size=16, verbose=0, validation_split=0.2)
        assert all(map(np.array_equal, model.get_weights(), before))
        np.random.seed(5)
        whole = model.fit(x, y, epochs=4, initial_epoch=2, batch_size=16, verbose=0, validation_split=0.2)
        assert again.history == whole.history and again.epoch == [2, 3]
        assert all(map(np.array_equal, other.get_weights(), model.get_weights()))
        assert all(map(np.array_equal, other.optimizer.get_weights(), model.optimizer.get_weights()))


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "Adadelta", "Adamax", "Nadam"])
def test_every_optimizer_goes_on(name, tmp_path):
    given = {"momentum": 0.9, "nesterov": True} if name == "SGD" else {}
    model, x, y = stack(getattr(K.optimizers, name)(learning_rate=0.02, clipnorm=1.0, decay=0.01, **given))
    model.fit(x, y, epochs=2, verbose=0)
    other = saved(saved(model, tmp_path), tmp_path)  # the state outlives a model that was never trained
    assert other.fit(x, y, epochs=2, verbose=0).history == model.fit(x, y, epochs=2, verbose=0).history


def test_another_process_goes_on(tmp_path):
    model, x, y = stack()
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.zip")
    np.savez(tmp_path / "data.npz", x=x, y=y)
    program = (
        "import sys, json, numpy as np; import backend as K\n"
        "model = K.models.load_model(sys.argv[1]); data = np.load(sys.argv[2])\n"
        "print(json.dumps(model.fit(data['x'], data['y'], epochs=2, verbose=0).history))"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "model.zip"), str(tmp_path / "data.npz")]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == model.fit(x, y, epochs=2, verbose=0).history


def test_a_model_moves_to_another_library(tmp_path):
    with K.use_backend("torch"):
        model, x, y = stack()
        model.fit(x, y, epochs=1, verbose=0)
        model.save(tmp_path / "model.zip")
        text, expected = pickle.dumps(model), model.fit(x, y, epochs=1, verbose=0).history["loss"]
    for other in (load_model(tmp_path / "model.zip"), pickle.loads(text)):
        assert {w.backend.name for w in other.weights} == {"numpy"}
        np.testing.assert_allclose(other.fit(x, y, epochs=1, verbose=0).history["loss"], expected, rtol=1e-5)
    twin = copy.deepcopy(model)  # on its own library, whatever is selected
    assert {w.backend.name for w in twin.weights} == {"torch"}
    assert np.isfinite(twin.fit(x, y, epochs=1, verbose=0).history["loss"][0])


def test_models_that_share_layers_share_them_again():
    encoder = Sequential([Dense(3, activation="relu", input_dim=4), Dropout(0.5)])
    x = Input((4,))
    model = Model(x, Dense(1)(encoder(x)))
    first, second = pickle.loads(pickle.dumps((encoder, model)))
    assert first.weights == second.weights[:2] and first.layers[0] is second.layers[1]
    np.testing.assert_array_equal(second.predict(floats(5, 4)), model.predict(floats(5, 4)))


def test_layers_alone():
    layer = Dense(3, activation="relu", name="top")
    layer(Input((2,)))
    for other in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert other.calls == [] and other.name == "top" and other.built
        np.testing.assert_array_equal(other.get_weights()[0], layer.get_weights()[0])
        x = Input((2,))
        np.testing.assert_array_equal(
            Model(x, other(x)).predict(floats(4, 2)), Model(x, layer(x)).predict(floats(4, 2))
        )
        other.set_weights([np.zeros((2, 3)), np.zeros(3)])
        assert layer.get_weights()[0].any()
    waiting = pickle.loads(pickle.dumps(Sequential([Dense(2), Dense(1)])))
    assert waiting.predict(floats(4, 3)).shape == (4, 1)


class Scale(Layer):
    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, shape):
        self.factor = self.add_weight("factor", shape[-1:], K.models.INITIALIZERS["constant"](self.start))

    def call(self, x):
        return x * self.factor


def absolute(y, p):
    return K.sum(K.abs(p - y), axis=-1)


def wave(x):
    return K.sin(x)


class Mine(Model):
    pass


OWN = {"Scale": Scale, "absolute": absolute, "wave": wave, "Mine": Mine}


def own_model():
    x = Input((2,))
    model = Mine(x, Lambda(wave)(Scale(2.0)(Dense(2, activation=wave)(x))))
    model.compile("adam", absolute, metrics=[absolute])
    return model


def test_custom_objects_by_name(tmp_path):
    path, x, y = tmp_path / "own.zip", floats(20, 2), floats(20, 2)
    model = own_model()
    model.fit(x, y, epochs=1, verbose=0)
    model.save(path)
    other = load_model(path, custom_objects=OWN)
    assert type(other) is Mine and other.layers[2].start == 2.0
    assert other.fit(x, y, epochs=1, verbose=0).history == model.fit(x, y, epochs=1, verbose=0).history
    for name, kind in {"Scale": "layer", "wave": "function", "Mine": "model", "absolute": "loss or metric"}.items():
        lacking = {key: value for key, value in OWN.items() if key != name}
        with pytest.raises(ValueError, match=rf"own.zip: the {kind} '{name}' is none of K.models; pass it as custom_o"):
            load_model(path, custom_objects=lacking)
    assert load_model(path, custom_objects={n: v for n, v in OWN.items() if n != "absolute"}, compile=False)


def noisy(y, p):
    return K.mean(K.square(p - y + K.random_normal(K.shape(p), stddev=0.1)), axis=-1)


@pytest.mark.parametrize("way", WAYS)
def test_random_losses_go_on(way, tmp_path):
    model, x, y = stack()
    model.compile("sgd", noisy)
    model.fit(x, y, epochs=1, verbose=0)
    if way == "saved":
        model.save(tmp_path / "m.zip")
        other = load_model(tmp_path / "m.zip", custom_objects={"noisy": noisy})
    else:
        other = WAYS[way](model, tmp_path)
    assert other.fit(x, y, epochs=2, verbose=0).history == model.fit(x, y, epochs=2, verbose=0).history


def test_weights_of_samples_go_on(tmp_path):
    model, x, y = stack()
    model.fit(x, y, epochs=1, verbose=0, sample_weight=np.linspace(0.0, 1.0, 50))
    other = saved(model, tmp_path)
    given = {"epochs": 2, "verbose": 0, "class_weight": None}
    assert other.fit(x, y, **given).history == model.fit(x, y, **given).history


def test_a_name_of_ours_on_a_function_of_a_users_is_not_mistaken(tmp_path):
    def relu(x):
        return x * 2.0

    model = Sequential([Dense(1, activation=relu, input_dim=2)])
    model.save(tmp_path / "m.zip")
    with pytest.raises(ValueError, match=r"'relu' is none of K\.models"):
        load_model(tmp_path / "m.zip")
    other = load_model(tmp_path / "m.zip", custom_objects={"relu": relu})
    np.testing.assert_array_equal(other.predict(floats(3, 2)), model.predict(floats(3, 2)))


def test_what_cannot_be_saved_says_so_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.zip"
    stack()[0].save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"lambda_1: function: <function .*lambda.* cannot be described by name"):
        Sequential([Lambda(lambda x: x, input_shape=(2,))]).save(path)

    class Forgetful(Layer):
        def __init__(self, size):
            super().__init__(name="forgetful")

        def call(self, x):
            return x * 1.0

    with pytest.raises(TypeError, match="forgetful: Forgetful has no attribute 'size' for its argument"):
        x = Input((2,))
        Model(x, Forgetful(3)(x)).save(path)
    with pytest.raises(RuntimeError, match=r"get_config: the shape of the input of .* is not known"):
        Sequential([Dense(1)]).save(path)
    with pytest.raises(FileExistsError, match=r"save: .*m.zip exists already"):
        stack()[0].save(path, overwrite=False)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["m.zip"]


def rewritten(path, change):
    """The model's file with its JSON changed."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(entries["model.json"])
    change(described)
    entries["model.json"] = json.dumps(described).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("no layer is called '__import__'", lambda d: d["architecture"]["layers"][0].update(class_name="__import__")),
        (
            "no activation is called .__import__",
            lambda d: d["architecture"]["layers"][0]["config"].update(activation="__import__('os')"),
        ),
        ("has version 2 of the format", lambda d: d.update(version=2)),
        ("describes something else", lambda d: d.update(format="other")),
        ("lacks 'layers'", lambda d: d["architecture"].pop("layers")),
        ("unexpected keyword argument 'colour'", lambda d: d["architecture"]["layers"][0]["config"].update(colour=1)),
        ("a model of float64, floatx is float32 here", lambda d: d.update(floatx="float64")),
        ("no optimizer is called 'eval'", lambda d: d["training"]["optimizer"].update(class_name="eval")),
        (
            r"holds 000/dense_1/kernel of shape \(5, 16\)",
            lambda d: d["architecture"]["layers"][0]["config"].update(units=9),
        ),
    ],
)
def test_files_that_were_tampered_with(message, change, tmp_path):
    path = tmp_path / "m.zip"
    stack()[0].save(path)
    rewritten(path, change)
    with pytest.raises(ValueError, match=f"m.zip.*{message}"):
        load_model(path)


def test_damaged_files(tmp_path):
    path = tmp_path / "m.zip"
    model, x, y = stack()
    model.fit(x, y, epochs=1, verbose=0)
    model.save(path)
    whole = path.read_bytes()
    for end in range(0, len(whole), len(whole) // 20):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"m.zip is no file of a model"):
            load_model(path)
    path.write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nowhere.zip")
    model.save_weights(path)
    with pytest.raises(ValueError, match=r"it has no model.json; weights alone are read by model.load_weights"):
        load_model(path)


def test_weights_are_read_from_the_file_of_a_whole_model(tmp_path):
    model, other = stack()[0], stack()[0]
    model.save(tmp_path / "m.zip")
    other.load_weights(tmp_path / "m.zip")
    assert all(map(np.array_equal, other.get_weights(), model.get_weights()))
    with np.load(tmp_path / "m.zip", allow_pickle=False) as found:  # NumPy reads the arrays, too
        np.testing.assert_array_equal(found["weights/000/dense_1/kernel"], model.get_weights()[0])


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.zip"
    model, *_ = stack()
    model.save(path)
    before = path.read_bytes()

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    for module, name in ((np.lib.format, "write_array"), (os, "fsync"), (os, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, stop)
            with pytest.raises(KeyboardInterrupt):
                model.save(path)
        assert os.listdir(tmp_path) == ["m.zip"] and path.read_bytes() == before


def test_architectures_are_made_again_without_weights():
    model = own_model()
    text = json.dumps(model.get_config())
    other = Mine.from_config(json.loads(text), custom_objects=OWN)
    assert [w.shape for w in other.weights] == [w.shape for w in model.weights]
    assert json.dumps(other.get_config()) == text
    assert other.get_weights()[0].any()  # first weights, not zeros


def test_weights_in_safetensors(tmp_path):
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    from safetensors.numpy import load_file

    path = tmp_path / "w.safetensors"
    model, other = stack()[0], stack()[0]
    model.save_weights(path)
    assert load_file(path)["000/dense_1/kernel"].shape == (5, 16) and os.listdir(tmp_path) == ["w.safetensors"]
    other.load_weights(path)
    assert all(map(np.array_equal, other.get_weights(), model.get_weights()))
    with pytest.raises(ValueError, match=r"w.safetensors holds 10 weights, the model has 2"):
        Sequential([Dense(1, input_dim=2)]).load_weights(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"w.safetensors is no .safetensors file of weights"):
        other.load_weights(path)
    with pytest.raises(FileNotFoundError):
        other.load_weights(tmp_path / "nowhere.safetensors")


def test_without_safetensors_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"save_weights: .* pip install 'array-api-backend\[safetensors\]'$"):
        stack()[0].save_weights(tmp_path / "w.safetensors")
    assert os.listdir(tmp_path) == []
