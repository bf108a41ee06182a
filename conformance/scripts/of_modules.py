"""Scripts for failures of a module of the Keras backend API, which import that module and NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..examples import Example
from ..judging.failures import Failure
from ..subjects.modules import READERS, Module
from .text import guarded, heading, place

__all__ = ["module_script"]

_TOLD = 'f"expected {expected}, got {got}"'


def module_script(
    failure: Failure, example: Example, on: Module, kind: str, call: str, literals: Sequence[str]
) -> str | None:
    """A script that fails until the fault is fixed; None if it needs a function or a gradient.

    `call` calls the operation on arrays x0, x1, ...; `literals` are these arrays as Python source.
    """
    lines = [*heading(failure, example, on, kind), "import numpy as np", *_imported(on)]
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
                'assert refused, "expected an exception, got a result"',
            ]
        )
    if kind not in ("value", "shape", "dtype"):
        return None
    if failure.kind == "exception":
        return "\n".join([*lines, *guarded([call])])
    lines += [f"got = {call}", f"got = got[{failure.output}] if isinstance(got, tuple | list) else got"]
    asserted = _asserted(failure, on)
    return None if asserted is None else "\n".join([*lines, *asserted])


def _asserted(failure: Failure, on: Module) -> list[str] | None:
    """What is asserted of one result, `got`."""
    if failure.kind == "kind":
        return [f'assert not isinstance(got, {type(failure.got).__name__}), f"expected an array, got {{got!r}}"']
    reader = next((name for name in READERS if on.has(name)), "")
    lines = [
        "got = got if isinstance(got, np.ndarray | np.generic) else "
        + (f"np.asarray(M.{reader}(got))" if reader else "np.asarray(got)")
    ]
    want = failure.expected
    if failure.kind == "dtype":
        return [*lines, f'assert got.dtype == {want!r}, f"expected {want}, got {{got.dtype}}"']
    if not isinstance(want, np.ndarray):
        return None
    if failure.kind == "shape":
        return [*lines, f'assert got.shape == {want.shape}, f"expected {want.shape}, got {{got.shape}}"']
    index = tuple(int(i) for i in place(failure).strip("[]").split(",") if i.strip())
    want = want[index]
    value = complex(want) if np.iscomplexobj(want) else float(want) if want.dtype.kind in "fg" else want.item()
    said = repr(value).replace("nan", "np.nan").replace("inf", "np.inf")
    lines.append(f"got, expected = got[{index}], {said}")
    if np.isfinite(value) and failure.bound:
        return [*lines, f"assert abs(got - expected) <= {failure.bound!r}, {_TOLD}"]
    if not isinstance(value, float):
        return [*lines, f"assert got == expected, {_TOLD}"]
    same = "np.array_equal(got, expected, equal_nan=True) and np.signbit(got) == np.signbit(expected)"
    return [*lines, f"assert {same}, {_TOLD}"]


def _imported(on: Module) -> list[str]:
    """Imports the module, or the object in a module, as M."""
    path, _, attribute = on.name.partition(":")
    if not attribute:
        return [f"import {path} as M"]
    return [f"from {path} import {attribute} as M", "M = M() if isinstance(M, type) else M"]


def _made(on: Module, text: str, dtype: str) -> str:
    return f"M.{on.maker}({text}, dtype={dtype!r})" if on.maker else text
