"""Facts of the array API standard as data, by revision: the signatures of its functions and its special cases.

Made from the stubs of data-apis/array-api (commit 8884c40, April 2026), revisions 2021.12 to 2025.12; its text is not
included. A row of `special_cases.json` has a condition on the elements of the arguments, and the result that follows;
`signatures.json` has parameters, the dtypes that each accepts, and the dtype of the result.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import Any

__all__ = ["LATEST", "REVISIONS", "signatures", "special_cases"]

REVISIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
LATEST = REVISIONS[-1]


@functools.cache
def _read(name: str) -> Any:
    return json.loads(importlib.resources.files(__name__).joinpath(name).read_text("utf-8"))


def signatures(revision: str = LATEST) -> dict[str, dict[str, Any]]:
    """The functions of a revision by name (exp, linalg.inv): parameters, accepts, result_dtype, returns."""
    found: dict[str, dict[str, Any]] = _read("signatures.json")["revisions"][revision]["functions"]
    return found


def special_cases(revision: str = LATEST) -> list[dict[str, Any]]:
    """The special cases that stand in a revision, in the order of the text: the first one that applies wins."""
    return [row for row in _read("special_cases.json") if row["since"] <= revision <= row["revision"]]
