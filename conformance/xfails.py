"""Expected failures: a TOML file per library, one more per device, exact ids, each with the fact that was found."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .verdict import Verdict

__all__ = ["UNEXPLAINED", "Entry", "inherited", "loaded", "path_for", "unexplained", "written"]

UNEXPLAINED = "unexplained: look at it"
SHIPPED = Path(__file__).parent / "xfails"


@dataclass(frozen=True)
class Entry:
    """One expected failure: `id` is operation/kind, or operation/kind/device or /dtype; xp. before the standard's."""

    id: str
    reason: str
    link: str = ""
    versions: str = ""  # such as '>=2.6,<3'; '' holds for all

    @property
    def operation(self) -> str:
        """The part before the first stroke."""
        return self.id.partition("/")[0]


def path_for(namespace: str, library: str, folder: Path | None = None, place: str = "") -> Path:
    """The file for a namespace: by its library's name, jax.toml; torch.cuda_0.toml on device cuda:0."""
    names = [library or namespace, *filter(None, [place])]
    return (folder or SHIPPED) / ".".join([*(re.sub(r"[^\w.]", "_", name) for name in names), "toml"])


def inherited(entries: dict[str, Entry], place: str) -> dict[str, Entry]:
    """What a library's entries say of its namespace on one device.

    What fails on every device fails there; exp/device/PLACE is what is called exp/device there, and the entries of
    other devices do not matter.
    """
    found = {}
    for entry in entries.values():
        name, _, variant = entry.id.partition("/device/")
        if not variant:
            found[entry.id] = entry
        elif variant == place:
            found[f"{name}/device"] = replace(entry, id=f"{name}/device")
    return found


def loaded(path: Path, version: str = "") -> dict[str, Entry]:
    """The entries of a file that hold for a version, by id; ValueError for a file that is not as it should be."""
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    found = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or not set(table) <= {"reason", "link", "versions"}:
            raise ValueError(f"{path}: {name} has to be a table of reason, link and versions, got {table!r}")
        if not re.fullmatch(r"[\w.]+/\w+(/[\w:.]+)?", name):
            raise ValueError(f"{path}: {name!r} is no id such as 'exp/value' or 'argmax/device/no_x64'")
        if len(str(table.get("reason", "")).strip()) < 10:
            raise ValueError(f"{path}: {name} has no reason; say what was found when it was looked at")
        entry = Entry(name, table["reason"], table.get("link", ""), table.get("versions", ""))
        if _holds(entry, version, path):
            found[name] = entry
    return found


def unexplained(entries: Iterable[Entry]) -> list[str]:
    """The ids whose reasons nobody has written yet: a normal run refuses them."""
    return [entry.id for entry in entries if entry.reason.startswith("unexplained")]


def _holds(entry: Entry, version: str, path: Path) -> bool:
    numbers = _numbers(version)
    for part in filter(None, (p.strip() for p in entry.versions.split(","))):
        match = re.fullmatch(r"(>=|<=|==|!=|<|>)\s*([\d.]+)", part)
        if match is None:
            raise ValueError(f"{path}: {entry.id} has versions {entry.versions!r}, expected such as '>=2.6,<3'")
        sign, other = match[1], _numbers(match[2])
        length = max(len(numbers), len(other))
        a, b = (n + (0,) * (length - len(n)) for n in (numbers, other))
        if not {">=": a >= b, "<=": a <= b, "==": a == b, "!=": a != b, "<": a < b, ">": a > b}[sign]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"[\d.]*", version)
    return tuple(int(n) for n in (release[0] if release else "").split(".") if n)


def written(path: Path, entries: dict[str, Entry], verdicts: Sequence[Verdict]) -> int:
    """Write a file anew: failures that have no entry are added, unexplained; entries that pass are taken out.

    Entries of operations that were not run stay. The number of entries that need a reason.
    """
    seen = {v.id: v for v in verdicts}
    kept = {i: e for i, e in entries.items() if i not in seen or seen[i].status in ("xfail", "wrong", "flaky")}
    for verdict in verdicts:
        if verdict.status == "wrong":
            kept.setdefault(verdict.id, Entry(verdict.id, UNEXPLAINED))
    if not kept and not path.is_file():
        return 0
    lines = _header(path)
    for entry in sorted(kept.values(), key=lambda e: e.id):
        verdict_ = seen.get(entry.id)
        if entry.reason == UNEXPLAINED and verdict_ is not None and verdict_.finding is not None:
            lines += [f"# {line}" for line in verdict_.finding.message.splitlines()[:2]]
        lines.append(f'["{entry.id}"]')
        lines += [
            f"{key} = {json.dumps(text, ensure_ascii=False)}"
            for key, text in (("reason", entry.reason), ("link", entry.link), ("versions", entry.versions))
            if text
        ]
        lines.append("")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip("\n") + "\n", "utf-8")
    return len(unexplained(kept.values()))


def _header(path: Path) -> list[str]:
    """The comment lines a file begins with, which stay."""
    old = path.read_text("utf-8").splitlines() if path.is_file() else []
    head = []
    for line in old:
        if line.strip() and not line.startswith("#"):
            break
        head.append(line)
    if "" in head:
        head = head[: head.index("")]
    return [*(head or [f"# Failures of {path.stem} that are known, each looked at: id, reason, link, versions."]), ""]
