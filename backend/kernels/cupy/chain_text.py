"""An elementwise chain as one CUDA C kernel: a line for each call of the standard, each rounded to its dtype."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..description import COMPARISONS
from ._launch import LOOP, PRELUDE

__all__ = ["HELPERS", "TYPES", "Literal", "kernel_text", "line_of"]

# By dtype: the type in memory, and the type of a value in a register. A float16 is a float that is rounded each time.
TYPES = {
    "bool": ("bool", "bool"),
    "int8": ("signed char", "signed char"),
    "int16": ("short", "short"),
    "int32": ("int", "int"),
    "int64": ("long long", "long long"),
    "uint8": ("unsigned char", "unsigned char"),
    "uint16": ("unsigned short", "unsigned short"),
    "uint32": ("unsigned", "unsigned"),
    "uint64": ("unsigned long long", "unsigned long long"),
    "float16": ("half_t", "float"),
    "float32": ("float", "float"),
    "float64": ("double", "double"),
}
_FLOATS = ("float16", "float32", "float64")


class Literal(NamedTuple):
    """A number within an expression, of the dtype that it has there."""

    value: bool | int | float
    dtype: str


# As the device's own instructions, of two zeros the positive one is larger.
HELPERS = """\
template <class T> __device__ T maximum(T a, T b, T sign) { return a != a || a > b || (a == b && sign > 0) ? a : b; }
template <class T> __device__ T minimum(T a, T b, T sign) { return a != a || a < b || (a == b && sign < 0) ? a : b; }
"""

# The formulas are CuPy's own, so that a chain has the bits of the calls it stands for. {0}, {1}, {2}: operands; T: the
# type of the result; U: the unsigned type in which integers are added; f: the end of a function's name, 'f' for float.
_ANY = {
    **{name: f"{{0}} {sign} {{1}}" for name, sign in COMPARISONS.items()},
    "astype": "({T}){0}",
    "where": "{0} ? {1} : {2}",
    "sign": "{0} != {0} ? {0} : ({T})(({0} > 0) - ({0} < 0))",
    "logical_and": "{0} && {1}",
    "logical_or": "{0} || {1}",
    "logical_xor": "{0} != {1}",
    "logical_not": "!{0}",
    "isnan": "{0} != {0}",
    "isfinite": "{0} - {0} == 0",
    "isinf": "{0} == {0} && {0} - {0} != 0",
    "identity": "{0}",
    "positive": "{0}",
    "real": "{0}",
    "conj": "{0}",
}
_FLOAT = {
    **{name: f"{name}{{f}}({{0}})" for name in "acosh asinh atanh cos cosh exp expm1 log log1p log2 log10 sin".split()},
    **{name: f"{name}{{f}}({{0}})" for name in "acos asin atan sinh sqrt tan tanh ceil floor trunc".split()},
    **{name: f"{name}{{f}}({{0}}, {{1}})" for name in "pow atan2 copysign hypot".split()},
    "round": "rint{f}({0})",
    "abs": "fabs{f}({0})",
    "negative": "-{0}",
    "square": "{0} * {0}",
    "reciprocal": "1 / {0}",
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "maximum": "maximum({0}, {1}, copysign{f}(1.0{f}, {0}))",
    "minimum": "minimum({0}, {1}, copysign{f}(1.0{f}, {0}))",
    "signbit": "copysign{f}(1.0{f}, {0}) < 0",
    "sigmoid": "exp{f}(smaller({0}, ({T})0)) / (1 + exp{f}(smaller({0}, -{0})))",
    "logaddexp": "{0} == {1} ? ({T})({0} + 0.6931471805599453)"
    " : larger({0}, {1}) + log1p{f}(exp{f}(-fabs{f}({0} - {1})))",
}
# Sums of integers wrap around; in C those of signed ones may not overflow.
_INTEGER = {
    "ceil": "{0}",
    "floor": "{0}",
    "trunc": "{0}",
    "round": "{0}",
    "abs": "{0} < 0 ? ({T})({U}0 - ({U}){0}) : {0}",
    "negative": "({T})({U}0 - ({U}){0})",
    "square": "({T})(({U}){0} * ({U}){0})",
    "add": "({T})(({U}){0} + ({U}){1})",
    "subtract": "({T})(({U}){0} - ({U}){1})",
    "multiply": "({T})(({U}){0} * ({U}){1})",
    "maximum": "{0} > {1} ? {0} : {1}",
    "minimum": "{0} < {1} ? {0} : {1}",
    "bitwise_and": "({T})({0} & {1})",
    "bitwise_or": "({T})({0} | {1})",
    "bitwise_xor": "({T})({0} ^ {1})",
    "bitwise_invert": "({T})~{0}",
    "bitwise_left_shift": "(unsigned long long){1} < {bits} ? ({T})(({U}){0} << {1}) : ({T})0",
    "bitwise_right_shift": "({T})({0} >> ((unsigned long long){1} < {bits} ? {1} : {bits} - 1))",
    "signbit": "{0} < 0",
}
_BOOL = {
    "bitwise_and": "{0} && {1}",
    "bitwise_or": "{0} || {1}",
    "bitwise_xor": "{0} != {1}",
    "bitwise_invert": "!{0}",
}


def kernel_text(chain: Any, patterns: Sequence[str], dims: int, wide: bool) -> str | None:
    """The source of `chain(arrays..., results..., n, sizes..., strides...)`, or None for a call without a line here.

    Each array's pattern says how it is read: 'i' in order, '0' one element, 's' by its strides over `dims` axes. Sizes
    of all axes but the first follow, then the strides of the arrays read by strides.
    """
    lines = []
    for number, step in enumerate(chain.steps, len(chain.arrays)):
        line = line_of(chain, step)
        if line is None:
            return None
        lines.append(f"{TYPES[step.dtype][1]} v{number} = {line};")
    dtypes = [
        chain.arrays[i] if i < len(chain.arrays) else chain.steps[i - len(chain.arrays)].dtype for i in chain.results
    ]
    parameters = [f"const {TYPES[d][0]} *a{i}" for i, d in enumerate(chain.arrays)]
    parameters += [f"{TYPES[d][0]} *r{i}" for i, d in enumerate(dtypes)] + ["index_t count"]
    parameters += [f"index_t n{axis}" for axis in range(1, dims)]
    parameters += [f"index_t s{i}_{axis}" for i, p in enumerate(patterns) if p == "s" for axis in range(dims)]
    reads = [
        f"{TYPES[dtype][1]} v{i} = load(a{i}, {_place(i, pattern, dims)});"
        for i, (dtype, pattern) in enumerate(zip(chain.arrays, patterns, strict=True))
    ]
    writes = [f"store(r{i}, i, v{value});" for i, value in enumerate(chain.results)]
    body = "\n".join(f"        {line}" for line in [*_indices(dims), *reads, *lines, *writes])
    return (
        f"{PRELUDE}{HELPERS}typedef {'long long' if wide else 'int'} index_t;\n"
        f'extern "C" __global__ void chain({", ".join(parameters)})\n{{\n'
        f"{LOOP}{body}\n    }}\n}}\n"
    )


def _indices(dims: int) -> list[str]:
    """The lines that take the number of an element apart: i1, i2, ... along the axes, q1 along the first."""
    lines, rest = [], "i"
    for axis in reversed(range(1, dims)):
        lines.append(f"index_t i{axis} = {rest} % n{axis}, q{axis} = {rest} / n{axis};")
        rest = f"q{axis}"
    return lines


def _place(number: int, pattern: str, dims: int) -> str:
    """Where an array has its element."""
    if pattern != "s":
        return "i" if pattern == "i" else "0"
    indices = ["q1" if dims > 1 else "i", *(f"i{axis}" for axis in range(1, dims))]
    return " + ".join(f"{index} * s{number}_{axis}" for axis, index in enumerate(indices))


def line_of(chain: Any, step: Any) -> str | None:
    """The expression of one call, rounded where its dtype is float16; None for a call without a line here."""
    dtypes = [_dtype_of(chain, operand) for operand in step.operands]
    if step.dtype not in TYPES or any(d not in TYPES for d in dtypes):
        return None
    deciding = dtypes[-1] if step.dtype == "bool" else step.dtype
    if step.function not in ("astype", "where") and len(set(dtypes)) > 1:
        return None  # operands meet in one dtype before, or another order of C's conversions would count
    tables = (_FLOAT if deciding in _FLOATS else _BOOL if deciding == "bool" else _INTEGER), _ANY
    template = next((table[step.function] for table in tables if step.function in table), None)
    if template is None or (step.function in ("pow", "divide", "reciprocal") and deciding not in _FLOATS):
        return None
    wide = deciding in ("int64", "uint64")
    words = {
        "T": TYPES[step.dtype][1],
        "U": "(unsigned long long)" if wide else "(unsigned)",
        "f": "" if deciding == "float64" else "f",
        "bits": str(8 * _SIZES[deciding]) if deciding in _SIZES else "",
    }
    text = template.replace("({U})", words["U"]).replace("{U}0", "0ull" if wide else "0u")
    text = text.format(*(_operand(operand) for operand in step.operands), **words)
    if step.dtype != "float16" or step.function in ("where", "maximum", "minimum", "abs", "negative", "positive"):
        return text
    source = dtypes[0] if step.function == "astype" else "float16"
    inner = _operand(step.operands[0]) if step.function == "astype" else text  # a cast does not pass through float
    return f"from_half(to_half(({'float' if source in ('float16', 'float32') else 'double'})({inner})))"


_SIZES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8}


def _dtype_of(chain: Any, operand: Any) -> str:
    if not isinstance(operand, int):
        return str(operand.dtype)
    count = len(chain.arrays)
    return str(chain.arrays[operand] if operand < count else chain.steps[operand - count].dtype)


def _operand(operand: Any) -> str:
    return f"v{operand}" if isinstance(operand, int) else _number(operand.value, operand.dtype)


def _number(value: Any, dtype: str) -> str:
    """A literal of C, rounded once; infinities and NaN by their definition."""
    kind = TYPES[dtype][1]
    if dtype == "bool":
        return "true" if value else "false"
    if dtype not in _FLOATS:
        return f"({kind}){int(value) % 2 ** (8 * _SIZES[dtype])}ull"
    value = _rounded(float(value), dtype)
    sign, size = "-" if math.copysign(1.0, value) < 0 else "", abs(value)
    text = "(0.0 / 0.0)" if math.isnan(size) else "(1.0 / 0.0)" if math.isinf(size) else repr(size)
    return f"({kind}){sign}{text}" if text.startswith("(") else f"({sign}{text}{'' if kind == 'double' else 'f'})"


def _rounded(value: float, dtype: str) -> float:
    """A number as its dtype has it."""
    code = {"float16": "e", "float32": "f", "float64": "d"}[dtype]
    try:
        (value,) = struct.unpack(code, struct.pack(code, value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return value
