"""Recurrent layers: Keras's rnn on scan, and LSTM and GRU in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras.src import tree

import backend as K
from backend.arrays.namespaces import array_namespace

from .control_flow import scan
from .dtype_rules import name_of
from .tensors import cast, convert_to_tensor

__all__ = ["bidirectional_gru", "bidirectional_lstm", "cudnn_ok", "gru", "lstm", "rnn"]


def rnn(
    step_function: Callable[..., Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: int | None = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, Any]:
    """Run a step over the time axis: the last output, all outputs in the order of the steps, and the last states.

    At a masked step the states stay, and so does the output: the first state, or zeros with `zero_output_for_mask`;
    with `unroll` the output before.
    """
    inputs = tree.map_structure(convert_to_tensor, inputs)
    if not time_major:
        inputs = tree.map_structure(_swapped, inputs)
    if mask is not None:
        mask = cast(mask, "bool")
        mask = mask if time_major else _swapped(mask)
    if go_backwards:
        inputs = tree.map_structure(_backwards, inputs)
        mask = None if mask is None else _backwards(mask)
    extra = tuple(constants or ())

    def step(states: Any, x: Any) -> tuple[Any, Any]:
        output, new = step_function(x, (*states, *extra))
        return output, tree.pack_sequence_as(states, tree.flatten(new))

    run = _unrolled if unroll else _scanned
    last, outputs, states = run(step, inputs, tuple(initial_states), mask, zero_output_for_mask)
    if unroll and not return_all_outputs:
        outputs = outputs[-1:, ...]
    if not time_major:
        outputs = tree.map_structure(_swapped, outputs)
    return last, outputs, states


def _swapped(x: Any) -> Any:
    """The first two axes exchanged."""
    return array_namespace(x).permute_dims(x, (1, 0, *range(2, x.ndim)))


def _backwards(x: Any) -> Any:
    return array_namespace(x).flip(x, axis=0)


def _scanned(step: Any, inputs: Any, states: Any, mask: Any, zero_output: bool) -> Any:
    def plain(states: Any, x: Any) -> tuple[Any, Any]:
        output, new = step(states, x)
        return new, output

    def masked(states: Any, x: Any) -> tuple[Any, Any]:
        x, present = x
        output, new = step(states, x)
        if zero_output:
            before = array_namespace(output).zeros_like(output)
        else:
            before = states[-1][0] if tree.is_nested(states[0]) else states[0]
        return tree.map_structure(lambda n, s: _kept(present, n, s), new, states), _kept(present, output, before)

    if mask is None:
        states, outputs = scan(plain, states, inputs)
    else:
        states, outputs = scan(masked, states, (inputs, mask))
    return tree.map_structure(lambda y: y[-1, ...], outputs), outputs, states


def _unrolled(step: Any, inputs: Any, states: Any, mask: Any, zero_output: bool) -> Any:
    steps = tree.flatten(inputs)[0].shape[0]
    if not steps:
        raise ValueError("Unrolling requires a fixed number of timesteps.")
    rows: list[Any] = []
    for t in range(steps):
        output, new = step(states, tree.map_structure(lambda x, t=t: x[t, ...], inputs))
        if mask is not None:
            present = mask[t, ...]
            before = rows[-1] if rows else array_namespace(output).zeros_like(output)
            output = _kept(present, output, before)
            new = tree.map_structure(lambda n, s, p=present: _kept(p, n, s), new, states)
        states = new
        rows.append(output)
    return rows[-1], array_namespace(*rows).stack(rows, axis=0), states


def _kept(present: Any, new: Any, old: Any) -> Any:
    """`new` for the samples present at a step, else `old`; a mask of features counts if any of them is present."""
    xp = array_namespace(present, new, old)
    if present.ndim > 1:
        present = xp.any(xp.reshape(present, (present.shape[0], -1)), axis=1)
    old = old if old.dtype == new.dtype else cast(old, str(new.dtype).rpartition(".")[2])
    return xp.where(xp.reshape(present, (present.shape[0], *(1,) * (new.ndim - 1))), new, old)


def cudnn_ok(*args: Any, **kwargs: Any) -> bool:
    """Whether cuDNN can be used: never by Keras itself; K's kernels decide on their own."""
    return False


def lstm(
    inputs: Any,
    initial_state_h: Any,
    initial_state_c: Any,
    mask: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    activation: Any,
    recurrent_activation: Any,
    return_sequences: bool = False,
    go_backwards: bool = False,
    unroll: bool = False,
) -> Any:
    """LSTM in one call; NotImplementedError, for which Keras runs its cell step by step, where that does not fit."""
    x, w, u, b = _weights(inputs, mask, kernel, recurrent_kernel, bias, activation, recurrent_activation, unroll)
    states = [cast(s, name_of(x)) for s in (initial_state_h, initial_state_c)]
    last, outputs, new = K.lstm(x, w, u, b, states, go_backwards=bool(go_backwards))
    return last, outputs, list(new)


def gru(
    inputs: Any,
    initial_state: Any,
    mask: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    activation: Any,
    recurrent_activation: Any,
    return_sequences: bool = False,
    go_backwards: bool = False,
    unroll: bool = False,
    reset_after: bool = True,
) -> Any:
    """GRU in one call, with the reset gate after or before the product; NotImplementedError as in `lstm`."""
    x, w, u, b = _weights(inputs, mask, kernel, recurrent_kernel, bias, activation, recurrent_activation, unroll)
    states = [cast(initial_state, name_of(x))]
    how = {"go_backwards": bool(go_backwards), "reset_after": bool(reset_after)}
    last, outputs, new = K.gru(x, w, u, b, states, **how)
    return last, outputs, list(new)


def _weights(
    inputs: Any,
    mask: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    activation: Any,
    recurrent_activation: Any,
    unroll: bool,
) -> list[Any]:
    """The tensors of a layer that K's operation can run; NotImplementedError where it has another meaning.

    There is none for a mask, for steps written out, for activations of one's own, for other dtypes, and for no steps.
    """
    from keras.src import activations  # it imports the backend first

    if mask is not None or unroll or activation is not activations.tanh:
        raise NotImplementedError
    if recurrent_activation is not activations.sigmoid:
        raise NotImplementedError
    x = convert_to_tensor(inputs)
    weights = [None if w is None else convert_to_tensor(w) for w in (kernel, recurrent_kernel, bias)]
    if name_of(x) not in ("float16", "float32", "float64") or x.shape[1] == 0:
        raise NotImplementedError
    return [x, *weights]


def bidirectional_lstm(
    inputs: Any,
    fwd_initial_state_h: Any,
    fwd_initial_state_c: Any,
    bwd_initial_state_h: Any,
    bwd_initial_state_c: Any,
    mask: Any,
    fwd_kernel: Any,
    fwd_recurrent_kernel: Any,
    fwd_bias: Any,
    bwd_kernel: Any,
    bwd_recurrent_kernel: Any,
    bwd_bias: Any,
    activation: Any,
    recurrent_activation: Any,
    return_sequences: bool = False,
    unroll: bool = False,
) -> Any:
    """Two LSTMs of one sequence, the second one backwards; the outputs of both are in the order of time."""
    how = (activation, recurrent_activation, return_sequences)
    forwards = (fwd_initial_state_h, fwd_initial_state_c, mask, fwd_kernel, fwd_recurrent_kernel, fwd_bias)
    backwards = (bwd_initial_state_h, bwd_initial_state_c, mask, bwd_kernel, bwd_recurrent_kernel, bwd_bias)
    last, outputs, states = lstm(inputs, *backwards, *how, go_backwards=True, unroll=unroll)
    outputs = array_namespace(outputs).flip(outputs, axis=1)
    return lstm(inputs, *forwards, *how, go_backwards=False, unroll=unroll), (last, outputs, states)


def bidirectional_gru(
    inputs: Any,
    fwd_initial_state: Any,
    bwd_initial_state: Any,
    mask: Any,
    fwd_kernel: Any,
    fwd_recurrent_kernel: Any,
    fwd_bias: Any,
    bwd_kernel: Any,
    bwd_recurrent_kernel: Any,
    bwd_bias: Any,
    activation: Any,
    recurrent_activation: Any,
    return_sequences: bool = False,
    unroll: bool = False,
    reset_after: bool = True,
) -> Any:
    """Two GRUs of one sequence, the second one backwards; the outputs of both are in the order of time."""
    how = (activation, recurrent_activation, return_sequences)
    forwards = (fwd_initial_state, mask, fwd_kernel, fwd_recurrent_kernel, fwd_bias)
    backwards = (bwd_initial_state, mask, bwd_kernel, bwd_recurrent_kernel, bwd_bias)
    last, outputs, states = gru(inputs, *backwards, *how, True, unroll, reset_after)
    outputs = array_namespace(outputs).flip(outputs, axis=1)
    return gru(inputs, *forwards, *how, False, unroll, reset_after), (last, outputs, states)
