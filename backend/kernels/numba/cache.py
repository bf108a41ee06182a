"""The cache on disk: one file per function and signature, named by what it was compiled from, and for what machine."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import caching, compiler
from numba.core.serialize import dumps

from ... import config

__all__ = ["DiskCache", "cache_folder", "sources_digest"]

DIGEST = hashlib.sha256
SIZE = DIGEST().digest_size


def cache_folder() -> Path | None:
    """The folder that keeps compiled functions; None where the cache is off."""
    given = config.setting("jit_cache")
    if given is False:
        return None
    if isinstance(given, str):
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "array-api-backend" / "numba"


@functools.cache
def sources_digest() -> str:
    """What the modules of this package say: compiled functions have the functions they call within them."""
    found = DIGEST()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


class DiskCache(caching._Cache):  # noqa: SLF001 - numba has no public door for a cache
    """What numba asks for a compiled function, and gives one to keep.

    numba's own cache numbers its files in an index, which two processes can write at once; then a signature finds the
    machine code of another. Here the name of a file is a hash of all that its content depends on, so that whoever
    writes it writes the same. A file is put in place in one step, and begins with the hash of the rest.
    """

    def __init__(self, name: str, source: str, options: str) -> None:
        self.name = name
        self._key = (source, options, numba.__version__, llvmlite.__version__, sys.version, sources_digest())

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(cache_folder())

    def _path(self, sig: Any, target: Any) -> Path | None:
        folder = cache_folder()
        if folder is None:
            return None
        key = repr((*self._key, str(sig), target.codegen().magic_tuple()))
        return folder / f"{self.name}-{DIGEST(key.encode()).hexdigest()[:40]}.bin"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function of a signature, or None. A file that cannot be used counts as none."""
        target_context.refresh()
        path = self._path(sig, target_context)
        try:
            content = b"" if path is None else path.read_bytes()
        except OSError:
            return None
        if len(content) <= SIZE or DIGEST(content[SIZE:]).digest() != content[:SIZE]:
            return None
        try:
            payload = pickle.loads(content[SIZE:])
            return compiler.CompileResult._rebuild(target_context, *payload)  # noqa: SLF001
        except Exception:  # noqa: BLE001 - whatever numba makes of it: compiling says what is wrong
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function; nothing happens where the folder cannot be written."""
        path = self._path(sig, data.target_context)
        if path is None or data.library.has_dynamic_globals:
            return
        content = dumps(data._reduce())  # noqa: SLF001
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(DIGEST(content).digest() + content)
                os.replace(partial, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(partial)
                raise

    def enable(self) -> None:
        """Nothing: a setting decides."""

    def disable(self) -> None:
        """Nothing: a setting decides."""

    def flush(self) -> None:
        """Nothing: files that fit nothing any more are never read."""
