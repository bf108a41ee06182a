"""Which row decides an element: the first listed one that applies, or a rule that leads elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..data import special_cases
from . import results
from .conditions import UnknownTermError, holds
from .permitted import Alternative, Component, conjugated, negated, taken

__all__ = ["Arrays", "Row", "Ruling", "binding", "decided", "rows_of"]

Row = Mapping[str, Any]
Arrays = dict[str, np.ndarray]


class Ruling(NamedTuple):
    """The elements of a result that rows decide, and what they permit there.

    `rows`: the row, after it the one that it leads to. `operands`: the operands of these elements.
    """

    rows: tuple[Row, ...]
    at: np.ndarray
    operands: Arrays
    alternatives: list[Alternative]


@functools.cache
def _by_function(revision: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in special_cases(revision):
        found.setdefault(row["function"], []).append(row)
    return found


def rows_of(function: str, kind: str, revision: str) -> list[Row]:
    """The rows of a function that hold for operands of a kind, in the order of the text."""
    rows = _by_function(revision).get(function, [])
    return [row for row in rows if row["kind"] == kind or kind in row.get("also_kinds", ())]


def binding(row: Row) -> bool:
    """Whether a result that the row does not permit is wrong.

    An optional row binds only where it closes the set of results: a sign that is not stated, or the results allowed
    beside the one listed. What a row says with 'should' or 'may', or leaves to the implementation, does not.
    """
    if not row["optional"]:
        return True
    result = row["result"]
    closed = "also_allowed" in row or result in ("0", "inf")
    return closed or (isinstance(result, dict) and "sign_unspecified" in result)


def _undecided(function: str, kind: str, x: Arrays) -> Any:
    """Elements for which the text contradicts itself or has a gap; they are not checked."""
    if (function, kind) == ("sqrt", "complex"):
        # NaN with an infinite imaginary part: two rows match, and they contradict each other for one of its signs
        return np.isnan(x["x_i"].real) & np.isinf(x["x_i"].imag)
    if (function, kind) == ("not_equal", "real"):
        # an infinity and a finite number: no listed row, and the remaining ones are said to be equal
        return np.isinf(x["x1_i"]) ^ np.isinf(x["x2_i"])
    return False


def decided(function: str, kind: str, x: Arrays, revision: str) -> list[Ruling]:
    """What the rows of a function permit for the elements of `x`; elements without a ruling are not decided."""
    rows = rows_of(function, kind, revision)
    count = len(next(iter(x.values())))
    free = np.broadcast_to(~np.asarray(_undecided(function, kind, x)), (count,)).copy()
    found = _listed(rows, x, free)
    for turn in _turns(rows):
        found += [_turned(ruling, turn) for ruling in _listed(rows, turn.operands(x), free)]
    for row in rows:
        through = _THROUGH.get(row.get("rule", ""))
        for ruling in through(row, x, kind, revision) if through and binding(row) else ():
            kept = np.flatnonzero(free[ruling.at])
            if kept.size:
                found.append(_some(ruling, kept)._replace(rows=(row, *ruling.rows)))
    return [ruling for ruling in found if all(map(binding, ruling.rows))]


def _some(ruling: Ruling, kept: np.ndarray) -> Ruling:
    operands = {name: x[kept] for name, x in ruling.operands.items()}
    return ruling._replace(at=ruling.at[kept], operands=operands, alternatives=taken(ruling.alternatives, kept))


def _listed(rows: list[Row], x: Arrays, free: np.ndarray) -> list[Ruling]:
    """The rulings of rows with a condition, the first one that applies deciding; `free` loses what they decide.

    A row that states a sign or one component alone leaves the rest to later rows, and the remaining cases are those
    that no row decides wholly.
    """
    found: list[Ruling] = []
    listed = [row for row in rows if row["condition"] and row.get("rule", "ties") in ("ties", "truth_value")]
    for row in sorted(listed, key=lambda row: {"remaining": True} in row["condition"]):
        try:
            mask = np.broadcast_to(holds(row["condition"], x), free.shape) & free
            at = np.flatnonzero(mask)
            if not at.size:
                continue
            operands = {name: values[at] for name, values in x.items()}
            if results.full(row):
                free[at] = False
            if binding(row):
                found.append(Ruling((row,), at, operands, _permitted(row, operands, at.size)))
        except UnknownTermError:
            continue  # `registry.reasons` tells why
    return found


def _permitted(row: Row, operands: Arrays, count: int) -> list[Alternative]:
    expression = row["result"].get("expression") if isinstance(row["result"], dict) else None
    if expression is not None:
        return [(_VALUES[expression](operands),)]
    return results.alternatives(row, operands, count)


# ---- rules that lead to another element of the same function
class _Turn(NamedTuple):
    row: Row
    operand: Callable[[np.ndarray], np.ndarray]
    result: Callable[[Alternative], Alternative]

    def operands(self, x: Arrays) -> Arrays:
        return {"x_i": self.operand(x["x_i"])}


def _minus(each: Alternative) -> Alternative:
    return tuple(map(negated, each))


def _turns(rows: list[Row]) -> list[_Turn]:
    """The symmetries of a function: conjugation, the other sign, and both."""
    by = {row["rule"]: row for row in rows if row.get("rule") in ("conjugate", "odd", "even")}
    found = []
    if "conjugate" in by:
        found.append(_Turn(by["conjugate"], np.conj, conjugated))
    parity = by.get("odd", by.get("even"))
    if parity is not None:
        turned = _minus if "odd" in by else tuple
        found.append(_Turn(parity, np.negative, turned))
        if "conjugate" in by:
            found.append(_Turn(parity, lambda x: np.conj(-x), lambda each: conjugated(turned(each))))
    return found


def _turned(ruling: Ruling, turn: _Turn) -> Ruling:
    operands = turn.operands(ruling.operands)
    return Ruling((turn.row, *ruling.rows), ruling.at, operands, [turn.result(a) for a in ruling.alternatives])


# ---- rules that lead to another function
def _complex(real: Any, imag: Any) -> np.ndarray:
    """A complex array with these parts; arithmetic with 1j would spoil infinities and zeros."""
    found = np.empty(np.shape(real), np.result_type(real, np.complex64))
    found.real, found.imag = real, imag
    return found


def _times_i(x: np.ndarray) -> np.ndarray:
    return _complex(-x.imag, x.real)


def _over_i(each: Alternative) -> Alternative:
    """-1j times permitted values."""
    return (each[1], negated(each[0]))


def _scaled(by: float) -> Callable[[Alternative], Alternative]:
    """Values over a positive number; a complex division spoils a component beside an infinity or NaN."""

    def scale(each: Alternative) -> Alternative:
        wide = [np.asarray(p.value, np.longdouble) for p in each]
        spoils = [not np.all(np.isfinite(v)) for v in reversed(wide)]
        return tuple(
            Component(v / by, p.signed, True, "nan or value" if spoilt else "", p.known)
            for v, p, spoilt in zip(wide, each, spoils, strict=True)
        )

    return scale


def _same(each: Alternative) -> Alternative:
    return each


# expression: the function that it leads to, its operands, the permitted values in terms of that function's
_AS_IF: dict[str, tuple[str, Callable[[Arrays], Arrays], Callable[[Alternative], Alternative]]] = {
    **{
        f"-1j * {name}(x*1j)": (name, lambda x: {"x_i": _times_i(x["x_i"])}, _over_i)
        for name in ("sinh", "tanh", "asinh", "atanh")
    },
    "cosh(x*1j)": ("cosh", lambda x: {"x_i": _times_i(x["x_i"])}, _same),
    "log(x) / log(2)": ("log", dict, _scaled(np.log(2.0))),
    "log(x) / log(10)": ("log", dict, _scaled(np.log(10.0))),
    "x * x": ("multiply", lambda x: {"x1_i": x["x_i"], "x2_i": x["x_i"]}, _same),
    "1.0 / x": ("divide", lambda x: {"x1_i": np.ones_like(x["x_i"]), "x2_i": x["x_i"]}, _same),
    "x1 + (-x2)": ("add", lambda x: {"x1_i": x["x1_i"], "x2_i": -x["x2_i"]}, _same),
    "x1_i + (-x2_i)": ("add", lambda x: {"x1_i": x["x1_i"], "x2_i": -x["x2_i"]}, _same),
}


def _as_if(row: Row, x: Arrays, kind: str, revision: str) -> list[Ruling]:
    """The rulings of the function that an expression ends in."""
    expression = row["result"]["expression"]
    if expression in _VALUES:
        component = _VALUES[expression](x)
        at = np.flatnonzero(np.broadcast_to(component.known, np.shape(component.value)))
        operands = {name: values[at] for name, values in x.items()}
        return [Ruling((), at, operands, taken([(component,)], at))]
    function, operands_of, result = _AS_IF[expression]
    through = decided(function, kind, operands_of(x), revision)
    return [
        ruling._replace(
            operands={name: values[ruling.at] for name, values in x.items()},
            alternatives=[result(each) for each in ruling.alternatives],
        )
        for ruling in through
    ]


def _clipped(x: Arrays) -> Component:
    low, high = x["min_i"], x["max_i"]
    found = np.maximum(np.minimum(x["x_i"], high), low)
    # zeros of different signs are equal; where the bounds cross, the result is left to the implementation
    return Component(found, zero=False, known=~(low > high))


def _shifted(x: Arrays) -> Component:
    kind = x["x1_i"].dtype
    by = np.minimum(np.maximum(x["x2_i"], 0), np.asarray(kind.itemsize * 8 - 1, x["x2_i"].dtype))
    left = np.zeros_like(x["x1_i"]) if kind.kind == "u" else -(x["x1_i"] < 0).astype(kind)  # shifted by all of its bits
    return Component(np.where(x["x2_i"] > by, left, x["x1_i"] >> by), known=x["x2_i"] >= 0)


_VALUES: dict[str, Callable[[Arrays], Component]] = {
    "maximum(minimum(x, max), min)": _clipped,
    "x1[i-1] < v <= x1[i]": lambda x: Component(np.sum(x["x1"] < x["x2_i"][:, None], axis=-1)),
    "x1[i-1] <= v < x1[i]": lambda x: Component(np.sum(x["x1"] <= x["x2_i"][:, None], axis=-1)),
    "floor(x1_i / 2**x2_i)": _shifted,
    "bool(real(x_i)) or bool(imag(x_i))": lambda x: Component((x["x_i"].real != 0) | (x["x_i"].imag != 0)),
}


def _same_as(row: Row, x: Arrays, kind: str, revision: str) -> list[Ruling]:
    """The rulings of the function that an operator stands for."""
    return decided(row["result"]["function"], kind, x, revision)


def _per_component(row: Row, x: Arrays, kind: str, revision: str) -> list[Ruling]:
    """Sums of complex numbers: the real rows hold for each component, where they decide both."""
    if row["result"]["function"] != "add":
        return []  # a product adds products of components, of which the text does not say which zero or NaN they give
    sums = [decided("add", "real", {name: part(v) for name, v in x.items()}, revision) for part in (np.real, np.imag)]
    values = np.zeros((2, len(x["x1_i"])), x["x1_i"].real.dtype)
    which = np.full(values.shape, -1)
    for i, rulings in enumerate(sums):
        for k, ruling in enumerate(rulings):
            values[i, ruling.at], which[i, ruling.at] = ruling.alternatives[0][0].value, k
    found = []
    for first, second in np.unique(which, axis=1).T:
        at = np.flatnonzero((which[0] == first) & (which[1] == second))
        if first >= 0 and second >= 0:
            operands = {name: v[at] for name, v in x.items()}
            rows = (sums[0][first].rows[0], sums[1][second].rows[0])
            found.append(Ruling(rows, at, operands, [tuple(Component(v[at]) for v in values)]))
    return found


def _part_by_part(row: Row, x: Arrays, kind: str, revision: str) -> list[Ruling]:
    """A result whose components are functions of the operand's components."""
    if "complex" not in row["result"]:
        return []  # the tables of sums, products and quotients speak of imaginary numbers, which no dtype holds
    count = len(next(iter(x.values())))
    return [Ruling((), np.arange(count), dict(x), results.alternatives(row, x, count))]


def _rounded(row: Row, x: Arrays, kind: str, revision: str) -> list[Ruling]:
    """Square roots are correctly rounded, as NumPy's are."""
    if "correctly_rounded" not in row["result"]:
        return []
    at = np.flatnonzero(np.isfinite(x["x_i"]) & (x["x_i"] > 0))
    operands = {"x_i": x["x_i"][at]}
    return [Ruling((), at, operands, [(Component(np.sqrt(operands["x_i"])),)])]


_THROUGH: dict[str, Callable[[Row, Arrays, str, str], list[Ruling]]] = {
    "as_if": _as_if,
    "same_as_function": _same_as,
    "real_rules_per_component": _per_component,
    "componentwise": _part_by_part,
    "accuracy": _rounded,
}
