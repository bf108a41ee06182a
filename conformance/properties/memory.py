"""The property `memory`: whose memory a call reads, writes and gives away.

A call leaves its arguments alone, and its results stay as they are when the next call runs, in this thread or another.
What may share memory with an argument is decided by the standard's text, which leaves it open ("libraries may do
either", Copy-view behavior and mutability) except where it speaks of a copy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array
from backend.graph.tensor import Tensor

from ..calls.function_calls import AXES_OPEN, FIXED
from ..calls.validity import keep
from ..calls.variations import mapped, of_axes
from ..case import A, Case, parts
from ..examples import Example, least, typical
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, compiled, eager, placeholders, recorded, symbolic
from .copies import copies
from .in_place import in_place
from .threaded import threaded
from .writing import write

__all__ = ["memory", "memory_examples", "memory_of_results"]

AXES = 4  # of a call with more axes than those of the cases
MOST = 3000  # its elements
REPEATED = 3  # further calls with the arguments of the first

# Their results may be their argument: it has the values asked for, and the text speaks of no copy.
MAY_SHARE = frozenset(
    """positive real imag conj ceil floor round trunc asarray from_dlpack astype tril triu meshgrid diff
    broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile
    unstack take take_along_axis matrix_transpose unique_all unique_counts unique_inverse unique_values
    linalg.matrix_transpose linalg.diagonal linalg.matrix_power fft.fftshift fft.ifftshift
    array.getitem array.getitem_reversed array.setitem array.T array.mT array.pos""".split()
)
WRITES = frozenset({"array.setitem"})  # their first argument is what they write to


def memory_examples(case: Case, on: Namespace, seed: int) -> list[Example]:
    """One example of each call, and one of the smallest sizes: one element along an axis is already its sum."""
    dtype = next((d for d in ("float32", *case.dtypes) if d in case.dtypes and d in on.dtypes), case.dtypes[0])
    found = [typical(case, i, dtype, 0, seed) for i in range(len(case.calls))]
    if _computes(case) and not on.compiles and not on.probe.abilities.get("lazy"):
        found += [least(case, i, dtype) for i, c in enumerate(case.calls) if _lettered(c)]
    if case.group == "standard" and case.calls and case.name not in WRITES | AXES_OPEN | FIXED:
        one = found[0]
        call = mapped(one.filled(one.values), lambda i, x: of_axes(x, AXES))
        if (wide := keep({}, case, call, dtype, MOST)) is not None:
            found.append(wide)
    return found


def _lettered(call: Any) -> bool:
    return any(isinstance(d, str) for part in parts(call) if isinstance(part, A) for d in part.dims)


def _computes(case: Case) -> bool:
    """Whether the elements of the results of a function of the standard are new ones."""
    return case.group == "standard" and case.name not in MAY_SHARE


def memory(on: Namespace, example: Example) -> float | None:
    """A call leaves its arguments alone, no later call changes its results, and copies are copies."""
    if example.case.name == "empty" or example.case.name == "empty_like":
        return None  # what they hold is any value
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    if any(callable(r) for r in results):
        return None  # a method in place of a value (`array.size`): 'value' reports it
    before = _kept(results)
    _unchanged(on, example, arrays)
    other = _other(example)
    with contextlib.suppress(Exception):  # other values may be no arguments; the second call is for its effects alone
        eager(on, other)
    _same(before, results, "overwritten", "a later call changed the result")
    if not on.probe.abilities.get("lazy"):  # a lazy library computes when results are read, and writes to no memory
        for _ in range(REPEATED):
            _same(before, eager(on, example), "differs", "called again with the same arguments")
        if example.call is example.case.calls[0]:
            threaded(on, example, other)
        if on.probe.abilities.get("write to slices"):
            _shared(on, example)
            _given_away(on, example, before)
    if example.case.group == "standard":
        in_place(on, example)
        if example.call is example.case.calls[0]:
            copies(on, example.case.name)
    return 0.0


def memory_of_results(on: Namespace, example: Example) -> float:
    """A call leaves its arguments alone, and no later call changes its results."""
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    before = _kept(results)
    if isinstance(arrays[0] if arrays else None, np.ndarray):  # arrays of a module's own only the module reads
        _unchanged(on, example, arrays)
    with contextlib.suppress(Exception):  # as above
        eager(on, _other(example))
    _same(before, results, "overwritten", "a later call changed the result")
    for _ in range(REPEATED):
        _same(before, eager(on, example), "differs", "called again with the same arguments")
    return 0.0


# ---- results and arguments


def _kept(results: list[Any]) -> list[Any]:
    """The results as they are now: copies of arrays."""
    return [Expected(np.array(host(r)), None, dtype_name(r.dtype)) if is_array(r) else r for r in results]


def _same(before: list[Any], results: list[Any], kind: str, what: str) -> None:
    """Results are still, or again, what they were, to the bit; those that are no arrays cannot be overwritten."""
    arrays = [isinstance(want, Expected) for want in before]
    if all(_equal(w, r) for w, r, a in zip(before, results, arrays, strict=True) if a):
        return
    try:
        compare(
            [w for w, a in zip(before, arrays, strict=True) if a],
            [r for r, a in zip(results, arrays, strict=True) if a],
        )
    except Failure as failure:
        failure.kind, failure.message = kind, f"{what}: {failure.message}"
        failure.args = (failure.message,)
        raise


def _equal(want: Any, got: Any) -> bool:
    """Whether a result has the bits of a kept one: the quick way to know."""
    found = host(got)
    return (
        found.dtype == want.value.dtype and found.shape == want.value.shape and found.tobytes() == want.value.tobytes()
    )


def _unchanged(on: Namespace, example: Example, arrays: list[Any]) -> None:
    """The arguments are what they were before the call; item assignment writes to its first one."""
    for i, (v, x) in enumerate(zip(example.values, arrays, strict=True)):
        if i or example.case.name not in WRITES:
            want = Expected(v, None, v.dtype.name)
            if _equal(want, x):
                continue
            try:
                compare([want], [x], on.dtypes)
            except Failure as failure:
                failure.kind, failure.message = "mutation", f"the call changed its argument {i}: {failure.message}"
                failure.args = (failure.message,)
                raise


def _other(example: Example) -> Example:
    """The call with other values of the same kind: those of each array in another order, or others for a single one."""
    rng = np.random.default_rng([7, len(example.values)])
    values = []
    for part, v in zip(parts(example.call), example.values, strict=True):
        if not isinstance(part, A):
            values.append(v)
        elif v.size > 1 and np.any(v != v.reshape(-1)[0]):
            values.append(_reordered(v, rng))
        else:
            values.append(~v if v.dtype.kind == "b" else v // 2 if v.dtype.kind in "iu" else v * v.dtype.type(0.5))
    return Example(example.case, example.call, values, example.dtype)


def _reordered(v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    line = v.reshape(-1)
    found = line
    while np.array_equal(found, line, equal_nan=line.dtype.kind in "fc"):
        found = rng.permutation(line)
    return found.reshape(v.shape)


# ---- shared memory


def _shared(on: Namespace, example: Example) -> None:
    """Results that are computed do not change with the arguments afterwards; a compiled function's never do."""
    case = example.case
    if case.group == "k":
        inputs, outputs = recorded(example.graphs, "graph", lambda: _graph(example))
        arrays = on.arrays(example)
        _apart(on, example, arrays, compiled(on, inputs, outputs, arrays), "the result of a compiled function")
        if any(isinstance(o, Tensor) and o.node is not None and o.node.primitive.fresh for o in outputs):
            arrays = on.arrays(example)
            kept = [isinstance(o, Tensor) and o.node is not None and o.node.primitive.fresh for o in outputs]
            found = [r for r, new in zip(eager(on, example, arrays), kept, strict=True) if new]
            _apart(on, example, arrays, found, "a result that is computed")
    elif _computes(case):
        for one in (example, *_tame(example)):
            arrays = on.arrays(one)
            try:
                results = eager(on, one, arrays)
            except Exception:  # noqa: BLE001 - a tame value may be no argument
                continue
            _apart(on, one, arrays, results, "a result that is computed")


def _graph(example: Example) -> tuple[list[Any], list[Any]]:
    inputs = placeholders(example)
    return inputs, symbolic(example, inputs)


def _apart(on: Namespace, example: Example, arrays: list[Any], results: list[Any], what: str) -> None:
    """Writing to the arguments leaves the results alone."""
    before = _kept(results)
    for i, (x, v) in enumerate(zip(arrays, example.values, strict=True)):
        if v.size and write(on, x, v):
            _same(before, results, "shared memory", f"{what} changes when argument {i} is written to")


def _tame(example: Example) -> Iterator[Example]:
    """Values that many functions would give back: positive, sorted, and beside them zeros or ones."""
    for beside in (0, 1):
        values = []
        for i, v in enumerate(example.values):
            if v.dtype.kind == "b":
                values.append(np.ones_like(v))
            elif i and i + 1 == len(example.values):
                values.append(np.full_like(v, beside))
            else:
                values.append(np.sort(np.abs(v).reshape(-1)).reshape(v.shape).astype(v.dtype))
        yield Example(example.case, example.call, values, example.dtype)


def _given_away(on: Namespace, example: Example, before: list[Any]) -> None:
    """Writing to a result changes no later result: each call gives memory of its own."""
    arrays = on.arrays(example)
    written = False
    for r in eager(on, example, arrays):
        if is_array(r) and 0 not in tuple(r.shape):
            written = write(on, r, np.array(host(r))) or written
    if written:
        _same(before, eager(on, example), "overwritten", "after another result was written to, the same call")
