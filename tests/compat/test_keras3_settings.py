"""Settings of training under Keras 3, one at a time: from one seed the same losses on NumPy and torch, to rounding."""

import numpy as np
import pytest
from test_keras3 import NETS, home, needs_torch, pytestmark, ran

__all__ = ["home", "pytestmark"]

PROGRAM = """
from keras import ops, optimizers
class Penalized(layers.Layer):
    def call(self, x):
        self.add_loss(1e-2 * ops.mean(x * x))
        return x
class Custom(keras.Model):
    def train_step(self, data):
        import backend as K
        x, y = data
        value = ops.mean(keras.losses.sparse_categorical_crossentropy(y, self(x, training=True), from_logits=True))
        weights = self.trainable_weights
        self.optimizer.apply(K.gradients(value, [w.value for w in weights]), weights)
        self._loss_tracker.update_state(value)
        return {"loss": self._loss_tracker.result()}
def stack(*inner, **shape):
    return keras.Sequential([keras.Input(**shape or {"shape": (8, 8)}), *inner, layers.Dense(4)])
def dense(**options):
    return stack(layers.Flatten(), layers.Dense(12, activation="tanh", **options))
def mixed(policy):
    keras.config.set_dtype_policy(policy)
    try:
        return dense()
    finally:
        keras.config.set_dtype_policy("float32")
def custom():
    inputs = keras.Input((8, 8))
    return Custom(inputs, dense()(inputs))
sizes = rng.uniform(0.1, 2.0, 96)
masked = x * (np.arange(8)[None, :, None] < rng.integers(1, 9, 96)[:, None, None])
words = rng.integers(0, 5, (96, 8)) * (np.arange(8) < rng.integers(1, 9, 96)[:, None])
by_step = {"y": np.repeat(y[:, None], 8, 1)}
adam, rate = optimizers.Adam, optimizers.schedules
SETTINGS = {
    "plain": {},
    "class weights": {"fit": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.25, 3: 0.0}}},
    "sample weights": {"fit": {"sample_weight": sizes}, "compile": {"weighted_metrics": ["accuracy"]}},
    "masked steps": {"model": lambda: stack(layers.Masking(), layers.LSTM(5)), "x": masked},
    "masked words": {
        "model": lambda: stack(layers.Embedding(5, 3, mask_zero=True), layers.GRU(4), shape=(8,)), "x": words,
    },
    "masked losses": {
        "model": lambda: stack(layers.Masking(), layers.LSTM(5, return_sequences=True)), "x": masked, **by_step,
    },
    "validation": {"fit": {"validation_split": 0.25}, "compile": {"metrics": ["accuracy"]}},
    "accumulated gradients": {"optimizer": lambda: adam(1e-2, gradient_accumulation_steps=2)},
    "averaged weights": {"optimizer": lambda: adam(1e-2, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)},
    "norms clipped": {"optimizer": lambda: optimizers.SGD(0.1, clipnorm=0.05)},
    "global norm clipped": {"optimizer": lambda: optimizers.SGD(0.1, global_clipnorm=0.05)},
    "values clipped": {"optimizer": lambda: optimizers.RMSprop(1e-2, clipvalue=0.01)},
    "cosine schedule": {"optimizer": lambda: optimizers.SGD(rate.CosineDecay(0.1, 6, warmup_steps=2), 0.9)},
    "stepwise schedule": {"optimizer": lambda: adam(rate.PiecewiseConstantDecay([2, 4], [1e-2, 1e-3, 1e-1]))},
    "weight decay": {"optimizer": lambda: optimizers.AdamW(1e-2, weight_decay=0.1)},
    "mixed float16": {"model": lambda: mixed("mixed_float16")},
    "mixed bfloat16": {"model": lambda: mixed("mixed_bfloat16")},
    "loss scaling": {"optimizer": lambda: optimizers.LossScaleOptimizer(adam(1e-2), initial_scale=2.0**20)},
    "stateful": {
        "model": lambda: stack(layers.LSTM(4, stateful=True), batch_shape=(32, 8, 8)), "fit": {"shuffle": False},
    },
    "dropout": {"model": lambda: stack(layers.Dropout(0.3), layers.LSTM(5, recurrent_dropout=0.2, dropout=0.2))},
    "added loss": {"model": lambda: stack(layers.Flatten(), layers.Dense(6), Penalized())},
    "regularizers": {
        "model": lambda: dense(kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2"),
    },
    "constraint": {"model": lambda: dense(kernel_constraint=keras.constraints.MaxNorm(0.3))},
    "own step": {"model": custom},
    "several steps a call": {"compile": {"steps_per_execution": 3}},
}
found = {}
for name, setting in SETTINGS.items():
    keras.utils.set_random_seed(1)
    model = setting.get("model", dense)()
    model.compile(setting.get("optimizer", lambda: adam(1e-2))(), loss, **setting.get("compile", {}))
    fed = setting.get("x", x), setting.get("y", y)
    found[name] = model.fit(*fed, batch_size=32, epochs=2, verbose=0, **setting.get("fit", {})).history
halves = [ops.convert_to_tensor(a, "bfloat16") for a in (x, rng.normal(size=(96, 4)))]  # NumPy reads none of torch's
def batches():
    yield tuple(halves)
class Dataset(keras.utils.PyDataset):
    def __len__(self):
        return 1
    def __getitem__(self, index):
        return tuple(halves)
fed = {"bfloat16 arrays": halves, "bfloat16 batches": [batches()], "bfloat16 dataset": [Dataset()]}
if os.environ["K_BACKEND"] == "torch":
    from torch.utils.data import DataLoader, TensorDataset
    fed["bfloat16 loader"] = [DataLoader(TensorDataset(*halves), batch_size=96)]
for name, data in fed.items():
    keras.utils.set_random_seed(1)
    model = mixed("mixed_bfloat16")
    model.compile("sgd", "mse")
    found[name] = model.fit(*data, batch_size=96, shuffle=False, verbose=0).history
print(json.dumps(found))
"""
# Products in half precision are rounded after sums that the libraries order each in its way.
ROUNDING = {"bfloat16": 2e-2, " float16": 2e-3, "": 2e-5}


@pytest.fixture(scope="module")
def histories(home):
    return [ran(["-c", NETS + PROGRAM], home, library) for library in ("numpy", "torch")]


@needs_torch
def test_losses_are_the_same_on_numpy_and_torch_with_each_setting(histories):
    on_numpy, on_torch = histories
    for name, history in on_numpy.items():
        for key, curve in history.items():
            rounding = next(r for part, r in ROUNDING.items() if part in name)
            np.testing.assert_allclose(on_torch[name][key], curve, rtol=rounding, err_msg=f"{name}: {key}")


@needs_torch
def test_half_precision_is_read_from_every_source(histories):
    for found, sources in zip(histories, (["batches", "dataset"], ["batches", "dataset", "loader"]), strict=True):
        expected = found["bfloat16 arrays"]
        assert [name for name in sources if found[f"bfloat16 {name}"] != expected] == []


@needs_torch
def test_each_setting_has_an_effect(histories):
    """A setting that is not heard would pass the comparison."""
    curves = {name: history["loss"] for name, history in histories[0].items()}
    plain = curves.pop("plain")
    curves = {name: curve for name, curve in curves.items() if not name.startswith("bfloat16")}  # on other data
    assert np.isfinite(list(curves.values())).all()
    same = {name for name, curve in curves.items() if np.allclose(curve, plain, rtol=1e-6)}
    assert same == {"own step", "loss scaling", "several steps a call"}
