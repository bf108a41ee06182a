"""Run the pages of README and docs/: blocks of Python print what stands below them, rows of tables say what is true.

Blocks and tables run from top to bottom in one scope. A table whose second heading is K pairs what a program did with
what it does with K: where the first heading is in LIBRARIES, both cells are run and must give the same values;
otherwise the cell of K must run. `python tests/house/pages.py PAGE ...` runs pages in a process of its own.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
LIBRARIES = ("NumPy", "PyTorch", "JAX")
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:```text\n(?P<shown>.*?)^```\n)?|^(?P<table>(?:\|[^\n]*\n)+)", re.S | re.M
)
CELL = re.compile(r"(?<!\\)\|")


def pages() -> list[str]:
    """README and every page of docs/ that has a block of Python or a table of K, but the record of defects."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    names = [str(path.relative_to(ROOT)) for path in found if "_build" not in path.parts]
    return [name for name in names if name != "docs/findings.md" and list(parts(name))]


def parts(page: str) -> Iterator[tuple[str, Any]]:
    """Blocks ("code", (text, shown)) and rows ("row", (library, left, right)) of a page, in order."""
    for found in BLOCK.finditer((ROOT / page).read_text("utf-8")):
        if found["table"]:
            yield from (("row", row) for row in rows(found["table"]))
        else:
            yield "code", (found["code"], found["shown"] or "")


def rows(table: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """The library and the first two cells of each row of a table whose second heading is K."""
    lines = [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in table.splitlines()]
    if len(lines[0]) >= 2 and lines[0][1] == "K":
        yield from ((lines[0][0], code(line[0]), code(line[1])) for line in lines[2:])


def code(cell: str) -> list[str]:
    """The programs in a cell: its code spans, but what follows one and a colon is an explanation."""
    spans = re.split(r"(`[^`]+`)", cell)
    end = next((i for i in range(0, len(spans), 2) if i and ":" in spans[i]), len(spans))
    return [span.strip("`") for span in spans[1:end:2]]


def values(programs: list[str], scope: dict[str, Any]) -> list[Any]:
    """Run programs of one line; of each the value of its last statement where that is an expression, else None."""
    found = []
    for program in programs:
        body = ast.parse(program).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), program, "exec"), scope)
        found.append(eval(compile(ast.Expression(last.value), program, "eval"), scope) if last else None)
    return found


def same(left: Any, right: Any) -> bool:
    """Whether two results hold the same numbers, whatever libraries they are of."""
    import backend as K

    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(same, left, right))
    pair = [K.eval(v) if K.is_tensor(v) or K.is_variable(v) else v for v in (left, right)]
    one, other = (np.asarray(v.detach() if hasattr(v, "detach") else v) for v in pair)
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-5, atol=1e-6))


def run(page: str) -> None:
    """Run a page; AssertionError where it does not do what it says."""
    scope: dict[str, Any] = {"__name__": "page"}
    for kind, part in parts(page):
        if kind == "code":
            text, shown = part
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(text, page, "exec"), scope)
            assert printed.getvalue() == shown, f"{page}:\n{text}prints\n{printed.getvalue()}instead of\n{shown}"
            continue
        library, left, right = part
        assert right, f"{page}: the row of {left!r} has no program for K"
        theirs = values(left, scope) if library in LIBRARIES else None
        ours = values(right, scope)
        assert library not in LIBRARIES or same(theirs, ours), f"{page}: {left} gives {theirs}, {right} gives {ours}"


if __name__ == "__main__":
    for given in sys.argv[1:]:
        run(given)
