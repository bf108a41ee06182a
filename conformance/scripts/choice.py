"""A failure as text: the call, its arrays, and a script that fails until the fault is fixed."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from typing import Any

import numpy as np

from ..examples import Example
from ..judging.failures import Failure
from ..printable import printable, said
from ..subjects.modules import Module
from ..subjects.targets import namespace
from ..verdict import Finding
from ..watch import users_interrupt
from .of_modules import module_script
from .of_namespaces import namespace_script
from .standalone import standalone
from .text import LONGEST, Name, arguments, heading, literal, one_line, shown_call

__all__ = ["finding", "literal", "shown_call"]

_NEEDS = "array-api-backend, whose own check this is: one call is not enough to show the fault"
CALLED = 3e4  # elements of a script's arrays above which it is not tried


def _text(value: Any) -> str:
    return printable(np.array2string(value, threshold=LONGEST)) if isinstance(value, np.ndarray) else said(value)


def finding(failure: Failure, example: Example, name: str, kind: str, tried: bool = True) -> Finding:
    """A failure in full, as text and numbers; where a process was lost by it, its script is not `tried`."""
    example = failure.example or example
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
        _script(failure, example, name, kind, tried),
        sum(v.size for v in example.values),
    )


def _script(failure: Failure, example: Example, name: str, kind: str, tried: bool) -> str:
    """A script of the namespace and NumPy alone, if there is one that fails now; else one that needs K or the tool."""
    case, on = example.case, namespace(name)
    if isinstance(on, Module):
        literals = [literal(v) for v in example.values]
        text = module_script(failure, example, on, kind, shown_call(example), literals)
        return text or _tool_script(failure, example, on, kind)
    if case.group == "standard":
        for public in (True, False):
            text = namespace_script(failure, example, on, kind, public)
            if text is not None and not tried:
                return text
            if text is None or not _fails(text, example, on):
                continue
            if _certain(failure, example) or not _fails(_on_numpy(text), example, namespace("numpy")):
                return text
        return _tool_script(failure, example, on, kind)
    return standalone(failure, example, on, kind, shown_call(example)) or _tool_script(failure, example, on, kind)


def _certain(failure: Failure, example: Example) -> bool:
    """Whether what a script asserts is what the check compares: of derived quantities and layouts NumPy has to pass."""
    return failure.arrange is None and not hasattr(getattr(example, "wanted", None), "pairs")


def _on_numpy(text: str) -> str:
    """The script for NumPy in place of the namespace under test."""
    return re.sub(r"^(?:import|from) .* as xp$", "import array_api_compat.numpy as xp", text, count=1, flags=re.M)


def _fails(text: str, example: Example, on: Any) -> bool:
    """Whether a script fails by its assertion: a fault may need more than a call to show."""
    if sum(v.size for v in example.values) > CALLED:
        return True
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with on.backend.quiet():
                exec(compile(text, "script", "exec"), {"__name__": "script"})
    except AssertionError:
        return True
    except BaseException as error:  # a script of ours that is wrong for this namespace is none
        if users_interrupt(error):
            raise
        return False
    return False


def _tool_script(failure: Failure, example: Example, on: Any, kind: str) -> str:
    """A script that runs one property of the tool on one example."""
    case = example.case
    lines = [*heading(failure, example, on, kind, _NEEDS), f"# {one_line(shown_call(example))}"]
    origin = getattr(example, "origin", None)  # of a call that was derived from a signature
    if origin is not None:
        lines += [
            "from conformance import case",
            "from conformance.properties import derived",
            "from conformance.subjects import operations",
            f"one = case.discovered_standard()[{case.name!r}]",
            f"on = operations.{_opened(on)}",
            f"derived.as_specified(on, derived.example_at(one, on, {origin!r}))  # raises a Failure",
        ]
    elif type(example) is not Example:
        lines += [
            "import conformance",
            f"report = conformance.run([{on.name!r}], only={_only(example)!r}, kind=({kind!r},), expect=False)",
            "assert not report.failed, report.failed[0].finding.message",
        ]
    else:
        group = "STANDARD" if case.group == "standard" else "CASES"
        lines += [
            "import numpy as np",
            "from conformance import case, examples",
            "from conformance.properties import of_modules",
            "from conformance.subjects import functions, operations",
            "case.discovered(), case.discovered_standard()",
            f"one = case.{group}[{case.name!r}]",
            f"values = [{', '.join(literal(v) for v in example.values)}]",
            f"example = examples.Example(one, {_call_of(example)}, values, {example.dtype!r})",
            f"on = operations.{_opened(on)}",
            f"of_modules.properties_of(on)[{kind!r}].holds(on, example)  # raises a Failure",
        ]
    return "\n".join(lines)


def _call_of(example: Example) -> str:
    """The call as source: by its place in the case, or written out where a property made it."""
    case = example.case
    for listed, calls in (("calls", case.calls), ("edges", case.edges)):
        for i, call in enumerate(calls):
            if call is example.call:
                return f"one.{listed}[{i}]"
    for i, (_, call) in enumerate(case.errors):
        if call is example.call:
            return f"one.errors[{i}][1]"
    names = [Name(f"values[{i}]") for i in range(len(example.values))]
    return re.sub(r"\bxp\.(\w+)", r"functions.Dtype('\1')", f"case.call({', '.join(arguments(example, names))})")


def _only(example: Example) -> str:
    return f"{'xp.' if example.case.group == 'standard' else ''}{example.case.name}"


def _opened(on: Any) -> str:
    """How a script opens the target."""
    return str(getattr(on, "source", f"namespace({on.name!r})"))
