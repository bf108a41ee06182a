"""Searching, sets, sorting and data types: bit for bit, ties and NaN included."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..case import A, call, standard
from ..judging.bounds import Expected
from ..subjects.functions import Dtype

NAN, INF = math.nan, math.inf
SOME = {"n": (1, 4), "m": (1, 5)}
M = A("n", "m", sizes=SOME)
TIES = A("n", "m", dtype="int", low=0, high=2, sizes=SOME)
EMPTY = call(np.zeros((0,)))

for name, best in (("argmax", 2), ("argmin", 1)):
    standard(
        name,
        call(M),
        call(M, axis=0),
        call(M, axis=-1, keepdims=True),
        call(TIES),
        call(TIES, axis=1),
        *(call(A(6, dtype=d, low=0, high=3)) for d in ("int8", "int64", "uint8")),
        errors=[("2025.12", call(M, axis=2))],
        special=[(call([1.0, -INF, INF]), np.array(best))],  # of NaN the text says nothing
    )
standard(
    "count_nonzero",
    call(M),
    call(TIES, axis=0),
    call(A("n", 3, dtype="bool"), axis=1, keepdims=True),
    special=[(call([NAN, INF, 0.0, -0.0]), np.array(2))],
)
standard("nonzero", call(TIES), call(A(5, dtype="bool")), view=list)
standard(
    "searchsorted",
    call(np.array([-2.0, 0.5, 0.5, 1.5]), A("n")),  # no zero: their order by sign is left open
    call(np.array([-2.0, 0.5, 1.5]), A("n"), side="right"),
    call(np.array([0, 1, 1, 2], "int32"), A("n", dtype="int")),
)
standard(
    "where",
    call(A("n", 3, dtype="bool"), A("n", 3), A("n", 3)),
    call(A("n", 1, dtype="bool"), A(3), A("n", 3)),
    call(A("n", dtype="bool"), A("n", dtype="float32"), A("n", dtype="float64")),
    call(A("n", dtype="bool"), A("n", dtype="int8"), A("n", dtype="int32")),
    special=[(call(np.array([True, False]), [NAN, 1.0], [0.0, -0.0]), np.array([NAN, -0.0]))],
)
standard("isin", call(TIES, np.array([0, 2], "int32")), call(TIES, np.array([1], "int32"), invert=True))


UNIQUE = {
    "unique_values": ("values",),
    "unique_counts": ("values", "counts"),
    "unique_inverse": ("values", "inverse_indices"),
    "unique_all": ("values", "indices", "inverse_indices", "counts"),
}


def unordered(parts: tuple[str, ...], given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    """What a unique_* function gives, in whatever order: the standard leaves it open.

    Values come once each; counts, first indices and the inverse go by the order in which the values came.
    """
    x = np.asarray(given.args[0])
    values, first, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    found = {part: np.asarray(r) for part, r in zip(parts, results, strict=True)}
    names = [(x.dtype.name if part == "values" else "int64", r.dtype.name) for part, r in found.items()]
    if found["values"].shape != values.shape:
        return [(Expected(values, None, x.dtype.name), found["values"])]
    order = np.argsort(found["values"], kind="stable")
    wanted = {
        "values": (values, found["values"][order]),
        "indices": (first, found.get("indices")),
        "inverse_indices": (order[inverse.reshape(x.shape)], found.get("inverse_indices")),
        "counts": (counts, found.get("counts")),
    }
    pairs = []
    for part in parts:
        want, got = wanted[part]
        by_value = part in ("indices", "counts") and np.shape(got) == values.shape
        pairs.append((Expected(want, None, want.dtype.name), got[order] if by_value else got))
    return [*pairs, *names]


for name, parts in UNIQUE.items():
    standard(
        name,
        call(TIES),
        call(A("n", sizes=SOME)),
        call(A(4, dtype="bool")),
        judge=functools.partial(unordered, parts),
    )

standard(
    "sort",
    call(M),
    call(M, axis=0),
    call(M, descending=True),
    call(TIES, axis=-1),
    call(A(0)),
    *(call(A(7, dtype=d, low=0, high=5)) for d in ("int8", "int64", "uint8")),
    errors=[("2025.12", call(M, axis=2))],
    special=[(call([INF, -1.0, -INF, 2.0]), np.array([-INF, -1.0, 2.0, INF]))],
)
standard(
    "argsort",
    call(M),
    call(M, axis=0),
    call(M, descending=True),
    call(TIES),
    call(TIES, descending=True),
    call(A(40, dtype="int", low=0, high=2)),
    call(A(40, dtype="int", low=0, high=2), descending=True),
    errors=[("2025.12", call(M, axis=2))],
)


# ---- data types
def limits(info: Any) -> list[Any]:
    """The fields of finfo and iinfo, as plain numbers."""
    names = ("bits", "eps", "max", "min", "smallest_normal") if hasattr(info, "eps") else ("bits", "max", "min")
    return [float(getattr(info, n)) for n in names] + [info.dtype]


D = {
    name: Dtype(name)
    for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64", "complex64", "complex128")
}
standard("finfo", call(D["float32"]), call(D["float64"]), call(A(2)), view=limits)
standard("iinfo", call(D["int8"]), call(D["int32"]), call(D["int64"]), call(D["uint8"]), view=limits)
standard(
    "isdtype",
    *(
        call(D[d], kind)
        for d, kind in (
            ("float32", "real floating"),
            ("int32", "integral"),
            ("int32", "signed integer"),
            ("uint8", "unsigned integer"),
            ("bool", "bool"),
            ("bool", "numeric"),
            ("complex64", "complex floating"),
            ("float64", ("integral", "bool")),
            ("float32", "numeric"),
        )
    ),
    call(D["float32"], D["float32"]),
    call(D["float32"], (D["float64"], "integral")),
)
standard(
    "can_cast",
    *(
        call(D[a], D[b])
        for a, b in (
            ("float32", "float64"),
            ("float64", "float32"),
            ("int8", "int32"),
            ("int32", "int8"),
            ("uint8", "int16"),
            ("bool", "bool"),
        )
    ),
)
standard(
    "result_type",
    *(
        call(D[a], D[b])
        for a, b in (
            ("float32", "float64"),
            ("int8", "int16"),
            ("uint8", "int8"),
            ("int32", "int64"),
            ("float32", "complex64"),
            ("float64", "complex64"),
            ("bool", "bool"),
        )
    ),
    call(A(2), D["float32"]),
    call(A(2, dtype="int8"), A(3, dtype="uint8")),
)
standard(
    "astype",
    *(call(A("n", "m", low=-9.0, high=9.0), D[d]) for d in ("float32", "float64", "int32", "bool")),
    call(A("n", dtype="bool"), D["int32"]),
    call(A("n", dtype="int"), D["float64"]),
    call(A("n", dtype="int"), D["bool"]),
    call(A("n", dtype="int64"), D["int8"]),
    call(A("n"), D["complex128"]),
    special=[(call([NAN, INF, 0.0, -0.0, 0.5], D["bool"]), np.array([True, True, False, False, True]))],
)

# ---- what a namespace says of itself, and its constants: only derived calls
for name in ("dtypes", "default_dtypes", "capabilities", "devices"):
    standard(f"info.{name}")
for name in ("e", "inf", "nan", "newaxis", "pi"):
    standard(name)
