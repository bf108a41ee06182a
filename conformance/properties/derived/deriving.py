"""From a signature to calls: each parameter alone and in pairs, and each dtype that each array may have.

A chapter registers a `Subject` for each function: arrays that go together, by dtype; values of parameters where their
name and type do not say enough; and a reference, a function of the same signature that works on NumPy arrays and
gives what the standard says, or raises `Undefined` where it says nothing.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...calls.variations import mapped, with_axes
from ...case import Call
from ...subjects.functions import Dtype
from .promotion import FLOATING, INTEGER, Undefined, accepted, promoted
from .values import Draw

__all__ = ["SUBJECTS", "OutsideError", "Signature", "Subject", "by_dtype", "by_parameter", "subject"]

PAIRS = 40  # calls for one pair of parameters; the combinations are thinned beyond
TRIPLES = 16  # calls for three of them
MOST = 60  # calls for one dtype
Bases = Callable[..., Iterable[Call]]  # (draw, dtype of the first array, of the second, ...) -> calls


class OutsideError(Undefined):
    """An axis lies outside of the array: since revision 2025.12 most functions have to refuse it."""


class Signature:
    """The signature of one function in one revision."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self.name = name
        self.parameters: list[dict[str, Any]] = data["parameters"]
        self.accepts: dict[str, str] = data.get("accepts", {})

    @property
    def arrays(self) -> list[tuple[str, ...]]:
        """The dtypes of each required argument that is an array or holds arrays."""
        found: list[tuple[str, ...]] = []
        for p in self.parameters:
            if "default" not in p and ("array" in str(p.get("type")) or p["name"] == "self"):
                category = self.accepts.get(p["name"], "any")
                found.append(found[0] if category.startswith("same as") else accepted(category))
        return found

    @property
    def optional(self) -> list[dict[str, Any]]:
        """The parameters with a default that a call can vary on any machine."""
        return [p for p in self.parameters if "default" in p and p["name"] not in ("device", "stream")]

    def takes(self, name: str, type_: str) -> bool:
        """Whether a parameter may have a type, such as 'int' or 'tuple'."""
        return any(p["name"] == name and re.search(rf"\b{type_}\b", str(p["type"]), re.I) for p in self.parameters)


class Subject(NamedTuple):
    """What is known of a function besides its signature."""

    reference: Callable[..., Any]
    parameters: Callable[[Draw, Signature], Iterable[Call]]
    dtypes: Callable[[Draw, Signature], Iterable[Call]]
    view: Callable[[Any], Any] | None = None
    needs: Callable[[Call], Sequence[str]] = lambda call: ()  # abilities that the probe tries


SUBJECTS: dict[str, Subject] = {}


def subject(
    names: str,
    reference: Callable[..., Any] | Callable[[str], Callable[..., Any]],
    bases: Bases,
    given: Mapping[str, Any] | None = None,
    *,
    each: bool = False,
    mixed: bool = False,
    parameters: Callable[[Draw, Signature], Iterable[Call]] | None = None,
    dtypes: Callable[[Draw, Signature], Iterable[Call]] | None = None,
    view: Callable[[Any], Any] | None = None,
    needs: Callable[[Call], Sequence[str]] = lambda call: (),
) -> None:
    """Register functions, separated by spaces.

    `bases` gives calls without options for arrays of given dtypes. `given`: values of parameters, lists or functions of
    a call's arguments that give lists. `each`: the reference is made for each name. `mixed`: arrays of different dtypes
    go together where they promote.
    """
    options = dict(given or {})

    def usual_parameters(draw: Draw, signature: Signature) -> Iterable[Call]:
        return by_parameter(draw, signature, bases, options)

    def usual_dtypes(draw: Draw, signature: Signature) -> Iterable[Call]:
        return by_dtype(draw, signature, bases, options, mixed)

    for name in names.split():
        SUBJECTS[name] = Subject(
            reference(name) if each else reference, parameters or usual_parameters, dtypes or usual_dtypes, view, needs
        )


def middling(allowed: Sequence[str]) -> str:
    """The dtype in which parameters are tried: float32 where a function takes it."""
    return next(d for d in ("float32", "complex64", "int32", "bool") if d in allowed)


def by_parameter(draw: Draw, signature: Signature, bases: Bases, given: Mapping[str, Any]) -> Iterator[Call]:
    """Each parameter alone, each pair of parameters, and some of three, at each kind of value."""
    for i, base in enumerate(bases(draw, *map(middling, signature.arrays))):
        choices = _choices(signature, base, given)
        yield base
        yield from _singles(base, choices)
        for two in itertools.combinations(choices, 2) if i < 4 else ():
            yield from _thinned(_together(base, two), PAIRS, i)  # each base other ones
        for some in itertools.combinations(choices, 3) if i < 2 else ():
            yield from _thinned(_together(base, some), TRIPLES, i)
        if not i and len(signature.arrays) == 1:
            empty = mapped(base, lambda i, x: np.zeros((*x.shape[:-1], 0), x.dtype) if x.ndim else x)
            yield from (_outside(each) for each in (*with_axes(base), empty) if _takes_axis(signature, each))


OUTSIDE = 9  # more axes than any array has


def _takes_axis(signature: Signature, base: Call) -> bool:
    """Whether a call may name an axis that it does not name yet by position."""
    names = [p["name"] for p in signature.parameters]
    return "axis" in names and names.index("axis") >= len(base.args)


def _outside(base: Call) -> Call:
    """The call with an axis that lies outside of any array."""
    return Call(base.args, {**base.kwargs, "axis": OUTSIDE})


def _together(base: Call, choices: Sequence[tuple[str, Sequence[Any]]]) -> list[Call]:
    """Several parameters at each combination of their values."""
    names = [name for name, _ in choices]
    given = itertools.product(*(values for _, values in choices))
    return [Call(base.args, {**base.kwargs, **dict(zip(names, values, strict=True))}) for values in given]


def _thinned(calls: Sequence[Call], most: int, start: int = 0) -> list[Call]:
    """So many of the calls at most, from all over the list."""
    if len(calls) <= most:
        return list(calls)
    step = _stride(len(calls))
    return [calls[(start + k * step) % len(calls)] for k in range(most)]


def _stride(count: int) -> int:
    """A step that goes all over a list before it comes round: near the golden section, without a common divisor."""
    step = int(count * 0.618)
    while math.gcd(step, count) != 1:
        step += 1
    return step


def by_dtype(draw: Draw, signature: Signature, bases: Bases, given: Mapping[str, Any], mixed: bool) -> Iterator[Call]:
    """Each dtype that the arrays may have, with some of the options; pairs of dtypes that promote; no elements."""
    arrays = signature.arrays
    for turn, name in enumerate(arrays[0] if arrays else ()):
        same = [name if name in allowed else middling(allowed) for allowed in arrays]
        found = []
        for base in bases(draw, *same):
            choices = _choices(signature, base, given)
            found += [base, *list(_singles(base, choices))[turn % 2 :: 2]]
            both = [each for two in itertools.combinations(choices, 2) for each in _together(base, two)]
            found += _thinned(both, MOST // 4, turn)
        yield from _thinned(found, MOST)
        yield from (_outside(base) for base in found[:1] if _takes_axis(signature, base))
    if mixed and len(arrays) > 1:
        turns = itertools.count(1)
        for pair in itertools.product(*arrays[:2]):
            try:
                promoted(*pair)
            except Undefined:
                continue
            if len(set(pair)) > 1:
                found = list(bases(draw, *pair))
                yield found[0]
                yield found[next(turns) % len(found)]


def _singles(base: Call, choices: Sequence[tuple[str, Sequence[Any]]]) -> Iterator[Call]:
    for name, values in choices:
        for value in values:
            yield Call(base.args, {**base.kwargs, name: value})


def _choices(signature: Signature, base: Call, given: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """The values of each optional parameter that a call leaves free."""
    found = []
    for p in signature.optional:
        name = p["name"]
        if name in base.kwargs:
            continue
        values = given.get(name)
        values = values(*base.args) if callable(values) else values
        found.append((name, list(values) if values is not None else _by_type(p, base)))
    return [(name, values) for name, values in found if values]


def _by_type(p: Mapping[str, Any], base: Call) -> list[Any]:
    """The values of a parameter that its name and type suggest."""
    kind, name = str(p["type"]), p["name"]
    none = [None] if kind.startswith("Optional") else []
    if name in ("axis", "axes"):
        return none + _axes(kind, base)
    if "Literal" in kind:
        listed = re.search(r"Literal(\[[^]]*\])", kind)
        assert listed is not None
        return [*none, *ast.literal_eval(listed[1])]
    if kind in ("bool", "Optional[bool]"):
        return [*none, True, False]
    if "dtype" in kind:
        return [*none, *(Dtype(d) for d in (*INTEGER, *FLOATING))]
    if name in ("k", "offset"):
        return [*none, -9, -3, -2, -1, 0, 1, 2, 3, 4, 9]
    raise LookupError(f"no values for the parameter {name}: {kind}")


def _axes(kind: str, base: Call) -> list[Any]:
    """Each axis from either end, one too many, and tuples in any order where the type has them."""
    ndim = next((a.ndim for a in base.args if isinstance(a, np.ndarray)), 1)
    found: list[Any] = [*range(-ndim - 1, ndim + 1)]
    if "uple" in kind or "Sequence" in kind:
        found += [()] if "Sequence" not in kind and ndim else []
        found += [(0,), (-1,)] * (ndim > 0) + [(0, 1), (1, 0), (-1, 0), (0, ndim)] * (ndim > 1)
        found += [(2, 0), (-1, 1, 0), (1, -3), tuple(range(ndim))] * (ndim > 2)
    return found
