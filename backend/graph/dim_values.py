"""Integers inside a graph as sizes: what a tensor of integers, such as K.shape(x)[0], says about a shape."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.arguments import integer, is_sequence, items, shown, size_at_run_time
from ..arrays.dtypes import is_integer
from ..arrays.namespaces import host
from .dims import Dim, largest, product, smallest
from .tensor import Constant, Tensor

__all__ = ["size_from", "sizes_from"]

Known = dict[int, Any]  # by a tensor's id: the integers it stands for, or None


def size_from(name: str, argument: str, value: Any) -> Any:
    """One size: a Python int from an integer of any kind, or a Dim from a symbolic 0-d tensor of integers.

    An integer of a library's own trace, without a value, becomes what that library has for sizes.
    Sizes of tensors and arithmetic on them are seen through, other tensors are read when the function runs. TypeError
    that names the operation and its argument for anything else.
    """
    if type(value) is int or isinstance(value, Dim):
        return value
    if not isinstance(value, Tensor):
        lazily = size_at_run_time(value)
        return integer(name, argument, value) if lazily is None else lazily
    if not is_integer(value.dtype) or value.spec.shape != ():
        raise TypeError(f"{name}: {argument} is {shown(value)}, expected an integer")
    found = _value(value, {})
    return Dim("item", value) if found is None else found


def sizes_from(name: str, argument: str, value: Any) -> tuple[Any, ...]:
    """A tuple of sizes from one size or a sequence of them: a tuple, a list, a range, an array of one dimension."""
    if isinstance(value, Tensor) and value.spec.shape != ():
        if not is_integer(value.dtype) or value.ndim != 1 or value.shape[0] is None:
            raise TypeError(f"{name}: {argument} is {shown(value)}, expected integers in 1 dimension of known size")
        found = _value(value, {})
        if found is not None:
            return found
    if not is_sequence(value):
        return (size_from(name, argument, value),)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.array_equal(value, np.rint(value)):
        value = value.astype("int64")  # TensorFlow casts such shapes, and NumPy's arithmetic on shapes makes them
    return tuple(size_from(name, f"an entry of {argument}", entry) for entry in items(value))


def _value(t: Any, known: Known) -> Any:
    """The int, size, or tuple of those that an integer tensor of 0 or 1 dimensions stands for, or None."""
    if isinstance(t, (int, Dim)):
        return t
    if id(t) not in known:
        known[id(t)] = _found(t, known) if is_integer(t.dtype) and t.ndim < 2 else None
    return known[id(t)]


def _found(t: Tensor, known: Known) -> Any:
    if isinstance(t, Constant):
        numbers = np.asarray(host(t.value)).tolist()
        return tuple(numbers) if isinstance(numbers, list) else numbers
    rule = None if t.node is None else _VALUES.get(t.node.function)
    return None if rule is None else rule(t, known)


def _both(operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    if not isinstance(a, tuple) and not isinstance(b, tuple):
        return operation(a, b)
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


def _same(t: Tensor, found: Any) -> Any:
    """The numbers of an argument that may have another shape: a number in a vector of one, or the other way round."""
    return found if isinstance(found, tuple) == (t.ndim == 1) else (found,) if t.ndim else found[0]


def _sum(t: Tensor, found: Any) -> Any:
    if t.ndim or "axis" in t.node.kwargs:  # type: ignore[union-attr]
        return None
    return builtins.sum(found) if isinstance(found, tuple) else found


def _prod(t: Tensor, found: Any) -> Any:
    if t.ndim:
        return None
    return product(found) if isinstance(found, tuple) else found


def _asarray(t: Tensor, known: Known) -> Any:
    (given,) = t.node.args  # type: ignore[union-attr]
    return given if isinstance(given, tuple) else _of_first(_same)(t, known)


def _of_first(rule: Callable[[Tensor, Any], Any]) -> Callable[[Tensor, Known], Any]:
    """The rule of a function whose result is known where its first argument is."""

    def found(t: Tensor, known: Known) -> Any:
        first = _value(t.node.args[0], known)  # type: ignore[union-attr]
        return None if first is None else rule(t, first)

    return found


def _of_both(operation: Callable[[Any, Any], Any]) -> Callable[[Tensor, Known], Any]:
    """The rule of arithmetic on two arguments."""
    return lambda t, known: _both(operation, *(_value(a, known) for a in t.node.args))  # type: ignore[union-attr]


def _of_parts(stacked: bool) -> Callable[[Tensor, Known], Any]:
    """The rule of a function that joins several arrays."""
    return lambda t, known: _together([_value(part, known) for part in t.node.args[0]], stacked)  # type: ignore[union-attr]


def _unless_zero(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Division, which is left to run time where it cannot be done."""
    return lambda a, b: None if isinstance(b, int) and b == 0 else operation(a, b)


# By function: the integers that its result holds, from those that its arguments hold.
_VALUES: dict[str, Callable[[Tensor, Known], Any]] = {
    "add": _of_both(operator.add),
    "subtract": _of_both(operator.sub),
    "multiply": _of_both(operator.mul),
    "floor_divide": _of_both(_unless_zero(operator.floordiv)),
    "remainder": _of_both(_unless_zero(operator.mod)),
    "maximum": _of_both(largest),
    "minimum": _of_both(smallest),
    "negative": _of_first(lambda t, found: _both(operator.sub, 0, found)),
    "sum": _of_first(_sum),
    "prod": _of_first(_prod),
    "flip": _of_first(lambda t, found: found[::-1]),
    "getitem": _of_first(lambda t, found: _chosen(found, t.node.args[1])),  # type: ignore[union-attr]
    "concat": _of_parts(stacked=False),
    "stack": _of_parts(stacked=True),
    "asarray": _asarray,
    **dict.fromkeys(("astype", "identity", "positive", "squeeze", "reshape", "expand_dims"), _of_first(_same)),
}
