"""What K knows about each array type: its namespace, and the dtypes that an operation takes as they are.

Read the tables directly: a function around each look-up would cost about 50 ns, twice in a call of 500. Write to them
through the functions below.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from .typing import Namespace

__all__ = [
    "FLOATING_ARRAYS",
    "NAMESPACE_OF_TYPE",
    "REAL_ARRAYS",
    "TypeTable",
    "claim_types",
    "remember_dtype",
    "remember_type",
    "type_table",
]

TypeTable = dict[type, dict[Any, Any]]  # array type -> dtype object -> value

# The namespace of each array type met so far. Python numbers and lists are no arrays: they have none.
NAMESPACE_OF_TYPE: dict[type, Namespace] = {}
_TABLES: list[dict[type, Any]] = [NAMESPACE_OF_TYPE]


def type_table() -> TypeTable:
    """A new table by array type that `claim_types` clears and restores with the others."""
    table: TypeTable = {}
    _TABLES.append(table)
    return table


FLOATING_ARRAYS = type_table()  # the namespace of arrays with a real floating dtype
REAL_ARRAYS = type_table()  # the namespace of arrays with an integer or real floating dtype


def remember_type(kind: type, xp: Namespace) -> None:
    """Arrays of this type belong to the namespace `xp`."""
    NAMESPACE_OF_TYPE[kind] = xp


def remember_dtype(kind: type, dtype: Any, xp: Namespace, floating: bool) -> None:
    """Arrays of this type and dtype need no cast where real numbers are wanted, nor, if floating, where floats are."""
    REAL_ARRAYS.setdefault(kind, {})[dtype] = xp
    if floating:
        FLOATING_ARRAYS.setdefault(kind, {})[dtype] = xp


@contextlib.contextmanager
def claim_types(types: Sequence[type], xp: Namespace) -> Iterator[None]:
    """Within the block, arrays of these types belong to the namespace `xp`, in every thread.

    This serves a tool that checks a namespace whose arrays are another library's. What K knew about the types is set
    aside, and restored at the end.
    """
    before = [{kind: table.pop(kind) for kind in types if kind in table} for table in _TABLES]
    NAMESPACE_OF_TYPE.update(dict.fromkeys(types, xp))
    try:
        yield
    finally:
        for table, known in zip(_TABLES, before, strict=False):  # a table made within the block is cleared
            for kind in types:
                table.pop(kind, None)
            table.update(known)
