"""What to install where a package that the tool needs is missing."""

from __future__ import annotations

__all__ = ["told"]

# The command, `python -m conformance` and the pytest plugin show this where imports fail: it imports nothing before.

_PACKAGES = ("hypothesis", "scipy", "array_api_strict")


def told(error: ImportError) -> str:
    """One line that says what is missing and how to install it; ImportError for any other module."""
    package = (error.name or "").partition(".")[0]
    if package not in _PACKAGES:
        raise error
    from backend.arrays.extras import needs

    return needs("conformance", package, "conformance")
