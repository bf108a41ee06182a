"""The keyword `copy` of asarray, astype, reshape and from_dlpack: true, false or none, as the standard has it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..calls.arrangements import strided, transposed
from ..judging.failures import Failure
from ..subjects.operations import Namespace
from .writing import sharing

__all__ = ["COPYING", "copies"]

VALUES = np.arange(1.0, 7.0, dtype="float32").reshape(2, 3)


class Copying(NamedTuple):
    """A call with `copy`: what it has to do, and what the text says."""

    text: str  # the call as source
    run: Callable[[Any, Any], Any]  # of the namespace and an array like VALUES
    copied: bool | None  # True: the result is a copy; False: it is none; None: the call raises ValueError
    says: str  # the sentence of the standard


ASARRAY_TRUE = "asarray: if copy is True, the function must always copy"
ASARRAY_FALSE = "asarray: if copy is False, the function must never copy, and must raise ValueError instead"
ASARRAY_NONE = "asarray: if copy is None, the function must reuse the existing memory buffer if possible"
RESHAPE_TRUE = "reshape: if copy is True, the function must always copy"
RESHAPE_FALSE = "reshape: if copy is False, the function must never copy"
RESHAPE_NONE = "reshape: if copy is None, the function must avoid copying, if possible"
ASTYPE_TRUE = "astype: if copy is True, which is the default, a newly allocated array must always be returned"
ASTYPE_FALSE = "astype: if copy is False and the dtype is the array's, the input array must be returned"
DLPACK_TRUE = "from_dlpack: if copy is True, the function must always copy"
DLPACK_FALSE = "from_dlpack: if copy is False, the function must never copy"

COPYING: dict[str, tuple[Copying, ...]] = {
    "asarray": (
        Copying("asarray(x, copy=True)", lambda xp, x: xp.asarray(x, copy=True), True, ASARRAY_TRUE),
        Copying(
            "asarray(x, dtype=x.dtype, copy=True)",
            lambda xp, x: xp.asarray(x, dtype=x.dtype, copy=True),
            True,
            ASARRAY_TRUE,
        ),
        Copying("asarray(x)", lambda xp, x: xp.asarray(x), False, ASARRAY_NONE),
        Copying("asarray(x, copy=None)", lambda xp, x: xp.asarray(x, copy=None), False, ASARRAY_NONE),
        Copying("asarray(x, copy=False)", lambda xp, x: xp.asarray(x, copy=False), False, ASARRAY_FALSE),
        Copying(
            "asarray(x, dtype=xp.float64, copy=False)",
            lambda xp, x: xp.asarray(x, dtype=xp.float64, copy=False),
            None,
            ASARRAY_FALSE,
        ),
    ),
    "astype": (
        Copying("astype(x, x.dtype)", lambda xp, x: xp.astype(x, x.dtype), True, ASTYPE_TRUE),
        Copying("astype(x, x.dtype, copy=True)", lambda xp, x: xp.astype(x, x.dtype, copy=True), True, ASTYPE_TRUE),
        Copying("astype(x, x.dtype, copy=False)", lambda xp, x: xp.astype(x, x.dtype, copy=False), False, ASTYPE_FALSE),
    ),
    "reshape": (
        Copying("reshape(x, (3, 2), copy=True)", lambda xp, x: xp.reshape(x, (3, 2), copy=True), True, RESHAPE_TRUE),
        Copying("reshape(x, x.shape, copy=True)", lambda xp, x: xp.reshape(x, x.shape, copy=True), True, RESHAPE_TRUE),
        Copying(
            "reshape(permute_dims(x, (1, 0)), (6,), copy=True)",
            lambda xp, x: xp.reshape(xp.permute_dims(x, (1, 0)), (6,), copy=True),
            True,
            RESHAPE_TRUE,
        ),
        Copying("reshape(x, (6,))", lambda xp, x: xp.reshape(x, (6,)), False, RESHAPE_NONE),
        Copying("reshape(x, (6,), copy=None)", lambda xp, x: xp.reshape(x, (6,), copy=None), False, RESHAPE_NONE),
        Copying("reshape(x, (6,), copy=False)", lambda xp, x: xp.reshape(x, (6,), copy=False), False, RESHAPE_FALSE),
        Copying(
            "reshape(permute_dims(x, (1, 0)), (6,), copy=False)",
            lambda xp, x: xp.reshape(xp.permute_dims(x, (1, 0)), (6,), copy=False),
            False,
            RESHAPE_FALSE,
        ),
    ),
    "from_dlpack": (
        Copying("from_dlpack(x, copy=True)", lambda xp, x: xp.from_dlpack(x, copy=True), True, DLPACK_TRUE),
        Copying("from_dlpack(x, copy=False)", lambda xp, x: xp.from_dlpack(x, copy=False), False, DLPACK_FALSE),
    ),
}


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "": lambda x: x,
    " of a transposed array": transposed,
    " of every second column": strided,
}


def copies(on: Namespace, name: str) -> None:
    """The calls of one function that say whether to copy do as they say."""
    lazy = on.probe.abilities.get("lazy")
    for each, layout in itertools.product(COPYING.get(name, ()), LAYOUTS):
        if (each.copied is None and "float64" not in on.dtypes) or lazy:
            continue  # a lazy library writes to no memory
        if layout and not each.copied:
            continue  # whether a view can be had depends on the layout
        with on.backend.quiet():
            x = LAYOUTS[layout](on.array(VALUES))
        with on.backend.quiet():
            try:
                y = each.run(on.xp, x)
            except Exception as error:  # noqa: BLE001 - judged by its class
                _refused(each, error)
                continue
        if each.copied is None:
            raise Failure("no error", f"{each.text}: no error, expected ValueError. {each.says}", "ValueError", y)
        if (shared := sharing(on, x, y)) is not None and shared == each.copied:
            what = "shares memory with x" if shared else "is a copy"
            raise Failure("shared memory" if shared else "copied", f"{each.text}{layout} {what}. {each.says}")


def _refused(each: Copying, error: Exception) -> None:
    """A call that raised: an unknown keyword and what is not implemented are for other properties to report."""
    if each.copied is None and not isinstance(error, (ValueError, TypeError, NotImplementedError)):
        raise Failure(
            "error class", f"{each.text}: {type(error).__name__}: {error}; expected ValueError. {each.says}"
        ) from error
