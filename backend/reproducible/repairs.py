"""Elementary functions of single numbers in decimal arithmetic: the judge of what float64 leaves open.

Each gives its exact value as high + low, two floats: 60 correct digits decide every case, since no value of these
functions at a float lies closer to a midpoint of two floats unless it is that midpoint. Those exact cases (roots,
powers, logarithms of powers) come out with low = 0. Arguments are finite and within the domain; results are no zeros.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache

__all__ = ["EXACT", "circle", "exact"]

DIGITS = 60
_CONTEXT = decimal.Context(prec=DIGITS, Emax=10**9, Emin=-(10**9), rounding=decimal.ROUND_HALF_EVEN)


def exact(name: str, *arguments: float) -> tuple[float, float]:
    """The value of a function as high + low."""
    with decimal.localcontext(_CONTEXT) as context:
        value = EXACT[name](*arguments)
        if isinstance(value, Decimal):
            return _split(value, context)
    high = _nearest(value)
    return (high, 0.0) if math.isinf(high) else (high, _nearest(value - Fraction(high)))


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _split(value: Decimal, context: decimal.Context) -> tuple[float, float]:
    context.prec = DIGITS + 20
    high = float(value)
    if math.isinf(high):
        return high, 0.0
    low = value - Decimal(high)
    if abs(low) < abs(value).scaleb(12 - DIGITS):
        return high, 0.0
    return high, float(low) or math.copysign(5e-324, low)


def _with(extra: int) -> decimal.Context:
    """The context with more digits, until the next one is set."""
    context = decimal.getcontext()
    context.prec = DIGITS + extra
    return context


def _digits_lost(x: float) -> int:
    """The decimal digits by which x is smaller than 1, at least 0: what a difference near 1 loses."""
    return max(-math.frexp(x)[1], 0) * 302 // 1000 + 1


@cache
def _pi(digits: int) -> Decimal:
    """pi to that many digits, by Machin's formula in integers."""
    unit = 10 ** (digits + 10)

    def arctangent(inverse: int) -> int:
        total = term = unit // inverse
        n, sign = 3, -1
        while term:
            term //= inverse * inverse
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    with decimal.localcontext(_CONTEXT) as context:
        context.prec = digits + 10
        return Decimal(4 * (4 * arctangent(5) - arctangent(239))).scaleb(-(digits + 10))


def _exp(x: float) -> Decimal:
    return Decimal(x).exp()


def _expm1(x: float) -> Decimal:
    _with(2 * _digits_lost(x) + 10)
    return Decimal(x).exp() - 1


def _log(x: float) -> Decimal:
    _with(40)
    return Decimal(x).ln()


def _log1p(x: float) -> Decimal:
    _with(2 * _digits_lost(x) + 40)
    return (1 + Decimal(x)).ln()


def _log2(x: float) -> Decimal:
    mantissa, exponent = math.frexp(x)
    if mantissa == 0.5:
        return Decimal(exponent - 1)
    _with(40)
    return Decimal(x).ln() / Decimal(2).ln()


def _log10(x: float) -> Decimal:
    _with(40)
    return Decimal(x).log10()


def _reduced(x: float) -> tuple[Decimal, int]:
    """x minus the nearest multiple of pi/2, and the multiple modulo 4."""
    exponent = max(math.frexp(x)[1], 0)
    _with(exponent * 302 // 1000 + 60)
    quarter = _pi(decimal.getcontext().prec + 10) / 2
    count = (Decimal(x) / quarter).to_integral_value()
    rest = Decimal(x) - count * quarter
    _with(40)
    return +rest, int(count) % 4


def _series(x: Decimal, term: Decimal, first: int) -> Decimal:
    """The alternating sum of term, term x^2 / ((first) (first + 1)), ...."""
    total, square, n = term, x * x, first
    while True:
        term = -term * square / (n * (n + 1))
        if total + term == total:
            return total
        total += term
        n += 2


def _sine(x: Decimal) -> Decimal:
    return _series(x, x, 2) if x else x


def _cosine(x: Decimal) -> Decimal:
    return _series(x, Decimal(1), 1)


def _sin(x: float) -> Decimal:
    rest, quadrant = _reduced(x)
    value = _sine(rest) if quadrant % 2 == 0 else _cosine(rest)
    return -value if quadrant > 1 else value


def _cos(x: float) -> Decimal:
    rest, quadrant = _reduced(x)
    value = _cosine(rest) if quadrant % 2 == 0 else _sine(rest)
    return -value if quadrant in (1, 2) else value


def _tan(x: float) -> Decimal:
    rest, quadrant = _reduced(x)
    sine, cosine = _sine(rest), _cosine(rest)
    return sine / cosine if quadrant % 2 == 0 else -cosine / sine


def _arctangent(x: Decimal) -> Decimal:
    """atan of any Decimal: halved three times, then by its series."""
    for _ in range(3):
        x = x / (1 + (1 + x * x).sqrt())
    total = power = x
    square, n = x * x, 3
    while True:
        power = -power * square
        if total + power / n == total:
            return total * 8
        total += power / n
        n += 2


def circle(numerator: int, denominator: int) -> tuple[Decimal, Decimal]:
    """cos and sin of the angle 2 pi numerator / denominator."""
    with decimal.localcontext(_CONTEXT) as context:
        context.prec = DIGITS + 20
        eighths, left = divmod(8 * numerator, denominator)
        angle = _pi(DIGITS + 20) / 4 * left / denominator
        cosine, sine = _cosine(angle), _sine(angle)
        half = Decimal(2).sqrt() / 2
        for _ in range(eighths % 2):
            cosine, sine = (cosine - sine) * half, (cosine + sine) * half
        for _ in range(eighths // 2 % 4):
            cosine, sine = -sine, cosine
        return +cosine, +sine


def _atan(x: float) -> Decimal:
    _with(_digits_lost(x) + 40)
    return _arctangent(Decimal(x)) if x else Decimal(0)


def _asin(x: float) -> Decimal:
    if abs(x) == 1:
        return (_pi(DIGITS + 40) / 2).copy_sign(Decimal(x))
    _with(_digits_lost(x) + 80)
    d = Decimal(x)
    return _arctangent(d / ((1 - d) * (1 + d)).sqrt())


def _acos(x: float) -> Decimal:
    _with(80)
    d = Decimal(x)
    if d == -1:
        return +_pi(DIGITS + 80)
    return 2 * _arctangent(((1 - d) / (1 + d)).sqrt())


def _atan2(y: float, x: float) -> Decimal:
    _with(80)
    top, bottom = Decimal(y), Decimal(x)
    if bottom == 0:
        return (_pi(DIGITS + 80) / 2).copy_sign(top)
    value = _arctangent(top / bottom)
    return value if x > 0 else value + _pi(DIGITS + 80).copy_sign(top)


def _sinh(x: float) -> Decimal:
    _with(2 * _digits_lost(x) + 10)
    e = Decimal(x).exp()
    return (e - 1 / e) / 2


def _cosh(x: float) -> Decimal:
    _with(30)
    e = Decimal(x).exp()
    return (e + 1 / e) / 2


def _tanh(x: float) -> Decimal:
    _with(2 * _digits_lost(x) + 40)
    e = (2 * Decimal(x)).exp()
    return (e - 1) / (e + 1)


def _asinh(x: float) -> Decimal:
    _with(3 * _digits_lost(x) + 40)
    d = abs(Decimal(x))
    return (d + (d * d + 1).sqrt()).ln().copy_sign(Decimal(x))


def _acosh(x: float) -> Decimal:
    _with(100)
    d = Decimal(x)
    return (d + ((d - 1) * (d + 1)).sqrt()).ln()


def _atanh(x: float) -> Decimal:
    _with(2 * _digits_lost(x) + 60)
    d = Decimal(x)
    return ((1 + d) / (1 - d)).ln() / 2


def _hypot(x: float, y: float) -> Decimal | Fraction:
    square = Fraction(x) ** 2 + Fraction(y) ** 2
    root = _root(square)
    if root is not None:
        return root
    _with(700)  # the squares of two floats far apart have as many digits
    value = (Decimal(x) * Decimal(x) + Decimal(y) * Decimal(y)).sqrt()
    _with(40)
    return value


def _root(square: Fraction) -> Fraction | None:
    """The root where it is rational."""
    top, bottom = math.isqrt(square.numerator), math.isqrt(square.denominator)
    exact = top * top == square.numerator and bottom * bottom == square.denominator
    return Fraction(top, bottom) if exact else None


def _logaddexp(x: float, y: float) -> Decimal:
    """log(exp(x) + exp(y)); its digits cancel where the sum of the exponentials is near 1."""
    high, low = max(x, y), min(x, y)
    _with(110)
    top, gap = Decimal(high), Decimal(low) - Decimal(high)
    if gap > -200:
        value = top + (1 + gap.exp()).ln()
    elif top:  # exp(gap), which is below 1e-86, only moves top off a midpoint
        value = top + abs(top).scaleb(-86)
    else:
        value = gap.exp()
    _with(40)
    return value


def _pow(x: float, y: float) -> Decimal | Fraction:
    """x**y for x > 0, or for any x and an integer y."""
    negative = x < 0 and math.fmod(y, 2.0) != 0
    x = abs(x)
    if (found := _exact_power(x, y)) is not None:
        return -found if negative else found
    # one digit of the logarithm more for each of the exponent's, and the distance of x from 1
    _with(2 * max(math.frexp(y)[1], 0) * 302 // 1000 + 60)
    value = (Decimal(y) * Decimal(x).ln()).exp()
    return -value if negative else value


def _exact_power(x: float, y: float) -> Fraction | None:
    """x**y where it can be a float or lie halfway between two: 2**k, and small odd powers and roots."""
    top, bottom = x.as_integer_ratio()
    twos = (top & -top).bit_length() - 1
    odd, exponent = top >> twos, twos - (bottom.bit_length() - 1)
    if odd == 1:  # x = 2**exponent
        power = Fraction(exponent) * Fraction(y)
        if power.denominator != 1 or abs(power) > 4000:
            return None
        return Fraction(2) ** int(power)
    if y < 0 or y > 64 or Fraction(y).denominator > 8:
        return None
    result = Fraction(odd) ** int(Fraction(y) * 8)
    shift = Fraction(exponent) * Fraction(y)
    if shift.denominator != 1:
        return None
    for _ in range(3):
        root = _root(result)
        if root is None:
            return None
        result = root
    return result * Fraction(2) ** int(shift)


EXACT: dict[str, Callable[..., Decimal | Fraction]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "log2": _log2,
    "log10": _log10,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "asin": _asin,
    "acos": _acos,
    "atan": _atan,
    "atan2": _atan2,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "hypot": _hypot,
    "logaddexp": _logaddexp,
    "pow": _pow,
}
