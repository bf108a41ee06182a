"""A text classifier with K.models, saved half-way, loaded and resumed: `python examples/text_classifier.py torch`.

It tells from about ten words which of scikit-learn's data sets a passage describes, and learns that from their
descriptions. Training resumed from a file gives exactly the losses of training that was never stopped.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import backend as K
from backend.arrays.extras import required
from backend.models import Dense, Dropout, Embedding, GlobalAveragePooling1D, Sequential, load_model

with required("text_classifier.py", "examples", program=__name__ == "__main__"):
    from sklearn import datasets

SETS = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
LENGTH, EPOCHS = 12, 30


def passages() -> tuple[list[list[str]], np.ndarray]:
    """Overlapping passages of 6 to 12 words of each description, and the number of the data set."""
    texts = [re.findall(r"[a-z]+", getattr(datasets, f"load_{name}")().DESCR.lower()) for name in SETS]
    rng = np.random.default_rng(0)
    starts = [(i, k) for i, words in enumerate(texts) for k in range(0, len(words) - LENGTH, 4)]
    return [texts[i][k : k + rng.integers(6, LENGTH + 1)] for i, k in starts], np.asarray([i for i, _ in starts])


def numbered(texts: list[list[str]], vocabulary: dict[str, int]) -> np.ndarray:
    """The words as integers, 1 for unknown ones, and 0 where a passage has ended."""
    found = np.zeros((len(texts), LENGTH), "int32")
    for row, words in zip(found, texts, strict=True):
        row[: len(words)] = [vocabulary.get(word, 1) for word in words]
    return found


def classifier(words: int) -> Any:
    """The mean of the words' vectors, and a decision; positions after the end are masked."""
    decision = Dense(len(SETS), activation="softmax")
    model = Sequential([Embedding(words, 32, mask_zero=True), GlobalAveragePooling1D(), Dropout(0.3), decision])
    model.compile(K.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(library: str = "numpy") -> tuple[list[float], list[float], float]:
    """Train twice, once with a stop: the losses without it, those with it, and the accuracy on unseen passages."""
    texts, labels = passages()
    held = np.arange(len(texts)) // 8 % 5 == 4  # blocks of eight: passages that overlap stay together
    counts = Counter(word for words, unseen in zip(texts, held, strict=True) if not unseen for word in words)
    vocabulary = {word: i + 2 for i, (word, _) in enumerate(counts.most_common(600))}
    x = numbered(texts, vocabulary)
    with K.use_backend(library), tempfile.TemporaryDirectory() as folder:
        fit = {"x": x[~held], "y": labels[~held], "verbose": 0}
        np.random.seed(0)  # of the weights and the order of the samples
        whole = classifier(len(vocabulary) + 2).fit(epochs=EPOCHS, **fit).history["loss"]

        np.random.seed(0)
        model = classifier(len(vocabulary) + 2)
        first = model.fit(epochs=EPOCHS // 2, **fit).history["loss"]
        model.save(Path(folder) / "classifier.zip")
        np.random.seed(7)  # whatever a new process does: the file has the state of the random numbers
        model = load_model(Path(folder) / "classifier.zip")
        second = model.fit(epochs=EPOCHS, initial_epoch=EPOCHS // 2, **fit).history["loss"]
        accuracy = model.evaluate(x[held], labels[held], verbose=0)[1]
    print(f"losses with and without a stop are equal: {first + second == whole}")
    print(f"{accuracy:.0%} of {held.sum()} unseen passages are recognized")
    return whole, first + second, accuracy


if __name__ == "__main__":
    main(*sys.argv[1:2])
