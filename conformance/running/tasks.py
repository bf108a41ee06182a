"""What a run tries: the cases it selects, the properties to try on each namespace, and the examples of each."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
from collections.abc import Iterator, Sequence

import numpy as np

import backend as K
from backend.arrays.dtypes import dtype_name

from ..case import A, Case, discovered, discovered_standard, parts
from ..examples import Example, drawn, edges, erroneous, typical
from ..judging.revisions import asks_call
from ..properties.of_modules import properties_of
from ..properties.registry import Property
from ..subjects.operations import Namespace

__all__ = [
    "EXAMPLES",
    "GROUPS",
    "SEED",
    "Task",
    "dtypes_in",
    "examples_of",
    "public_operations",
    "selected",
    "tasks_of",
    "uncovered",
]

EXAMPLES, SEED = 4, 0  # examples drawn per call, besides the fixed ones; the default seed
GROUPS = ("standard", "k")


def selected(pattern: str | None, groups: Sequence[str] = ("k",)) -> list[Case]:
    """The cases whose names match a pattern such as 'soft*' or 'xp.exp*', ordered by chapter."""
    found: list[Case] = []
    for group in groups:
        registry = discovered_standard() if group == "standard" else discovered()
        found += sorted(registry.values(), key=lambda case: case.chapter)
    return [
        case
        for case in found
        if pattern is None
        or any(
            fnmatch.fnmatchcase(name, pattern)
            for name in (case.name, *([f"xp.{case.name}"] if case.group == "standard" else []))
        )
    ]


Task = tuple[Property, Namespace, str]  # the property, where to try it, and the name of that place if it is another one


def _places(prop: Property, on: Namespace) -> Iterator[tuple[Namespace, str]]:
    """The namespace itself; for 'device', each of its devices, or the one that the user chose."""
    if prop.name != "device":
        yield on, ""
    elif on.backend.device is None or (not on.devices and str(on.backend.device) != "cpu"):
        if on.backend.device is not None:
            yield on, ""
        for place in on.devices:
            yield place, place.name.removeprefix(f"{on.name}:")


def tasks_of(case: Case, on: Namespace, kinds: Sequence[str] | None = None) -> list[Task]:
    """Everything to try of one case on one namespace."""
    return (
        []
        if not on.judges(case)
        else [
            (prop, place, variant)
            for prop in properties_of(on).values()
            if (kinds is None or prop.name in kinds) and prop.applies(case, on)
            for place, variant in _places(prop, on)
        ]
    )


def examples_of(
    case: Case, prop: Property, on: Namespace, count: int = EXAMPLES, seed: int = SEED, dtype: str | None = None
) -> list[Example]:
    """The examples of a case for one property, restricted to dtypes that the namespace has."""
    calls = range(len(case.calls))
    if callable(prop.examples):
        found = list(prop.examples(case, on, seed))
    elif prop.examples == "errors":
        name = next((d for d in ("float32", *case.dtypes) if d in case.dtypes and d in on.dtypes), case.dtypes[0])
        found = [erroneous(case, i, name) for i in range(len(case.errors))]
    elif prop.examples == "smooth":
        dtypes = [d for d in ("float64", "float32") if d in case.dtypes and d in on.dtypes][:2]
        found = [typical(case, i, d, 0, seed) for i in calls for d in dtypes]
    elif prop.examples == "special":
        found = edges(case)
    else:
        found = [
            typical(case, i, d, variant, seed)
            for i in calls
            for d in _dtypes(case, i)
            for variant in _variants(case, i, d, prop, on)
        ]
        if prop.examples == "all":
            found += [e for i in calls for e in drawn(case, i, count, seed)]
            found += edges(case) if case.group == "k" else []
    if isinstance(prop.examples, str) and prop.examples != "smooth":  # float32 first, in case time runs out
        found.sort(key=lambda e: ("float32", "float64", "float16").index(e.dtype))
    asked = [e for e in found if asks_call(case, e.call, on.revision, dtypes_in(e))]
    return [e for e in asked if on.holds(e) and (dtype is None or dtype in dtypes_in(e))]


def _variants(case: Case, index: int, dtype: str, prop: Property, on: Namespace) -> tuple[int, ...]:
    """Which sizes to try one call in, for one dtype.

    Where each shape costs a compilation (31 ms on JAX, 137 of them per operation), each dtype has one size of its own,
    the same for all properties, instead of every size.
    """
    if on.compiles and len(_dtypes(case, index)) > 1:
        return (int(dtype != "float32"),)
    return (0, 1) if prop.name in ("unknown", "value") else (0,)


def _dtypes(case: Case, index: int) -> tuple[str, ...]:
    """The dtypes to try one call in: all of them if it holds floats, else one."""
    free = any(
        p.dtype in ("float", "complex") if isinstance(p, A) else p.dtype == np.float64 for p in parts(case.calls[index])
    )
    return case.dtypes if free or case.group == "k" else case.dtypes[:1]


def dtypes_in(example: Example) -> tuple[str, ...]:
    """The dtypes of an example's arrays, or its own without any."""
    return tuple([dtype_name(v.dtype) for v in example.values]) or (example.dtype,)


def public_operations() -> dict[str, str]:
    """The operations of K, name -> chapter: the public functions of backend.ops and backend.control."""
    import backend.control
    import backend.ops

    found: dict[str, str] = {}
    for package in (backend.ops, backend.control):
        for module in pkgutil.iter_modules(package.__path__):
            chapter = importlib.import_module(f"{package.__name__}.{module.name}")
            found.update(
                (name, module.name)
                for name in getattr(chapter, "__all__", ())
                if callable(getattr(chapter, name)) and getattr(K, name, None) is getattr(chapter, name)
            )
    return found


def uncovered(exempt: dict[str, str]) -> dict[str, str]:
    """Operations without a case or an exemption."""
    return {
        name: chapter
        for name, chapter in public_operations().items()
        if name not in discovered() and name not in exempt
    }
