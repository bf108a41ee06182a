"""The property `sizes`: what holds for a few elements holds for one, none, whole vectors with a tail, and blocks.

A library computes vectors of 4 to 64 elements at once and the rest one by one, reduces in blocks of 8 to 4096, and
takes other algorithms above a limit. Each size is tried along each letter of a call; functions that take any number of
axes are tried on 1 to 5 of them.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..calls.ranks import raised
from ..case import A, Call, Case, call, parts
from ..examples import Example, ranges, sized, typical, value_of
from ..judging.failures import Failure, compare
from ..kept import once_per_case
from ..special_cases import Probe, failing_rows, probes, revision_of, special_case
from ..subjects.functions import Dtype
from ..subjects.operations import Namespace, compiled, eager, expected, placeholders, recorded, symbolic
from .agreement import agreement, roomy
from .unspoiled import unspoiled

__all__ = ["has_sizes", "sizes", "sizes_examples"]

# Of the standard's functions; the second list in the second dtype, the third where a shape costs a compilation.
LENGTHS = (0, 1, 2, 3, 8, 17, 64, 65, 127, 129, 1000, 1025, 4096)
SECOND = (17, 129, 1000)
LAZY = (0, 1, 65)  # where each result takes milliseconds
COMPILED = (1025,)  # of a single letter; of two, a block alone
OF_K = (0, 1, 2, 17, 65, 129, 1000, 4096)
BLOCK = (65, 65)  # of two letters at once
ELEMENTS = {"standard": 20_000, "k": 20_000}  # of a call's arrays together
ROWS = (17, 65, 1000)  # of special values among others

# Products leave the range of float32 beyond, and equations hold within n eps times a norm for modest n alone.
LARGEST = {
    **dict.fromkeys(("prod", "cumulative_prod", "cumprod"), 65),
    **dict.fromkeys(("lstm", "gru"), 129),  # steps, one after the other
    **dict.fromkeys(("linalg.det", "linalg.slogdet", "linalg.eig", "linalg.eigvals"), 17),
    # each element of a matrix is changed to find out how far the results move
    **dict.fromkeys(("solve", "inv", "pinv", "det", "slogdet", "cholesky", "eigh", "qr", "svd", "norm"), 17),
}
LARGEST_JUDGED = 65
# They take arrays without elements, though their cases, written for other functions as well, begin at 1.
EMPTY = frozenset(
    """sort argsort unique_values unique_counts unique_inverse flip moveaxis permute_dims repeat roll tile
    expand_dims""".split()
)
# One NaN makes these NaN, wherever it is.
SPREADING = frozenset("max min sum prod mean var std cumulative_sum cumulative_prod".split())


def sizes_examples(case: Case, on: Namespace, seed: int) -> list[Example]:
    """Each size along each letter of each call, and sizes of functions that make arrays of sizes alone."""
    dtypes = [d for d in ("float32", "float64", *case.dtypes) if d in case.dtypes and d in on.dtypes][:2]
    if not dtypes:
        return []
    lazy = bool(on.probe.abilities.get("lazy"))
    lengths = COMPILED if on.compiles else LAZY if lazy else OF_K if case.group == "k" else LENGTHS
    calls = range(len(case.calls) if not lazy else min(len(case.calls), 4))
    found = [e for i in calls for e in _of_call(case, i, tuple(dtypes), lengths, seed)]
    if case.group == "standard" and not on.compiles and not lazy:
        found += _created(case)
        found += [e for d in dtypes[:1] for e in _raised(case, d, seed)]
        found += _among(case, on, seed)
    return [e for e in found if _known(e, on.library)]


def has_sizes(case: Case, on: Namespace) -> bool:
    """Whether there is anything to try; where shapes cost compilations or results time, much is left out."""
    few = on.compiles or on.probe.abilities.get("lazy")
    return bool(case.calls) and (not few or bool(sizes_examples(case, on, 0)))


def _known(example: Example, library: str) -> bool:
    """Whether the reference takes the arguments: a literal argument may belong to the case's own sizes."""
    if example.case.judge is not None or isinstance(example, Probe):
        return True
    try:
        expected(example, library)
    except Exception:  # noqa: BLE001 - whatever it refuses
        return False
    return True


@once_per_case
def _of_call(case: Case, index: int, dtypes: tuple[str, ...], lengths: tuple[int, ...], seed: int) -> list[Example]:
    """The examples of one call, the smallest first."""
    limits = _limits(case, index)
    compiles = lengths is COMPILED
    if not limits or (compiles and (case.group == "k" or index)):
        return []
    free = any(part.dtype in ("float", "complex") for part in parts(case.calls[index]) if isinstance(part, A))
    lengths = lengths[len(limits) > 1 :] if compiles else lengths
    chosen: list[tuple[str, tuple[tuple[str, int], ...]]] = []
    for which, dtype in enumerate(dtypes if free and not compiles else dtypes[:1]):
        tried = lengths if not which else SECOND if lengths is LENGTHS else SECOND[:1]
        chosen += [(dtype, ((letter, n),)) for letter, (low, high) in limits.items() for n in tried if low <= n <= high]
    if len(limits) > 1:
        pair = list(limits)[-2:]
        chosen.append((dtypes[0], tuple((m, min(n, limits[m][1])) for m, n in zip(pair, BLOCK, strict=True))))
    chosen.sort(key=lambda each: max(n for _, n in each[1]))
    found = []
    for dtype, given in chosen:
        if _count(case.calls[index], dict(given)) <= ELEMENTS[case.group]:
            found.append(sized(case, index, dtype, given, seed))
            if case.name in SPREADING and free and max(n for _, n in given) > 16:
                found.append(_with_nan(found[-1]))
    return found


def _limits(case: Case, index: int) -> dict[str, tuple[int, int]]:
    """The sizes that each letter may have: from the smallest of the case to the largest that bounds hold for."""
    high = LARGEST.get(case.name, LARGEST_JUDGED if case.judge is not None else max(LENGTHS))
    least = 0 if case.name in EMPTY and case.group == "standard" else max(LENGTHS)
    return {letter: (min(low, least), high) for letter, (low, _) in ranges(case.calls[index]).items()}


def _count(each: Call, given: dict[str, int]) -> int:
    """The elements of a call's arrays, where letters without a size have 3."""
    return sum(
        int(np.prod([given.get(d, 3) if isinstance(d, str) else d for d in part.dims]))
        for part in parts(each)
        if isinstance(part, A)
    )


def _with_nan(example: Example) -> Example:
    """One NaN in each array of numbers, somewhere."""
    if "with NaN" not in example.cache:
        values = []
        for v in example.values:
            line = v.reshape(-1).copy()
            if v.dtype.kind == "f" and v.size:
                line[np.random.default_rng(v.size).integers(v.size)] = np.nan
            values.append(line.reshape(v.shape))
        example.cache["with NaN"] = Example(example.case, example.call, values, example.dtype)
    return example.cache["with NaN"]


# ---- functions without letters

F32, I32 = Dtype("float32"), Dtype("int32")
CREATED = {
    "arange": lambda n: [call(n, dtype=I32), call(0.0, float(n), dtype=F32), call(n, -n, -2, dtype=I32)],
    "linspace": lambda n: [call(-1.0, 2.0, n, dtype=F32), call(0.0, 3.0, n, dtype=F32, endpoint=False)],
    "eye": lambda n: [call(min(n, 129), dtype=F32), call(min(n, 129), 65, k=-2, dtype=F32)],
    "zeros": lambda n: [call((n,), dtype=F32), call((2, n), dtype=I32)],
    "ones": lambda n: [call((n,), dtype=F32), call((2, n), dtype=I32)],
    "full": lambda n: [call((n,), 2.5, dtype=F32), call((2, n), 7, dtype=I32)],
}


@once_per_case
def _created(case: Case) -> list[Example]:
    """The sizes of functions that make arrays of sizes alone."""
    make = CREATED.get(case.name)
    return [] if make is None else [Example(case, each, [], "float32") for n in LENGTHS for each in make(n)]


@once_per_case
def _raised(case: Case, dtype: str, seed: int) -> list[Example]:
    """Examples of 1 to 5 dimensions."""
    rng = np.random.default_rng([seed, 17])
    return [
        Example(case, each, [value_of(part, dtype, {}, rng, False) for part in parts(each)], dtype)
        for each in raised(case)
    ]


# ---- special values among others


def _among(case: Case, on: Namespace, seed: int) -> list[Example]:
    """The special cases of an elementwise function many times over, in any order, so that they meet in one vector."""
    found: list[Example] = []
    rng = np.random.default_rng([seed, 23])
    for probe in probes(case.name, revision_of(on)):
        arrays = [v for v in probe.values if v.ndim]
        if probe.apart != 1 or not probe.rulings or not arrays or not on.holds(probe):
            continue
        for n in ROWS:
            several = probe.again(rng.integers(len(arrays[0]), size=n))
            several.marks["once"] = probe
            found.append(several)
    return found


def _special(on: Namespace, several: Probe) -> float:
    """The rows that hold for each element once hold among others; `special` reports those that never do."""
    once = several.marks["once"]
    wrong = failing_rows(on, once)
    left = copy.copy(several)
    left.rulings = [r for r in several.rulings if r.rows[0]["id"] not in wrong]
    return special_case(on, left)


# ---- the property


def sizes(on: Namespace, example: Example) -> float | None:
    """The shape and the values are right at this size; None where the call fails at any size, which 'value' reports."""
    try:
        return _held(on, example)
    except Failure:
        if not isinstance(example, Probe) and not _small(on, example):
            return None
        raise


def _held(on: Namespace, example: Example) -> float:
    if isinstance(example, Probe):
        return _special(on, example)
    try:
        arrays = on.arrays(example)
        results = eager(on, example, arrays)
    except (Failure, NotImplementedError):
        raise
    except Exception as error:
        raise Failure("exception", f"{type(error).__name__}: {error}") from error
    unspoiled(on, example, arrays, results)
    if example.case.group == "k":  # of thousands of elements some pass a bound for errors of random sign
        wanted = [roomy(want) for want in expected(example, on.library)]
        worst = compare(wanted, results, on.dtypes)
        inputs, outputs = recorded(example.graphs, "graph", lambda: _graph(example))
        return max(worst, compare(wanted, compiled(on, inputs, outputs, arrays), on.dtypes))
    return agreement(on, example, results)


def _graph(example: Example) -> tuple[list[Any], list[Any]]:
    inputs = placeholders(example)
    return inputs, symbolic(example, inputs)


def _small(on: Namespace, example: Example) -> bool:
    """Whether the same call passes at the sizes that 'value' and 'special' try."""
    case = example.case
    try:
        index = next((i for i, c in enumerate(case.calls) if c is example.call), 0)
        one = typical(case, index, example.dtype)
        agreement(on, one, eager(on, one))
    except Exception:  # noqa: BLE001 - whatever it is, 'value' shows it
        return False
    return True
