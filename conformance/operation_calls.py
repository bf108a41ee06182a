"""Calls of K's operations derived from their signatures: each option, axis, number of axes, magnitude and dtype.

Nobody writes them: a parameter's annotation and default say which other values it may have, alone and two at a time,
and what K's definition takes on the reference is a valid call. The kind `parameters` has these for K's operations, and
those of `conformance.derived` for the functions of the standard.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import backend as K

from .agreement import roomy
from .case import A, Call, Case, parts, replaced
from .examples import Example, ranges, sized, typical
from .failures import compare
from .gradients import gradient_graph, wanted_gradients
from .operations import Namespace, compiled, eager, expected, placeholders, recorded, symbolic
from .unspoiled import unspoiled

__all__ = ["operation_examples", "operation_holds"]

BASES = 2  # calls of a case that are varied
SMOOTH = (4, 8, 11)  # of the calls with other axes, those whose gradients are checked: 3 and 5 axes, one of size 1
LENGTHS = (1, 17, 333)  # of the last letter, where gradients are checked; of all for 1
PAIRS = 24  # calls with two arguments changed
MOST = 3000  # elements of a call

# Values for parameters whose annotation says too little.
NAMED: dict[str, tuple[Any, ...]] = {
    "data_format": ("channels_first", "channels_last"),
    "padding": ("same", "valid"),
    "pool_mode": ("avg", "max"),
    "interpolation": ("bilinear", "nearest"),
    "mode": ("reflect", "symmetric", "constant"),
    "dtype": ("float32", "float64", "int32"),
    "noise_shape": (),
    "seed": (),
    "name": (),
    "message": (),
    "initial_states": (),
    "maximum_iterations": (),
}
FLOATS = (0.3, 1.5, 2.0)
NUMBERS = ((2.5e4, 1.1e5), (3e30, 7e32), (2e-33, 5e-31), (0.5, 1.5, 2.5), (1.0, 2.0), (0.0,), (-0.0,))


def _values(p: inspect.Parameter, axes: int) -> list[Any]:
    """Other values of a parameter, by its name and annotation; axes are those of the first array."""
    if p.name in NAMED:
        found: list[Any] = list(NAMED[p.name])
    else:
        kind = str(p.annotation).strip("'\"")
        found = _of_kind(kind, p.name, axes)
        if "None" in kind and p.default is not None and p.default is not p.empty:
            found.append(None)
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


def _with_options(case: Case, call: Call) -> Iterator[Call]:
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
    pairs = [
        _given(case, _given(case, call, one, value), other, second)
        for one, other in itertools.combinations(by_name, 2)
        for value in by_name[one]
        for second in by_name[other]
    ]
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    yield from (pairs[i] for i in sorted(rng.permutation(len(pairs))[:PAIRS]))


def _with_axes(case: Case, call: Call) -> Iterator[Call]:
    """Up to five axes: more in front of all arrays, or of the first one alone; and none."""
    for count, alone in itertools.product((1, 2, 3, 4, 5), (False, True)):
        yield _mapped(call, lambda i, x, n=count, alone=alone: x if alone and i else _of_axes(x, n))
    yield _mapped(call, lambda i, x: x.reshape(-1)[0] if x.size else x)
    for axis in (0, -1):
        yield _mapped(call, lambda i, x, axis=axis: x.take([0], axis) if x.ndim else x)
        yield _mapped(call, lambda i, x, axis=axis: x if i or not x.ndim else x.take([0], axis))


def _of_axes(x: np.ndarray, count: int) -> np.ndarray:
    """The elements again along further axes of size 2 in front, in another order each time."""
    while x.ndim < count:
        x = np.stack([x, np.flip(x)])
    return x


def _mapped(call: Call, change: Any) -> Call:
    counter = itertools.count()
    return replaced(call, lambda x: np.asarray(change(next(counter), x)))


def _with_numbers(case: Case, call: Call, source: Call) -> Iterator[Call]:
    """Large, tiny, whole, half and equal numbers in those arrays that may hold any."""
    free = [isinstance(p, A) and p.is_float and (p.low, p.high) == (-3.0, 3.0) for p in parts(source)]
    if not any(free):
        return

    def among(numbers: tuple[float, ...]) -> Call:
        """Some elements are these numbers; the last one stays, and so do the signs but those of zeros."""

        def change(i: int, x: np.ndarray) -> np.ndarray:
            if not (i < len(free) and free[i]) or x.dtype.kind != "f" or not x.size:
                return x
            new = x.reshape(-1).copy()
            places = slice(0, max(new.size - 1, 1), 2)
            chosen = np.resize(np.asarray(numbers, x.dtype), new[places].shape)
            # which of two zeros is larger is open, so that zeros of one call have one sign
            new[places] = np.where(chosen == 0, chosen, np.copysign(chosen, new[places]))
            return new.reshape(x.shape)

        return _mapped(call, change)

    converts = any(isinstance(v, str) and v.startswith(("int", "uint")) for v in (*call.args, *call.kwargs.values()))
    # what a number beyond an integer dtype becomes is open: processors and GPUs differ
    yield from (among(numbers) for numbers in NUMBERS if not (converts and max(numbers) >= 2**31))
    yield _mapped(call, lambda i, x: np.full_like(x, x.reshape(-1)[0]) if x.dtype.kind == "f" and x.size else x)


@functools.cache
def _derived(case: Case, dtypes: tuple[str, ...]) -> list[Example]:
    """The valid calls of an operation, each once."""
    found: dict[str, Example] = {}
    dtype = dtypes[0]
    for index in range(min(len(case.calls), BASES if len(dtypes) else 0)):
        call = _literal(case, index, dtype)
        calls = itertools.chain(
            _with_options(case, call),
            _with_options(case, _mapped(call, lambda i, x: x if i else _of_axes(x, 3))),
            _with_axes(case, call),
            _with_numbers(case, call, case.calls[index]),
        )
        for each in calls:
            _add(found, case, each, dtype)
        for place, each in enumerate(_with_axes(case, call)):
            if place in SMOOTH:
                _add(found, case, each, dtype, smooth=True)
    for index, letters in enumerate(map(list, map(ranges, case.calls))):
        for count in LENGTHS if index < BASES and letters else ():
            spread = (1,) * len(letters) if count == 1 else (*(3,) * (len(letters) - 1), count)
            example = sized(case, index, dtype, tuple(zip(letters, spread, strict=True)))
            _add(found, case, example.filled(example.values), dtype, smooth=True)
    for index in range(len(case.calls)):
        for other in dtypes[1:2]:
            _add(found, case, _literal(case, index, other), other)
            mixed = _mapped(
                _literal(case, index, dtype), lambda i, x, to=other: x.astype(to) if i and x.dtype.kind == "f" else x
            )
            _add(found, case, mixed, dtype)
    return list(found.values())


def _add(found: dict[str, Example], case: Case, call: Call, dtype: str, smooth: bool = False) -> None:
    """Keep a call that the definition takes; of a smooth one the gradient is checked as well."""
    values = [v for v in parts(call) if isinstance(v, np.ndarray)]
    key = repr(call.kwargs) + repr(
        [(a.shape, a.dtype.name, a.tobytes()) if isinstance(a, np.ndarray) else a for a in call.args]
    )
    if smooth and key in found:
        found[key].cache["smooth"] = True
    if key in found or not values or sum(v.size for v in values) > MOST:
        return
    example = Example(case, call, values, dtype)
    try:
        expected(example)
    except Exception:  # noqa: BLE001 - an invalid call, which the cases' errors are about
        return
    found[key] = example


def operation_examples(case: Case, on: Namespace) -> list[Example]:
    """The derived calls of an operation that a namespace can take."""
    if on.compiles:
        return []
    dtypes = tuple(d for d in ("float32", "float64", *case.dtypes) if d in case.dtypes and d in on.dtypes)
    return [e for e in _derived(case, dtypes[:2]) if on.holds(e)] if dtypes else []


def operation_holds(on: Namespace, example: Example) -> float:
    """An operation and its compiled function give what the definition says."""
    wanted = [roomy(want) for want in expected(example, on.library)]
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    unspoiled(on, example, arrays, results)
    worst = compare(wanted, results, on.dtypes)

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        return inputs, symbolic(example, inputs)

    inputs, outputs = recorded(example.cache, "graph", record)
    worst = max(worst, compare(wanted, compiled(on, inputs, outputs, arrays), on.dtypes))
    if "smooth" in example.cache and example.case.gradient != ():
        worst = max(worst, _slopes(on, example, arrays))
    return worst


def _slopes(on: Namespace, example: Example, arrays: list[Any]) -> float:
    """The gradients are those of the definition's."""
    wanted = wanted_gradients(example, on.library) if example.differentiated else None
    if wanted is None:
        return 0.0
    inputs, found = gradient_graph(example)
    results = compiled(on, inputs, [g for g in found if g is not None], arrays)
    return compare([roomy(w) for w, g in zip(wanted, found, strict=True) if g is not None], results)
