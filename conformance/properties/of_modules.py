"""The properties of a module of the Keras backend API, where they differ from those of an array namespace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..case import Case
from ..examples import Example
from ..judging.bounds import EPS, Expected
from ..judging.failures import Failure, compare
from ..subjects.modules import Module
from ..subjects.operations import Namespace, expected
from .agreement import roomy
from .gradients import loosened, wanted_gradients, weights
from .memory import memory_of_results
from .operation_calls import IN_ORDER
from .registry import PROPERTIES, Property

__all__ = ["properties_of"]

RANDOM = "random"  # the chapter whose values depend on the generator; shapes, dtypes and repetition do not


def refused(on: Module, example: Example) -> float:
    """Invalid calls raise; the classic API does not say which exception."""
    try:
        result = on.results(example, on.arrays(example))
    except Exception:  # noqa: BLE001 - any exception will do
        return 0.0
    raise Failure("no error", "no error, expected one", "an error", result)


def derived(on: Module, example: Example) -> float | None:
    """Whatever else it accepts, it gives the values and shapes that K's docstring says.

    None where it refuses: the classic API does not say which other arguments a function takes.
    """
    try:
        results = on.results(example, on.arrays(example))
    except Exception:  # noqa: BLE001 - any refusal will do
        return None
    wanted = expected(example)
    if example.case.chapter not in IN_ORDER:
        wanted = [roomy(want) for want in wanted]
    return compare(wanted, results, on.dtypes, ("value", "shape"))


def through_function(on: Module, example: Example, shapes: Sequence[Any] | None = None) -> float:
    """A function of placeholders gives the expected results."""
    inputs, outputs = _graph(on, example, [v.shape for v in example.values] if shapes is None else shapes)
    return compare(expected(example), _run(on, example, inputs, outputs), on.dtypes)


def unknown(on: Module, example: Example) -> float:
    """The same with sizes unknown until the function runs."""
    return through_function(on, example, example.unknown)


def gradient(on: Module, example: Example) -> float | None:
    """The gradients of a nonlinear contraction agree with K's, within the precision of float32."""
    wanted = wanted_gradients(example) if example.differentiated else None
    if wanted is None:
        return None
    inputs, outputs = _graph(on, example, [v.shape for v in example.values])
    k = on.functions
    terms = [
        k.sum(k.sin(out * weights(want.value.shape, want.dtype)))
        for want, out in zip(expected(example), outputs, strict=True)
        if isinstance(want, Expected) and want.dtype in EPS
    ]
    loss = terms[0]
    for term in terms[1:]:
        loss = loss + term
    found = k.gradients(loss, [inputs[i] for i in example.differentiated])
    values = iter(_run(on, example, inputs, [g for g in found if g is not None]))
    zeros = [
        np.zeros(w.value.shape, w.dtype) if g is None else next(values) for w, g in zip(wanted, found, strict=True)
    ]
    return compare(loosened(wanted), zeros)


def _graph(on: Module, example: Example, shapes: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Placeholders of the module, and the operation's results on them."""
    inputs = [
        on.functions.placeholder(shape=shape, dtype=v.dtype.name)
        for shape, v in zip(shapes, example.values, strict=True)
    ]
    call = example.filled(inputs)
    return inputs, on.called(example.case.name, call.args, call.kwargs)


def _run(on: Module, example: Example, inputs: list[Any], outputs: list[Any]) -> list[Any]:
    """The values of these tensors, computed by the module's own `function`."""
    plain = (bool, int, float, complex, str, type(None))
    tensors = [out for out in outputs if not isinstance(out, plain)]
    with np.errstate(all="ignore"):
        found = iter(on.functions.function(inputs, tensors)([v.copy() for v in example.values]) if tensors else [])
    return [out if isinstance(out, plain) else on.read(next(found)) for out in outputs]


def _with(*names: str) -> Callable[[Case, Namespace], bool]:
    """Applies if the module has these functions and the case has values to compare."""
    return lambda case, on: isinstance(on, Module) and on.has(*names) and case.chapter != RANDOM


def _both(name: str, more: Callable[[Case, Namespace], bool]) -> Callable[[Case, Namespace], bool]:
    return lambda case, on: PROPERTIES[name].applies(case, on) and more(case, on)


_OF_MODULES: dict[str, Property] = {
    **{name: PROPERTIES[name] for name in ("shape", "dtype", "determinism")},
    "value": PROPERTIES["value"]._replace(applies=_both("value", _with())),
    "parameters": PROPERTIES["parameters"]._replace(holds=derived, applies=_both("parameters", _with())),
    "memory": PROPERTIES["memory"]._replace(
        holds=memory_of_results, examples="typical", applies=_both("memory", _with())
    ),
    "sizes": PROPERTIES["sizes"]._replace(holds=derived, applies=_both("sizes", _with())),
    "error": PROPERTIES["error"]._replace(holds=refused),
    "compiled": PROPERTIES["compiled"]._replace(
        holds=through_function, examples="typical", applies=_both("compiled", _with("placeholder", "function"))
    ),
    "unknown": PROPERTIES["unknown"]._replace(
        holds=unknown, applies=_both("unknown", _with("placeholder", "function"))
    ),
    "gradient": PROPERTIES["gradient"]._replace(
        holds=gradient, applies=_both("gradient", _with("placeholder", "function", "gradients", "sum", "sin"))
    ),
}


def properties_of(on: Namespace) -> dict[str, Property]:
    """The properties to try on a namespace or on a module of the Keras backend API, in order."""
    return (
        {name: _OF_MODULES[name] for name in PROPERTIES if name in _OF_MODULES}
        if isinstance(on, Module)
        else PROPERTIES
    )
