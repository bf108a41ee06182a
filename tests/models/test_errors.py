"""Models say what is wrong with what they are given, and with files that do not fit."""

import numpy as np
import pytest

from backend.models import Add, Conv2D, Dense, Input, Model, Sequential


def floats(*shape):
    return np.random.normal(size=shape).astype("float32")


def small():
    return Sequential([Dense(3, activation="softmax", input_dim=2, name="top")])


@pytest.mark.parametrize(
    ("error", "message", "attempt"),
    [
        (
            ValueError,
            "compile: no loss is called 'msee'; there is .*categorical_crossentropy.*mse",
            lambda m: m.compile("sgd", "msee"),
        ),
        (ValueError, "compile: no optimizer is called 'sdg'; there is adadelta,", lambda m: m.compile("sdg", "mse")),
        (
            ValueError,
            "compile: no metric is called 'right'; there is acc,",
            lambda m: m.compile("sgd", "mse", ["right"]),
        ),
        (ValueError, "compile: loss is None", lambda m: m.compile("sgd")),
        (ValueError, "no activation is called 'rely'; there is elu,", lambda m: Dense(2, activation="rely")),
        (
            ValueError,
            "no initializer is called 'xavier'; there is constant,",
            lambda m: Sequential([Dense(2, kernel_initializer="xavier", input_dim=2)]),
        ),
        (RuntimeError, "fit: sequential_1 is not compiled", lambda m: m.fit(floats(4, 2), floats(4, 3))),
        (RuntimeError, "evaluate: sequential_1 is not compiled", lambda m: m.evaluate(floats(4, 2), floats(4, 3))),
        (
            RuntimeError,
            "summary: the shape of the input of sequential_2 is not known",
            lambda m: Sequential([Dense(2)]).summary(),
        ),
        (
            ValueError,
            r"predict: input 'input_1' has shape \(4, 5\), expected \(None, 2\)",
            lambda m: m.predict(floats(4, 5)),
        ),
        (
            ValueError,
            r"predict: got ndarray for 2 inputs \(input_1, input_2\)",
            lambda m: Model([m.input, x := Input((2,))], Add()([m.input, x])).predict(floats(4, 2)),
        ),
        (
            ValueError,
            "predict: no array for input 'input_2'; got input_1",
            lambda m: Model([m.input, x := Input((2,))], Add()([m.input, x])).predict({"input_1": floats(4, 2)}),
        ),
        (ValueError, "dense: the input has shape .* expected at least 2", lambda m: Dense(2, name="dense")(Input(()))),
        (
            ValueError,
            "conv: the input has shape .* expected 4 dimensions",
            lambda m: Conv2D(2, 3, name="conv")(Input((4, 4))),
        ),
        (TypeError, "top: got ndarray, expected a symbolic tensor", lambda m: m.layers[0](floats(4, 2))),
        (TypeError, "sequential_1: add got str", lambda m: m.add("relu")),
        (
            ValueError,
            "model_1: several layers are called 'top'",
            lambda m: Model(m.input, Dense(2, name="top")(m.output)),
        ),
        (ValueError, "model_1: .* comes from no layer", lambda m: Model(m.input, Dense(2)(m.output + 1))),
        (ValueError, "model_1: the outputs depend on input input_1", lambda m: Model(Input((2,)), m.output)),
        (ValueError, "set_weights: got 1 arrays, sequential_1 has 2 weights", lambda m: m.set_weights([floats(2, 3)])),
        (ValueError, "get_layer: sequential_1 has no layer 'bottom'; there is top", lambda m: m.get_layer("bottom")),
    ],
)
def test_errors(error, message, attempt):
    with pytest.raises(error, match=message):
        attempt(small())


@pytest.mark.parametrize(
    ("message", "attempt"),
    [
        (r"fit: input 'input_1' has shape \(4, 5\), expected \(None, 2\)", lambda m: m.fit(floats(4, 5), floats(4, 3))),
        (
            r"fit: target 'top' has shape \(4,\), expected \(None, 3\); .*sparse_categorical_crossentropy",
            lambda m: m.fit(floats(4, 2), np.arange(4) % 3),
        ),
        ("evaluate: the arrays hold 4, 5 samples", lambda m: m.evaluate(floats(4, 2), floats(5, 3), verbose=0)),
        ("fit: target 'top' is None", lambda m: m.fit(floats(4, 2))),
        ("train_on_batch: there are no samples", lambda m: m.train_on_batch(floats(0, 2), floats(0, 3))),
        ("fit: validation_split 1.5 is no share", lambda m: m.fit(floats(4, 2), floats(4, 3), validation_split=1.5)),
        (
            "fit: validation_data has 4 entries",
            lambda m: m.fit(floats(4, 2), floats(4, 3), validation_data=(1, 2, 3, 4), verbose=0),
        ),
        ("batch_size is 0, expected at least 1", lambda m: m.fit(floats(4, 2), floats(4, 3), batch_size=0, verbose=0)),
    ],
)
def test_errors_of_a_compiled_model(message, attempt):
    model = small()
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ValueError, match=message):
        attempt(model)


def test_files_that_do_not_fit(tmp_path):
    path = tmp_path / "w.npz"
    model = small()
    model.save_weights(path)
    before = model.get_weights()
    with pytest.raises(FileExistsError, match=r"save_weights: .*w.npz exists already"):
        model.save_weights(path, overwrite=False)
    with pytest.raises(ValueError, match=r"holds 000/top/kernel of shape \(2, 3\), the model has 000/other/kernel"):
        Sequential([Dense(3, input_dim=2, name="other")]).load_weights(path)
    with pytest.raises(ValueError, match=r"of shape \(2, 3\), the model has 000/top/kernel of shape \(2, 4\) there"):
        Sequential([Dense(4, input_dim=2, name="top")]).load_weights(path)
    with pytest.raises(ValueError, match="holds 2 weights, the model has 4"):
        Sequential([Dense(3, input_dim=2), Dense(1)]).load_weights(path)
    path.write_text("no archive")
    with pytest.raises(ValueError, match=r"load_weights: .*w.npz is no .npz file of weights"):
        model.load_weights(path)
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "nowhere.npz")
    assert all(map(np.array_equal, before, model.get_weights()))
