"""When to compile: the setting of `K.function(..., jit=None)`, and functions that find out by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import config
from ..arrays.arguments import shown

__all__ = ["Adaptive", "jit_choice", "set_jit"]

TRIALS = 5  # calls of the compiled program before it is judged
MOST_TRIALS = 40  # where none of them had arrays of shapes met before: then it stays compiled
FIRST_GUESS = 0.03  # seconds to compile one call of a program, until it has been measured

clock = time.perf_counter
_seconds: dict[str, float] = {}  # by library: the seconds that compiling one call of a program took, lately


def set_jit(mode: bool | str | None, cache: bool | str | Path | None = None) -> None:
    """Choose whether functions are compiled by the library's own compiler where `K.function` does not say.

    Parameters
    ----------
    mode : {None, False, True, 'auto'}
        None compiles on JAX alone, whose single calls are slow. 'auto' compiles a function once the time it has spent
        makes up for compiling it, and keeps what proves faster.
    cache : bool, str or Path, optional
        Where loops that numba has compiled are kept: a folder, True for the user's cache folder, False for nowhere.
        None leaves it as it is.

    Raises
    ------
    ValueError
        For any other mode.
    TypeError
        For a cache of another type.

    Notes
    -----
    None at first; the config file's keys are ``jit`` and ``jit_cache``. Functions made before do not change. NumPy's
    arrays need numba, the extra ``[numba]``; without it nothing is compiled for them. Machine code in the cache folder
    is run: let nobody else write there.

    References
    ----------
    This library. Compiling once as much has been spent as it costs is at most twice as slow as the best choice in
    hindsight (Karlin, Manasse, McGeoch, Owicki 1994).

    Examples
    --------
    >>> K.set_jit("auto")
    >>> x = K.placeholder((3,))
    >>> K.function([x], K.exp(x) + 1.0)([np.zeros(3)])
    array([2., 2., 2.], dtype=float32)
    >>> K.set_jit(None)
    """
    choice = None if mode is None else jit_choice("set_jit", "mode", mode)
    if cache is not None and not isinstance(cache, (bool, str, Path)):
        raise TypeError(f"set_jit: cache is {shown(cache)}, expected a folder, True or False")
    config.change("jit", choice)
    if cache is not None:
        config.change("jit_cache", cache if isinstance(cache, bool) else str(cache))


def jit_choice(function: str, name: str, value: Any) -> bool | str:
    """The value of an argument that is True, False or 'auto'; ValueError for another."""
    if isinstance(value, bool) or (isinstance(value, str) and value == "auto"):
        return value
    raise ValueError(f"{function}: {name} is {value!r}, expected True, False or 'auto'")


class Adaptive:
    """A program that is compiled once it has run as long as compiling takes, and stays so if that is faster.

    `compiled` makes the compiled program; `library` names the arrays' library, `calls` counts what is to be compiled.
    Calls are compared with calls on arrays of the same shapes. A compiled program that cannot be made, or that fails
    where the plain one does not, counts as slower.
    """

    def __init__(self, plain: Callable[..., Any], compiled: Callable[[], Any], library: str, calls: int) -> None:
        self._make, self._library, self._calls = compiled, library, max(calls, 1)
        self._run = self._plain = plain
        self._spent = 0.0
        self._best: dict[Any, float] = {}  # by the shapes of the arrays: the shortest plain call, and
        self._rival: dict[Any, float] = {}  # the shortest compiled one
        self._trials = -1  # of the compiled program; -1 before it is made
        self._decided = False
        self._lock = threading.Lock()
        self.verdict = "It has not run as long yet as compiling takes."

    @property
    def decided(self) -> bool:
        """Whether it is known which program is faster."""
        return self._decided

    def __call__(self, *arrays: Any) -> Any:
        if self._decided:
            return self._run(*arrays)
        with self._lock:
            run, before = self._run, clock()
        try:
            result = run(*arrays)
        except Exception as error:
            if run is self._plain:
                raise
            result = self._plain(*arrays)  # what is wrong with the arrays themselves, it says
            self._decide(self._plain, f"Compiled, it failed: {type(error).__name__}.")
            return result
        with self._lock:
            if not self._decided and run is self._run:
                self._count(clock() - before, tuple([tuple(a.shape) for a in arrays]))
        return result

    def _decide(self, run: Callable[..., Any], verdict: str) -> None:
        self._run, self._decided, self.verdict = run, True, verdict

    def _count(self, took: float, shapes: Any) -> None:
        if self._trials < 0:
            self._spent += took
            self._best[shapes] = min(self._best.get(shapes, took), took)
            if self._spent >= _seconds.get(self._library, FIRST_GUESS) * self._calls:
                self._compile()
            return
        self._trials += 1
        if self._trials == 1:  # this one compiled it
            _seconds[self._library] = took / self._calls
            return
        self._rival[shapes] = min(self._rival.get(shapes, took), took)
        shared = self._best.keys() & self._rival.keys()
        if self._trials <= TRIALS or (not shared and self._trials <= MOST_TRIALS):
            return
        if sum(self._rival[each] for each in shared) <= sum(self._best[each] for each in shared):
            self._decide(self._run, "Compiled, it proved faster.")
        else:
            self._decide(self._plain, "Compiled, it proved slower.")

    def _compile(self) -> None:
        try:
            self._run, self._trials = self._make(), 0
        except Exception as error:  # noqa: BLE001 - whatever a compiler raises: the call has its result
            self._decide(self._plain, f"It cannot be compiled: {type(error).__name__}.")
        else:
            self.verdict = "Compiled, on trial."
