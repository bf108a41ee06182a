"""Check an array namespace, and K on it, against the standard: `python -m conformance NAMESPACE` or `run([...])`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["run"]


def run(namespaces: Sequence[str], **options: Any) -> Any:
    """Check namespaces and return a `conformance.verdict.Report`; options as on the command line (only=, kind=)."""
    from .engine import run as engine_run

    return engine_run(namespaces, **options)
