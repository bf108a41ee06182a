"""The array object: attributes, conversions to Python numbers, its namespace; what a namespace says of itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name

from ...case import Call, call
from .creation import no_calls
from .data_types import KINDS
from .deriving import Signature, subject
from .example import Judged, Raises
from .manipulation import block, exact
from .promotion import ALL, Undefined, kind_of
from .values import Draw, edge_floats, edge_integers

__all__ = ["ATTRIBUTES", "CONSTANTS"]

# Attributes of an array: no signature lists them, each takes the array alone.
ATTRIBUTES = ("array.T", "array.mT", "array.shape", "array.size", "array.ndim", "array.dtype", "array.device")


def turned(name: str) -> Any:
    """The transpose of a matrix, of a stack of matrices."""

    def reference(x: Any) -> Any:
        if x.ndim < 2 or (name == "array.T" and x.ndim != 2):
            raise Undefined("dimensions")
        return exact(np.swapaxes(x, -1, -2))

    return reference


def matrices(draw: Draw, dtype: str) -> Iterator[Call]:
    yield from (
        call(draw(dtype, *shape)) for shape in ((2, 3), (3, 2), (2, 3, 4), (1, 5), (0, 2), (2, 1, 3, 2), (3, 3))
    )


def fact(name: str) -> Any:
    """The shape, the number of elements, of dimensions, the dtype, as plain values."""

    def reference(x: Any) -> list[Any]:
        facts = {
            "shape": [tuple(x.shape)],
            "size": [math.prod(x.shape)],
            "ndim": [len(x.shape)],
            "dtype": [x.dtype.name],
        }
        return [str(v) if isinstance(v, tuple) else v for v in facts[name.removeprefix("array.")]]

    return reference


def plain(result: Any) -> Any:
    """A shape as text, anything else as it is."""
    return str(tuple(result)) if isinstance(result, tuple) else result


def number(name: str) -> Any:
    """An array of no dimensions as a Python number of the right type."""
    convert = {
        "array.bool": bool,
        "array.int": int,
        "array.float": float,
        "array.complex": complex,
        "array.index": int,
    }[name]

    def reference(x: Any) -> Any:
        value, kind = x.item(), kind_of(x.dtype.name)
        if x.ndim:
            raise Undefined("dimensions")
        if name == "array.index":
            if kind in ("float", "complex"):
                return Raises(TypeError)
            if kind == "bool":
                raise Undefined("truth as an index")
        if kind == "complex" and name in ("array.int", "array.float"):
            raise Undefined("complex to real")
        return [convert(value)]

    return reference


def scalars(draw: Draw, dtype: str) -> Iterator[Call]:
    """Numbers of each kind, the limits among them."""
    pool: list[Any] = [0, 1]
    if kind_of(dtype) in ("int", "uint"):
        pool = edge_integers(dtype)
    elif kind_of(dtype) == "float":
        pool = [v for v in edge_floats(dtype) if abs(v) < 2.0**60]
    elif kind_of(dtype) == "complex":
        pool = [0j, 1.5 - 2j, 3 + 0j, -0.25j]
    yield from (call(np.asarray(v, dtype=dtype)) for v in pool)


def each_dtype(bases: Any) -> Any:
    return lambda draw, signature: (base for dtype in ALL for base in bases(draw, dtype))


def here(x: Any) -> list[Any]:
    return [True]


def same_place(x: Any) -> Any:
    return exact(x)


def own_namespace(x: Any, *, api_version: Any = None) -> list[Any]:
    return [True]


def versions(draw: Draw, signature: Signature) -> Iterator[Call]:
    x = draw("float32", 2)
    yield call(x)
    yield call(x, api_version=None)


def capsule(x: Any) -> list[Any]:
    return ["PyCapsule"]


def device_pair(x: Any) -> Judged:
    """A tuple of a device type and a number."""
    return Judged(lambda found: [([True, True], [len(found) == 2, all(isinstance(int(v), int) for v in found)])])


def said(name: str) -> Any:
    """What a namespace says of itself: dtypes by name and kind, defaults that belong to their kinds, capabilities."""

    def reference(**kwargs: Any) -> Judged:
        def pairs(found: list[Any]) -> list[tuple[Any, Any]]:
            return SAID[name](found[0] if name != "info.devices" else found, **kwargs)

        return Judged(pairs)

    return reference


def _dtypes(found: Any, kind: Any = None, **device: Any) -> list[tuple[Any, Any]]:
    several = kind if isinstance(kind, tuple) else (kind,)
    allowed = [name for name in ALL if kind is None or any(name in KINDS[k] for k in several)]
    wrong = [k for k in found if k not in allowed and k in ALL]
    named = {k: dtype_name(v) for k, v in found.items() if k in ALL}
    return [([], wrong), ({k: k for k in named}, named)]


def _default_dtypes(found: Any, **device: Any) -> list[tuple[Any, Any]]:
    wanted = {
        "real floating": "real floating",
        "complex floating": "complex floating",
        "integral": "integral",
        "indexing": "integral",
    }
    return [([], [k for k, kind in wanted.items() if k not in found or dtype_name(found[k]) not in KINDS[kind]])]


def _capabilities(found: Any) -> list[tuple[Any, Any]]:
    types = {"boolean indexing": bool, "data-dependent shapes": bool, "max dimensions": int | None}
    return [([], [k for k, t in types.items() if k not in found or not isinstance(found[k], t)])]


SAID: dict[str, Any] = {
    "info.dtypes": _dtypes,
    "info.default_dtypes": _default_dtypes,
    "info.capabilities": _capabilities,
    "info.devices": lambda found: [(True, bool(found))],
}


def about(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield call()
    for p in signature.parameters:
        if p["name"] == "kind":
            kinds: list[Any] = [
                None,
                *KINDS,
                ("integral", "bool"),
                ("real floating", "complex floating"),
                ("signed integer",),
            ]
            yield from (call(kind=kind) for kind in kinds)


CONSTANTS = {"e": math.e, "inf": math.inf, "nan": math.nan, "pi": math.pi, "newaxis": None}
for name_, value_ in CONSTANTS.items():
    subject(name_, lambda v=value_: [v], no_calls, parameters=lambda draw, signature: [call()], dtypes=no_calls)
subject("array.T array.mT", turned, matrices, each=True)
subject("array.shape array.size array.ndim array.dtype", fact, block, each=True, view=plain)
subject(
    "array.bool array.int array.float array.complex array.index", number, scalars, each=True, dtypes=each_dtype(scalars)
)
subject("array.device", here, block, view=lambda device: device is not None or device is None)
subject("array.to_device", same_place, block)
subject(
    "array.array_namespace",
    own_namespace,
    block,
    {"api_version": [None]},
    parameters=versions,
    view=lambda xp: hasattr(xp, "asarray"),
)
subject(
    "array.dlpack",
    capsule,
    block,
    parameters=lambda d, s: block(d, "float32"),
    dtypes=no_calls,
    view=lambda c: type(c).__name__,
)
subject("array.dlpack_device", device_pair, block, dtypes=no_calls)
subject(
    "info.dtypes info.default_dtypes info.capabilities info.devices",
    said,
    no_calls,
    each=True,
    parameters=about,
    dtypes=no_calls,
)
