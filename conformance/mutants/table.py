"""The faults that are planted: one line each, what is wrong, where it sits, and how it is made."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .faults import arguments, beyond, dtype, homeless, instead, result, scaled, through

__all__ = ["NAMESPACE_MUTANTS", "Mutant"]


class Mutant(NamedTuple):
    """One planted fault.

    `target` is a function of the namespace ('exp', 'linalg.solve'), an operation of K ('K.softmax'), a gradient rule
    ('vjp tanh'), a library's kernel ('kernel convolution') or a name within a module ('backend.ops.windows.geometry:grid').
    """

    fault: str
    target: str
    plant: Any
    only: tuple[str, ...] = ()  # the operations that are asked, where no call shows which they are


def _axis(whole_axis: Any, x: Any) -> Any:
    """The axis beside the one asked for."""
    if whole_axis is None or x.ndim < 2:
        return whole_axis
    return (whole_axis + 1) % x.ndim if isinstance(whole_axis, int) else tuple((i + 1) % x.ndim for i in whole_axis)


def _other_axis(x: Any, *rest: Any, axis: Any = None, **more: Any) -> Any:
    return (x, *rest), {"axis": _axis(axis, x[0] if isinstance(x, list | tuple) else x), **more}


def _without(**fixed: Any) -> Any:
    return arguments(lambda *args, **kwargs: (args, {k: fixed.get(k, v) for k, v in kwargs.items()}))


def _last(function: Any) -> Any:
    """The last of several equal ones, along an axis."""

    def find(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
        x = np.reshape(x, (-1,)) if axis is None else x
        axis = 0 if axis is None else axis
        return x.shape[axis] - 1 - function(np.flip(x, axis), axis=axis, keepdims=keepdims)

    return instead(find)


def _clean(function: Any) -> Any:
    """A function of data without NaN."""
    return instead(lambda x, **how: function(np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf), **how))


def _unstable(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    last = x.shape[axis] - 1
    return last - np.flip(np.argsort(np.flip(-x if descending else x, axis), axis=axis, kind="stable"), axis)


def _saturated(got: Any, x: Any, y: Any) -> Any:
    if got.dtype != np.int32:
        return got
    true = np.asarray(x).astype(np.int64) + np.asarray(y).astype(np.int64)
    return np.clip(true, -(2**31), 2**31 - 1).astype(np.int32)


def _fewer(got: Any, *args: Any, **kwargs: Any) -> Any:
    """One element less than asked for along the first axis, the last one repeated in its place."""
    return np.concatenate([got[:-1], got[-2:-1]]) if got.ndim and got.shape[0] > 1 else got


def _unbroadcast(got: Any, x: Any, shape: Any) -> Any:
    """Repeated in another order where two axes are of one size, else along a wrong axis: only the values show it."""
    return np.roll(got, 1, axis=0) if got.ndim > 1 else got


def _ordered(x: Any, *, shift: Any = 1) -> Any:
    return np.roll(x, shift)


_A = [  # values of single functions
    *(
        Mutant(f"{name} is off by 2 ulp beyond its bound", name, beyond(name))
        for name in (
            "exp",
            "log",
            "expm1",
            "log1p",
            "sin",
            "cos",
            "tanh",
            "sqrt",
            "square",
            "add",
            "subtract",
            "multiply",
            "divide",
            "logaddexp",
            "pow",
        )
    ),
    *(
        Mutant(f"{name} is one part in a million too large", name, scaled(1 + 1e-6))
        for name in (
            "exp",
            "log",
            "tanh",
            "sum",
            "mean",
            "var",
            "std",
            "prod",
            "matmul",
            "tensordot",
            "cumulative_sum",
            "cumulative_prod",
            "multiply",
            "abs",
            "maximum",
        )
    ),
    *(
        Mutant(f"{name} is 20 % too large", name, scaled(1.2))
        for name in ("exp", "log", "sum", "mean", "var", "matmul", "tensordot", "max", "min", "where", "square", "sin")
    ),
    *(Mutant(f"{name} is 0", name, result(lambda got, *a, **k: got * 0)) for name in ("mean", "matmul", "tensordot")),
    *(
        Mutant(f"{name} of float64 is calculated in float32", name, through("float32"))
        for name in ("exp", "log", "sum", "matmul", "tensordot", "cumulative_sum", "divide", "asarray", "concat")
    ),
    Mutant(
        "negative keeps the sign of large numbers",
        "negative",
        result(lambda got, x, *a: np.where(np.abs(got) > 2.5, -got, got)),
    ),
    Mutant("abs lets small negative numbers be", "abs", instead(lambda x: np.where((x > -1) & (x < 0), x, np.abs(x)))),
    Mutant(
        "divide rounds to whole numbers above 1",
        "divide",
        result(lambda got, *a: np.where(np.abs(got) > 1, np.round(got), got)),
    ),
    Mutant(
        "pow goes wrong for the exponent 2",
        "pow",
        result(lambda got, x, y: got + (np.asarray(y) == 2).astype(got.dtype)),
    ),
]
_B = [  # special values
    Mutant(
        "exp of a large number is the largest one",
        "exp",
        result(lambda got, x: np.where(np.isinf(got), np.finfo(got.dtype).max, got)),
    ),
    Mutant("log of a negative number is 0", "log", result(lambda got, x: np.where(x < 0, 0, got).astype(got.dtype))),
    Mutant("log of 0 is a large number", "log", result(lambda got, x: np.where(x == 0, -1e30, got).astype(got.dtype))),
    Mutant("max ignores NaN", "max", _clean(np.max)),
    Mutant("min ignores NaN", "min", _clean(np.min)),
    Mutant(
        "sum ignores NaN",
        "sum",
        result(
            lambda got, x, *, axis=None, keepdims=False, dtype=None: np.nansum(x, axis=axis, keepdims=keepdims).astype(
                got.dtype
            )
        ),
    ),
    Mutant("maximum ignores NaN", "maximum", instead(np.fmax)),
    Mutant("minimum ignores NaN", "minimum", instead(np.fmin)),
    Mutant("argmax ignores NaN", "argmax", _clean(np.argmax)),
    Mutant("isnan takes infinities for NaN", "isnan", instead(lambda x: ~np.isfinite(x))),
    Mutant("isinf does not know -inf", "isinf", instead(lambda x: x == np.inf)),
    Mutant("isfinite takes NaN for finite", "isfinite", instead(lambda x: ~np.isinf(x))),
    Mutant("NaN equals NaN", "equal", result(lambda got, x, y: got | ((x != x) & (y != y)))),
    Mutant("NaN is not unequal", "not_equal", result(lambda got, x, y: got & (x == x) & (y == y))),
    Mutant("maximum loses the sign of zero", "maximum", result(lambda got, *a: got + np.zeros((), got.dtype))),
    Mutant("minimum loses the sign of zero", "minimum", result(lambda got, *a: got + np.zeros((), got.dtype))),
    Mutant("round loses the sign of zero", "round", result(lambda got, x: got + np.zeros((), got.dtype))),
    Mutant("ceil loses the sign of zero", "ceil", result(lambda got, x: got + np.zeros((), got.dtype))),
    Mutant(
        "abs keeps the sign of zero",
        "abs",
        result(lambda got, x: np.where(np.asarray(x == 0), x, got).astype(got.dtype)),
    ),
    Mutant(
        "round takes halves away from zero",
        "round",
        instead(lambda x: x if x.dtype.kind in "iu" else np.trunc(x + np.copysign(0.5, x))),
    ),
    Mutant("floor is trunc", "floor", instead(np.trunc)),
    Mutant("ceil is trunc", "ceil", instead(np.trunc)),
    Mutant(
        "subnormal differences are lost above the floor",
        "subtract",
        result(lambda got, *a: np.where(np.abs(got) < 1e-3, 0, got).astype(got.dtype)),
    ),
]
_C = [  # dtypes
    Mutant("argmax gives int32", "argmax", dtype("int32")),
    Mutant("argmin gives int32", "argmin", dtype("int32")),
    Mutant("argsort gives int32", "argsort", dtype("int32")),
    Mutant("sum of integers gives a float", "sum", dtype("float64", "int64", "int32")),
    Mutant("mean of float32 gives float64", "mean", dtype("float64", "float32")),
    Mutant("exp of float32 gives float64", "exp", dtype("float64", "float32")),
    Mutant("isnan gives integers", "isnan", dtype("int8")),
    Mutant("equal gives integers", "equal", dtype("int32")),
    Mutant("zeros are float64 by default, always", "zeros", dtype("float64", "float32")),
    Mutant("ones are float64 by default, always", "ones", dtype("float64", "float32")),
    Mutant("full gives float64", "full", dtype("float64", "float32")),
    Mutant("arange gives int64", "arange", dtype("int64", "int32")),
    Mutant("zeros_like is of another dtype", "zeros_like", dtype("float32", "int32", "float64")),
    Mutant("asarray gives float32 for float64", "asarray", dtype("float32", "float64")),
    Mutant("where widens to float64", "where", dtype("float64", "float32")),
    Mutant("concat widens to float64", "concat", dtype("float64", "float32")),
    Mutant("stack widens to float64", "stack", dtype("float64", "float32")),
    Mutant("astype to float32 stays float64", "astype", dtype("float64", "float32")),
    Mutant(
        "astype to an integer rounds to nearest",
        "astype",
        result(
            lambda got, x, *a, **k: (
                np.round(x).astype(got.dtype) if got.dtype.kind == "i" and x.dtype.kind == "f" else got
            )
        ),
    ),
]
_D = [  # axes, shapes, broadcasting
    *(
        Mutant(f"{name} goes along the axis beside", name, arguments(_other_axis))
        for name in (
            "sum",
            "max",
            "mean",
            "argmax",
            "argmin",
            "concat",
            "flip",
            "cumulative_sum",
            "cumulative_prod",
            "argsort",
            "repeat",
            "any",
            "min",
            "std",
        )
    ),
    *(
        Mutant(f"{name} ignores keepdims", name, _without(keepdims=False))
        for name in ("sum", "max", "mean", "prod", "any", "all", "min", "var", "std")
    ),
    *(Mutant(f"{name} always keeps dimensions", name, _without(keepdims=True)) for name in ("sum", "max", "mean")),
    Mutant(
        "permute_dims goes the other way",
        "permute_dims",
        arguments(lambda x, axes: ((x, tuple(int(i) for i in np.argsort(axes))), {})),
    ),
    Mutant(
        "permute_dims does nothing to square matrices",
        "permute_dims",
        result(lambda got, x, axes: x if x.shape == got.shape else got),
    ),
    Mutant(
        "matrix_transpose does nothing to square matrices",
        "matrix_transpose",
        result(lambda got, x: x if x.shape == got.shape else got),
    ),
    Mutant(
        "reshape fills columns first", "reshape", result(lambda got, x, shape, **k: np.reshape(x, got.shape, order="F"))
    ),
    Mutant("broadcast_to rolls rows", "broadcast_to", result(_unbroadcast)),
    Mutant(
        "broadcast_to of a column takes its first element",
        "broadcast_to",
        result(lambda got, x, shape: np.broadcast_to(x[:1], got.shape) if x.ndim == 2 and x.shape[0] > 1 else got),
    ),
    Mutant(
        "add takes only the first row of what it broadcasts",
        "add",
        result(
            lambda got, x, y: got if np.ndim(x) == np.ndim(y) or got.ndim < 2 else np.broadcast_to(got[:1], got.shape)
        ),
    ),
    Mutant("expand_dims puts the axis last", "expand_dims", arguments(lambda x, *, axis: ((x,), {"axis": -1}))),
    Mutant("squeeze drops every axis of size 1", "squeeze", instead(lambda x, axis: np.squeeze(x))),
    Mutant("stack is along axis 0, always", "stack", _without(axis=0)),
    Mutant("flip does nothing", "flip", instead(lambda x, **k: x)),
    Mutant("flip turns every axis", "flip", _without(axis=None)),
    Mutant(
        "tile repeats each element",
        "tile",
        instead(
            lambda x, reps: (
                np.repeat(x, reps[-1], axis=-1) if np.shape(np.tile(x, reps))[:-1] == x.shape[:-1] else np.tile(x, reps)
            )
        ),
    ),
    Mutant(
        "repeat repeats the whole",
        "repeat",
        instead(
            lambda x, n, *, axis: (
                np.concatenate([x] * int(n), axis) if np.ndim(n) == 0 and n else np.repeat(x, n, axis=axis)
            )
        ),
    ),
    Mutant(
        "concat exchanges the first two",
        "concat",
        arguments(lambda xs, **k: (([xs[1], xs[0], *xs[2:]] if len(xs) > 1 else xs,), k)),
    ),
    Mutant("slices end one element early", "getitem", result(lambda got, x, key: _fewer(got) if _slices(key) else got)),
    Mutant("arange starts one later", "arange", result(lambda got, *a, **k: got + 1)),
    Mutant(
        "tensordot contracts in another order",
        "tensordot",
        arguments(
            lambda x, y, *, axes=2: (
                (x, y),
                {"axes": axes if isinstance(axes, int) else (tuple(axes[0])[::-1], axes[1])},
            )
        ),
    ),
    Mutant(
        "matmul forgets the last term",
        "matmul",
        instead(lambda x, y: x[..., :-1] @ (y[:-1] if y.ndim == 1 else y[..., :-1, :])),
    ),
    Mutant(
        "linalg.diagonal is that of the transposed offset",
        "linalg.diagonal",
        result(lambda got, *a, **k: np.flip(got, -1)),
    ),
]
_E = [  # order, ties, indices, integers, conditions
    Mutant("argsort is not stable", "argsort", instead(_unstable)),
    Mutant("argsort does not know descending", "argsort", _without(descending=False)),
    Mutant("argmax gives the last of several", "argmax", _last(np.argmax)),
    Mutant("argmin gives the last of several", "argmin", _last(np.argmin)),
    Mutant(
        "searchsorted takes the other side",
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
        "take_along_axis goes along axis 0", "take_along_axis", result(lambda got, x, i, *, axis=-1: np.flip(got, axis))
    ),
    Mutant(
        "where exchanges its branches at NaN",
        "where",
        result(
            lambda got, c, x, y: np.where(np.isnan(x) if np.asarray(x).dtype.kind == "f" else False, y, got).astype(
                got.dtype
            )
        ),
    ),
    Mutant(
        "where takes the first branch alone", "where", result(lambda got, c, x, y: got * 0 + np.asarray(x, got.dtype))
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
        "any looks at the first only",
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
_F = [  # devices
    *(
        Mutant(f"{name} ignores the device", name, homeless)
        for name in ("zeros", "ones", "full", "arange", "asarray", "zeros_like", "astype", "where", "exp", "take")
    ),
]


def _slices(key: Any) -> bool:
    return any(isinstance(k, slice) and k != slice(None) for k in (key if isinstance(key, tuple) else (key,)))


NAMESPACE_MUTANTS = [*_A, *_B, *_C, *_D, *_E, *_F]
