"""Names in place of functions: `activation="relu"`, `loss="mse"`, `optimizer="adam"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["named"]


def named(kind: str, given: Any, known: Mapping[str, Any]) -> Any:
    """The entry of a name; anything but a string is returned unchanged. ValueError lists the names there are."""
    if not isinstance(given, str):
        return given
    if given not in known:
        raise ValueError(f"no {kind} is called {given!r}; there is {', '.join(sorted(known))}")
    return known[given]
