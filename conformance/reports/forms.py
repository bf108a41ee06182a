"""The forms of a report that are written to files, by the name of their option."""

from __future__ import annotations

from collections.abc import Callable

from ..verdict import Report
from . import html, json, junit, markdown

__all__ = ["FORMS"]

FORMS: dict[str, Callable[[Report], str]] = {
    "json": json.written,
    "junit": junit.written,
    "html": html.written,
    "markdown": markdown.written,
}
