"""Convolution in groups and transposed, against sums over windows written as loops."""

import itertools

import numpy as np

from ..case import A, call, case
from .convolution import convolution, pair

LINE = A("b", "n", 4, sizes={"b": (1, 2), "n": (3, 6)})
IMAGE = A("b", "h", "w", 4, sizes={"b": (1, 2), "h": (3, 5), "w": (3, 5)})
FIRST = A("b", 4, "h", "w", sizes={"b": (1, 2), "h": (3, 5), "w": (3, 5)})


def grouped(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    axis = 1 if data_format == "channels_first" else x.ndim - 1
    groups = x.shape[axis] // kernel.shape[-2]
    return np.concatenate(
        [
            convolution(part, weights, strides, padding, data_format, dilation_rate)
            for part, weights in zip(np.split(x, groups, axis), np.split(kernel, groups, -1), strict=True)
        ],
        axis,
    )


def spread(x, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1):
    """Each element times the kernel, added where it lies, on all places there are; then the ends are cut or grown."""
    rank = x.ndim - 2
    x = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
    strides, rates = pair(strides, rank), pair(dilation_rate, rank)
    more = (None,) * rank if output_padding is None else pair(output_padding, rank)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, rates, strict=False)]
    whole = [(n - 1) * s + r for n, s, r in zip(x.shape[1:-1], strides, reach, strict=True)]
    result = np.zeros((x.shape[0], *whole, kernel.shape[-2]))
    for place in itertools.product(*map(range, x.shape[1:-1])):
        for tap in itertools.product(*map(range, kernel.shape[:rank])):
            at = tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, rates, strict=True))
            result[(slice(None), *at)] += x[(slice(None), *place)] @ kernel[tap].T
    for axis, (n, s, r, p) in enumerate(zip(x.shape[1:-1], strides, reach, more, strict=True), start=1):
        if padding == "valid":
            size, start = (n - 1) * s + (max(r, s) if p is None else r + p), 0
        else:
            size = n * s if p is None else (n - 1) * s + r % 2 + p
            around = size - (n - 1) * s + r - 2
            start = r - 1 - min(-(-around // 2), r - 1)
        grown = np.pad(result, [(0, size if a == axis else 0) for a in range(result.ndim)])
        result = np.take(grown, range(start, start + size), axis)
    return np.moveaxis(result, -1, 1) if data_format == "channels_first" else result


case(
    "conv",
    call(LINE, A(3, 4, 2)),
    call(LINE, A(2, 2, 6), 2, "same"),
    call(LINE, A(2, 1, 4), 1, "same", None, 2),
    call(IMAGE, A(2, 2, 2, 4), (2, 1), "same", None, (1, 2)),
    call(IMAGE, A(2, 3, 1, 8), 2, "same", None, 2),
    call(FIRST, A(2, 2, 2, 2), 1, "same", "channels_first"),
    call(FIRST, A(3, 2, 1, 4), 2, "valid", "channels_first"),
    call(A("b", 3, 2, 3, 2, sizes={"b": (1, 2)}), A(2, 1, 2, 1, 2)),
    errors=[
        (ValueError, call(A(1, 5, 3), A(3, 2, 4))),
        (ValueError, call(A(1, 5, 4), A(3, 2, 3))),
        (ValueError, call(A(5, 4), A(3, 2, 4))),
        (ValueError, call(A(1, 5, 4), A(2, 2, 2, 4))),
        (ValueError, call(A(1, 2, 4), A(3, 4, 4))),
        (ValueError, call(A(1, 5, 4), A(3, 4, 4), padding="full")),
        (ValueError, call(A(1, 5, 4), A(3, 4, 4), data_format="rows")),
        (ValueError, call(A(1, 5, 4), A(3, 4, 4), strides=(1, 1))),
    ],
    reference=grouped,
)
case(
    "conv_transpose",
    call(LINE, A(3, 2, 4)),
    call(LINE, A(2, 3, 4), 3),
    call(LINE, A(3, 2, 4), 2, "same"),
    call(LINE, A(3, 1, 4), 2, "same", 1),
    call(LINE, A(2, 2, 4), 2, "valid", 1, None, 2),
    call(IMAGE, A(2, 3, 2, 4), (2, 1), "same", None, None, (1, 2)),
    call(FIRST, A(3, 2, 2, 4), 2, "same", (0, 1), "channels_first"),
    call(A("b", 2, 2, 2, 2, sizes={"b": (1, 2)}), A(2, 1, 2, 1, 2), 2, "same"),
    errors=[
        (ValueError, call(A(1, 5, 3), A(3, 2, 4))),
        (ValueError, call(A(5, 4), A(3, 2, 4))),
        (ValueError, call(A(1, 5, 4), A(3, 2, 4), padding="full")),
        (ValueError, call(A(1, 5, 4), A(3, 2, 4), output_padding=-1)),
        (ValueError, call(A(1, 5, 4), A(3, 2, 4), output_padding=(1, 1))),
    ],
    reference=spread,
)
