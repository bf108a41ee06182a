"""Long short-term memory over a whole sequence in one compiled loop, the products of its steps included.

The products of steps are too small for a library: four samples meet four units at a time, in registers. Threads share
the samples, whose sequences do not depend on one another. The formulas, the order of the gates (o, i, f, new) and the
meaning of the residuals are those of the definition (ops/lstm.py); in memory the samples come first, then time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compile import compiled, inline
from .geometry import Ints, dense, spliced
from .mathematics import tanh
from .parallel import in_parts
from .products import product
from .reductions import column_sums

__all__ = ["added", "declined", "four_rows", "lstm_sequence", "lstm_sequence_gradient", "one_row"]

# Weights of up to 2**17 elements stay in the level-2 cache, and these products reach 70 to 75 GFLOP/s where BLAS has 89
# to 140 (32 samples, 64 units, one thread). Beyond, BLAS's blocks win, and NumPy's kernel runs, but for a few samples.
LARGEST_STEP = 2**21
SAMPLES = 16


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
    """One product for the inputs of all steps, then the steps; the residuals are the gates' tanh and the cells."""
    if declined(recurrent, h, x, kernel, bias, c):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    z = product(dense(x).reshape(-1, features), _ordered(kernel, units, halved=True))
    if bias is not None:
        z += _ordered(bias[None, :], units, halved=True)
    z, again = z.reshape(batch, time, 4 * units), _ordered(recurrent, units, halved=True)
    every = np.empty((batch, time, units), x.dtype)
    cells = np.empty((batch, time if residuals else 2, units), x.dtype)  # two: this step's and the last one's
    h, c = dense(h), dense(c)
    in_parts(lambda a, b: _steps(a, b, z, again, h, c, every, cells), -(-batch // 4), time * batch * units * units)
    results = every, every[:, -1].copy(), cells[:, (time - 1) % cells.shape[1]].copy()
    return (*results, np.swapaxes(z, 0, 1), np.swapaxes(cells, 0, 1)) if residuals else results


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
    """The cotangents of the sums of all steps, last step first, then one product for each cotangent wanted."""
    if (
        declined(recurrent, h, g, g_h, g_c, x, kernel, bias, c, every, gates, cells)
        or gates is None
        or cells is None
        or gates.ndim != 3
    ):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    dh, dc = (np.zeros(h.shape, x.dtype) if s is None else np.array(s, order="C") for s in (g_h, g_c))
    dz, back = np.empty((batch, time, 4 * units), x.dtype), dense(_ordered(recurrent, units).T)
    own = None if g is None else dense(g)
    kept = dense(np.swapaxes(gates, 0, 1)), dense(np.swapaxes(cells, 0, 1)), dense(c)
    work = 2 * time * batch * units * units
    in_parts(lambda a, b: _steps_back(a, b, own, *kept, back, dh, dc, dz), -(-batch // 4), work)
    flat = dz.reshape(-1, 4 * units)
    found: dict[int, np.ndarray] = {4: dh, 5: dc}
    if 0 in wanted:
        found[0] = product(flat, _ordered(kernel, units).T).reshape(x.shape)
    if 1 in wanted:
        found[1] = _inputs_order(product(dense(x).reshape(-1, features).T, flat), units)
    if 2 in wanted:
        before = np.empty(every.shape, x.dtype)
        before[:, 0], before[:, 1:] = h, every[:, :-1]
        found[2] = _inputs_order(product(before.reshape(-1, units).T, flat), units)
    if 3 in wanted:
        found[3] = _inputs_order(column_sums(flat)[None], units)[0]
    return tuple(found[i] for i in wanted)


def declined(recurrent: np.ndarray, h: np.ndarray, *others: np.ndarray | None) -> bool:
    """Whether NumPy's kernel or the definition runs: half precision, empty arrays, steps with large products."""
    arrays = [x for x in (recurrent, h, *others) if x is not None]
    if any(x.dtype not in (np.float32, np.float64) or not x.size for x in arrays):
        return True
    return recurrent.size * min(len(h), SAMPLES) > LARGEST_STEP


def _ordered(weights: np.ndarray, units: int, halved: bool = False) -> np.ndarray:
    """Columns i, f, new, o in the order o, i, f, new; `halved` halves those of the sigmoids."""
    columns = np.concatenate([weights[:, 3 * units :], weights[:, : 3 * units]], axis=1)
    if halved:
        columns[:, : 3 * units] *= weights.dtype.type(0.5)
    return columns


def _inputs_order(columns: np.ndarray, units: int) -> np.ndarray:
    """Columns o, i, f, new in the order i, f, new, o."""
    return np.concatenate([columns[:, units:], columns[:, :units]], axis=1)


# ---- the compiled parts: `start` and `stop` number groups of four samples


def _sum(a, b, c):  # type: ignore[no-untyped-def]
    return a * b + c


added = inline(_sum, fastmath={"contract"})  # one instruction, a rounding less


@spliced
def four_rows(a0, a1, a2, a3, weights, z0, z1, z2, z3):  # type: ignore[no-untyped-def]
    """Add the products of four rows with the weights to four rows."""
    whole = weights.shape[0] // 4 * 4
    for k in range(0, whole, 4):
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        a00, a01, a02, a03 = a0[k], a0[k + 1], a0[k + 2], a0[k + 3]
        a10, a11, a12, a13 = a1[k], a1[k + 1], a1[k + 2], a1[k + 3]
        a20, a21, a22, a23 = a2[k], a2[k + 1], a2[k + 2], a2[k + 3]
        a30, a31, a32, a33 = a3[k], a3[k + 1], a3[k + 2], a3[k + 3]
        for j in range(weights.shape[1]):
            b0, b1, b2, b3 = w0[j], w1[j], w2[j], w3[j]
            z0[j] = added(a03, b3, added(a02, b2, added(a01, b1, added(a00, b0, z0[j]))))
            z1[j] = added(a13, b3, added(a12, b2, added(a11, b1, added(a10, b0, z1[j]))))
            z2[j] = added(a23, b3, added(a22, b2, added(a21, b1, added(a20, b0, z2[j]))))
            z3[j] = added(a33, b3, added(a32, b2, added(a31, b1, added(a30, b0, z3[j]))))
    for k in range(whole, weights.shape[0]):
        w0 = weights[k]
        b0, b1, b2, b3 = a0[k], a1[k], a2[k], a3[k]
        for j in range(weights.shape[1]):
            z0[j] = added(b0, w0[j], z0[j])
            z1[j] = added(b1, w0[j], z1[j])
            z2[j] = added(b2, w0[j], z2[j])
            z3[j] = added(b3, w0[j], z3[j])


@spliced
def one_row(a, weights, z):  # type: ignore[no-untyped-def]
    """Add the product of a row with the weights to a row."""
    whole = weights.shape[0] // 4 * 4
    for k in range(0, whole, 4):
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        a0, a1, a2, a3 = a[k], a[k + 1], a[k + 2], a[k + 3]
        for j in range(weights.shape[1]):
            z[j] = added(a3, w3[j], added(a2, w2[j], added(a1, w1[j], added(a0, w0[j], z[j]))))
    for k in range(whole, weights.shape[0]):
        w0, a0 = weights[k], a[k]
        for j in range(weights.shape[1]):
            z[j] = added(a0, w0[j], z[j])


@compiled(distinct=True)
def _steps(start, stop, z, again, first, first_cell, every, cells):  # type: ignore[no-untyped-def]
    units = every.shape[2]
    half = every.dtype.type(0.5)
    for low in range(4 * start, 4 * stop, 4):
        high = min(low + 4, len(every))
        for t in range(every.shape[1]):
            h = first if t == 0 else every[:, t - 1]
            if high == low + 4:
                four_rows(
                    h[low], h[low + 1], h[low + 2], h[low + 3],
                    again, z[low, t], z[low + 1, t], z[low + 2, t], z[low + 3, t],
                )  # fmt: skip
            for n in range(low, high):
                gates, state, cell = z[n, t], every[n, t], cells[n, t % cells.shape[1]]
                before = first_cell[n] if t == 0 else cells[n, (t - 1) % cells.shape[1]]
                if high < low + 4:
                    one_row(h[n], again, gates)
                for j in range(4 * units):
                    gates[j] = tanh(gates[j])
                for j in range(units):
                    kept = (gates[2 * units + j] * half + half) * before[j]
                    cell[j] = kept + (gates[units + j] * half + half) * gates[3 * units + j]
                    state[j] = (gates[j] * half + half) * tanh(cell[j])


@compiled(distinct=True)
def _steps_back(start, stop, g, gates, cells, first_cell, back, dh, dc, dz):  # type: ignore[no-untyped-def]
    units = cells.shape[2]
    half, one = dz.dtype.type(0.5), dz.dtype.type(1)
    for low in range(4 * start, 4 * stop, 4):
        high = min(low + 4, len(dz))
        for t in range(dz.shape[1] - 1, -1, -1):
            for n in range(low, high):
                z, cell, out = gates[n, t], cells[n, t], dz[n, t]
                before = first_cell[n] if t == 0 else cells[n, t - 1]
                through_h, through_c = dh[n], dc[n]
                if g is not None:
                    own = g[n, t]
                    for j in range(units):
                        through_h[j] += own[j]
                for j in range(units):
                    o, i, f = z[j] * half + half, z[units + j] * half + half, z[2 * units + j] * half + half
                    new, top, d = z[3 * units + j], tanh(cell[j]), through_h[j]
                    c = through_c[j] + d * (o * (one - top * top))
                    out[j] = (top * (o * (one - o))) * d
                    out[units + j] = (new * (i * (one - i))) * c
                    out[2 * units + j] = (before[j] * (f * (one - f))) * c
                    out[3 * units + j] = (i * (one - new * new)) * c
                    through_c[j] = c * f
                through_h[:] = 0
                if high < low + 4:
                    one_row(out, back, through_h)
            if high == low + 4:
                four_rows(
                    dz[low, t], dz[low + 1, t], dz[low + 2, t], dz[low + 3, t],
                    back, dh[low], dh[low + 1], dh[low + 2], dh[low + 3],
                )  # fmt: skip
