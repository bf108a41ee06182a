"""What a model shows: its summary, and progress while it learns."""

import re
import sys

import numpy as np

from backend.models import Add, BatchNormalization, Conv2D, Dense, Flatten, Input, Model, Sequential


def floats(*shape):
    return np.random.normal(size=shape).astype("float32")


def test_summary():
    model = Sequential([Conv2D(4, 3, input_shape=(8, 8, 1)), BatchNormalization(), Flatten(), Dense(10)])
    lines = []
    model.summary(lines.append)
    rows = [line.split() for line in "\n".join(lines).splitlines() if not line.startswith("-")]
    assert rows[0] == ["Model", "sequential_1"]
    assert rows[2] == ["conv2d_1", "(Conv2D)", "(None,", "6,", "6,", "4)", "40"]
    assert rows[3][-1] == "16" and rows[4][-1] == "0" and rows[5] == ["dense_1", "(Dense)", "(None,", "10)", "1,450"]
    assert lines[-1].splitlines()[-1] == "1,506 params: 1,498 trainable, 8 not"
    assert model.count_params() == 1506
    x, z = Input((2,), name="x"), Input((5,), name="z")
    Model([x, z], Add(name="sum")([Dense(3, name="left")(x), Dense(3, name="right")(z)])).summary(lines.append)
    assert re.search(r"^sum \(Add\) +\(None, 3\) +0  left, right$", lines[-1], re.M)


def test_progress(capsys, monkeypatch):
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = floats(40, 2), floats(40)
    model.fit(x, y, epochs=2)
    text = capsys.readouterr().out
    assert "\r" not in text and text.count("\n") == 4
    assert re.match(r"Epoch 1/2\n40/40 - \d+\.\d s - loss: \d\.\d{4} - mae: \d\.\d{4}\nEpoch 2/2\n", text)
    model.fit(x, y, verbose=2)
    assert re.fullmatch(r"Epoch 1/1\n40/40 - .* s - loss: .*\n", capsys.readouterr().out)
    model.fit(x, y, verbose=0)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    model.evaluate(x, y)
    live = capsys.readouterr().out  # drawn by tqdm
    assert re.search(r"100%.*40/40 \[00:00<00:00, .* samples/s, loss=\d\.\d{4}, mae=\d\.\d{4}\]", live)
    assert live.endswith("\n") and live.count("\n") == 1
    monkeypatch.setitem(sys.modules, "tqdm", None)
    model.evaluate(x, y)
    assert re.fullmatch(r"40/40 - .* s - loss: .*\n", capsys.readouterr().out)
