"""Keras's dtype rules: what becomes of operands before a function of the standard, or of K, computes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from keras.src.backend import config
from keras.src.backend.common.dtypes import result_type

from backend.arrays.dtypes import dtype_name, kind_of
from backend.arrays.quiet import ERRORS, IGNORED
from backend.dispatch.boundary import number_like
from backend.dispatch.promotion import array_namespace, is_array, native_dtype
from backend.graph.recording import tensor
from backend.graph.tensor import Tensor

from .tensors import convert_to_tensor, together

__all__ = [
    "array_like",
    "at_least_float32",
    "binary",
    "boolean",
    "cast_to",
    "common",
    "counted",
    "floats",
    "floats_like_jax",
    "in_common",
    "is_complex",
    "is_number",
    "is_real_float",
    "kept",
    "name_of",
    "numbers",
    "pair",
    "plain_axis",
    "quiet",
    "same",
    "summed",
    "unary",
    "wide_floats",
]

_SMALL = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


# ---- dtypes -----------------------------------------------------------------------------------------------------


def name_of(x: Any) -> str:
    """The name of an array's dtype."""
    return dtype_name(x.dtype)


def is_number(x: Any) -> bool:
    """Whether x is a Python number, which has no dtype of its own."""
    return type(x) in (bool, int, float, complex)


def is_real_float(x: Any) -> bool:
    """Whether an array holds real floating numbers."""
    return kind_of(name_of(x)) == "real floating"


def is_complex(x: Any) -> bool:
    """Whether an array holds complex numbers."""
    return kind_of(name_of(x)) == "complex floating"


def common(*operands: Any) -> str:
    """The dtype that Keras gives arrays, Python numbers, dtypes by name and Python types together."""
    return str(result_type(*(_type_of(x) for x in operands)))


def _type_of(x: Any) -> Any:
    if isinstance(x, (str, type)):
        return x
    return type(x) if is_number(x) else dtype_name(x.dtype)


def cast_to(x: Any, dtype: str) -> Any:
    """An array in a dtype, given by name."""
    if name_of(x) == dtype:
        return x
    xp = array_namespace(x)
    if is_complex(x) and not dtype.startswith("complex"):
        x = x != 0 if dtype == "bool" else xp.real(x)
    return xp.astype(x, native_dtype(xp, dtype))


def array_like(x: Any, value: Any) -> Any:
    """A Python number as an array of x's namespace, dtype and device; arrays stay."""
    return value if is_array(value) else number_like(x, value)


# ---- one operand ------------------------------------------------------------------------------------------------


def same(x: Any) -> Any:
    """An array as it is."""
    return convert_to_tensor(x)


def floats(x: Any) -> Any:
    """An array of the dtype that it has beside a Python float; int64 becomes floatx."""
    x = convert_to_tensor(x)
    name = name_of(x)
    return cast_to(x, config.floatx() if name in ("int64", "uint64") else _kept_float(name) or common(name, float))


def _kept_float(name: str) -> str | None:
    return name if name in ("float16", "bfloat16", "float32", "float64", "complex64", "complex128") else None


def wide_floats(x: Any) -> Any:
    """As `floats`, but int64 becomes float64."""
    x = convert_to_tensor(x)
    return cast_to(x, "float64") if name_of(x) == "int64" else floats(x)


def floats_like_jax(x: Any) -> Any:
    """An array of the dtype that JAX gives it beside a Python float: float64 becomes 32 bits wide, too."""
    x = convert_to_tensor(x)
    return cast_to(x, common(x, float))


def at_least_float32(x: Any) -> Any:
    """An array of the dtype that it has beside float32: sums of float16 do not overflow."""
    x = convert_to_tensor(x)
    return x if name_of(x) in ("float64", "complex128") else cast_to(x, common(x, "float32"))


def numbers(x: Any) -> Any:
    """An array, booleans as int32."""
    x = convert_to_tensor(x)
    return cast_to(x, "int32") if name_of(x) == "bool" else x


def counted(x: Any) -> Any:
    """An array, booleans as uint8: for comparisons, which the standard has for numbers alone."""
    x = convert_to_tensor(x)
    return cast_to(x, "uint8") if name_of(x) == "bool" else x


def summed(x: Any) -> Any:
    """An array of the dtype of its sums: integers of 8 or 16 bits, and booleans, become 32 bits wide."""
    x = convert_to_tensor(x)
    return cast_to(x, _SMALL.get(name_of(x), name_of(x)))


def boolean(x: Any) -> Any:
    """An array as truth values."""
    x = convert_to_tensor(x)
    return cast_to(x, "bool")


# ---- several operands -------------------------------------------------------------------------------------------


def pair(x1: Any, x2: Any, *more: Any) -> tuple[Any, Any]:
    """Two operands in the dtype that Keras gives them, and more types beside them.

    A Python number beside an array stays a number: it costs a graph no constant.
    """
    x1, x2 = together(*(x if is_number(x) else convert_to_tensor(x) for x in (x1, x2)))
    dtype = common(x1, x2, *more)
    if is_number(x1) and is_number(x2):
        return convert_to_tensor(x1, dtype), convert_to_tensor(x2, dtype)
    x1, x2 = _recorded([x if is_number(x) else cast_to(x, dtype) for x in (x1, x2)])
    if dtype == "bfloat16":  # NumPy has it from another package, and beside it a Python float counts as float32
        first = x2 if is_number(x1) else x1
        return array_like(first, x1), array_like(first, x2)
    return x1, x2


def in_common(*operands: Any, beside: tuple[Any, ...] = ()) -> list[Any]:
    """Operands as arrays of the dtype that Keras gives them together, and beside more types."""
    arrays = together(*map(convert_to_tensor, operands))
    dtype = common(*arrays, *beside)
    return _recorded([cast_to(x, dtype) for x in arrays])


def _recorded(operands: list[Any]) -> list[Any]:
    """Operands as they are; where one is symbolic, all arrays so: not every library's operators leave it to ours."""
    if not any(isinstance(x, Tensor) for x in operands):
        return operands
    return [x if is_number(x) or isinstance(x, Tensor) else tensor(x) for x in operands]


# ---- functions from tables --------------------------------------------------------------------------------------


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function without NumPy's floating-point warnings: edge values are results like others."""

    @functools.wraps(function)
    def silent(*args: Any, **kwargs: Any) -> Any:
        token = ERRORS.set(IGNORED)
        try:
            return function(*args, **kwargs)
        finally:
            ERRORS.reset(token)

    return silent


def kept(rule: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: the first argument passes a dtype rule, and the result has the dtype that it has then."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def computed(x: Any, *args: Any, **kwargs: Any) -> Any:
            x = rule(x)
            return cast_to(function(x, *args, **kwargs), name_of(x))

        return quiet(computed)

    return decorate


def unary(name: str, rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The standard's function of that name, after a dtype rule."""

    def function(x: Any) -> Any:
        x = rule(x)
        return getattr(array_namespace(x), name)(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The standard's `{name}`, in the dtype that Keras gives it."
    return quiet(function)


def binary(function: Callable[[Any, Any], Any], *more: Any, truth: str | None = None) -> Callable[[Any, Any], Any]:
    """A function of two operands in their common dtype; `truth` is the standard's function for two booleans."""

    def computed(x1: Any, x2: Any) -> Any:
        x1, x2 = pair(x1, x2, *more)
        first = x2 if is_number(x1) else x1
        if truth is not None and name_of(first) == "bool":
            x1, x2 = array_like(first, x1), array_like(first, x2)
            return getattr(array_namespace(first), truth)(x1, x2)
        return function(x1, x2)

    return quiet(computed)


def plain_axis(axis: Any) -> Any:
    """An axis, or a tuple of axes."""
    return tuple(axis) if isinstance(axis, list) else axis
