"""Images between their pixels, against weights and neighbours written as loops."""

import itertools
import math

import numpy as np

from ..case import A, call, case


def triangle(t):
    return max(0.0, 1.0 - t)


def cubic(t):
    if t < 1.0:
        return 1.5 * t**3 - 2.5 * t**2 + 1.0
    return -0.5 * t**3 + 2.5 * t**2 - 4.0 * t + 2.0 if t < 2.0 else 0.0


def lanczos(radius):
    return lambda t: 0.0 if t > radius else float(np.sinc(t) * np.sinc(t / radius))


KERNELS = {"bilinear": triangle, "bicubic": cubic, "lanczos3": lanczos(3), "lanczos5": lanczos(5)}


def matrix(count, size, scale, shift, kernel, antialias):
    weights = np.zeros((count, size))
    for j in range(size):
        place = (j + 0.5 - shift) / scale - 0.5
        if not -0.5 <= place <= count - 0.5:
            continue
        column = [kernel(abs(place - i) / (max(1.0 / scale, 1.0) if antialias else 1.0)) for i in range(count)]
        if abs(sum(column)) > 1e-4:
            weights[:, j] = np.array(column) / sum(column)
    return weights


def resampled(x, how, method, antialias):
    y = np.asarray(x, np.float64)
    for axis, size, scale, shift in how:
        weights = matrix(x.shape[axis], size, scale, shift, KERNELS[method], antialias)
        y = np.moveaxis(np.tensordot(y, weights, (axis, 0)), -1, axis)
    return np.clip(np.round(y), x.min(), x.max()).astype(x.dtype) if x.dtype.kind in "iu" else y


def resize(x, size, method="bilinear", antialias=False, data_format=None):
    first = x.ndim - (2 if data_format == "channels_first" else 3)
    if method == "nearest":
        for axis, n in zip((first, first + 1), size, strict=True):
            x = np.take(x, [math.floor((i + 0.5) * x.shape[axis] / n) for i in range(n)], axis)
        return x
    axes = [(axis, n) for axis, n in zip((first, first + 1), size, strict=True) if n != x.shape[axis]]
    return resampled(x, [(axis, n, n / x.shape[axis], 0.0) for axis, n in axes], method, antialias)


def scale_and_translate(x, shape, axes, scale, translation, method="bilinear", antialias=True):
    how = [(a % x.ndim, shape[a], s, t) for a, s, t in zip(axes, scale, translation, strict=True)]
    return resampled(x, how, method, antialias)


def index(i, n, mode):
    if mode == "wrap":
        return i % n
    if mode == "nearest":
        return min(max(i, 0), n - 1)
    period = max(2 * n - 2, 1) if mode == "mirror" else 2 * n
    i %= period
    return i if i < n else period - i - (mode == "reflect")


def map_coordinates(x, coordinates, order=1, mode="constant", fill_value=0.0):
    found = np.zeros(coordinates.shape[1:])
    for place in np.ndindex(*found.shape):
        at = coordinates[(slice(None), *place)]
        corners = [[(math.floor(c), 1 - c % 1), (math.floor(c) + 1, c % 1)] for c in at]
        if order == 0:
            corners = [[(math.floor(c + 0.5), 1.0)] for c in at]
        for corner in itertools.product(*corners):
            inside = mode != "constant" or all(0 <= i < n for (i, _), n in zip(corner, x.shape, strict=True))
            key = tuple(index(i, n, mode) for (i, _), n in zip(corner, x.shape, strict=True)) if inside else ()
            found[place] += math.prod(w for _, w in corner) * (x[key] if inside else fill_value)
    return np.round(found).astype(x.dtype) if x.dtype.kind in "iu" else found


IMAGE = A("b", 4, 5, 2, sizes={"b": (1, 2)})
case(
    "resize",
    call(IMAGE, (6, 7)),
    call(IMAGE, (3, 5), antialias=True),
    call(IMAGE, (7, 3), "nearest"),
    call(IMAGE, (6, 3), "bicubic"),
    call(IMAGE, (2, 9), "lanczos3", True),
    call(A(4, 3, 2), (5, 2), "lanczos5"),
    call(A(2, 4, 3), (2, 6), "bilinear", False, "channels_first"),
    call(A(4, 3, 1, dtype="int"), (5, 4)),
    call(IMAGE, (4, 5)),
    errors=[
        (ValueError, call(IMAGE, (3, 3), "area")),
        (ValueError, call(A(3, 3), (3, 3))),
        (ValueError, call(IMAGE, (3, 3, 2))),
        (ValueError, call(IMAGE, (0, 3))),
        (ValueError, call(IMAGE, (3, 3), data_format="rows")),
    ],
    reference=resize,
)
case(
    "scale_and_translate",
    call(A(4, 3), (5, 4), (0, 1), (1.3, 0.8), (0.2, -0.4)),
    call(A(4, 3), (3, 3), (0,), (0.7,), (0.5,), "bicubic"),
    call(A(5, 3), (4, 3), (-2,), (0.6,), (0.1,), "lanczos3", False),
    call(A(6, dtype="int"), (6,), (0,), (1.0,), (1.5,)),
    call(A(4, 2), (4, 2), (), (), ()),
    errors=[
        (ValueError, call(A(4), (4,), (0,), (1.0,), (0.0,), "area")),
        (ValueError, call(A(4), (4, 4), (0,), (1.0,), (0.0,))),
        (ValueError, call(A(4), (4,), (1,), (1.0,), (0.0,))),
        (ValueError, call(A(4), (4,), (0,), (1.0, 1.0), (0.0,))),
    ],
    reference=scale_and_translate,
)
BETWEEN = np.array([[0.3, 1.7, 2.2, -0.6, -2.3, 4.4], [0.8, 0.2, 1.4, 1.3, 2.6, -3.2]])
case(
    "map_coordinates",
    *(call(A(3, 2), BETWEEN, order, mode) for order in (0, 1) for mode in ("constant", "nearest", "wrap")),
    *(call(A(3, 2), BETWEEN, 1, mode) for mode in ("mirror", "reflect")),
    call(A(3), np.array([[[0.3, 1.6], [0.9, -0.7]]]), fill_value=2.0),
    call(A(3, 2, dtype="int"), BETWEEN),
    call(A(4), A(1, "k", low=-1.9, high=4.9), 0),
    errors=[
        (ValueError, call(A(3, 2), A(3, 4))),
        (ValueError, call(A(3, 2), A(2, 4), 2)),
        (ValueError, call(A(3, 2), A(2, 4), 1, "edge")),
        (ValueError, call(A(), A(1, 4))),
        (ValueError, call(A(0, 2), A(2, 4))),
        (TypeError, call(A(3, dtype="complex"), A(1, 4))),
    ],
    reference=map_coordinates,
)
