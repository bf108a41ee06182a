"""Random programs: the same operations on arrays of NumPy and torch at once, and on placeholders of unknown sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

import backend as K

__all__ = ["Program", "drawn"]

Draw = Callable[[int], int]  # an integer from 0 to below n
SIZES = (1, 2, 3)


def _axis(draw: Draw, x: Any) -> int:
    return draw(x.ndim) - x.ndim * draw(2)


def _loop(draw: Draw, x: Any) -> Callable[[Any], Any]:
    scale, stacked = (0.5, -0.3)[draw(2)], draw(2)
    return lambda x: K.scan(lambda h, row: (K.tanh(h * scale + row), h * row), K.sum(x, axis=0) * 0.1, x)[stacked]


def _branch(draw: Draw, x: Any) -> Callable[[Any], Any]:
    whole = draw(2)
    return lambda x: K.cond(K.sum(x) > 0.3, lambda: K.sin(x) * 2.0, lambda: x if whole else x - 1.0)


def _rounds(draw: Draw, x: Any) -> Callable[[Any], Any]:
    limit = 1 + draw(3)
    return lambda x: K.while_loop(lambda v: K.sum(K.abs(v)) < 9.0, lambda v: v * 1.5 + 0.1, x, limit)


def _slice(draw: Draw, x: Any) -> Callable[[Any], Any]:
    keys = [slice(None), slice(1, None), slice(None, 1), slice(None, None, 2), slice(-1, None), slice(None, None, -1)]
    key = tuple(keys[draw(len(keys) - (n == 1) * 4)] for n in x.shape)
    return lambda x: x[tuple(k for k in key)] if all(k.step != -1 for k in key) else K.reverse(x, axes=0)


def _reduction(draw: Draw, x: Any) -> Callable[[Any], Any]:
    name, axis, keepdims = ("sum", "mean", "max", "logsumexp")[draw(4)], _axis(draw, x), bool(draw(2))
    return lambda x: getattr(K, name)(x, axis=axis, keepdims=keepdims)


def _reshape(draw: Draw, x: Any) -> Callable[[Any], Any]:
    return [lambda x: K.flatten(x), lambda x: K.expand_dims(x, -1), lambda x: K.reshape(x, (-1, 1))][draw(3)]


def _permute(draw: Draw, x: Any) -> Callable[[Any], Any]:
    order = list(range(x.ndim))
    for i in range(x.ndim):
        j = draw(x.ndim)
        order[i], order[j] = order[j], order[i]
    return lambda x: K.permute_dimensions(x, tuple(order))


UNARY: list[Callable[[Draw, Any], Callable[[Any], Any] | None]] = [
    lambda draw, x: [K.tanh, K.sin, K.sigmoid, K.square, K.relu, lambda x: -x, lambda x: x * 1.0][draw(7)],
    lambda draw, x: _reduction(draw, x) if x.ndim else None,
    lambda draw, x: _slice(draw, x) if x.ndim else None,
    lambda draw, x: _reshape(draw, x) if x.ndim < 3 else None,
    lambda draw, x: _permute(draw, x) if x.ndim > 1 else None,
    lambda draw, x: (lambda x: K.softmax(x)) if x.ndim > 1 else None,
    lambda draw, x: (lambda x: K.concatenate([x, x * 0.5], axis=0)) if x.ndim and x.size < 40 else None,
    lambda draw, x: (lambda x: K.cumsum(x, axis=0)) if x.ndim else None,
    lambda draw, x: _loop(draw, x) if x.ndim > 1 else None,
    _branch,
    _rounds,
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x - y * 0.5,
    K.maximum,
    lambda x, y: K.where(x > y, x, y * 2.0),
    lambda x, y: x / (1.5 + K.square(y)),
]


@dataclasses.dataclass
class Program:
    """Steps on a growing list of values: each a function and the positions of its arguments."""

    steps: list[tuple[Callable[..., Any], tuple[int, ...]]]
    outputs: list[int]

    def __call__(self, *inputs: Any) -> list[Any]:
        values = list(inputs)
        for function, positions in self.steps:
            values.append(function(*(values[i] for i in positions)))
        return [values[i] for i in self.outputs]


def _fit(a: Any, b: Any) -> bool:
    try:
        return len(np.broadcast_shapes(a.shape, b.shape)) < 4
    except ValueError:
        return False


def drawn(draw: Draw, inputs: list[np.ndarray]) -> Program:
    """A program of 2 to 9 steps that these arrays can run, found by running it."""
    values, steps = list(inputs), []
    for _ in range(2 + draw(8)):
        i = draw(len(values))
        if draw(3) == 0:
            partners = [j for j, v in enumerate(values) if _fit(values[i], v)]
            step = BINARY[draw(len(BINARY))], (i, partners[draw(len(partners))])
        else:
            function = UNARY[draw(len(UNARY))](draw, values[i])
            if function is None:
                continue
            step = function, (i,)
        steps.append(step)
        values.append(np.asarray(step[0](*(values[k] for k in step[1]))))
    made = range(len(inputs), len(values))
    outputs = [len(values) - 1, *(k for k in made if draw(4) == 0)]
    return Program(steps, outputs)
