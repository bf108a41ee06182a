"""Faults in axes, shapes and broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .faults import Mutant, arguments, fixing, instead, result

__all__ = ["SHAPES"]


def _axis(whole_axis: Any, x: Any) -> Any:
    """The axis after the right one."""
    if whole_axis is None or x.ndim < 2:
        return whole_axis
    return (whole_axis + 1) % x.ndim if isinstance(whole_axis, int) else tuple((i + 1) % x.ndim for i in whole_axis)


def _other_axis(x: Any, *rest: Any, axis: Any = None, **more: Any) -> Any:
    return (x, *rest), {"axis": _axis(axis, x[0] if isinstance(x, list | tuple) else x), **more}


def _fewer(got: Any, *args: Any, **kwargs: Any) -> Any:
    """The last element of the first axis replaced by the one before it."""
    return np.concatenate([got[:-1], got[-2:-1]]) if got.ndim and got.shape[0] > 1 else got


def _unbroadcast(got: Any, x: Any, shape: Any) -> Any:
    """Rows in another order: the shape is right, only the values are wrong."""
    return np.roll(got, 1, axis=0) if got.ndim > 1 else got


def _slices(key: Any) -> bool:
    return any(isinstance(k, slice) and k != slice(None) for k in (key if isinstance(key, tuple) else (key,)))


SHAPES = [
    *(
        Mutant(f"{name} uses the next axis", name, arguments(_other_axis))
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
        Mutant(f"{name} ignores keepdims", name, fixing(keepdims=False))
        for name in ("sum", "max", "mean", "prod", "any", "all", "min", "var", "std")
    ),
    *(Mutant(f"{name} always keeps dimensions", name, fixing(keepdims=True)) for name in ("sum", "max", "mean")),
    Mutant(
        "permute_dims inverts the permutation",
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
        "add uses only the first row of a broadcast operand",
        "add",
        result(
            lambda got, x, y: got if np.ndim(x) == np.ndim(y) or got.ndim < 2 else np.broadcast_to(got[:1], got.shape)
        ),
    ),
    Mutant("expand_dims puts the axis last", "expand_dims", arguments(lambda x, *, axis: ((x,), {"axis": -1}))),
    Mutant("squeeze drops every axis of size 1", "squeeze", instead(lambda x, axis: np.squeeze(x))),
    Mutant("stack always uses axis 0", "stack", fixing(axis=0)),
    Mutant("flip does nothing", "flip", instead(lambda x, **k: x)),
    Mutant("flip flips every axis", "flip", fixing(axis=None)),
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
        "repeat repeats the whole array",
        "repeat",
        instead(
            lambda x, n, *, axis: (
                np.concatenate([x] * int(n), axis) if np.ndim(n) == 0 and n else np.repeat(x, n, axis=axis)
            )
        ),
    ),
    Mutant(
        "concat swaps the first two",
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
        "linalg.diagonal is reversed",
        "linalg.diagonal",
        result(lambda got, *a, **k: np.flip(got, -1)),
    ),
]
