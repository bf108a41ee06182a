"""Normalization, against its formulas in plain NumPy."""

import numpy as np

from ..case import A, call, case

SOME = {"n": (2, 5)}
IMAGE = A("n", 3, 4, 2, sizes=SOME)


def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    axes = tuple(reduction_axes)
    mean, variance = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    shape = mean.shape
    result = (x - mean) / np.sqrt(variance + epsilon) * (1.0 if gamma is None else np.reshape(gamma, shape)) + (
        0.0 if beta is None else np.reshape(beta, shape)
    )
    return result, np.mean(x, axis=axes), np.var(x, axis=axes)


def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    mean, var, beta, gamma = (p if p is None or p.ndim != 1 else p.reshape(shape) for p in (mean, var, beta, gamma))
    return (x - mean) / np.sqrt(var + epsilon) * (1.0 if gamma is None else gamma) + (0.0 if beta is None else beta)


case(
    "normalize_batch_in_training",
    call(A("n", 3, sizes=SOME), None, None, [0]),
    call(A("n", "c", sizes=SOME), A("c"), A("c"), [0]),
    call(IMAGE, A(2), None, (0, 1, 2)),
    call(IMAGE, A(3), A(3), [0, 2, 3], epsilon=0.1),
    call(A("n", 3, sizes=SOME), None, None, [0, 1]),
    call(A(1, 3, 4, 2), A(2), None, (0, 1, 2)),
    call(A(1, 3, 4, 2), None, A(3), [0, 2, 3]),
    edges=[call([[1.0], [3.0]], None, None, [0]), call([[np.nan, 1.0], [1.0, 1.0]], None, None, [0])],
    errors=[
        (ValueError, call(A(2, 3), None, None, [2])),
        (ValueError, call(A(2, 3), A(2), None, [0])),
        (ValueError, call(A(2, 3), None, A(3, 1), [0])),
    ],
    reference=normalize_batch_in_training,
)
VARIANCE = A("c", low=0.1, high=3.0)
case(
    "batch_normalization",
    call(A("n", "c"), A("c"), VARIANCE, A("c"), A("c")),
    call(A("n", "c"), A("c"), VARIANCE, None, None),
    call(A("n", 3, "k"), A(3), A(3, low=0.1, high=3.0), A(3), None, axis=1, epsilon=0.1),
    call(A("n", 3, "k"), A(1, 3, 1), A(1, 3, 1, low=0.1, high=3.0), None, A(1, 3, 1)),
    edges=[call([[1.0, np.inf]], np.zeros(2), np.zeros(2), None, None)],
    errors=[
        (ValueError, call(A(2, 3), A(2), A(3), None, None)),
        (ValueError, call(A(2, 3), A(3), A(3), None, None, axis=2)),
    ],
    reference=batch_normalization,
)


def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=1e-5):
    axes = tuple(sorted(a % x.ndim for a in np.atleast_1d(axis)))
    shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
    result = (x - np.mean(x, axis=axes, keepdims=True)) / np.sqrt(np.var(x, axis=axes, keepdims=True) + epsilon)
    return result * (1.0 if gamma is None else gamma.reshape(shape)) + (0.0 if beta is None else beta.reshape(shape))


def rms_normalization(x, gamma=None, axis=-1, epsilon=1e-5):
    axes = tuple(sorted(a % x.ndim for a in np.atleast_1d(axis)))
    shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
    result = x / np.sqrt(np.mean(x * x, axis=axes, keepdims=True) + epsilon)
    return result if gamma is None else result * gamma.reshape(shape)


def group_normalization(x, groups, gamma=None, beta=None, epsilon=1e-5, data_format="channels_last"):
    x = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
    result = np.zeros_like(x)
    for part in np.array_split(np.arange(x.shape[-1]), groups):
        for i, row in enumerate(x[..., part]):
            result[i][..., part] = (row - np.mean(row)) / np.sqrt(np.var(row) + epsilon)
    result = result * (1.0 if gamma is None else gamma) + (0.0 if beta is None else beta)
    return np.moveaxis(result, -1, 1) if data_format == "channels_first" else result


WIDE = {"c": (2, 5)}
case(
    "layer_normalization",
    call(A("n", "c", sizes=WIDE)),
    call(A("n", "c", sizes=WIDE), A("c"), A("c")),
    call(A(2, 3, "c", sizes=WIDE), A(3, "c"), A(3, "c"), axis=(1, 2)),
    call(A("n", 4, "k"), A(4), None, axis=1, epsilon=0.1),
    call(A("n", "c", sizes=WIDE), None, A("c"), -1, 0.1),
    call(A("n", 4, dtype="int")),
    edges=[call([[2.0, 2.0], [np.nan, 1.0]], [3.0, 4.0], [5.0, 6.0]), call([[30000.0, -30000.0]])],
    errors=[
        (ValueError, call(A(2, 3), axis=2)),
        (ValueError, call(A(2, 3), axis=(1, -1))),
        (ValueError, call(A(2, 3), A(2))),
        (ValueError, call(A(2, 3), None, A(1, 3))),
    ],
    reference=layer_normalization,
)
case(
    "rms_normalization",
    call(A("n", "c", sizes=WIDE)),
    call(A("n", "c", sizes=WIDE), A("c")),
    call(A(2, 3, "c", sizes=WIDE), A(3, "c"), axis=(-1, 1)),
    call(A("n", 4, "k"), A(4), 1, 0.1),
    edges=[call([[0.0, 0.0], [np.nan, 1.0]], [3.0, 4.0]), call([[30000.0, -30000.0]])],
    errors=[(ValueError, call(A(2, 3), axis=2)), (ValueError, call(A(2, 3), A(2)))],
    reference=rms_normalization,
)
case(
    "group_normalization",
    call(A("n", "h", 3, 4, sizes={"h": (1, 4)}), 2),
    call(A("n", 4, "h", 2, sizes={"h": (1, 4)}), 2, A(4), A(4), data_format="channels_first"),
    call(A("n", 6), 3, A(6), None, 0.1),
    call(A("n", 4, "h", 2, sizes={"h": (1, 4)}), 2, A(4), A(4), 0.1, "channels_first"),
    call(A("n", "h", 3, sizes={"h": (2, 4)}), 1),
    edges=[call([[2.0, 2.0, 1.0, 3.0], [np.nan, 1.0, 1.0, 3.0]], 2), call([[30000.0, -30000.0]], 1)],
    errors=[
        (ValueError, call(A(3), 1)),
        (ValueError, call(A(2, 4), 3)),
        (ValueError, call(A(2, 4), 0)),
        (TypeError, call(A(2, 4), 2.0)),
        (ValueError, call(A(2, 4), 2, A(2))),
        (ValueError, call(A(2, 4), 2, None, A(1, 4))),
    ],
    reference=group_normalization,
)
