"""Whole models in files: a zip archive of the architecture as JSON, and of weights and states as arrays."""

from __future__ import annotations

import json
import os
import re
import zipfile
from typing import IO, Any

import numpy as np

import backend as K
from backend.arrays.files import replaced_as_a_whole

from . import saving
from .lookup import CUSTOM

__all__ = ["read_model", "write_model"]

FORMAT = "array-api-backend model"
REVISION = 1
LONGEST = 2**26  # bytes of JSON that are read
OPTIMIZER = "optimizer/"
STREAMS = "streams"


# ---- writing


def write_model(model: Any, path: str | os.PathLike[str], overwrite: bool, include_optimizer: bool) -> None:
    """Write a model's file, or replace it as a whole; `Model.save`."""
    name = type(model).__name__
    architecture = model.get_config()
    described = {
        "format": FORMAT,
        "version": REVISION,
        "class_name": name if type(model).__module__.startswith(f"{__package__}.") else {CUSTOM: name},
        "floatx": K.floatx(),
        "architecture": architecture,
        "training": model.training_config() if include_optimizer else None,
    }
    text = json.dumps(described, indent=1, allow_nan=True)
    arrays = {
        saving.WEIGHTS + label: value
        for label, value in zip(saving.labels(model.layers), model.get_weights(), strict=True)
    }
    arrays[STREAMS] = np.asarray([int(K.get_value(s.counter)[0]) for s in model.streams], "int64")
    if include_optimizer and model.optimizer is not None:
        arrays |= {f"{OPTIMIZER}{place:03}": value for place, value in enumerate(model.optimizer.state())}

    def write_to(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("model.json", text)
            for label, value in arrays.items():
                with archive.open(f"{label}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asanyarray(value), version=(1, 0), allow_pickle=False)

    replaced_as_a_whole("save", path, overwrite, write_to)


# ---- reading


def read_model(where: str, path: str | os.PathLike[str]) -> tuple[dict[str, Any], list[int], list[Any]]:
    """The description, the counts of the streams and the optimizer's state; ValueError for anything but a model."""
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                if "model.json" not in archive.namelist():
                    raise ValueError("it has no model.json; weights alone are read by model.load_weights")
                with archive.open("model.json") as entry:
                    text = entry.read(LONGEST + 1)
                if len(text) > LONGEST:
                    raise ValueError(f"its model.json has more than {LONGEST} bytes")
                described = json.loads(text)
                streams = [int(n) for n in _stored(archive, archive.getinfo(f"{STREAMS}.npy")).reshape(-1)]
                names = sorted(n for n in archive.namelist() if re.fullmatch(rf"{OPTIMIZER}\d+\.npy", n))
                state = [_stored(archive, archive.getinfo(name)) for name in sorted(names, key=_number)]
        except saving.DAMAGE as error:
            raise ValueError(f"{where} is no file of a model: {error}") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise ValueError(f"{where} is no file of a model: its model.json describes something else")
    if described.get("version") != REVISION:
        raise ValueError(f"{where} has version {described.get('version')!r} of the format, expected {REVISION}")
    return described, streams, state


def _stored(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    """One array that is not compressed, so that it takes no more memory than the file is large."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename} is compressed")
    return saving.array_in(archive, entry, saving.header_in(archive, entry))


def _number(name: str) -> int:
    return int(name.removeprefix(OPTIMIZER).removesuffix(".npy"))
