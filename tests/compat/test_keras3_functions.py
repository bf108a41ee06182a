"""Keras 3's functions on K: all of a backend's, and the same numbers eagerly and compiled, on two libraries."""

import ast
import importlib.util
import math
from pathlib import Path

import pytest
from test_keras3 import ROOT, home, needs_torch, pytestmark, ran

__all__ = ["home", "pytestmark"]

FOLDER = ROOT / "backend" / "compat" / "keras3"
MODULES = ("numpy", "nn", "math", "linalg", "image")

PROGRAM = """
import json
import numpy as np
import backend as K
import backend.compat.keras3
from keras import layers, ops

rng = np.random.default_rng(0)
x = rng.uniform(0.1, 0.9, (2, 3, 4)).astype("float32")
image = rng.uniform(0, 1, (2, 6, 5, 3)).astype("float32")
matrix = (rng.normal(size=(3, 3)) + 3 * np.eye(3)).astype("float32")
kernel, row = np.ones((3, 3, 2, 3), "float32"), np.array([1, 0], "int32")
moved = np.array([1.1, 0.1, -0.3, 0.05, 0.9, 0.2, 0, 0], "float32")
corners = np.array([[0, 0], [0, 5], [4, 0], [4, 5]], "float32")
calls = dict(
    add=(lambda v: ops.add(v, 0.5), x), gelu=(ops.gelu, x), sparsemax=(ops.sparsemax, x), cbrt=(ops.cbrt, x),
    gcd=(lambda v: ops.gcd(ops.cast(v * 100, "int32"), 12), x), argmax=(lambda v: ops.argmax(v, axis=-1), x),
    quantile=(lambda v: ops.quantile(v, [0.2, 0.5], axis=1), x), cumsum=(lambda v: ops.cumsum(v, axis=1), x),
    pad=(lambda v: ops.pad(v, ((0, 0), (1, 1), (2, 1)), mode="reflect"), x), diag=(lambda v: ops.diag(v[0, 0], k=1), x),
    einsum=(lambda v: ops.einsum("abc,adc->abd", v, v), x), rot90=(ops.rot90, x), kron=(lambda v: ops.kron(v, v), x),
    take=(lambda v: ops.take(v, [2, 0], axis=1), x), correlate=(lambda v: ops.correlate(v[0, 0], v[0, 1], "same"), x),
    corrcoef=(lambda v: ops.corrcoef(v[0]), x), trapezoid=(ops.trapezoid, x), erfinv=(ops.erfinv, x),
    linspace=(lambda v: ops.linspace(v[0, 0], v[1, 0], 5), x), segments=(lambda v: ops.segment_max(v, row, 2), x),
    conv=(lambda v: ops.conv(v, np.ones((2, 2, 1, 6), "float32"), 2, "same"), image),
    transposed=(lambda v: ops.conv_transpose(v, kernel, 2, "same"), image),
    pool=(lambda v: ops.adaptive_average_pool(v, (4, 2)), image), stft=(lambda v: ops.stft(v[0, 0], 3, 1, 4)[0], x),
    attention=(lambda v: ops.dot_product_attention(*[v[:, :, None, :]] * 3, is_causal=True), x),
    moments=(lambda v: ops.moments(v, [0, 1])[1], x), lu=(lambda v: ops.lu_factor(v)[0], matrix),
    triangular=(lambda v: ops.solve_triangular(v, v, lower=True), matrix),
    lstsq=(lambda v: ops.lstsq(v, v[:, 0]), matrix), logsumexp=(ops.logsumexp, x),
    resize=(lambda v: ops.image.resize(v, (4, 7), interpolation="bicubic", antialias=True), image),
    affine=(lambda v: ops.image.affine_transform(v, moved), image), hsv=(ops.image.rgb_to_hsv, image),
    perspective=(lambda v: ops.image.perspective_transform(v[0], corners, corners * 0.9 + 0.1), image),
    blur=(ops.image.gaussian_blur, image), sobel=(ops.image.sobel_edges, image),
    counts=(lambda v: ops.bincount(ops.cast(v[0] * 9, "int32"), v[0], minlength=4), x),
    nonzero=(lambda v: ops.stack(ops.nonzero(v > 0.5)), x), where=(lambda v: ops.stack(ops.where(v < 0.3)), x),
    unique=(lambda v: ops.unique(ops.round(v * 3), return_counts=True)[1], x),
    padded=(lambda v: ops.unique(ops.round(v * 3), axis=1, size=5, fill_value=7), x),
    repeat=(lambda v: ops.repeat(v, ops.cast(v[0, :, 0] * 4, "int32"), axis=1), x),
    equalized=(layers.Equalization(bins=16, value_range=(0, 1)), image),
)
sums = {}
for name, (function, value) in calls.items():
    eager = ops.convert_to_numpy(function(value))
    place = K.placeholder(value.shape, dtype=str(value.dtype))
    compiled = ops.convert_to_numpy(K.function([place], [function(place)])([ops.convert_to_tensor(value)])[0])
    assert eager.dtype == compiled.dtype, (name, eager.dtype, compiled.dtype)
    np.testing.assert_allclose(eager, compiled, rtol=1e-5, atol=1e-6, err_msg=name)
    sums[name] = float(np.sum(eager, dtype="float64"))
weights, whole = K.placeholder((4,)), np.array([2, 0, 2, 5])
loss = ops.sum(ops.square(ops.bincount(K.constant(whole, dtype="int32"), weights)))
values = np.array([1, 2, 3, 4], "float32")
gradient = K.function([weights], K.gradients(loss, [weights]))([ops.convert_to_tensor(values)])[0]
np.testing.assert_allclose(ops.convert_to_numpy(gradient), [8, 4, 8, 8])
for dtype in ("uint8", "uint16", "uint32"):
    whole = ops.convert_to_tensor(np.array([[200, 100], [50, 255]]), dtype)
    for function, total in ((ops.sum, 605), (ops.prod, 255000000), (ops.nansum, 605), (ops.nanprod, 255000000)):
        result = ops.convert_to_numpy(function(whole))
        assert result == total and result.dtype == "uint32", (function, dtype, result)
    result = ops.convert_to_numpy(ops.trace(whole))
    assert result == 455 and result.dtype == "uint32", (dtype, result)
largest = ops.convert_to_tensor(np.array([2**32 - 1, 2], "uint32"))
assert (ops.convert_to_numpy(ops.sum(largest)), ops.convert_to_numpy(ops.prod(largest))) == (1, 2**32 - 2)
assert not ops.is_tensor(np.array(["text"])) and not ops.is_tensor(np.array([None]))
assert ops.is_tensor(ops.convert_to_tensor(values)) and ops.is_tensor(weights)
print(json.dumps(sums))
"""


def public(path):
    """The functions and tables that a module defines."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def offered(module):
    """The names in a module's `__all__`, or in those of the modules that it takes everything from."""
    found = set()
    for node in ast.parse((FOLDER / f"{module}.py").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            found |= offered(node.module)
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            found |= set(ast.literal_eval(node.value))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_function_of_a_backend_is_there(module):
    keras = Path(importlib.util.find_spec("keras").origin).parent / "src" / "backend" / "numpy"
    assert public(keras / f"{module}.py") - offered(module) == set()


def test_no_function_comes_from_keras_own_backends():
    for path in FOLDER.glob("*.py"):
        taken = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.ImportFrom)]
        theirs = ("keras.src.backend.numpy", "keras.src.backend.jax", "keras.src.backend.torch")
        assert not [n.module for n in taken if (n.module or "").startswith(theirs)], path.name


@needs_torch
def test_eagerly_compiled_and_on_torch_the_numbers_are_the_same(home):
    found = [ran(["-c", PROGRAM], home, library) for library in ("numpy", "torch")]
    assert found[0].keys() == found[1].keys()
    wrong = [n for n, v in found[0].items() if not math.isclose(v, found[1][n], rel_tol=1e-4, abs_tol=1e-4)]
    assert wrong == []
