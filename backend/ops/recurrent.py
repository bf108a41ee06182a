"""Recurrent networks: a step function run over the time axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..control.loop import scan
from ..dispatch.boundary import moved, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays

__all__ = ["rnn"]


@operation
def rnn(
    step_function: Callable[..., Any],
    inputs: Array,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Array | None = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
) -> tuple[Array, Array, list[Array]]:
    """Run step_function(inputs_t, states + constants) -> (output, new states) over the time axis.

    Returns (last output, outputs, last states). Shapes and dtypes: inputs (batch, time, ...), outputs (batch, time,
    ...) in the order the steps ran (with go_backwards the last time comes first); states keep their shapes and dtypes,
    and there may be none. `mask` is (batch, time) or (batch, time, 1), nonzero meaning present: a masked step repeats
    the previous output (zeros before the first) and keeps the states. `unroll` writes the steps out and needs a known
    number of them. `input_length` is accepted for old programs; all steps run. Differentiable through everything.
    Edge values: a value of the step that does not depend on the inputs' values, such as a dropout mask, is computed
    once. If the first output has `_uses_learning_phase` True, so has the last output.
    Errors: ValueError for inputs of fewer than 3 dimensions, a mask of another shape, or unroll without a known time.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, inputs, *states = arrays(inputs, *initial_states)
    extra = list(constants or [])
    if inputs.ndim < 3:
        raise ValueError(f"rnn: inputs has {inputs.ndim} dimensions, expected at least 3 (batch, time, ...)")
    if unroll and inputs.shape[1] is None:
        raise ValueError("rnn: unroll needs a known number of time steps")
    steps = [moved(inputs, 1, 0)]
    if mask is not None:
        steps.append(_time_mask(xp, inputs, mask))
    if go_backwards:
        steps = [xp.flip(x, axis=0) for x in steps]
    first, _ = step_function(inputs[:, 0, ...], states + extra)

    def step(carry: Any, slices: Any) -> tuple[Any, Any]:
        previous, old = carry
        output, new = step_function(slices[0], list(old) + extra)
        if mask is not None:
            output = _kept(xp, slices[1], output, previous)
            new = [_kept(xp, slices[1], a, b) for a, b in zip(new, old, strict=True)]
        return (output, tuple(new)), output

    start = (xp.zeros_like(first), tuple(states))
    if unroll:
        carry, rows = start, []
        for t in range(inputs.shape[1]):
            carry, output = step(carry, [x[t, ...] for x in steps])
            rows.append(output)
        (last, final), outputs = carry, xp.stack(rows, axis=0)
    else:
        (last, final), outputs = scan(step, start, steps)
    if getattr(first, "_uses_learning_phase", False):
        last._uses_learning_phase = True  # noqa: SLF001 - Keras's cells set it, Keras's layers read it
    return last, moved(outputs, 0, 1), list(final)


def _time_mask(xp: Any, inputs: Array, mask: Array) -> Array:
    """The mask as booleans, time first."""
    _, mask, _ = arrays(mask, inputs)
    if mask.ndim == 3 and mask.shape[2] in (1, None):
        mask = mask[:, :, 0]
    if mask.ndim != 2:
        raise ValueError(f"rnn: mask has shape {tuple(mask.shape)}, expected (batch, time) or (batch, time, 1)")
    mask = mask if mask.dtype == xp.bool else xp.astype(mask, xp.bool)
    # with the input's own sizes: a gradient need not find out at run time whether the mask was repeated
    return moved(xp.broadcast_to(mask, sizes(inputs)[:2]), 1, 0)


def _kept(xp: Any, present: Array, new: Array, old: Array) -> Array:
    """`new` where the step is present, else `old`; the mask reaches over all further axes."""
    return xp.where(xp.reshape(present, (*sizes(present), *(1,) * (new.ndim - 1))), new, old)
