"""Resizing, against positions worked out one by one."""

import numpy as np

from ..case import A, call, case

IMAGE = A("b", "h", "w", 2, sizes={"h": (1, 4), "w": (1, 4)})


def resized(x, *arguments):
    factors, layout, *rest = [a for a in arguments if isinstance(a, int)], *[a for a in arguments if isinstance(a, str)]
    first = 1 if layout == "channels_last" else 2
    for axis, factor in enumerate(factors, first):
        n = x.shape[axis]
        source = np.arange(n * factor) / factor
        low = np.floor(source).astype(int)
        if rest == ["bilinear"]:
            weight = (source - low).reshape(-1, *(1,) * (x.ndim - axis - 1))
            high = np.minimum(low + 1, n - 1)
            x = np.take(x, low, axis=axis) * (1 - weight) + np.take(x, high, axis=axis) * weight
        else:
            x = np.take(x, low, axis=axis)
    return x


case(
    "resize_images",
    call(IMAGE, 2, 3, "channels_last"),
    call(IMAGE, 2, 1, "channels_last", "bilinear"),
    call(A("b", 2, "h", 3, sizes={"h": (1, 4)}), 3, 2, "channels_first", "bilinear"),
    errors=[
        (ValueError, call(A(1, 2, 2, 1), 2, 2, "rows")),
        (TypeError, call(A(1, 2, 2, 1), 2, 2, None)),
        (ValueError, call(A(1, 2, 2, 1), 2, 2, "channels_last", "cubic")),
        (TypeError, call(A(1, 2, 2, 1), 1.5, 2, "channels_last")),
        (ValueError, call(A(2, 2, 1), 2, 2, "channels_last")),
    ],
    reference=resized,
)
case(
    "resize_volumes",
    call(A("b", 2, "h", 1, 2, sizes={"h": (1, 3)}), 2, 1, 3, "channels_last"),
    call(A("b", 2, "h", 1, 2, sizes={"h": (1, 3)}), 1, 2, 2, "channels_first"),
    exact=True,
    errors=[(ValueError, call(A(1, 2, 2, 2, 1), 2, 2, 2, "rows"))],
    reference=resized,
)
