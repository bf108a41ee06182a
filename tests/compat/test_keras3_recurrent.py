"""Keras 3's LSTM and GRU through K.lstm and K.gru, against Keras's own loop over their cells."""

from test_keras3 import home, pytestmark, ran

__all__ = ["home", "pytestmark"]

PROGRAM = """
import json
import backend.compat.keras3
import keras, numpy as np
from keras import layers
from keras.src import backend
found = {}
calls = []
for name in ("lstm", "gru"):
    whole = getattr(backend, name)
    def counted(*args, _whole=whole, _name=name, **kwargs):
        out = _whole(*args, **kwargs)
        calls.append(_name)
        return out
    setattr(backend, name, counted)
x = np.random.default_rng(0).normal(size=(5, 7, 3)).astype("float32")
y = np.ones((5, 4), "float32")
def trained(layer, fused, **options):
    keras.utils.set_random_seed(1)
    kind = {"lstm": layers.LSTM, "gru": layers.GRU}[layer]
    calls.clear()
    masked = options.pop("masked", False)
    wrapped = options.pop("wrapped", False)
    net = kind(4, use_cudnn="auto" if fused else False, bias_initializer="glorot_uniform", **options)
    net = layers.Bidirectional(net, merge_mode="ave") if wrapped else net
    inner = [net] + [layers.GlobalAveragePooling1D()] * bool(options.get("return_sequences"))
    model = keras.Sequential([keras.Input((7, 3))] + [layers.Masking()] * masked + inner)
    model.compile("sgd", "mse")
    given = np.where(np.arange(7)[None, :, None] < 4, x, 0) if masked else x
    curve = model.fit(given, y, epochs=2, verbose=0).history["loss"]
    return curve, model.predict(given, verbose=0), bool(calls)
CASES = {
    "plain": {},
    "sequences": {"return_sequences": True},
    "backwards": {"go_backwards": True},
    "unrolled": {"unroll": True},
    "no bias": {"use_bias": False},
    "dropout": {"dropout": 0.5},
    "recurrent dropout": {"recurrent_dropout": 0.5},
    "masked": {"masked": True},
    "relu": {"activation": "relu"},
    "both ways": {"wrapped": True, "return_sequences": True},
}
for layer in ("lstm", "gru"):
    for name, options in CASES.items():
        for more in ({}, {"reset_after": False}) if layer == "gru" else ({},):
            a, b = trained(layer, True, **options, **more), trained(layer, False, **options, **more)
            np.testing.assert_allclose(a[0], b[0], rtol=1e-5, err_msg=f"{layer} {name}")
            np.testing.assert_allclose(a[1], b[1], rtol=1e-4, atol=1e-6, err_msg=f"{layer} {name}")
            assert not b[2]
            found[f"{layer} {name} {more}"] = a[2]
print(json.dumps(found))
"""
IN_ONE_CALL = ("plain", "sequences", "backwards", "no bias", "dropout")


def test_recurrent_layers_in_one_call_are_what_their_cells_are(home):
    for name, fused in ran(["-c", PROGRAM], home).items():
        kind = name.partition(" ")[2].partition(" {")[0]
        if kind != "both ways":  # Bidirectional calls functions of its own
            assert fused == (kind in IN_ONE_CALL), name
