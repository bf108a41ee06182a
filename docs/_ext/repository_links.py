"""Links of Markdown pages to files outside docs/ lead to the repository, as they do where the page is read there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(!?)(\[[^\]]*\])\((\.\./[^)\s]*)\)")


def pointed(app: Any, page: str, source: list[str]) -> None:
    """Replace relative targets that leave docs/ by addresses; a picture is copied from where it lies."""
    folder = posixpath.dirname("docs/" + page)
    address = app.config.repository

    def target(found: re.Match[str]) -> str:
        picture, text, path = found.groups()
        place = posixpath.normpath(posixpath.join(folder, path))
        if picture or place.startswith("docs/"):
            return found[0]
        kind = "tree" if (Path(app.srcdir).parent / place.partition("#")[0]).is_dir() else "blob"
        return f"{text}({address}/{kind}/main/{place})"

    source[0] = LINK.sub(target, source[0])


def setup(app: Any) -> dict[str, Any]:
    app.add_config_value("repository", "", "env")
    app.connect("source-read", pointed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
