"""Python values as source text: literals that the printer makes itself, and comments that stay comments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["comment", "literal"]

DECIMAL_BITS = 13000  # Python refuses to print an int of more than 4300 decimal digits, 14284 bits


def literal(value: Any) -> str:
    """A number, string or None as Python writes it, whatever its class makes of `repr`; TypeError for the rest."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is Ellipsis:
        return str(value)
    if isinstance(value, (bool, int)):
        return _integer(value)
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, complex):
        z = complex.__neg__(complex.__neg__(value))
        return f"complex({_real(z.real)}, {_real(z.imag)})"
    if isinstance(value, str):
        return ascii(str.__str__(value))
    raise TypeError(f"codegen: a value of type {type(value).__name__} has no literal")


def _integer(value: int) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    number = int.__add__(value, 0)  # methods of int itself: a subclass may have its own
    return hex(number) if number.bit_length() > DECIMAL_BITS else int.__repr__(number)


def _real(value: float) -> str:
    number = float.__neg__(float.__neg__(value))  # the sign of zero stays
    if math.isfinite(number):
        return float.__repr__(number)
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"


def comment(text: str) -> str:
    """Text within a comment: on one line, and in characters that any file can hold."""
    plain = str.__str__(text)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in plain)
