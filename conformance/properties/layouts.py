"""Operations on arrays that lie otherwise in memory: transposed, strided, reversed, repeated or read-only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.graph.primitives import PRIMITIVES

from ..calls.arrangements import LAYOUTS, MIXED, MORE, Arrange
from ..calls.function_calls import AXES_OPEN
from ..calls.validity import keep
from ..calls.variations import mapped, of_axes
from ..case import A, Case, parts
from ..examples import Example, sized, typical
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, compiled, eager, expected, placeholders, recorded, symbolic
from .agreement import agreement, bits
from .gradients import gradient_graph, wanted_gradients

__all__ = ["layout", "layout_examples"]

ALIKE = {"repeated": (slice(None, 1), ...), "repeated last": (..., slice(None, 1))}  # what such arrays repeat
OF_K = ("channels-first", "stacked", "thin-inside", "misaligned")  # besides those of its compiled functions
Known = dict[int, list[Any] | None]  # by example: the bits of its results where its arrays lie as new ones do
LENGTHS = (9, 18, 2)  # of a call's letters, the last ones first: whole vectors and a tail
STACK = 100  # elements of a stack of matrices at most
SHIFTS = ("bitwise_left_shift", "bitwise_right_shift")
FIRST_WRITTEN = frozenset({"array.setitem"})  # may not be repeated or read-only


def layout_examples(case: Case, on: Namespace, seed: int) -> list[Example]:
    """One example of each call, and a longer one for functions of the standard; one dtype of each is enough.

    Each is marked with another of the same shapes.
    """
    dtype = next((d for d in ("float32", *case.dtypes) if d in case.dtypes and d in on.dtypes), case.dtypes[0])
    found = []
    for i, each in enumerate(case.calls):
        pairs = [(typical(case, i, dtype, 0, seed), typical(case, i, dtype, 0, seed + 1))]
        if case.group == "standard" and case.judge is None and (letters := _letters(each)):
            places = tuple(zip(reversed(letters), LENGTHS, strict=False))
            pairs.append((sized(case, i, dtype, places, seed), sized(case, i, dtype, places, seed + 1)))
        for one, other in pairs:
            one.marks["beside"] = other
            found.append(one)
    if case.judge is not None and found and (stack := _stacked(case, found[0], dtype)) is not None:
        found.append(stack)
    return found


def _stacked(case: Case, example: Example, dtype: str) -> Example | None:
    """Two matrices in place of one, so that one may be repeated: repeated rows and columns make it singular."""
    call = mapped(example.filled(example.values), lambda i, x: of_axes(x, 3) if not i and x.ndim == 2 else x)
    return keep({}, case, call, dtype, STACK) if case.name not in AXES_OPEN else None


def _letters(call: Any) -> list[str]:
    """The letters of a call that no range limits, in order."""
    found: dict[str, bool] = {}
    for part in parts(call):
        for d in part.dims if isinstance(part, A) else ():
            if isinstance(d, str):
                found.setdefault(d, True)
    return list(found)


def layout(on: Namespace, example: Example) -> float | None:
    """Wherever the elements of its arrays lie, a call gives the same and leaves them alone; K's compiled too."""
    worst = None
    if example.case.group == "k" and any(v.size > 1 for v in example.values):
        for name, arrange in LAYOUTS.items():
            worst = max(worst or 0.0, _everywhere(on, _alike(example, name), name, arrange))
    standard = example.case.group == "standard"
    ways = {**(MORE if standard else {name: MORE[name] for name in OF_K}), **LAYOUTS}
    pairs: dict[str, tuple[Arrange | None, Arrange | None]] = {name: (how, how) for name, how in ways.items()}
    if sum(v.ndim > 0 for v in example.values) > 1:
        pairs |= MIXED
    # of two calls that follow each other the results differ, so that one buffer for both shows
    beside = example.marks.get("beside", example)
    ones = [_alike(beside if turn % 2 else example, name) for turn, name in enumerate(pairs)]
    known: Known = {}
    for one in ones:
        _usual(on, one, known)  # first, so that no other call comes in between
    last: list[Any] = []
    for one, (name, pair) in zip(ones, pairs.items(), strict=True):
        found = _called(on, one, name, pair, known, last)
        worst = worst if found is None else max(worst or 0.0, found)
    return worst


def _alike(example: Example, name: str) -> Example:
    """For arrays that repeat a row or a column, the example with all of them alike; the same example otherwise.

    What indexes, counts or chooses stays as it is.
    """
    if name not in ALIKE:
        return example
    if (name, "alike") not in example.cache:
        row = PRIMITIVES.get(example.case.name)
        # with no other array beside it, an array holds no indices and no counts
        whole = (row is not None and row.elementwise) or len(example.values) == 1
        kinds = "f" if example.case.group == "k" else "fciub" if whole else "fc"
        counted = row is not None and row.name in SHIFTS  # by the second array
        values = [
            np.broadcast_to(v[ALIKE[name]], v.shape).copy()
            if v.dtype.kind in kinds and v.ndim and v.size and isinstance(part, A) and not (i and counted)
            else v
            for i, (part, v) in enumerate(zip(parts(example.call), example.values, strict=True))
        ]
        example.cache[name, "alike"] = Example(example.case, example.call, values, example.dtype)
    return example.cache[name, "alike"]


# ---- a call


def _called(
    on: Namespace,
    example: Example,
    name: str,
    pair: tuple[Arrange | None, Arrange | None],
    known: Known,
    last: list[Any],
) -> float | None:
    """One call with its arrays in a layout; None where no array has it, or where the call fails in any layout.

    `last` has the results of the call before with their bits, which stay as they are.
    """
    arrays = _arrays(on, example, name, pair)
    if arrays is None or (example.case.name in FIRST_WRITTEN and (name in ALIKE or name == "read-only")):
        return None
    try:
        worst = _agrees(on, example, arrays, known, last)
        _untouched(on, example, arrays)
    except Failure as failure:
        if _usual(on, example, known) is None:
            return None  # 'value' reports it
        failure.kind, failure.message = f"{name} {failure.kind}", f"{name} arrays: {failure.message}"
        failure.args, failure.arrange = (failure.message,), pair
        raise
    return worst


def _agrees(on: Namespace, example: Example, arrays: list[Any], known: Known, last: list[Any]) -> float:
    """The worst error of a call; the bits that the usual layout gives need no comparison with the reference again."""
    try:
        results = eager(on, example, arrays)
        if last and bits(last[0]) != last[1]:
            raise Failure("overwritten", "the call changed the result of the call before")
        last[:] = [results, bits(results)]
        usual = _usual(on, example, known)
        if usual is not None:
            found = bits(results)
            if found == usual:
                return 0.0
            _same_kind(usual, found)
        return agreement(on, example, results)
    except (Failure, NotImplementedError):
        raise
    except Exception as error:
        raise Failure("exception", f"{type(error).__name__}: {error}") from error


def _same_kind(usual: list[Any], found: list[Any]) -> None:
    """The results of two layouts have the same shapes and dtypes; what an equation holds says nothing of them."""
    for i, (want, got) in enumerate(zip(usual, found, strict=True)):
        if isinstance(want, tuple) and (not isinstance(got, tuple) or want[:2] != got[:2]):
            shown = got[:2] if isinstance(got, tuple) else got
            raise Failure("shape or dtype", f"got {shown}, expected {want[:2]}", want[:2], shown, output=i)


def _usual(on: Namespace, example: Example, known: Known) -> list[Any] | None:
    """The bits that the call gives for arrays that lie as new ones do; None if it fails there."""
    if id(example) not in known:
        try:
            results = eager(on, example)
            agreement(on, example, results)
            known[id(example)] = bits(results)
        except Exception:  # noqa: BLE001 - whatever it is, 'value' shows it
            known[id(example)] = None
    return known[id(example)]


def _arrays(
    on: Namespace, example: Example, name: str, pair: tuple[Arrange | None, Arrange | None]
) -> list[Any] | None:
    """The arrays in a layout; None where none of them has it, or where the namespace cannot make it."""
    arrays: list[Any] = []
    arranged = False
    for i, (x, v) in enumerate(zip(on.arrays(example), example.values, strict=True)):
        arrange = pair[min(i, 1)]
        if arrange is None or not v.size or not (v.ndim or name == "taken out") or not _repeats(v, name):
            arrays.append(x)
            continue
        try:
            laid = arrange(x)
            right = np.array_equal(host(laid), v, equal_nan=v.dtype.kind in "fc")
        except Exception:  # noqa: BLE001 - the functions that make it have cases of their own
            return None
        if not right:
            return None
        arranged = arranged or laid is not x or name == "read-only"
        arrays.append(laid)
    return arrays if arranged else None


def _repeats(v: np.ndarray, name: str) -> bool:
    """Whether an array may have a layout, by its values."""
    return name not in ALIKE or np.array_equal(v, np.broadcast_to(v[ALIKE[name]], v.shape))


def _untouched(on: Namespace, example: Example, arrays: list[Any]) -> None:
    """The arguments are what they were."""
    if all(np.array_equal(host(x), v) for x, v in zip(arrays, example.values, strict=True)):
        return
    start = int(example.case.name in FIRST_WRITTEN)
    pairs = list(zip(example.values, arrays, strict=True))[start:]
    before = [Expected(v, None, dtype_name(x.dtype)) for v, x in pairs]
    compare(before, [x for _, x in pairs], on.dtypes)


# ---- a call of K, its compiled function and its gradients


def _everywhere(on: Namespace, example: Example, name: str, arrange: Arrange) -> float:
    arrays = [
        arrange(x) if v.ndim and v.size and (name != "repeated" or (v.dtype.kind == "f" and _repeats(v, name))) else x
        for x, v in zip(on.arrays(example), example.values, strict=True)
    ]
    worst = 0.0
    for how, wanted, results in _runs(on, example, arrays, slopes=name != "repeated"):  # equals are a kink
        try:
            worst = max(worst, compare(wanted, results, on.dtypes))
            _untouched(on, example, arrays)
        except Failure as failure:
            failure.kind = f"{name} {failure.kind}"
            failure.message = f"{how}, {name} arrays: {failure.message}"
            raise
    return worst


def _runs(
    on: Namespace, example: Example, arrays: list[Any], slopes: bool
) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """What is run: how, what is expected, and the results."""
    wanted = expected(example, on.library)
    yield "eagerly", wanted, eager(on, example, arrays)

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        return inputs, symbolic(example, inputs)

    inputs, outputs = recorded(example.graphs, "graph", record)
    yield "compiled", wanted, compiled(on, inputs, outputs, arrays)
    gradients = wanted_gradients(example, on.library) if slopes and example.differentiated else None
    if gradients is not None:
        inputs, found = gradient_graph(example)
        there = [(w, g) for w, g in zip(gradients, found, strict=True) if g is not None]
        yield "gradients", [w for w, _ in there], compiled(on, inputs, [g for _, g in there], arrays)
