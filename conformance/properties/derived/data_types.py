"""Data types: conversions, limits with the types of their fields, kinds, promotion; what a namespace says of itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import LARGEST, Expected
from ...subjects.functions import Dtype, near
from .axes import wide
from .creation import no_calls
from .deriving import Signature, subject
from .manipulation import exact
from .promotion import (
    ALL,
    COMPLEX,
    FLOATING,
    INTEGER,
    NUMERIC,
    REAL,
    REAL_OF,
    SIGNED,
    UNSIGNED,
    Undefined,
    fits,
    kind_of,
    promoted,
    scalar_dtype,
)
from .values import Draw, edge_floats, edge_integers

__all__: list[str] = []

DTYPES = [Dtype(d) for d in ALL]
ORDER = ("bool", "int", "uint", "float", "complex")


def astype(x: Any, dtype: Any, *, copy: bool = True) -> Expected:
    old, new = x.dtype.name, str(dtype)
    if old == new or kind_of(old) == "bool":
        return exact(x.astype(new))
    if kind_of(old) == "complex" and kind_of(new) != "complex":
        raise Undefined("complex to real or truth")
    if kind_of(new) == "bool":
        return exact(np.reshape([v != 0 for v in x.reshape(-1).tolist()], x.shape).astype(bool))
    if kind_of(new) in ("int", "uint"):
        values = [int(v) for v in x.reshape(-1).tolist()]
        if not all(fits(v, new) for v in values):
            raise Undefined("overflow")
        return exact(np.asarray(values, dtype=object).astype(new).reshape(x.shape))
    value = (
        np.reshape(np.asarray([int(v) for v in x.reshape(-1)], dtype=np.longdouble), x.shape)
        if kind_of(old) in ("int", "uint")
        else wide(x)
    )
    if kind_of(new) == "complex":
        return Expected(
            value.astype(np.clongdouble), near(np.abs(value).astype(np.longdouble), 1.0, REAL_OF[new]).bound, new
        )
    return near(value, 0.5, new)


def converted(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Every dtype to every other: the values that both hold, limits among them."""
    for old, new in itertools.product(ALL, DTYPES):
        kind = kind_of(old)
        pool: list[Any] = edge_integers(old) if kind in ("int", "uint") else edge_floats(old) if kind == "float" else []
        if kind in ("int", "uint", "float") and kind_of(new) in ("int", "uint"):
            pool = [v for v in pool if fits(int(np.asarray(v, dtype=old)), new)]
        if kind_of(new) == "complex":
            pool = [v for v in pool if abs(v) < LARGEST["float32"]]
        yield call(np.asarray(pool, dtype=old) if pool else draw(old, 12), new)
        yield call(draw(old, 2, 0), new)
        yield call(draw(old, low=0, high=3), new)


def conversions(draw: Draw, signature: Signature) -> Iterator[Call]:
    for old, new in itertools.product(("float32", "int32", "bool"), DTYPES):
        yield from (call(draw(old, 2, 3, low=0), new, copy=copy) for copy in (True, False))


def can_cast(given: Any, to: Any) -> list[Any]:
    """Whether promotion leads there; across kinds that do not promote the answer is open."""
    return [promoted(given.dtype.name if isinstance(given, np.ndarray) else str(given), str(to)) == str(to)]


def casts(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (call(a, b) for a, b in itertools.product(DTYPES, DTYPES))


def casts_arrays(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (call(draw(a, *shape), b) for a, b in itertools.product(ALL, DTYPES) for shape in ((2,), ()))


def fields_of(info: Any) -> list[Any]:
    """Each field with its Python type; a field that is missing says so."""
    names = ("bits", "eps", "max", "min", "smallest_normal") if hasattr(info, "eps") else ("bits", "max", "min")
    fields = [getattr(info, n, f"no field {n}") for n in names]
    return [*map(_plain, fields), getattr(info, "dtype", "no field dtype")]


def _plain(field: Any) -> Any:
    """A field that is a float or an int, if only by inheritance, as one; anything else as it is."""
    return float(field) if isinstance(field, float) else int(field) if isinstance(field, int) else field


def finfo(given: Any) -> list[Any]:
    name = REAL_OF[given.dtype.name if isinstance(given, np.ndarray) else str(given)]
    digits, exponent = {"float32": (24, 128), "float64": (53, 1024)}[name]
    largest = (2.0 - 2.0 ** (1 - digits)) * 2.0 ** (exponent - 1)
    return [{"float32": 32, "float64": 64}[name], 2.0 ** (1 - digits), largest, -largest, 2.0 ** (2 - exponent), name]


def iinfo(given: Any) -> list[Any]:
    name = given.dtype.name if isinstance(given, np.ndarray) else str(given)
    bits = int(name.lstrip("uint"))
    low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return [bits, high, low, name]


def of_dtypes(*names: str) -> Any:
    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        yield from (call(Dtype(n)) for n in names)

    return calls


def of_arrays(*names: str) -> Any:
    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        yield from (call(draw(n, *shape)) for n in names for shape in ((2,), ()))

    return calls


KINDS = {
    "bool": ("bool",),
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": INTEGER,
    "real floating": REAL,
    "complex floating": COMPLEX,
    "numeric": NUMERIC,
}


def isdtype(dtype: Any, kind: Any) -> list[Any]:
    several = kind if isinstance(kind, tuple) else (kind,)
    return [any(str(dtype) == k if isinstance(k, Dtype) else str(dtype) in KINDS[k] for k in several)]


def kinds(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Every kind, every dtype as a kind, tuples of both."""
    for dtype in DTYPES:
        yield from (call(dtype, kind) for kind in KINDS)
        yield from (call(dtype, (a, b)) for a, b in itertools.combinations(KINDS, 2))
        yield from (call(dtype, other) for other in DTYPES)
        yield from (call(dtype, (other, "integral")) for other in DTYPES)
        yield from (
            call(dtype, t)
            for t in ((), ("bool",), ("signed integer", "unsigned integer", "bool"), (Dtype("int8"), Dtype("bool")))
        )


def result_type(*given: Any) -> list[Any]:
    names = [g.dtype.name if isinstance(g, np.ndarray) else str(g) for g in given if isinstance(g, np.ndarray | Dtype)]
    if not names:
        raise Undefined("scalars alone")
    name = promoted(*names)
    for scalar in (g for g in given if not isinstance(g, np.ndarray | Dtype)):
        name = scalar_dtype(name, scalar)
    return [name]


def promotions(draw: Draw, signature: Signature) -> Iterator[Call]:
    """One, two and three dtypes and arrays, scalars among them in any place."""
    yield from (call(d) for d in DTYPES)
    yield from (call(a, b) for a, b in itertools.product(DTYPES, DTYPES))
    for a, b, c in itertools.permutations(("int8", "uint8", "int32", "uint16"), 3):
        yield call(Dtype(a), Dtype(b), Dtype(c))
    for a, b, c in itertools.permutations(("float32", "complex64", "float64"), 3):
        yield call(Dtype(a), Dtype(b), Dtype(c))


def promotions_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for a, b in itertools.product(ALL, ALL):
        yield call(draw(a, 2), Dtype(b))
        yield call(draw(a), draw(b, 2, 2))
    scalars = [True, 1, -1, 0.5, 2j] if signature.takes("arrays_and_dtypes", "int") else []
    for d, scalar in itertools.product(ALL, scalars):
        yield call(Dtype(d), scalar)
        yield call(scalar, draw(d, 2))
        yield call(draw(d), scalar)
        yield call(draw(d), scalar, Dtype(d))


INFO_KINDS = [None, *KINDS, ("integral", "bool"), ("real floating", "complex floating"), ()]


def info_dtypes(*, kind: Any = None) -> list[Any]:
    several = kind if isinstance(kind, tuple) else (kind,)
    return [name for name in ALL if kind is None or any(name in KINDS[k] for k in several)]


subject("astype", astype, casts, parameters=conversions, dtypes=converted)
subject("can_cast", can_cast, casts, parameters=casts, dtypes=casts_arrays)
subject("finfo", finfo, casts, parameters=of_dtypes(*FLOATING), dtypes=of_arrays(*FLOATING), view=fields_of)
subject("iinfo", iinfo, casts, parameters=of_dtypes(*INTEGER), dtypes=of_arrays(*INTEGER), view=fields_of)
subject("isdtype", isdtype, casts, parameters=kinds, dtypes=no_calls)
subject("result_type", result_type, casts, parameters=promotions, dtypes=promotions_dtypes)
