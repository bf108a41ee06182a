"""Scripts for failures of K's operations on a namespace: a value, a dtype, a device, an error, a graph, a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..examples import Example
from ..judging.bounds import EPS, Expected
from ..judging.failures import Failure
from ..properties.derived.example import Derived, Judged
from .text import guarded, heading, literal, place

__all__ = ["standalone"]

_DERIVED = ("parameters", "dtypes")
_ERRORS = ("error class", "no error", "error message")
_EAGER = ("value", "special", "shape", "dtype", "device")
_NEEDS = "array-api-backend, whose operation this is"


def standalone(failure: Failure, example: Example, on: Any, kind: str, call: str) -> str | None:
    """A script that fails until the fault is fixed; None if it would take more than a few lines.

    `call` calls the operation on arrays x0, x1, ...
    """
    if any(callable(v) for v in (*example.call.args, *example.call.kwargs.values())):
        return None
    if kind == "device" and (not example.values or ": compiled: " in failure.message):
        return None
    head = [
        *heading(failure, example, on, kind, _NEEDS),
        "import numpy as np",
        "import backend as K",
        "from conformance.subjects.operations import flat, host, namespace, owning",
        f"on = {getattr(on, 'source', f'namespace({on.name!r})')}",
    ]
    head += [f"x{i} = on.array({literal(v)})" for i, v in enumerate(example.values)]
    block = "with K.use_backend(on.backend), owning(on.backend):"
    if kind in ("error", *_DERIVED) and failure.kind in _ERRORS:
        return "\n".join([*head, *_error(failure, example, block, call)])
    body = _body(failure, example, kind, call)
    return None if body is None else "\n".join([*head, block, *(f"    {line}" for line in body)])


def _body(failure: Failure, example: Example, kind: str, call: str) -> list[str] | None:
    """The lines of the block in which K is bound to the namespace."""
    if kind == "predicted" and failure.kind in ("shape", "dtype"):
        return _predicted(failure, example, call)
    if kind == "compiled" and failure.kind in ("value", "shape", "dtype"):
        return _compiled(failure, example, call)
    if kind == "gradient" and failure.kind == "value" and isinstance(failure.expected, np.ndarray):
        return _gradient(failure, example, call)
    if kind not in _EAGER:
        return None
    if failure.kind == "dtype":
        return [
            f"got = {call}",
            f"dtype = str({_part(failure)}.dtype).rpartition('.')[2]",
            f'assert dtype == {failure.expected!r}, f"expected {failure.expected}, got {{dtype}}"',
        ]
    if failure.kind == "device":
        return [
            f"got = {call}",
            f"device = {_part(failure)}.device",
            'assert device == on.backend.device, f"expected {on.backend.device}, got {device}"',
        ]
    if failure.kind == "exception":
        return guarded([call])
    return _value(failure, kind, call) if isinstance(failure.expected, np.ndarray) else None


def _needs_the_tool(failure: Failure, example: Example, kind: str) -> bool:
    """Whether a few lines cannot show it: functions, operators, equations that results fulfil, views of results."""
    if any(callable(v) for v in (*example.call.args, *example.call.kwargs.values())):
        return True
    if example.case.name.startswith("array."):
        return True
    if kind == "device" and (not example.values or ": compiled: " in failure.message):
        return True
    return isinstance(example, Derived) and (
        isinstance(example.wanted, Judged) or example.case.view not in (None, list)
    )


def _part(failure: Failure) -> str:
    return f"flat(got)[{failure.output}]"


def _value(failure: Failure, kind: str, call: str) -> list[str] | None:
    """The result against literal values."""
    lines = [
        *guarded([f"got = {call}"]),
        f"got = host(K.eval({_part(failure)}))",
        f"expected = {literal(failure.expected)}",
    ]
    if kind == "shape" or failure.kind == "shape":
        return [*lines, 'assert got.shape == expected.shape, f"expected {expected.shape}, got {got.shape}"']
    told = 'f"expected {expected}, got {got}"'
    if failure.kind == "sign of zero":
        return [*lines, f"assert np.array_equal(np.signbit(got), np.signbit(expected)), {told}"]
    if at := place(failure):
        lines.append(f"got, expected = got{at}, expected{at}")
    if not failure.bound and failure.kind == "value" and failure.error == np.finfo(np.float64).tiny:
        return [*lines, f"assert np.signbit(got) == np.signbit(expected), {told}"]
    same = "np.array_equal(got, expected.astype(got.dtype), equal_nan=got.dtype.kind in 'fc')"
    if failure.bound:
        same = f"np.all(abs(got - expected) <= {failure.bound!r})"
    return [*lines, f"assert {same}, {told}"]


def _fed(example: Example) -> tuple[str, str]:
    """Python source of two lists: placeholders for the arrays, and their values."""
    made = ", ".join(f"K.placeholder({v.shape}, dtype={v.dtype.name!r})" for v in example.values)
    return f"[{made}]", "[" + ", ".join(f"x{i}" for i in range(len(example.values))) + "]"


def _symbolic(call: str, count: int) -> str:
    """The call on placeholders p[0], p[1], ..."""
    for i in reversed(range(count)):
        call = call.replace(f"x{i}", f"p[{i}]")
    return call


def _error(failure: Failure, example: Example, block: str, call: str) -> list[str]:
    wanted = next((error.__name__ for error, c in example.case.errors if c is example.call), "Exception")
    named = f"{example.case.name!r} in str(found) and isinstance(found, {wanted})"
    lines = [call]
    if failure.message.startswith("as a graph"):
        made, fed = _fed(example)
        lines = [f"p = {made}", f"y = {_symbolic(call, len(example.values))}", f"K.function(p, flat(y))({fed})"]
    return [
        "found = None",
        "try:",
        f"    {block}",
        *(f"        {line}" for line in lines),
        "except Exception as error:",
        "    found = error",
        f'assert {named}, f"expected {wanted} that names {example.case.name}, got {{found!r}}"',
    ]


def _predicted(failure: Failure, example: Example, call: str) -> list[str]:
    made, _ = _fed(example)
    of = _part(failure)
    said = "tuple(y.shape)" if failure.kind == "shape" else "K.dtype(y)"
    gives = "tuple(got.shape)" if failure.kind == "shape" else "str(got.dtype).rpartition('.')[2]"
    return [
        f"p = {made}",
        f"got = {_symbolic(call, len(example.values))}",
        f"y = {of}",
        f"got = {call}",
        f"got = {of}",
        f"expected, got = {said}, {gives}",
        'assert expected == got, f"expected {expected}, as predicted, got {got}"',
    ]


def _compiled(failure: Failure, example: Example, call: str) -> list[str]:
    made, fed = _fed(example)
    return [
        f"p = {made}",
        f"y = {_symbolic(call, len(example.values))}",
        f"compiled = K.function(p, flat(y))({fed})[{failure.output}]",
        f"eager = flat({call})[{failure.output}]",
        "compiled, eager = K.eval(compiled), K.eval(eager)",
        "assert compiled.dtype == eager.dtype and np.array_equal(compiled, eager, "
        "equal_nan=eager.dtype.kind in 'fc'), f\"expected {eager}, got {compiled}\"",
    ]


def _gradient(failure: Failure, example: Example, call: str) -> list[str] | None:
    outputs = next((found for key, found in example.cache.items() if key[0] == "expected"), None)
    if (
        outputs is None
        or len(outputs) != 1
        or not isinstance(outputs[0], Expected)
        or outputs[0].dtype not in EPS
        or failure.bound is None
    ):
        return None
    made, fed = _fed(example)
    shape, dtype = outputs[0].value.shape, outputs[0].dtype
    at = failure.message.partition(":")[0].removeprefix("at ") if failure.message.startswith("at ") else "()"
    targets = ", ".join(f"p[{i}]" for i in example.differentiated)
    return [
        f"p = {made}",
        f"weights = np.cos(1.7 * np.arange({int(np.prod(shape))}) + 0.5).reshape({shape}).astype({dtype!r})",
        f"loss = K.sum(K.sin({_symbolic(call, len(example.values))} * weights))",
        f"gradients = [g for g in K.gradients(loss, [{targets}]) if g is not None]",
        f"got = K.eval(K.function(p, gradients)({fed})[{failure.output}])[{at}]",
        f"expected = {_number(failure.expected, at)}",
        f'assert abs(got - expected) <= {float(failure.bound)!r}, f"expected {{expected}}, got {{got}}"',
    ]


def _number(expected: Any, at: str) -> str:
    index = tuple(int(i) for i in at.strip("()").split(",") if i.strip())
    return f"np.float64({float(expected[index])!r})"
