"""Code written by others for the standard records on our tensors and computes what it computes on NumPy arrays."""

from __future__ import annotations

import warnings

import array_api_extra as xpx
import numpy as np
import pytest
from array_api_compat import array_namespace
from einops import EinopsError
from einops.array_api import pack, rearrange, reduce, repeat, unpack

from backend.api.function import function
from backend.graph.standard import namespace as recorder
from backend.graph.tensor import Placeholder, Tensor

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:DeprecationWarning")

N = 4  # the size that is also tried as unknown, always the first
RANDOM = np.random.default_rng(7)


def floats(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def integers(*shape):
    return RANDOM.integers(0, 3, size=shape)


def checked(call, arrays, unknown=False):
    """Record the call on placeholders for the arrays, run it, and compare with the call on the arrays themselves."""
    inputs = [Placeholder((None, *x.shape[1:]) if unknown and x.ndim else x.shape, x.dtype) for x in arrays]
    recorded = call(*inputs)
    several = isinstance(recorded, tuple | list)
    outputs = list(recorded) if several else [recorded]
    assert all(isinstance(out, Tensor) for out in outputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = call(*arrays)
        found = function(inputs, outputs)(arrays)
    for out, one, other in zip(outputs, found, expected if several else [expected], strict=True):
        assert one.shape == other.shape and all(a in (b, None) for a, b in zip(out.shape, one.shape, strict=True))
        assert out.dtype == one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


x, y, k, z = floats(N, 6), floats(N, 6), integers(N), floats(N) + 1j * floats(N)
holed = np.where(x > 0, x, np.nan)
image = floats(N, 4, 6, 3)

EINOPS = {
    "transpose": (lambda a: rearrange(a, "b h w c -> b c h w"), image),
    "flatten": (lambda a: rearrange(a, "b h w c -> b (h w c)"), image),
    "depth to space": (lambda a: rearrange(a, "b h w (s1 s2 c) -> b (h s1) (w s2) c", s1=3, c=1), image),
    "space to depth": (lambda a: rearrange(a, "b (h h2) (w w2) c -> b h w (c h2 w2)", h2=2, w2=2), image),
    "new axis": (lambda a: rearrange(a, "b w -> b 1 w"), x),
    "ellipsis": (lambda a: rearrange(a, "b ... c -> b c ..."), image),
    "list": (lambda a, b: rearrange([a, b], "i b w -> b w i"), x, y),
    "mean pool": (lambda a: reduce(a, "b (h 2) (w 3) c -> b h w c", "mean"), image),
    "max": (lambda a: reduce(a, "b h w c -> b c", "max"), image),
    "min over batch": (lambda a: reduce(a, "b w -> w", "min"), x),
    "sum": (lambda a: reduce(a, "b h w c -> b 1 1 c", "sum"), image),
    "prod": (lambda a: reduce(a, "b (w two) -> b w", "prod", two=2), x),
    "own reduction": (lambda a: reduce(a, "b w -> b", lambda t, axes: array_namespace(t).var(t, axis=axes)), x),
    "repeat in front": (lambda a: repeat(a, "b w -> r b w", r=2), x),
    "repeat behind": (lambda a: repeat(a, "b w -> b w r", r=3), x),
    "upsample": (lambda a: repeat(a, "b h w c -> b (h 2) (w 2) c"), image),
    "pack": (lambda a, b: pack([a, b], "b *")[0], image, x),
    "unpack": (lambda a: unpack(a, [(2,), (), (3, 1)], "b *"), x),
}


@pytest.mark.parametrize("name", EINOPS)
def test_einops(name):
    call, *arrays = EINOPS[name]
    checked(call, arrays)


def test_einops_refuses_a_wrong_pattern_as_for_arrays():
    for array in (x, Placeholder(x.shape, "float32")):
        with pytest.raises(EinopsError, match="can't divide axis of length 6 in chunks of 4"):
            rearrange(array, "b (h w) -> b h w", h=4)


@pytest.mark.parametrize("name", ["min over batch", "pack", "unpack"])
def test_einops_of_an_unknown_size_it_does_not_multiply(name):
    call, *arrays = EINOPS[name]
    checked(call, arrays, unknown=True)


def test_einops_multiplies_every_size_it_keeps():
    """einops 0.8 multiplies each kept size by 1, and None is no number: it works on placeholders of known sizes."""
    with pytest.raises(TypeError, match="'int' and 'NoneType'"):
        rearrange(Placeholder((None, 6), "float32"), "b (h w) -> b w h", h=2)


EXTRA = {
    "angle": (xpx.angle, z),
    "angle of real numbers": (xpx.angle, x),
    "angle in degrees": (lambda a: xpx.angle(a, deg=True), z),
    "apply_where": (lambda a: xpx.apply_where(a > 0, a, lambda v: 1 / v, lambda v: -v), x),
    "apply_where with a fill value": (
        lambda a, b: xpx.apply_where(a > b, (a, b), lambda v, w: v * w, fill_value=0.5),
        x,
        y,
    ),
    "argpartition": (lambda a: array_namespace(a).take_along_axis(a, xpx.argpartition(a, 2)[:, 2:3], axis=1), x),
    "atleast_nd": (lambda a: xpx.atleast_nd(a, ndim=4), x),
    "cov": (xpx.cov, x),
    "deg2rad": (xpx.deg2rad, x),
    "rad2deg": (xpx.rad2deg, x),
    "expand_dims": (lambda a: xpx.expand_dims(a, axis=(0, 3)), x),
    "isclose": (lambda a, b: xpx.isclose(a, b), x, x * np.float32(1 + 3e-6)),
    "isclose of infinities": (lambda a: xpx.isclose(a, 1 / a), np.asarray([0.0, -0.0, np.inf, 1.0], "float32")),
    "isclose of holes": (lambda a: xpx.isclose(a, a, equal_nan=True), holed),
    "isclose of integers": (lambda a: xpx.isclose(a, a[::-1]), k),
    "nan_to_num": (xpx.nan_to_num, np.asarray([np.nan, np.inf, -np.inf, 2.0], "float32")),
    "nanmean": (lambda a: xpx.nanmean(a, axis=1), holed),
    "nansum": (lambda a: xpx.nansum(a, axis=0), holed),
    "nunique": (xpx.nunique, k),
    "one_hot": (lambda a: xpx.one_hot(a, 3, dtype=array_namespace(a).float32), k),
    "one_hot in front": (lambda a: xpx.one_hot(a, 3, axis=0, dtype=array_namespace(a).float32), k),
    "partition": (lambda a: xpx.partition(a, 2)[:, 2], x),
    "sinc": (xpx.sinc, np.asarray([0.0, 0.5, -1.0, 2.25], "float32")),
    "unravel_index": (lambda a: list(xpx.unravel_index(a, (2, 2))), k),
}
EXTRA_OF_KNOWN_SIZES = {  # these ask for the sizes as numbers
    "isin": (xpx.isin, k, integers(2)),
    "kron": (xpx.kron, x, y),
    "searchsorted": (xpx.searchsorted, np.sort(x, axis=-1), y),
}


@pytest.mark.parametrize("unknown", [False, True], ids=["known", "unknown first size"])
@pytest.mark.parametrize("name", EXTRA)
def test_array_api_extra(name, unknown):
    call, *arrays = EXTRA[name]
    checked(call, arrays, unknown)


@pytest.mark.parametrize("name", EXTRA_OF_KNOWN_SIZES)
def test_array_api_extra_of_known_sizes(name):
    call, *arrays = EXTRA_OF_KNOWN_SIZES[name]
    checked(call, arrays)
    with pytest.raises(TypeError, match=r"Unsupported lazy shape|shape is None"):
        checked(call, arrays, unknown=True)


def test_array_api_extra_without_arrays():
    assert xpx.default_dtype(recorder) == "float32"
    rows, columns = xpx.diag_indices(3, xp=recorder)
    np.testing.assert_array_equal(function([], [rows])([])[0], [0, 1, 2])
    assert columns.dtype == "int64"


@pytest.mark.parametrize(
    "call",
    [lambda a: xpx.pad(a, 1), lambda a: xpx.create_diagonal(a), lambda a: xpx.at(a)[0].add(1.0)],
    ids=["pad", "create_diagonal", "at"],
)
def test_functions_that_assign_are_refused(call):
    with pytest.raises(TypeError, match="symbolic tensors cannot be assigned to"):
        call(Placeholder((2, 2), "float32"))


@pytest.mark.parametrize(
    "call",
    [
        xpx.union1d,
        xpx.setdiff1d,
        lambda a, b: xpx.nanmax(a),
        lambda a, b: xpx.lazy_apply(np.sin, a, as_numpy=True),
        lambda a, b: xpx.tril_indices(3, xp=recorder),
    ],
    ids=["union1d", "setdiff1d", "nanmax", "lazy_apply", "tril_indices"],
)
def test_functions_that_need_values_are_refused(call):
    with pytest.raises((ValueError, TypeError), match=r"symbolic|depends on the values"):
        call(Placeholder((3,), "float32"), Placeholder((3,), "float32"))
