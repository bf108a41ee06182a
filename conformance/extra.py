"""What to install where a package that the tool needs is missing."""

from __future__ import annotations

__all__ = ["INSTALL", "told"]

# The command, `python -m conformance` and the pytest plugin show this where imports fail: it imports nothing itself.

INSTALL = "pip install 'array-api-backend[conformance]'"
_PACKAGES = ("hypothesis", "scipy", "array_api_strict")


def told(error: ImportError) -> str:
    """One line that says what is missing and how to install it; ImportError for any other module."""
    package = (error.name or "").partition(".")[0]
    if package not in _PACKAGES:
        raise error
    return f"conformance needs {package}, which is not installed: {INSTALL}"
