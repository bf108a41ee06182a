"""Reports about a training: callbacks, the history, and a progress bar of plain text."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from backend.graph.display import as_line, html_table, plain

__all__ = ["Callback", "History", "ProgressBar"]

Logs = Mapping[str, float]

SHOWN = 10  # epochs at the beginning, and at the end, in the table of a history
PAUSE = 0.1  # seconds between two drawings of the bar: faster than one can read only costs time


class Callback:
    """Methods that `fit` calls as it goes; a subclass defines those it needs. `model` is the model trained.

    `logs` holds the means so far, of the epoch and at its end of the validation too. `model.stop_training = True` ends
    the training after the epoch.
    """

    model: Any = None

    def on_train_begin(self, logs: Logs) -> None: ...

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None: ...

    def on_batch_begin(self, batch: int, logs: Logs) -> None: ...

    def on_batch_end(self, batch: int, logs: Logs) -> None: ...

    def on_epoch_end(self, epoch: int, logs: Logs) -> None: ...

    def on_train_end(self, logs: Logs) -> None: ...


class History(Callback):
    """The result of `fit`: `history` has a list for each loss and metric, a value per epoch; `epoch` their numbers."""

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

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
    """One line that fills up on a terminal, and is written once, when complete, anywhere else.

    `verbose` is 0 for silence, 1 for the bar, 2 for the complete line alone.
    """

    width = 30

    def __init__(self, total: int, verbose: int, title: str = "") -> None:
        self.total, self.verbose = total, verbose
        self.live = verbose == 1 and sys.stdout.isatty()
        self.started = time.perf_counter()
        self.drawn, self.length = 0.0, 0
        if title and verbose:
            print(title, flush=True)

    def update(self, done: int, logs: Logs) -> None:
        """Record that this many samples are done."""
        now = time.perf_counter()
        if self.live and now - self.drawn > PAUSE:
            self.drawn = now
            left = (now - self.started) / done * (self.total - done)
            self._write(done, f"{_span(left)} left", logs)

    def close(self, logs: Logs) -> None:
        """Record that all samples are done."""
        if self.verbose:
            self._write(self.total, _span(time.perf_counter() - self.started), logs)
            print(flush=True)

    def _write(self, done: int, spent: str, logs: Logs) -> None:
        full = self.width * done // self.total
        bar = "=" * full + (">" if full < self.width else "") + "." * (self.width - full - 1)
        parts = [
            f"{done:{len(str(self.total))}}/{self.total}",
            *([f"[{bar}]"] if self.verbose == 1 else []),
            spent,
            *(f"{name}: {value:.4f}" for name, value in logs.items()),
        ]
        line = " - ".join(parts)
        print(("\r" if self.live else "") + line.ljust(self.length), end="", flush=True)
        self.length = len(line) if self.live else 0


def _span(seconds: float) -> str:
    """Seconds in words fit for a narrow line."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
