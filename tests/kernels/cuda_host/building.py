"""Sources compiled for the host many at a time, and kept in a folder: a compiler costs most to start."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["Kept", "together"]

TOGETHER = 50  # kernels of one program
FORMAT = "1"

Numbered = list[tuple[str, str]]  # each source, and the end that its kernels' names have in the program


def together(sources: Iterable[str], size: int = TOGETHER) -> Iterator[tuple[str, Numbered]]:
    """The sources in as few programs as have one beginning each, their kernels numbered."""
    groups: dict[str, list[str]] = {}
    for source in sorted(sources):
        groups.setdefault(source.partition('extern "C"')[0], []).append(source)
    for head, every in groups.items():
        for first in range(0, len(every), size):
            part = [(source, f"_{i}") for i, source in enumerate(every[first : first + size])]
            bodies = [re.sub(r"(__global__ void \w+)\(", rf"\g<1>{end}(", source[len(head) :]) for source, end in part]
            yield head + "".join(bodies), part


class Kept:
    """A folder with the libraries of programs, and in which of them each source is."""

    def __init__(self, folder: Path, dependencies: Iterable[str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._salt = "\0".join([FORMAT, *dependencies])
        self._index = folder / "index.json"
        self._found: dict[str, list[str]] = json.loads(self._index.read_text()) if self._index.exists() else {}

    def digest(self, text: str) -> str:
        """The name of a text and all that its library depends on."""
        return hashlib.sha256(f"{self._salt}\0{text}".encode()).hexdigest()[:32]

    def find(self, source: str) -> tuple[Path, str] | None:
        """The library of a source, and the end of its kernels' names there."""
        found = self._found.get(self.digest(source))
        return (self.folder / found[0], found[1]) if found else None

    def add(self, sources: Iterable[str], compile_to: Callable[[str, Path], Any]) -> int:
        """Compile what is not there yet; how many sources that were."""
        missing = {source for source in sources if self.find(source) is None}
        for program, numbered in together(missing):
            path = self.folder / f"{self.digest(program)}.so"
            compile_to(program, path)
            self._found |= {self.digest(source): [path.name, end] for source, end in numbered}
            self._index.write_text(json.dumps(self._found))
        return len(missing)
