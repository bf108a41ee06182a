"""Two files of figures beside each other: what became faster or slower, as far as the spread lets one tell."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .timing import printed

__all__ = ["compared_files", "differences"]

ABOUT = ("machine", "processor", "cores", "threads", "blas", "quick", "python", "versions")
HEADS = ("case", "side", "old", "new", "new / old", "least to most", "verdict")


def compared_files(old: Path, new: Path) -> str:
    """The tables for two files that `--json` has saved; ValueError for any other file."""
    return differences(_read(old), _read(new))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"--compare: {path} cannot be read: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("rows"), list):
        raise ValueError(f"--compare: {path} has no rows of figures; save them by --json")
    return found


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """A table for each question that both have figures for, then what they were measured on, where that differs."""
    before = {_key(row): row for row in old["rows"] if row["cost"]}
    pairs = [(before[_key(row)], row) for row in new["rows"] if row["cost"] and _key(row) in before]
    parts = []
    for question in dict.fromkeys(row["question"] for _, row in pairs):
        own = [(a, b) for a, b in pairs if b["question"] == question]
        unit = own[0][1]["unit"]
        mean = math.exp(statistics.fmean(math.log(b["cost"] / a["cost"]) for a, b in own))
        last = ["geometric mean", "", "", "", f"{mean:.2f}", "", ""]
        parts.append(printed(f"{question}, {unit}", HEADS, [*(_cells(a, b) for a, b in own), last]))
    missing = [name for name in ABOUT if old.get(name) != new.get(name)]
    notes = [f"Not the same in both: {name} ({old.get(name)}; {new.get(name)})." for name in missing]
    lone = len({_key(row) for row in [*old["rows"], *new["rows"]] if row["cost"]}) - len(pairs)
    notes += [f"{lone} figures are in one of the files only."] if lone else []
    return "\n".join([*parts, *(f"{note}\n" for note in notes)]) or "The files have no figures in common.\n"


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["question"], row["case"], row["side"], row["unit"]


def _cells(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """A row: faster or slower only where all runs of one side are so beside all runs of the other."""
    (low, high), (least, most) = _spread(old), _spread(new)
    bounds = least / high, most / low
    single = old["spread"] is None or new["spread"] is None
    verdict = "one run" if single else "faster" if bounds[1] < 1 else "slower" if bounds[0] > 1 else "within the spread"
    ratio = new["cost"] / old["cost"]
    span = "-" if single else f"{bounds[0]:.2f} to {bounds[1]:.2f}"
    return [new["case"], new["side"], f"{old['cost']:.4g}", f"{new['cost']:.4g}", f"{ratio:.2f}", span, verdict]


def _spread(row: Mapping[str, Any]) -> Iterable[float]:
    return row["spread"] or (row["cost"], row["cost"])
