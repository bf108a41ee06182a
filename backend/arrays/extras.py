"""A package that is missing: one line says what needs it and which extra brings it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["needs", "required"]

PROJECT = "array-api-backend"
_OURS = ("backend", "conformance")  # whose absence no extra mends


def needs(what: str, package: str, extra: str) -> str:
    """The line: what needs the package, and the command that installs it."""
    return f"{what} needs the package {package}, which is not installed: pip install '{PROJECT}[{extra}]'"


@contextlib.contextmanager
def required(what: str, extra: str, program: bool = False) -> Iterator[None]:
    """Around imports of packages that an extra brings: where one is missing, the error is the line.

    Parameters
    ----------
    what : str
        What needs the packages: the name of a function, a class or a program.
    extra : str
        The extra in setup.cfg that brings them.
    program : bool
        Whether to end the program with the line instead, as `__name__ == "__main__"` tells.

    Raises
    ------
    ModuleNotFoundError
        With the line, for a package that is missing.
    SystemExit
        In its place, for a program.

    Examples
    --------
    >>> from backend.arrays.extras import required
    >>> with required("drawing", "examples"):
    ...     import no_such_package
    Traceback (most recent call last):
    ModuleNotFoundError: drawing needs the package no_such_package, which is not installed: pip install '...[examples]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package in _OURS:
            raise
        line = needs(what, package, extra)
        if program:
            raise SystemExit(line) from None
        raise ModuleNotFoundError(line, name=error.name) from None
