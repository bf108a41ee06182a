"""How objects show themselves: a line of text, and a table in a notebook; names are foreign text, and are escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = [
    "and_more",
    "as_line",
    "as_table",
    "bytes_of",
    "bytes_shown",
    "html_table",
    "plain",
    "shape_shown",
    "tensor_facts",
    "value_shown",
]

LONGEST = 60  # characters of a name
MOST = 6  # names in a list of them


def as_line(self: Any) -> str:
    """The `__repr__` of a class with a method `_display`, which gives a title, and facts by name."""
    title, facts = self._display()
    return f"<{title}: {', '.join(f'{name} {fact}' for name, fact in facts.items())}>" if facts else f"<{title}>"


def as_table(self: Any) -> str:
    """The same for notebooks: the `_repr_html_` of a class with a method `_display`."""
    return html_table(*self._display())


def plain(text: Any) -> str:
    """A name as one line of printable characters, cut where it is long: it comes from outside."""
    found = str(text)
    found = found if len(found) <= LONGEST else f"{found[: LONGEST - 3]}..."
    return found if found.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in found)


def and_more(names: Sequence[str], most: int = MOST) -> str:
    """The first of several names, and the number of the others."""
    rest = len(names) - most
    return ", ".join(names) if rest <= 1 else f"{', '.join(names[:most])} and {rest} more"


def shape_shown(t: Any) -> str:
    """The shape of a symbolic tensor, None for its unknown sizes."""
    return "unknown rank" if t.spec.shape is None else str(tuple(t.shape))


def bytes_of(t: Any) -> int | None:
    """The memory of a tensor's value; None where its size is unknown."""
    if t.spec.shape is None or any(type(n) is not int for n in t.spec.shape):
        return None
    return math.prod(t.spec.shape) * (2 if t.dtype == "bfloat16" else np.dtype(t.dtype).itemsize)


def bytes_shown(count: float) -> str:
    """A number of bytes in the unit that suits it: 1 kB are 1000 bytes."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 99.5 else f"{count:.1f} {unit}"


def tensor_facts(t: Any) -> dict[str, str]:
    """What there is to know of a symbolic tensor."""
    facts = {"shape": shape_shown(t), "dtype": str(t.dtype)}
    if t.node is not None:
        facts["call"] = f"{plain(t.node.primitive.name)}({and_more([plain(i.name) for i in t.node.inputs])})"
    value = value_shown(t)
    return facts | ({"value": value} if value else {})


def value_shown(t: Any) -> str | None:
    """The value of a constant, shortened; None for what would have to be computed, or copied, at any cost."""
    if not t.is_cheap_constant:
        return None
    return " ".join(np.array2string(np.asarray(t.eval()), threshold=20, separator=", ").split())


def html_table(title: str, rows: Mapping[str, str] | Iterable[Sequence[str]], head: Sequence[str] = ()) -> str:
    """A table: a row for each fact, or of cells; all of it is escaped."""
    from html import escape

    def cells(row: Sequence[str], kind: str) -> str:
        return "".join(f'<{kind} style="text-align:left">{escape(cell)}</{kind}>' for cell in row)

    if isinstance(rows, Mapping):
        lines = [cells([name], "th") + cells([fact], "td") for name, fact in rows.items()]
    else:
        lines = [cells(head, "th")] * bool(head) + [cells(row, "td") for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table><caption style="text-align:left"><b>{escape(title)}</b></caption>{body}</table>'
