"""The functions that write a report in each form, by the name of the option."""

from __future__ import annotations

from collections.abc import Callable

from ..verdict import Report
from . import html, json, junit, markdown

__all__ = ["WRITERS"]

WRITERS: dict[str, Callable[[Report], str]] = {
    "json": json.written,
    "junit": junit.written,
    "html": html.written,
    "markdown": markdown.written,
}
