"""The direct way to a library's function, for operations on arrays of a kind met before.

A decorator stands before the definition and passes it over where types and dtypes say that nothing is to be promoted.
All other arguments are the definition's, and so is every failure: it runs again there, and raises what it always did.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..arrays.namespaces import _NAMESPACE_OF
from ..arrays.typing import Array
from .boundary import MISFIT
from .promotion import _FLOATING, _NUMERIC, floating

__all__ = ["fast_pair", "fast_path", "fast_product", "fast_reduction", "fast_reshape", "fast_stop_gradient"]

_ASIDE = (AttributeError, KeyError, *MISFIT)
Plain = dict[type, dict[Any, Any]]  # a library's own function for one operation, by type and dtype of array


def _learn(plain: Plain, name: str, table: Any, x: Array) -> None:
    """Remember the function for arrays like x, if such have been met: each look-up less is 20 ns of a call."""
    kind = type(x)
    if kind in table and x.dtype in table[kind] and name in (found := getattr(table[kind][x.dtype], "__plain__", {})):
        plain.setdefault(kind, {})[x.dtype] = found[name]


def fast_path(bring: Callable[[Array], Any]) -> Callable[[Callable[[Array], Array]], Callable[[Array], Array]]:
    """For an operation that brings an array to a dtype, by `floating` or `numeric`, and calls the function of its name.

    An array that is of such a dtype goes to the namespace's function at once.
    """
    table = _FLOATING if bring is floating else _NUMERIC

    def shortened(definition: Callable[[Array], Array]) -> Callable[[Array], Array]:
        name = definition.__name__

        @functools.wraps(definition)
        def operation(x: Array) -> Array:
            try:
                return getattr(table[type(x)][x.dtype], name)(x)
            except _ASIDE:
                pass
            return definition(x)

        return operation

    return shortened


def fast_pair(definition: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """The same for two arrays: they go to the library's function when they are of one type, dtype and device."""
    name, plain = definition.__name__, Plain()

    @functools.wraps(definition)
    def operation(x: Array, y: Array) -> Array:
        kind = type(x)
        if kind is type(y):
            try:
                dtype = x.dtype
                if y.dtype is dtype:
                    return plain[kind][dtype](x, y)
            except KeyError:
                _learn(plain, name, _NUMERIC, x)
            except _ASIDE:
                pass
        return definition(x, y)

    return operation


def fast_product(definition: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """For `dot` with a vector or a matrix: the library's matmul."""
    strict = Plain()

    @functools.wraps(definition)
    def operation(x: Array, y: Array) -> Array:
        kind = type(x)
        if kind is type(y):
            try:
                dtype = x.dtype
                matmul, ndim = strict[kind][dtype], y.ndim
                if matmul is not None:
                    if ndim == 1 or (ndim == 2 and x.device == y.device):
                        return matmul(x, y)
                elif ndim < 3 and x.ndim < 3 and y.dtype is dtype:
                    return x @ y
            except KeyError:
                _learn(strict, "checked_matmul", _NUMERIC, x)
            except _ASIDE:
                pass
        return definition(x, y)

    return operation


def fast_reduction(bring: Callable[[Array], Any]) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """The same for a reduction of all axes, or of one."""
    table = _FLOATING if bring is floating else _NUMERIC

    def shortened(definition: Callable[..., Array]) -> Callable[..., Array]:
        name, plain = definition.__name__, Plain()

        @functools.wraps(definition)
        def operation(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
            try:
                if axis is None and not keepdims:
                    return plain[type(x)][x.dtype](x)
                if type(axis) is int and x.ndim:  # libraries let axis 0 of a number pass
                    return plain[type(x)][x.dtype](x, axis, keepdims)
            except KeyError:
                _learn(plain, name, table, x)
            except _ASIDE:
                pass
            return definition(x, axis, keepdims)

        return operation

    return shortened


def fast_reshape(definition: Callable[[Array, Any], Array]) -> Callable[[Array, Any], Array]:
    """For `reshape`: a tuple of Python's integers goes to the library's function."""

    @functools.wraps(definition)
    def operation(x: Array, shape: Any) -> Array:
        if type(shape) is tuple:
            for size in shape:
                if type(size) is not int:
                    break
            else:
                try:
                    return _NAMESPACE_OF[type(x)].__fast__["reshape"](x, shape)
                except _ASIDE:
                    pass
        return definition(x, shape)

    return operation


def fast_stop_gradient(definition: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """For `stop_gradient` of one array."""

    @functools.wraps(definition)
    def operation(variables: Any) -> Any:
        try:
            return _NAMESPACE_OF[type(variables)].__fast__["detach"](variables)
        except _ASIDE:
            return definition(variables)

    return operation
