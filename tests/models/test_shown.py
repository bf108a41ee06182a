"""What layers, models and histories show of themselves."""

import numpy as np

import backend as K


def test_layers_before_and_after_their_first_call():
    layer = K.models.Dense(4, name="d")
    assert repr(layer) == "<Dense d>"
    layer(K.models.Input((3,)))
    assert repr(layer) == "<Dense d: input (None, 3), output (None, 4), weights 16>"
    layer.trainable = False
    layer(K.models.Input((3,)))
    assert repr(layer).endswith("weights 16, calls 2, trainable no>")


def test_models_before_and_after_their_shape_is_known():
    model = K.models.Sequential([K.models.Dense(4), K.models.Dense(2)], name="m")
    assert repr(model) == "<Sequential m: layers 2>"
    assert "not called yet" in model._repr_html_()
    model.build((None, 3))
    model.compile("adam", "mse")
    assert repr(model) == "<Sequential m: layers 2, input (None, 3), output (None, 2), weights 26, optimizer Adam>"
    assert model._repr_html_().count("<tr>") == 1 + 2
    assert repr(K.models.Sequential(name="empty")) == "<Sequential empty: layers 0>"


def test_a_history_shows_the_first_and_the_last_of_many_epochs():
    history = K.models.History()
    assert repr(history) == "<History: epochs 0>"
    for epoch in range(1000):
        history.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)} | ({"late": 2.0} if epoch > 500 else {}))
    assert repr(history) == "<History: epochs 1000, loss 1 to 0.001, late 2 to 2>"
    shown = history._repr_html_()
    assert shown.count("<tr>") == 1 + 10 + 1 + 10 and ">1000<" in shown and ">500<" not in shown


def test_what_fit_returns_is_shown():
    model = K.models.Sequential([K.models.Dense(1, kernel_initializer="zeros", input_shape=(2,))])
    model.compile("sgd", "mse")
    history = model.fit(np.zeros((4, 2)), np.zeros((4, 1)), epochs=2, verbose=0)
    assert repr(history) == "<History: epochs 2, loss 0 to 0>"
