"""Loops of a trace whose number of steps is known when the traced function runs: tf.while_loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

__all__ = ["scan", "while_loop"]

Arrays = tuple[Any, ...]
Step = Callable[..., Arrays]


def scan(step: Step, initial: Sequence[Any], sequences: Sequence[Any], reverse: bool) -> Arrays:
    """(*carry, *outputs) of step(*carry, *slices) along the first axis of the sequences; outputs are stacked."""
    count, length = len(initial), tf.shape(sequences[0])[0]
    traced = _traced(step, [x.shape for x in initial], initial, sequences)
    carried, shaped = traced.structured_outputs[:count], traced.structured_outputs[count:]
    shapes = [_common(x.shape, y.shape) for x, y in zip(initial, carried, strict=True)]
    if any(a.as_list() != x.shape.as_list() for a, x in zip(shapes, initial, strict=True)):
        traced = _traced(step, shapes, initial, sequences)  # its steps meet a carry of which less is known
    rows = [tf.TensorArray(y.dtype, length, element_shape=y.shape) for y in shaped]

    def one(i: Any, carry: Arrays, rows: list[Any]) -> tuple[Any, Arrays, list[Any]]:
        place = length - 1 - i if reverse else i
        results = traced(*carry, *(x[place] for x in sequences))
        return i + 1, tuple(results[:count]), [r.write(place, y) for r, y in zip(rows, results[count:], strict=True)]

    kept = (tf.TensorShape(()), tuple(shapes), [tf.TensorShape(None)] * len(rows))
    _, carry, rows = tf.while_loop(
        lambda i, *_: i < length, one, (tf.constant(0), tuple(initial), rows), kept, maximum_iterations=length
    )

    def none() -> list[Any]:
        """Outputs of no step: a step on zeros gives their shapes."""
        blank = (tf.zeros(tf.shape(x)[1:], x.dtype) for x in sequences)
        return [tf.zeros(tf.concat([[0], tf.shape(y)], 0), y.dtype) for y in traced(*initial, *blank)[count:]]

    outputs = tf.cond(length == 0, none, lambda: [r.stack() for r in rows]) if rows else []
    return (
        *carry,
        *(tf.ensure_shape(y, (sequences[0].shape[0], *s.shape)) for y, s in zip(outputs, shaped, strict=True)),
    )


def while_loop(condition: Step, body: Step, state: Sequence[Any], limit: int | None) -> Arrays:
    """(*state, count) after as many steps as the condition holds, at most `limit`."""

    def going(count: Any, *arrays: Any) -> Any:
        holds = condition(*arrays)[0]
        return holds if limit is None else holds & (count < limit)

    def step(count: Any, *arrays: Any) -> Arrays:
        return (count + 1, *body(*arrays))

    count, *last = tf.while_loop(going, step, (tf.constant(0), *state))
    return (*last, count)


def _common(first: Any, second: Any) -> Any:
    """The sizes that two shapes of one rank share."""
    return tf.TensorShape([n if n == m else None for n, m in zip(first, second, strict=True)])


def _traced(step: Step, carry: Sequence[Any], initial: Sequence[Any], sequences: Sequence[Any]) -> Any:
    """The step traced once, with the shapes and dtypes of its results."""
    specs = [tf.TensorSpec(shape, x.dtype) for shape, x in zip(carry, initial, strict=True)]
    specs += [tf.TensorSpec(x.shape[1:], x.dtype) for x in sequences]
    return tf.function(lambda *given: tuple(step(*given)), autograph=False).get_concrete_function(*specs)
