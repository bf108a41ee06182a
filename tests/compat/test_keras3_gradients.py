"""Gradients of what Keras 3's functions compose of K's: against differences of values, on two libraries."""

import pytest
from test_keras3 import home, needs_torch, pytestmark, ran

__all__ = ["home", "pytestmark"]

PROGRAM = """
import json
import numpy as np
import backend as K
import backend.compat.keras3
from keras import ops

rng = np.random.default_rng(0)
def drawn(*shape):
    return rng.normal(size=shape).astype("float32")
x = rng.uniform(0.2, 0.8, (3, 4)).astype("float32")
matrix = drawn(3, 3) + 4 * np.eye(3, dtype="float32")
image = rng.uniform(0, 1, (1, 6, 6, 4)).astype("float32")
gaps = np.where(np.arange(12).reshape(3, 4) == 5, np.nan, x).astype("float32")
rows, places, updates = np.array([0, 1, 0]), np.array([[0], [2]]), rng.uniform(0.1, 0.9, (2, 4)).astype("float32")
grouped, transposed, deep = drawn(3, 3, 2, 4), drawn(3, 3, 5, 4), drawn(3, 3, 4, 2)
points = np.array([[1.2, 3.4], [2.1, 0.3]], "float32")
moved = np.array([1.1, 0.1, -0.3, 0.05, 0.9, 0.2, 0, 0], "float32")
def first(v):
    return ops.cast(v[0, 0] * 0, "int32") + 1  # symbolic where v is
def resized(size, how, **options):
    return lambda v: ops.image.resize(v, size, interpolation=how, **options)
def square(t):
    return t * t, lambda upstream: 2 * t * upstream
calls = dict(
    groups=(lambda v: ops.conv(v, grouped, 1, "same"), image),
    transposed=(lambda v: ops.conv_transpose(v, transposed, 2), image),
    depthwise=(lambda v: ops.depthwise_conv(v, deep, 1), image),
    adaptive=(lambda v: ops.adaptive_max_pool(v, (4, 4)), image),
    scattered=(lambda v: ops.scatter(places, v[:2], (4, 4)), x),
    kept=(lambda v: ops.scatter_update(v, places, updates), x), put=(lambda v: ops.scatter_update(x, places, v[:2]), x),
    added=(lambda v: ops.scatter_update(v, places, v[1:], "add"), x),
    larger=(lambda v: ops.scatter_update(v, places, updates, "max"), x),
    smaller=(lambda v: ops.scatter_update(v, places, updates, "min"), x),
    multiplied=(lambda v: ops.scatter_update(v, places, v[:2], "mul"), x),
    replaced=(lambda v: ops.slice_update(v, (1, 1), v[:1, :2] * 2), x),
    replaced_anywhere=(lambda v: ops.slice_update(v, (first(v), 1), v[:1, :2] * 2), x),
    sliced=(lambda v: ops.slice(v, (first(v), 0), (2, 3)), x), split=(lambda v: ops.split(v, [1, 3], axis=1)[1], x),
    quantile=(lambda v: ops.quantile(v, 0.3, axis=1), x), nanvar=(lambda v: ops.nanvar(v, axis=1), gaps),
    nanmax=(lambda v: ops.nanmax(v, axis=1), gaps), segments=(lambda v: ops.segment_max(v, rows, 2), x),
    erfinv=(ops.erfinv, x), norm=(lambda v: ops.norm(v, axis=1), x),
    nuclear=(lambda v: ops.norm(v, "nuc", axis=(0, 1)), x),
    triangular=(lambda v: ops.solve_triangular(v, x[:, :2], lower=True), matrix),
    lstsq=(lambda v: ops.lstsq(v, x), matrix),
    prefixes=(lambda v: ops.associative_scan(lambda a, b: a * b, v), x),
    scan=(lambda v: ops.scan(lambda c, t: (c * t + 1, c), ops.ones(4), v)[1], x),
    mapped=(lambda v: ops.map(lambda t: t * ops.sum(t), v), x),
    loop=(lambda v: ops.while_loop(lambda i, c: i < 3, lambda i, c: (i + 1, c * v), (0, v))[1], x),
    branch=(lambda v: ops.cond(ops.sum(v) > 0, lambda: v * 2, lambda: v), x), own=(ops.custom_gradient(square), x),
    bicubic=(resized((4, 8), "bicubic"), image), lanczos=(resized((9, 9), "lanczos3"), image),
    shrunk=(resized((3, 3), "bilinear", antialias=True), image),
    affine=(lambda v: ops.image.affine_transform(v, moved), image),
    points=(lambda v: ops.image.map_coordinates(v[0, :, :, 0], points, 1), image),
    attention=(lambda v: ops.dot_product_attention(*[v[None, :, None, :]] * 3, is_causal=True), x),
    labels=(lambda v: ops.ctc_loss(np.array([[1, 2]]), v[None], np.array([2]), np.array([3])), x),
    spectrum=(lambda v: ops.stft(v[0], 2, 1, 2)[0], x), correlated=(ops.corrcoef, x), sparsemax=(ops.sparsemax, x),
)
wrong = {}
for name, (function, value) in calls.items():
    out = ops.convert_to_numpy(function(ops.convert_to_tensor(value)))
    weights, direction = drawn(*out.shape), drawn(*value.shape)
    direction /= np.linalg.norm(direction)
    def along(step):
        other = ops.convert_to_tensor((value + step * direction).astype("float32"))
        return float(np.sum(ops.convert_to_numpy(function(other)) * weights, dtype="float64"))
    place = K.placeholder(value.shape)
    gradient = K.function([place], K.gradients(ops.sum(function(place) * weights), [place]))
    found = ops.convert_to_numpy(gradient([ops.convert_to_tensor(value)])[0])
    found = float(np.sum(np.where(np.isnan(value), 0, found) * direction, dtype="float64"))
    expected = (along(4e-3) - along(-4e-3)) / 8e-3
    if not abs(found - expected) < 2e-2 * max(1, abs(expected)):
        wrong[name] = [found, expected]
print(json.dumps(wrong))
"""


@needs_torch
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_gradients_are_those_of_differences(home, library):
    assert ran(["-c", PROGRAM], home, library) == {}
