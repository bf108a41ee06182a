"""Callbacks: what they hear and in which order, what they stop, save and set; and the curves of a history."""

import os
import sys

import numpy as np
import pytest

import backend as K
from backend.models import (
    Callback,
    Dense,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    Sequential,
    load_model,
)

X, Y = np.linspace(-1.0, 1.0, 24).reshape(12, 2), np.linspace(0.0, 1.0, 12)


def model(rate=0.1):
    made = Sequential([Dense(1, input_dim=2)])
    made.compile(K.optimizers.SGD(rate), "mse")
    return made


class Witness(Callback):
    """Writes down what is called."""

    def __init__(self):
        self.heard = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            object.__getattribute__(self, "heard").append(name)
        return object.__getattribute__(self, name)


def test_the_order_of_the_calls():
    witness, made = Witness(), model()
    made.fit(X, Y, batch_size=8, verbose=0, callbacks=[witness], validation_split=0.5, epochs=1)
    step = ["on_train_batch_begin", "on_batch_begin", "on_train_batch_end", "on_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    around = ["on_train_begin", "on_epoch_begin"], ["on_epoch_end", "on_train_end"]
    assert witness.heard == [*around[0], *step, *test, *around[1]]
    assert witness.model is made
    expected = {"batch_size": 8, "epochs": 1, "samples": 6, "verbose": 0, "do_validation": True}
    assert witness.params == {**expected, "steps": None, "metrics": ["loss", "val_loss"]}
    witness.heard.clear()
    made.evaluate(X, Y, verbose=0, callbacks=[witness])
    made.predict(X, callbacks=[witness])
    predict = ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]
    assert witness.heard == [*test, *predict]


def test_early_stopping_gives_the_best_weights_back(capsys):
    made = model(rate=3.0)  # diverges: the first epoch is the best one
    first = []

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs=None):
            first.append(self.model.get_weights())

    stop = EarlyStopping("loss", patience=3, restore_best_weights=True, verbose=1)
    history = made.fit(X, Y, epochs=50, verbose=0, callbacks=[Keep(), stop])
    best = int(np.argmin(history.history["loss"]))
    assert len(history.epoch) == best + 4 < 50 and stop.stopped_epoch == best + 3
    assert all(map(np.array_equal, made.get_weights(), first[best]))
    assert capsys.readouterr().out == f"Epoch {best + 4}: early stopping\n"
    again = made.fit(X, Y, epochs=2, verbose=0, callbacks=[stop])  # begins anew
    assert again.epoch == [0, 1]


@pytest.mark.parametrize(
    "callback",
    [EarlyStopping(), ReduceLROnPlateau(), ModelCheckpoint("never.zip", save_best_only=True)],
    ids=lambda c: type(c).__name__,
)
def test_what_is_not_there_to_watch_is_named(callback, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(RuntimeWarning, match=r"there is no 'val_loss' to watch; available are loss; give fit valid"):
        assert model().fit(X, Y, epochs=2, verbose=0, callbacks=[callback]).epoch == [0, 1]
    assert os.listdir(tmp_path) == []


def test_checkpoints(tmp_path, capsys):
    made = model()
    every = ModelCheckpoint(tmp_path / "e{epoch:02d}-{loss:.3f}.zip", period=2, verbose=1)
    best = ModelCheckpoint(str(tmp_path / "best.npz"), "loss", save_best_only=True, save_weights_only=True)
    history = made.fit(X, Y, epochs=4, verbose=0, callbacks=[every, best])
    losses = history.history["loss"]
    names = [f"e{epoch:02d}-{losses[epoch - 1]:.3f}.zip" for epoch in (2, 4)]
    assert sorted(os.listdir(tmp_path)) == ["best.npz", *names]
    assert capsys.readouterr().out.count("saved") == 2
    other = load_model(tmp_path / names[0])
    resumed = other.fit(X, Y, epochs=4, initial_epoch=2, verbose=0).history["loss"]
    assert resumed == losses[2:]  # training that stopped at a checkpoint goes on as it did
    other.load_weights(tmp_path / "best.npz")
    assert all(map(np.array_equal, other.get_weights(), made.get_weights()))  # the last epoch was the best
    with pytest.raises(ValueError, match=r"ModelCheckpoint: filepath has 'val_acc', the logs have loss"):
        made.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint("{val_acc}.zip")])


def test_schedules(capsys):
    made = model()
    one = LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1), verbose=1)
    assert made.fit(X, Y, epochs=2, verbose=0, callbacks=[one]).history["lr"] == [0.5, 0.25]
    assert "Epoch 2: learning rate 0.25" in capsys.readouterr().out
    two = LearningRateScheduler(lambda epoch, rate: rate / 2)
    assert made.fit(X, Y, epochs=2, verbose=0, callbacks=[two]).history["lr"] == [0.125, 0.0625]
    with pytest.raises(ValueError, match="schedule returned None for epoch 0, expected a number"):
        made.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: None)])

    def wrong(epoch, rate):
        raise TypeError("of the user's own")

    with pytest.raises(TypeError, match="of the user's own"):
        made.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(wrong)])


def test_plateau_prints_and_rate_is_logged(capsys):
    made = model(rate=0.0)
    made.optimizer.lr = 0.5
    made.layers[0].trainable = False
    made = Sequential([Dense(1, input_dim=2, kernel_initializer="zeros")])
    made.compile(K.optimizers.SGD(0.5), "mse")
    history = made.fit(
        X, np.zeros(12), epochs=3, verbose=0, callbacks=[ReduceLROnPlateau("loss", 0.5, patience=1, verbose=1)]
    )
    assert history.history["lr"] == [0.5, 0.5, 0.25]
    assert (
        capsys.readouterr().out == "Epoch 2: learning rate reduced to 0.25\nEpoch 3: learning rate reduced to 0.125\n"
    )


@pytest.mark.parametrize(
    ("message", "attempt"),
    [
        ("EarlyStopping: mode is 'least', expected auto, min, max", lambda: EarlyStopping(mode="least")),
        ("ReduceLROnPlateau: factor is 1.5, expected less than 1", lambda: ReduceLROnPlateau(factor=1.5)),
    ],
)
def test_wrong_arguments(message, attempt):
    with pytest.raises(ValueError, match=message):
        attempt()


def history():
    found = History()
    for epoch in range(3):
        found.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1), "acc": 0.5, "val_loss": 2.0})
    return found


def test_plot(tmp_path):
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    axes = history().plot(path=tmp_path / "curves.png")
    assert [a.get_ylabel() for a in axes] == ["loss", "acc"]
    np.testing.assert_allclose(axes[0].get_lines()[0].get_xydata(), [[1, 1.0], [2, 0.5], [3, 1 / 3]])
    assert len(axes[0].get_lines()) == 2 and len(axes[1].get_lines()) == 1
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert [a.get_ylabel() for a in history().plot("acc")] == ["acc"]
    with pytest.raises(ValueError, match="plot: the history has no 'mae'; there is loss, acc"):
        history().plot(["mae"])
    pyplot.close("all")


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"^plot needs .*matplotlib.* pip install 'array-api-backend\[models\]'$"):
        history().plot()
