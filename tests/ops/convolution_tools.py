"""What the tests of convolution and pooling share: drawn arrays, comparison, and PyTorch's convolution."""

from __future__ import annotations

import numpy as np
import pytest

functional = pytest.importorskip("torch.nn.functional")
TORCH = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
DTYPES = {"float16": 4e-3, "float32": 2e-5, "float64": 1e-12}  # largest error relative to the largest entry


def drawn(*shape, dtype="float64", seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def assert_near(got, wanted, tolerance):
    got, wanted = np.asarray(got, dtype="float64"), np.asarray(wanted, dtype="float64")
    assert got.shape == wanted.shape
    assert np.max(np.abs(got - wanted), initial=0) <= tolerance * np.max(np.abs(wanted), initial=1)


def tuples(value, count):
    return (value,) * count if isinstance(value, int) else tuple(value)


def padded(x, window, strides, dilation, padding):
    """x (batch, channels, spatial...) with zeros written out around it, for torch."""
    pairs = []
    for n, k, s, d in zip(x.shape[2:], window, strides, dilation, strict=True):
        reach = (k - 1) * d + 1
        total = {"valid": 0, "causal": reach - 1, "same": max((-(-n // s) - 1) * s + reach - n, 0)}[padding]
        before = total if padding == "causal" else total // 2
        pairs = [before, total - before, *pairs]
    return functional.pad(x, pairs)


def torch_convolution(x, kernel, strides, padding, dilation, depthwise):
    """torch's convolution of channels-last arrays."""
    rank = kernel.ndim - 2
    groups = kernel.shape[-2] if depthwise else 1
    weight = kernel.permute(rank + 1, rank, *range(rank))
    if depthwise:
        weight = kernel.permute(rank, rank + 1, *range(rank)).reshape(-1, 1, *kernel.shape[:rank])
    x = padded(x.movedim(-1, 1), kernel.shape[:rank], strides, dilation, padding)
    return TORCH[rank](x.contiguous(), weight.contiguous(), stride=strides, dilation=dilation, groups=groups).movedim(
        1, -1
    )


TABLE = [  # spatial sizes, window, in, out, strides, padding, dilation
    ((9,), (4,), 3, 5, 1, "valid", 1),
    ((9,), (4,), 8, 2, 3, "same", 1),
    ((9,), (3,), 5, 2, 2, "causal", 1),
    ((9,), (3,), 2, 3, 1, "causal", 3),
    ((7, 6), (3, 3), 1, 4, 1, "valid", 1),
    ((7, 6), (3, 3), 3, 4, 1, "same", 1),
    ((7, 6), (3, 2), 8, 4, 2, "same", 1),
    ((8, 6), (4, 3), 6, 1, (2, 3), "same", 1),
    ((8, 9), (2, 3), 6, 5, (3, 2), "valid", 1),
    ((9, 8), (3, 3), 5, 3, 1, "same", (2, 3)),
    ((9, 8), (2, 3), 4, 3, 1, "valid", 2),
    ((5, 5), (1, 1), 6, 3, 1, "same", 1),
    ((5, 5), (1, 1), 6, 3, 2, "valid", 1),
    ((3, 2), (5, 4), 6, 3, 1, "same", 1),
    ((2, 2), (3, 4), 1, 1, (1, 3), "same", 1),
    ((5, 4, 6), (2, 3, 3), 2, 3, 1, "same", 1),
    ((5, 4, 6), (3, 2, 2), 5, 3, (2, 1, 3), "valid", 1),
    ((6, 5, 5), (2, 2, 2), 5, 3, 1, "same", (1, 2, 3)),
]
DEPTHWISE = [  # in, multiplier
    ((7, 6), (3, 3), 1, 1, 1, "same", 1),
    ((7, 6), (3, 2), 5, 1, 2, "same", 1),
    ((8, 9), (2, 3), 3, 2, (3, 2), "valid", 1),
    ((9, 8), (3, 3), 4, 3, 1, "same", (2, 3)),
]
POOLS = [  # spatial sizes, window, strides, padding
    ((6, 6), (2, 2), 2, "valid"),
    ((7, 6), (3, 3), 2, "same"),
    ((8, 6), (3, 3), 2, "same"),
    ((7, 6), (3, 2), 1, "valid"),
    ((7, 6), (2, 3), 1, "same"),
    ((7, 8), (4, 3), (3, 1), "same"),
    ((2, 3), (4, 5), 2, "same"),
    ((9, 9), (2, 2), 4, "same"),
    ((5, 4, 6), (2, 3, 2), (2, 1, 2), "valid"),
    ((5, 4, 6), (3, 2, 2), 2, "same"),
]
