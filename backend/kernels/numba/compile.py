"""Compiling: numba's functions with our cache, our flags, and a word to who waits."""

from __future__ import annotations

import linecache
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numba

from .cache import DIGEST, DiskCache

__all__ = ["compiled", "from_source", "inline"]

Function = TypeVar("Function", bound=Callable[..., Any])
WAIT = 2.0  # seconds of compiling after which a line says what takes so long
PAUSE = 5.0  # seconds between two compilations that are waited for separately


def inline(function: Function, fastmath: Iterable[str] = ()) -> Function:
    """A function that compiled functions call; `fastmath` holds for its own operations alone."""
    made: Any = numba.njit(error_model="numpy", fastmath=set(fastmath))(function)
    return made


def compiled(function: Callable[..., Any] | None = None, *, distinct: bool = False, source: str = "") -> Any:
    """Compile a function at its first call for each signature: `@compiled`, or `@compiled(distinct=True)`.

    It releases the interpreter's lock, divides as NumPy does, checks no index, and is kept on disk. `distinct` promises
    that no array it writes overlaps any other argument: without that, a loop over many arrays is not vectorized.
    """
    if function is None:
        return lambda function: compiled(function, distinct=distinct, source=source)
    made: Any = numba.njit(nogil=True, error_model="numpy")(function)
    if distinct:
        made._compiler._customize_flags = _without_aliases  # noqa: SLF001 - numba has no option for it
    code = function.__code__
    text = source or repr((function.__module__, code.co_code, code.co_consts, code.co_names))
    made._cache = _Watched(function.__name__, text, f"distinct={distinct}")  # noqa: SLF001
    return made


def _without_aliases(flags: Any) -> Any:
    flags.noalias = True
    return flags


def from_source(text: str, name: str, scope: dict[str, Any]) -> Callable[..., Any]:
    """The function `name` of a source text that this library has printed, compiled as `distinct`.

    The text has a file name of its own, so that numba's messages can show its lines.
    """
    scope["__name__"] = __name__  # where numba looks for the names that a function from disk uses
    file = f"<array-api-backend {DIGEST(text.encode()).hexdigest()[:16]}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), scope)
    function: Callable[..., Any] = compiled(scope[name], distinct=True, source=text)
    return function


class _Watched(DiskCache):
    """The cache, which also sees when compiling begins and ends."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        found = super().load_overload(sig, target_context)
        if found is None:
            _progress.begin(self.name)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        _progress.end()
        super().save_overload(sig, data)


class _Progress:
    """One line on stderr when compilations that follow one another have taken longer than `WAIT`."""

    def __init__(self) -> None:
        self._began = self._ended = 0.0
        self._spent = 0.0
        self._timer: threading.Timer | None = None
        self._told = False

    def begin(self, name: str) -> None:
        """Compiling begins."""
        now = time.monotonic()
        if now - self._ended > PAUSE:
            self._spent, self._told = 0.0, False
        self.end()
        self._began = now
        if not self._told:
            self._timer = threading.Timer(max(WAIT - self._spent, 0.0), self._tell)
            self._timer.daemon = True
            self._timer.start()

    def _tell(self) -> None:
        self._told = True
        print("array-api-backend: compiling with numba; the next process finds it done", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Compiling has ended, or failed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ended = time.monotonic()
        if self._began:
            self._spent += self._ended - self._began
            self._began = 0.0


_progress = _Progress()
