"""Check an array namespace, and K on it, against the standard: `python -m conformance NAMESPACE` or `run([...])`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

__all__ = ["BEGUN", "run"]

BEGUN = time.time()  # when a program's process began, almost: a budget holds for its imports as well


def run(namespaces: Sequence[str], **options: Any) -> Any:
    """Check namespaces and return a `conformance.verdict.Report`; options as on the command line (only=, kind=)."""
    from .engine import run as engine_run

    return engine_run(namespaces, **options)
