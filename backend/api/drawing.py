"""What random functions share: their parameters, and where a draw takes its numbers."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from ..arrays.backends import active
from ..arrays.dtypes import is_float, kind_of
from ..arrays.namespaces import host, is_concrete, on_a_device
from ..arrays.typing import Array
from ..dispatch.boundary import dtype_from, number_like, sizes
from ..dispatch.promotion import array_namespace, device_of, dtype_name, is_array, native_dtype
from ..graph.composite import Composite
from ..graph.recording import tensor
from ..graph.shape_rules import broadcast_shape
from ..graph.tensor import Effect, Tensor
from ..ops.rng.seeds import seed_words
from .streams import drawn_seed, next_stream

__all__ = ["drawn_for", "drawn_from", "parameters"]


def drawn_from(operation: str, draw: Composite, shape: Any, dtype: Any, seed: Any, *given: Any, **how: Any) -> Any:
    """What `draw` gives for a seed, with numbers and arrays given.

    A number, or None, is the seed of a stream: the result is a tensor with a counter that every evaluation increments.
    An array is the seed and the number of the draw: the result is an array of its library, or symbolic as it is.
    """
    wanted = {"dtype": dtype_from(operation, dtype), **how}
    words: Any = seed_words(operation, seed)
    effects: tuple[Effect, ...] = ()
    if words is None:
        seed, words = next_stream(seed)
        first, effects = words.array, (Effect(words, words + 1, tensor(1, "int32")),)
    else:
        seed, first = 0, active().asarray(np.zeros(1, "int32"), "int32") if isinstance(words, Tensor) else words
    wide = "float64" if wanted["dtype"] == "float64" else "float32"
    native = native_dtype(array_namespace(first), wide)
    try:
        if effects or any(isinstance(x, Tensor) for x in (words, *given)):
            # a draw of no elements raises errors of bad parameters now, not at the first evaluation
            draw.definition(first, *(number_like(first, 1.0, native) for _ in given), seed=seed, shape=(0,), **wanted)
            arrays = (v if is_array(v) else tensor(v, wide) for v in given)
            return draw.record((words, *arrays), {"seed": seed, "shape": shape, **wanted}, effects)
        return draw(
            words,
            *(v if is_array(v) else number_like(words, v, native) for v in given),
            seed=seed,
            shape=shape,
            **wanted,
        )
    except (TypeError, ValueError) as error:
        inner, _, message = str(error).partition(": ")
        if inner != draw.__name__.removeprefix("draw_"):
            raise
        raise type(error)(f"{operation}: {message}") from None


def drawn_for(operation: str, x: Array, draw: Composite, shape: Any, seed: Any, dtype: str, **how: Any) -> Any:
    """A draw beside x: as `drawn_from`, but for a seed that is no array beside a native x the first draw, like x."""
    if isinstance(x, Tensor) or seed_words(operation, seed) is not None:
        return drawn_from(operation, draw, shape, dtype, seed, **how)
    xp = array_namespace(x)
    first = xp.zeros((1,), dtype=xp.int32, device=device_of(x))
    return draw(first, seed=drawn_seed(seed), shape=shape, dtype=dtype, **how)


# Least and greatest value of parameters, checked where they are not symbolic; numbers are checked by the draw itself.
_RANGES = {"stddev": (0.0, np.inf), "p": (0.0, 1.0), "level": (0.0, np.nextafter(1.0, 0.0))}
_RANGES |= dict.fromkeys(("alpha", "beta"), (np.nextafter(0.0, 1.0), np.inf))


def parameters(operation: str, shape: Any, like: Any, most: float = np.inf, **given: Any) -> tuple[Any, ...]:
    """The parameters of a draw: numbers, and arrays and tensors that broadcast to its shape.

    Lists become arrays like `like`, where that is one. Those named n are whole numbers up to `most`.
    """
    values = {argument: _number(operation, argument, value, like) for argument, value in given.items()}
    wrong: dict[str, Any] = {}
    for argument, value in values.items():
        if is_array(value):
            broadcast_shape(f"{operation}: {argument}", sizes(value), shape)
            if is_concrete(value):
                wrong[argument] = _outside(argument, value, most)
    if wrong and bool(functools.reduce(operator.or_, wrong.values())):  # a device is asked once
        argument = next(argument for argument, found in wrong.items() if bool(found))
        low, high = (0, most) if argument == "n" else _RANGES.get(argument, (-np.inf, np.inf))
        whole = ", or no whole numbers" if argument == "n" else ""
        raise ValueError(f"{operation}: {argument} has values outside {low} to {high}{whole}")
    return tuple(values.values())


def _outside(argument: str, value: Any, most: float) -> Any:
    """Whether an array has values that its parameter cannot have; on a device the answer stays there."""
    value = value if on_a_device(value) else host(value)
    xp = array_namespace(value)
    low, high = (0, most) if argument == "n" else _RANGES.get(argument, (-np.inf, np.inf))
    right = (value >= low) & (value <= high)
    if argument == "n" and is_float(dtype_name(value.dtype)):
        right = right & (xp.floor(value) == value)
    return ~xp.all(right)


def _number(operation: str, argument: str, value: Any, like: Any) -> Any:
    """A parameter as a Python number, which arrays of one element in the host's memory count as, or as an array."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        xp = array_namespace(like) if is_array(like) and not isinstance(like, (Tensor, np.generic)) else np
        value = np.asarray(value) if xp is np else xp.asarray(value, device=device_of(like))
    if (
        not is_array(value)
        or dtype_name(value.dtype) == "bool"
        or kind_of(dtype_name(value.dtype)) == "complex floating"
    ):
        raise TypeError(f"{operation}: {argument} is {value!r}, expected a number, or an array or tensor of them")
    return host(value).item() if is_concrete(value) and value.size == 1 and not on_a_device(value) else value
