"""The errors that end a run before it has a report."""

from __future__ import annotations

__all__ = ["IncompleteError", "NamespaceError", "ToolError", "UsageError"]


class UsageError(ValueError):
    """An invalid option: exit code 2."""


class NamespaceError(ImportError):
    """A namespace that cannot be opened: exit code 3."""


class ToolError(BaseException):
    """A mistake of this package, which is no verdict on what it checks."""


class IncompleteError(RuntimeError):
    """A report that lacks verdicts, or cannot be written: exit code 4."""
