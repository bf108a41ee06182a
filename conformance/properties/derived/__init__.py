"""Calls derived from the standard's signatures: nobody has to think of a combination for it to be tried.

Two kinds of check use them. 'parameters' tries each parameter, alone and in pairs, at each kind of value that its name
and type allow. 'dtypes' tries every dtype that the signature admits at every array position, mixed where promotion is
defined, Python scalars on either side, and values at the limits. References are exact integers, extended precision
with the bounds of `conformance.judging.bounds`, and the standard's own tables; never the namespace under test.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name

from ...case import Call, Case
from ...data import LATEST, REVISIONS, signatures, special_cases
from ...judging.bounds import analysing
from ...subjects.namespaces import Namespace
from . import (  # noqa: F401 - each chapter fills SUBJECTS
    array_object,
    creation,
    data_types,
    indexing,
    linear_algebra,
    manipulation,
    operands,
    reductions,
    searching,
    transforms,
)
from .deriving import SUBJECTS, OutsideError, Signature
from .example import Derived, Judged, Raises, as_specified, known_dtypes, with_arrays
from .promotion import TABLE, Defaults, Undefined, UnfitError, defaults_in_force, supposing
from .values import Draw

__all__ = ["as_specified", "derived_dtypes", "derived_parameters", "example_at", "examples_of", "is_derived"]

FEW = 6  # examples of one function and kind where each costs a compilation
FREE = ("finfo", "iinfo", "isdtype", "can_cast", "result_type", "broadcast_shapes")  # these compile nothing


def is_derived(case: Case, on: Namespace) -> bool:
    """Whether calls are derived for this case."""
    return case.group == "standard" and case.name in SUBJECTS


def derived_parameters(case: Case, on: Namespace, seed: int) -> list[Derived]:
    """The calls of a function for the kind 'parameters', those that the namespace can take."""
    return _for(case, on, "parameters", seed)


def derived_dtypes(case: Case, on: Namespace, seed: int) -> list[Derived]:
    """The calls of a function for the kind 'dtypes', those that the namespace can take."""
    return _for(case, on, "dtypes", seed)


def _for(case: Case, on: Namespace, kind: str, seed: int) -> list[Derived]:
    found = [
        e
        for e in examples_of(case, kind, revision_of(on), seed, defaults_of(on), on.library)
        if known_dtypes(e) <= set(on.dtypes)
        and _promotes(e, on)
        and all(on.probe.abilities.get(need, True) for need in SUBJECTS[case.name].needs(e.call))
    ]
    if not on.compiles or case.name in FREE:
        return found
    return found[:: max(1, -(-len(found) // FEW))]


def _promotes(example: Derived, on: Namespace) -> bool:
    """Whether the namespace has the dtypes to which the arrays of a call promote; uint32 and int32 need 64 bits."""
    names = {dtype_name(v.dtype) for v in example.values}
    return all(TABLE.get((a, b), a) in on.dtypes for a, b in itertools.combinations(names, 2))


def revision_of(on: Namespace) -> str:
    """The revision that a namespace states; the newest if it states none."""
    stated = str(getattr(on, "revision", None) or on.probe.revision)
    return stated if stated in REVISIONS else LATEST


def defaults_of(on: Namespace) -> Defaults:
    """The default dtypes of a namespace, as it states them, else as the probe found them."""
    real = on.probe.default_float if on.probe.default_float in ("float32", "float64") else "float64"
    integer = on.probe.default_int if on.probe.default_int in ("int32", "int64") else "int64"
    return Defaults(integer, real, {"float32": "complex64", "float64": "complex128"}[real], integer)


_shared: dict[Any, list[Derived]] = {}


def examples_of(case: Case, kind: str, revision: str, seed: int, given: Defaults, library: str) -> list[Derived]:
    """All calls of a function; the same objects for all namespaces that they suit, so that references are shared."""
    key = (case, kind, revision, seed, library if library == "jax" else "")
    for found in (key, (*key, given)):
        if found in _shared:
            return _shared[found]
    while len(_shared) > 16:  # the operations come one after the other
        _shared.pop(next(iter(_shared)))
    subject = SUBJECTS[case.name]
    seen = case if subject.view is None else dataclasses.replace(case, view=subject.view)
    signature = signature_of(case.name, revision)
    made: list[Derived] = []
    with supposing(given) as asked, np.errstate(all="ignore"):
        if signature is not None:
            calls = subject.parameters if kind == "parameters" else subject.dtypes
            derive = functools.partial(_derived, seen, revision, given, library)
            for call in calls(Draw(f"{case.name} {kind}", seed, revision), signature):
                if (example := derive((kind, seed, len(made)), with_arrays(call))) is not None:
                    made.append(example)
    _shared[(*key, given) if asked else key] = made
    return made


def _derived(
    seen: Case, revision: str, given: Defaults, library: str, origin: tuple[str, int, int], call: Call
) -> Derived | None:
    """A call with what the standard says that it gives; None where it says nothing."""
    again = functools.partial(_derived, seen, revision, given, library, origin)
    with contextlib.ExitStack() as around:
        around.enter_context(analysing(library))
        around.enter_context(np.errstate(all="ignore"))
        if defaults_in_force() != given:
            around.enter_context(supposing(given))
        try:
            wanted = SUBJECTS[seen.name].reference(*call.args, **call.kwargs)
        except UnfitError:
            return Derived(seen, call, Raises(Exception), origin, again)
        except OutsideError:
            return Derived(seen, call, Raises(Exception), origin, again) if seen.name in _refusing(revision) else None
        except Undefined:
            return None
    whole = wanted if isinstance(wanted, list | Judged | Raises) else [wanted]
    return Derived(seen, call, whole, origin, again)


def example_at(case: Case, on: Namespace, origin: tuple[str, int, int]) -> Derived:
    """The example that a script names: by kind, seed, and place in the list."""
    kind, seed, place = origin
    return examples_of(case, kind, revision_of(on), seed, defaults_of(on), on.library)[place]


@functools.cache
def _refusing(revision: str) -> frozenset[str]:
    """The functions that have to refuse an axis outside of the array."""
    return frozenset(
        row["function"]
        for row in special_cases(revision)
        if row["result"] == {"raises": "Exception"} and row.get("rule") == "raises" and not row["optional"]
    )


def signature_of(name: str, revision: str) -> Signature | None:
    """The signature of a function of the standard or of a case of the array object; None where it came later."""
    known = signatures(revision)
    word = name.removeprefix("array.")
    candidates = (name, f"array.__{word}__", f"array.__{word.removeprefix('i')}__") if word != name else (name,)
    found = next((c for c in candidates if c in known), None)
    if found is None:
        return Signature(name, ATTRIBUTE if name in array_object.ATTRIBUTES else CONSTANT) if name in PLAIN else None
    return Signature(name, known[found])


PLAIN = (*array_object.ATTRIBUTES, *array_object.CONSTANTS)
CONSTANT: dict[str, Any] = {"parameters": [], "accepts": {}, "result_dtype": "none"}
ATTRIBUTE: dict[str, Any] = {
    "parameters": [{"name": "self", "type": None}],
    "accepts": {"self": "any"},
    "result_dtype": "same",
}
