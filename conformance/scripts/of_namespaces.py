"""Scripts for failures of the standard's functions: they import the namespace under test and NumPy, nothing else."""

from __future__ import annotations

import importlib
import operator
import sys
import types
from typing import Any

import numpy as np

from backend.graph.primitives import PRIMITIVES

from ..data import signatures
from ..examples import Example
from ..judging.equations import EQUATIONS
from ..judging.failures import Failure
from ..reading import host
from .assertions import READ, compared, infinite, refusal
from .of_memory import memory_lines, refused
from .pasted import pasted
from .text import Name, arguments, array_literal, guarded, heading, literal

__all__ = ["namespace_script"]

# Our faster namespaces, and those that they are made of, which their users know.
_PUBLIC = {
    "backend.arrays.libraries.numpy": "array_api_compat.numpy",
    "backend.arrays.libraries.torch": "array_api_compat.torch",
    "backend.arrays.libraries.jax": "jax.numpy",
}
_ERRORS = ("error class", "no error")
_ATTRIBUTES = ("T", "mT", "ndim", "size", "dtype", "device")
_CONVERSIONS = ("bool", "int", "float", "complex")
READERS = {  # by library: how a script reads an array
    "torch": "x.detach().cpu().resolve_conj().resolve_neg().numpy()",
    "cupy": "x.get()",
}
_FROM_DEVICE = 'np.asarray(x.to_device(xp.Device("CPU_DEVICE")))'  # array_api_strict's devices refuse NumPy


def namespace_script(failure: Failure, example: Example, on: Any, kind: str, public: bool = True) -> str | None:
    """A script that fails until the fault is fixed; None if it would take more than a few lines.

    `public`: for a library that K adapts, import what its users import, not K's adaptation.
    """
    imports = _imports(on, public)
    call = _call(example, on)
    if imports is None or call is None:
        return None
    arrays = [f"x{i} = {_array(v, on)}" for i, v in enumerate(example.values)]
    body = _body(failure, example, on, kind, call)
    if body is None:
        return None
    whole = "\n".join([*arrays, *body])
    head = [*heading(failure, example, on, kind), *(["import operator"] if "operator." in whole else [])]
    head += ["import numpy as np", *imports]
    if "host(" in whole:
        read = READERS.get(on.library, "np.asarray(x)")
        read = _FROM_DEVICE if on.place and "array_api_strict" in str(on.backend.device) else read
        head += ["", "", "def host(x):", f"    return {read}", ""]
    return "\n".join([*head, "", whole])


# ---- the namespace and its arrays


def _imports(on: Any, public: bool) -> list[str] | None:
    """The lines that import the namespace as xp, and its device."""
    lines = _import(on, public)
    if lines is None:
        return None
    jax = sys.modules.get("jax")
    if on.library == "jax" and jax is not None and jax.config.jax_enable_x64:
        lines = ["import jax", *lines, 'jax.config.update("jax_enable_x64", True)']
    if on.place:
        lines.append(_device(on))
    return lines


def _import(on: Any, public: bool) -> list[str] | None:
    """Importing the namespace by its name, or from the module that the user named."""
    xp = on.xp
    if isinstance(xp, types.ModuleType):
        name = _PUBLIC.get(xp.__name__, xp.__name__) if public else xp.__name__
        return [f"import {name} as xp"] if _imported(name) is xp or name in _PUBLIC.values() else None
    path, _, rest = on.name.partition(":")
    attribute = rest.partition(":")[0]
    found = getattr(_imported(path), attribute, None) if attribute else _imported(path)
    lines = [f"from {path} import {attribute} as xp"] if attribute else [f"import {path} as xp"]
    if isinstance(found, type):
        found, lines = xp, [*lines, "xp = xp()"]
    if found is xp:
        return lines
    return [*lines, "xp = xp.xp"] if getattr(found, "xp", None) is xp else None


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _device(on: Any) -> str:
    """The device by its name, for libraries that take text, or as one of those that the namespace lists."""
    if on.library in ("torch", "dask"):
        return f"device = {str(on.backend.device)!r}"
    text = str(on.backend.device)
    return f"device = next(d for d in xp.__array_namespace_info__().devices() if str(d) == {text!r})"


def _array(value: np.ndarray, on: Any) -> str:
    """An array as source that gives the same array on the namespace: of lists, or else of a NumPy array."""
    more = ", device=device" if on.place else ""
    source = f"{array_literal(value)[:-1]}{more})"
    return source if _makes(source, value, on) else f"xp.asarray({literal(value)}{more})"


def _makes(source: str, value: np.ndarray, on: Any) -> bool:
    """Whether our own source makes this array: a namespace may take no lists of such numbers."""
    try:
        made = host(eval(source, {"xp": on.xp, "np": np, "device": on.backend.device}))
    except Exception:  # noqa: BLE001 - whatever it refuses, NumPy's arrays are the other way
        return False
    return made.dtype == value.dtype and made.shape == value.shape and made.tobytes() == np.array(value).tobytes()


# ---- the call


def _call(example: Example, on: Any) -> str | None:
    """The call as source; None where it passes functions, which a script cannot show."""
    given = example.filled([None] * len(example.values))
    if any(callable(v) for v in (*given.args, *given.kwargs.values())):
        return None
    names = [Name(f"x{i}") for i in range(len(example.values))]
    listed = arguments(example, names)
    name = example.case.name
    if name.startswith("array."):
        return _of_array(name.removeprefix("array."), listed)
    if name.startswith("info."):
        return f"xp.__array_namespace_info__().{name.removeprefix('info.')}({', '.join(listed)})"
    if on.place and _takes_device(name) and not any(a.startswith("device=") for a in listed):
        listed.append("device=device")
    return f"xp.{name}({', '.join(listed)})" if _is_function(on, name) else f"xp.{name}"


def _is_function(on: Any, name: str) -> bool:
    found = on.xp
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is None or callable(found)


def _takes_device(name: str) -> bool:
    row = PRIMITIVES.get("zeros" if name == "empty" else name)
    return row is not None and row.takes_device


def _of_array(name: str, listed: list[str]) -> str | None:
    """A method, an attribute or an operator of an array as source."""
    if name in _ATTRIBUTES:
        return f"{listed[0]}.{name}"
    if name == "shape":
        return f"tuple({listed[0]}.shape)"
    if name in _CONVERSIONS:
        return f"{name}({listed[0]})"
    if name == "setitem":
        return f"(operator.setitem({', '.join(listed)}), {listed[0]})[1]"
    name = {"getitem_reversed": "getitem"}.get(name, name)
    if hasattr(operator, f"__{name}__"):
        return f"operator.__{name}__({', '.join(listed)})"
    if hasattr(operator, name):
        return f"operator.{name}({', '.join(listed)})"
    if name == "to_device":
        return f"{listed[0]}.to_device({listed[0]}.device)"
    return f"{listed[0]}.__{name}__({', '.join(listed[1:])})"


# ---- what is asserted


def _body(failure: Failure, example: Example, on: Any, kind: str, call: str) -> list[str] | None:
    """The call and its assertion, by the kind of failure."""
    if failure.kind in _ERRORS:
        of_copy = refused(failure.message) if kind == "memory" else None
        made = ["x = xp.reshape(xp.asarray([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], dtype=xp.float32), (2, 3))"]
        return [*made, *refusal(failure, of_copy)] if of_copy else refusal(failure, call)
    failure, before = _arranged(failure, example)
    if before is None:
        return None
    if failure.kind == "exception":
        return [*before, *guarded([f"[host(x) for x in {_listed(example, call)} if hasattr(x, 'shape')]"])]
    if example.case.judge is not None and failure.kind in ("value", "shape", "sign of zero"):
        found = _equations(example, on, call)
    else:
        found = memory_lines(failure, example, call, _listed(example, call)) or _result(failure, example, call)
    return None if found is None else [*before, *found]


def _result(failure: Failure, example: Example, call: str) -> list[str] | None:
    """The call, and what is asserted of one of its results."""
    lines = _seen(example, call)
    if lines is None:
        return None
    if failure.kind == "count":
        asserted = f'assert len(got) == {failure.expected}, f"expected {failure.expected} results, got {{len(got)}}"'
        return [*lines, asserted]
    given = failure.assertion.splitlines()
    asserts = given or compared(failure)
    if asserts is None:
        return None
    one = f"got[{failure.output}]"
    if lines == guarded([f"got = [{call}]"]):  # one result alone
        lines, one = guarded([f"got = {call}"]), "got"
    read = bool(given) or asserts[0] == READ
    if read and one == "got" and not given:
        lines = guarded([f"got = host({call})"])
    elif read:
        lines.append(f"got = host({one}) if hasattr({one}, 'shape') else np.asarray({one})")
    elif one != "got":
        lines.append(f"got = {one}")
    return [*lines, *asserts[asserts[0] == READ :]]


def _seen(example: Example, call: str) -> list[str] | None:
    """The lines that make the list `got` of what the case compares; None where its view cannot be shown."""
    view = example.case.view
    if view is None or view is list:
        return guarded([f"got = {_listed(example, call)}"])
    if view is str:
        return [*guarded([f"got = {call}"]), "got = [str(got)]"]
    shown = pasted([view])
    if shown is None:
        return None
    made = [f"got = {view.__name__}(got)", "got = list(got) if isinstance(got, list | tuple) else [got]"]
    return [*shown, "", "", *guarded([f"got = {call}"]), *made]


def _arranged(failure: Failure, example: Example) -> tuple[Failure, list[str] | None]:
    """For arrays that lie otherwise in memory, the lines that lay them so; the failure without their name in its kind.

    `failure.arrange` has the function that lays the first array, and the one for the others; None leaves an array.
    """
    arrange = failure.arrange
    if arrange is None:
        return failure, []
    functions = [arrange[min(i, 1)] for i in range(len(example.values))]
    lines = pasted([f for f in functions if f is not None])
    plain = Failure(
        failure.kind.rpartition(" ")[2],
        failure.message.partition(" arrays: ")[2] or failure.message,
        failure.expected,
        failure.got,
        failure.error,
        failure.bound,
        failure.output,
    )
    if lines is None or plain.kind == "mutation":
        return plain, None
    laid = [
        f"x{i} = {f.__name__}(x{i})"
        for i, (f, v) in enumerate(zip(functions, example.values, strict=True))
        if f is not None and v.size and v.ndim
    ]
    return plain, [*lines, "", "", *laid]


def _listed(example: Example, call: str) -> str:
    """The results of the call as a list."""
    return f"[*{call}]" if _several(example) else f"[{call}]"


def _several(example: Example) -> bool:
    """Whether the function gives several results, by its signature in the standard."""
    returns = str(signatures().get(example.case.name, {}).get("returns", ""))
    return returns.startswith(("Tuple", "List")) and not example.case.name.startswith("array.")


def _equations(example: Example, on: Any, call: str) -> list[str] | None:
    """The defining equations of a decomposition, within a thousand units of rounding of the matrix's norm."""
    pairs = EQUATIONS.get(example.case.name)
    if pairs is None:
        return None
    given = example.call
    words = {
        "UPPER": repr(bool(given.kwargs.get("upper", False))),
        "AXIS": repr(given.kwargs.get("axis", -1)),
        "ARGUMENT": repr(given.args[1]) if len(given.args) > 1 else "",
        "KEYWORDS": ", ".join(f"{k}={infinite(v)}" for k, v in given.kwargs.items()),
    }
    lines = [f"a{i} = host(x{i})" for i in range(len(example.values))]
    lines += guarded([f"r = [host(x) for x in {_listed(example, call)}]"])
    if all(v.dtype.kind in "fc" for v in example.values):
        lines.append("unit = 1000 * np.finfo(a0.dtype).eps * max(1.0, np.abs(a0).max(initial=0.0)) * max(a0.shape)")
    else:
        lines.append("unit = 0")
    for expected, got in pairs:
        for word, text in words.items():
            expected, got = expected.replace(word, text), got.replace(word, text)
        lines += [
            f"expected, got = {expected}, {got}",
            "assert np.shape(got) == np.shape(expected) and np.all(np.abs(got - expected) <= unit * "
            '(1 + np.abs(expected))), f"expected {expected}, got {got}"',
        ]
    return lines
