"""Nests of tuples, lists and dictionaries: flattened into arrays, and restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["flatten", "present", "restore"]


def flatten(structure: Any) -> tuple[list[Any], Any]:
    """The arrays of a nest of tuples, lists and dictionaries, and its structure for `restore`."""
    if isinstance(structure, (tuple, list)):
        parts = [flatten(v) for v in structure]
        return [x for found, _ in parts for x in found], (type(structure), [inner for _, inner in parts])
    if isinstance(structure, dict):
        keys = list(structure)
        found, (_, inner) = flatten([structure[k] for k in keys])
        return found, (dict, list(zip(keys, inner, strict=True)))
    if structure is None:
        return [], None
    return [structure], "array"


def restore(structure: Any, arrays: Iterable[Any]) -> Any:
    """The nest that has the structure given by `flatten`, with these arrays in it."""
    return _built(structure, iter(arrays))


def _built(structure: Any, supply: Iterator[Any]) -> Any:
    if structure == "array":
        return next(supply)
    if structure is None:
        return None
    kind, parts = structure
    if kind is dict:
        return {k: _built(inner, supply) for k, inner in parts}
    built = [_built(inner, supply) for inner in parts]
    return kind(*built) if hasattr(kind, "_fields") else kind(built)


def present(values: Iterable[Any]) -> list[Any]:
    """The values that are not None."""
    return [x for x in values if x is not None]
