"""Scripts for failures of a module of the Keras backend API, which import that module and NumPy alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .examples import Example
from .failures import Failure
from .modules import READERS, Module

__all__ = ["module_script"]


def module_script(
    failure: Failure, example: Example, on: Module, kind: str, call: str, literals: Sequence[str]
) -> str | None:
    """A script that fails until the fault is fixed; None if it needs a function or a gradient.

    `call` calls the operation on arrays x0, x1, ...; `literals` are these arrays as Python source.
    """
    lines = ["import numpy as np", *_imported(on)]
    lines += [
        f"x{i} = {_made(on, text, v.dtype.name)}"
        for i, (text, v) in enumerate(zip(literals, example.values, strict=True))
    ]
    call = f"M.{call.removeprefix('K.')}"
    if kind == "error":
        return "\n".join(
            [
                *lines,
                "refused = False",
                "try:",
                f"    {call}",
                "except Exception:",
                "    refused = True",
                f"assert refused  # {failure.message}",
            ]
        )
    if kind not in ("value", "shape", "dtype"):
        return None
    if failure.kind == "exception":
        return "\n".join([*lines, f"{call}  # {failure.message.splitlines()[0]}"])
    lines += [f"got = {call}", f"got = got[{failure.output}] if isinstance(got, tuple | list) else got"]
    if failure.kind == "kind":
        return "\n".join([*lines, f"assert not isinstance(got, {type(failure.got).__name__}), got"])
    reader = next((name for name in READERS if on.has(name)), "")
    lines.append(
        "got = got if isinstance(got, np.ndarray | np.generic) else "
        + (f"np.asarray(M.{reader}(got))" if reader else "np.asarray(got)")
    )
    if failure.kind == "dtype":
        return "\n".join([*lines, f"assert got.dtype == {failure.expected!r}, got.dtype"])
    if not isinstance(failure.expected, np.ndarray):
        return None
    if failure.kind == "shape":
        return "\n".join([*lines, f"assert got.shape == {failure.expected.shape}, got.shape"])
    place = re.search(r"\bat \(([\d, ]+)\):", failure.message)
    index = tuple(int(i) for i in place[1].split(",") if i.strip()) if place else ()
    want = failure.expected[index]
    value = complex(want) if np.iscomplexobj(want) else float(want) if want.dtype.kind in "fg" else want.item()
    said = repr(value).replace("nan", "np.nan").replace("inf", "np.inf")
    lines.append(f"got, expected = got[{index}], {said}")
    if np.isfinite(value) and failure.bound:
        return "\n".join([*lines, f"assert abs(got - expected) <= {failure.bound!r}, got"])
    lines.append(
        "assert np.array_equal(got, expected, equal_nan=True) and np.signbit(got) == np.signbit(expected), got"
        if isinstance(value, float)
        else "assert got == expected, got"
    )
    return "\n".join(lines)


def _imported(on: Module) -> list[str]:
    """Imports the module, or the object in a module, as M."""
    path, _, attribute = on.name.partition(":")
    if not attribute:
        return [f"import {path} as M"]
    return [f"from {path} import {attribute} as M", "M = M() if isinstance(M, type) else M"]


def _made(on: Module, text: str, dtype: str) -> str:
    return f"M.{on.maker}({text}, dtype={dtype!r})" if on.maker else text
