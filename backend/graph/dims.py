"""Sizes unknown until run time, as expressions: Python integers that a compiled function computes.

Equal expressions are one object (hash-consing), so comparing two of them compares their identity, and an expression
that is built of itself again and again is a graph without copies. Whatever walks one visits each part once.

Sums and products have a normal form: a sum of integer multiples of products, plus a constant. So n * 2 + n,
(n + 2) - 1 and n - n need no rules. What divides or compares is simplified by the table DIM_RULES.

An unknown size may turn out to be 1: two that are not equal expressions broadcast as they come.
"""

from __future__ import annotations

import functools
import itertools
import math
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

from .dim_text import source, walk
from .patterns import Functions, Rules, Variable, number, rule

__all__ = ["DIM_RULES", "Dim", "at_least", "dim_tensors", "known", "known_product", "largest", "product", "smallest"]

# Terms of a sum, and factors of a product, from which their operands are no longer taken apart: each step of a tower of
# sums then takes time and memory that do not grow with its height.
MAX_TERMS = 8
SHOWN_AT_MOST = 40  # leaves of an expression that `repr` writes out without leaving out parts
HEAVIEST = 10**9
LEAVES = ("size", "item")

_interned: weakref.WeakValueDictionary[Any, Dim] = weakref.WeakValueDictionary()
_numbers = itertools.count()
_lock = threading.RLock()  # reentrant: making a Dim may run a finalizer that makes another


def _operator(function: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return combined(function, other, self) if reflected else combined(function, self, other)

    return method


class Dim:
    """An integer known at run time: the size of a tensor's axis, a 0-d tensor's value, or arithmetic on such.

    `function` is 'size' (tensor, axis), 'item' (tensor), '+' (terms, and at the end a constant), '*' (factors, and at
    the end a coefficient), '//', '%', 'max' or 'min'. Arithmetic gives simplified expressions; the constructor does
    not simplify.
    """

    __slots__ = ("__weakref__", "arguments", "bounds", "constant", "function", "number", "tensors", "terms", "weight")

    function: str
    arguments: tuple[Any, ...]
    number: int  # counts up; fixes the order of terms and factors
    tensors: tuple[Any, ...]  # those it is computed from, each once
    weight: int  # leaves of the expression written out, at most HEAVIEST
    terms: tuple[tuple[Dim, int], ...]  # of a sum or a multiple: other expressions and their coefficients
    constant: int  # what is added to the terms
    bounds: tuple[float, float]  # between which it certainly lies

    def __new__(cls, function: str, *arguments: Any) -> Dim:
        # by identity: a key that held a part would keep its tensor alive, and with it all that the tensor reaches
        key = (function, *(a if isinstance(a, int) else (id(a),) for a in arguments))
        found = _interned.get(key)
        if found is None:
            with _lock:
                found = _interned.get(key)
                if found is None:
                    _interned[key] = found = _new(function, arguments)
        return found

    @property
    def key(self) -> Dim:
        """A hashable key, equal for equal expressions: the expression itself."""
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it is read from a tensor rather than computed from other sizes."""
        return self.function in LEAVES

    @property
    def is_multiple(self) -> bool:
        """Whether it is another expression times a number."""
        return self.function == "*" and bool(self.terms)

    __add__, __radd__ = _operator("+"), _operator("+", reflected=True)
    __sub__, __rsub__ = _operator("-"), _operator("-", reflected=True)
    __mul__, __rmul__ = _operator("*"), _operator("*", reflected=True)
    __floordiv__, __rfloordiv__ = _operator("//"), _operator("//", reflected=True)
    __mod__, __rmod__ = _operator("%"), _operator("%", reflected=True)

    def __neg__(self) -> Any:
        return combined("*", self, -1)

    def _unknown(self, *_: Any) -> Any:
        raise ValueError(
            f"the size {self!r} is known only when the compiled function runs; "
            "give the placeholder a fixed shape if the code needs the number"
        )

    __bool__ = __int__ = __index__ = __float__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown

    def __repr__(self) -> str:
        hidden = {}
        if self.weight > SHOWN_AT_MOST:
            hidden = {part: "..." for part in walk(self.arguments) if part.weight > SHOWN_AT_MOST // 2}
        return self.source(lambda tensor: tensor.name or "?", hidden)

    def source(self, name: Callable[[Any], str], named: Mapping[Dim, str] | None = None) -> str:
        """The expression in Python, with each tensor's name given by `name`.

        A part that occurs often is written out each time, unless `named` has a name for it. A printer that has to
        stay linear assigns names first, in the order of `dim_text.compounds`:

            named = {}
            for part, uses in compounds(sizes):
                if uses > 1:
                    lines.append(f"n{len(named)} = {part.source(name, named)}")
                    named[part] = f"n{len(named)}"
        """
        return source(self, name, named or {})

    def replace(self, leaf: Callable[[Dim], Any], done: MutableMapping[Dim, Any] | None = None) -> Any:
        """The same expression with every leaf ('size' and 'item') replaced by what `leaf` gives for it.

        `done` holds what has been replaced already and is added to: pass one mapping to replace in many expressions
        that share parts.
        """
        done = {} if done is None else done
        for part in walk([self], done):
            if part not in done:
                done[part] = leaf(part) if part.is_leaf else _rebuilt(part, done)
        return done[self]


def _new(function: str, arguments: tuple[Any, ...]) -> Dim:
    dim = object.__new__(Dim)
    dim.function, dim.arguments, dim.number = function, arguments, next(_numbers)
    dim.terms, dim.constant = (), 0
    parts = [] if function in LEAVES else [a for a in arguments if isinstance(a, Dim)]
    if not parts:
        dim.tensors, dim.weight = (arguments[0],), 1
    elif len(parts) == 1:
        dim.tensors, dim.weight = parts[0].tensors, parts[0].weight
    else:
        dim.tensors = tuple({id(t): t for part in parts for t in part.tensors}.values())
        dim.weight = min(sum(part.weight for part in parts), HEAVIEST)
    if function == "+":
        dim.terms = tuple(part.terms[0] if part.is_multiple else (part, 1) for part in parts)
        dim.constant = arguments[-1] if isinstance(arguments[-1], int) else 0
    elif function == "*" and isinstance(arguments[-1], int):
        dim.terms = ((Dim("*", *parts) if len(parts) > 1 else parts[0], arguments[-1]),)
    dim.bounds = _bounds(dim)
    return dim


def dim_tensors(size: Any) -> tuple[Any, ...]:
    """The tensors a size is computed from, each once."""
    return size.tensors if isinstance(size, Dim) else ()


# ---- the normal form of sums and products


def _linear(value: Any) -> tuple[dict[Dim, int], int]:
    """A size as terms, each with its coefficient, and a constant."""
    if isinstance(value, int):
        return {}, value
    return dict(value.terms or ((value, 1),)), value.constant


def _sum(terms: Mapping[Dim, int], constant: int) -> Any:
    """The size with these terms and this constant."""
    parts: list[Any] = [
        dim if times == 1 else Dim("*", *_factors(dim), times)
        for dim, times in sorted(terms.items(), key=lambda item: item[0].number)
        if times
    ]
    if constant or not parts:
        parts.append(constant)
    return parts[0] if len(parts) == 1 else Dim("+", *parts)


def _factors(dim: Dim) -> tuple[Dim, ...]:
    return dim.arguments if dim.function == "*" else (dim,)


def _factored(dim: Dim) -> tuple[int, tuple[Dim, ...]]:
    """A size as a coefficient times factors."""
    terms, constant = _linear(dim)
    if len(terms) == 1 and not constant:
        ((base, times),) = terms.items()
        return times, _factors(base)
    common = math.gcd(*terms.values(), constant)
    return common, (_sum({base: times // common for base, times in terms.items()}, constant // common),)


def _plus(a: Any, b: Any, times: int = 1) -> Any:
    """a + b * times."""
    if isinstance(b, int) and b == 0:
        return a
    terms, constant = _linear(a)
    more, rest = _linear(b)
    if b in terms:
        more, rest = {b: 1}, 0
    elif a in more:
        terms, constant = {a: 1}, 0
    elif len(terms.keys() | more.keys()) > MAX_TERMS:
        terms, constant = ({a: 1}, 0) if len(terms) > 1 else (terms, constant)
        more, rest = ({b: 1}, 0) if len(more) > 1 else (more, rest)
    for dim, coefficient in more.items():
        terms[dim] = terms.get(dim, 0) + coefficient * times
    return _sum(terms, constant + rest * times)


def _times(a: Any, b: Any) -> Any:
    if isinstance(a, int):
        a, b = b, a
    if isinstance(b, int):
        if b == 1:
            return a
        if b and not a.terms:  # the usual case, without the way through terms
            return Dim("*", *_factors(a), b)
        terms, constant = _linear(a)
        return _sum({dim: times * b for dim, times in terms.items()}, constant * b)
    (times, factors), (more, others) = _factored(a), _factored(b)
    if len(factors) + len(others) > MAX_TERMS:
        (times, factors), (more, others) = (1, (a,)), (1, (b,))
    return _sum({Dim("*", *sorted((*factors, *others), key=lambda dim: dim.number)): 1}, 0) * (times * more)


def _quotient(x: Any, y: Any) -> Any:
    """x // y where nothing is left over whatever the sizes are, else None; a size of 0 divides nothing at run time."""
    if not isinstance(y, Dim):
        return None
    over, divisor = _factored(y)
    terms, constant = _linear(x)
    if constant == 0 and all(times % over == 0 for times in terms.values()):
        rests = [_without(_factors(dim), divisor) for dim in terms]
        if all(rest is not None for rest in rests):
            return sum(product(rest or ()) * (times // over) for rest, times in zip(rests, terms.values(), strict=True))
    if isinstance(x, Dim):
        times, factors = _factored(x)
        rest = _without(factors, divisor)
        if rest is not None and times % over == 0:
            return product(rest) * (times // over)
    return None


def _without(factors: tuple[Dim, ...], divisor: tuple[Dim, ...]) -> list[Dim] | None:
    """The factors that are left after a division, or None where a factor of the divisor is none of them."""
    rest = list(factors)
    for factor in divisor:
        if factor not in rest:
            return None
        rest.remove(factor)
    return rest


# ---- bounds and comparisons


def _limits(value: Any) -> tuple[float, float]:
    return value.bounds if isinstance(value, Dim) else (value, value)


def _bounds(dim: Dim) -> tuple[float, float]:
    """Between which values the expression lies, whatever the sizes are."""
    if dim.is_leaf:
        return (0, math.inf) if dim.function == "size" else (-math.inf, math.inf)
    if dim.is_multiple:
        ((base, times),) = dim.terms
        low, high = base.bounds
        return (low * times, high * times) if times > 0 else (high * times, low * times)
    if dim.function == "+":
        limits = [sorted(n * times for n in base.bounds) for base, times in dim.terms]
        return dim.constant + sum(low for low, _ in limits), dim.constant + sum(high for _, high in limits)
    if dim.function in ("max", "min"):
        choose = max if dim.function == "max" else min
        return tuple(map(choose, *map(_limits, dim.arguments)))
    lows = [_limits(a)[0] for a in dim.arguments]
    if dim.function == "%" and lows[1] >= 0:
        return 0, _limits(dim.arguments[1])[1] - 1
    if min(lows) < 0 or dim.function == "%":
        return -math.inf, math.inf
    return (0, _limits(dim.arguments[0])[1]) if dim.function == "//" else (math.prod(lows), math.inf)


def at_least(a: Any, b: Any) -> bool:
    """Whether a is at least b whatever the sizes are, as far as bounds and one step into max and min show."""
    above = (a, *a.arguments) if isinstance(a, Dim) and a.function == "max" else (a,)
    below = (b, *b.arguments) if isinstance(b, Dim) and b.function == "min" else (b,)
    return any(_limits(x - y)[0] >= 0 for x in above for y in below)


# ---- rules for what divides and compares

_x, _y, _c, _d, _f = Variable("x"), Variable("y"), number("c"), number("d"), Functions()


def _multiples(x: Any, c: int) -> bool:
    return c != 0 and isinstance(x, Dim) and all(times % c == 0 for times in _linear(x)[0].values())


def _divided(x: Dim, c: int) -> Any:
    terms, constant = _linear(x)
    return _sum({dim: times // c for dim, times in terms.items()}, constant // c)


DIM_RULES = Rules(
    rule("multiples over a number", _x // _c, _divided, when=_multiples),  # (6 * n + 3) // 2 -> 3 * n + 1
    rule("division without remainder", _x // _y, _quotient),  # n * m // n -> m
    rule("division of a division", (_x // _c) // _d, lambda x, c, d: x // (c * d), when=lambda x, c, d: c > 0 < d),
    rule("remainder of multiples", _x % _c, lambda x, c: x.constant % c, when=_multiples),  # (6 * n + 3) % 2 -> 1
    rule("no remainder", _x % _y, 0, when=lambda x, y: _quotient(x, y) is not None),
    rule("the first is largest", _f.max(_x, _y), _x, when=lambda x, y: at_least(x, y)),
    rule("the second is largest", _f.max(_x, _y), _y, when=lambda x, y: at_least(y, x)),
    rule("the first is smallest", _f.min(_x, _y), _x, when=lambda x, y: at_least(y, x)),
    rule("the second is smallest", _f.min(_x, _y), _y, when=lambda x, y: at_least(x, y)),
    rule("largest of three", _f.max(_f.max(_x, _c), _d), lambda x, c, d: largest(x, max(c, d))),
    rule("smallest of three", _f.min(_f.min(_x, _c), _d), lambda x, c, d: smallest(x, min(c, d))),
    opened=lambda term: (term.function, term.arguments, {}) if isinstance(term, Dim) else None,
    make=lambda function, a, b: combined(function, a, b),
)

_EXACT: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "%": int.__mod__,
    "max": max,
    "min": min,
}
_NORMAL: dict[str, Callable[[Any, Any], Any]] = {"+": _plus, "-": functools.partial(_plus, times=-1), "*": _times}


def combined(function: str, a: Any, b: Any, without: Collection[str] = ()) -> Any:
    """Arithmetic on two sizes, in normal form and simplified by all rules but those named in `without`."""
    if not isinstance(a, (int, Dim)) or not isinstance(b, (int, Dim)):
        return NotImplemented
    if isinstance(a, int) and isinstance(b, int):
        return _EXACT[function](a, b)
    if function in _NORMAL:
        return _NORMAL[function](a, b)
    if function in ("max", "min") and isinstance(a, int):
        a, b = b, a  # the number goes last
    dim = Dim(function, a, b)
    found = DIM_RULES.find(dim, without)
    return dim if found is None else found[1]


def _rebuilt(dim: Dim, done: Mapping[Dim, Any]) -> Any:
    """The expression of what its arguments have been replaced by."""
    arguments = [done[a] if isinstance(a, Dim) else a for a in dim.arguments]
    if all(a is b for a, b in zip(arguments, dim.arguments, strict=True)):
        return dim
    return functools.reduce(functools.partial(combined, dim.function), arguments)


def largest(a: Any, b: Any) -> Any:
    """The larger of two sizes."""
    return combined("max", a, b)


def smallest(a: Any, b: Any) -> Any:
    """The smaller of two sizes."""
    return combined("min", a, b)


def product(sizes: Iterable[Any]) -> Any:
    """The number of elements of a shape."""
    number, unknown = 1, None
    for size in sizes:
        if isinstance(size, int):
            number *= size
        else:
            unknown = size if unknown is None else unknown * size
    return number if unknown is None else unknown * number


def known_product(sizes: Sequence[Any]) -> int | None:
    """The number of elements of a shape, or None where it is unknown until run time; no expression is made for it."""
    if 0 in sizes:
        return 0
    return math.prod(sizes) if all(isinstance(size, int) for size in sizes) else None


def known(size: Any) -> int | None:
    """The number itself, or None for a size unknown until run time."""
    return size if isinstance(size, int) else None
