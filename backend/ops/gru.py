"""Gated recurrent units over a whole sequence, as one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..arrays.typing import Array
from ..control.loop import iterate
from ..dispatch.boundary import rank_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, promoted_floats
from ..graph.composite import composite, only_wanted, spec
from .lstm import check_shape
from .windows.geometry import narrowed, widened

__all__ = ["gru"]

ALL = (0, 1, 2, 3, 4, 5)


@operation
def gru(
    inputs: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    initial_states: Sequence[Array] | None = None,
    go_backwards: bool = False,
    reset_after: bool = False,
) -> tuple[Array, Array, list[Array]]:
    """Run gated recurrent units over the time axis, in one call.

    Each step computes the gates ``z, r = sigmoid(x @ W + h @ U + b)``, each with its own part of the weights, and the
    candidate ``new = tanh(x @ W + (r * h) @ U + b)``, or with `reset_after`
    ``new = tanh(x @ W + b + r * (h @ U + b'))``; then ``h = z * h + (1 - z) * new``. The result is that of `rnn` for
    this step.

    Parameters
    ----------
    inputs : array
        Shape (batch, time, features); integers become floatx.
    kernel : array
        W, of shape (features, 3 * units), with the parts of z, r, new side by side.
    recurrent_kernel : array
        U, of shape (units, 3 * units).
    bias : array, optional
        b, of shape (3 * units,); with `reset_after` also b and b' as the two rows of an array of shape
        (2, 3 * units). 0 if not given.
    initial_states : sequence of one array, optional
        h, of shape (batch, units); 0 if not given.
    go_backwards : bool
        Whether the last time comes first.
    reset_after : bool
        Whether r applies after the product with U, as in cuDNN, or before it.

    Returns
    -------
    last_output : array
        The last h, of shape (batch, units).
    outputs : array
        Every h, of shape (batch, time, units), in the order in which the steps ran.
    new_states : list of one array
        The last h.

    Raises
    ------
    ValueError
        If the inputs do not have 3 dimensions, or weights or states have another shape.

    Notes
    -----
    The dtypes are promoted; float16 is computed in float32. No step gives the initial state. Infinite inputs saturate
    the gates; NaN stays in its sample.

    There are gradients, second ones too.

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; Keras 2.3.1, ``keras.layers.GRU``.

    Examples
    --------
    >>> x, kernel, recurrent = np.ones((2, 5, 3)), np.zeros((3, 12)), np.zeros((4, 12))
    >>> last, outputs, (h,) = K.gru(x, kernel, recurrent)
    >>> last.shape, outputs.shape, h.shape
    ((2, 4), (2, 5, 4), (2, 4))
    """
    given = [kernel, recurrent_kernel, *([] if bias is None else [bias]), *(initial_states or ())]
    xp, x, kernel, recurrent, *more = promoted_floats(inputs, *given)
    b, own = None if bias is None else more.pop(0), None
    if x.ndim != 3:
        raise ValueError(f"gru: inputs has {x.ndim} dimensions, expected 3 (batch, time, features)")
    if recurrent.ndim != 2:
        raise ValueError(f"gru: recurrent_kernel has {recurrent.ndim} dimensions, expected 2")
    batch, _, features = sizes(x)
    units = sizes(recurrent)[0]
    check_shape("gru: kernel", kernel, (features, 3 * units))
    check_shape("gru: recurrent_kernel", recurrent, (units, 3 * units))
    if b is not None:
        two = reset_after and b.ndim == 2
        check_shape("gru: bias", b, (2, 3 * units) if two else (3 * units,))
        b, own = (b[0, :], b[1, :]) if two else (b, None)
    if initial_states is None:
        more = [xp.zeros((batch, units), dtype=x.dtype, device=device_of(x))]
    if len(more) != 1:
        raise ValueError(f"gru: initial_states has {len(more)} members, expected 1: h")
    check_shape("gru: initial_states' h", more[0], (batch, units))
    x = xp.flip(x, axis=1) if go_backwards else x
    every, h = gru_sequence(x, kernel, recurrent, b, own, more[0], reset_after=reset_after)[:2]
    return h, every, [h]


# ---- the composites
#
# Within, arrays lie as (time, batch, 3 * units), the gates in the order z, r, new. sigmoid(y) is (tanh(y / 2) + 1) / 2.
# `inner` is what is multiplied anew at each step: r * h, whose product with U is a part of the candidate, or with
# `reset_after` that product itself, with its own bias, which r multiplies.


@composite(layouts=((1, "matrix"), (2, "matrix")))
def gru_sequence(
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array | None,
    recurrent_bias: Array | None,
    h: Array,
    *,
    reset_after: bool,
    residuals: bool = False,
) -> tuple[Array, ...]:
    """(every h, last h) and, with `residuals`, two arrays that the gradient needs: z, r, new of each step, and inner.

    `recurrent_bias` is None where r applies before the product. Kernels may have residuals of their own.
    """
    xp, units, narrow = array_namespace(x, kernel, recurrent), sizes(h)[1], x
    x, kernel, recurrent, h = (widened(xp, p) for p in (x, kernel, recurrent, h))
    again = _halved(xp, recurrent, units)
    sums = xp.tensordot(xp.permute_dims(x, (1, 0, 2)), _halved(xp, kernel, units), axes=1)
    if bias is not None:
        sums = sums + _halved(xp, widened(xp, bias)[None, :], units)
    own = None if recurrent_bias is None else _halved(xp, widened(xp, recurrent_bias)[None, :], units)
    both = 2 * units

    def after(h: Array, s: Array) -> tuple[Array, ...]:
        product = h @ again if own is None else h @ again + own
        gates = xp.tanh(s[:, :both] + product[:, :both]) * 0.5 + 0.5
        inner = product[:, both:]
        new = xp.tanh(s[:, both:] + gates[:, units:] * inner)
        h = new + gates[:, :units] * (h - new)
        return h, h, gates, new, inner

    def before(h: Array, s: Array) -> tuple[Array, ...]:
        gates = xp.tanh(s[:, :both] + h @ again[:, :both]) * 0.5 + 0.5
        inner = gates[:, units:] * h
        new = xp.tanh(s[:, both:] + inner @ again[:, both:])
        h = new + gates[:, :units] * (h - new)
        return h, h, gates, new, inner

    h, every, gates, new, inner = iterate(after if reset_after else before, [h], [sums])
    results = narrowed(xp, xp.permute_dims(every, (1, 0, 2)), narrow), narrowed(xp, h, narrow)
    return (*results, xp.concat([gates, new], axis=2), inner) if residuals else results


@gru_sequence.shape
def _(x, kernel, recurrent, bias, recurrent_bias, h, *, reset_after, residuals):
    batch, time, _ = sizes(x)
    opaque = spec(None, x.dtype)
    return (
        spec((batch, time, sizes(h)[1]), x.dtype),
        spec(sizes(h), x.dtype),
        *([opaque, opaque] if residuals else []),
    )


@gru_sequence.prune
def _(live, *args, reset_after, residuals):
    """No residuals where no gradient reads them."""
    residuals = not live.isdisjoint((2, 3))
    return args, {"reset_after": reset_after, "residuals": residuals}, range(4 if residuals else 2)


@gru_sequence.vjp
def _(g, out, *given, reset_after, residuals):
    kept = out[2:] if residuals else (None, None)
    wanted = tuple(i for i in ALL if given[i] is not None)
    d = gru_sequence_gradient(*g[:2], *given, out[0], *kept, reset_after=reset_after, wanted=wanted)
    return tuple(map(dict(zip(wanted, d, strict=True)).get, ALL))


@composite
def gru_sequence_gradient(
    g: Array | None,
    g_h: Array | None,
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array | None,
    recurrent_bias: Array | None,
    h: Array,
    every: Array,
    gates: Array | None,
    inner: Array | None,
    *,
    reset_after: bool,
    wanted: tuple[int, ...],
) -> tuple[Array, ...]:
    """The cotangents of x, kernel, recurrent, both biases and h, those `wanted`, from those of every h and last h.

    `gates` and `inner` are the residuals of the forward pass; a kernel's, in another layout, are computed anew.
    """
    xp, units, narrow = array_namespace(x, kernel, recurrent), sizes(h)[1], x
    if gates is None or rank_of(gates) != 3:  # of unknown rank while recording: which kernel will run is not known
        gates, inner = gru_sequence.definition(
            x, kernel, recurrent, bias, recurrent_bias, h, reset_after=reset_after, residuals=True
        )[2:]
    x, kernel, recurrent, h, every = (widened(xp, p) for p in (x, kernel, recurrent, h, every))
    met = xp.permute_dims(xp.concat([h[:, None, :], every], axis=1)[:, :-1, :], (1, 0, 2))  # the h of the step before
    start = xp.zeros_like(h) if g_h is None else widened(xp, g_h)
    own = [] if g is None else [xp.permute_dims(widened(xp, g), (1, 0, 2))]
    assert gates is not None and inner is not None
    run = _back_after if reset_after else _back_before
    dh, d_sums, d_product = run(xp, start, own, gates, inner, met, recurrent, units)
    results: dict[int, Callable[[], Array]] = {
        0: lambda: xp.permute_dims(xp.tensordot(d_sums, xp.matrix_transpose(kernel), axes=1), (1, 0, 2)),
        1: lambda: xp.tensordot(xp.permute_dims(x, (1, 0, 2)), d_sums, axes=((0, 1), (0, 1))),
        2: lambda: _recurrent_gradient(xp, met, inner, d_product, reset_after, units),
        3: lambda: xp.sum(d_sums, axis=(0, 1)),
        4: lambda: xp.sum(d_product, axis=(0, 1)),
        5: lambda: dh,
    }
    return tuple(narrowed(xp, results[i](), narrow) for i in wanted)


@gru_sequence_gradient.shape
def _(g, g_h, x, kernel, recurrent, bias, recurrent_bias, h, every, gates, inner, *, reset_after, wanted):
    like = (x, kernel, recurrent, bias, recurrent_bias, h)
    return tuple(spec(sizes(like[i]), x.dtype) for i in wanted)


gru_sequence_gradient.prune(only_wanted)


def _slopes(xp: Any, gates: Array, met: Array, units: Any) -> tuple[Array, ...]:
    """z, r, and for all steps the factors of dh in the cotangent of z's sums and of the candidate's, and of r's own."""
    z, r, new = (gates[:, :, k * units : (k + 1) * units] for k in range(3))
    keep = 1.0 - z
    return z, r, (met - new) * (z * keep), keep * (1.0 - new * new), r * (1.0 - r)


def _back_after(
    xp: Any, start: Array, own: list[Array], gates: Array, inner: Array, met: Array, recurrent: Array, units: Any
) -> tuple[Array, Array, Array]:
    """The cotangents of the first h, of the input's sums and of the product with U."""
    z, r, of_z, of_new, of_r = _slopes(xp, gates, met, units)
    through = xp.concat([of_z, of_new * inner * of_r, of_new * r], axis=2)
    back = xp.matrix_transpose(recurrent)

    def step(dh: Array, z: Array, through: Array, *own: Array) -> tuple[Array, ...]:
        dh = dh + own[0] if own else dh
        d = through * xp.concat([dh, dh, dh], axis=1)
        return dh * z + d @ back, dh, d

    first, dh, d = iterate(step, [start], [z, through, *own], reverse=True)
    return first, xp.concat([d[:, :, : 2 * units], of_new * dh], axis=2), d


def _back_before(
    xp: Any, start: Array, own: list[Array], gates: Array, inner: Array, met: Array, recurrent: Array, units: Any
) -> tuple[Array, Array, Array]:
    """The same; here the cotangents of both sums are one array."""
    z, r, of_z, of_new, of_r = _slopes(xp, gates, met, units)
    of_r = met * of_r
    to_gates = xp.matrix_transpose(recurrent[:, : 2 * units])
    to_new = xp.matrix_transpose(recurrent[:, 2 * units :])

    def step(dh: Array, z: Array, r: Array, of_z: Array, of_new: Array, of_r: Array, *own: Array) -> tuple[Array, ...]:
        dh = dh + own[0] if own else dh
        d_new = dh * of_new
        d_inner = d_new @ to_new
        d = xp.concat([dh * of_z, d_inner * of_r], axis=1)
        return dh * z + d_inner * r + d @ to_gates, d, d_new

    first, d, d_new = iterate(step, [start], [z, r, of_z, of_new, of_r, *own], reverse=True)
    d = xp.concat([d, d_new], axis=2)
    return first, d, d


def _recurrent_gradient(xp: Any, met: Array, inner: Array, d: Array, reset_after: bool, units: Any) -> Array:
    """The cotangent of U: its parts met h, or the last one r * h."""
    axes = ((0, 1), (0, 1))
    if reset_after:
        return xp.tensordot(met, d, axes=axes)
    both = 2 * units
    return xp.concat(
        [xp.tensordot(met, d[:, :, :both], axes=axes), xp.tensordot(inner, d[:, :, both:], axes=axes)], axis=1
    )


def _halved(xp: Any, weights: Array, units: Any) -> Array:
    """The columns of the sigmoids by 2."""
    return xp.concat([weights[:, : 2 * units] * 0.5, weights[:, 2 * units :]], axis=1)
