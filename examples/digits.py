"""Train a small convolutional net on scikit-learn's handwritten digits, on any array library: `--backend torch`."""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("digits.py", "examples", program=__name__ == "__main__"):
    import matplotlib.figure
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from tqdm import tqdm

CHANNELS = (16, 32, 64)  # of three 3x3 convolutions; the last two are followed by pooling, 8x8 -> 4x4 -> 2x2
BATCH, RATE = 32, 4e-3


class Result(NamedTuple):
    """The results of a training: losses of batches (epochs, steps), losses and probabilities of test images."""

    backend: str
    losses: np.ndarray
    test_losses: list[float]
    probabilities: np.ndarray
    accuracy: float
    seconds: float


def load() -> list[np.ndarray]:
    """1437 images (8, 8, 1), their one-hot labels, 360 test images, their labels; the split is fixed."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
    x, x_test, y, y_test = train_test_split(images, labels, test_size=360, random_state=0, stratify=labels)
    one_hot = np.eye(10, dtype="float32")
    return [x, one_hot[y], x_test, one_hot[y_test]]


def net(seed: int) -> tuple[Any, Any, Any]:
    """The functions `train([x, y]) -> [loss, accuracy]`, `test([x, y]) -> [loss, probabilities]`, and the optimizer."""
    x, y = K.placeholder((None, 8, 8, 1), name="images"), K.placeholder((None, 10), name="labels")
    blocks, incoming = [], 1
    for i, outgoing in enumerate(CHANNELS):
        scale = (2 / (9 * incoming)) ** 0.5  # He et al., 2015: keeps the variance from layer to layer
        blocks.append(
            [
                K.random_normal_variable((3, 3, incoming, outgoing), 0.0, scale, seed=seed + i),
                K.ones((outgoing,)),
                K.zeros((outgoing,)),
                K.zeros((outgoing,)),
                K.ones((outgoing,)),
            ]
        )
        incoming = outgoing
    dense = K.random_normal_variable((4 * incoming, 10), 0.0, (1 / (4 * incoming)) ** 0.5, seed=seed + len(CHANNELS))
    bias, averages = K.zeros((10,)), []

    def probabilities(h: Any, training: bool) -> Any:
        for i, (kernel, gamma, beta, mean, var) in enumerate(blocks):
            h = K.conv2d(h, kernel, padding="same")
            if training:
                h, batch_mean, batch_var = K.normalize_batch_in_training(h, gamma, beta, [0, 1, 2])
                averages.extend(
                    [K.moving_average_update(mean, batch_mean, 0.9), K.moving_average_update(var, batch_var, 0.9)]
                )
            else:
                h = K.batch_normalization(h, mean, var, beta, gamma)
            h = K.relu(h)
            if i > 0:
                h = K.pool2d(h, (2, 2), strides=(2, 2))
        h = K.batch_flatten(h)
        if training:
            h = K.dropout(h, 0.4, seed=seed)
        return K.softmax(K.dot(h, dense) + bias)

    weights = [w for kernel, gamma, beta, _, _ in blocks for w in (kernel, gamma, beta)] + [dense, bias]
    p, p_test = probabilities(x, True), probabilities(x, False)
    loss, test_loss = (K.mean(K.categorical_crossentropy(y, out)) for out in (p, p_test))
    accuracy = K.mean(K.cast(K.equal(K.argmax(p), K.argmax(y)), K.floatx()))
    adam = K.optimizers.Adam(RATE)
    train = K.function([x, y], [loss, accuracy], adam.get_updates(loss, weights) + averages)
    return train, K.function([x, y], [test_loss, p_test]), adam


def run(backend: str, data: list[np.ndarray], epochs: int, seed: int) -> Result:
    """Train on one backend; the seed gives the same weights, batches and dropout on every backend."""
    started, order = time.perf_counter(), np.random.default_rng(seed)
    x, y, x_test, y_test = data
    steps = len(x) // BATCH
    losses, hits, test_losses = np.full((epochs, steps), np.nan), np.full((epochs, steps), np.nan), []
    with K.use_backend(backend), tqdm(total=epochs * steps, desc=backend, unit="batch") as bar:
        train, test, adam = net(seed)
        for epoch in range(epochs):
            K.set_value(adam.lr, RATE * (1 - epoch / epochs))
            batches = np.split(order.permutation(len(x))[: steps * BATCH], steps)
            for step, chosen in enumerate(batches):
                losses[epoch, step], hits[epoch, step] = train([x[chosen], y[chosen]])
                bar.set_postfix(
                    epoch=epoch + 1,
                    loss=f"{np.nanmean(losses[epoch]):.4f}",
                    accuracy=f"{np.nanmean(hits[epoch]):.1%}",
                    refresh=False,
                )
                bar.update()
            loss, probabilities = test([x_test, y_test])
            test_losses.append(float(loss))
    accuracy = float(np.mean(probabilities.argmax(-1) == y_test.argmax(-1)))
    return Result(backend, losses, test_losses, probabilities, accuracy, time.perf_counter() - started)


def distance(one: Result, other: Result) -> np.ndarray:
    """The distance of two loss curves: the largest difference between losses of the same batch, per epoch."""
    return np.max(np.abs(one.losses - other.losses), axis=1)


INK, SOFT, FAINT, GOOD, BAD, COLOURS = "#22303c", "#7d8a96", "#ccd4db", "#1b7f5c", "#c8402f", ("#2a6fb0", "#e9962b")


def picture(results: list[Result], data: list[np.ndarray], path: str) -> None:
    """Save the loss curves, some digits read correctly, and the hardest: mistakes, then those barely right."""
    fig = matplotlib.figure.Figure(figsize=(12, 6.6), dpi=120, facecolor="white")
    _, _, images, labels = data
    p, labels = results[0].probabilities, labels.argmax(-1)
    read, right = p.argmax(-1), p.argmax(-1) == labels
    text = "A small convolutional net, trained " + " and ".join(f"on {r.backend} in {r.seconds:.0f} s" for r in results)
    if len(results) > 1:
        text += f": loss curves at most {distance(*results).max():.3f} apart"
    rest = "and the others only just right" if np.sum(~right) < 5 else "of which the five furthest off"
    title = f"{np.mean(right):.1%} of {len(right)} unseen digits read correctly"
    fig.text(0.055, 0.925, title, color=INK, size=19, weight="bold")
    fig.text(0.055, 0.88, text, color=SOFT, size=11)
    fig.text(0.055, 0.8, "Loss", color=INK, size=12, weight="bold")
    fig.text(0.47, 0.8, "Read correctly", color=GOOD, size=12, weight="bold")
    fig.text(0.47, 0.42, f"{np.sum(~right)} mistaken", color=BAD, size=12, weight="bold")
    fig.text(0.985, 0.42, f"{rest}; bars: the probability of each digit", color=SOFT, size=9.5, ha="right")
    curves(fig.add_axes((0.055, 0.1, 0.36, 0.68)), results)
    usual = [np.lexsort((~right, labels != d))[k] for k in range(2) for d in range(10)]
    grid = fig.add_gridspec(2, 10, left=0.47, right=0.985, top=0.755, bottom=0.48, wspace=0.14, hspace=0.3)
    for place, i in zip(grid, usual, strict=True):
        digit(fig.add_subplot(place), images[i], f"{read[i]} · {p[i, read[i]]:.0%}", GOOD if right[i] else BAD, 8)
    for column, i in enumerate(np.lexsort((p[np.arange(len(p)), labels], right))[:5]):
        left, colour = 0.47 + column * 0.1062, GOOD if right[i] else BAD
        caption = f"{labels[i]}, only just" if right[i] else f"{labels[i]} read as {read[i]}"
        digit(fig.add_axes((left, 0.2, 0.09, 0.1636)), images[i], caption, colour, 9)
        bars(fig.add_axes((left, 0.1, 0.09, 0.085)), p[i], labels[i], read[i])
    fig.savefig(path)


def curves(axes: Any, results: list[Result]) -> None:
    """The loss of every batch, its mean over each epoch, and the loss of the test images."""
    for result, colour, width in zip(results, COLOURS, (3.0, 1.5), strict=False):
        epochs = len(result.test_losses)
        batches = np.linspace(0, epochs, result.losses.size)
        axes.plot(batches, result.losses.ravel(), color=colour, alpha=0.2, linewidth=0.7)
        axes.plot(
            np.arange(epochs) + 0.5,
            result.losses.mean(1),
            color=colour,
            linewidth=width,
            marker=".",
            label=f"{result.backend}, training",
        )
        axes.plot(
            np.arange(epochs) + 1,
            result.test_losses,
            color=colour,
            linewidth=width,
            linestyle=(0, (1.2, 1.2)),
            marker=".",
            label=f"{result.backend}, test",
        )
    axes.set(yscale="log", xlim=(0, epochs))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("epoch", color=SOFT)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(which="both", color=FAINT, labelcolor=SOFT)
    axes.legend(frameon=False, labelcolor=INK)


def digit(axes: Any, image: np.ndarray, caption: str, colour: str, size: float) -> None:
    """One image, ink on paper, under its caption."""
    axes.imshow(image[..., 0], cmap="Greys", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(FAINT)
    axes.set_title(caption, size=size, color=colour, pad=4)


def bars(axes: Any, probabilities: np.ndarray, label: int, read: int) -> None:
    """The probability of each digit, with the right one and the one read highlighted."""
    axes.bar(range(10), probabilities, color=[GOOD if d == label else BAD if d == read else FAINT for d in range(10)])
    axes.set(ylim=(0, 1), yticks=[], xticks=range(10))
    axes.tick_params(labelsize=7, labelcolor=SOFT, length=0, pad=1)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


def main() -> None:
    """Train, print the accuracy, save the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--backend", default="numpy", help="numpy, torch, torch:cuda:0, cupy, jax ...")
    parser.add_argument("--compare", nargs=2, metavar="BACKEND", help="train on both, print how far they differ")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, batches and dropout")
    parser.add_argument("--out", default="digits.png", help="file of the picture")
    parser.add_argument("--no-plot", action="store_true", help="do not draw the picture")
    chosen = parser.parse_args()
    data = load()
    results = [run(name, data, chosen.epochs, chosen.seed) for name in chosen.compare or [chosen.backend]]
    for r in results:
        print(f"{r.backend}: test accuracy {r.accuracy:.2%}, test loss {r.test_losses[-1]:.4f}, {r.seconds:.1f} s")
    if chosen.compare:
        apart = distance(*results)
        print(f"loss curves at most {apart[0]:.1e} apart in the first epoch, {apart.max():.1e} in all {chosen.epochs}")
    if not chosen.no_plot:
        picture(results, data, chosen.out)
        print(f"saved {chosen.out}")


if __name__ == "__main__":
    main()
