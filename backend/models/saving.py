"""Weights in files: NumPy's .npz, one array for each weight, in order and under its name; or safetensors."""

from __future__ import annotations

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import combinations
from typing import IO, Any

import numpy as np

from backend.arrays.extras import required
from backend.arrays.files import replaced_as_a_whole

from .layer import Layer

__all__ = ["DAMAGE", "WEIGHTS", "array_in", "header_in", "labels", "read", "write"]

WEIGHTS = "weights/"  # begins the names of the weights in the file of a whole model

# What zipfile and NumPy raise for damaged files; ValueError includes UnicodeDecodeError.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    LookupError,
    SyntaxError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)


def labels(layers: Sequence[Layer]) -> list[str]:
    """A name for each weight, such as '003/dense_1/kernel': its position, its layer, its own name."""
    names = [w.name for layer in layers for w in layer.weights]
    return [f"{place:03}/{name}" for place, name in enumerate(names)]


def write(path: str | os.PathLike[str], names: Sequence[str], values: Sequence[Any], overwrite: bool) -> None:
    """Write a file of weights, or replace one as a whole."""
    arrays = dict(zip(names, values, strict=True))
    if _is_safetensors(path):
        text = _safetensors("save_weights").numpy.save({name: np.ascontiguousarray(v) for name, v in arrays.items()})
        replaced_as_a_whole("save_weights", path, overwrite, lambda file: file.write(text))
    else:
        replaced_as_a_whole("save_weights", path, overwrite, lambda file: np.savez(file, **arrays))


def read(
    path: str | os.PathLike[str], names: Sequence[str], shapes: Sequence[Any], dtypes: Sequence[str]
) -> list[np.ndarray]:
    """Return the arrays of a file, in order; ValueError with the file's name if it is damaged or does not fit.

    Names, shapes, dtypes and sizes are compared with the model's before anything is unpacked, so that a file cannot
    take more memory than the model's weights do. The running number of an automatic name is ignored, as dense_1 in one
    program is dense_3 in another, but not the order of these numbers. Of the file of a whole model, the weights are
    read.
    """
    where = f"load_weights: {os.fspath(path)}"
    if _is_safetensors(path):
        return _read_safetensors(where, path, names, shapes, dtypes)
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                inner = [entry for entry in entries if entry.filename.startswith(WEIGHTS)]
                entries = inner or entries
                found = [entry.filename.removeprefix(WEIGHTS).removesuffix(".npy") for entry in entries]
                headers = [header_in(archive, entry) for entry in entries[: len(names) + 1]]
                problem = _misfit(found, [header[:2] for header in headers], names, shapes, dtypes)
                values = [] if problem else [array_in(archive, *each) for each in zip(entries, headers, strict=True)]
        except DAMAGE as error:
            raise ValueError(f"{where} is no .npz file of weights: {error}") from error
    if problem:
        raise ValueError(f"{where} {problem}")
    return values


# ---- safetensors


def _is_safetensors(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).endswith(".safetensors")


def _safetensors(asker: str) -> Any:
    """The package; ImportError that says what to install."""
    with required(f"{asker}: a .safetensors file", "safetensors"):
        import safetensors.numpy
    return safetensors


def _read_safetensors(
    where: str, path: str | os.PathLike[str], names: Sequence[str], shapes: Sequence[Any], dtypes: Sequence[str]
) -> list[np.ndarray]:
    """`read` for a file of safetensors, whose arrays are in the order of their names' numbers."""
    package = _safetensors("load_weights")
    if not os.path.exists(path):
        raise FileNotFoundError(f"{where} does not exist")
    try:
        with package.safe_open(os.fspath(path), framework="numpy") as file:
            found = sorted(file.keys(), key=lambda name: (int(name.partition("/")[0]), name))
            slices = [file.get_slice(name) for name in found]
            headers = [(tuple(s.get_shape()), np.dtype(_SAFETENSORS[s.get_dtype()])) for s in slices]
            problem = _misfit(found, headers, names, shapes, dtypes)
            values = [] if problem else [file.get_tensor(name) for name in found]
    except (*DAMAGE, package.SafetensorError) as error:
        raise ValueError(f"{where} is no .safetensors file of weights: {error}") from error
    if problem:
        raise ValueError(f"{where} {problem}")
    return values


_SAFETENSORS = {"BOOL": "bool", "F16": "float16", "F32": "float32", "F64": "float64"}
_SAFETENSORS |= {
    f"{kind}{bits}": f"{name}{bits}" for kind, name in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
}


_Header = tuple[tuple[int, ...], np.dtype[Any], bool]  # shape, dtype, whether in Fortran's order


def header_in(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> _Header:
    """Shape, dtype and order of one array, from its first bytes; ValueError if its size is not theirs."""
    # bzip2 and LZMA unpack without a bound; zipfile unpacks no more of the others than it is asked to
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename} has a compression that NumPy does not write")
    with archive.open(entry) as file:
        shape, order, dtype = _parsed(file)
        start = file.tell()
    if dtype.hasobject or dtype.subdtype or min(shape, default=0) < 0:
        raise ValueError(f"{entry.filename} has dtype {dtype} and shape {shape}")
    if entry.file_size != start + math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{entry.filename} has {entry.file_size} bytes, which its shape {shape} contradicts")
    return shape, dtype, order


def _parsed(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):  # 2.0 is for headers beyond 64 KiB, and would read up to 4 GiB
        raise ValueError(f"an array has version {version} of the format .npy, expected (1, 0)")
    return np.lib.format.read_array_header_1_0(file)


def array_in(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, header: _Header) -> np.ndarray:
    """One array; reading to the end also checks its checksum."""
    shape, dtype, order = header
    with archive.open(entry) as file:
        _parsed(file)
        # with a size: without one, zipfile unpacks all there is, whatever size the entry states
        data = bytearray(file.read(math.prod(shape) * dtype.itemsize))
    return np.frombuffer(data, dtype).reshape(shape, order="F" if order else "C")


def _misfit(
    found: Sequence[str],
    headers: Sequence[tuple[tuple[int, ...], np.dtype[Any]]],
    names: Sequence[str],
    shapes: Sequence[Any],
    dtypes: Sequence[str],
) -> str | None:
    """How the arrays of a file differ from the model's weights, or None."""
    if len(found) != len(names):
        return f"holds {len(found)} weights, the model has {len(names)}"
    for there, (shape, dtype), here, expected, wanted in zip(found, headers, names, shapes, dtypes, strict=True):
        if _plain(there) != _plain(here) or shape != tuple(expected):
            return f"holds {there} of shape {shape}, the model has {here} of shape {expected} there"
        if dtype.kind not in _kinds(wanted) or dtype.itemsize > 8:
            return f"holds {there} of dtype {dtype}, the model has {here} of dtype {wanted} there"
    return _swapped([_layer(name) for name in found], [_layer(name) for name in names])


def _kinds(dtype: str) -> str:
    """The kinds of NumPy's dtypes that a weight of some dtype takes: real numbers, and no fractions for an integer."""
    return "b" if dtype == "bool" else "biu" if "int" in dtype else "biuf"


def _swapped(found: Sequence[str], names: Sequence[str]) -> str | None:
    """Two layers of which the file has the one where the model has the other, or None.

    Either their weights are mixed, or their running numbers come in the opposite order.
    """
    for (there, here), (other, twin) in combinations(dict.fromkeys(zip(found, names, strict=True)), 2):
        if _stem(there) != _stem(other):
            continue
        mixed = there == other or here == twin  # as the two pairs differ, one layer is two in the other place
        if mixed or (_number(there) < _number(other)) != (_number(here) < _number(twin)):
            return f"holds weights of {there} and {other} where the model has those of {here} and {twin}"
    return None


def _layer(label: str) -> str:
    return label.split("/")[1]


def _stem(layer: str) -> str:
    """A layer's name without its running number."""
    return re.sub(r"_\d+$", "", layer)


def _number(layer: str) -> int:
    """A layer's running number; -1 without one."""
    number = re.search(r"_(\d+)$", layer)
    return int(number[1]) if number else -1


def _plain(label: str) -> list[str]:
    """The parts of a label, its layer without its running number."""
    place, *rest = label.split("/")
    return [place, *map(_stem, rest[:1]), *rest[1:]]
