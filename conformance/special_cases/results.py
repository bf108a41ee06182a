"""Results of special cases, evaluated on operands: the values that a row permits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .conditions import Operands, UnknownTermError, term
from .permitted import Alternative, Component

__all__ = ["alternatives", "full", "loosely"]

# Rows whose zeros the text writes without a sign: "0 + 0j" for operands of either sign, where + joins the components.
UNSIGNED = ("sign/complex/01",)
_PI = re.compile(r"([+-]?)(\d*)pi(?:/(\d+))?")


def full(row: Mapping[str, Any]) -> bool:
    """Whether a row says the whole result, not only its sign or one of its components."""
    result = row["result"]
    return not (isinstance(result, dict) and set(result) & {"sign", "real", "imag"})


def alternatives(row: Mapping[str, Any], operands: Operands, count: int) -> list[Alternative]:
    """What a row permits for `count` elements; an UnknownTermError where a program cannot tell."""
    loose = row["result"].get("sign_unspecified", []) if isinstance(row["result"], dict) else []
    if row["id"] in UNSIGNED:
        loose = ["real", "imag"]
    with np.errstate(all="ignore"):
        found = [_alternative(r, operands, count, loose) for r in (row["result"], *row.get("also_allowed", ()))]
    if row.get("approximate"):
        found = [loosely(each) for each in found]
    return found


def loosely(each: Alternative) -> Alternative:
    """The same values within the function's ulps."""
    return tuple(Component(p.value, p.signed, True, p.only) for p in each)


def _alternative(result: Any, operands: Operands, count: int, loose: Any) -> Alternative:
    if isinstance(result, dict):
        if "complex" in result:
            parts = [
                _component(r, operands, count, name not in loose)
                for r, name in zip(result["complex"], ("real", "imag"), strict=True)
            ]
            return tuple(parts)
        if "cis" in result:
            return _cis(result["cis"], operands)
        if "computed" in result:
            return _computed(result["computed"], operands)
        for name, pair in (("real", (0, 1)), ("imag", (1, 0))):
            if name in result:
                parts = [_component(result[name], operands, count), Component(np.zeros(count), only="open")]
                return tuple(parts[i] for i in pair)
    return (_component(result, operands, count),)


def _component(result: Any, operands: Operands, count: int, signed: bool = True) -> Component:
    if isinstance(result, str):
        return _literal(result, count, signed)
    ((name, of),) = ((k, v) for k, v in result.items() if k not in ("unless",))
    if name == "sign":
        only = "sign unless nan" if result.get("unless") == "nan" else "sign"
        return Component(np.full(count, 1.0 if of == "positive" else -1.0), only=only)
    if name == "nan_with_signbit":
        return Component(np.full(count, np.copysign(np.nan, -1.0 if of else 1.0)), only="signbit")
    if name == "signed_inf":
        negative = np.signbit(operands["x1_i"]) ^ np.signbit(operands["x2_i"])
        return Component(np.where(negative, -np.inf, np.inf))
    if name in ("all_of", "any_of"):
        x1, x2 = operands["x1_i"], operands["x2_i"]
        same = (np.real(x1) == np.real(x2)) & (np.imag(x1) == np.imag(x2))
        return Component(same if name == "all_of" else ~same)
    if name == "element_truth":
        return _literal(of, count, True)
    if name not in _FUNCTIONS:
        raise UnknownTermError(name)
    x = term(of, operands)
    found = np.broadcast_to(_FUNCTIONS[name](x), (count,))
    if name in ("round_of", "nearest_even_integer"):  # the text gives zeros their sign only where x is a zero itself
        return Component(found, zero=np.broadcast_to(x == 0, (count,)))
    return Component(found, signed)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "same_as": lambda x: x,
    "abs_of": np.abs,
    "negated_abs_of": lambda x: -np.abs(x),
    "negation_of": lambda x: -x,
    "trunc_of": np.trunc,
    "round_of": np.rint,
    "nearest_even_integer": np.rint,
    "count": lambda x: np.asarray(np.shape(x)[-1]),
    "index": lambda x: x,
}


def _literal(text: str, count: int, signed: bool) -> Component:
    """A literal: its sign is stated by a sign, or by being a number other than zero or infinity."""
    if text in ("true", "false"):
        return Component(np.full(count, text == "true"))
    if match := _PI.fullmatch(text):
        sign, times, by = match.groups()
        value = np.longdouble(np.pi) + np.longdouble(1.2246467991473532e-16)  # pi to more digits than float64 has
        value = value * int(times or 1) / int(by or 1) * (-1 if sign == "-" else 1)
        return Component(np.full(count, value), signed, True)
    value = math.nan if text == "nan" else float(text)
    stated = text[0] in "+-" or text[0] not in "0i"
    return Component(np.full(count, value), signed and stated)


def _cis(of: Mapping[str, Any], operands: Operands) -> Alternative:
    """scale * (cos(angle) + i sin(angle)) + plus."""
    scale, angle = float(of["scale"]), term(of["angle"], operands).astype(np.longdouble)
    real, imag = scale * np.cos(angle), scale * np.sin(angle)
    real = real + of["plus"] if "plus" in of else real  # -0 + 0 would be +0
    return (Component(real, rounded=True), Component(imag, rounded=True))


def _computed(text: str, operands: Operands) -> Alternative:
    """The result of arithmetic, correctly rounded as NumPy's own is; open where two readings differ."""
    if text == "x_i / abs(x_i)":
        x = operands["x_i"].astype(np.clongdouble)
        value = x / np.abs(x)
        known = np.isfinite(x)  # division by an infinite modulus is left to the implementation
        parts = [Component(v, rounded=True, known=known, zero=False) for v in (value.real, value.imag)]
        return tuple(parts)
    x1, x2 = operands["x1_i"], operands["x2_i"]
    if text in _ARITHMETIC:
        return (Component(_ARITHMETIC[text](x1, x2)),)
    if text == "floor(x1_i / x2_i)":
        return (_either(np.floor_divide(x1, x2), np.floor(x1 / x2)),)
    if text == "x1_i % x2_i (Python)":
        found = np.fmod(x1, x2)
        turned = np.where((found != 0) & (np.signbit(found) != np.signbit(x2)), found + x2, found)
        turned = np.where(turned == 0, np.copysign(0.0, x2), turned).astype(x1.dtype)
        return (_either(turned, x1 - np.floor(x1 / x2) * x2),)
    raise UnknownTermError(text)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "x1_i + x2_i": np.add,
    "x1_i * x2_i": np.multiply,
    "x1_i / x2_i": np.divide,
}


def _either(value: np.ndarray, other: np.ndarray) -> Component:
    """The value where two readings of the text agree; where rounding sets them apart, neither is checked."""
    return Component(value, known=value == other)
