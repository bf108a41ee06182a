"""Check an array namespace, and K on it, against the standard: `python -m conformance NAMESPACE` or `run([...])`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

__all__ = ["BEGUN", "run"]

BEGUN = time.time()  # when a program's process began, almost: a budget holds for its imports as well


def run(namespaces: Sequence[str], **options: Any) -> Any:
    """Check namespaces against the standard, and K on them.

    Parameters
    ----------
    namespaces : sequence of str
        Names that K knows, dotted paths, 'package:object', or modules of the Keras backend API.
    **options : object
        Those of the command line, such as only=, kind=, dtype=, examples=, budget=, seed=, jobs=: the fields of
        ``conformance.running.engine.Options``.

    Returns
    -------
    conformance.verdict.Report

    Raises
    ------
    UsageError
        For invalid options.
    NamespaceError
        For a namespace that cannot be opened.

    Notes
    -----
    Namespaces are checked as this process has them, and a crash ends it; with ``isolate=True``, or several jobs, in
    worker processes, as the command does.

    References
    ----------
    The array API standard; its revision is the one that the namespace states.

    Examples
    --------
    >>> import conformance
    >>> report = conformance.run(["numpy"], only="xp.exp", kind="dtype,shape", examples=2)
    >>> report.counts(), report.exit_code
    ({'identical': 2}, 0)
    """
    from .running.engine import run as engine_run

    return engine_run(namespaces, **options)
