"""What a special case permits: values of one component of a result, and how exactly each is stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name

from ..judging.bounds import EPS, FLOOR

__all__ = ["Alternative", "Component", "accepted", "conjugated", "described", "negated", "source", "taken"]


@dataclass(frozen=True)
class Component:
    """The permitted values of one component, one for each element.

    `signed`: the sign is stated. `rounded`: within the function's ulps, and not exactly. `only`: "sign" where nothing
    but the sign is stated, "sign unless nan", "signbit" of a NaN, "nan or value", or "open" where nothing is. `known`:
    the elements that are decided; `zero`: those where the sign of a zero is stated.
    """

    value: np.ndarray
    signed: bool = True
    rounded: bool = False
    only: str = ""
    known: Any = True
    zero: Any = True


Alternative = tuple[Component, ...]  # one component, or the real and the imaginary one


def negated(part: Component) -> Component:
    """The permitted values with the other sign; the sign bit of a NaN says nothing unless it is stated."""
    return replace(part, value=-part.value)


def conjugated(alternative: Alternative) -> Alternative:
    """The conjugates of permitted complex values."""
    return (alternative[0], negated(alternative[1]))


def taken(alternatives: Sequence[Alternative], at: Any) -> list[Alternative]:
    """The permitted values of some of the elements."""
    return [tuple(_taken(part, at) for part in each) for each in alternatives]


def _taken(part: Component, at: Any) -> Component:
    known, zero = (m[at] if isinstance(m, np.ndarray) and m.ndim else m for m in (part.known, part.zero))
    return replace(part, value=np.asarray(part.value)[at], known=known, zero=zero)


def _components(got: np.ndarray, count: int) -> list[np.ndarray]:
    """The real and the imaginary component, or one; a real result has the imaginary component +0."""
    return [got] if count == 1 else [np.real(got), np.imag(got)]


def accepted(alternatives: Sequence[Alternative], got: np.ndarray, ulps: float) -> np.ndarray:
    """The elements that agree with one of the alternatives; `ulps`: what a rounded value may be off."""
    mask = np.zeros(got.shape, bool)
    with np.errstate(all="ignore"):
        for each in alternatives:
            fits = np.ones(got.shape, bool)
            for part, found in zip(each, _components(got, len(each)), strict=True):
                fits &= _fits(part, found, ulps)
            mask |= fits
    return mask


def _fits(part: Component, got: np.ndarray, ulps: float) -> np.ndarray:
    """The elements whose component is permitted."""
    want = np.asarray(part.value)
    if part.only == "open":
        return np.ones(got.shape, bool)
    undecided = ~np.broadcast_to(part.known, got.shape)
    if got.dtype.kind != "f" or want.dtype.kind in "biu":
        return np.asarray(got == want) | undecided
    signs = np.signbit(got) == np.signbit(want)
    if part.only == "sign":
        return signs & ~np.isnan(got)
    if part.only == "sign unless nan":
        return signs | np.isnan(got)
    if part.only == "signbit":
        return signs & np.isnan(got)
    name = dtype_name(got.dtype)
    want = want.astype(np.longdouble) if part.rounded else want.astype(got.dtype)
    found, target = (got, want) if part.signed else (np.abs(got), np.abs(want))
    signs |= ~np.broadcast_to(part.zero, got.shape) | (not part.signed) | (got != 0)
    same = (found == target) & signs | (np.isnan(got) & np.isnan(want))
    small = np.isfinite(want) & (want != 0) & (np.abs(want) < FLOOR[name]) & (np.abs(got) < FLOOR[name])
    fits: np.ndarray = same | small | undecided
    if part.rounded:
        near = np.abs(found.astype(np.longdouble) - target) <= ulps * _ulp(target, name)
        fits |= near & np.isfinite(target) & (target != 0)
    return fits | np.isnan(got) if part.only == "nan or value" else fits


def _ulp(value: np.ndarray, dtype: str) -> np.ndarray:
    """One unit in the last place of the binade of each value."""
    return np.ldexp(np.longdouble(EPS[dtype]), np.frexp(np.abs(value))[1] - 1)


def described(alternatives: Sequence[Alternative]) -> str:
    """The permitted values of the first element, in words."""
    return " or ".join(dict.fromkeys(" and ".join(_texts(each)) for each in alternatives))


def _texts(each: Alternative) -> list[str]:
    names = [""] if len(each) == 1 else ["real part ", "imaginary part "]
    return [f"{name}{_text(part)}" for name, part in zip(names, each, strict=True)]


def _text(part: Component) -> str:
    value = np.ravel(part.value)[0]
    if part.only == "open":
        return "anything"
    if part.only in ("sign", "sign unless nan"):
        return f"{'negative' if np.signbit(value) else 'positive'}{', or NaN' if 'nan' in part.only else ''}"
    if part.only == "signbit":
        return f"NaN with the sign bit {int(np.signbit(value))}"
    if np.asarray(value).dtype.kind in "biu":
        return str(value)
    if np.isnan(value):
        return "NaN"
    text = "infinity" if np.isinf(value) else str(abs(value)) if not part.rounded else f"{float(abs(value)):.8g}"
    sign = "" if np.isfinite(value) and value != 0 and not np.signbit(value) else "-" if np.signbit(value) else "+"
    near = "about " if part.rounded and np.isfinite(value) and value != 0 else ""
    stated = part.signed and (value != 0 or np.all(part.zero))
    return f"{near}{sign if stated else '±'}{text}" + (" or NaN" if part.only == "nan or value" else "")


def source(alternatives: Sequence[Alternative], dtype: np.dtype, ulps: float) -> str:
    """Python source that is true of `got`, a scalar of NumPy, where it is permitted; for the first element."""
    found = []
    for each in alternatives:
        names = ["got"] if len(each) == 1 else ["got.real", "got.imag"]
        tests = [_source(p, name, dtype, ulps) for p, name in zip(each, names, strict=True)]
        found.append(" and ".join(t for t in tests if t) or "True")
    return " or ".join(dict.fromkeys(f"({text})" if len(alternatives) > 1 else text for text in found))


def _source(part: Component, name: str, dtype: np.dtype, ulps: float) -> str:
    value = np.ravel(part.value)[0]
    if part.only == "open":
        return ""
    if np.asarray(value).dtype.kind in "biu":
        return f"{name} == {value.item()}"
    sign = f"{'' if np.signbit(value) else 'not '}np.signbit({name})"
    if part.only in ("sign", "sign unless nan"):
        return f"not np.isnan({name}) and {sign}" if part.only == "sign" else f"(np.isnan({name}) or {sign})"
    if part.only == "signbit":
        return f"np.isnan({name}) and {sign}"
    if np.isnan(value):
        return f"np.isnan({name})"
    if value == 0:
        return f"{name} == 0" + (f" and {sign}" if part.signed and np.all(part.zero) else "")
    shown = "np.inf" if np.isinf(value) else repr(float(abs(value)))
    shown = shown if not np.signbit(value) or not part.signed else f"-{shown}"
    left = name if part.signed else f"abs({name})"
    if not part.rounded or np.isinf(value):
        text = f"{left} == {shown}"
    else:
        real = np.dtype(dtype.name.replace("complex128", "float64").replace("complex64", "float32")).name
        text = f"abs({left} - {shown}) <= {float(ulps * _ulp(np.longdouble(value), real)):.3g}"
    return f"({text} or np.isnan({name}))" if part.only == "nan or value" else text
