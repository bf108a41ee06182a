"""Weights in files: NumPy's .npz, one array for each weight, in order and under its name."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from .layer import Layer

__all__ = ["labels", "read", "write"]


def labels(layers: Sequence[Layer]) -> list[str]:
    """A name for each weight, such as '003/dense_1/kernel': its position, its layer, its own name."""
    names = [w.name for layer in layers for w in layer.weights]
    return [f"{place:03}/{name}" for place, name in enumerate(names)]


def write(path: str | os.PathLike[str], names: Sequence[str], values: Sequence[Any], overwrite: bool) -> None:
    """A new file, or one replaced as a whole."""
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"save_weights: {os.fspath(path)} exists already; pass overwrite=True to replace it")
    unfinished = f"{os.fspath(path)}.part"
    with open(unfinished, "wb") as file:
        np.savez(file, **dict(zip(names, values, strict=True)))
    os.replace(unfinished, path)


def read(path: str | os.PathLike[str], names: Sequence[str], shapes: Sequence[Any]) -> list[Any]:
    """The arrays of a file, in order, after a check of their names and shapes.

    The running number of an automatic name is ignored: dense_1 in one program is dense_3 in another.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, ValueError, EOFError, AttributeError, TypeError) as error:
        raise ValueError(f"load_weights: {os.fspath(path)} is no .npz file of weights: {error}") from error
    if len(found) != len(names):
        raise ValueError(f"load_weights: {os.fspath(path)} holds {len(found)} weights, the model has {len(names)}")
    for (there, value), here, shape in zip(found.items(), names, shapes, strict=True):
        if _plain(there) != _plain(here) or value.shape != shape:
            raise ValueError(
                f"load_weights: {os.fspath(path)} holds {there} of shape {value.shape}, the model has "
                f"{here} of shape {shape} there"
            )
    return list(found.values())


def _plain(label: str) -> str:
    """A label without its layer's running number."""
    place, layer, *weight = label.split("/")
    return "/".join([place, re.sub(r"_\d+$", "", layer), *weight])
