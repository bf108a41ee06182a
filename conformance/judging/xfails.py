"""Expected failures: a TOML file per library and one per device; each entry has an exact id and a reason."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..verdict import LOST, Verdict
from .causes import Cause, matches

__all__ = [
    "UNEXPLAINED",
    "Entry",
    "entries_of",
    "inherited",
    "loaded",
    "narrowed",
    "path_for",
    "unexplained",
    "written",
]

UNEXPLAINED = "unexplained: look at it"
SHIPPED = Path(__file__).parents[1] / "xfails"
FIELDS = ("cause", "reason", "varies", "link", "versions")


@dataclass(frozen=True)
class Entry:
    """One expected failure; `id` is [xp.]operation/kind, with /device or /dtype added for one of them only."""

    id: str
    reason: str
    link: str = ""
    versions: str = ""  # such as '>=2.6,<3'; '' holds for all
    cause: str = ""  # such as 'uint16|uint32; axis', see conformance.judging.causes.matches; '' holds for all
    varies: str = ""  # what decides whether it fails, such as 'the processor': it may then pass, too

    @property
    def key(self) -> str:
        """The id, and the cause where it has one: different for each entry of a file."""
        return f"{self.id} ({self.cause})" if self.cause else self.id

    def covers(self, cause: Cause) -> bool:
        """Whether a failure with this cause is the expected one."""
        return matches(self.cause, cause)

    @property
    def operation(self) -> str:
        """The part before the first slash."""
        return self.id.partition("/")[0]


def entries_of(known: Mapping[str, Entry], id_: str) -> list[Entry]:
    """The entries of one id: several where each has a cause."""
    return [entry for entry in known.values() if entry.id == id_]


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
        if variant and variant != place:
            continue
        applies = replace(entry, id=f"{name}/device") if variant else entry
        found[applies.key] = applies
    return found


def loaded(path: Path, version: str = "") -> dict[str, Entry]:
    """The entries of a file that apply to a version, by key; ValueError if the file is malformed.

    An id with several causes is an array of tables: [["exp/value"]] for each.
    """
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    found = {}
    for name, given in tables.items():
        for table in given if isinstance(given, list) else [given]:
            entry = _entry(path, name, table)
            if _holds(entry, version, path):
                if entry.key in found:
                    raise ValueError(f"{path}: {entry.key} stands there twice; give each entry a cause of its own")
                found[entry.key] = entry
    return found


def _entry(path: Path, name: str, table: Any) -> Entry:
    """One entry; ValueError if it is malformed."""
    if not isinstance(table, dict) or not set(table) <= set(FIELDS) or not all(map(_is_text, table.values())):
        raise ValueError(f"{path}: {name} must be a table of texts {', '.join(FIELDS)}, got {table!r}")
    if not re.fullmatch(r"[\w.]+/\w+(/[\w:.]+)?", name):
        raise ValueError(f"{path}: {name!r} is not an id such as 'exp/value' or 'argmax/device/no_x64'")
    if len(str(table.get("reason", "")).strip()) < 10:
        raise ValueError(f"{path}: {name} has no reason; write down what you found")
    return Entry(name, **{"reason": "", **table})


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

    Entries of operations that were not run stay. An entry that holds for all causes is narrowed to those that were
    seen, so that another fault of the same operation shows. A failure with several causes, or beside an entry of the
    same id, gets an entry for each cause.
    """
    seen = {v.id: v for v in verdicts}
    still = [e for e in entries.values() if e.id not in seen or _still(e, seen[e.id])]
    kept = {e.key: e for e in (narrowed(e, verdicts) for e in still)}
    shown: dict[str, str] = {}
    for verdict in verdicts:
        if verdict.status not in ("wrong", *LOST):
            continue
        apart = verdict.causes > 1 or any(e.id == verdict.id for e in kept.values())
        for cause, message in [(f.key if apart else "", f.message) for f in verdict.findings] or [("", "")]:
            entry = Entry(verdict.id, UNEXPLAINED, cause=cause)
            shown[kept.setdefault(entry.key, entry).key] = message
    if not kept and not path.is_file():
        return 0
    lines = _header(path)
    several = Counter(e.id for e in kept.values())
    for entry in sorted(kept.values(), key=lambda e: (e.id, e.cause)):
        if entry.reason == UNEXPLAINED:
            lines += [f"# {_printable(line)}" for line in shown.get(entry.key, "").splitlines()[:2]]
        lines.append(f'[["{entry.id}"]]' if several[entry.id] > 1 else f'["{entry.id}"]')
        lines += [
            f"{key} = {json.dumps(getattr(entry, key), ensure_ascii=False)}" for key in FIELDS if getattr(entry, key)
        ]
        lines.append("")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip("\n") + "\n", "utf-8")
    return len(unexplained(kept.values()))


def narrowed(entry: Entry, verdicts: Iterable[Verdict]) -> Entry:
    """The entry with the causes that verdicts saw, if it has none."""
    words = sorted({word for v in verdicts for word in v.covered.get(entry.key, ())})
    return entry if entry.cause or not words else replace(entry, cause="|".join(words))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _still(entry: Entry, verdict: Verdict) -> bool:
    """Whether an entry still describes a failure of the verdict."""
    if entry.varies:
        return True
    if verdict.entries:
        return entry.key in verdict.entries
    return verdict.status in ("xfail", "wrong", "flaky", *LOST)


def _printable(text: str) -> str:
    """Text for a comment of a file: signs that TOML refuses there are written as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


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
