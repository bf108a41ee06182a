"""Running functions of the standard on a namespace, by name, with its own dtype and device objects."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays.dtypes import DTYPES, dtype_name
from backend.arrays.namespaces import is_array
from backend.graph.primitives import PRIMITIVES

from ..case import Case
from ..judging.bounds import EPS, FLOOR, LARGEST, Expected, ulps_of

__all__ = ["IN_PLACE", "Dtype", "applied", "flat", "function_of", "near", "resolved", "special_value"]


class Dtype(str):
    """A dtype named in a call; each namespace receives its own object."""

    __slots__ = ()


def _set(x: Any, key: Any, value: Any) -> Any:
    x[key] = value
    return x


IN_PLACE = (
    *("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul"),
    *("iand", "ior", "ixor", "ilshift", "irshift"),
)
_ARRAY: dict[str, Callable[..., Any]] = {
    **{row.dunder: getattr(operator, f"__{row.dunder}__") for row in PRIMITIVES.values() if row.dunder},
    **{name: getattr(operator, name) for name in IN_PLACE},
    "getitem_reversed": operator.getitem,
    "setitem": _set,
    "bool": bool,
    "int": int,
    "float": float,
    "index": operator.index,
    "complex": complex,
    "dtype": lambda x: x.dtype,
    "device": lambda x: x.device,
    "to_device": lambda x: x.to_device(x.device),
    "array_namespace": lambda x, **kwargs: x.__array_namespace__(**kwargs),
    "dlpack": lambda x: x.__dlpack__(),
    "dlpack_device": lambda x: x.__dlpack_device__(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "shape": lambda x: tuple(x.shape),
    "size": lambda x: x.size,
    "ndim": lambda x: x.ndim,
}


def function_of(xp: Any, name: str) -> Callable[..., Any]:
    """The function 'exp' or 'linalg.inv', the operator 'array.add', the inspection 'info.dtypes', or what gives 'pi'.

    AttributeError if there is none.
    """
    if name.startswith("array."):
        return _ARRAY[name.removeprefix("array.")]
    if name.startswith("info."):
        return getattr(xp.__array_namespace_info__(), name.removeprefix("info."))
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp if callable(xp) else lambda: xp


def resolved(xp: Any, value: Any) -> Any:
    """The arguments, with named dtypes replaced by the namespace's own."""
    kind = type(value)
    if kind is dict:
        return {k: resolved(xp, v) for k, v in value.items()}
    if kind in (list, tuple):
        return kind([resolved(xp, v) for v in value])
    return getattr(xp, value) if isinstance(value, Dtype) else value


def applied(backend: Any, case: Case, call: Any) -> list[Any]:
    """The results of a function as a list, seen through the case's `view` if it has one."""
    xp = backend.xp
    kwargs = resolved(xp, call.kwargs)
    if _takes_device(case.name) and backend.device is not None:
        kwargs.setdefault("device", backend.device)
    result = function_of(xp, case.name)(*resolved(xp, call.args), **kwargs)
    if case.view is not None:
        result = case.view(result)
    return [_leaf(item) for item in flat(result)]


def _takes_device(name: str) -> bool:
    """Whether a function takes a device; `empty` does as `zeros`, which is what a graph records for it."""
    row = PRIMITIVES.get("zeros" if name == "empty" else name)
    return row is not None and row.takes_device


def flat(result: Any) -> list[Any]:
    """The results of a call as one list, nested tuples and lists flattened."""
    return [leaf for item in result for leaf in flat(item)] if isinstance(result, tuple | list) else [result]


def _leaf(result: Any) -> Any:
    """A dtype by its name; anything else as it is."""
    if is_array(result) or isinstance(result, bool | int | float | complex | str):
        return result
    try:
        return dtype_name(result)
    except TypeError:
        return result


def near(value: np.ndarray, ulps: float, dtype: str, size: np.ndarray | None = None) -> Expected:
    """Values computed in higher precision, bounded by `ulps` units in the last place of `size`, or of the values."""
    with np.errstate(all="ignore"):
        size = np.abs(value) if size is None else size
        beyond = np.isfinite(value) & (np.abs(value) > np.longdouble(LARGEST[dtype]) * (1 + EPS[dtype]))
        value = np.where(beyond, np.copysign(np.inf, value), value)
        ulp = np.ldexp(np.longdouble(EPS[dtype]), np.frexp(size)[1] - 1)  # of the binade that holds the value
        bound = np.where(np.isfinite(value) & (value != 0), ulps * ulp + FLOOR[dtype], 0.0)
    return Expected(value, bound.astype(np.float64), dtype)


def special_value(case: Case, want: Any, dtype: str) -> list[Any]:
    """The expected results for a special value of the standard: exact, or within the function's ulps."""
    if isinstance(want, list | tuple):
        return [each for part in want for each in special_value(case, part, dtype)]
    if not isinstance(want, np.ndarray):
        return [want]
    if want.dtype != np.float64 or dtype not in DTYPES:
        return [Expected(want, None, want.dtype.name)]
    if case.exact:
        return [Expected(want.astype(dtype), None, dtype)]
    return [near(want, ulps_of(case.name) or 1.0, dtype)]
