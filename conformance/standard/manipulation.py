"""Creation, manipulation and indexing: bit for bit."""

from __future__ import annotations

import numpy as np

from ..case import A, call, standard
from ..subjects.functions import IN_PLACE, Dtype

F32, F64, I32, I64, BOOL = map(Dtype, ("float32", "float64", "int32", "int64", "bool"))
X = A("n", "m", "k", sizes={"n": (1, 4), "m": (1, 4), "k": (1, 4)})
M = A("n", "m")
B = A("n", 3, dtype="bool")
I = A("n", 3, dtype="int")  # noqa: E741 - an array of integers

# ---- creation
for name in ("zeros", "ones"):
    standard(name, call((2, 3), dtype=F32), call(4, dtype=F64), call((), dtype=I32), call((0, 2), dtype=BOOL))
    standard(f"{name}_like", call(M), call(I), call(B), call(M, dtype=I32))
standard(
    "full",
    call((2, 3), 1.5, dtype=F32),
    call((2,), 7, dtype=I64),
    call((), True, dtype=BOOL),
    call((0,), 0.0, dtype=F64),
)
standard("full_like", call(M, 2.5), call(I, 3), call(M, 2, dtype=I32))
standard("empty", call((2, 3), dtype=F32), view=lambda x: [str(tuple(x.shape)), x.dtype])
standard("empty_like", call(M), view=lambda x: [str(tuple(x.shape)), x.dtype])
standard(
    "arange",
    call(5, dtype=I32),
    call(1, 9, 2, dtype=I64),
    call(5, -3, -2, dtype=I32),
    call(0.0, 4.0, dtype=F32),
    call(3, 3, dtype=I32),
    call(2.0, 5.0, 0.5, dtype=F64),
)
standard(
    "linspace",
    call(0.0, 1.0, 5, dtype=F32),
    call(-1.0, 2.0, 7, dtype=F64, endpoint=False),
    call(2.0, 2.0, 3, dtype=F32),
    call(0.0, 1.0, 1, dtype=F64),
    call(0.0, 1.0, 0, dtype=F32),
    exact=False,
)
standard(
    "eye",
    call(3, dtype=F32),
    call(2, 4, dtype=F64),
    call(3, 3, k=1, dtype=I32),
    call(4, 2, k=-1, dtype=F32),
    call(0, dtype=F32),
)
standard(
    "asarray",
    call([[1.0, 2.0], [3.0, 4.5]], dtype=F32),
    call(3, dtype=I32),
    call([True, False], dtype=BOOL),
    call(M),
    call(I, copy=True),
    call([], dtype=F64),
)
standard("meshgrid", call(A("n"), A("m")), call(A("n"), A("m"), indexing="ij"), call(A(2), A(3), A(2)), view=list)
for name in ("tril", "triu"):
    standard(name, call(A("n", "m")), call(A(2, "n", "m"), k=1), call(A("n", "m"), k=-1), call(A(3, 3, dtype="int")))
standard("from_dlpack", call(M), call(I))

# ---- manipulation
standard(
    "broadcast_to",
    call(A(2, 1), (2, 3)),
    call(A(3), (2, 4, 3)),
    call(A(), (2, 2)),
    call(A(1, dtype="bool"), (0,)),
    errors=[call(A(3), (2,))],
)
standard(
    "broadcast_arrays", call(A("n", 1), A(3)), call(A(), A(2, 2, dtype="int")), view=list, errors=[call(A(3), A(2))]
)
standard(
    "broadcast_shapes",
    call((2, 1), (3,)),
    call((), (4,)),
    call((5, 1, 3), (2, 1)),
    view=lambda shape: str(tuple(shape)),
    errors=[call((2,), (3,))],
)
standard(
    "concat",
    call([A("n", 2), A("m", 2)]),
    call([A(2, "n"), A(2, "m"), A(2, 1)], axis=1),
    call([A("n", 2), A("m")], axis=None),
    call([A(2, dtype="int8", low=0), A(3, dtype="int32")]),
    call([A(2, dtype="float32"), A(1, dtype="float64")]),
    call([A("n", 2), A("m", 2)], axis=-2),
    errors=[("2025.12", call([A(2, 2), A(2, 2)], axis=2))],
)
standard(
    "stack",
    call([A("n", 2), A("n", 2)]),
    call([A("n"), A("n"), A("n")], axis=-1),
    call([A(2), A(2)], axis=1),
    call([A(2, dtype="float32"), A(2, dtype="float64")]),
    errors=[("2025.12", call([A(2), A(2)], axis=2))],
)
standard("unstack", call(X), call(X, axis=1), call(X, axis=-1), view=list)
standard("expand_dims", call(M, axis=0), call(M, axis=-1), call(M, axis=1), call(A(), axis=0), errors=[call(M, axis=4)])
standard(
    "squeeze",
    call(A("n", 1, 2), axis=1),
    call(A(1, "n", 1), axis=(0, 2)),
    call(A(1, 2), axis=-2),
    errors=[call(A(2, 3), axis=0)],
)
standard("flip", call(X), call(X, axis=1), call(X, axis=(0, -1)), call(A("n", dtype="bool")))
standard("moveaxis", call(X, 0, -1), call(X, (0, 1), (1, 2)), call(X, -1, 0))
standard("permute_dims", call(X, (2, 0, 1)), call(M, (1, 0)), call(A(), ()), errors=[("2025.12", call(M, (0, 2)))])
standard(
    "repeat", call(A("n", 2), 3, axis=0), call(X, 2, axis=-1), call(A("n"), 2), call(A(3), np.array([2, 0, 1]), axis=0)
)
standard(
    "reshape",
    call(A(2, 6), (-1, 3)),
    call(A(4), (2, 2)),
    call(A(1), ()),
    call(A(0, 3), (0, 5)),
    call(A(2, 3, dtype="bool"), (6,)),
    call(A(2, 3), (3, 2), copy=True),
)
standard("roll", call(X, 1), call(X, -2, axis=1), call(X, (1, -1), axis=(0, 2)), call(A("n"), 7))
standard("tile", call(M, (2, 1)), call(A("n"), (2, 3)), call(X, (2,)))

# ---- indexing
PLACES = A("j", dtype="int64", low=0, high=2)
standard(
    "take",
    call(A(3, "n"), PLACES, axis=0),
    call(A("n", 3), PLACES, axis=-1),
    call(A(3), A("j", dtype="int32", low=0, high=2)),
    call(A(3, dtype="bool"), PLACES),
)
standard(
    "take_along_axis",
    call(A("n", 3), A("n", "j", dtype="int64", low=0, high=2)),
    call(A(3, "n"), A("j", "n", dtype="int64", low=0, high=2), axis=0),
)
standard(
    "array.getitem",
    call(X, (0, ..., 0)),
    call(X, (slice(None), 0, slice(0, 1))),
    call(X, (None, ..., slice(1, None))),
    call(A(5, 4), (slice(1, 5, 2), slice(None, -1))),
    call(A(3), 1),
    call(A(3), -1),
    call(A(), ()),
    errors=[call(A(3), (0, 0))],
)
standard("array.getitem_reversed", call(A(5), slice(4, None, -2)), call(A(4, 2), (slice(None, None, -1), slice(None))))
standard(
    "array.setitem",
    call(A(4, 3), (slice(1, 3), slice(None)), 7.0),
    call(A(4, 3), (0, ...), A(3)),
    call(A(5, dtype="int"), slice(None, None, 2), 1),
)
for name in ("T", "mT"):
    standard(f"array.{name}", call(M), call(A(3, 2, dtype="int")))
for name in ("shape", "size", "ndim"):
    standard(f"array.{name}", call(X), call(A()), call(A(0, 2)), view=str)
for name, dtype in (
    ("bool", "bool"),
    ("int", "int64"),
    ("float", "float64"),
    ("complex", "complex128"),
    ("index", "int32"),
):
    standard(f"array.{name}", call(A(dtype=dtype)))
for name in ("add", "sub", "mul"):
    standard(f"array.{name}", call(M, A("m")), call(M, 2.0), call(I, 3), call(I, I), errors=[call(A(3), A(2))])
standard("array.truediv", call(M, 2.0), call(M, A("m", low=0.5)))
for name in ("floordiv", "mod"):
    standard(f"array.{name}", call(I, 2), call(I, A(3, dtype="int", low=1)))
standard("array.pow", call(A("n", dtype="int", low=0), 2))
for name in ("pos", "neg", "abs"):
    standard(f"array.{name}", call(M), call(I))
for name in ("and", "or", "xor"):
    standard(f"array.{name}", call(B, A(3, dtype="bool")), call(I, 1), call(B, True))
standard("array.invert", call(B), call(I))
for name in ("lshift", "rshift"):
    standard(f"array.{name}", call(A("n", dtype="int", low=0), 1))
for name in ("lt", "le", "gt", "ge", "eq", "ne"):
    standard(f"array.{name}", call(M, A("m")), call(M, 0.5), call(I, 1))

# ---- only calls derived from the signatures
for name in IN_PLACE:
    standard(f"array.{name}")
for name in ("dtype", "device", "to_device", "array_namespace", "dlpack", "dlpack_device"):
    standard(f"array.{name}")
