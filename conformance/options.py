"""The options that the command line and the pytest plugin share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["FIELDS", "FORMS", "OPTIONS"]

# The plugin loads this module in every pytest session: it imports nothing of the tool.

OPTIONS: dict[str, tuple[Callable[[str], Any], str, str]] = {  # name -> (type, metavar, help)
    "reference": (str, "NAMESPACE", "the namespace whose exact results are correct (default numpy)"),
    "device": (str, "DEVICE", "run on this device of each namespace"),
    "dtype": (str, "DTYPE", "only examples of this dtype"),
    "only": (str, "PATTERN", "only operations whose names match, such as 'conv*' or 'xp.exp*'"),
    "group": (str, "GROUP", "only 'standard', 'k', or a chapter such as 'losses'"),
    "kind": (str, "KIND,...", "only these kinds of check, such as value,dtype"),
    "examples": (int, "N", "random examples per call, in addition to the fixed ones (default 4)"),
    "budget": (float, "SECONDS", "time limit for the whole run, shared among all operations"),
    "seed": (int, "S", "seed of the random examples (default 0)"),
    "convert": (str, "PACKAGE:FUNCTION", "reads an array as a NumPy array, for libraries that NumPy cannot read"),
    "as": (str, "KIND", "take the names for modules with a 'namespace', or with the Keras 'backend' API"),
    "revision": (str, "REVISION", "of the standard, such as 2023.12 (default: the one that the namespace states)"),
    "shard": (str, "I/N", "only the I-th of N parts of the operations"),
    "xfails": (Path, "FOLDER", "the files of expected failures (default: the ones shipped)"),
}
FIELDS = {"as": "taken_as"}  # options whose fields have other names, as Python does not take theirs
FORMS = {  # the forms of a report that are written to files
    "json": "for programs, and as a baseline",
    "junit": "for the test page of a CI service",
    "html": "one self-contained page",
    "markdown": "for a comment on a pull request",
}
