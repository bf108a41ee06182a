"""What the installed CuPy says of its functions, for the stand-in: run it to write `cupy/facts.json` anew."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

__all__ = ["FACTS", "facts_of", "names"]

FACTS = Path(__file__).parent / "cupy" / "facts.json"
DTYPES = {float: "float", int: "int"}  # the dtypes that stand as defaults, as Python writes them


def names() -> list[str]:
    """The functions that programs reach: the standard's, and those that array_api_compat calls for them."""
    import array_api_compat
    import array_api_strict

    found = {name for name in dir(array_api_strict) if not name.startswith("_")}
    found |= {"asnumpy", "linalg.eig", "linalg.eigvals"}
    for part in ("linalg", "fft"):
        found |= {f"{part}.{name}" for name in getattr(array_api_strict, part).__all__}
    folder = Path(array_api_compat.__file__).parent
    called = re.compile(r"\b(?:xp|cp)\.((?:linalg\.|fft\.)?\w+)")
    for path in [*folder.glob("common/_*.py"), *folder.glob("cupy/*.py")]:
        found |= set(called.findall(path.read_text(encoding="utf-8")))
    return sorted(found)


def facts_of(cupy: Any) -> dict[str, Any]:
    """Its version, the signatures of its functions and the loops of its ufuncs, by name."""
    functions, ufuncs = {}, {}
    for name in names():
        module, _, last = name.rpartition(".")
        function = getattr(getattr(cupy, module) if module else cupy, last, None)
        if hasattr(function, "types"):
            ufuncs[name] = " ".join(function.types)
        elif callable(function) and not isinstance(function, type) and (parameters := written(function)) is not None:
            functions[name] = parameters
    return {"version": cupy.__version__, "functions": functions, "ufuncs": ufuncs}


def written(function: Any) -> str | None:
    """A function's parameters as text, without annotations; None where Python does not know them."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    plain = [
        p.replace(annotation=p.empty, default=_Word(DTYPES[p.default]) if p.default in (float, int) else p.default)
        for p in signature.parameters.values()
    ]
    return str(inspect.Signature(plain))[1:-1]


class _Word:
    """A default value that is written as a word."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


if __name__ == "__main__":
    import cupy

    FACTS.write_text(json.dumps(facts_of(cupy), indent=1) + "\n", encoding="utf-8")
