"""Rows about shapes, dtypes, axes, options and errors: for each, calls for which its condition holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..case import Call, Case, call, parts
from .deciding import Row, Ruling, rows_of
from .permitted import Component
from .probe import Probe

__all__ = ["general"]

X = np.arange(12.0).reshape(3, 4)
SQUARE = np.array([[1.0, 2.0], [0.0, 1.0]])
ROWS = np.array([[1.0, -2.0, 3.0, -4.0], [0.5, 0.25, -8.0, 1.0], [2.0, 2.0, 2.0, 2.0]])
MATRICES = np.array([[[1.0, -2.0, 3.0], [4.0, 5.0, -7.0]], [[2.0, 0.0, 0.0], [0.0, -3.0, 1.0]]])


def _beyond(function: str) -> list[Call]:
    """Calls with an axis beyond both ends, also where the function adds an axis or takes several."""
    made: dict[str, Callable[[int], Call]] = {
        "concat": lambda k: call([X, X], axis=k),
        "stack": lambda k: call([X, X], axis=k),
        "moveaxis": lambda k: call(X, k, 0),
        "permute_dims": lambda k: call(X, (0, k)),
        "repeat": lambda k: call(X, 2, axis=k),
        "roll": lambda k: call(X, 1, axis=k),
        "take_along_axis": lambda k: call(X, np.zeros((3, 4), np.int64), axis=k),
        "tensordot": lambda k: call(X, X, axes=((k,), (0,))),
        "squeeze": lambda k: call(X[None], k),
    }
    return [made.get(function, lambda k: call(X, axis=k))(k) for k in (5, -6)]


def _transforms(name: str) -> dict[int, list[Call]]:
    """A Fourier transform with more, fewer and as many elements as the axis has, and with each norm."""
    short = name.removeprefix("fft.")
    pairs = np.array([1.0, -2.0, 0.5, 3.0, 1.5])
    x = pairs if short in ("rfft", "ihfft", "rfftn") else pairs + 1j * pairs[::-1]
    if short.endswith("n"):
        x = np.stack([x, x[::-1], 2 * x])
        real = short == "irfftn"
        sizes: list[Any] = [(4, 9), (2, 4), (3, 8 if real else 5)]
        if not real:
            sizes.append((-1, -1))
        options = [{"s": s, "axes": (0, 1)} for s in sizes]
    else:
        half = short in ("irfft", "hfft")
        options = [{"n": n} for n in ((12, 4, 8) if half else (8, 3, 5))]
    found = {k + 1: [call(x, **o)] for k, o in enumerate(options[:3])}
    found[3] = [*(call(x, **o) for o in options[3:]), *found[3]]
    return found | {k: [call(x, norm=norm)] for k, norm in ((4, "backward"), (5, "ortho"), (6, "forward"))}


_RAISING: dict[str, list[Call]] = {
    "broadcast_to/general/01": [call(X, (4, 3)), call(X, (4,))],
    "nonzero/general/01": [call(np.asarray(2.0))],
}

# dtypes by category: the namespace's default ones, or one by name
_TYPED: dict[str, list[Call]] = {
    "full/general/01": [call((2,), 3)],
    "full/general/02": [call((2,), 3.0)],
    "full/general/03": [call((2,), 3j)],
    "full/general/04": [call((2,), True)],
    "asarray/general/02": [call([True, False])],
    "asarray/general/03": [call([1, 2]), call([True, 2])],
    "asarray/general/04": [call([1j, 2.0]), call([1, 2j])],
    "asarray/general/05": [call([1, 2.5]), call([True, 2.5])],
    "linspace/general/01": [call(0j, 2.0, 3), call(0.0, 2j, 3)],
    "where/general/01": [
        call(np.array([True, False]), np.array([1.0, 2.0], "float32"), 0.5),
        call(np.array([True, False]), 1, np.array([1, 2], "int8")),
    ],
}

_SHAPED: dict[str, list[tuple[Call, tuple[int, ...]]]] = {
    "broadcast_shapes/general/02": [(call(), ())],
    "arange/general/02": [(call(0, 10, 3), (4,)), (call(10, 0, -4), (3,)), (call(2, 8, 3), (2,))],
    "arange/general/03": [(call(0, 10, -1), (0,)), (call(5, 0, 1), (0,))],
    "cumulative_prod/general/03": [(call(X, axis=1, include_initial=True), (3, 5))],
    "cumulative_sum/general/03": [(call(X, axis=0, include_initial=True), (4, 4))],
    "diff/general/01": [
        (call(X, axis=0, n=2), (1, 4)),
        (call(X, axis=1, n=3, prepend=X[:, :2], append=X[:, :1]), (3, 4)),
    ],
    "matmul/general/03": [(call(X[0], X[1]), ())],
}

_PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "tensordot/general/02": lambda x, y: np.tensordot(x, y, 0),
    "tensordot/general/03": lambda x, y: np.tensordot(x, y, 1),
    "tensordot/general/04": lambda x, y: np.tensordot(x, y, 2),
}


def _norms(of: Callable[[Any], Any], x: np.ndarray, order: Any) -> tuple[Call, np.ndarray]:
    return call(x, ord=order), np.asarray(of(np.abs(x).astype(np.longdouble)))


def _singular(x: Any) -> Any:
    return np.linalg.svd(MATRICES, compute_uv=False)


def _vector_norms() -> dict[int, list[tuple[Call, np.ndarray]]]:
    def power(p: float) -> Callable[[Any], Any]:
        return lambda x: np.sum(x**p, axis=-1) ** (1 / np.longdouble(p))

    formulas: list[tuple[int, Any, Callable[[Any], Any]]] = [
        (1, 1, lambda x: np.sum(x, axis=-1)),
        (2, 2, lambda x: np.sqrt(np.sum(x**2, axis=-1))),
        (3, np.inf, lambda x: np.max(x, axis=-1)),
        (4, 3, power(3)),
        (4, 1.5, power(1.5)),
        (5, 0, lambda x: np.sum(x != 0, axis=-1)),
        (6, -1, lambda x: 1 / np.sum(1 / x, axis=-1)),
        (7, -2, lambda x: 1 / np.sqrt(np.sum(1 / x**2, axis=-1))),
        (8, -np.inf, lambda x: np.min(x, axis=-1)),
        (9, 0.5, power(0.5)),
        (9, -3, power(-3)),
    ]
    found: dict[int, list[tuple[Call, np.ndarray]]] = {}
    for number, order, of in formulas:
        made, want = _norms(of, ROWS, order)
        made.kwargs["axis"] = 1
        found.setdefault(number, []).append((made, want))
    return found


def _matrix_norms() -> dict[int, list[tuple[Call, np.ndarray]]]:
    formulas: list[tuple[int, Any, Callable[[Any], Any]]] = [
        (1, "fro", lambda x: np.sqrt(np.sum(x**2, axis=(-2, -1)))),
        (2, "nuc", lambda x: np.sum(_singular(x), axis=-1)),
        (3, 1, lambda x: np.max(np.sum(x, axis=-2), axis=-1)),
        (4, 2, lambda x: np.max(_singular(x), axis=-1)),
        (5, np.inf, lambda x: np.max(np.sum(x, axis=-1), axis=-1)),
        (6, -1, lambda x: np.min(np.sum(x, axis=-2), axis=-1)),
        (7, -2, lambda x: np.min(_singular(x), axis=-1)),
        (8, -np.inf, lambda x: np.min(np.sum(x, axis=-1), axis=-1)),
    ]
    return {number: [_norms(of, MATRICES, order)] for number, order, of in formulas}


def _valued(function: str) -> dict[str, list[tuple[Call, np.ndarray]]]:
    """Calls with the values that rows state."""
    if function == "clip":
        return {"clip/general/01": [(call(X), X)]}
    if function == "linalg.matrix_power":
        inverse = np.linalg.inv(SQUARE)
        return {
            "linalg.matrix_power/general/01": [(call(SQUARE, 0), np.eye(2))],
            "linalg.matrix_power/general/02": [
                (call(SQUARE, -1), inverse),
                (call(SQUARE, -3), inverse @ inverse @ inverse),
            ],
        }
    if function in ("tensordot", "matmul"):
        turned = X + 1j * X[::-1]
        plain: Callable[..., Any] = np.matmul if function == "matmul" else np.tensordot
        options: dict[str, Any] = {} if function == "matmul" else {"axes": 1}
        found = {f"{function}/complex/01": [(call(turned, turned.T, **options), plain(turned, turned.T, **options))]}
        for name, of in _PRODUCTS.items() if function == "tensordot" else ():
            x, y = {"02": (X[0], X[1]), "03": (X, X.T), "04": (X, X)}[name[-2:]]
            found[name] = [(call(x, y, axes=int(name[-1]) - 2), of(x, y))]
        return found
    norms = {"linalg.vector_norm": _vector_norms, "linalg.matrix_norm": _matrix_norms}.get(function)
    return {f"{function}/general/{number:02}": made for number, made in norms().items()} if norms else {}


def general(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """The calls for a function's rows of this sort."""
    rows = {row["id"]: row for kind in ("general", "complex") for row in rows_of(function, kind, revision)}
    valued = _valued(function)
    for id_, row in rows.items():
        if isinstance(row["result"], dict) and row["result"].get("raises") and _outside(row):
            yield from (_made(case, made, row, raises="Exception") for made in _beyond(function))
        for made in _RAISING.get(id_, ()):
            yield _made(case, made, row, raises=row["result"]["raises"])
        for made in _TYPED.get(id_, ()):
            wanted = row["result"]["dtype"]
            named = next((p.dtype.name for p in _arrays(made) if p.dtype != np.bool_), "")
            yield _made(case, made, row, result_dtype=named if "mixing" in wanted else wanted)
        for made, shape in _SHAPED.get(id_, ()):
            yield from (_made(case, each, row, shape=shape) for each in _typed(made))
        for made, want in valued.get(id_, ()):
            yield from (_equal(case, each, row, want) for each in _typed(made))
        if function.startswith("fft."):
            for made in _transforms(function).get(int(id_[-2:]), ()):
                yield from (_made(case, each, row, reference=True) for each in _typed(made))


def _arrays(made: Call) -> list[np.ndarray]:
    """The arrays of a call, which are literal ones here."""
    return [part for part in parts(made) if isinstance(part, np.ndarray)]


def _outside(row: Row) -> bool:
    return any(isinstance(c.get("is"), dict) and "outside" in c["is"] and c["of"] == "axis" for c in row["condition"])


def _typed(made: Call) -> Iterator[Call]:
    """The call in each precision."""
    arrays = _arrays(made)
    for f, c in (("float32", "complex64"), ("float64", "complex128")) if arrays else (("", ""),):
        yield _with(made, iter([a.astype({"f": f, "c": c}.get(a.dtype.kind, a.dtype.name)) for a in arrays]))


def _with(value: Any, arrays: Iterator[np.ndarray]) -> Any:
    if isinstance(value, Call):
        return Call(_with(value.args, arrays), {k: _with(v, arrays) for k, v in value.kwargs.items()})
    if isinstance(value, np.ndarray):
        return next(arrays)
    return type(value)([_with(v, arrays) for v in value]) if isinstance(value, tuple | list) else value


def _made(case: Case, made: Call, row: Row, **demand: Any) -> Probe:
    if demand.get("raises"):
        made = next(_typed(made))
    values = _arrays(made)
    floats = [v.dtype.name for v in values if v.dtype.kind in "fc"]
    return Probe(case, made, values, floats[0] if floats else "float32", row=row, **demand)


def _equal(case: Case, made: Call, row: Row, want: np.ndarray) -> Probe:
    """A call whose values are stated, within the rounding of a short computation."""
    flat = np.ravel(want)
    components = [Component(part(flat), rounded=True, zero=False) for part in (np.real, np.imag)]
    alternative = tuple(components if np.iscomplexobj(flat) else components[:1])
    values = _arrays(made)
    ruling = Ruling((row,), np.arange(flat.size), {}, [alternative])
    return Probe(case, made, values, values[0].dtype.name, rulings=[ruling])
