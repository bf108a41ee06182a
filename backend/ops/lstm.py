"""Long short-term memory over a whole sequence, as one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..arrays.typing import Array
from ..control.loop import iterate
from ..dispatch.boundary import rank_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, promoted_floats
from ..graph.composite import composite, only_wanted, spec
from .windows.geometry import narrowed, widened

__all__ = ["lstm"]

ALL = (0, 1, 2, 3, 4, 5)


@operation
def lstm(
    inputs: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    initial_states: Sequence[Array] | None = None,
    go_backwards: bool = False,
) -> tuple[Array, Array, list[Array]]:
    """Run long short-term memory over the time axis, in one call.

    Each step computes the gates ``i, f, o = sigmoid(x @ W + h @ U + b)`` and
    ``new = tanh(x @ W + h @ U + b)``, each with its own part of the weights,
    then ``c = f * c + i * new`` and ``h = o * tanh(c)``. The result is that of
    `rnn` for this step; libraries have it in one call.

    Parameters
    ----------
    inputs : array
        Shape (batch, time, features); integers become floatx.
    kernel : array
        W, of shape (features, 4 * units), with the parts of i, f, new, o side
        by side.
    recurrent_kernel : array
        U, of shape (units, 4 * units).
    bias : array, optional
        b, of shape (4 * units,); 0 if not given.
    initial_states : sequence of arrays, optional
        h and c, of shape (batch, units); 0 if not given.
    go_backwards : bool
        Whether the last time comes first.

    Returns
    -------
    last_output : array
        The last h, of shape (batch, units).
    outputs : array
        Every h, of shape (batch, time, units), in the order in which the steps
        ran.
    new_states : list of arrays
        The last h and the last c.

    Raises
    ------
    ValueError
        If the inputs do not have 3 dimensions, or weights or states have
        another shape.

    Notes
    -----
    The dtypes are promoted; float16 is computed in float32. No step gives the
    initial states. Infinite inputs saturate the gates; NaN stays in its sample.

    There are gradients, second ones too.

    References
    ----------
    Hochreiter, Schmidhuber, "Long short-term memory", 1997; Gers et al.,
    "Learning to forget", 2000; the order of weights of Keras 2.3.1.

    Examples
    --------
    >>> x, kernel, recurrent = np.ones((2, 5, 3)), np.zeros((3, 16)), np.zeros((4, 16))
    >>> last, outputs, (h, c) = K.lstm(x, kernel, recurrent)
    >>> last.shape, outputs.shape, c.shape
    ((2, 4), (2, 5, 4), (2, 4))
    """
    given = [kernel, recurrent_kernel, *([] if bias is None else [bias]), *(initial_states or ())]
    xp, x, kernel, recurrent, *more = promoted_floats(inputs, *given)
    b = None if bias is None else more.pop(0)
    if x.ndim != 3:
        raise ValueError(f"lstm: inputs has {x.ndim} dimensions, expected 3 (batch, time, features)")
    if recurrent.ndim != 2:
        raise ValueError(f"lstm: recurrent_kernel has {recurrent.ndim} dimensions, expected 2")
    batch, _, features = sizes(x)
    units = sizes(recurrent)[0]
    check_shape("lstm: kernel", kernel, (features, 4 * units))
    check_shape("lstm: recurrent_kernel", recurrent, (units, 4 * units))
    if b is not None:
        check_shape("lstm: bias", b, (4 * units,))
    if initial_states is None:
        more = [xp.zeros((batch, units), dtype=x.dtype, device=device_of(x))] * 2
    if len(more) != 2:
        raise ValueError(f"lstm: initial_states has {len(more)} members, expected 2: h and c")
    for name, state in zip("hc", more, strict=True):
        check_shape(f"lstm: initial_states' {name}", state, (batch, units))
    x = xp.flip(x, axis=1) if go_backwards else x
    every, h, c = lstm_sequence(x, kernel, recurrent, b, *more)[:3]
    return h, every, [h, c]


def check_shape(argument: str, x: Array, expected: tuple[Any, ...]) -> None:
    """ValueError, with the name of function and argument, where a size known of x differs from the one expected."""
    found = sizes(x)
    if len(found) != len(expected) or any(
        isinstance(n, int) and isinstance(m, int) and n != m for n, m in zip(found, expected, strict=True)
    ):
        raise ValueError(
            f"{argument} has shape {tuple(x.shape)}, expected "
            f"{tuple(n if isinstance(n, int) else None for n in expected)}"
        )


# ---- the composites
#
# Within, arrays lie as (time, batch, 4 * units), the gates in the order o, i, f, new: the first three are sigmoids, the
# last three meet the cell's cotangent. sigmoid(z) is (tanh(z / 2) + 1) / 2, so that one tanh does for all four.


@composite(layouts=((1, "matrix"), (2, "matrix")))
def lstm_sequence(
    x: Array, kernel: Array, recurrent: Array, bias: Array | None, h: Array, c: Array, *, residuals: bool = False
) -> tuple[Array, ...]:
    """(every h, last h, last c) and, with `residuals`, two arrays that the gradient needs.

    Here these are the tanh of the gates and the cells of each step; kernels have their own.
    """
    xp, units, narrow = array_namespace(x, kernel, recurrent), sizes(h)[1], x
    x, kernel, recurrent, h, c = (widened(xp, p) for p in (x, kernel, recurrent, h, c))
    again = _halved(xp, _gates_in_order(xp, recurrent, units), units)
    z = xp.tensordot(xp.permute_dims(x, (1, 0, 2)), _halved(xp, _gates_in_order(xp, kernel, units), units), axes=1)
    if bias is not None:
        z = z + _halved(xp, _gates_in_order(xp, widened(xp, bias)[None, :], units), units)

    def step(h: Array, c: Array, z: Array) -> tuple[Array, ...]:
        gates = xp.tanh(z + h @ again)
        sigmoids = gates[:, : 3 * units] * 0.5 + 0.5
        c = sigmoids[:, 2 * units :] * c + sigmoids[:, units : 2 * units] * gates[:, 3 * units :]
        h = sigmoids[:, :units] * xp.tanh(c)
        return h, c, h, c, gates

    h, c, every, cells, gates = iterate(step, [h, c], [z])
    results = [narrowed(xp, y, narrow) for y in (xp.permute_dims(every, (1, 0, 2)), h, c)]
    return (*results, gates, cells) if residuals else tuple(results)


@lstm_sequence.shape
def _(x, kernel, recurrent, bias, h, c, *, residuals):
    batch, time, _ = sizes(x)
    state, opaque = spec(sizes(h), x.dtype), spec(None, x.dtype)
    return spec((batch, time, sizes(h)[1]), x.dtype), state, state, *([opaque, opaque] if residuals else [])


@lstm_sequence.prune
def _(live, *args, residuals):
    """No residuals where no gradient reads them."""
    residuals = not live.isdisjoint((3, 4))
    return args, {"residuals": residuals}, range(5 if residuals else 3)


@lstm_sequence.vjp
def _(g, out, x, kernel, recurrent, bias, h, c, *, residuals):
    gates, cells = out[3:] if residuals else (None, None)
    wanted = tuple(i for i in ALL if i != 3 or bias is not None)
    found = dict(
        zip(
            wanted,
            lstm_sequence_gradient(*g[:3], x, kernel, recurrent, bias, h, c, out[0], gates, cells, wanted=wanted),
            strict=True,
        )
    )
    return tuple(map(found.get, ALL))


@composite
def lstm_sequence_gradient(
    g: Array | None,
    g_h: Array | None,
    g_c: Array | None,
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array | None,
    h: Array,
    c: Array,
    every: Array,
    gates: Array | None,
    cells: Array | None,
    *,
    wanted: tuple[int, ...],
) -> tuple[Array, ...]:
    """The cotangents of x, kernel, recurrent, bias, h and c, those `wanted`, from those of every h, last h and last c.

    `gates` and `cells` are the residuals of the forward pass; a kernel's, in another layout, are computed anew.
    """
    xp, units, narrow = array_namespace(x, kernel, recurrent), sizes(h)[1], x
    if (
        gates is None or rank_of(gates) != 3
    ):  # of unknown rank while recording: the kernel that will run is chosen later
        gates, cells = lstm_sequence.definition(x, kernel, recurrent, bias, h, c, residuals=True)[3:]
    x, kernel, recurrent, h, c, every = (widened(xp, p) for p in (x, kernel, recurrent, h, c, every))
    back = xp.matrix_transpose(_gates_in_order(xp, recurrent, units))

    def step(dh: Array, dc: Array, slope: Array, through_h: Array, f: Array, *own: Array) -> tuple[Array, ...]:
        dh = dh + own[0] if own else dh
        dc = dc + dh * through_h
        dz = slope * xp.concat([dh, dc, dc, dc], axis=1)
        return dz @ back, dc * f, dz

    start = [xp.zeros_like(h) if s is None else widened(xp, s) for s in (g_h, g_c)]
    own = [] if g is None else [xp.permute_dims(widened(xp, g), (1, 0, 2))]
    dh, dc, dz = iterate(step, start, [*_slopes(xp, gates, cells, c, units), *own], reverse=True)
    results: dict[int, Callable[[], Array]] = {
        0: lambda: xp.permute_dims(
            xp.tensordot(dz, xp.matrix_transpose(_gates_in_order(xp, kernel, units)), axes=1), (1, 0, 2)
        ),
        4: lambda: dh,
        5: lambda: dc,
    }
    if not {1, 2, 3}.isdisjoint(wanted):  # one product for all three
        features, one = sizes(x)[2], xp.ones((*sizes(x)[:2], 1), dtype=x.dtype, device=device_of(x))
        met = xp.concat([x, xp.concat([h[:, None, :], every], axis=1)[:, :-1, :], one], axis=2)
        d = xp.tensordot(xp.permute_dims(met, (1, 0, 2)), dz, axes=((0, 1), (0, 1)))
        d = xp.concat([d[:, units:], d[:, :units]], axis=1)  # i, f, new, o again
        results |= {1: lambda: d[:features, :], 2: lambda: d[features : features + units, :], 3: lambda: d[-1, :]}
    return tuple(narrowed(xp, results[i](), narrow) for i in wanted)


@lstm_sequence_gradient.shape
def _(g, g_h, g_c, x, kernel, recurrent, bias, h, c, every, gates, cells, *, wanted):
    like = (x, kernel, recurrent, bias, h, c)
    return tuple(spec(sizes(like[i]), x.dtype) for i in wanted)


lstm_sequence_gradient.prune(only_wanted)


def _slopes(xp: Any, gates: Array, cells: Array | None, c: Array, units: Any) -> tuple[Array, Array, Array]:
    """For all steps: the factors of dh and dc in dz, of dh in dc, and of dc in the dc of the step before."""
    tops, before = xp.tanh(cells), xp.concat([c[None, :, :], cells], axis=0)[:-1, :, :]
    sigmoids, new = gates[:, :, : 3 * units] * 0.5 + 0.5, gates[:, :, 3 * units :]
    o, i, f = (sigmoids[:, :, k * units : (k + 1) * units] for k in range(3))
    met = xp.concat([tops, new, before], axis=2)
    return (xp.concat([met * (sigmoids * (1.0 - sigmoids)), i * (1.0 - new * new)], axis=2), o * (1.0 - tops * tops), f)


def _gates_in_order(xp: Any, weights: Array, units: Any) -> Array:
    """Columns i, f, new, o as columns o, i, f, new."""
    return xp.concat([weights[:, 3 * units :], weights[:, : 3 * units]], axis=1)


def _halved(xp: Any, weights: Array, units: Any) -> Array:
    """The columns of the sigmoids by 2."""
    return xp.concat([weights[:, : 3 * units] * 0.5, weights[:, 3 * units :]], axis=1)
