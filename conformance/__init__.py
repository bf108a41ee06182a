"""Proves that an array namespace computes the same, and K on it: `python -m conformance NAMESPACE` or `run([...])`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["run"]


def run(namespaces: Sequence[str], **options: Any) -> Any:
    """The `conformance.verdict.Report` on some namespaces; options as on the command line: only=, kind=, budget=."""
    from .engine import run as engine_run

    return engine_run(namespaces, **options)
