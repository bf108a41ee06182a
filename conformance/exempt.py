"""Public operations without a case, each with the reason."""

from __future__ import annotations

__all__ = ["EXEMPT"]

EXEMPT: dict[str, str] = {
}
