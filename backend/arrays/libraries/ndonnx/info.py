"""What the namespace has, by the standard's inspection API."""

from __future__ import annotations

from typing import Any

import ndonnx

__all__ = ["__array_namespace_info__"]


class Info(type(ndonnx.__array_namespace_info__())):  # type: ignore[misc]
    """ndonnx's, whose `dtypes` gives all for every kind."""

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        found = super().dtypes(device=device, kind=None)
        return {name: d for name, d in found.items() if kind is None or ndonnx.isdtype(d, kind)}


def __array_namespace_info__() -> Info:  # noqa: N807 - the standard's name
    """The capabilities of this namespace."""
    return Info()
