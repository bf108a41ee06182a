"""Whole programs by torch.compile."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from ._precision import precise_program
from .convolution import WEIGHT

__all__ = ["jit", "jit_beside"]

Program = Callable[..., Any]
MOST_KINDS = 8  # of arrays that one function keeps, each with a program of its own: torch's own limit is 8, too
_MAY_CHANGE = bool, int, float, str, type(None), Tensor  # torch's settings and ours, and constants


def jit(scope: dict[str, Any], name: str, chains: list[str], steady: Collection[str] = ()) -> Program:
    """torch.compile, for `K.function(..., jit=True)`; the tensors for the parameters `steady` are always of one kind.

    torch tests at each call whether what it has compiled holds. What the program reads by name needs no test where that
    is a function, a class, a module or a collection: the program and its kernels are ours, and stay as they are. Of the
    130 tests for the batch-norm net these are 100, and 12 of its 188 us at batch 1; those of what is kept take 5.
    """

    def needed(guards: Sequence[Any]) -> list[bool]:
        return [
            g.name.partition(".")[0] not in steady
            if not g.is_global
            else not g.has_value or isinstance(g.value, _MAY_CHANGE)
            for g in guards
        ]

    # torch keeps what it has compiled with the code, where programs of two scopes would now look alike
    program = scope[name]
    own = types.FunctionType(program.__code__.replace(), program.__globals__, name)
    return precise_program(torch.compile(own, options={"guard_filter_fn": needed}))


def jit_beside(
    scope: dict[str, Any], name: str, chains: list[str], first: int
) -> Callable[[Sequence[Tensor] | None], Program]:
    """As `jit`, for arrays that are kept, and handed over from the argument numbered `first` on."""
    parameters = scope[name].__code__.co_varnames
    made: dict[Any, Program] = {}

    def program(kept: Sequence[Tensor] | None) -> Program:
        kind = None if kept is None else _kind(kept)
        if kind not in made and len(made) > MOST_KINDS:
            kind = None
        if kind not in made:
            steady = () if kept is None or kind is None else parameters[first : first + len(kept)]
            made[kind] = jit(scope, name, chains, steady)
        return made[kind]

    return program


def _kind(arrays: Sequence[Tensor]) -> tuple[Any, ...]:
    """All that a compiled program takes for granted about arrays, but for their values."""
    ids = [*map(id, arrays)]
    return tuple(
        (type(x), x.shape, x.stride(), x.dtype, x.device, x.layout, x.is_conj(), x.is_neg(), hasattr(x, WEIGHT), same)
        for x, same in zip(arrays, map(ids.index, ids), strict=True)
    )
