"""Conditions of special cases, evaluated on operands: a mask of the elements for which each holds.

Operands are NumPy arrays of one length by name (x1_i), or, where a row speaks of the elements that a reduction sees,
arrays with these along the last axis (x); sizes and options are operands, too (N, axis, norm).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["NUMBERS", "Operands", "UnknownTermError", "holds", "term"]

Operands = Mapping[str, Any]


class UnknownTermError(ValueError):
    """A condition or result that a program cannot evaluate."""


NUMBERS = {"inf": np.inf, "-inf": -np.inf}

_OF: dict[str, Callable[[Any], Any]] = {
    "real": np.real,
    "imag": np.imag,
    "abs": np.abs,
    "signbit": lambda x: np.signbit(x).astype(int),
}


def term(of: Any, operands: Operands) -> Any:
    """The value of an operand, or of a part of one."""
    if isinstance(of, str):
        if of not in operands:
            raise UnknownTermError(of)
        return operands[of]
    ((name, inner),) = of.items()
    if name in _OF:
        return _OF[name](term(inner, operands))
    if name in ("element", "any_element", "all_elements", "count", "ndim", "type", "dtype_kind", "contracted_size"):
        return term(inner if name in ("element", "any_element", "all_elements") else f"{name} of {inner}", operands)
    if name == "count_minus":
        return term("count of elements reduced over", operands) - term(inner, operands)
    if name == "any_component":
        return np.stack([part(operands[x]) for x in inner for part in (np.real, np.imag)], axis=-1)
    raise UnknownTermError(name)


def _quantifier(of: Any) -> Callable[..., Any] | None:
    """np.any or np.all over the last axis, where the condition speaks of some or of all elements."""
    while isinstance(of, dict):
        ((name, of),) = of.items()
        if name in ("any_element", "any_component"):
            return np.any
        if name == "all_elements":
            return np.all
    return None


def holds(condition: Sequence[Mapping[str, Any]], operands: Operands) -> Any:
    """The elements for which every clause holds; {"remaining": true} is the caller's to decide."""
    mask: Any = True
    for clause in condition:
        if "remaining" in clause:
            continue
        found = _is(term(clause["of"], operands), clause["is"], operands)
        quantifier = _quantifier(clause["of"])
        mask = mask & (quantifier(found, axis=-1) if quantifier else found)
    return mask


def _whole(x: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return np.isfinite(x) & (np.floor(x) == x)


def _odd(x: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return _whole(x) & (np.fmod(x, 2.0) != 0)


def _subnormal(x: Any) -> Any:
    return (x != 0) & (np.abs(x) < np.finfo(np.asarray(x).dtype).smallest_normal)


def _least(x: Any) -> Any:
    kind = np.asarray(x).dtype
    return x == np.iinfo(kind).min if kind.kind == "i" else np.zeros(np.shape(x), bool)


_WORDS: dict[str, Callable[[Any], Any]] = {
    "nan": lambda x: np.isnan(x),
    "+inf": lambda x: x == np.inf,
    "-inf": lambda x: x == -np.inf,
    "inf": lambda x: np.isinf(x),
    "+0": lambda x: (x == 0) & ~np.signbit(x),
    "-0": lambda x: (x == 0) & np.signbit(x),
    "0": lambda x: x == 0,
    "finite": lambda x: np.isfinite(x),
    "not finite": lambda x: ~np.isfinite(x),
    "nonzero finite": lambda x: np.isfinite(x) & (x != 0),
    "positive finite nonzero": lambda x: np.isfinite(x) & (x > 0),
    "negative finite nonzero": lambda x: np.isfinite(x) & (x < 0),
    "not inf": lambda x: ~np.isinf(x),
    "not nan": lambda x: ~np.isnan(x),
    "any": lambda x: np.ones(np.shape(x), bool),
    "integer": lambda x: _whole(x),
    "not integer": lambda x: ~_whole(x) & np.isfinite(x),
    "odd integer": lambda x: _odd(x),
    "not odd integer": lambda x: ~_odd(x) & ~np.isnan(x),
    "nonzero": lambda x: (x != 0) & ~np.isnan(x),
    "halfway between integers": lambda x: np.isfinite(x) & (np.fmod(np.abs(x), 1.0) == 0.5),
    "subnormal": _subnormal,
    "true": lambda x: x == np.bool_(True),
    "false": lambda x: x == np.bool_(False),
    "min representable signed integer": _least,
}

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda x, k: x == k,
    "ne": lambda x, k: x != k,
    "lt": lambda x, k: x < k,
    "le": lambda x, k: x <= k,
    "gt": lambda x, k: x > k,
    "ge": lambda x, k: x >= k,
    "same_sign_as": lambda x, k: np.signbit(x) == np.signbit(k),
    "different_sign_from": lambda x, k: np.signbit(x) != np.signbit(k),
    "negation_of": lambda x, k: x == -k,
    "equal_to": lambda x, k: x == k,
    "not_equal_to": lambda x, k: x != k,
    "equal_to_any": lambda x, k: np.any(np.asarray(x)[..., None] == k, axis=-1),
    "lt_all": lambda x, k: np.all(np.asarray(x)[..., None] < k, axis=-1),
    "gt_all": lambda x, k: np.all(np.asarray(x)[..., None] > k, axis=-1),
}


def _is(x: Any, spec: Any, operands: Operands) -> Any:
    """Whether values are what a clause says."""
    if isinstance(spec, str):
        if np.asarray(x).dtype.kind == "U":
            return x == spec
        if spec not in _WORDS:
            raise UnknownTermError(spec)
        with np.errstate(invalid="ignore"):
            return _WORDS[spec](x)
    ((name, bound),) = spec.items()
    with np.errstate(invalid="ignore"):
        if name in _COMPARISONS:
            return _COMPARISONS[name](x, _bound(bound, operands))
        if name == "one_of":
            return any(x == _bound(b, operands) for b in bound)
        if name == "outside":
            low, high = (_bound(b, operands) for b in bound)
            return (x < low) | (x > high)
        if name == "nonzero component":
            return (np.real(x) != 0) | (np.imag(x) != 0)
        if name == "nan component":
            return np.isnan(np.real(x)) | np.isnan(np.imag(x))
    raise UnknownTermError(name)


def _bound(bound: Any, operands: Operands) -> Any:
    """What a clause compares with: an operand, a number or a word."""
    if isinstance(bound, dict):
        return term(bound, operands)
    if isinstance(bound, str):
        return operands[bound] if bound in operands else NUMBERS.get(bound, bound)
    return bound
