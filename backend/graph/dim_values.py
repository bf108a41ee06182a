"""Integers inside a graph as sizes: what a tensor of integers, such as K.shape(x)[0], says about a shape."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.dtypes import is_integer
from ..arrays.namespaces import host
from .dims import Dim, largest, product, smallest
from .tensor import Constant, Tensor

__all__ = ["as_size", "as_sizes"]

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "floor_divide": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "maximum": largest,
    "minimum": smallest,
}
_SAME = ("astype", "identity", "asarray", "positive", "squeeze", "reshape", "expand_dims")  # other shape, same numbers


def as_size(name: str, t: Tensor) -> Any:
    """A 0-d integer tensor as an int or a size; `name` is the operation that asks.

    Sizes of tensors and arithmetic on them are seen through, anything else is read when the function runs.
    """
    if not is_integer(t.dtype) or t.ndim:
        raise TypeError(f"{name}: got a tensor of shape {t.shape} and dtype {t.dtype} as a size; expected one integer")
    found = _value(t, {})
    return Dim("item", t) if found is None else found


def as_sizes(name: str, t: Tensor) -> tuple[Any, ...]:
    """A 1-D integer tensor of known length as a shape."""
    if not is_integer(t.dtype) or t.ndim != 1 or t.shape[0] is None:
        raise TypeError(
            f"{name}: the shape is a tensor of shape {t.shape} and dtype {t.dtype}; "
            "expected integers in 1 dimension of known size"
        )
    found = _value(t, {})
    return tuple(as_size(name, t[i]) for i in range(t.shape[0])) if found is None else found


def _value(t: Any, known: dict[int, Any]) -> Any:
    """The int, size, or tuple of those that an integer tensor of 0 or 1 dimensions stands for, or None."""
    if isinstance(t, (int, Dim)):
        return t
    if id(t) not in known:
        known[id(t)] = _found(t, known) if is_integer(t.dtype) and t.ndim < 2 else None
    return known[id(t)]


def _found(t: Tensor, known: dict[int, Any]) -> Any:
    if isinstance(t, Constant):
        numbers = np.asarray(host(t.value)).tolist()
        return tuple(numbers) if isinstance(numbers, list) else numbers
    if t.node is None or not isinstance(t.node.function, str):
        return None
    function, args, kwargs = t.node.function, t.node.args, t.node.kwargs
    if function in _ARITHMETIC:
        return _both(_ARITHMETIC[function], _value(args[0], known), _value(args[1], known))
    if function == "asarray" and isinstance(args[0], tuple):
        return args[0]
    if function in ("stack", "concat"):
        return _together([_value(part, known) for part in args[0]], function == "stack")
    if function == "prod" and t.ndim == 0:
        found = _value(args[0], known)
        return product(found) if isinstance(found, tuple) else found
    found = _value(args[0], known) if function in (*_SAME, "getitem", "flip", "negative", "sum") else None
    if found is None:
        return None
    if function == "getitem":
        return _chosen(found, args[1])
    if function == "negative":
        return _both(_ARITHMETIC["subtract"], 0, found)
    if function == "flip":
        return found[::-1]
    if function == "sum" and t.ndim == 0 and "axis" not in kwargs:
        return builtins.sum(found) if isinstance(found, tuple) else found
    if function in _SAME:
        return found if isinstance(found, tuple) == (t.ndim == 1) else (found,) if t.ndim else found[0]
    return None


def _both(operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    if not isinstance(a, tuple) and not isinstance(b, tuple):
        return None if _divides_by_zero(operation, b) else operation(a, b)
    count = max(len(v) for v in (a, b) if isinstance(v, tuple))
    pairs = zip(
        *(
            v * count if isinstance(v, tuple) and len(v) == 1 else v if isinstance(v, tuple) else (v,) * count
            for v in (a, b)
        ),
        strict=True,
    )
    found = tuple(_both(operation, *pair) for pair in pairs)
    return None if None in found else found


def _divides_by_zero(operation: Callable[[Any, Any], Any], b: Any) -> bool:
    return operation in (_ARITHMETIC["floor_divide"], _ARITHMETIC["remainder"]) and isinstance(b, int) and b == 0


def _together(parts: list[Any], stacked: bool) -> Any:
    if any(part is None or isinstance(part, tuple) == stacked for part in parts):
        return None
    return tuple(parts) if stacked else tuple(size for part in parts for size in part)


def _chosen(found: Any, key: tuple[Any, ...]) -> Any:
    """Elements of a vector by a recorded key: one int or slice of ints."""
    if len(key) != 1 or not isinstance(found, tuple):
        return None
    k = key[0]
    if isinstance(k, int) or (
        isinstance(k, slice) and all(v is None or isinstance(v, int) for v in (k.start, k.stop, k.step))
    ):
        return found[k]
    return None
