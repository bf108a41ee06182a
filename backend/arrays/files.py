"""Files that are replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable
from typing import IO, Any

__all__ = ["replaced_as_a_whole"]


def replaced_as_a_whole(
    asker: str, path: str | os.PathLike[str], overwrite: bool, write_to: Callable[[IO[bytes]], Any]
) -> None:
    """Write a file, or replace one: readers see the old file or the new one, never a part.

    Each call writes to a file of its own in the same folder, which then takes the path's place; errors leave neither
    a new file nor a changed one.
    """
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{asker}: {os.fspath(path)} exists already; pass overwrite=True to replace it")
    target = os.path.realpath(path)  # a symbolic link stays one
    unfinished = os.path.join(os.path.dirname(target), f".{asker}-{uuid.uuid4().hex}.part")
    try:
        with open(unfinished, "xb") as file:  # not mkstemp, which gives the file to its owner alone
            write_to(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
