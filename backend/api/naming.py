"""Names: counters per prefix, and scopes that prefix the names of variables."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

from ..arrays.arguments import text

__all__ = ["get_uid", "name_scope", "reset_uids"]

_counts: dict[str, int] = {}
_scope: contextvars.ContextVar[str] = contextvars.ContextVar("name_scope", default="")


def get_uid(prefix: str = "") -> int:
    """The next number for this prefix: 1, 2, 3, ...

    Parameters
    ----------
    prefix : str, optional

    Returns
    -------
    int

    References
    ----------
    Keras 2.3.1, ``keras.backend.get_uid``.

    Examples
    --------
    >>> K.reset_uids()
    >>> K.get_uid("dense"), K.get_uid("dense"), K.get_uid("conv")
    (1, 2, 1)
    """
    prefix = text("get_uid", "prefix", prefix)
    _counts[prefix] = _counts.get(prefix, 0) + 1
    return _counts[prefix]


def reset_uids() -> None:
    """Reset every counter of `get_uid`, so that the next number is 1.

    References
    ----------
    Keras 2.3.1, ``keras.backend.reset_uids``.

    Examples
    --------
    >>> number = K.get_uid("dense")
    >>> K.reset_uids()
    >>> K.get_uid("dense")
    1
    """
    _counts.clear()


@contextlib.contextmanager
def name_scope(name: str | None) -> Iterator[str]:
    """A scope for the names of variables within a ``with`` block.

    Parameters
    ----------
    name : str or None
        None and '' start at the top level.

    Yields
    ------
    str
        The scope, such as 'outer/inner/'.

    Notes
    -----
    Scopes nest, joined by '/', and are local to the thread or task.

    References
    ----------
    Keras 2.3.1, ``keras.backend.name_scope``; None as in TensorFlow.

    Examples
    --------
    >>> with K.name_scope("encoder"), K.name_scope("dense") as scope:
    ...     w = K.variable([1.0], name="kernel")
    >>> scope, w.name
    ('encoder/dense/', 'encoder/dense/kernel:0')
    """
    name = None if name is None else text("name_scope", "name", name)
    scope = _scope.get() + name.rstrip("/") + "/" if name else ""
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


def scoped(name: str) -> str:
    """The name of a variable: within a scope 'scope/name:0', or 'scope/name_1:0' where that is taken."""
    if not _scope.get():
        return name
    whole = _scope.get() + name
    number = get_uid(f"name {whole}") - 1
    return f"{whole}_{number}:0" if number else f"{whole}:0"
