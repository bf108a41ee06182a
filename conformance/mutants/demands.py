"""Which conditions and effects are composed: only what the standard or K's definition fixes can go wrong."""

from __future__ import annotations

import functools
from typing import Any

from ..case import discovered
from ..data import signatures, special_cases
from ..properties.derived.deriving import Signature
from .conditions import Condition
from .effects import Effect
from .seen import parameters_of

__all__ = ["demanded"]

# They hand elements on, bit for bit.
MOVERS = {
    *("asarray", "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "flip", "from_dlpack", "full"),
    *("full_like", "linalg.diagonal", "linalg.matrix_transpose", "matrix_transpose", "meshgrid", "moveaxis"),
    *("permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "take", "take_along_axis", "tile", "unstack"),
    *("where", "array.T", "array.mT", "array.getitem", "array.pos", "positive"),
}
# Where NaN goes in an order is open, and which one argmax finds; conversions of NaN and infinity to integers are open.
UNORDERED = {
    *("argmax", "argmin", "argsort", "sort", "searchsorted", "astype", "K.cast", "K.argmax", "K.argmin", "K.top_k"),
    *("unique_all", "unique_counts", "unique_inverse", "unique_values", "K.in_top_k", "isin"),
}
UNIQUE = {"unique_all", "unique_counts", "unique_inverse", "unique_values"}  # in any order
EMPTY = {"empty", "empty_like"}  # uninitialised values
# Larger integers overflow here, which the standard leaves open.
OVERFLOWING = {
    *("square", "pow", "prod", "cumulative_prod", "array.pow", "bitwise_left_shift", "array.lshift", "multiply"),
    *("array.mul", "K.square", "K.pow", "K.prod", "K.cumprod", "matmul", "array.matmul", "tensordot", "vecdot"),
    *("linalg.matmul", "linalg.tensordot", "linalg.vecdot", "linalg.outer", "linalg.cross", "K.dot", "K.batch_dot"),
    *("linalg.matrix_power", "K.einsum", "std", "var", "K.var", "K.std"),
}
OF_DTYPES = {"finfo", "iinfo", "can_cast", "isdtype", "result_type"}  # they read no elements
COPIES = {"asarray", "astype", "reshape", "from_dlpack"}


@functools.cache
def _rows(target: str) -> list[dict[str, Any]]:
    """The special cases that the standard lists for real numbers."""
    name = target.removeprefix("array.")
    names = {target, f"array.__{name}__"} if name != target else {target}
    return [r for r in special_cases() if r["function"] in names and r["kind"] in ("real", "general")]


@functools.cache
def _speaks_of(target: str, special: str) -> bool:
    """Whether the standard or K's case says what becomes of a special value."""
    if target in UNORDERED:
        return False
    if target in MOVERS:
        return True
    if target.startswith("K."):
        case = discovered()[target[2:]]
        return bool(case.edges) and (special != "zero" or case.exact)
    if target.startswith(("linalg.", "fft.")):
        return False
    words = {"nan": "nan", "inf": "inf", "zero": "-0"}[special]
    return any(words in str(row["condition"]) + str(row["result"]) for row in _rows(target) if not row["optional"])


@functools.cache
def _refuses_axes() -> frozenset[str]:
    """The functions of which the standard says that they raise for an axis out of range."""
    return frozenset(
        row["function"]
        for row in special_cases()
        if any(each["of"] == "axis" for each in row["condition"] if "of" in each)
        and "raises" in str(row["result"])
        and not row["optional"]
    )


def _takes(target: str, condition: Condition) -> bool:
    """Whether the standard lets the first array of a function have the dtypes that a condition is about."""
    arrays = Signature(target, signatures()[target]).arrays if target in signatures() else []
    if not arrays:
        return True
    words = condition.words
    if words == "arrays of different dtypes":
        return not any(str(each).startswith("same as") for each in signatures()[target]["accepts"].values())
    if condition.family == "value":
        return " integer" not in words or any("int" in name for name in arrays[0])
    if condition.family != "dtype" or words.startswith("a Python"):
        return True
    part = {"integers of 64 bits": "int64", "unsigned integers": "uint", "complex numbers": "complex"}.get(words, words)
    return any(name == part or (part in ("uint", "complex") and name.startswith(part)) for name in arrays[0])


def _is_elementwise(target: str) -> bool:
    return [p.name for p in parameters_of(target)][:2] == ["x1", "x2"] and target not in (
        *("matmul", "tensordot", "vecdot", "searchsorted", "isin", "linalg.matmul", "linalg.tensordot"),
        *("linalg.vecdot", "linalg.outer", "linalg.cross", "linalg.solve"),
    )


def demanded(target: str, condition: Condition, effect: Effect) -> bool:
    """Whether a fault of this kind can be one at all."""
    if target.startswith("vjp "):
        # an axis of size 1 that a cotangent has too many is summed away where its function broadcast, and arguments of
        # a rule that no operation of K passes concern nobody
        return (
            effect.family == "value"
            and condition.family in ("size", "dtype")
            and condition.words not in ("no element", "an empty axis among others")
        )
    if _is_open(target, condition, effect):
        return False
    if effect.on == "error":
        return _refuses(target, condition, effect)
    if effect.words == "a copy that was asked for is a view":
        return target in COPIES
    # a shape or memory that depends on values is no fault that libraries have
    return condition.family != "value" or effect.family not in ("alias", "mutation", "shape")


def _is_open(target: str, condition: Condition, effect: Effect) -> bool:
    """Whether the standard leaves open what the effect changes under the condition."""
    if condition.special and not _speaks_of(target, condition.special):
        return True
    if effect.special:
        zeros = ("maximum", "minimum", "max", "min", "clip", "K.maximum", "K.minimum")  # which zero is larger is open
        return effect.special != condition.special or (effect.special == "zero" and target in zeros)
    if target in OF_DTYPES and (condition.family in ("size", "layout", "value") or effect.family == "mutation"):
        return True
    if target in EMPTY and effect.family == "value":
        return True
    if target in UNIQUE and effect.words.endswith("swapped"):
        return True
    if target == "arange" and "complex" in condition.words:
        return True
    if target == "linspace" and ("dtype=int" in condition.words or "dtype=uint" in condition.words):
        return True
    if target == "meshgrid" and ("or more axes" in condition.words or condition.family == "layout"):
        return True  # of vectors
    if not target.startswith("K.") and not _takes(target, condition):
        return True
    huge = "10**30" in condition.words
    return (target in OVERFLOWING and (huge or "2**" in condition.words)) or (target in UNORDERED and huge)


def _refuses(target: str, condition: Condition, effect: Effect) -> bool:
    """Whether the standard or K's case wants an error."""
    # how many elements the arrays of an invalid call have is no matter
    if condition.family not in ("size", "dtype", "option", "calls") or condition.words.endswith(("right", "elements")):
        return False
    if effect.words == "an axis out of range is accepted":
        return target in _refuses_axes() and any(p.name == "axis" for p in parameters_of(target))
    if effect.words == "shapes that do not broadcast are accepted":
        return _is_elementwise(target)
    return target.startswith("K.") and bool(discovered()[target[2:]].errors)
