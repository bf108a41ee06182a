"""Gated recurrent units, every step in existing memory; the formulas and layouts are those of ops/gru.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from .recurrence import declined

__all__ = ["gru_sequence", "gru_sequence_gradient"]

Ints = tuple[int, ...]


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
    """Each step's sums become its gates in place; the residuals are the definition's."""
    if declined(x, kernel, recurrent, bias, recurrent_bias, h):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    both, half = 2 * units, x.dtype.type(0.5)
    sums = np.swapaxes(x, 0, 1).reshape(-1, features) @ _halved(kernel, units)
    if bias is not None:
        sums += _halved(bias[None, :], units)
    gates, again = sums.reshape(time, batch, 3 * units), _halved(recurrent, units)
    own = None if recurrent_bias is None else _halved(recurrent_bias[None, :], units)
    to_gates, to_new = again[:, :both], np.ascontiguousarray(again[:, both:])
    every = np.empty((time, batch, units), x.dtype)
    inners = np.empty((time if residuals else 1, batch, units), x.dtype)
    product, part = np.empty((batch, 3 * units if reset_after else both), x.dtype), np.empty_like(h)
    for t in range(time):
        gate, new, state, inner = gates[t, :, :both], gates[t, :, both:], every[t], inners[t if residuals else 0]
        np.matmul(h, again if reset_after else to_gates, out=product)
        if own is not None:
            product += own
        gate += product[:, :both]
        np.tanh(gate, out=gate)
        gate *= half
        gate += half
        if reset_after:
            inner[...] = product[:, both:]
            np.multiply(gate[:, units:], inner, out=part)
        else:
            np.multiply(gate[:, units:], h, out=inner)
            np.matmul(inner, to_new, out=part)
        new += part
        np.tanh(new, out=new)
        np.subtract(h, new, out=state)
        state *= gate[:, :units]
        state += new
        h = state
    results = np.swapaxes(every, 0, 1), h
    return (*results, gates, inners) if residuals else results


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
    """All slopes are computed at once; each step then turns its slopes into the cotangents of its sums in place."""
    if (
        declined(g, g_h, x, kernel, recurrent, bias, recurrent_bias, h, every, gates, inner)
        or gates is None
        or inner is None
        or gates.ndim != 3
    ):
        return NotImplemented
    (batch, time, features), units = x.shape, h.shape[1]
    met = np.concatenate([h[None], np.swapaxes(every, 0, 1)[:-1]])  # the h of the step before
    dh = np.zeros_like(h) if g_h is None else g_h.copy()
    run = _back_after if reset_after else _back_before
    dh, d_sums, d_product = run(dh, g, gates, inner, met, recurrent)
    flat, product = d_sums.reshape(-1, 3 * units), d_product.reshape(-1, 3 * units)
    found: dict[int, np.ndarray] = {5: dh}
    if 0 in wanted:
        found[0] = np.swapaxes((flat @ kernel.T).reshape(time, batch, features), 0, 1)
    if 1 in wanted:
        found[1] = np.swapaxes(x, 0, 1).reshape(-1, features).T @ flat
    if 2 in wanted:
        both, before = 2 * units, met.reshape(-1, units).T
        found[2] = np.empty_like(recurrent)
        if reset_after:
            np.matmul(before, product, out=found[2])
        else:
            found[2][:, :both] = before @ product[:, :both]
            found[2][:, both:] = inner.reshape(-1, units).T @ product[:, both:]
    if 3 in wanted:
        found[3] = flat.sum(axis=0)
    if 4 in wanted:
        found[4] = product.sum(axis=0)
    return tuple(found[i] for i in wanted)


def _slopes(gates: np.ndarray, met: np.ndarray) -> tuple[np.ndarray, ...]:
    """z, r, and for all steps the factors of dh in the cotangent of z's sums and of the candidate's, and of r's own."""
    units = met.shape[2]
    z, r, new = (gates[:, :, k * units : (k + 1) * units] for k in range(3))
    keep, of_z, of_r = 1.0 - z, met - new, 1.0 - r
    of_z *= z
    of_z *= keep
    of_new = new * new
    np.subtract(1.0, of_new, out=of_new)
    of_new *= keep
    of_r *= r
    return z, r, of_z, of_new, of_r


def _back_after(
    dh: np.ndarray, g: np.ndarray | None, gates: np.ndarray, inner: np.ndarray, met: np.ndarray, recurrent: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cotangents of the first h, of the input's sums and of the product with U."""
    z, r, of_z, of_new, of_r = _slopes(gates, met)
    time, batch, units = met.shape
    d = np.empty_like(gates)
    d[:, :, :units] = of_z
    np.multiply(of_new, inner, out=d[:, :, units : 2 * units])
    d[:, :, units : 2 * units] *= of_r
    np.multiply(of_new, r, out=d[:, :, 2 * units :])
    back, part = np.ascontiguousarray(recurrent.T), np.empty_like(dh)
    for t in reversed(range(time)):
        if g is not None:
            dh += g[:, t]
        three = d[t].reshape(batch, 3, units)
        three *= dh[:, None, :]
        of_new[t] *= dh
        np.matmul(d[t], back, out=part)
        dh *= z[t]
        dh += part
    return dh, np.concatenate([d[:, :, : 2 * units], of_new], axis=2), d


def _back_before(
    dh: np.ndarray, g: np.ndarray | None, gates: np.ndarray, inner: np.ndarray, met: np.ndarray, recurrent: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same; here the cotangents of both sums are one array."""
    z, r, of_z, of_new, of_r = _slopes(gates, met)
    of_r *= met
    time, _, units = met.shape
    both, d, part = 2 * units, np.empty_like(gates), np.empty_like(dh)
    to_gates, to_new = np.ascontiguousarray(recurrent[:, :both].T), np.ascontiguousarray(recurrent[:, both:].T)
    for t in reversed(range(time)):
        if g is not None:
            dh += g[:, t]
        step = d[t]
        of_new[t] *= dh
        np.multiply(of_z[t], dh, out=step[:, :units])
        np.matmul(of_new[t], to_new, out=part)
        np.multiply(part, of_r[t], out=step[:, units:both])
        part *= r[t]
        dh *= z[t]
        dh += part
        np.matmul(step[:, :both], to_gates, out=part)
        dh += part
    d[:, :, both:] = of_new
    return dh, d, d


def _halved(weights: np.ndarray, units: int) -> np.ndarray:
    """A copy with the columns of the sigmoids by 2."""
    columns = weights.copy()
    columns[:, : 2 * units] *= weights.dtype.type(0.5)
    return columns
