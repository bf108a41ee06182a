"""Recurrent networks: a step function run over the time axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..control.loop import scan
from ..dispatch.boundary import moved, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays, device_of

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
    """Run a step function over the time axis, carrying states from step to step.

    Parameters
    ----------
    step_function : callable
        ``step_function(inputs_t, states + constants)`` gives an output and the
        list of new states.
    inputs : array
        Shape (batch, time, ...).
    initial_states : sequence of arrays
        There may be none. States keep their shapes and dtypes.
    go_backwards : bool
        Whether the last time comes first.
    mask : array, optional
        Shape (batch, time) or (batch, time, 1); nonzero means present. A masked
        step repeats the previous output (zeros before the first) and keeps the
        states.
    constants : sequence of arrays, optional
        Passed to each step after the states.
    unroll : bool
        Whether to write the steps out, which needs a known number of them.
    input_length : int, optional
        Accepted for old programs; all steps run.

    Returns
    -------
    last_output : array
        Shape (batch, ...).
    outputs : array
        Shape (batch, time, ...), in the order in which the steps ran.
    new_states : list of arrays
        The states after the last step.

    Raises
    ------
    ValueError
        If the inputs have fewer than 3 dimensions, the mask has another shape,
        or `unroll` is set and the number of steps is unknown.

    Notes
    -----
    A value in the step that does not depend on the inputs' values, such as a
    dropout mask, is computed once. If the first output has
    `_uses_learning_phase` True, so has the last output.

    There are gradients through everything. Without a step the last output is zeros, and the states are the initial
    ones.

    References
    ----------
    Keras 2.3.1, ``keras.backend.rnn``.

    Examples
    --------
    >>> def step(x, states):
    ...     total = states[0] + x
    ...     return total, [total]
    >>> x = np.reshape(np.asarray([1.0, 2.0, 3.0]), (1, 3, 1))
    >>> last, outputs, states = K.rnn(step, x, [np.zeros((1, 1))])
    >>> last, outputs[0, :, 0]
    (array([[6.]]), array([1., 3., 6.]))
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
    n = sizes(inputs)
    blank = xp.zeros((n[0], *n[2:]), dtype=inputs.dtype, device=device_of(inputs)) if n[1] == 0 else inputs[:, 0, ...]
    first, _ = step_function(blank, states + extra)

    def step(carry: Any, slices: Any) -> tuple[Any, Any]:
        previous, old = carry
        output, new = step_function(slices[0], list(old) + extra)
        if mask is not None:
            output = _kept(xp, slices[1], output, previous)
            new = [_kept(xp, slices[1], a, b) for a, b in zip(new, old, strict=True)]
        return (output, tuple(new)), output

    start = (xp.zeros_like(first), tuple(states))
    if unroll and n[1] != 0:
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
    wrong = any(n != k and None not in (n, k) and k != 1 for n, k in zip(inputs.shape, mask.shape, strict=False))
    if mask.ndim != 2 or wrong:
        raise ValueError(
            f"rnn: mask has shape {tuple(mask.shape)} for inputs of shape {tuple(inputs.shape)}, "
            "expected (batch, time) or (batch, time, 1)"
        )
    mask = mask if mask.dtype == xp.bool else xp.astype(mask, xp.bool)
    # with the input's own sizes: a gradient need not find out at run time whether the mask was repeated
    return moved(xp.broadcast_to(mask, sizes(inputs)[:2]), 1, 0)


def _kept(xp: Any, present: Array, new: Array, old: Array) -> Array:
    """`new` where the step is present, else `old`; the mask reaches over all further axes."""
    return xp.where(xp.reshape(present, (*sizes(present), *(1,) * (new.ndim - 1))), new, old)
