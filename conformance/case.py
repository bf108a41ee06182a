"""What a conformance case is: the calls of one operation, described once, and the registry of all of them."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "ALL_DTYPES",
    "CASES",
    "FLOATS",
    "STANDARD",
    "A",
    "Call",
    "Case",
    "call",
    "case",
    "discovered",
    "discovered_standard",
    "parts",
    "replaced",
    "standard",
]

FLOATS = ("float16", "float32", "float64")
ALL_DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    *FLOATS,
    "complex64",
    "complex128",
)
SIZES = (0, 5)  # a letter without a range of its own


class A:
    """An array to be drawn: dims are ints or letters, a letter being one size per call.

    `dtype` is "float" (one of the case's dtypes, the same for every "float" of a call), "int" (int32), "bool" or a
    dtype's name. Values lie in low..high, both included for integers. `edges` adds NaN, infinities, signed zeros and
    subnormals to floats; `distinct` keeps values pairwise well apart, away from ties; `sizes` gives letters a range.
    """

    def __init__(
        self,
        *dims: int | str,
        dtype: str = "float",
        low: float = -3.0,
        high: float = 3.0,
        edges: bool = False,
        distinct: bool = False,
        sizes: dict[str, tuple[int, int]] | None = None,
    ) -> None:
        if not low <= high:
            raise ValueError(f"A: low {low} lies above high {high}")
        for dim in dims:
            if not isinstance(dim, int | str) or (isinstance(dim, int) and dim < 0):
                raise TypeError(f"A: size {dim!r}, expected an int of at least 0 or a letter")
        self.dims = dims
        self.dtype = dtype
        self.low = low
        self.high = high
        self.edges = edges
        self.distinct = distinct
        self.sizes = dict(sizes or {})

    @property
    def is_float(self) -> bool:
        """Whether the values are floating."""
        return self.dtype == "float" or self.dtype.startswith("float")

    def __repr__(self) -> str:
        more = [
            f"{k}={v!r}"
            for k, v in (("dtype", self.dtype), ("low", self.low), ("high", self.high))
            if v != {"dtype": "float", "low": -3.0, "high": 3.0}[k]
        ]
        more += [f"{k}=True" for k in ("edges", "distinct") if getattr(self, k)]
        return f"A({', '.join([*map(repr, self.dims), *more])})"


class Call(NamedTuple):
    """The arguments of one call; As among them, also inside lists and tuples, are drawn, the rest is literal."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __repr__(self) -> str:
        return f"call({', '.join([*map(repr, self.args), *(f'{k}={v!r}' for k, v in self.kwargs.items())])})"


def call(*args: Any, **kwargs: Any) -> Call:
    """The arguments of one call."""
    return Call(args, kwargs)


@dataclass(frozen=True, eq=False)
class Case:
    """Everything the tool knows of one operation; made by `case`."""

    name: str
    calls: tuple[Call, ...]
    exact: bool
    gradient: tuple[int, ...] | None
    edges: tuple[Call, ...]
    errors: tuple[tuple[type[BaseException], Call], ...]
    reference: Callable[..., Any] | None
    dtypes: tuple[str, ...]
    chapter: str
    group: str = "k"
    special: tuple[tuple[Call, Any], ...] = ()
    judge: Callable[..., Any] | None = None
    view: Callable[..., Any] | None = None
    kinks: tuple[tuple[Call, tuple[np.ndarray | None, ...]], ...] = ()
    second: bool = True
    since: tuple[tuple[str, Call], ...] = ()  # the revision that brought the rule that a call tries, where it is late


CASES: dict[str, Case] = {}
STANDARD: dict[str, Case] = {}  # the standard's functions, by names such as 'exp' and 'linalg.inv'


def case(
    name: str,
    *calls: Call,
    exact: bool = False,
    gradient: Sequence[int] | None = None,
    edges: Sequence[Call] = (),
    errors: Sequence[tuple[type[BaseException], Call]] = (),
    reference: Callable[..., Any] | None = None,
    dtypes: Sequence[str] = FLOATS,
    kinks: Sequence[tuple[Call, Any]] = (),
    second: bool = True,
    listed: bool = True,
) -> Case:
    """Describe the operation K.name.

    `calls` are drawn many times over. `edges` are literal examples, for values only: NumPy arrays, or lists that hold
    floats; float64 stands for each of the case's dtypes, other dtypes stay. `exact`: values are equal bit for bit.
    `gradient`: the positions, among the arrays of a call in order, that are differentiated; None for every float one,
    () for none. `errors`: (exception class, call) pairs. `reference`: an independent formula on the arguments of a call
    with floats in float64 (NumPy, SciPy, loops). `dtypes`: what "float" may be. `kinks`: (call, gradient) pairs for
    points where a gradient is a decision: literal examples like `edges`, which they join, and the gradient of the sum
    of the results, a list for the first array or a tuple of one for each float array, None where nothing leads there.
    `second=False`: second derivatives are not checked.
    `listed=False` keeps a case out of the registry.
    """
    if listed and name in CASES:
        raise ValueError(f"case: {name} has a case already, in chapter {CASES[name].chapter}")
    for each in (*calls, *edges, *(c for _, c in errors), *(c for c, _ in kinks)):
        if not isinstance(each, Call):
            raise TypeError(f"case: {name} was given {each!r}, expected call(...)")
    if not set(dtypes) <= set(FLOATS):
        raise ValueError(f"case: {name} has dtypes {dtypes!r}, expected some of {FLOATS}")
    chapter = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]  # the module of cases that called
    edges = tuple(Call(_arrays(each.args), _arrays(each.kwargs)) for each in edges)
    decided = tuple((Call(_arrays(each.args), _arrays(each.kwargs)), _slopes(want)) for each, want in kinks)
    made = Case(
        name,
        tuple(calls),
        exact,
        None if gradient is None else tuple(gradient),
        (*edges, *(each for each, _ in decided)),
        tuple(errors),
        reference,
        tuple(dtypes),
        chapter,
        kinks=decided,
        second=second,
    )
    if listed:
        CASES[name] = made
    return made


def standard(
    name: str,
    *calls: Call,
    exact: bool = True,
    special: Sequence[tuple[Call, Any]] = (),
    errors: Sequence[Call | tuple[str, Call]] = (),
    reference: Callable[..., Any] | None = None,
    dtypes: Sequence[str] = FLOATS[1:],
    judge: Callable[..., Any] | None = None,
    view: Callable[..., Any] | None = None,
    listed: bool = True,
) -> Case:
    """Describe a function of the array API standard, called on the namespace itself.

    `exact`: equal to the reference bit for bit. `special`: (call, result) pairs that the standard spells out, arrays in
    them float64 for each of the dtypes. `errors`: calls that any exception answers, because the text says so; a pair of
    a revision and a call where it says so since that revision only. `reference`: the values in higher precision, taking
    the call's arrays and giving `Expected`s; None: NumPy where exact, else the error analysis. `judge`: for results
    that are not unique, takes (inputs, results) and gives (expected, got) pairs. `view`: what of a result that is no
    array is compared.
    """
    if listed and name in STANDARD:
        raise ValueError(f"standard: {name} has a case already, in chapter {STANDARD[name].chapter}")
    chapter = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]
    pairs = tuple((Call(_arrays(each.args), _arrays(each.kwargs)), _arrays(want)) for each, want in special)
    made = Case(
        name,
        calls,
        exact,
        (),
        tuple(each for each, _ in pairs),
        tuple((Exception, each if isinstance(each, Call) else each[1]) for each in errors),
        reference,
        tuple(dtypes),
        chapter,
        "standard",
        pairs,
        judge,
        view,
        since=tuple(each for each in errors if not isinstance(each, Call)),
    )
    if listed:
        STANDARD[name] = made
    return made


def discovered() -> dict[str, Case]:
    """The registry of K's operations, after every module of conformance/cases was imported."""
    from . import cases

    _import_all(cases)
    return CASES


def discovered_standard() -> dict[str, Case]:
    """The registry of the standard's functions, after every module of conformance/standard was imported."""
    from . import standard as chapters

    _import_all(chapters)
    return STANDARD


def _import_all(package: Any) -> None:
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        importlib.import_module(f"{package.__name__}.{module.name}")


def _arrays(structure: Any) -> Any:
    """The literal arguments with lists that hold floats made float64 arrays; other lists may be shapes or axes."""
    if isinstance(structure, dict):
        return {k: _arrays(v) for k, v in structure.items()}
    if isinstance(structure, list) and _leaf(structure) is float:
        return np.asarray(structure, dtype=np.float64)
    return type(structure)(map(_arrays, structure)) if isinstance(structure, list | tuple) else structure


def _slopes(want: Any) -> tuple[np.ndarray | None, ...]:
    """The gradients of a kink, one for each float array."""
    each = want if isinstance(want, tuple) else (want,)
    return tuple(None if w is None else np.asarray(w, dtype=np.float64) for w in each)


def _leaf(values: Any) -> type:
    """The type that all numbers in nested lists share: float if one is."""
    if not isinstance(values, list):
        return float if isinstance(values, float) else type(values)
    kinds = {_leaf(v) for v in values}
    return float if float in kinds and kinds <= {float, int} else list


def parts(structure: Any) -> list[A | np.ndarray]:
    """The arrays of a call in order: positional arguments first, lists and tuples from the front."""
    found: list[A | np.ndarray] = []
    replaced(structure, lambda part: found.append(part))
    return found


_PLAIN = frozenset((int, float, bool, str, complex, type(None)))
_PART, _LISTED = (A, np.ndarray), (list, tuple)


def replaced(structure: Any, new: Callable[[Any], Any]) -> Any:
    """The same arguments with each array, A or literal, replaced by what `new` gives for it."""
    kind = type(structure)
    if kind in _PLAIN:  # most arguments: looked at first, as this runs ten times for each example
        return structure
    if isinstance(structure, _PART):
        return new(structure)
    if kind is Call:
        return Call(replaced(structure.args, new), replaced(structure.kwargs, new))
    if isinstance(structure, dict):
        return {k: v if type(v) in _PLAIN else replaced(v, new) for k, v in structure.items()}
    if isinstance(structure, _LISTED):
        return kind([v if type(v) in _PLAIN else replaced(v, new) for v in structure])
    return structure
