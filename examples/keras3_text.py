"""Train a transformer block of Keras 3 to tell two kinds of sentences apart: `python keras3_text.py --epochs 8`."""

import argparse

import numpy as np

import backend.compat.keras3  # noqa: F401 - it selects K, before Keras is imported
from backend.arrays.extras import required

with required("keras3_text.py", "keras3", program=__name__ == "__main__"):
    import keras
    from keras import layers, ops

WORDS = "the a small old red cat dog bird sees likes chases finds and then but it she he".split()
LENGTH, WIDTH = 12, 32


def sentences(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Word numbers, 0 after the end; the label is whether 'cat' comes before the first 'dog', with both in it."""
    words = rng.integers(1, len(WORDS) + 1, (count, LENGTH))
    cat, dog = WORDS.index("cat") + 1, WORDS.index("dog") + 1
    words[(words == cat) | (words == dog)] = 1
    places = np.argsort(rng.random((count, LENGTH - 4)), axis=1)[:, :2]  # two different ones, before any end
    rows = np.arange(count)
    words[rows, places[:, 0]], words[rows, places[:, 1]] = cat, dog
    ends = rng.integers(LENGTH - 4, LENGTH + 1, count)
    words[np.arange(LENGTH) >= ends[:, None]] = 0
    return words, (places[:, 0] < places[:, 1]).astype("float32")


@keras.saving.register_keras_serializable("examples")
class Positions(layers.Layer):
    """Adds a vector for each position, which is trained."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.table = self.add_weight(shape=shape[1:], initializer="uniform", name="table")

    def call(self, x):
        return x + self.table


def net() -> keras.Model:
    """Embedding, one block of attention and a dense net with residuals, and the mean over the words present."""
    words = keras.Input((LENGTH,), dtype="int32")
    present = ops.not_equal(words, 0)
    x = Positions()(layers.Embedding(len(WORDS) + 1, WIDTH)(words))
    attended = layers.MultiHeadAttention(4, WIDTH // 4, dropout=0.1)(
        x, x, attention_mask=ops.expand_dims(present, axis=1)
    )
    x = layers.LayerNormalization()(x + attended)
    x = layers.LayerNormalization()(x + layers.Dense(WIDTH)(layers.Dense(2 * WIDTH, activation="gelu")(x)))
    weights = ops.cast(ops.expand_dims(present, axis=-1), x.dtype)
    mean = ops.sum(x * weights, axis=1) / ops.sum(weights, axis=1)
    return keras.Model(words, layers.Dense(1, activation="sigmoid")(mean))


def main() -> dict[str, list[float]]:
    """Train and evaluate."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    x, y = sentences(1024, rng)
    keras.utils.set_random_seed(1)
    model = net()
    model.compile(keras.optimizers.Adam(4e-3, clipnorm=1.0), "binary_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    history = model.fit(x, y, batch_size=64, epochs=arguments.epochs, validation_split=0.2, callbacks=[stop], verbose=2)
    loss, accuracy = model.evaluate(*sentences(512, rng), verbose=0)
    print(f"{keras.config.backend()}: {accuracy:.1%} of new sentences, loss {loss:.3f}")
    return history.history


if __name__ == "__main__":
    main()
