"""Long short-term memory, every step in existing memory: on small arrays an allocation costs NumPy more than the call.

The formulas and the order of the gates (o, i, f, new) are those of the definition; see ops/lstm.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["lstm_sequence", "lstm_sequence_gradient"]

Ints = tuple[int, ...]


def lstm_sequence(
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray | None,
    h: np.ndarray,
    c: np.ndarray,
    *,
    residuals: bool = False,
) -> Any:
    """Each step's sums become its gates in place; the residuals are the gates and the cells."""
    if declined(x, kernel, recurrent, bias, h, c):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    z = np.swapaxes(x, 0, 1).reshape(-1, features) @ _ordered(kernel, units, halved=True)
    if bias is not None:
        z += _ordered(bias[None, :], units, halved=True)
    gates, again = z.reshape(time, batch, 4 * units), _ordered(recurrent, units, halved=True)
    every = np.empty((time, batch, units), x.dtype)
    cells = np.empty((time if residuals else 1, batch, units), x.dtype)
    sums, part = np.empty((batch, 4 * units), x.dtype), np.empty((batch, units), x.dtype)
    half = x.dtype.type(0.5)
    for t in range(time):
        gate, state, cell = gates[t], every[t], cells[t if residuals else 0]
        np.matmul(h, again, out=sums)
        gate += sums
        np.tanh(gate, out=gate)
        np.multiply(gate[:, : 3 * units], half, out=sums[:, : 3 * units])
        sigmoids = sums[:, : 3 * units]
        sigmoids += half
        np.multiply(sums[:, 2 * units : 3 * units], c, out=cell)
        np.multiply(sums[:, units : 2 * units], gate[:, 3 * units :], out=part)
        cell += part
        np.tanh(cell, out=part)
        np.multiply(sums[:, :units], part, out=state)
        h, c = state, cell
    results = np.swapaxes(every, 0, 1), h, c
    return (*results, gates, cells) if residuals else results


def lstm_sequence_gradient(
    g: np.ndarray | None,
    g_h: np.ndarray | None,
    g_c: np.ndarray | None,
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray | None,
    h: np.ndarray,
    c: np.ndarray,
    every: np.ndarray,
    gates: np.ndarray | None,
    cells: np.ndarray | None,
    *,
    wanted: Ints,
) -> Any:
    """All slopes are computed at once; each step then turns its slopes into the cotangent of its sums in place."""
    if (
        declined(g, g_h, g_c, x, kernel, recurrent, bias, h, c, every, gates, cells)
        or gates is None
        or cells is None
        or gates.ndim != 3
    ):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    dz, through_h, forgotten = _slopes(gates, cells, c)
    back = np.ascontiguousarray(_ordered(recurrent, units).T)
    dh, dc = (np.zeros_like(h) if s is None else s.copy() for s in (g_h, g_c))
    part = np.empty_like(h)
    for t in reversed(range(time)):
        if g is not None:
            dh += g[:, t]
        np.multiply(dh, through_h[t], out=part)
        dc += part
        outer, inner = dz[t, :, :units], dz[t, :, units:].reshape(batch, 3, units)
        outer *= dh
        inner *= dc[:, None, :]
        dc *= forgotten[t]
        np.matmul(dz[t], back, out=dh)
    flat = dz.reshape(-1, 4 * units)
    found: dict[int, np.ndarray] = {4: dh, 5: dc}
    if 0 in wanted:
        found[0] = np.swapaxes((flat @ _ordered(kernel, units).T).reshape(time, batch, features), 0, 1)
    if not {1, 2, 3}.isdisjoint(wanted):  # one product for all three
        met = np.empty((time, batch, features + units + 1), x.dtype)
        met[:, :, :features] = np.swapaxes(x, 0, 1)
        met[0, :, features:-1] = h
        met[1:, :, features:-1] = np.swapaxes(every, 0, 1)[:-1]
        met[:, :, -1] = 1.0
        d = met.reshape(-1, features + units + 1).T @ flat
        d = np.concatenate([d[:, units:], d[:, :units]], axis=1)  # i, f, new, o again
        found |= {1: d[:features], 2: d[features:-1], 3: d[-1]}
    return tuple(found[i] for i in wanted)


def declined(*given: np.ndarray | None) -> bool:
    """Whether the definition runs: half precision, which it widens, and empty arrays."""
    return any(x is not None and (x.dtype.itemsize < 4 or 0 in x.shape) for x in given)


def _slopes(gates: np.ndarray, cells: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every step, the factors from dh and dc to dz, from dh to dc, and from dc to the step before."""
    units, tops, slopes = cells.shape[2], np.tanh(cells), np.empty_like(gates)
    sigmoids, new = gates[:, :, : 3 * units] * gates.dtype.type(0.5), gates[:, :, 3 * units :]
    sigmoids += gates.dtype.type(0.5)
    o, i, f = (sigmoids[:, :, k * units : (k + 1) * units] for k in range(3))
    of_sigmoids, of_new = slopes[:, :, : 3 * units], slopes[:, :, 3 * units :]
    np.subtract(1.0, sigmoids, out=of_sigmoids)
    of_sigmoids *= sigmoids
    slopes[:, :, :units] *= tops
    slopes[:, :, units : 2 * units] *= new
    slopes[0, :, 2 * units : 3 * units] *= c
    slopes[1:, :, 2 * units : 3 * units] *= cells[:-1]
    np.multiply(new, new, out=of_new)
    np.subtract(1.0, of_new, out=of_new)
    of_new *= i
    tops *= tops
    np.subtract(1.0, tops, out=tops)
    tops *= o
    return slopes, tops, f


def _ordered(weights: np.ndarray, units: int, halved: bool = False) -> np.ndarray:
    """Columns i, f, new, o in the order o, i, f, new; `halved` halves those of the sigmoids."""
    columns = np.concatenate([weights[:, 3 * units :], weights[:, : 3 * units]], axis=1)
    if halved:
        columns[:, : 3 * units] *= weights.dtype.type(0.5)
    return columns
