"""An array API namespace whose functions record: the standard's 2025.12 revision on symbolic tensors."""

from __future__ import annotations

import builtins
import math
import sys
from typing import Any

import numpy as np

from ... import config
from ...arrays import namespaces
from ...arrays.dtypes import DTYPES, DType, dtype_name, is_integer, kind_of, result_dtype
from ..recording import ANY, FLOATING, NUMERIC, REAL, binary, cast, common, tensor, unary
from ..recording import is_operand as is_operand
from ..shape_rules import broadcast
from ..tensor import Tensor, record, spec
from . import fft as fft  # the two extensions are attributes of the namespace
from . import linalg as linalg
from .creation import INTEGRAL
from .creation import arange as arange
from .creation import asarray as asarray
from .creation import empty as empty
from .creation import empty_like as empty_like
from .creation import eye as eye
from .creation import from_dlpack as from_dlpack
from .creation import full as full
from .creation import full_like as full_like
from .creation import linspace as linspace
from .creation import meshgrid as meshgrid
from .creation import ones as ones
from .creation import ones_like as ones_like
from .creation import tril as tril
from .creation import triu as triu
from .creation import zeros as zeros
from .creation import zeros_like as zeros_like
from .linalg import matmul as matmul
from .linalg import matrix_transpose as matrix_transpose
from .linalg import tensordot as tensordot
from .linalg import vecdot as vecdot
from .manipulation import broadcast_arrays as broadcast_arrays
from .manipulation import broadcast_shapes as broadcast_shapes
from .manipulation import broadcast_to as broadcast_to
from .manipulation import concat as concat
from .manipulation import expand_dims as expand_dims
from .manipulation import flip as flip
from .manipulation import getitem as getitem
from .manipulation import moveaxis as moveaxis
from .manipulation import permute_dims as permute_dims
from .manipulation import repeat as repeat
from .manipulation import reshape as reshape
from .manipulation import roll as roll
from .manipulation import squeeze as squeeze
from .manipulation import stack as stack
from .manipulation import take as take
from .manipulation import take_along_axis as take_along_axis
from .manipulation import tile as tile
from .manipulation import unstack as unstack
from .reductions import all as all
from .reductions import any as any
from .reductions import argmax as argmax
from .reductions import argmin as argmin
from .reductions import argsort as argsort
from .reductions import count_nonzero as count_nonzero
from .reductions import cumulative_prod as cumulative_prod
from .reductions import cumulative_sum as cumulative_sum
from .reductions import diff as diff
from .reductions import max as max
from .reductions import mean as mean
from .reductions import min as min
from .reductions import prod as prod
from .reductions import searchsorted as searchsorted
from .reductions import sort as sort
from .reductions import std as std
from .reductions import sum as sum
from .reductions import var as var

__array_api_version__ = "2025.12"

e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi
int8, int16, int32, int64 = (DType(f"int{n}") for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (DType(f"uint{n}") for n in (8, 16, 32, 64))
float16, float32, float64, bfloat16 = (DType(n) for n in ("float16", "float32", "float64", "bfloat16"))
complex64, complex128 = DType("complex64"), DType("complex128")
bool = DType("bool")

_INTEGRAL = ("integer",)
_BITS = ("bool", "integer")
_REAL_FLOAT = ("real floating",)

acos, acosh, asin, asinh = (unary(name, FLOATING) for name in ("acos", "acosh", "asin", "asinh"))
atan, atanh, cos, cosh = (unary(name, FLOATING) for name in ("atan", "atanh", "cos", "cosh"))
exp, expm1, log, log1p = (unary(name, FLOATING) for name in ("exp", "expm1", "log", "log1p"))
log2, log10, reciprocal = (unary(name, FLOATING) for name in ("log2", "log10", "reciprocal"))
sin, sinh, sqrt, tan, tanh = (unary(name, FLOATING) for name in ("sin", "sinh", "sqrt", "tan", "tanh"))
abs, negative, positive, square = (unary(name) for name in ("abs", "negative", "positive", "square"))
ceil, floor, trunc = (unary(name, REAL) for name in ("ceil", "floor", "trunc"))
round, sign, conj = (unary(name) for name in ("round", "sign", "conj"))
real, imag = unary("real"), unary("imag", ("complex floating",))
isfinite, isinf, isnan = (unary(name, NUMERIC, "bool") for name in ("isfinite", "isinf", "isnan"))
signbit = unary("signbit", _REAL_FLOAT, "bool")
bitwise_invert = unary("bitwise_invert", _BITS)

add, subtract, multiply = (binary(name) for name in ("add", "subtract", "multiply"))
divide, pow = binary("divide", FLOATING), binary("pow")
floor_divide, remainder = binary("floor_divide", REAL), binary("remainder", REAL)
atan2, copysign, hypot = (binary(name, _REAL_FLOAT) for name in ("atan2", "copysign", "hypot"))
logaddexp, nextafter = (binary(name, _REAL_FLOAT) for name in ("logaddexp", "nextafter"))
maximum, minimum = binary("maximum", REAL), binary("minimum", REAL)
less, less_equal = (binary(name, REAL, "bool") for name in ("less", "less_equal"))
greater, greater_equal = (binary(name, REAL, "bool") for name in ("greater", "greater_equal"))
equal, not_equal = (binary(name, ANY, "bool") for name in ("equal", "not_equal"))
bitwise_and, bitwise_or, bitwise_xor = (binary(f"bitwise_{name}", _BITS) for name in ("and", "or", "xor"))
bitwise_left_shift, bitwise_right_shift = (binary(f"bitwise_{name}_shift", _INTEGRAL) for name in ("left", "right"))
logical_and, logical_or, logical_xor = (binary(f"logical_{name}", ("bool",), "bool") for name in ("and", "or", "xor"))
logical_not = unary("logical_not", ("bool",), "bool")


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """Record a call of the standard's `clip`, as a maximum and a minimum."""
    x = tensor(x)
    if min is not None:
        x = maximum(x, min)
    return x if max is None else minimum(x, max)


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """Record a call of the standard's `where`."""
    condition = tensor(condition)
    if condition.dtype != "bool":
        raise TypeError(f"where: condition has dtype {condition.dtype}, expected bool")
    dtype, pair = common("where", ANY, x1, x2)
    x1, x2 = (tensor(x, dtype) for x in pair)
    shape = broadcast("where", condition.sizes, x1.sizes, x2.sizes)
    return record("where", (condition, x1, x2), {}, spec(shape, dtype))


def isin(x1: Any, x2: Any, /, *, invert: builtins.bool = False) -> Tensor:
    """Record a call of the standard's `isin`, as comparisons with every element."""
    x1, x2 = tensor(x1), tensor(x2)
    found = any(equal(expand_dims(x1, axis=-1), reshape(x2, (-1,))), axis=-1)
    return logical_not(found) if invert else found


def astype(x: Any, dtype: Any, /, *, copy: builtins.bool = True, device: Any = None) -> Tensor:
    """Record a call of the standard's `astype`; the dtype x has already records nothing."""
    x, name = tensor(x), dtype_name(dtype)
    if kind_of(x.dtype) == "complex floating" and kind_of(name) in ("integer", "real floating"):
        raise TypeError(f"astype: a complex array cannot become {name}; take real or imag first")
    return cast(x, name)


# ---- questions about dtypes are answered at once


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Whether a dtype, or an array's, can become another without loss of kind or range."""
    name = dtype_name(getattr(from_, "dtype", from_))
    try:
        return result_dtype(name, dtype_name(to)) == dtype_name(to)
    except TypeError:
        return False


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype that mixing these arrays, dtypes and Python numbers gives."""
    dtypes = [dtype_name(getattr(x, "dtype", x)) for x in arrays_and_dtypes if not _is_number(x)]
    if not dtypes:
        raise ValueError("result_type: needs at least one array or dtype")
    numbers = [x for x in arrays_and_dtypes if _is_number(x)]
    return DType(common("result_type", ANY, *(Tensor(None, 0, spec((), d)) for d in dtypes), *numbers)[0])


def _is_number(x: Any) -> builtins.bool:
    return isinstance(x, (builtins.bool, int, float, complex)) and not isinstance(x, DType)


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether a dtype is of a kind: 'integral', 'real floating', ..., another dtype, or one of a tuple of them."""
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, k) for k in kind)
    name = dtype_name(dtype)
    if str(kind) in DTYPES:
        return name == str(kind)
    found = kind_of(name)
    kinds = {
        "bool": found == "bool",
        "integral": found == "integer",
        "real floating": found == "real floating",
        "signed integer": is_integer(name) and not name.startswith("u"),
        "unsigned integer": is_integer(name) and name.startswith("u"),
        "complex floating": found == "complex floating",
        "numeric": found != "bool",
    }
    if kind not in kinds:
        raise ValueError(f"isdtype: kind is {kind!r}; expected a dtype, a tuple, or one of {', '.join(kinds)}")
    return kinds[kind]


def finfo(type: Any, /) -> Any:
    """The limits of a floating dtype."""
    return np.finfo(dtype_name(getattr(type, "dtype", type)))


def iinfo(type: Any, /) -> Any:
    """The limits of an integer dtype."""
    return np.iinfo(dtype_name(getattr(type, "dtype", type)))


# ---- shapes that depend on values have no place in a graph


def _data_dependent(name: str) -> Any:
    def stub(x: Any, /) -> Any:
        raise ValueError(
            f"{name}: the result's shape depends on the values, which a symbolic tensor does not have; "
            "K.eval it first, or use where, sort and cumulative_sum"
        )

    stub.__name__ = stub.__qualname__ = name
    stub.__doc__ = f"Refuse: the shape of the standard's `{name}` depends on values."
    return stub


nonzero = _data_dependent("nonzero")
unique_all, unique_counts = (_data_dependent(f"unique_{n}") for n in ("all", "counts"))
unique_inverse, unique_values = (_data_dependent(f"unique_{n}") for n in ("inverse", "values"))


class _Info:
    """The capabilities of the recording namespace, by the standard's inspection API."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": False, "data-dependent shapes": False, "max dimensions": None}

    def default_device(self) -> None:
        return None

    def devices(self) -> tuple[Any, ...]:
        return (None,)

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        name = config.floatx()
        return {
            "real floating": DType(name),
            "integral": DType(INTEGRAL),
            "indexing": DType(INTEGRAL),
            "complex floating": DType("complex128" if name == "float64" else "complex64"),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        names = [n for n in DTYPES if n not in ("float16", "bfloat16")]
        return {n: DType(n) for n in names if kind is None or isdtype(n, kind)}


def __array_namespace_info__() -> _Info:  # noqa: N807 - the standard's name
    """The capabilities of this namespace."""
    return _Info()


def checked_version(api_version: str | None) -> Any:
    """This namespace, for a revision of the standard it follows."""
    if api_version is not None and api_version not in ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
        raise ValueError(f"__array_namespace__: unknown revision {api_version!r}; this is {__array_api_version__}")
    return namespaces.recorder


namespaces.set_recorder(sys.modules[__name__])
