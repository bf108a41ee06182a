"""The property `arguments`: integers of every honest type in an operation's arguments give what Python's ints give."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import backend as K
from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array

from ..case import Call, Case, replaced
from ..examples import Example
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, called, compiled, eager, evaluated, flat, owning, placeholders

__all__ = ["arguments", "integer_parameters"]

AXES = {"int", "Axes", "Axis", "PerAxis", "Pairs", "Size", "Sizes", "Sequence[Size | None]"}
SIZES = {"Size", "Sizes", "Sequence[Size | None]"}  # may be tensors, known when a function runs


def integer_parameters(case: Case, kinds: set[str] = AXES) -> set[str]:
    """The parameters of an operation that take integers, by their annotations."""
    function = getattr(K, case.name, None)
    annotations = getattr(inspect.unwrap(function), "__annotations__", {}) if callable(function) else {}
    return {name for name, text in annotations.items() if str(text).removesuffix(" | None") in kinds}


def arguments(on: Namespace, example: Example) -> float | None:
    """NumPy integers, 0-d arrays, arrays and ranges give what ints and tuples give; so do sizes known when it runs."""
    wanted = [Expected(host(r), None, dtype_name(r.dtype)) if is_array(r) else r for r in eager(on, example)]
    tried = 0
    for how, form in _FORMS.items():
        changed = _with(example, integer_parameters(example.case), functools.partial(form, on))
        if changed is not None:
            tried += 1
            _same(how, wanted, functools.partial(_eager, on, example, changed))
    sizes = integer_parameters(example.case, SIZES)
    if sizes and example.values:
        inputs: list[Any] = []
        fed: list[Any] = []
        changed = _with(example, sizes, lambda v: _size(v, inputs, fed))
        if changed is not None:
            tried += 1
            _same("sizes known when it runs", wanted, lambda: _compiled(on, example, changed, inputs, fed))
    return 0.0 if tried else None


def _same(how: str, wanted: list[Any], run: Callable[[], list[Any]]) -> None:
    try:
        compare(wanted, run())
    except Failure as failure:
        failure.kind, failure.message = f"{failure.kind} of other integers", f"{how}: {failure.message}"
        raise
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise Failure("exception", f"{how}: {type(error).__name__}: {error}") from error


def _numpy(on: Any, value: Any) -> Any:
    return type(value)(_numpy(on, v) for v in value) if isinstance(value, (tuple, list)) else np.int64(value)


def _zero_dimensional(on: Any, value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(_zero_dimensional(on, v) for v in value)
    dtype = "int32" if abs(value) < 2**31 else "int64"
    return on.backend.asarray(np.asarray(value, dtype), dtype)


def _array(on: Any, value: Any) -> Any:
    """Sequences as NumPy arrays; a single integer as it is."""
    return np.asarray(value, "int64") if isinstance(value, (tuple, list)) and len(value) else value


def _range(on: Any, value: Any) -> Any:
    """Sequences that a range describes as one."""
    if not isinstance(value, (tuple, list)) or not value or not all(type(v) is int for v in value):
        return value
    step = value[1] - value[0] if len(value) > 1 else 1
    found = range(value[0], value[0] + step * len(value), step) if step else range(0)
    return found if list(found) == list(value) else value


_FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "NumPy integers": _numpy,
    "0-d arrays": _zero_dimensional,
    "arrays": _array,
    "ranges": _range,
}


def _with(example: Example, names: set[str], change: Callable[[Any], Any]) -> Call | None:
    """The call with its integers in these parameters changed; None where it has none, or none changes."""
    bound = inspect.signature(called(example.case)).bind(*example.call.args, **example.call.kwargs)
    found = {n: v for n, v in bound.arguments.items() if n in names and _integral(v)}
    changed = {n: change(v) for n, v in found.items()}
    if all(changed[n] is found[n] for n in found):
        return None
    parameters = inspect.signature(called(example.case)).parameters
    args, kwargs = list(example.call.args), dict(example.call.kwargs)
    for n, v in changed.items():
        if n in kwargs:
            kwargs[n] = v
        else:
            args[list(parameters).index(n)] = v
    return Call(tuple(args), kwargs)


def _integral(value: Any) -> bool:
    """Whether a value is an int, or a nest of ints."""
    if isinstance(value, (tuple, list)):
        return all(map(_integral, value))
    return type(value) is int


def _eager(on: Namespace, example: Example, call: Call) -> list[Any]:
    other = Example(example.case, call, example.values, example.dtype)
    arrays = iter(on.arrays(example))
    with K.use_backend(on.backend), on.backend.quiet(), owning(on.backend):
        filled = _filled(other.call, example.call, arrays)
        return evaluated(on.backend, flat(called(example.case)(*filled.args, **filled.kwargs)))


def _filled(call: Call, original: Call, arrays: Any) -> Call:
    """The changed call with arrays in place of the original's descriptions of arrays."""
    filled = replaced(original, lambda part: next(arrays))
    places = zip(call.args, original.args, filled.args, strict=True)
    args = tuple(new if new is not old else full for new, old, full in places)
    kwargs = {n: filled.kwargs[n] if call.kwargs[n] is original.kwargs.get(n) else call.kwargs[n] for n in call.kwargs}
    return Call(args, kwargs)


def _size(value: Any, inputs: list[Any], fed: list[Any]) -> Any:
    """A placeholder for each size, and what it is fed; a negative one stays."""
    if isinstance(value, (tuple, list)):
        return type(value)(_size(v, inputs, fed) for v in value)
    if value < 0:
        return value
    inputs.append(K.placeholder((), dtype="int32"))
    fed.append(np.asarray(value, "int32"))
    return inputs[-1]


def _compiled(on: Namespace, example: Example, call: Call, sizes: list[Any], fed: list[Any]) -> list[Any]:
    """The results of a compiled function that is fed each size."""
    own = placeholders(example)
    filled = _filled(call, example.call, iter(own))
    outputs = flat(called(example.case)(*filled.args, **filled.kwargs))
    arrays = [*on.arrays(example), *(on.backend.asarray(v, "int32") for v in fed)]
    return compiled(on, [*own, *sizes], outputs, arrays)
