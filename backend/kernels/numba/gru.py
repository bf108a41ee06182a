"""Gated recurrent units over a whole sequence in one compiled loop, as long short-term memory in recurrence.py.

The formulas, the order of the gates (z, r, new) and the meaning of the residuals are those of the definition
(ops/gru.py); in memory the samples come first, then time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compile import compiled
from .geometry import Ints, dense, spliced
from .mathematics import tanh
from .parallel import in_parts
from .products import product
from .recurrence import declined, four_rows, one_row
from .reductions import column_sums

__all__ = ["gru_sequence", "gru_sequence_gradient"]


def gru_sequence(
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray | None,
    recurrent_bias: np.ndarray | None,
    h: np.ndarray,
    *,
    reset_after: bool,
    residuals: bool = False,
) -> Any:
    """One product for the inputs of all steps, then the steps; the residuals are the gates and what U multiplies."""
    if declined(recurrent, h, x, kernel, bias, recurrent_bias):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    both = 2 * units
    sums = product(dense(x).reshape(-1, features), _halved(kernel, units))
    if bias is not None:
        sums += _halved(bias[None, :], units)
    gates, again = sums.reshape(batch, time, 3 * units), _halved(recurrent, units)
    every = np.empty((batch, time, units), x.dtype)
    inner = np.empty((batch, time if residuals else 1, units), x.dtype)
    h, parts, work = dense(h), -(-batch // 4), time * batch * units * units
    if reset_after:
        own = np.zeros((1, 3 * units), x.dtype) if recurrent_bias is None else _halved(recurrent_bias[None, :], units)
        in_parts(lambda a, b: _steps_after(a, b, gates, again, own[0], h, every, inner), parts, work)
    else:
        to_gates, to_new = dense(again[:, :both]), dense(again[:, both:])
        in_parts(lambda a, b: _steps_before(a, b, gates, to_gates, to_new, h, every, inner), parts, work)
    results = every, every[:, -1].copy()
    return (*results, np.swapaxes(gates, 0, 1), np.swapaxes(inner, 0, 1)) if residuals else results


def gru_sequence_gradient(
    g: np.ndarray | None,
    g_h: np.ndarray | None,
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray | None,
    recurrent_bias: np.ndarray | None,
    h: np.ndarray,
    every: np.ndarray,
    gates: np.ndarray | None,
    inner: np.ndarray | None,
    *,
    reset_after: bool,
    wanted: Ints,
) -> Any:
    """The cotangents of the sums of all steps, last step first, then one product for each cotangent wanted."""
    if (
        declined(recurrent, h, g, g_h, x, kernel, bias, recurrent_bias, every, gates, inner)
        or gates is None
        or inner is None
        or gates.ndim != 3
    ):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    both = 2 * units
    dh = np.zeros(h.shape, x.dtype) if g_h is None else np.array(g_h, order="C")
    d_sums = np.empty((batch, time, 3 * units), x.dtype)
    d_product = np.empty_like(d_sums) if reset_after else d_sums
    met = np.empty(every.shape, x.dtype)  # the h of the step before
    met[:, 0], met[:, 1:] = h, every[:, :-1]
    own = None if g is None else dense(g)
    kept = dense(np.swapaxes(gates, 0, 1)), dense(np.swapaxes(inner, 0, 1)), met
    parts, work = -(-batch // 4), 2 * time * batch * units * units
    if reset_after:
        back = dense(recurrent.T)
        in_parts(lambda a, b: _back_after(a, b, own, *kept, back, dh, d_sums, d_product), parts, work)
    else:
        to_gates, to_new = dense(recurrent[:, :both].T), dense(recurrent[:, both:].T)
        in_parts(lambda a, b: _back_before(a, b, own, kept[0], met, to_gates, to_new, dh, d_sums), parts, work)
    flat, of_product = d_sums.reshape(-1, 3 * units), d_product.reshape(-1, 3 * units)
    found: dict[int, np.ndarray] = {5: dh}
    if 0 in wanted:
        found[0] = product(flat, kernel.T).reshape(x.shape)
    if 1 in wanted:
        found[1] = product(dense(x).reshape(-1, features).T, flat)
    if 2 in wanted:
        before = met.reshape(-1, units).T
        found[2] = product(before, of_product) if reset_after else np.empty_like(recurrent, order="C")
        if not reset_after:
            found[2][:, :both] = product(before, of_product[:, :both])
            found[2][:, both:] = product(kept[1].reshape(-1, units).T, of_product[:, both:])
    if 3 in wanted:
        found[3] = column_sums(flat)
    if 4 in wanted:
        found[4] = column_sums(of_product)
    return tuple(found[i] for i in wanted)


def _halved(weights: np.ndarray, units: int) -> np.ndarray:
    """A copy in order with the columns of the sigmoids by 2."""
    columns = np.array(weights, order="C")
    columns[:, : 2 * units] *= weights.dtype.type(0.5)
    return columns


# ---- the compiled parts: `start` and `stop` number groups of four samples


@spliced
def _reset(gates, before, product, half):  # type: ignore[no-untyped-def]
    """One sample's sums become z and r, and r times the state before goes into `product`."""
    units = before.size
    for j in range(2 * units):
        gates[j] = tanh(gates[j]) * half + half
    for j in range(units):
        product[j] = gates[units + j] * before[j]


@spliced
def _stepped(gates, before, state):  # type: ignore[no-untyped-def]
    """One sample's sum of the candidate becomes the candidate, and the next state."""
    both = 2 * before.size
    for j in range(before.size):
        new = tanh(gates[both + j])
        gates[both + j] = new
        state[j] = new + gates[j] * (before[j] - new)


@spliced
def _to_candidate(gate, through, out, one):  # type: ignore[no-untyped-def]
    """The cotangent of one sample's sum of the candidate."""
    both = 2 * through.size
    for j in range(through.size):
        z, new = gate[j], gate[both + j]
        out[both + j] = through[j] * ((one - z) * (one - new * new))


@spliced
def _to_gates(gate, before, product, through, out, one):  # type: ignore[no-untyped-def]
    """The cotangents of one sample's sums of z and r, and what is left for the state before."""
    units = before.size
    for j in range(units):
        z, r, new = gate[j], gate[units + j], gate[2 * units + j]
        out[j] = through[j] * ((before[j] - new) * (z * (one - z)))
        out[units + j] = product[j] * (before[j] * (r * (one - r)))
        through[j] = through[j] * z + product[j] * r


@compiled(distinct=True)
def _steps_after(start, stop, sums, again, own, first, every, inner):  # type: ignore[no-untyped-def]
    units = every.shape[2]
    both, half = 2 * units, every.dtype.type(0.5)
    products = np.empty((4, 3 * units), every.dtype)
    for low in range(4 * start, 4 * stop, 4):
        high = min(low + 4, len(every))
        for t in range(every.shape[1]):
            h = first if t == 0 else every[:, t - 1]
            for n in range(4):
                products[n, :] = own
            if high == low + 4:
                four_rows(
                    h[low], h[low + 1], h[low + 2], h[low + 3],
                    again, products[0], products[1], products[2], products[3],
                )  # fmt: skip
            for n in range(low, high):
                gates, state, before, product = sums[n, t], every[n, t], h[n], products[n - low]
                if high < low + 4:
                    one_row(before, again, product)
                for j in range(both):
                    gates[j] = tanh(gates[j] + product[j]) * half + half
                kept = inner[n, t % inner.shape[1]]
                for j in range(units):
                    kept[j] = product[both + j]
                    new = tanh(gates[both + j] + gates[units + j] * product[both + j])
                    gates[both + j] = new
                    state[j] = new + gates[j] * (before[j] - new)


@compiled(distinct=True)
def _steps_before(start, stop, sums, to_gates, to_new, first, every, inner):  # type: ignore[no-untyped-def]
    units = every.shape[2]
    both, half = 2 * units, every.dtype.type(0.5)
    for low in range(4 * start, 4 * stop, 4):
        high = min(low + 4, len(every))
        for t in range(every.shape[1]):
            h, at = first if t == 0 else every[:, t - 1], t % inner.shape[1]
            if high == low + 4:
                four_rows(
                    h[low], h[low + 1], h[low + 2], h[low + 3], to_gates,
                    sums[low, t, :both], sums[low + 1, t, :both], sums[low + 2, t, :both], sums[low + 3, t, :both],
                )  # fmt: skip
            for n in range(low, high):
                if high < low + 4:
                    one_row(h[n], to_gates, sums[n, t, :both])
                _reset(sums[n, t], h[n], inner[n, at], half)
            if high == low + 4:
                four_rows(
                    inner[low, at], inner[low + 1, at], inner[low + 2, at], inner[low + 3, at], to_new,
                    sums[low, t, both:], sums[low + 1, t, both:], sums[low + 2, t, both:], sums[low + 3, t, both:],
                )  # fmt: skip
            for n in range(low, high):
                if high < low + 4:
                    one_row(inner[n, at], to_new, sums[n, t, both:])
                _stepped(sums[n, t], h[n], every[n, t])


@compiled(distinct=True)
def _back_after(start, stop, g, gates, inner, met, back, dh, d_sums, d_product):  # type: ignore[no-untyped-def]
    units = met.shape[2]
    both, one = 2 * units, dh.dtype.type(1)
    for low in range(4 * start, 4 * stop, 4):
        high = min(low + 4, len(dh))
        for t in range(met.shape[1] - 1, -1, -1):
            for n in range(low, high):
                gate, product, before, through = gates[n, t], inner[n, t], met[n, t], dh[n]
                to_sums, to_product = d_sums[n, t], d_product[n, t]
                if g is not None:
                    own = g[n, t]
                    for j in range(units):
                        through[j] += own[j]
                for j in range(units):
                    z, r, new, d = gate[j], gate[units + j], gate[both + j], through[j]
                    of_new = d * ((one - z) * (one - new * new))
                    of_z = d * ((before[j] - new) * (z * (one - z)))
                    of_r = of_new * product[j] * (r * (one - r))
                    to_sums[j] = to_product[j] = of_z
                    to_sums[units + j] = to_product[units + j] = of_r
                    to_sums[both + j] = of_new
                    to_product[both + j] = of_new * r
                    through[j] = d * z
                if high < low + 4:
                    one_row(to_product, back, through)
            if high == low + 4:
                four_rows(
                    d_product[low, t], d_product[low + 1, t], d_product[low + 2, t], d_product[low + 3, t],
                    back, dh[low], dh[low + 1], dh[low + 2], dh[low + 3],
                )  # fmt: skip


@compiled(distinct=True)
def _back_before(start, stop, g, gates, met, to_gates, to_new, dh, d):  # type: ignore[no-untyped-def]
    units = met.shape[2]
    both, one = 2 * units, dh.dtype.type(1)
    to_inner = np.empty((4, units), dh.dtype)
    for low in range(4 * start, 4 * stop, 4):
        high = min(low + 4, len(dh))
        for t in range(met.shape[1] - 1, -1, -1):
            to_inner[:] = 0
            for n in range(low, high):
                through = dh[n]
                if g is not None:
                    through += g[n, t]
                _to_candidate(gates[n, t], through, d[n, t], one)
                if high < low + 4:
                    one_row(d[n, t, both:], to_new, to_inner[n - low])
            if high == low + 4:
                four_rows(
                    d[low, t, both:], d[low + 1, t, both:], d[low + 2, t, both:], d[low + 3, t, both:],
                    to_new, to_inner[0], to_inner[1], to_inner[2], to_inner[3],
                )  # fmt: skip
            for n in range(low, high):
                _to_gates(gates[n, t], met[n, t], to_inner[n - low], dh[n], d[n, t], one)
                if high < low + 4:
                    one_row(d[n, t, :both], to_gates, dh[n])
            if high == low + 4:
                four_rows(
                    d[low, t, :both], d[low + 1, t, :both], d[low + 2, t, :both], d[low + 3, t, :both],
                    to_gates, dh[low], dh[low + 1], dh[low + 2], dh[low + 3],
                )  # fmt: skip
