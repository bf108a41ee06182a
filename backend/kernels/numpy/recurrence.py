"""Long short-term memory, every step in existing memory: on small arrays an allocation costs NumPy more than the call.

The formulas and the order of the gates (o, i, f, new) are those of the definition; see ops/lstm.py. A large batch goes
through all steps a few rows at a time, so that what a step needs stays in the cache.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["lstm_sequence", "lstm_sequence_gradient"]

Ints = tuple[int, ...]

# The gates of some rows at one step, and of some rows at some steps; products of fewer rows are slow. 896 rows of 128
# units over 28 steps took 71 ms forward and 131 ms backward, all rows at once 107 and 189.
BLOCK_BYTES, STEPS_BYTES, FEWEST_ROWS = 2**18, 2**19, 128
# From this many rows on, one product a step serves the features, the bias and the state; for fewer the products of the
# features come first, all steps in one, since a product of few rows costs the reading of its weights.
ROWS_FOR_ONE_PRODUCT = 8


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
    joined = batch >= ROWS_FOR_ONE_PRODUCT
    of_bias = [] if bias is None else [_ordered(bias[None, :], units, halved=True)]
    of_features, again = (_ordered(weights, units, halved=True) for weights in (kernel, recurrent))
    if joined:
        gates = np.empty((time if residuals else 1, batch, 4 * units), x.dtype)
        again = np.concatenate([of_features, again, *of_bias])
    else:
        gates = (np.swapaxes(x, 0, 1).reshape(-1, features) @ of_features).reshape(time, batch, 4 * units)
        for row in of_bias:
            gates += row
    every = np.empty((time, batch, units), x.dtype)
    cells = np.empty((time if residuals else 1, batch, units), x.dtype)
    for rows in _parts(batch, 4 * units * x.itemsize, BLOCK_BYTES, FEWEST_ROWS):
        given = _met(x[rows], h[rows], bias is not None) if joined else None
        _steps(x[rows], given, again, h[rows], c[rows], gates[:, rows], every[:, rows], cells[:, rows])
    results = np.swapaxes(every, 0, 1), every[-1], cells[-1]
    return (*results, gates, cells) if residuals else results


def _met(x: np.ndarray, h: np.ndarray, biased: bool) -> np.ndarray:
    """What the weights of a step meet, side by side: room for the features, the state, and ones for the bias."""
    met = np.empty((len(x), x.shape[2] + biased + h.shape[1]), x.dtype)
    met[:, x.shape[2] : x.shape[2] + h.shape[1]] = h
    met[:, x.shape[2] + h.shape[1] :] = 1.0
    return met


def _steps(
    x: np.ndarray,
    met: np.ndarray | None,
    weights: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    gates: np.ndarray,
    every: np.ndarray,
    cells: np.ndarray,
) -> None:
    """All steps of some rows. Without `met` the gates have the features' sums already."""
    (batch, time, features), units, half = x.shape, h.shape[1], x.dtype.type(0.5)
    sums, part = np.empty((batch, 4 * units), x.dtype), np.empty((batch, units), x.dtype)
    sigmoids = sums[:, : 3 * units]
    for t in range(time):
        gate, state, cell = gates[t % len(gates)], every[t], cells[t % len(cells)]
        if met is None:
            np.matmul(h, weights, out=sums)
            gate += sums
        else:
            met[:, :features] = x[:, t]
            np.matmul(met, weights, out=gate)
        np.tanh(gate, out=gate)
        np.multiply(gate[:, : 3 * units], half, out=sigmoids)
        sigmoids += half
        np.multiply(sums[:, 2 * units : 3 * units], c, out=cell)
        np.multiply(sums[:, units : 2 * units], gate[:, 3 * units :], out=part)
        cell += part
        np.tanh(cell, out=part)
        np.multiply(sums[:, :units], part, out=state)
        if met is not None:
            met[:, features : features + units] = state
        h, c = state, cell


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
    """The slopes of a few steps at once; each step then turns its slopes into the cotangent of its sums in place."""
    if (
        declined(g, g_h, g_c, x, kernel, recurrent, bias, h, c, every, gates, cells)
        or gates is None
        or cells is None
        or gates.ndim != 3
    ):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    back = np.ascontiguousarray(_ordered(recurrent, units).T)
    dh, dc = (np.zeros_like(h) if s is None else s.copy() for s in (g_h, g_c))
    dx = np.empty((time, batch, features), x.dtype) if 0 in wanted else None
    weights = None if {1, 2, 3}.isdisjoint(wanted) else np.zeros((features + 1 + units, 4 * units), x.dtype)
    to_x, size, states = _ordered(kernel, units).T, 4 * units * x.itemsize, np.swapaxes(every, 0, 1)
    for rows in _parts(batch, size, BLOCK_BYTES, FEWEST_ROWS):
        held = (h[rows], c[rows], states[:, rows], gates[:, rows], cells[:, rows])
        for steps in reversed(_parts(time, size * (rows.stop - rows.start), STEPS_BYTES, 1)):
            dz = _pulled_back(None if g is None else g[rows], dh[rows], dc[rows], back, *held, steps)
            flat = dz.reshape(-1, 4 * units)
            if dx is not None:
                dx[steps, rows] = (flat @ to_x).reshape(*dz.shape[:2], features)
            if weights is not None:  # one product for all three
                weights += _inputs(x[rows], h[rows], states[:, rows], steps).T @ flat
    found: dict[int, Any] = {0: None if dx is None else np.swapaxes(dx, 0, 1), 4: dh, 5: dc}
    if weights is not None:
        weights = np.concatenate([weights[:, units:], weights[:, :units]], axis=1)  # i, f, new, o again
        found |= {1: weights[:features], 2: weights[features:-1], 3: weights[-1]}
    return tuple(found[i] for i in wanted)


def _pulled_back(
    g: np.ndarray | None,
    dh: np.ndarray,
    dc: np.ndarray,
    back: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    states: np.ndarray,
    gates: np.ndarray,
    cells: np.ndarray,
    steps: slice,
) -> np.ndarray:
    """The cotangents of the sums of these steps; dh and dc become those of the state before them."""
    before = c if steps.start == 0 else cells[steps.start - 1]
    dz, through_h, forgotten = _slopes(gates[steps], cells[steps], before)
    part, units, batch = np.empty_like(h), h.shape[1], len(h)
    for t in reversed(range(len(dz))):
        if g is not None:
            dh += g[:, steps.start + t]
        np.multiply(dh, through_h[t], out=part)
        dc += part
        outer, inner = dz[t, :, :units], dz[t, :, units:].reshape(batch, 3, units)
        outer *= dh
        inner *= dc[:, None, :]
        dc *= forgotten[t]
        np.matmul(dz[t], back, out=dh)
    return dz


def _inputs(x: np.ndarray, h: np.ndarray, states: np.ndarray, steps: slice) -> np.ndarray:
    """What the weights met at these steps, a row each: features, the state before, and one."""
    (batch, _, features), count, units = x.shape, steps.stop - steps.start, h.shape[1]
    met = np.empty((count, batch, features + 1 + units), x.dtype)
    met[:, :, :features] = np.swapaxes(x[:, steps], 0, 1)
    met[0, :, features:-1] = h if steps.start == 0 else states[steps.start - 1]
    met[1:, :, features:-1] = states[steps.start : steps.stop - 1]
    met[:, :, -1] = 1.0
    return met.reshape(count * batch, -1)


def _parts(count: int, size: int, block: int, fewest: int) -> list[slice]:
    """Slices of about equal length, each of about a block of things of that size, and of at least `fewest`."""
    number = max(count // max(block // size, fewest), 1)
    cuts = [count * i // number for i in range(number + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(cuts)]


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
