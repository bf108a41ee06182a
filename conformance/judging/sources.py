"""Where it is written what a verdict holds: the page of the standard, or the summary of K's docstring."""

from __future__ import annotations

import inspect

import backend as K

from ..data import LATEST
from ..verdict import Verdict
from .revisions import page_of

__all__ = ["source_of"]


def source_of(verdict: Verdict, revision: str = LATEST) -> str:
    """The address of the page on a function of the standard, in this revision, or what K says of its operation."""
    if verdict.group == "standard":
        return page_of(verdict.operation, revision)
    summary = (inspect.getdoc(getattr(K, verdict.operation, None)) or "").partition("\n")[0]
    return f"K.{verdict.operation}: {summary}" if summary else f"K.{verdict.operation}"
