"""The keyword arguments that every optimizer passes on to its base, for type checkers."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Options"]


class Options(TypedDict, total=False):
    """The keyword arguments that every optimizer passes on to `Optimizer`."""

    decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    lr: float | None
