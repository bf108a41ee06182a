"""What a revision of the standard asks for: its functions, their parameters, and rules by their first revision."""

from __future__ import annotations

from typing import Any

from ..case import Call, Case
from ..data import LATEST, REVISIONS, signatures

__all__ = ["asks", "asks_call", "page_of", "parameters_of", "standard_name"]

_PAGES = "https://data-apis.org/array-api"
# The results of these have another dtype for small floats before 2023.12: the default one.
_WIDENED = ("sum", "prod", "linalg.trace")


def standard_name(name: str) -> str:
    """The name of a case as the standard has it: array.add is array.__add__."""
    if not name.startswith("array."):
        return name
    short = name.removeprefix("array.").removesuffix("_reversed")
    return name if short in ("T", "mT", "shape", "size", "ndim") or short.startswith("__") else f"array.__{short}__"


def asks(case: Case, revision: str) -> bool:
    """Whether a revision has the function of a case; attributes of arrays are in all of them."""
    name = standard_name(case.name)
    return name in signatures(revision) or name not in signatures(LATEST)


def parameters_of(name: str, revision: str) -> dict[str, dict[str, Any]]:
    """The parameters of a function in a revision, by name, in order; none where it is not in the tables."""
    found = signatures(revision).get(standard_name(name), {})
    return {p["name"]: p for p in found.get("parameters", ())}


def asks_call(case: Case, call: Call, revision: str, dtypes: tuple[str, ...] = ()) -> bool:
    """Whether a revision has what one call passes: its keywords, its dtypes, and the rule that it tries."""
    if case.group != "standard":
        return True
    if any(each is call and since > revision for since, each in case.since):
        return False
    if revision == REVISIONS[0] and any(name.startswith("complex") for name in dtypes):
        return False
    if revision < "2023.12" and case.name in _WIDENED and any(name == "float32" for name in dtypes):
        return "dtype" in call.kwargs
    known = parameters_of(case.name, revision)
    return not known or all(key in known for key in call.kwargs)


def page_of(name: str, revision: str) -> str:
    """The page of the standard on a function; revision 2021.12 has one for all functions of a chapter."""
    if revision == REVISIONS[0]:
        return f"{_PAGES}/{revision}/API_specification/"
    return f"{_PAGES}/{revision}/API_specification/generated/array_api.{standard_name(name)}.html"
