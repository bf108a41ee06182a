"""A failure as text: the call, its arrays, and a script that fails until the fault is fixed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .examples import Example
from .failures import Failure
from .functions import Dtype
from .module_scripts import module_script
from .modules import Module
from .printable import printable, said
from .standalone import standalone
from .targets import namespace
from .verdict import Finding

__all__ = ["finding", "literal", "shown_call"]

LONGEST = 40  # elements of an array that is printed in full


class Name(str):
    """A piece of Python source, printed without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def literal(value: np.ndarray) -> str:
    """An array as Python source that restores it exactly."""
    if 0 in value.shape:
        return f"np.zeros({value.shape}, dtype={value.dtype.name!r})"
    if value.dtype == np.longdouble:
        value = value.astype(np.float64)
    text = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text}, dtype={value.dtype.name!r})"


def _named(value: Any) -> Any:
    """The literal arguments as source: dtypes as members of xp, functions by name."""
    if isinstance(value, Dtype):
        return Name(f"xp.{value}")
    if isinstance(value, dict):
        return {k: _named(v) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_named(v) for v in value)
    if callable(value):
        return Name(getattr(value, "__name__", repr(value)))
    return value


def shown_call(example: Example, short: bool = False) -> str:
    """The call in one line, its arrays written out (`short`) or named x0, x1, ..."""
    names = [
        Name((literal(v) if v.size <= LONGEST else f"{v.dtype}{list(v.shape)}") if short else f"x{i}")
        for i, v in enumerate(example.values)
    ]
    call = example.filled(names)
    arguments = [*map(repr, _named(call.args)), *(f"{k}={v!r}" for k, v in _named(call.kwargs).items())]
    if example.case.name.startswith("array."):
        name = f"function_of(xp, {example.case.name!r})"
    else:
        name = f"{'xp' if example.case.group == 'standard' else 'K'}.{example.case.name}"
    return f"{name}({', '.join(arguments)})"


def _text(value: Any) -> str:
    return printable(np.array2string(value, threshold=LONGEST)) if isinstance(value, np.ndarray) else said(value)


def finding(failure: Failure, example: Example, name: str, kind: str) -> Finding:
    """A failure in full, as text and numbers."""
    at = failure.message.partition(":")[0].removeprefix("at ") if failure.message.startswith("at ") else ""
    return Finding(
        failure.kind,
        failure.message,
        shown_call(example, short=True),
        "" if failure.expected is None else _text(failure.expected),
        "" if failure.got is None else _text(failure.got),
        failure.error,
        failure.bound,
        at,
        _script(failure, example, name, kind),
        sum(v.size for v in example.values),
    )


def _script(failure: Failure, example: Example, name: str, kind: str) -> str:
    """Imports, the arrays, one call, one assertion; where one call is not enough, the script runs the tool."""
    case, on = example.case, namespace(name)
    literals = [literal(v) for v in example.values]
    if isinstance(on, Module):
        return module_script(failure, example, on, kind, shown_call(example), literals) or _tool_script(
            failure, example, name, kind
        )
    if text := standalone(failure, example, name, kind, shown_call(example), literals):
        return text
    functions = any(callable(v) for v in (*example.call.args, *example.call.kwargs.values()))
    if (
        not isinstance(failure.expected, np.ndarray)
        or kind not in ("value", "special", "shape", "device")
        or case.judge
        or functions
        or (kind == "device" and ": compiled: " in failure.message)
    ):
        return _tool_script(failure, example, name, kind)
    lines = [
        "import numpy as np",
        "import backend as K",
        "from conformance.operations import flat, host, namespace, owning",
    ]
    if case.name.startswith("array."):
        lines.append("from conformance.functions import function_of")
    lines += [f"on = {on.source}", "xp = on.xp"]
    lines += [f"x{i} = on.array({literal(v)})" for i, v in enumerate(example.values)]
    lines += ["with K.use_backend(on.backend), owning(on.backend):", f"    got = {shown_call(example)}"]
    lines.append(f"    got = flat(got)[{failure.output}]")
    lines.append("    got = host(K.eval(got))" if case.group == "k" else "    got = host(got)")
    lines.append(f"expected = {literal(failure.expected)}")
    if kind == "shape" or failure.kind == "shape":
        lines.append("assert got.shape == expected.shape, got.shape")
    elif failure.kind == "sign of zero":
        lines.append("assert np.array_equal(np.signbit(got), np.signbit(expected)), got")
    else:
        if at := _index(failure):
            lines.append(f"got, expected = got{at}, expected{at}")
        if not failure.bound and failure.kind == "value" and failure.error == np.finfo(np.float64).tiny:
            lines.append("assert np.signbit(got) == np.signbit(expected), got")
            return "\n".join(lines)
        same = "np.array_equal(got, expected.astype(got.dtype), equal_nan=got.dtype.kind in 'fc')"
        lines.append(
            f"assert {same}, got"
            if not failure.bound
            else f"assert np.all(abs(got - expected) <= {failure.bound!r}), got  # {_first(failure)}"
        )
    return "\n".join(lines)


def _first(failure: Failure) -> str:
    return failure.message.partition("\n")[0]


def _index(failure: Failure) -> str:
    """The index of the worst element as Python source, or ''."""
    place = re.search(r"\bat \(([\d, ]+)\):", failure.message)
    return f"[{place[1]}]" if place else ""


def _tool_script(failure: Failure, example: Example, name: str, kind: str) -> str:
    """A script that runs one property of the tool on one example."""
    case, on = example.case, namespace(name)
    group = "STANDARD" if case.group == "standard" else "CASES"
    where = next(
        (
            f"{name}[{i}]"
            for name, calls in (("calls", case.calls), ("edges", case.edges))
            for i, c in enumerate(calls)
            if c is example.call
        ),
        None,
    )
    if where is None:
        where = next(f"errors[{i}][1]" for i, (_, c) in enumerate(case.errors) if c is example.call)
    values = ", ".join(literal(v) for v in example.values)
    return "\n".join(
        [
            "import numpy as np",
            "from conformance import case, examples, module_properties, operations",
            "case.discovered(), case.discovered_standard()",
            f"one = case.{group}[{case.name!r}]",
            f"example = examples.Example(one, one.{where}, [{values}], {example.dtype!r})",
            f"# {shown_call(example)}: {failure.message.splitlines()[0] if failure.message else ''}",
            f"on = operations.{on.source}",
            f"module_properties.properties_of(on)[{kind!r}].holds(on, example)  # raises a Failure",
        ]
    )
