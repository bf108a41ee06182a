"""Faults in order, ties, indices, integers and conditions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .faults import Mutant, arguments, fixing, instead, result

__all__ = ["ORDER"]


def _last(function: Any) -> Any:
    """The last of several equal elements along an axis."""

    def find(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
        x = np.reshape(x, (-1,)) if axis is None else x
        axis = 0 if axis is None else axis
        return x.shape[axis] - 1 - function(np.flip(x, axis), axis=axis, keepdims=keepdims)

    return instead(find)


def _unstable(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    last = x.shape[axis] - 1
    return last - np.flip(np.argsort(np.flip(-x if descending else x, axis), axis=axis, kind="stable"), axis)


def _saturated(got: Any, x: Any, y: Any) -> Any:
    if got.dtype != np.int32:
        return got
    true = np.asarray(x).astype(np.int64) + np.asarray(y).astype(np.int64)
    return np.clip(true, -(2**31), 2**31 - 1).astype(np.int32)


ORDER = [
    Mutant("argsort is not stable", "argsort", instead(_unstable)),
    Mutant("argsort ignores descending", "argsort", fixing(descending=False)),
    Mutant("argmax returns the last of several", "argmax", _last(np.argmax)),
    Mutant("argmin returns the last of several", "argmin", _last(np.argmin)),
    Mutant(
        "searchsorted uses the other side",
        "searchsorted",
        arguments(
            lambda x, v, *, side="left", sorter=None: (
                (x, v),
                {"side": {"left": "right", "right": "left"}[side], "sorter": sorter},
            )
        ),
    ),
    Mutant(
        "take is off by one",
        "take",
        result(
            lambda got, x, i, *, axis=None: (
                np.take(x, (np.asarray(i) + 1) % max(x.shape[axis or 0], 1), axis=axis or 0)
                if x.shape[axis or 0]
                else got
            )
        ),
    ),
    Mutant(
        "take sorts its indices",
        "take",
        result(lambda got, x, i, *, axis=None: np.take(x, np.sort(i), axis=axis or 0) if x.shape[axis or 0] else got),
    ),
    Mutant(
        "take_along_axis reverses its result",
        "take_along_axis",
        result(lambda got, x, i, *, axis=-1: np.flip(got, axis)),
    ),
    Mutant(
        "where swaps its branches at NaN",
        "where",
        result(
            lambda got, c, x, y: np.where(np.isnan(x) if np.asarray(x).dtype.kind == "f" else False, y, got).astype(
                got.dtype
            )
        ),
    ),
    Mutant(
        "where always takes the first branch", "where", result(lambda got, c, x, y: got * 0 + np.asarray(x, got.dtype))
    ),
    Mutant("int32 saturates instead of wrapping", "add", result(_saturated)),
    Mutant(
        "sum of int32 overflows in 8 bits",
        "sum",
        result(lambda got, *a, **k: got.astype(np.int8).astype(got.dtype) if got.dtype.kind == "i" else got + 0),
    ),
    Mutant(
        "products of integers go through float16",
        "multiply",
        result(lambda got, *a: got.astype(np.float16).astype(got.dtype) if got.dtype.kind == "i" else got),
    ),
    Mutant(
        "right shifts are logical",
        "bitwise_right_shift",
        result(
            lambda got, x, n: (
                (x.astype(np.uint32) >> np.asarray(n).astype(np.uint32)).astype(got.dtype)
                if got.dtype == np.int32
                else got
            )
        ),
    ),
    Mutant(
        "left shifts lose the highest bit",
        "bitwise_left_shift",
        result(lambda got, x, n: got & np.asarray(2**31 - 1, got.dtype)),
    ),
    Mutant("xor is or", "bitwise_xor", instead(np.bitwise_or)),
    Mutant(
        "and is or for integers",
        "bitwise_and",
        result(lambda got, x, y: got if got.dtype.kind == "b" else np.bitwise_or(x, y).astype(got.dtype)),
    ),
    Mutant("remainder has the sign of the dividend", "remainder", instead(np.fmod)),
    Mutant("less is less or equal", "less", instead(np.less_equal)),
    Mutant("greater_equal is greater", "greater_equal", instead(np.greater)),
    Mutant("greater is greater or equal", "greater", instead(np.greater_equal)),
    Mutant("less_equal is less", "less_equal", instead(np.less)),
    Mutant(
        "any is all",
        "any",
        instead(
            lambda x, *, axis=None, keepdims=False: (
                np.any(x, axis=axis, keepdims=keepdims) & np.all(x, axis=axis, keepdims=keepdims)
            )
        ),
    ),
    Mutant("all is any", "all", instead(np.any)),
    Mutant("logical_not is the identity for False", "logical_not", instead(np.zeros_like)),
    Mutant("logical_and is or", "logical_and", instead(np.logical_or)),
    Mutant("logical_or is xor", "logical_or", instead(np.logical_xor)),
    Mutant(
        "sum of nothing is NaN",
        "sum",
        result(
            lambda got, x, **k: got * np.asarray(np.nan, got.dtype) if got.dtype.kind == "f" and not x.size else got
        ),
    ),
    Mutant("prod of nothing is 0", "prod", result(lambda got, x, **k: got * 0 if not x.size else got)),
    Mutant("std divides by n - 1", "std", arguments(lambda x, **how: ((x,), how | {"correction": 1.0}))),
    Mutant("var divides by n - 1", "var", arguments(lambda x, **how: ((x,), how | {"correction": 1.0}))),
]
