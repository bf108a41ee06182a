"""Symmetries that a function's results have for every operand: f(conj(x)) is conj(f(x)), f(-x) is -f(x)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .deciding import Arrays, Row, Ruling, rows_of
from .permitted import Component

__all__ = ["Mirror", "mirrored", "mirrors"]


class Mirror(NamedTuple):
    """Elements, and those whose operands mirror theirs; `result` mirrors a result."""

    row: Row
    at: np.ndarray
    other: np.ndarray
    operands: Arrays
    result: Callable[[Any], Any]


def _swapped(x: Arrays) -> Arrays:
    return {"x1_i": x["x2_i"], "x2_i": x["x1_i"]}


# rule: how operands are mirrored, and how the result is
_MIRRORS: dict[str, list[tuple[Callable[[Arrays], Arrays], Callable[[Any], Any]]]] = {
    "conjugate": [(lambda x: {"x_i": np.conj(x["x_i"])}, np.conj)],
    "odd": [(lambda x: {"x_i": -x["x_i"]}, np.negative)],
    "even": [(lambda x: {"x_i": -x["x_i"]}, np.positive)],
    "symmetric": [
        (_swapped, np.positive),
        (lambda x: {"x1_i": x["x1_i"], "x2_i": -x["x2_i"]}, np.positive),
        (lambda x: {"x1_i": -x["x1_i"], "x2_i": x["x2_i"]}, np.positive),
    ],
}


def _keys(x: Arrays) -> list[bytes]:
    """The operands of each element as bytes."""
    columns = [part for v in x.values() for part in ((v.real, v.imag) if v.dtype.kind == "c" else (v,))]
    return [row.tobytes() for row in np.ascontiguousarray(np.stack(columns, axis=-1))]


def mirrors(function: str, kind: str, x: Arrays, rulings: list[Ruling], revision: str) -> list[Mirror]:
    """The pairs of elements that no other row decides; not those with NaN, whose sign means nothing."""
    rows = [row for row in rows_of(function, kind, revision) if row.get("rule") in _MIRRORS]
    if not rows:
        return []
    free = ~np.any([np.isnan(v) for v in x.values()], axis=0)
    free[[int(at) for ruling in rulings for at in ruling.at]] = False
    place = {key: i for i, key in enumerate(_keys(x)) if free[i]}
    found = []
    for row in rows:
        for operands, result in _MIRRORS[row["rule"]]:
            others = [place.get(key, i) for i, key in enumerate(_keys(operands(x)))]
            pairs = [(i, j) for i, j in enumerate(others) if free[i] and i != j]
            if pairs:
                at, other = np.array(pairs).T
                found.append(Mirror(row, at, other, {name: v[other] for name, v in x.items()}, result))
    return found


def mirrored(mirror: Mirror, got: np.ndarray) -> Ruling:
    """What the results of elements permit for those that mirror them, zeros of either sign alike."""
    want = mirror.result(got[mirror.at])
    parts = (want.real, want.imag) if want.dtype.kind == "c" else (want,)
    alternative = tuple(Component(p, rounded=True, zero=False) for p in parts)
    return Ruling((mirror.row,), mirror.other, mirror.operands, [alternative])
