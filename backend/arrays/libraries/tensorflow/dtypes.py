"""Dtypes of the standard on TensorFlow: promotion, casts, limits, and what the library can do."""

from __future__ import annotations

import builtins
from typing import Any

import tensorflow as tf

__all__ = [
    "__array_namespace_info__",
    "astype",
    "bfloat16",
    "bool",
    "can_cast",
    "complex64",
    "complex128",
    "finfo",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

bool = tf.bool
int8, int16, int32, int64 = tf.int8, tf.int16, tf.int32, tf.int64
uint8, uint16, uint32, uint64 = tf.uint8, tf.uint16, tf.uint32, tf.uint64
bfloat16, float16, float32, float64 = tf.bfloat16, tf.float16, tf.float32, tf.float64
complex64, complex128 = tf.complex64, tf.complex128

SIGNED, UNSIGNED = (int8, int16, int32, int64), (uint8, uint16, uint32, uint64)
INTEGERS = frozenset((*SIGNED, *UNSIGNED))
HALVES = frozenset((bfloat16, float16))
FLOATS = (bfloat16, float16, float32, float64)
COMPLEX = (complex64, complex128)
_KINDS = {
    "bool": (bool,),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": (*SIGNED, *UNSIGNED),
    "real floating": FLOATS,
    "complex floating": COMPLEX,
    "numeric": (*SIGNED, *UNSIGNED, *FLOATS, *COMPLEX),
}
_ALL = (bool, *_KINDS["numeric"])
LISTED = tuple(d for d in _ALL if d not in HALVES)  # of the standard's own
_RANK = {d: rank for rank, kind in enumerate((("bool",), ("integral",), ("real floating",), ("complex floating",)))
         for d in _KINDS[kind[0]]}  # fmt: skip
_PYTHON = {builtins.bool: 0, int: 1, float: 2, complex: 3}


def _common(a: Any, b: Any) -> Any:
    """The dtype of two arrays by the standard's table; None where it has none."""
    if a == b:
        return a
    low, high = sorted((a, b), key=_RANK.__getitem__)
    if _RANK[high] == 1 and _RANK[low] == 1:
        signed = [d for d in (a, b) if d in SIGNED]
        if len(signed) != 1:
            return max((a, b), key=lambda d: d.size)
        (unsigned,) = (d for d in (a, b) if d in UNSIGNED)
        return next((d for d in SIGNED if d.size >= signed[0].size and d.size > unsigned.size), None)
    if _RANK[high] == 2 and _RANK[low] == 2:
        return float32 if a.size == b.size else max((a, b), key=lambda d: d.size)
    if _RANK[high] == 3 and _RANK[low] >= 2:
        return complex128 if float64 in (a, b) or complex128 in (a, b) else complex64
    return None


_PAIRS = {(a, b): found for a in _ALL for b in _ALL if (found := _common(a, b)) is not None}


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The standard's `result_type`."""
    found: Any = None
    numbers = []
    for x in arrays_and_dtypes:
        if type(x) in _PYTHON:
            numbers.append(type(x))
            continue
        dtype = tf.as_dtype(getattr(x, "dtype", x))
        common = dtype if found is None else _PAIRS.get((found, dtype))
        if common is None:
            raise TypeError(f"dtypes {found.name} and {dtype.name} have no common dtype; cast one of them")
        found = common
    if found is None:
        raise ValueError("result_type: needs at least one array or dtype")
    for kind in numbers:
        rank = _PYTHON[kind]
        if rank == 3 and _RANK[found] == 2:
            found = complex128 if found == float64 else complex64
        elif rank > _RANK[found] or (rank == 0) != (found == bool):
            if rank == 0 and found != bool:
                continue  # True beside numbers is 1
            raise TypeError(f"a Python {kind.__name__} beside dtype {found.name}: cast the array first")
    return found


def default_for(value: Any) -> Any:
    """The default dtype of a Python number's kind."""
    return (bool, int64, float32, complex64)[_PYTHON[type(value)]] if type(value) in _PYTHON else None


def astype(x: Any, dtype: Any, /, *, copy: builtins.bool = True, device: Any = None) -> Any:
    """The standard's `astype`."""
    if x.dtype in COMPLEX and dtype not in COMPLEX and dtype != bool:
        raise TypeError(f"astype: {x.dtype.name} cannot become {dtype.name}; take real or imag first")
    if device is not None and x.device not in ("", device):
        with tf.device(device):
            x = tf.identity(x)
    if x.dtype is dtype:
        return tf.identity(x) if copy else x
    return tf.not_equal(x, tf.zeros((), x.dtype)) if dtype == bool else tf.cast(x, dtype)


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """The standard's `can_cast`."""
    to = tf.as_dtype(to)
    return _PAIRS.get((tf.as_dtype(getattr(from_, "dtype", from_)), to)) == to


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """The standard's `isdtype`."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: kind is {kind!r}, expected a dtype, a tuple, or one of {', '.join(_KINDS)}")
        return dtype in _KINDS[kind]
    return tf.as_dtype(dtype) == tf.as_dtype(kind)


class FloatLimits:
    """The limits of a floating dtype."""

    def __init__(self, dtype: Any) -> None:
        found = tf.experimental.numpy.finfo(dtype.as_numpy_dtype)
        self.dtype = dtype
        self.bits = int(found.bits)
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.smallest_normal = float(found.smallest_normal)


class IntegerLimits:
    """The limits of an integer dtype."""

    def __init__(self, dtype: Any) -> None:
        self.dtype, self.bits = dtype, 8 * dtype.size
        self.min, self.max = int(dtype.min), int(dtype.max)


def finfo(type: Any, /) -> FloatLimits:
    """The standard's `finfo`."""
    dtype = tf.as_dtype(getattr(type, "dtype", type))
    real = {complex64: float32, complex128: float64}.get(dtype, dtype)
    if real not in FLOATS:
        raise ValueError(f"finfo: got dtype {dtype.name}, expected a floating one")
    return FloatLimits(real)


def iinfo(type: Any, /) -> IntegerLimits:
    """The standard's `iinfo`."""
    dtype = tf.as_dtype(getattr(type, "dtype", type))
    if dtype not in INTEGERS:
        raise ValueError(f"iinfo: got dtype {dtype.name}, expected an integer one")
    return IntegerLimits(dtype)


class Info:
    """The capabilities of this namespace, by the standard's inspection API."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 8}

    def default_device(self) -> str:
        """The device on which TensorFlow makes tensors: its first GPU, where it finds one."""
        with tf.init_scope():
            device: str = tf.zeros((), tf.float32).device
        return device

    def devices(self) -> list[str]:
        """The logical devices that hold tensors, as their `device` attribute names them."""
        found = []
        for each in tf.config.list_logical_devices():
            with tf.init_scope(), tf.device(each.name):
                found.append(tf.zeros((), tf.float32).device)
        return found

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        return {"real floating": float32, "complex floating": complex64, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        return {d.name: d for d in LISTED if kind is None or isdtype(d, kind)}


def __array_namespace_info__() -> Info:  # noqa: N807 - the standard's name
    """The capabilities of this namespace."""
    return Info()
