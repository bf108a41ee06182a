"""Generated faults in gradient rules: planted in a rule, they show in the gradients of recorded calls."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import backend as K

from ..case import A, Case, discovered, parts
from ..examples import Example, typical
from ..properties.gradients import contraction, gradient_graph
from ..reading import host
from ..subjects.functions import function_of, resolved
from ..subjects.operations import functions_of, namespace
from .check import INTACT, planted
from .faults import Mutant
from .probes import Probe
from .touching import rules_heard

__all__ = ["rule_changes", "rules", "users"]

FEW = 5  # operations that have to find a fault in a rule that they need
ENOUGH = 1e-4  # of the largest element: what a gradient has to differ by


@functools.cache
def users() -> dict[str, tuple[Case, ...]]:
    """The gradient rules that K's operations call, each with a few of these, those of the fewest functions first.

    A rule that nothing calls, because a composite has a rule of its own, concerns nobody.
    """
    found: dict[str, list[Case]] = {}
    for case in discovered().values():
        floats = any(p.is_float if isinstance(p, A) else p.dtype.kind == "f" for c in case.calls for p in parts(c))
        if case.gradient != () and floats:
            for name in _called_rules(case):
                found.setdefault(name, []).append(case)
    return {
        name: tuple(sorted(cases, key=lambda c: (c.name != name, len(functions_of(c))))[:FEW])
        for name, cases in sorted(found.items())
    }


def _called_rules(case: Case) -> set[str]:
    """The rules that the gradients of a case's calls go through."""
    with rules_heard() as heard:
        for index in range(len(case.calls)):
            one = typical(case, index, "float32" if "float32" in case.dtypes else case.dtypes[-1])
            if one.differentiated:
                gradient_graph(Example(case, one.call, one.values, one.dtype))  # recorded here, whatever was before
    return heard


def rules(wrapped: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[Any], Any]:
    """A fault for all rules of a function, each made by `wrapped`."""
    return lambda whole: tuple(rule and wrapped(rule) for rule in whole)


def _gradients(probe: Probe) -> list[np.ndarray]:
    """The gradients of a function of the standard for its floating arrays, recorded and compiled."""
    inputs = [K.Placeholder(v.shape, dtype=v.dtype.name) for v in probe.values]
    wanted = [i for i, v in zip(inputs, probe.values, strict=True) if v.dtype.kind == "f"]
    xp = inputs[0].__array_namespace__()
    made = probe.example.filled(list(inputs))
    out = function_of(xp, probe.target)(*resolved(xp, made.args), **resolved(xp, made.kwargs))
    loss = contraction(out if isinstance(out, list | tuple) else [out], lambda w: w)
    if loss is None:
        return []
    on = namespace(INTACT)
    found = [g for g in K.gradients(loss, wanted) if g is not None]
    with K.use_backend(on.backend):
        return [host(g) for g in K.function(inputs, found)([on.array(v) for v in probe.values])]


def rule_changes(mutant: Mutant, probe: Probe) -> bool:
    """Whether a fault in a rule changes a gradient of a call."""
    try:
        before = _gradients(probe)
    except Exception:  # noqa: BLE001 - whatever cannot be recorded or has no gradient is no valid call
        return False
    if not before or not all(np.all(np.isfinite(g)) for g in before):
        return False
    with planted(mutant, namespace(INTACT)):
        try:
            after = _gradients(probe)
        except Exception:  # noqa: BLE001 - an error where none is due
            return True
    return any(_apart(x, y) for x, y in zip(before, after, strict=True))


def _apart(x: np.ndarray, y: np.ndarray) -> bool:
    if x.shape != y.shape or x.dtype != y.dtype:
        return True
    return bool(x.size) and float(np.max(np.abs(x - y))) > ENOUGH * max(float(np.max(np.abs(x))), 1e-30)
