"""Fast paths: calls that need no promotion go straight to the library's function.

A decorator checks types and dtypes first. Where they are known and equal it skips the definition; all other calls, and
every call that fails, go to the definition, which raises the error.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ..arrays.registry import FLOATING_ARRAYS, NAMESPACE_OF_TYPE, REAL_ARRAYS, TypeTable, type_table
from ..arrays.typing import Array
from ..config import setting
from ..kernels.lookup import kernels_of
from .boundary import MISFIT
from .promotion import floating, inexact

__all__ = [
    "fast_kernel",
    "fast_kernel_along",
    "fast_pair",
    "fast_path",
    "fast_product",
    "fast_reduction",
    "fast_reshape",
    "fast_stop_gradient",
]

Definition = TypeVar("Definition", bound=Callable[..., Any])
_ERRORS = (AttributeError, KeyError, *MISFIT)  # after these the definition runs


def _remember(functions: TypeTable, name: str, namespaces: TypeTable, x: Array) -> None:
    """Keep the library's function for arrays like x, if their namespace is known: each look-up saved is 20 ns."""
    kind = type(x)
    if kind in namespaces and x.dtype in namespaces[kind]:
        found = getattr(namespaces[kind][x.dtype], "__fast__", {})
        if name in found:
            functions.setdefault(kind, {})[x.dtype] = found[name]


def _remember_own(functions: TypeTable, name: str, namespaces: TypeTable, x: Array) -> None:
    """The same, and where the library has no faster function the namespace's own of that name.

    A namespace that is not ours is asked each time: whoever tries one out may replace its functions.
    """
    kind = type(x)
    if kind in namespaces and x.dtype in namespaces[kind]:
        xp = namespaces[kind][x.dtype]
        fast = getattr(xp, "__fast__", None)
        found = (lambda x: getattr(xp, name)(x)) if fast is None else fast.get(name) or getattr(xp, name)
        functions.setdefault(kind, {})[x.dtype] = found


def fast_path(bring: Callable[[Any], Any]) -> Callable[[Definition], Definition]:
    """For an operation that casts its array, by `floating` or `numeric`, and calls the function of its own name.

    An array of real numbers that needs no cast goes straight to the namespace's function.
    """
    table = FLOATING_ARRAYS if bring in (floating, inexact) else REAL_ARRAYS

    def shortened(definition: Definition) -> Definition:
        name, functions = definition.__name__, type_table()

        @functools.wraps(definition)
        def operation(x: Array) -> Array:
            try:
                return functions[type(x)][x.dtype](x)
            except KeyError:
                _remember_own(functions, name, table, x)
            except _ERRORS:
                pass
            return definition(x)

        return cast(Definition, operation)

    return shortened


def fast_pair(definition: Definition) -> Definition:
    """The same for two arrays of one type, dtype and device."""
    name, functions = definition.__name__, type_table()

    @functools.wraps(definition)
    def operation(x: Array, y: Array) -> Array:
        kind = type(x)
        if kind is type(y):
            try:
                dtype = x.dtype
                if y.dtype is dtype:
                    return functions[kind][dtype](x, y)
            except KeyError:
                _remember(functions, name, REAL_ARRAYS, x)
            except _ERRORS:
                pass
        return definition(x, y)

    return cast(Definition, operation)


def fast_product(definition: Definition) -> Definition:
    """For `dot` with a vector or a matrix: the library's matmul."""
    products = type_table()

    @functools.wraps(definition)
    def operation(x: Array, y: Array) -> Array:
        kind = type(x)
        if kind is type(y):
            try:
                dtype = x.dtype
                (checked, matmul), ndim = products[kind][dtype], y.ndim
                if checked:
                    if ndim == 1 or (ndim == 2 and x.device == y.device):
                        return matmul(x, y)
                elif ndim < 3 and x.ndim < 3 and y.dtype is dtype:
                    return matmul(x, y)
            except KeyError:
                _remember(products, "product", REAL_ARRAYS, x)
            except _ERRORS:
                pass
        return definition(x, y)

    return cast(Definition, operation)


def fast_reduction(bring: Callable[[Any], Any]) -> Callable[[Definition], Definition]:
    """The same for a reduction of all axes, or of one."""
    table = FLOATING_ARRAYS if bring in (floating, inexact) else REAL_ARRAYS

    def shortened(definition: Definition) -> Definition:
        name, functions = definition.__name__, type_table()

        @functools.wraps(definition)
        def operation(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
            try:
                if axis is None and keepdims is False:
                    return functions[type(x)][x.dtype](x)
                # libraries accept axis 0 of a 0-d array, and NumPy any object for keepdims
                if type(axis) is int and x.ndim and (keepdims is False or keepdims is True):
                    return functions[type(x)][x.dtype](x, axis, keepdims)
            except KeyError:
                _remember(functions, name, table, x)
            except _ERRORS:
                pass
            return definition(x, axis, keepdims)

        return cast(Definition, operation)

    return shortened


def _remember_kernel(functions: TypeTable, definition: Callable[..., Any], x: Array) -> None:
    """Keep what runs for arrays like x: a function of the library's kernels, or the operation's definition.

    The latter, too, so that the next call does not fail first.
    """
    kind = type(x)
    if kind in FLOATING_ARRAYS and x.dtype in FLOATING_ARRAYS[kind]:
        direct = getattr(kernels_of(FLOATING_ARRAYS[kind][x.dtype]), "DIRECT", {})
        functions.setdefault(kind, {})[x.dtype] = direct.get(definition.__name__, definition)


def fast_kernel(definition: Definition) -> Definition:
    """For an operation of one floating array that is one function of the library, where its kernels are on."""
    functions = type_table()

    @functools.wraps(definition)
    def operation(x: Array) -> Array:
        try:
            if setting("kernels"):
                return functions[type(x)][x.dtype](x)
        except KeyError:
            _remember_kernel(functions, definition, x)
        except _ERRORS:
            pass
        return definition(x)

    return cast(Definition, operation)


def fast_kernel_along(definition: Definition) -> Definition:
    """The same along one axis, by default the last."""
    functions = type_table()

    @functools.wraps(definition)
    def operation(x: Array, axis: Any = -1) -> Array:
        try:
            if type(axis) is int and x.ndim and setting("kernels"):  # libraries accept axis 0 of a 0-d array
                return functions[type(x)][x.dtype](x, axis)
        except KeyError:
            _remember_kernel(functions, definition, x)
        except _ERRORS:
            pass
        return definition(x, axis)

    return cast(Definition, operation)


def fast_reshape(definition: Definition) -> Definition:
    """For `reshape`: a tuple of Python's integers goes to the library's function."""

    @functools.wraps(definition)
    def operation(x: Array, shape: Any) -> Array:
        if type(shape) is tuple:
            for size in shape:
                if type(size) is not int:
                    break
            else:
                try:
                    return NAMESPACE_OF_TYPE[type(x)].__fast__["reshape"](x, shape)
                except _ERRORS:
                    pass
        return definition(x, shape)

    return cast(Definition, operation)


def fast_stop_gradient(definition: Definition) -> Definition:
    """For `stop_gradient` of one array."""

    @functools.wraps(definition)
    def operation(variables: Any) -> Any:
        try:
            return NAMESPACE_OF_TYPE[type(variables)].__fast__["detach"](variables)
        except _ERRORS:
            return definition(variables)

    return cast(Definition, operation)
