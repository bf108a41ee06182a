"""Examples of a case: inputs drawn once, as NumPy data, from a seed; the same for every namespace."""

from __future__ import annotations

import contextlib
import io
import random
import zlib
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

from .case import SIZES, A, Call, Case, parts, replaced
from .kept import drop_graphs, graphs_of, once_per_case

__all__ = [
    "Example",
    "beside",
    "drawn",
    "edges",
    "erroneous",
    "forget",
    "least",
    "ranges",
    "shrunk",
    "sized",
    "typical",
    "value_of",
    "weight",
]

EDGES = (np.nan, np.inf, -np.inf, -0.0, 0.0, 2.0**-24, -(2.0**-140), 2.0**-1074)
COMPLEX = {"float32": "complex64", "float64": "complex128"}
TYPICAL = (3, 4, 2, 5, 3, 2)  # sizes of a call's letters in order: unequal, so that a mix-up shows


_changes = 0  # of K's definitions and rules: planted faults


def forget() -> None:
    """Drop what was worked out from every example: K's definitions or gradient rules have changed."""
    global _changes
    _changes += 1
    drop_graphs()


class Example:
    """One call with its arrays filled in; `marks` says what is to be tried on it."""

    def __init__(self, case: Case, call: Call, values: list[np.ndarray], dtype: str) -> None:
        self.case = case
        self.call = call
        self.values = values
        self.dtype = dtype
        self.marks: dict[str, Any] = {}
        self._cache: dict[Any, Any] = {}
        self._changes = _changes
        self._form: Any = None

    @property
    def cache(self) -> dict[Any, Any]:
        """What is worked out from the example, once for all namespaces."""
        if self._changes != _changes:
            self._cache, self._changes = {}, _changes
        return self._cache

    @property
    def graphs(self) -> dict[Any, Any]:
        """What is recorded for calls of this form: arrays of these shapes and dtypes, and the other arguments."""
        if self._form is None:
            self._form = (self.dtype, _form(self.filled(self.values)))
        graphs = graphs_of(self.case)
        found: dict[Any, Any] | None = graphs.get(self._form)
        if found is None:
            found = graphs[self._form] = {"call": self.call}  # kept, so that no other argument gets the id of one
        return found

    def filled(self, arrays: list[Any]) -> Call:
        """The call with these in place of its arrays."""
        rest = iter(arrays)
        return replaced(self.call, lambda part: next(rest))

    @property
    def call_key(self) -> tuple[Case, int]:
        """What the examples of one call have in common."""
        return (self.case, next(i for i, c in enumerate(self.case.calls) if c is self.call))

    @property
    def floats(self) -> list[int]:
        """The positions of the floating arrays."""
        return [i for i, v in enumerate(self.values) if v.dtype.kind == "f"]

    @property
    def differentiated(self) -> list[int]:
        """The positions of the arrays whose gradient is checked."""
        return self.floats if self.case.gradient is None else [i for i in self.case.gradient if i in self.floats]

    @property
    def unknown(self) -> list[tuple[int | None, ...]]:
        """The shapes with None for each lettered size."""
        return [
            tuple(None if isinstance(d, str) else d for d in p.dims) if isinstance(p, A) else p.shape
            for p in parts(self.call)
        ]

    def widened(self) -> Example:
        """The same example with its floats in float64."""
        if "widened" not in self.cache:
            values = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in self.values]
            self.cache["widened"] = (
                self if self.dtype == "float64" else Example(self.case, self.call, values, "float64")
            )
        return self.cache["widened"]

    def smaller(self, fails: Callable[[Example], bool]) -> Example:
        """A simpler example with literal arrays that fails as well; this one where none is known."""
        return self

    def __repr__(self) -> str:
        return f"{self.case.name}{self.filled([(v.dtype.name, v.shape) for v in self.values])!r}"


def _form(value: Any) -> Any:
    """What graphs of a call depend on: its arrays by shape and dtype, numbers and texts as they are."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.name
    if isinstance(value, Call):
        return _form(value.args), _form(value.kwargs)
    if isinstance(value, dict):
        return tuple([(k, _form(v)) for k, v in value.items()])
    if type(value) in (list, tuple):
        return (type(value), *map(_form, value))
    plain = type(value) in (int, float, bool, str, complex, type(None))
    return (type(value), repr(value) if plain else id(value))  # of 0.0 and -0.0, and NaN, the text tells


def ranges(call: Call) -> dict[str, tuple[int, int]]:
    """The smallest and largest size of each letter."""
    ranges: dict[str, tuple[int, int]] = {}
    for part in parts(call):
        for letter in (d for d in part.dims if isinstance(d, str)) if isinstance(part, A) else ():
            low, high = ranges.get(letter, SIZES)
            given = part.sizes.get(letter)
            ranges[letter] = (
                given
                if given and letter not in ranges
                else (max(low, given[0]), min(high, given[1]))
                if given
                else (low, high)
            )
    return ranges


def _built(case: Case, call: Call, dtype: str, sizes: dict[str, int], rng: np.random.Generator, whole: bool) -> Example:
    return Example(case, call, [value_of(part, dtype, sizes, rng, whole) for part in parts(call)], dtype)


def value_of(part: Any, dtype: str, sizes: dict[str, int], rng: np.random.Generator, whole: bool) -> np.ndarray:
    """The values of one array of a call; `whole`: whole numbers."""
    if isinstance(part, np.ndarray):
        return part.astype(dtype) if part.dtype == np.float64 else part
    shape = tuple(sizes[d] if isinstance(d, str) else d for d in part.dims)
    name = {"float": dtype, "int": "int32", "complex": COMPLEX.get(dtype)}.get(part.dtype, part.dtype)
    kind = np.dtype(name).kind
    if kind == "c":
        turned = [rng.uniform(part.low, part.high, shape) for _ in range(2)]
        return np.asarray(turned[0] + 1j * turned[1]).astype(name)
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        low = max(int(part.low), 0) if kind == "u" else int(part.low)
        return rng.integers(low, int(part.high) + 1, shape).astype(name)
    count = int(np.prod(shape))
    low, high = np.ceil(part.low), np.floor(part.high)
    if part.distinct:
        value = rng.permutation(np.linspace(part.low, part.high, count + 2)[1:-1]).reshape(shape)
    elif whole and low <= high:
        value = rng.integers(int(low), int(high) + 1, shape).astype(np.float64)
    else:
        value = rng.uniform(part.low, part.high, shape)
    value = np.asarray(value).astype(name)
    if part.edges and count:
        with np.errstate(over="ignore"):
            odd = np.asarray(rng.choice(EDGES, shape)).astype(name)
        value = np.where(rng.uniform(size=shape) < 0.3, odd, value).astype(name)
    return value


def _seeded(case: Case, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(case.name.encode()), *numbers])


@once_per_case
def typical(case: Case, index: int, dtype: str, variant: int = 0, seed: int = 0) -> Example:
    """One example of middling sizes, certain to be tried; `variant` 1 has other sizes than 0, both other values."""
    call = case.calls[index]
    sizes = {
        letter: int(np.clip(TYPICAL[i % len(TYPICAL)] + variant, low, high))
        for i, (letter, (low, high)) in enumerate(ranges(call).items())
    }
    return _built(case, call, dtype, sizes, _seeded(case, index, variant, seed), whole=False)


@once_per_case
def least(case: Case, index: int, dtype: str) -> Example:
    """One example of the smallest sizes that are not 0; `typical` where no size is free."""
    call = case.calls[index]
    sizes = {letter: max(low, min(1, high)) for letter, (low, high) in ranges(call).items()}
    if not sizes:
        return typical(case, index, dtype)
    return _built(case, call, dtype, sizes, _seeded(case, index, 5), whole=False)


@once_per_case
def sized(case: Case, index: int, dtype: str, sizes: tuple[tuple[str, int], ...], seed: int = 0) -> Example:
    """One example with these sizes of some letters, beyond their ranges too; the others are small."""
    call = case.calls[index]
    found = {letter: int(np.clip(TYPICAL[0], low, high)) for letter, (low, high) in ranges(call).items()} | dict(sizes)
    return _built(case, call, dtype, found, _seeded(case, index, 11, seed, *found.values()), whole=False)


@once_per_case
def beside(example: Example) -> Example:
    """Another example of the same shapes: the floats are other ones, the rest is the same."""
    rng = _seeded(example.case, 7)
    values = [rng.permuted(v.reshape(-1)).reshape(v.shape) if v.dtype.kind == "f" else v for v in example.values]
    return Example(example.case, example.call, values, example.dtype)


@once_per_case
def edges(case: Case) -> list[Example]:
    """The literal examples of a case, in each of its dtypes where they hold floats."""
    found = []
    for call in case.edges:
        free = any(p.dtype in ("float", "complex") if isinstance(p, A) else p.dtype == np.float64 for p in parts(call))
        for dtype in case.dtypes if free else case.dtypes[:1]:
            sizes = {letter: min(3, high) for letter, (_, high) in ranges(call).items()}
            found.append(_built(case, call, dtype, sizes, _seeded(case, 3), whole=False))
    return found


@once_per_case
def erroneous(case: Case, index: int, dtype: str) -> Example:
    """The arguments of one of a case's errors."""
    call = case.errors[index][1]
    sizes = {
        letter: int(np.clip(TYPICAL[i % len(TYPICAL)], low, high))
        for i, (letter, (low, high)) in enumerate(ranges(call).items())
    }
    return _built(case, call, dtype, sizes, _seeded(case, index, 9), whole=False)


def _examples(case: Case, call: Call, dtypes: tuple[str, ...], smooth: bool) -> st.SearchStrategy[Example]:
    """All examples of a call; the simplest are the smallest, of whole numbers."""

    @st.composite
    def draw_example(draw: Callable[..., Any]) -> Example:
        dtype = draw(st.sampled_from(dtypes))
        sizes = {letter: draw(st.integers(low, high)) for letter, (low, high) in ranges(call).items()}
        whole = False if smooth else draw(st.sampled_from((True, False)))
        return _built(case, call, dtype, sizes, np.random.default_rng(draw(st.integers(0, 999))), whole)

    return draw_example()


def _settings(count: int, *phases: hypothesis.Phase) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


@once_per_case
def drawn(case: Case, index: int, count: int, seed: int) -> list[Example]:
    """So many examples of one call of a case, by hypothesis: the same list for the same seed."""
    found: list[Example] = []
    if not count or not parts(case.calls[index]):
        return found

    @hypothesis.seed(seed)
    @_settings(count, hypothesis.Phase.generate)
    @hypothesis.given(_examples(case, case.calls[index], case.dtypes, smooth=False))
    def collect(example: Example) -> None:
        found.append(example)

    collect()
    return found


def shrunk(example: Example, fails: Callable[[Example], bool], smooth: bool, seed: int) -> Example:
    """The simplest example of the same call that fails, found by hypothesis; the given one if there is none."""
    if not any(isinstance(part, A) for part in parts(example.call)):
        return example.smaller(fails)
    best: list[Example] = []

    def condition(candidate: Example) -> bool:
        if failed := fails(candidate):
            best.append(candidate)
        return failed

    strategy = _examples(example.case, example.call, (example.dtype,), smooth)
    none = (hypothesis.errors.NoSuchExample, hypothesis.errors.Flaky)
    with contextlib.suppress(*none), contextlib.redirect_stdout(io.StringIO()):
        hypothesis.find(
            strategy,
            condition,
            random=random.Random(seed),
            settings=_settings(60, hypothesis.Phase.generate, hypothesis.Phase.shrink),
        )
    return min([example, *best], key=weight)


def weight(example: Example) -> tuple[Any, ...]:
    """Smaller is simpler: fewer elements, then whole numbers."""
    return (
        sum(v.size for v in example.values),
        sum(int(np.sum(v != np.round(v))) for v in example.values if v.dtype.kind == "f"),
    )
