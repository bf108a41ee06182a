"""Nests of tuples, lists and dictionaries: taken apart into arrays, and put together again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["flatten", "restore"]


def flatten(structure: Any) -> tuple[list[Any], Any]:
    """The arrays of a nest of tuples, lists and dictionaries, and its shape for `restore`."""
    if isinstance(structure, (tuple, list)):
        parts = [flatten(v) for v in structure]
        return [x for found, _ in parts for x in found], (type(structure), [shape for _, shape in parts])
    if isinstance(structure, dict):
        keys = list(structure)
        found, (_, shapes) = flatten([structure[k] for k in keys])
        return found, (dict, list(zip(keys, shapes, strict=True)))
    if structure is None:
        return [], None
    return [structure], "array"


def restore(shape: Any, arrays: Iterable[Any]) -> Any:
    """The nest `flatten` took apart, with other arrays in it."""
    supply = iter(arrays)

    def build(shape: Any) -> Any:
        if shape == "array":
            return next(supply)
        if shape is None:
            return None
        kind, parts = shape
        if kind is dict:
            return {k: build(s) for k, s in parts}
        built = [build(s) for s in parts]
        return kind(*built) if hasattr(kind, "_fields") else kind(built)

    return build(shape)
