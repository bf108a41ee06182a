"""Loops and branches within a program that jax.jit compiles: scan, while_loop and cond, whatever their length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ...arrays.checks import ValuesNeededError, collected_checks, is_collecting

__all__ = ["branch", "loop", "while_loop"]

Arrays = tuple[Any, ...]


def _traceable(*arrays: Any) -> bool:
    """Whether this runs within our trace: in a single call each body would be compiled anew."""
    return is_collecting() and any(isinstance(x, jax.core.Tracer) for x in arrays)


def _unchecked(body: Callable[..., Any], *arrays: Any) -> Arrays:
    """The results of a body; ValuesNeededError where it checks values, which cannot leave the loop."""
    with collected_checks() as checks:
        results = tuple(map(_strong, body(*arrays)))
    if checks:
        raise ValuesNeededError("the body of a loop or branch checks values")
    return results


def _strong(x: Any) -> Any:
    """An array of a dtype of its own: a Python number's, which is weak, would change within a carry."""
    return lax.convert_element_type(x, jnp.asarray(x).dtype)


def loop(initial: Arrays, sequences: Arrays, captured: Arrays, *, body: Any, length: Any, reverse: bool) -> Any:
    """lax.scan."""
    steps = sequences[0].shape[0] if sequences else int(length)
    if not steps or not _traceable(*initial, *sequences, *captured):
        return NotImplemented

    def step(carry: Arrays, slices: Arrays) -> tuple[Arrays, Arrays]:
        results = _unchecked(body, *carry, *slices, *captured)
        return results[: len(initial)], results[len(initial) :]

    start = tuple(map(_strong, initial))
    carry, outputs = lax.scan(step, start, tuple(sequences), length=steps, reverse=reverse)
    return (*carry, *outputs)


def while_loop(
    initial: Arrays, test_captured: Arrays, captured: Arrays, *, condition: Any, body: Any, limit: Any
) -> Any:
    """lax.while_loop, which counts the iterations."""
    if not _traceable(*initial, *test_captured, *captured):
        return NotImplemented

    def going(state: Arrays) -> Any:
        count, *arrays = state
        holds = _unchecked(condition, *arrays, *test_captured)[0]
        return holds if limit is None else holds & (count < limit)

    def step(state: Arrays) -> Arrays:
        count, *arrays = state
        return (count + jnp.int32(1), *_unchecked(body, *arrays, *captured))

    count, *state = lax.while_loop(going, step, (jnp.int32(0), *map(_strong, initial)))
    return (*state, count)


def branch(condition: Any, first: Arrays, second: Arrays, *, then: Any, otherwise: Any) -> Any:
    """lax.cond."""
    if not _traceable(condition):
        return NotImplemented
    holds = condition != 0 if condition.dtype != jnp.bool_ else condition
    return lax.cond(holds, lambda: _unchecked(then, *first), lambda: _unchecked(otherwise, *second))
