"""Names: counters per prefix, and scopes that prefix the names of variables."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
from collections.abc import Iterator

from ..arrays.arguments import text

__all__ = ["get_uid", "name_scope", "reset_uids"]


class _Scope:
    """One ``with K.name_scope`` block: its path 'outer/inner/'. Two blocks of one path are told apart."""

    def __init__(self, path: str) -> None:
        self.path = path


_counts: dict[str, int] = {}
_owners: dict[str, _Scope] = {}  # the block that first made a variable of this path
_scope: contextvars.ContextVar[_Scope | None] = contextvars.ContextVar("name_scope", default=None)


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
    _owners.clear()


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
    Scopes nest, joined by '/', and are local to the thread or task. The last part of a variable's name is the name
    it was given, as in TensorFlow: where an earlier block of the same scope has a variable of that name, the scope
    gets a number, 'dense_1/kernel:0'. A second 'kernel' within one block is 'dense/kernel_1:0'.

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
    outer = _scope.get()
    scope = _Scope((outer.path if outer else "") + name.rstrip("/") + "/") if name else None
    token = _scope.set(scope)
    try:
        yield scope.path if scope else ""
    finally:
        _scope.reset(token)


def scoped(name: str) -> str:
    """The name of a variable in the current scope, with numbers where it is taken (see `name_scope`)."""
    scope = _scope.get()
    if scope is None:
        return name
    paths = itertools.chain([scope.path], (f"{scope.path[:-1]}_{n}/" for n in itertools.count(1)))
    whole = next(path + name for path in paths if _owners.setdefault(path + name, scope) is scope)
    number = get_uid(f"name {whole}") - 1
    return f"{whole}_{number}:0" if number else f"{whole}:0"
