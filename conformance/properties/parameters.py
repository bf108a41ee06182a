"""The property `parameters`: whatever arguments a signature allows, a call gives what the standard or K says."""

from __future__ import annotations

import numpy as np

from ..calls.function_calls import function_calls
from ..calls.varied import varied
from ..case import Call, Case, parts
from ..examples import Example
from ..kept import once_per_case
from ..subjects.operations import Namespace, eager, expected
from .agreement import agreement
from .derived import as_specified, derived_parameters, is_derived
from .derived.example import Derived
from .operation_calls import operation_examples, operation_holds
from .unspoiled import unspoiled

__all__ = ["has_parameters", "parameter_examples", "parameters"]


def parameters(on: Namespace, example: Example) -> float | None:
    """Whatever arguments a signature allows, the call gives what the standard, or K's definition, says."""
    if example.case.group == "k":
        return operation_holds(on, example)
    if isinstance(example, Derived):
        return as_specified(on, example)
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    unspoiled(on, example, arrays, results)
    return agreement(on, example, results)


def parameter_examples(case: Case, on: Namespace, seed: int) -> list[Example]:
    """The derived calls of a function or an operation, and of functions that hand elements on, other elements."""
    if case.group == "k":
        return operation_examples(case, on)
    found: list[Example] = list(derived_parameters(case, on, seed)) if is_derived(case, on) else []
    return found if on.compiles else [*found, *(e for e in (*_elements(case), *function_calls(case)) if on.holds(e))]


def has_parameters(case: Case, on: Namespace) -> bool:
    """Whether there are calls for a case: constants, inspection and attributes of arrays have derived ones alone."""
    return bool(case.calls) or is_derived(case, on)


@once_per_case
def _elements(case: Case) -> list[Example]:
    """Calls of a function that hands elements on, with special, large and small numbers among them."""
    found = []
    for call in varied(case):
        values = [v for v in parts(call) if isinstance(v, np.ndarray)]
        example = Example(case, Call(call.args, call.kwargs), values, values[0].dtype.name)
        try:
            expected(example)
        except Exception:  # noqa: BLE001 - an invalid call
            continue
        found.append(example)
    return found
