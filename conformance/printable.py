"""Text from libraries made safe to print: no control characters, no lone surrogates, no endless messages.

Names, messages and representations come from what is tested. They enter verdicts through `printable`, so that no form
of the report has to mistrust them.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LONGEST", "cleaned", "first_line", "printable", "said"]

LONGEST = 20_000  # characters of one text; findings show a few lines
_KEPT = "\n\t"


def printable(text: str, longest: int = LONGEST) -> str:
    """The text with every character that is not printable as its escape, such as \\x1b; lines and tabs stay."""
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {len(text) - longest} characters ... {text[-longest // 2 :]}"
    if text.isascii() and text.isprintable():
        return str(text)
    return "".join(c if c.isprintable() or c in _KEPT else _escaped(c) for c in text.replace("\r\n", "\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def said(value: Any) -> str:
    """The representation of a value, or what it raised instead of giving one."""
    try:
        return printable(repr(value))
    except BaseException as error:  # noqa: BLE001 - a library's __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def first_line(error: BaseException) -> str:
    """The first line of an exception's message that is not blank."""
    try:
        text = str(error)
    except BaseException as inner:  # noqa: BLE001 - a library's __str__ may raise anything
        return f"(its __str__ raises {type(inner).__name__})"
    return printable(next((line for line in text.splitlines() if line.strip()), ""))


def cleaned(value: Any) -> Any:
    """Plain data, every text in it printable: dicts, lists, tuples, numbers."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {cleaned(k): cleaned(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([cleaned(v) for v in value])
    return value
