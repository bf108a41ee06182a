"""Scripts for failures other than a wrong value: a dtype, a device, an error, a gradient; one assertion each."""

from __future__ import annotations

from typing import Any

import numpy as np

from .bounds import EPS, Expected
from .examples import Example
from .failures import Failure
from .targets import namespace

__all__ = ["standalone"]

_ERRORS = ("error class", "no error", "error message")


def standalone(failure: Failure, example: Example, name: str, kind: str, call: str, literals: list[str]) -> str | None:
    """A script that fails until the fault is fixed; None if it would take more than a few lines.

    `call` calls the operation on arrays x0, x1, ...; `literals` are these arrays as Python source.
    """
    if any(callable(v) for v in (*example.call.args, *example.call.kwargs.values())) or example.case.name.startswith(
        "array."
    ):
        return None
    k = example.case.group == "k"
    if kind == "device" and (not example.values or ": compiled: " in failure.message):
        return None
    head = [
        "import numpy as np",
        "import backend as K",
        "from conformance.operations import flat, namespace, owning",
        f"on = {namespace(name).source}",
    ]
    head += ["xp = on.xp"] if not k else []
    head += [f"x{i} = on.array({text})" for i, text in enumerate(literals)]
    block = "with K.use_backend(on.backend), owning(on.backend):"
    if kind == "error" and failure.kind in _ERRORS:
        return "\n".join([*head, *_error(failure, example, block, call)])
    body: list[str] | None = None
    if k and kind == "predicted" and failure.kind in ("shape", "dtype"):
        body = _predicted(failure, example, call)
    elif k and kind == "compiled" and failure.kind in ("value", "shape", "dtype"):
        body = _compiled(failure, example, call)
    elif k and kind == "gradient" and failure.kind == "value" and isinstance(failure.expected, np.ndarray):
        body = _gradient(failure, example, call)
    elif failure.kind == "dtype" and kind in ("dtype", "value", "special", "device"):
        body = [
            f"got = {call}",
            f"dtype = str({_part(failure)}.dtype).rpartition('.')[2]",
            f"assert dtype == {failure.expected!r}, dtype",
        ]
    elif failure.kind == "device" and kind == "device":
        body = [f"got = {call}", f"assert {_part(failure)}.device == on.backend.device, {_part(failure)}.device"]
    elif failure.kind == "exception" and kind in ("value", "special", "shape", "dtype", "device"):
        body = [f"{call}  # {failure.message.splitlines()[0]}"]
    return None if body is None else "\n".join([*head, block, *(f"    {line}" for line in body)])


def _part(failure: Failure) -> str:
    return f"flat(got)[{failure.output}]"


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
    wanted = (
        f"{example.case.name!r} in str(found) and isinstance(found, {wanted})"
        if example.case.group == "k"
        else f"isinstance(found, {wanted})"
    )
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
        f"assert {wanted}, repr(found)",
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
        f"assert {said} == {gives}, ({said}, {gives})",
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
        "equal_nan=eager.dtype.kind in 'fc'), compiled",
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
        f"assert abs(got - expected) <= {float(failure.bound)!r}, got",
    ]


def _number(expected: Any, at: str) -> str:
    index = tuple(int(i) for i in at.strip("()").split(",") if i.strip())
    return f"np.float64({float(expected[index])!r})"
