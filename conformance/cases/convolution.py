"""Convolutions, against sums over windows written as loops."""

import itertools

import numpy as np

from ..case import A, call, case

SIGNAL = A("b", "n", 2, sizes={"b": (0, 2), "n": (3, 6)})
IMAGE = A("b", "h", "w", 2, sizes={"b": (0, 2), "h": (3, 5), "w": (3, 6)})
FIRST = A("b", 2, "h", "w", sizes={"b": (1, 2), "h": (3, 5), "w": (3, 6)})
VOLUME = A("b", 3, "h", 2, 2, sizes={"b": (1, 2), "h": (2, 4)})
FIRST_LINE = A("b", 2, "n", sizes={"b": (1, 2), "n": (3, 6)})
FIRST_VOLUME = A("b", 2, 3, "h", 3, sizes={"b": (1, 2), "h": (2, 4)})


def pair(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


def correlated(x, kernel, strides, padding, data_format, dilation, depthwise=False):
    """One window at a time, in the order of the definition."""
    rank = kernel.ndim - 2
    x = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
    strides, dilation = pair(strides, rank), pair(dilation, rank)
    widths, out = [(0, 0)], []
    for n, k, s, d in zip(x.shape[1:-1], kernel.shape, strides, dilation, strict=False):
        reach = (k - 1) * d
        total = {"valid": 0, "causal": reach, "same": max((-(-n // s) - 1) * s + reach + 1 - n, 0)}[padding]
        widths.append((total if padding == "causal" else total // 2, 0 if padding == "causal" else total - total // 2))
        out.append((n + total - reach - 1) // s + 1)
    x = np.pad(x, [*widths, (0, 0)])
    channels = kernel.shape[-2] * kernel.shape[-1] if depthwise else kernel.shape[-1]
    result = np.zeros((x.shape[0], *out, channels))
    for place in itertools.product(*map(range, out)):
        for tap in itertools.product(*map(range, kernel.shape[:rank])):
            at = tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, dilation, strict=True))
            seen = x[(slice(None), *at)]
            term = (seen[:, :, None] * kernel[tap]).reshape(len(seen), channels) if depthwise else seen @ kernel[tap]
            result[(slice(None), *place)] += term
    return np.moveaxis(result, -1, 1) if data_format == "channels_first" else result


def convolution(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    return correlated(x, kernel, strides, padding, data_format, dilation_rate)


def depthwise(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    return correlated(x, kernel, strides, padding, data_format, dilation_rate, True)


def separable(x, kernel, pointwise, strides=1, padding="valid", data_format=None, dilation_rate=1):
    inner = depthwise(x, kernel, strides, padding, data_format, dilation_rate)
    return convolution(inner, pointwise, data_format=data_format)


def transposed(x, kernel, output_shape, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """The adjoint of the convolution, column by column of its matrix."""
    wanted = tuple(x.shape[0] if n is None else n for n in output_shape)
    result = np.zeros(wanted)
    for place in itertools.product(*map(range, wanted[1:])):
        unit = np.zeros((1, *wanted[1:]))
        unit[(0, *place)] = 1.0
        seen = correlated(unit, kernel, strides, padding, data_format, dilation_rate)
        result[(slice(None), *place)] = np.tensordot(x, seen[0], axes=seen[0].ndim)
    return result


def bias_add(x, bias, data_format=None):
    if bias.ndim == 1:
        return x + (bias.reshape(-1, *(1,) * (x.ndim - 2)) if data_format == "channels_first" else bias)
    return x + bias.reshape(1, bias.shape[-1], *bias.shape[:-1]) if data_format == "channels_first" else x + bias


case(
    "conv1d",
    call(SIGNAL, A(3, 2, 4)),
    call(SIGNAL, A(2, 2, 3), 2, "same"),
    call(SIGNAL, A(2, 2, 1), 1, "causal", None, 2),
    call(FIRST_LINE, A(3, 2, 2), padding="same", data_format="channels_first"),
    call(FIRST_LINE, A(2, 2, 3), 2, "same", "channels_first"),
    call(FIRST_LINE, A(3, 2, 2), 1, "same", "channels_first", 2),
    call(SIGNAL, A(4, 2, 2), 3, "same"),
    call(A("b", 7, 5, sizes={"b": (1, 2)}), A(3, 5, 2), 1, "same", None, 2),
    errors=[
        (ValueError, call(A(2, 5, 3), A(3, 2, 4))),
        (ValueError, call(A(2, 5, 2), A(3, 2, 4), padding="full")),
        (ValueError, call(A(2, 5, 2), A(3, 2, 4), data_format="rows")),
        (ValueError, call(A(5, 2), A(3, 2, 4))),
        (ValueError, call(A(1, 5, 2), A(3, 2, 4), 2, "valid", None, 2)),
    ],
    reference=convolution,
)
case(
    "conv2d",
    call(IMAGE, A(3, 2, 2, 3)),
    call(IMAGE, A(2, 3, 2, 2), (2, 1), "same"),
    call(IMAGE, A(1, 1, 2, 3)),
    call(IMAGE, A(2, 2, 2, 2), dilation_rate=(1, 2)),
    call(FIRST, A(2, 3, 2, 4), 2, "same", "channels_first"),
    call(FIRST, A(2, 3, 2, 4), (1, 3), "valid", "channels_first"),
    call(FIRST, A(3, 2, 2, 3), (3, 1), "same", "channels_first"),
    call(FIRST, A(2, 3, 2, 2), 1, "same", "channels_first", (2, 1)),
    call(A("b", 7, 6, 2, sizes={"b": (1, 2)}), A(3, 2, 2, 3), 1, "same", None, (2, 3)),
    call(A("b", 6, 7, 6, sizes={"b": (1, 2)}), A(3, 2, 6, 5)),
    call(A("b", 8, 6, 5, sizes={"b": (1, 2)}), A(4, 3, 5, 1), (2, 3), "same"),
    call(A("b", 2, 2, 1, sizes={"b": (1, 2)}), A(3, 4, 1, 1), (1, 3), "same"),
    call(A("b", 3, 3, 6, sizes={"b": (1, 2)}), A(1, 1, 6, 3), 2),
    errors=[
        (ValueError, call(A(2, 5, 5, 3), A(3, 3, 2, 4))),
        (ValueError, call(A(2, 5, 2), A(3, 3, 2, 4))),
        (ValueError, call(A(1, 2, 2, 2), A(3, 3, 2, 4))),
    ],
    reference=convolution,
)
case(
    "conv3d",
    call(VOLUME, A(2, 1, 2, 2, 2)),
    call(VOLUME, A(2, 2, 1, 2, 1), (1, 2, 1), "same"),
    call(FIRST_VOLUME, A(2, 2, 1, 2, 2), (1, 2, 1), "same", "channels_first"),
    call(FIRST_VOLUME, A(2, 1, 2, 2, 1), 1, "same", "channels_first", (1, 1, 2)),
    call(A("b", 4, 3, 5, 2, sizes={"b": (1, 2)}), A(2, 2, 2, 2, 2), 1, "same", None, (2, 1, 3)),
    errors=[(ValueError, call(A(1, 4, 4, 2), A(2, 2, 2, 2, 2)))],
    reference=convolution,
)
case(
    "depthwise_conv2d",
    call(IMAGE, A(2, 2, 2, 3)),
    call(IMAGE, A(3, 3, 2, 1), (2, 2), "same"),
    call(FIRST, A(2, 2, 2, 2), data_format="channels_first"),
    call(FIRST, A(2, 3, 2, 2), (2, 2), "same", "channels_first"),
    call(A("b", 6, 7, 2, sizes={"b": (1, 2)}), A(2, 3, 2, 2), 1, "same", None, (2, 2)),
    call(FIRST, A(2, 2, 2, 1), 1, "same", "channels_first", (2, 1)),
    errors=[(ValueError, call(A(2, 5, 5, 3), A(3, 3, 2, 4)))],
    reference=depthwise,
)
case(
    "separable_conv1d",
    call(SIGNAL, A(2, 2, 2), A(1, 4, 3)),
    call(SIGNAL, A(3, 2, 1), A(1, 2, 3), 2, "same"),
    call(FIRST_LINE, A(3, 2, 2), A(1, 4, 3), 2, "same", "channels_first"),
    call(FIRST_LINE, A(2, 2, 1), A(1, 2, 3), 1, "same", "channels_first", 2),
    errors=[
        (ValueError, call(A(2, 5, 2), A(2, 2, 2), A(1, 3, 3))),
        (ValueError, call(A(2, 5, 2), A(2, 2, 2), A(1, 4, 3), padding="causal")),
    ],
    reference=separable,
)
case(
    "separable_conv2d",
    call(IMAGE, A(2, 2, 2, 2), A(1, 1, 4, 3)),
    call(FIRST, A(2, 2, 2, 1), A(1, 1, 2, 3), (2, 2), "same", "channels_first"),
    call(FIRST, A(2, 3, 2, 2), A(1, 1, 4, 2), 1, "same", "channels_first", (2, 1)),
    call(IMAGE, A(2, 1, 2, 2), A(1, 1, 4, 3), dilation_rate=(1, 2)),
    errors=[(ValueError, call(A(2, 5, 5, 2), A(2, 2, 2, 2), A(2, 1, 4, 3)))],
    reference=separable,
)
case(
    "conv2d_transpose",
    call(A("b", 3, 2, 3, sizes={"b": (1, 2)}), A(2, 3, 2, 3), (None, 6, 4, 2), (2, 2), "same"),
    call(A("b", 2, 3, 3, sizes={"b": (1, 2)}), A(2, 2, 2, 3), (None, 3, 4, 2)),
    call(A("b", 3, 1, 1), A(2, 1, 1, 1), (None, 7, 1, 1), (2, 1)),
    call(A("b", 3, 1, 1), A(1, 1, 1, 1), (None, 6, 1, 1), (2, 1), "same"),
    call(A("b", 3, 1, 1), A(3, 1, 1, 1), (None, 3, 1, 1), padding="same", dilation_rate=2),
    call(A("b", 3, 2, 2, sizes={"b": (1, 2)}), A(3, 2, 2, 3), (None, 2, 4, 4), 2, "same", "channels_first"),
    call(A("b", 3, 2, 3, sizes={"b": (1, 2)}), A(2, 3, 2, 3), (None, 2, 4, 3), (2, 1), "same", "channels_first"),
    call(A("b", 3, 5, 4, sizes={"b": (1, 2)}), A(3, 2, 2, 3), (None, 2, 5, 4), 1, "same", "channels_first", 2),
    errors=[(ValueError, call(A(1, 3, 3, 3), A(2, 2, 2, 3), (None, 9, 9, 2)))],
    reference=transposed,
)
case(
    "conv3d_transpose",
    call(A("b", 2, 2, 1, 3, sizes={"b": (1, 2)}), A(2, 1, 2, 2, 3), (None, 3, 2, 2, 2)),
    call(A("b", 2, 1, 2, 3, sizes={"b": (1, 2)}), A(2, 1, 2, 2, 3), (None, 4, 1, 3, 2), (2, 1, 2), "same"),
    call(A(1, 3, 2, 1, 2), A(2, 1, 2, 2, 3), (None, 2, 4, 1, 3), (2, 1, 2), "same", "channels_first"),
    errors=[(ValueError, call(A(1, 2, 2, 1, 3), A(2, 1, 2, 2, 3), (None, 9, 2, 2, 2)))],
    reference=transposed,
)
case(
    "bias_add",
    call(A("n", 3), A(3)),
    call(IMAGE, A(2)),
    call(FIRST, A(2), "channels_first"),
    call(A("b", 2, 3, 4), A(2, 3, 4)),
    call(A("b", 4, 2, 3), A(2, 3, 4), data_format="channels_first"),
    call(A("b", 3, 2, 1, 2), A(3), data_format="channels_first"),
    errors=[
        (ValueError, call(A(3), A(3))),
        (ValueError, call(A(2, 3, 4), A(3, 4, 5, 6))),
        (ValueError, call(A(2, 3), A(4))),
    ],
    reference=bias_add,
)
