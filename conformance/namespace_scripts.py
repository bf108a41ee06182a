"""Scripts for failures of the standard's functions: they import the namespace under test and NumPy, nothing else."""

from __future__ import annotations

import importlib
import operator
import re
import sys
import types
from typing import Any

import numpy as np

from backend.arrays.dtypes import DTYPES
from backend.arrays.namespaces import host
from backend.graph.primitives import PRIMITIVES

from .data import signatures
from .equations import EQUATIONS
from .examples import Example
from .failures import Failure
from .memory_scripts import memory_lines, refused
from .script_text import Name, arguments, array_literal, guarded, heading, literal, place

__all__ = ["namespace_script"]

# Our faster namespaces, and those that they are made of, which their users know.
_PUBLIC = {
    "backend.arrays.libraries.numpy": "array_api_compat.numpy",
    "backend.arrays.libraries.torch": "array_api_compat.torch",
    "backend.arrays.libraries.jax": "jax.numpy",
}
_ERRORS = ("error class", "no error")
_READ = "# read"  # the first line of what is asserted of a NumPy array
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
        return [*made, *_error(failure, of_copy)] if of_copy else _error(failure, call)
    if failure.kind == "exception":
        return guarded([f"[host(x) for x in {_listed(example, call)} if hasattr(x, 'shape')]"])
    if example.case.judge is not None and failure.kind in ("value", "shape", "sign of zero"):
        return _equations(example, on, call)
    arranged = getattr(failure, "arranged", None)  # lines that lay the arrays x0, x1, ... otherwise in memory
    before = list(arranged) if arranged else []
    if not before and (lines := memory_lines(failure, example, call, _listed(example, call))) is not None:
        return lines
    view = _view(example)
    if view is None:
        return None
    listed = _listed(example, call)
    if failure.kind == "count":
        asserted = f'assert len(got) == {failure.expected}, f"expected {failure.expected} results, got {{len(got)}}"'
        return [*before, *guarded([f"got = {listed}", *view]), asserted]
    if view or listed.startswith("[*"):
        made = [f"got = {listed}", *view, f"got = got[{failure.output}]"]
    else:
        made = [f"got = {call}"]
    asserted_ = getattr(failure, "assertion", "").splitlines() or _compared(failure)
    if asserted_ is None:
        return None
    if asserted_[0] == _READ or getattr(failure, "assertion", ""):
        made[-1] = f"{made[-1].replace('got = ', 'got = host(', 1)})"
        asserted_ = asserted_[asserted_[0] == _READ :]
    return [*before, *guarded(made), *asserted_]


def _listed(example: Example, call: str) -> str:
    """The results of the call as a list."""
    names = ("array.", "info.")
    single = example.case.name.startswith(names) and example.case.view is None
    return f"[{call}]" if single or not _several(example) else f"[*{call}]"


def _several(example: Example) -> bool:
    """Whether the function gives several results, by its signature in the standard."""
    returns = str(signatures().get(example.case.name, {}).get("returns", ""))
    return returns.startswith(("Tuple", "List")) and not example.case.name.startswith("array.")


def _view(example: Example) -> list[str] | None:
    """The lines that turn the list `got` into what the case compares; None where that is a function of its own."""
    view = example.case.view
    if view is None or view is list or view.__name__ == "by_value":
        return []
    if view is str:
        return ["got = [str(got[0])]"]
    if example.case.name in ("finfo", "iinfo") and view.__name__ == "limits":
        names = (
            ("bits", "eps", "max", "min", "smallest_normal")
            if example.case.name == "finfo"
            else (
                "bits",
                "max",
                "min",
            )
        )
        return [f"got = [float(getattr(got[0], name)) for name in {names!r}] + [got[0].dtype]"]
    return None


def _compared(failure: Failure) -> list[str] | None:
    """The assertion for one result, `got`, that has a wrong value, shape, dtype, device or type."""
    want = failure.expected
    if failure.kind == "kind":
        return ['assert hasattr(got, "shape"), f"expected an array, got {type(got).__name__}"']
    if failure.kind == "dtype":
        return [
            'dtype = str(got.dtype).rpartition(".")[2]',
            f'assert dtype == {want!r}, f"expected {want}, got {{dtype}}"',
        ]
    if failure.kind == "device":
        return ['assert got.device == device, f"expected {device}, got {got.device}"']
    if not isinstance(want, np.ndarray):
        return _plain(want) if failure.kind == "value" else None
    if failure.kind == "shape":
        return [_READ, f'assert got.shape == {want.shape}, f"expected shape {want.shape}, got {{got.shape}}"']
    if failure.kind not in ("value", "sign of zero"):
        return None
    lines = [_READ]
    if at := place(failure):
        index = tuple(int(i) for i in at.strip("[]").split(",") if i.strip())
        want = np.asarray(want[index])
        lines.append(f"got = got{at}")
    made = literal(want) if want.ndim else re.sub(r"^np\.array\((.*), dtype='\w+'\)$", r"\1", literal(want))
    return [*lines, f"expected = {made}", f'assert {_holds(failure, want)}, f"expected {{expected}}, got {{got}}"']


def _holds(failure: Failure, want: np.ndarray) -> str:
    """The condition on `got` and `expected`: equal, with the signs of zeros, or within the bound."""
    if failure.bound and np.isfinite(failure.bound):
        near = f"abs(got - expected) <= {float(failure.bound)!r}"
        return near if want.ndim == 0 else f"np.all({near})"
    if want.dtype.kind not in "fcgG":
        return "got == expected" if want.ndim == 0 else "np.array_equal(got, expected)"
    if want.ndim == 0 and want.dtype.kind in "fg":
        if np.isnan(want):
            return "np.isnan(got)"
        return "got == expected and np.signbit(got) == np.signbit(expected)" if want == 0 else "got == expected"
    equal = "np.array_equal(got, np.asarray(expected, dtype=got.dtype), equal_nan=True)"
    return f"{equal} and np.array_equal(np.signbit(got), np.signbit(expected))" if _signs(failure, want) else equal


def _signs(failure: Failure, want: np.ndarray) -> bool:
    """Whether the signs of zeros are what is wrong."""
    return want.dtype.kind in "fg" and (failure.kind == "sign of zero" or failure.error == np.finfo(np.float64).tiny)


def _plain(want: Any) -> list[str] | None:
    """The assertion for a result that is no array: a number, text, a dtype by its name, a tuple."""
    lines = []
    if isinstance(want, str) and want in DTYPES:
        lines = ['got = str(getattr(got, "__name__", got)).rpartition(".")[2]']
    if not isinstance(want, bool | int | float | complex | str | tuple | type(None)):
        return None
    same = "got != got" if want != want else "got == expected"
    return [
        *lines,
        f"expected = {_infinite(want)}",
        f'assert type(got) is type(expected) and {same}, f"expected {{expected!r}}, got {{got!r}}"',
    ]


def _error(failure: Failure, call: str) -> list[str]:
    """The call raises an exception, of the class that the standard names."""
    wanted = str(failure.expected or "Exception")
    other = [
        "except Exception as error:",
        f'    raise AssertionError(f"expected {wanted}, got {{type(error).__name__}}: {{error}}") from error',
    ]
    return [
        "found = None",
        "try:",
        f"    found = {call}",
        '    found = host(found) if hasattr(found, "shape") else found',
        f"except {wanted}:",
        "    pass",
        *(other if wanted != "Exception" else []),
        "else:",
        f'    raise AssertionError(f"expected {wanted}, got {{found!r}}")',
    ]


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
        "KEYWORDS": ", ".join(f"{k}={_infinite(v)}" for k, v in given.kwargs.items()),
    }
    lines = [f"a{i} = host(x{i})" for i in range(len(example.values))]
    lines += guarded([f"r = [host(x) for x in {_listed(example, call)}]"])
    lines.append("unit = 1000 * np.finfo(a0.dtype).eps * max(1.0, np.abs(a0).max(initial=0.0)) * a0.shape[-1]")
    for expected, got in pairs:
        for word, text in words.items():
            expected, got = expected.replace(word, text), got.replace(word, text)
        lines += [
            f"expected, got = {expected}, {got}",
            "assert np.shape(got) == np.shape(expected) and np.all(np.abs(got - expected) <= unit * "
            '(1 + np.abs(expected))), f"expected {expected}, got {got}"',
        ]
    return lines


def _infinite(value: Any) -> str:
    return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value)) if isinstance(value, float) else repr(value)
