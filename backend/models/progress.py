"""Reports about a training: the base of callbacks, the history, and progress with the time left."""

from __future__ import annotations

import sys
import time
from typing import Any

from backend.graph.display import as_line, html_table, plain

from .plotting import plotted

__all__ = ["Callback", "History", "Logs", "ProgressBar"]

Logs = dict[str, float]
SHOWN = 10  # epochs at the beginning, and at the end, in the table of a history


class Callback:
    """Methods that `fit` calls as it goes; a subclass defines those it needs. `model` is the model trained.

    `logs` holds the means so far, of the epoch and at its end of the validation too; callbacks that come later see
    what is added to it. `model.stop_training = True` ends the training after the epoch. `params` has what `fit` was
    told. The methods with "test" and "predict" in their names are called by `evaluate`, also for the validation, and by
    `predict`.

    References
    ----------
    Keras 2.3.1, ``keras.callbacks.Callback``.

    Examples
    --------
    >>> class Count(K.models.Callback):
    ...     batches = 0
    ...     def on_batch_end(self, batch, logs=None):
    ...         self.batches += 1
    >>> model, count = K.models.Sequential([K.models.Dense(1)]), Count()
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), batch_size=4, verbose=0, callbacks=[count])
    >>> count.batches
    2
    """

    model: Any = None
    params: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed

    def set_model(self, model: Any) -> None:
        """Called first: the model to be trained, tested or asked for predictions."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called next: batch_size, epochs, steps, samples, verbose, do_validation and metrics."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step of the training, counted from 0 in each epoch."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step of the training."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_batch_begin`, which it calls."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_batch_end`, which it calls."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before an evaluation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before the predictions."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after the predictions."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of predictions."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of predictions."""


class History(Callback):
    """The result of `fit`: `history` has a list for each loss and metric, a value per epoch; `epoch` their numbers.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=3, verbose=0)
    >>> history.epoch, list(history.history), len(history.history["loss"])
    ([0, 1, 2], ['loss'], 3)
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def plot(self, metrics: Any = None, path: Any = None) -> Any:
        """Draw each loss and metric over the epochs, training and validation together.

        Parameters
        ----------
        metrics : str or list of str, optional
            Those to draw; all by default, each in a panel of its own.
        path : str or path, optional
            A file to save the figure in, in the format that its ending names.

        Returns
        -------
        list of matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without matplotlib: the line says what to install.
        ValueError
            For a metric that the history does not have.

        Examples
        --------
        >>> history = K.models.History()
        >>> history.on_epoch_end(0, {"loss": 2.0, "val_loss": 2.5})
        >>> history.on_epoch_end(1, {"loss": 1.0, "val_loss": 1.5})
        >>> (axes,) = history.plot()
        >>> [line.get_label() for line in axes.get_lines()]
        ['training', 'validation']
        """
        return plotted(self.epoch, self.history, metrics, path)

    __repr__ = as_line

    def _display(self) -> tuple[str, dict[str, str]]:
        news = {plain(name): f"{values[0]:.4g} to {values[-1]:.4g}" for name, values in self.history.items() if values}
        return "History", {"epochs": str(len(self.epoch)), **news}

    def _repr_html_(self) -> str:
        """A row for each epoch, for notebooks; of many epochs, the first and the last."""
        count = len(self.epoch)
        kept = [*range(count)] if count <= 2 * SHOWN else [*range(SHOWN), *range(count - SHOWN, count)]
        rows = [
            (
                str(self.epoch[i] + 1),
                *(f"{values[i]:.4g}" if i < len(values) else "" for values in self.history.values()),
            )
            for i in kept
        ]
        if len(kept) < count:
            rows.insert(SHOWN, ("...",) * (len(self.history) + 1))
        return html_table("History", rows, ("epoch", *map(plain, self.history)))


class ProgressBar:
    """A bar with the time left, by tqdm, on a terminal; one line when all is done anywhere else, and without tqdm.

    `verbose` is 0 for silence, 1 for the bar, 2 for the line alone.
    """

    def __init__(self, total: int, verbose: int, title: str = "") -> None:
        self.total, self.verbose = total, verbose
        self.started = time.perf_counter()
        self.bar = _tqdm(total, title) if verbose == 1 and sys.stdout.isatty() else None
        if title and verbose and self.bar is None:
            print(title, flush=True)

    def update(self, done: int, logs: Logs) -> None:
        """Record that this many samples are done."""
        if self.bar is not None:
            self.bar.set_postfix(_shown(logs), refresh=False)
            self.bar.update(done - self.bar.n)

    def close(self, logs: Logs) -> None:
        """Record that all samples are done."""
        if self.bar is not None:
            self.bar.update(self.total - self.bar.n)
            self.bar.set_postfix(_shown(logs))
            self.bar.close()
        elif self.verbose:
            spent = f"{time.perf_counter() - self.started:.1f} s"
            values = (f"{name}: {value}" for name, value in _shown(logs).items())
            print(" - ".join([f"{self.total}/{self.total}", spent, *values]), flush=True)


def _tqdm(total: int, title: str) -> Any:
    """tqdm's bar, or None where it is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=total, desc=title or None, unit=" samples", file=sys.stdout, dynamic_ncols=True)


def _shown(logs: Logs) -> dict[str, str]:
    """The values with four decimals, small ones with as many significant digits."""
    return {
        name: f"{value:.4f}" if abs(value) >= 1e-3 or value == 0 else f"{value:.3e}" for name, value in logs.items()
    }
