"""Callbacks that stop a training, save the model, and set the learning rate."""

from __future__ import annotations

import inspect
import math
import os
import warnings
from collections.abc import Callable
from typing import Any

import backend as K

from .progress import Callback, Logs

__all__ = ["EarlyStopping", "LearningRateScheduler", "ModelCheckpoint", "ReduceLROnPlateau"]

MODES = ("auto", "min", "max")


class _Monitor(Callback):
    """What watches one of the logs, and knows which of two values is the better one."""

    def __init__(self, monitor: str, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"{type(self).__name__}: mode is {mode!r}, expected {', '.join(MODES)}")
        self.monitor, self.mode = monitor, mode
        self.largest = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure")))

    def better(self, value: float, best: float, by: float = 0.0) -> bool:
        """Whether a value is better than the best one so far by more than an amount; NaN never is."""
        return value - by > best if self.largest else value + by < best

    @property
    def worst(self) -> float:
        """What any value is better than."""
        return -math.inf if self.largest else math.inf

    def watched(self, logs: Logs | None) -> float | None:
        """The value watched; without it a warning, and None."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__}: there is no {self.monitor!r} to watch; available are "
                f"{', '.join(logs or {})}" + ("; give fit validation data" if self.monitor.startswith("val_") else ""),
                RuntimeWarning,
                stacklevel=4,
            )
        return value


class EarlyStopping(_Monitor):
    """Stops the training when a value has not become better for some epochs.

    Parameters
    ----------
    monitor : str
        The name among the logs.
    min_delta : float
        A change that is not larger does not count.
    patience : int
        The number of epochs without a better value after which the training stops.
    verbose : int
        Whether to print a line when it stops.
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto" takes more for accuracies.
    baseline : float, optional
        A value that has to be reached.
    restore_best_weights : bool
        Whether the model gets the weights of its best epoch back when the training is stopped.

    References
    ----------
    Keras 2.3.1, ``keras.callbacks.EarlyStopping``.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Dense(1)])
    >>> model.compile(K.optimizers.SGD(0.0), "mse")
    >>> stop = K.models.EarlyStopping(monitor="loss", patience=2)
    >>> model.fit(np.ones((8, 2)), np.zeros(8), epochs=100, verbose=0, callbacks=[stop]).epoch
    [0, 1, 2]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__(monitor, mode)
        self.min_delta, self.patience, self.verbose, self.baseline = abs(min_delta), patience, verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait = self.stopped_epoch = 0
        self.best = self.worst if self.baseline is None else self.baseline
        self.best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the value with the best one so far."""
        value = self.watched(logs)
        if value is None:
            return
        if self.better(value, self.best, self.min_delta):
            self.best, self.wait = value, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.best_weights is not None:
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say when the training was stopped."""
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")


class ModelCheckpoint(_Monitor):
    """Saves the model, or its weights alone, after epochs.

    Parameters
    ----------
    filepath : str or path
        The file; `{epoch}` in it, counted from 1, and names among the logs are replaced, as in
        ``"weights.{epoch:02d}-{val_loss:.2f}.npz"``.
    monitor : str
        The name among the logs that says which epoch is the best one.
    verbose : int
        Whether to print a line for each file.
    save_best_only : bool
        Whether to save only when the value is better than in every saved epoch before.
    save_weights_only : bool
        Whether to call `save_weights` in place of `save`.
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto" takes more for accuracies.
    period : int
        The number of epochs between two files.

    References
    ----------
    Keras 2.3.1, ``keras.callbacks.ModelCheckpoint``.

    Examples
    --------
    >>> import os, tempfile
    >>> model = K.models.Sequential([K.models.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = K.models.ModelCheckpoint(os.path.join(folder, "{epoch}.zip"))
    ...     history = model.fit(np.ones((8, 2)), np.zeros(8), epochs=2, verbose=0, callbacks=[save])
    ...     sorted(os.listdir(folder))
    ['1.zip', '2.zip']
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only, self.period = save_best_only, save_weights_only, period
        self.epochs_since_last_save = 0
        self.best = self.worst

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if it is time to."""
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        if self.save_best_only:
            value = self.watched(logs)
            if value is None or not self.better(value, self.best):
                return
            self.best = value
        try:
            path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath has {error.args[0]!r}, the logs have {', '.join(logs or {})}"
            ) from None
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")


class ReduceLROnPlateau(_Monitor):
    """Multiplies the learning rate by a factor when a value has not become better for some epochs.

    Parameters
    ----------
    monitor : str
        The name among the logs.
    factor : float
        Less than 1.
    patience : int
        The number of epochs without a better value after which the rate is reduced.
    verbose : int
        Whether to print a line for each reduction.
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto" takes more for accuracies.
    min_delta : float
        A change that is not larger does not count.
    cooldown : int
        The number of epochs after a reduction in which none is counted.
    min_lr : float
        The lowest rate.

    References
    ----------
    Keras 2.3.1, ``keras.callbacks.ReduceLROnPlateau``.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(K.optimizers.SGD(0.5), "mse")
    >>> reduce = K.models.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1)
    >>> history = model.fit(np.ones((8, 2)), np.zeros(8), epochs=3, verbose=0, callbacks=[reduce])
    >>> history.history["lr"], float(K.get_value(model.optimizer.lr))
    ([0.5, 0.5, 0.25], 0.125)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode)
        if not factor < 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor is {factor!r}, expected less than 1")
        self.factor, self.patience, self.verbose, self.min_delta = factor, patience, verbose, min_delta
        self.cooldown, self.min_lr = cooldown, min_lr
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.cooldown_counter = self.wait = 0
        self.best = self.worst

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the value with the best one so far, and add the rate to the logs as "lr"."""
        rate = float(K.get_value(self.model.optimizer.lr))
        value = self.watched(logs)
        if logs is not None:
            logs["lr"] = rate
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(value, self.best, self.min_delta):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.optimizer.lr = max(rate * self.factor, self.min_lr)
                self.cooldown_counter, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate reduced to {max(rate * self.factor, self.min_lr):g}")


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Parameters
    ----------
    schedule : callable
        schedule(epoch) or schedule(epoch, rate) -> rate, with the epoch counted from 0.
    verbose : int
        Whether to print a line for each epoch.

    References
    ----------
    Keras 2.3.1, ``keras.callbacks.LearningRateScheduler``.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> schedule = K.models.LearningRateScheduler(lambda epoch, rate: 0.5 if epoch == 0 else rate / 2)
    >>> model.fit(np.ones((8, 2)), np.zeros(8), epochs=3, verbose=0, callbacks=[schedule]).history["lr"]
    [0.5, 0.25, 0.125]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _positional(schedule) > 1

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        old = float(K.get_value(self.model.optimizer.lr))
        rate = self.schedule(epoch, old) if self._takes_rate else self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise ValueError(
                f"LearningRateScheduler: schedule returned {rate!r} for epoch {epoch}, expected a number"
            ) from None
        self.model.optimizer.lr = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the rate to the logs as "lr"."""
        if logs is not None:
            logs["lr"] = float(K.get_value(self.model.optimizer.lr))


def _positional(function: Callable[..., Any]) -> int:
    """How many arguments a function takes by position; one where that cannot be known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 2
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
