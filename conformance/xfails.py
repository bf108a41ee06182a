"""Expected failures: a TOML file per library and one per device; each entry has an exact id and a reason."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .verdict import LOST, Verdict

__all__ = ["UNEXPLAINED", "Entry", "inherited", "loaded", "path_for", "unexplained", "written"]

UNEXPLAINED = "unexplained: look at it"
SHIPPED = Path(__file__).parent / "xfails"


@dataclass(frozen=True)
class Entry:
    """One expected failure; `id` is [xp.]operation/kind, with /device or /dtype added for one of them only."""

    id: str
    reason: str
    link: str = ""
    versions: str = ""  # such as '>=2.6,<3'; '' holds for all

    @property
    def operation(self) -> str:
        """The part before the first slash."""
        return self.id.partition("/")[0]


def path_for(namespace: str, library: str, folder: Path | None = None, place: str = "") -> Path:
    """The file of a namespace, named after its library (jax.toml) and device (torch.cuda_0.toml)."""
    names = [library or namespace, *filter(None, [place])]
    return (folder or SHIPPED) / ".".join([*(re.sub(r"[^\w.]", "_", name) for name in names), "toml"])


def inherited(entries: dict[str, Entry], place: str) -> dict[str, Entry]:
    """A library's entries as they apply to its namespace on one device.

    Entries without a device apply there too. exp/device/PLACE becomes exp/device; entries of other devices are dropped.
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
    """The entries of a file that apply to a version, by id; ValueError if the file is malformed."""
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    found = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or not set(table) <= {"reason", "link", "versions"}:
            raise ValueError(f"{path}: {name} must be a table of reason, link and versions, got {table!r}")
        if not re.fullmatch(r"[\w.]+/\w+(/[\w:.]+)?", name):
            raise ValueError(f"{path}: {name!r} is not an id such as 'exp/value' or 'argmax/device/no_x64'")
        if len(str(table.get("reason", "")).strip()) < 10:
            raise ValueError(f"{path}: {name} has no reason; write down what you found")
        entry = Entry(name, table["reason"], table.get("link", ""), table.get("versions", ""))
        if _holds(entry, version, path):
            found[name] = entry
    return found


def unexplained(entries: Iterable[Entry]) -> list[str]:
    """The ids still without a reason: a normal run refuses them."""
    return [entry.id for entry in entries if entry.reason.startswith("unexplained")]


def _holds(entry: Entry, version: str, path: Path) -> bool:
    numbers = _numbers(version)
    for part in filter(None, (p.strip() for p in entry.versions.split(","))):
        match = re.fullmatch(r"(>=|<=|==|!=|<|>)\s*([\d.]+)", part)
        if match is None:
            raise ValueError(f"{path}: {entry.id} has versions {entry.versions!r}, expected a list such as '>=2.6,<3'")
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
    """Rewrite a file: add new failures, unexplained, and remove entries that pass; return how many lack a reason.

    Entries of operations that were not run stay.
    """
    seen = {v.id: v for v in verdicts}
    kept = {i: e for i, e in entries.items() if i not in seen or seen[i].status in ("xfail", "wrong", "flaky", *LOST)}
    for verdict in verdicts:
        if verdict.status in ("wrong", *LOST):
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
    """The comment lines at the top of a file, which stay."""
    old = path.read_text("utf-8").splitlines() if path.is_file() else []
    head = []
    for line in old:
        if line.strip() and not line.startswith("#"):
            break
        head.append(line)
    if "" in head:
        head = head[: head.index("")]
    return [*(head or [f"# Known failures of {path.stem}, each investigated: id, reason, link, versions."]), ""]
