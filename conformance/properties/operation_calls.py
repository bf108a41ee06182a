"""Calls of K's operations derived from their signatures: each option, axis, number of axes, magnitude and dtype.

Nobody writes them: a parameter's annotation and default say which other values it may have, alone and two at a time,
and what K's definition takes on the reference is a valid call. The kind `parameters` has these for K's operations, and
those of `conformance.properties.derived` for the functions of the standard.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import backend as K

from ..calls.validity import SMALL, keep, resized, spreads
from ..calls.variations import NUMBERS, SPECIAL, among, equal, holding, mapped, of_axes, whole, with_axes, with_scalars
from ..case import A, Call, Case, parts
from ..examples import Example, ranges, sized, typical
from ..judging.failures import compare
from ..kept import once_per_case
from ..subjects.operations import Namespace, compiled, eager, expected, functions_of, placeholders, recorded, symbolic
from .agreement import roomy
from .gradients import check_differences, gradient_graph, wanted_gradients
from .unspoiled import unspoiled

__all__ = ["operation_examples", "operation_holds"]

BASES = 2  # calls of a case that are varied
SMOOTH = (4, 8, 10, 11, 13, 15, 16)  # places of `with_axes` whose gradients are checked: 3, 5, none, thin, one axis
# All sizes of a call: other axes fit what goes with an axis; means of 4 whole numbers are exact, and 3 leave a tail.
EQUAL, ODD = 4, 3
LINE = 333  # elements of a vector
LENGTHS = (2, 17, 333, 4097)  # elements of the largest array, where gradients are checked
PAIRS = 48  # calls with two arguments changed
MOST = 3000  # elements of a call
MOST_SMOOTH = 10_000  # of a call whose gradient is checked

# Values for parameters whose annotation says too little.
NAMED: dict[str, tuple[Any, ...]] = {
    "data_format": ("channels_first", "channels_last"),
    "padding": ("same", "valid"),
    "pool_mode": ("avg", "max"),
    "interpolation": ("bilinear", "nearest"),
    "mode": ("reflect", "symmetric", "constant"),
    "dtype": ("float32", "float64", "int32", "int64", "uint8", "bool"),
    "noise_shape": (),
    "seed": (),
    "name": (),
    "message": (),
    "initial_states": (),
    "maximum_iterations": (),
}
# Chapters without sums in any order.
IN_ORDER = ("activations", "elementwise", "special", "comparison", "manipulation", "rearrangement", "interpolation")
# Vectors of equal singular values, of zeros and of extra columns are arbitrary.
ARBITRARY = ("svd", "qr", "eigh")
SUMS = frozenset("sum mean prod var std matmul tensordot vecdot cumulative_sum cumulative_prod einsum".split())
FLOATS = (0.3, 1.5, 2.0)


def _values(p: inspect.Parameter, axes: int) -> list[Any]:
    """Other values of a parameter, by its name and annotation; axes are those of the first array."""
    if p.name in NAMED:
        found: list[Any] = list(NAMED[p.name])
    else:
        kind = str(p.annotation).strip("'\"")
        found = _of_kind(kind, p.name, axes)
        if "None" in kind and p.default is not None and p.default is not p.empty:
            found.append(None)
    if "axis" in p.name or "axes" in p.name:
        return found  # the default, too, is another one than the call's
    return [v for v in found if type(v) is not type(p.default) or v != p.default]


def _of_kind(kind: str, name: str, axes: int) -> list[Any]:
    if "axis" in name or "axes" in name:
        single: list[Any] = [*range(axes), *range(-axes, 0)]
        several = [*itertools.permutations(range(axes), 2), (0, -1), (-1, -2)] if axes > 1 else []
        return [*single, *(several if kind in ("Axis", "Axes") else []), *([None] if kind == "Axis" else [])]
    if kind == "bool":
        return [True, False]
    if kind.startswith("float"):
        return list(FLOATS)
    if kind == "PerAxis":
        return [2, 3, (2, 1), (1, 2), (2, 2)]
    return {"int": [1, 2, 3], "Size": [1, 3, 5]}.get(kind, [])


def _literal(case: Case, index: int, dtype: str) -> Call:
    """A call of the case with its arrays in it."""
    example = typical(case, index, dtype)
    return example.filled(example.values)


def _given(case: Case, call: Call, name: str, value: Any) -> Call:
    """The call with an argument changed or added."""
    names = list(inspect.signature(getattr(K, case.name)).parameters)
    place = names.index(name)
    if place < len(call.args):
        return Call((*call.args[:place], value, *call.args[place + 1 :]), call.kwargs)
    return Call(call.args, {**call.kwargs, name: value})


def _with_options(case: Case, call: Call, pairs: bool = True) -> Iterator[Call]:
    """Each option alone, then some two at a time."""
    arrays = [v for v in parts(call) if isinstance(v, np.ndarray)]
    if not arrays:
        return
    by_name = {
        p.name: _values(p, arrays[0].ndim)
        for p in inspect.signature(getattr(K, case.name)).parameters.values()
        if p.kind is not p.VAR_POSITIONAL and "Array" not in str(p.annotation)
    }
    for name, values in by_name.items():
        yield from (_given(case, call, name, value) for value in values)
    both = [
        _given(case, _given(case, call, one, value), other, second)
        for one, other in itertools.combinations(by_name, 2)
        for value in by_name[one]
        for second in by_name[other]
        if pairs
    ]
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    yield from (both[i] for i in sorted(rng.permutation(len(both))[:PAIRS]))


def _of_fewer_axes(call: Call) -> Iterator[Call]:
    """One of several arrays without its last axis, or without its first."""
    count = sum(isinstance(v, np.ndarray) for v in parts(call))
    for place, last in itertools.product(range(count) if count > 1 else (), (True, False)):
        yield mapped(call, lambda i, x, at=place, end=last: _first(x, end) if i == at and x.size and x.ndim else x)  # type: ignore[misc]


def _first(x: np.ndarray, last: bool) -> np.ndarray:
    return x[..., 0] if last else x[0]


def _channels_first(case: Case, call: Call) -> Iterator[Call]:
    """An image whose channels stand first, with each other option."""
    names = list(inspect.signature(getattr(K, case.name)).parameters)
    arrays = [v for v in parts(call) if isinstance(v, np.ndarray)]
    if "data_format" in names and arrays and arrays[0].ndim > 2:
        turned = mapped(call, lambda i, x: x if i else np.ascontiguousarray(np.moveaxis(x, -1, 1)))
        yield from _with_options(case, _given(case, turned, "data_format", "channels_first"))


def _with_numbers(case: Case, call: Call, source: Call) -> Iterator[Call]:
    """Large, tiny, whole, half and equal numbers in those arrays that may hold any."""
    free = [isinstance(p, A) and p.is_float for p in parts(source)]
    if not any(free):
        return
    converts = any(isinstance(v, str) and v.startswith(("int", "uint")) for v in (*call.args, *call.kwargs.values()))
    # what a number beyond an integer dtype becomes is open: processors and GPUs differ
    sums = case.chapter not in IN_ORDER or bool(
        functions_of(case) & SUMS
    )  # products of two huge numbers leave the range
    first = [f and not i for i, f in enumerate(free)]
    for numbers in NUMBERS:
        if not (converts and max(numbers) >= 2**31):
            yield among(call, numbers, first if sums and max(numbers) > 1e20 else free)
    yield from (among(call, numbers, free) for numbers in (SPECIAL if case.edges and not converts else ()))
    yield equal(call)
    yield whole(call)


def _with_integers(case: Case, call: Call, source: Call) -> Iterator[Call]:
    """Whole numbers in place of floats, in the integer dtypes that calls of the case have; zeros and negative ones."""
    free = [isinstance(p, A) and p.is_float for p in parts(source)]
    others = {v.dtype.name for i in range(len(case.calls)) for v in typical(case, i, case.dtypes[0]).values}
    if "bool" in others:
        truth = mapped(call, lambda i, x: x > 0.5 if x.dtype.kind == "f" and free[i] else x)
        yield from (truth, mapped(truth, lambda i, x: x if i else of_axes(x, 3)))
    own = any(map(callable, (*call.args, *call.kwargs.values())))  # a function that is written for floats
    for dtype in sorted({*others, *case.dtypes, *(() if own else ("int32",))}):
        if np.dtype(dtype).kind not in "iu":
            continue
        lowest = np.iinfo(dtype).min
        each = mapped(
            call,
            lambda i, x, dtype=dtype, low=lowest: (
                np.maximum(np.round(x * 4), max(low, -99)).astype(dtype)  # type: ignore[misc]
                if x.dtype.kind == "f" and free[i]
                else x
            ),
        )
        yield each
        yield mapped(each, lambda i, x: x if i else of_axes(x, 3))
        yield among(each, (0, 1) if lowest == 0 else (0, -3, 1), free)


@once_per_case
def _derived(case: Case, dtypes: tuple[str, ...]) -> list[Example]:
    """The valid calls of an operation, each once."""
    found: dict[str, Example] = {}
    dtype = dtypes[0]
    for index in range(min(len(case.calls), BASES if len(dtypes) else 0)):
        call = _literal(case, index, dtype)
        calls = itertools.chain(
            _with_options(case, call),
            _with_options(case, mapped(call, lambda i, x: x if i else of_axes(x, 3))),
            _channels_first(case, call),
            _of_fewer_axes(call),
            [mapped(call, lambda i, x: np.resize(x, LINE) if x.dtype.kind == "f" and x.size else x)],
            with_scalars(call),
            _with_numbers(case, call, case.calls[index])
            if case.name not in ARBITRARY
            else (holding(call, number) for number in (-2.0, 0.5, 2e-33)),
            _with_equal_sizes(case, index, dtype),
            _with_integers(case, call, case.calls[index]),
            resized(case, index, dtype, 0),
        )
        for each in calls:
            keep(found, case, each, dtype, MOST)
        for place, each in enumerate(with_axes(call)):
            if place in SMOOTH:
                _keep_smooth(found, case, each, dtype)
            else:
                keep(found, case, each, dtype, MOST)
        for example in _of_lengths(case, index, dtype):
            _keep_smooth(found, case, example.filled(example.values), dtype)
    for index in range(len(case.calls)):
        for other in dtypes[1:2]:
            keep(found, case, _literal(case, index, other), other, MOST)
            keep(found, case, mapped(_literal(case, index, dtype), functools.partial(_wider, other)), dtype, MOST)
    return list(found.values())


def _keep_smooth(found: dict[str, Example], case: Case, call: Call, dtype: str) -> None:
    """A call whose gradient is checked as well, where there is one."""
    example = keep(found, case, call, dtype, MOST_SMOOTH)
    if example is not None and not (case.name in ARBITRARY and _oblong(call)):
        example.marks["smooth"] = True


def _oblong(call: Call) -> bool:
    """Whether a matrix has no unique basis of its rows or columns."""
    return any(len(set(v.shape[-2:])) > 1 for v in parts(call) if isinstance(v, np.ndarray))


def _wider(dtype: str, i: int, x: np.ndarray) -> np.ndarray:
    """All arrays of floats but the first in another dtype."""
    return x.astype(dtype) if i and x.dtype.kind == "f" else x


def _with_equal_sizes(case: Case, index: int, dtype: str) -> Iterator[Call]:
    """Each option of a call whose sizes are all the same, then whole numbers."""
    letters = list(ranges(case.calls[index]))
    if not letters:
        return
    for size in (EQUAL, ODD, 1):
        one = sized(case, index, dtype, tuple((letter, size) for letter in letters))
        call = one.filled(one.values)
        yield whole(call)
        for each in _with_options(case, call, pairs=size > 1):
            yield each
            if size == EQUAL:
                yield whole(each)


def _of_lengths(case: Case, index: int, dtype: str) -> Iterator[Example]:
    """A call with all sizes 1, with each one alone 1, and with arrays of so many elements, vectors and their tails."""
    letters = list(ranges(case.calls[index]))
    found = list(spreads(case, index, 1))
    if letters:
        others = (SMALL,) * (len(letters) - 1)
        row, double = (_largest(_with_sizes(case, index, dtype, letters, (*others, n))) for n in (1, 2))
        power = max(math.log2(double / row), 1.0)  # how often the last letter stands in the largest array
        found += [(*others, math.ceil((count / row) ** (1 / power))) for count in LENGTHS]
    for spread in found:
        yield _with_sizes(case, index, dtype, letters, spread)


def _largest(example: Example) -> int:
    return max((v.size for v in example.values if v.size), default=1)


def _with_sizes(case: Case, index: int, dtype: str, letters: list[str], spread: tuple[int, ...]) -> Example:
    return sized(case, index, dtype, tuple(zip(letters, spread, strict=True)))


def operation_examples(case: Case, on: Namespace) -> list[Example]:
    """The derived calls of an operation that a namespace can take."""
    if on.compiles:
        return []
    dtypes = tuple(d for d in ("float32", "float64", *case.dtypes) if d in case.dtypes and d in on.dtypes)
    return [e for e in _derived(case, dtypes[:2]) if on.holds(e)] if dtypes else []


def operation_holds(on: Namespace, example: Example) -> float:
    """An operation and its compiled function give what the definition says."""
    wanted = expected(example, on.library)
    if example.case.chapter not in IN_ORDER:
        wanted = [roomy(want) for want in wanted]
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    unspoiled(on, example, arrays, results)
    worst = compare(wanted, results, on.dtypes)

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        return inputs, symbolic(example, inputs)

    inputs, outputs = recorded(example.graphs, "graph", record)
    worst = max(worst, compare(wanted, compiled(on, inputs, outputs, arrays), on.dtypes))
    if "smooth" in example.marks and example.case.gradient != ():
        worst = max(worst, _slopes(on, example, arrays))
    return worst


def _slopes(on: Namespace, example: Example, arrays: list[Any]) -> float:
    """The gradients are those of the definition's rules, which agree with finite differences."""
    wanted = wanted_gradients(example, on.library) if example.differentiated else None
    if wanted is None:
        return 0.0
    check_differences(example)
    inputs, found = gradient_graph(example)
    results = compiled(on, inputs, [g for g in found if g is not None], arrays)
    return compare([roomy(w) for w, g in zip(wanted, found, strict=True) if g is not None], results)
