"""Long short-term memory and gated recurrent units: LSTM and GRU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from ...arrays.libraries.ndonnx import concat, fixed, of_onnx, value_of
from ._layout import permuted

__all__ = ["gru_sequence", "lstm_sequence"]

LSTM_GATES = (0, 3, 1, 2)  # K has i, f, new, o; ONNX i, o, f, new
GRU_GATES = (0, 1, 2)  # z, r, new in both


def lstm_sequence(x: Any, kernel: Any, recurrent: Any, bias: Any, h: Any, c: Any, *, residuals: bool = False) -> Any:
    """LSTM, which ONNX Runtime has in float32 and float16; the definition's loop in float64."""
    if residuals or not _has_operator(x, kernel, recurrent):
        return NotImplemented
    every, h, c = op.lstm(
        permuted(x, (1, 0, 2)),
        _weights(kernel, LSTM_GATES),
        _weights(recurrent, LSTM_GATES),
        _biases(kernel, [bias, None], LSTM_GATES),
        None,
        _state(h),
        _state(c),
        hidden_size=recurrent.shape[0],
    )
    return _batch_first(every), _last(h), _last(c)


def gru_sequence(
    x: Any,
    kernel: Any,
    recurrent: Any,
    bias: Any,
    recurrent_bias: Any,
    h: Any,
    *,
    reset_after: bool,
    residuals: bool = False,
) -> Any:
    """GRU, as `lstm_sequence`."""
    if residuals or not _has_operator(x, kernel, recurrent):
        return NotImplemented
    every, h = op.gru(
        permuted(x, (1, 0, 2)),
        _weights(kernel, GRU_GATES),
        _weights(recurrent, GRU_GATES),
        _biases(kernel, [bias, recurrent_bias], GRU_GATES),
        None,
        _state(h),
        hidden_size=recurrent.shape[0],
        linear_before_reset=int(reset_after),
    )
    return _batch_first(every), _last(h)


def _has_operator(x: Any, kernel: Any, recurrent: Any) -> bool:
    """Whether ONNX Runtime computes it; of no steps or no sequences its GRU may abort the process."""
    return x.dtype != ndonnx.float64 and 0 not in x.shape and None not in (*kernel.shape, *recurrent.shape)


def _in_order(weights: Any, gates: Sequence[int]) -> Any:
    """The parts of the last axis, one for each gate, in ONNX's order; constants now."""
    units = weights.shape[-1] // len(gates)
    known = value_of(weights)
    parts = [(weights if known is None else known)[..., g * units : (g + 1) * units] for g in gates]
    return concat(parts, axis=-1) if known is None else ndonnx.asarray(np.concatenate(parts, axis=-1))


def _weights(weights: Any, gates: Sequence[int]) -> Any:
    """(in, gates * units) as (1, gates * units, in)."""
    return permuted(_in_order(weights, gates)[None, ...], (0, 2, 1))


def _biases(kernel: Any, biases: Sequence[Any], gates: Sequence[int]) -> Any:
    """The two biases, zeros in place of None, as (1, 2 * gates * units)."""
    zero = ndonnx.zeros((kernel.shape[-1],), dtype=kernel.dtype)
    parts = [zero if b is None else _in_order(b, gates) for b in biases]
    known = [value_of(part) for part in parts]
    if all(value is not None for value in known):
        return fixed(np.concatenate([value for value in known if value is not None])[None])
    return concat(parts, axis=0)[None, :].unwrap_spox()


def _state(x: Any) -> Any:
    """(batch, units) as (1, batch, units)."""
    return op.unsqueeze(x.unwrap_spox(), fixed([0]))


def _last(var: Any) -> Any:
    return of_onnx(op.squeeze(var, fixed([0])))


def _batch_first(var: Any) -> Any:
    """(time, 1, batch, units) as (batch, time, units)."""
    return of_onnx(permuted(of_onnx(op.squeeze(var, fixed([1]))), (1, 0, 2)))
