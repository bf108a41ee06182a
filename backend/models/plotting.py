"""Curves of a training, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.arrays.extras import required

__all__ = ["plotted"]


def plotted(epochs: Sequence[int], history: Mapping[str, Sequence[float]], metrics: Any, path: Any) -> list[Any]:
    """The axes of a panel for each metric; `History.plot`."""
    names = [name for name in history if not name.startswith("val_")]
    wanted = names if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
    for name in wanted:
        if name not in names:
            raise ValueError(f"plot: the history has no {name!r}; there is {', '.join(names)}")
    with required("plot", "models"):
        from matplotlib import pyplot
    figure, panels = pyplot.subplots(1, max(len(wanted), 1), figsize=(5 * max(len(wanted), 1), 3.5), squeeze=False)
    numbers = [epoch + 1 for epoch in epochs]
    for name, axes in zip(wanted, panels[0], strict=False):
        axes.plot(numbers, history[name], label="training")
        if f"val_{name}" in history:
            axes.plot(numbers, history[f"val_{name}"], label="validation")
            axes.legend()
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.tight_layout()
    if path is not None:
        figure.savefig(path)
    return list(panels[0])
