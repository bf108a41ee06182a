"""The namespaces in backend/libraries: the standard's signatures, and in every result what array_api_compat gives."""

import importlib
import inspect
import warnings

import array_api_strict
import numpy as np
import pytest

import backend as K
from backend.arrays.namespaces import canonical_namespace, describe, namespace_of, of_library

pytestmark = pytest.mark.slow

pytest.importorskip("torch")

DTYPES = ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64", "complex64")
SHAPES = ((2, 3), (3,), (), (0, 3), (1, 3))
AXES = ({}, {"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": ()}, {"axis": None}, {"axis": 5}, {"axis": (0, 0)})
KEEPING = [{**axis, **kept} for axis in AXES for kept in ({}, {"keepdims": True}, {"keepdims": False})]
SUMMING = [{**how, **dtype} for how in KEEPING for dtype in ({}, {"dtype": "int64"}, {"dtype": "float32"})]
ORDERS = [
    {**axis, **order}
    for axis in ({}, {"axis": 0}, {"axis": 7})
    for order in ({}, {"descending": True}, {"stable": False}, {"descending": True, "stable": False})
]
RUNNING = [
    {**axis, **more}
    for axis in ({}, {"axis": 0}, {"axis": -1}, {"axis": 4})
    for more in ({}, {"dtype": "float64"}, {"include_initial": True})
]
NUMBERS = (True, 2, -1, 0.5, float("nan"))

# For functions of one array: the positional arguments behind it, and the keywords.
ONE = {
    **{name: [((), how) for how in KEEPING] for name in ("max", "min", "any", "all", "mean")},
    **{name: [((), how) for how in SUMMING] for name in ("sum", "prod")},
    **{name: [((), {**how, **c}) for how in KEEPING for c in ({}, {"correction": 1})] for name in ("std", "var")},
    **{name: [((), how) for how in KEEPING if not isinstance(how.get("axis"), tuple)] for name in ("argmax", "argmin")},
    **{name: [((), how) for how in RUNNING] for name in ("cumulative_sum", "cumulative_prod")},
    **{name: [((), how) for how in ORDERS] for name in ("sort", "argsort")},
    **{name: [((), {})] for name in ("sign", "ceil", "floor", "trunc", "matrix_transpose")},
    **{name: [((), {}), ((), {"dtype": "int32"}), ((), {"device": None})] for name in ("zeros_like", "ones_like")},
    "full_like": [((2,), {}), ((2.5,), {"dtype": "float64"})],
    "reshape": [
        ((shape,), how)
        for shape in ((3, 2), (6,), (-1,), (3, -1), (4, 4), (), (1, 3, 1), (0, 3), [-1])
        for how in ({}, {"copy": True}, {"copy": False})
    ]
    + [((), {"shape": (-1, 3)})],
    "broadcast_to": [((shape,), {}) for shape in ((2, 3), (4, 2, 3), (3,), (2, 2), ())] + [((), {"shape": (2, 3)})],
    "permute_dims": [((axes,), {}) for axes in ((1, 0), (0,), (), (0, 0), (-1, 0))] + [((), {"axes": (1, 0)})],
    "squeeze": [((axis,), {}) for axis in (0, -1, 1, 7, (0,), (0, 1), ())] + [((), {"axis": 0})],
    "expand_dims": [((), {"axis": axis}) for axis in (0, 1, -1, 2, -3, 5, -7, (0,), (0, 1), True)] + [((1,), {})],
    "astype": [
        ((to,), how)
        for to in ("float32", "int8", "bool", "complex64")
        for how in ({}, {"copy": False}, {"copy": True}, {"device": None})
    ],
    "asarray": [((), how) for how in ({}, {"dtype": "float64"}, {"copy": True}, {"copy": False}, {"device": None})],
    "take": [(([2, 0, -1],), {"axis": -1}), (([1, 0],), {"axis": 0}), (([1],), {}), (([9],), {"axis": 0})],
}
# For functions of two: keywords; every pair of dtypes, shapes and numbers is tried.
TWO = {
    "tensordot": ({}, *({"axes": axes} for axes in (0, 1, ((0,), (0,)), ([0, 1], [0, 1]), ((0,), (9,))))),
    "matmul": ({},),
}
CREATING = {
    "arange": [
        ((5,), {}),
        ((2, 8), {}),
        ((0, 1, 0.25), {}),
        ((5,), {"dtype": "float32"}),
        ((3, 3), {}),
        ((5, 0, -2), {}),
        ((0,), {"stop": 4, "step": 2}),
        ((5,), {"step": 2}),
        ((3,), {"device": None}),
    ],
    "eye": [((3,), {}), ((2, 3), {"k": 1}), ((3, 2), {"k": -1, "dtype": "int32"}), ((3, None), {})],
    "linspace": [((0.0, 1.0, 5), {}), ((0.0, 1.0), {"num": 4, "endpoint": False}), ((0, 1, 3), {"dtype": "float32"})],
    "full": [(((2, 3), 1.5), {}), ((3, 2), {"dtype": "int64"}), (((), True), {}), (((2,),), {"fill_value": 4})],
    **{
        name: [(((2, 3),), {}), ((3,), {"dtype": "int32"}), (((),), {"dtype": "bool", "device": None})]
        for name in ("zeros", "ones")
    },
}
SHAPE_ALONE = ("empty", "empty_like")  # what is in them is not said


@pytest.fixture(params=["numpy", "torch"])
def pair(request):
    """A library's namespace: ours and array_api_compat's."""
    return of_library(request.param), importlib.import_module(f"array_api_compat.{request.param}")


def made(compat, dtype, shape, second=False):
    """An array with zeros, ties and, if floating, NaN, infinity and both zeros."""
    values = np.resize(np.asarray([1, 0, 3, 2, 2, 1][:: -1 if second else 1]), shape)
    if "float" in dtype or "complex" in dtype:
        values = values.astype(dtype)
        values[values == 0] = -0.0 if second else 0.0
        values[values == 3] = np.nan if second else np.inf
    return compat.asarray(values.astype(dtype))


def outcome(function, *args, **kwargs):
    """What a call gives: type, dtype, shape and bits; or what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whichever it is, both shall raise the same
            return type(error)
    return type(result), str(result.dtype), tuple(result.shape), np.asarray(result).tobytes()


def resolved(compat, value):
    if isinstance(value, dict):
        return {k: resolved(compat, v) for k, v in value.items()}
    if isinstance(value, str):
        return getattr(compat, value)
    return value


def own(ours, compat):
    """The names that are not array_api_compat's."""
    return {name for name in compat.__all__ if getattr(ours, name) is not getattr(compat, name)}


def pairs_of(ours, compat):
    """Functions of two arrays that take no more than those."""
    return {
        name
        for name in own(ours, compat)
        if name in TWO
        or (
            name not in ONE
            and len(inspect.signature(getattr(array_api_strict, name)).parameters) == 2
            and name not in CREATING
        )
    } - {*SHAPE_ALONE}


def test_every_function_of_ours_is_tried(pair):
    ours, compat = pair
    assert own(ours, compat) - {*ONE, *CREATING, *SHAPE_ALONE, "where"} - pairs_of(ours, compat) == set()
    assert own(ours, compat) <= {*dir(array_api_strict)}
    assert dir(ours) == sorted(compat.__all__)


def test_signatures_are_the_standards(pair):
    ours, compat = pair
    for name in own(ours, compat):
        function = getattr(ours, name)
        if not inspect.isfunction(function) or not function.__module__.startswith("backend"):
            continue  # the library's own, which takes more
        wanted = inspect.signature(getattr(array_api_strict, name)).parameters.values()
        got = inspect.signature(function).parameters.values()
        assert [(p.name, p.kind) for p in got] == [(p.name, p.kind) for p in wanted], name
        assert [(p.name, p.default) for p in got if p.name not in ("copy", "device")] == [
            (p.name, p.default) for p in wanted if p.name not in ("copy", "device")
        ], name
        assert function.__name__ == name and function.__doc__


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_array(pair, name):
    _ours, compat = pair
    for dtype in DTYPES:
        for shape in SHAPES:
            x = made(compat, dtype, shape)
            for rest, how in ONE[name]:
                rest = [compat.asarray(a) if name == "take" else resolved(compat, a) for a in rest]
                how = resolved(compat, how)
                got, wanted = (outcome(getattr(xp, name), x, *rest, **how) for xp in pair)
                assert got == wanted, (dtype, shape, rest, how)


def test_functions_of_two_arrays(pair):
    ours, compat = pair
    for name in sorted(pairs_of(ours, compat)):
        for kwargs in TWO.get(name, ({},)):
            for x, y in _pairs(compat):
                got, wanted = (outcome(getattr(xp, name), x, y, **kwargs) for xp in pair)
                assert got == wanted, (name, x, y, kwargs)


def _pairs(compat):
    for first in DTYPES:
        for second in (first, "bool", "int32", "float32", "float64"):
            for a, b in (((2, 3), (2, 3)), ((3,), ()), ((), (3,)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((2, 3), (4,))):
                yield made(compat, first, a), made(compat, second, b, second=True)
        for number in NUMBERS:
            yield made(compat, first, (3,)), number
            yield number, made(compat, first, (2, 3))


def test_where(pair):
    _ours, compat = pair
    for x, y in _pairs(compat):
        for condition in (compat.asarray([True, False, True]), compat.asarray(True)):
            got, wanted = (outcome(xp.where, condition, x, y) for xp in pair)
            assert got == wanted, (x, y)


@pytest.mark.parametrize("name", CREATING)
def test_functions_that_create(pair, name):
    _ours, compat = pair
    for args, kwargs in CREATING[name]:
        got, wanted = (outcome(getattr(xp, name), *args, **resolved(compat, kwargs)) for xp in pair)
        assert got == wanted, (args, kwargs)


def test_empty(pair):
    ours, _compat = pair
    x = ours.empty((2, 3), dtype=ours.int32)
    assert tuple(x.shape) == (2, 3) and x.dtype == ours.int32
    assert tuple(ours.empty_like(x).shape) == (2, 3) and ours.empty_like(x, dtype=ours.float64).dtype == ours.float64


def test_a_subclass_stays_one():
    xp = of_library("numpy")
    x = np.ma.masked_array([1.0, 2.0, 4.0], mask=[False, True, False])
    for name in ("sum", "max", "mean", "argmax", "cumulative_sum"):
        assert np.array_equal(getattr(xp, name)(x), getattr(importlib.import_module("array_api_compat.numpy"), name)(x))
    assert xp.sum(x) == 5.0
    assert type(xp.reshape(x, (1, 3))) is np.ma.MaskedArray


# ---- one namespace per library


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_library_has_one_namespace(name):
    xp = of_library(name)
    compat = importlib.import_module(f"array_api_compat.{name}")
    assert (
        describe(xp) == name
        and canonical_namespace(compat) is xp
        and canonical_namespace(array_api_strict) is array_api_strict
    )
    assert namespace_of(xp.asarray([1.0])) is xp
    assert K.get_backend(name).xp is xp
    assert K.get_backend(f"array_api_compat.{name}").xp is xp
    assert K.register_backend("whose", compat).xp is xp
    assert xp.linalg is compat.linalg and xp.__array_namespace_info__ is compat.__array_namespace_info__


def test_jax_keeps_nan_in_maxima_and_minima():
    """XLA's loops lose it in arrays of 64 by 64 on a CPU; 4 by 5 shows nothing."""
    jax = pytest.importorskip("jax", reason="jax is not installed")
    assert namespace_of(jax.numpy.ones(1)) is K.get_backend("jax").xp is canonical_namespace(jax.numpy)
    assert describe(of_library("jax")) == "jax" and of_library("jax").linalg is jax.numpy.linalg
    x = np.random.default_rng(0).normal(size=(64, 64)).astype("float32")
    x[40, 9] = np.nan
    forms = [(name, axis, keep) for name in ("max", "min") for axis in (None, 1, (0, 1)) for keep in (False, True)]

    def everything(a):
        extremes = [getattr(K, name)(a, axis=axis, keepdims=keep) for name, axis, keep in forms]
        return extremes, K.softmax(a), K.pool2d(a[None, :, :, None], (32, 32), strides=(32, 32))

    for run in (everything, jax.jit(everything)):
        extremes, soft, pooled = run(jax.numpy.asarray(x))
        for (name, axis, keep), got in zip(forms, extremes, strict=True):
            np.testing.assert_array_equal(np.asarray(got), getattr(np, name)(x, axis=axis, keepdims=keep))
        soft = np.isnan(np.asarray(soft))
        assert soft[40].all() and soft.sum() == 64 and np.isnan(np.asarray(pooled)).sum() == 1
    half = jax.numpy.asarray(x, dtype="float16")  # in which jnp.min alone is wrong
    assert np.isnan(K.min(half)) and np.isnan(K.max(half)) and K.min(half).dtype == "float16"
    slope = jax.jit(jax.grad(lambda a: K.max(a) + K.min(a, axis=1).sum()))(jax.numpy.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(np.asarray(slope), [[1, 0, 0], [1, 0, 1]])
    assert int(K.max(jax.numpy.arange(5))) == 4 and int(K.min(jax.numpy.arange(5))) == 0


def test_what_is_no_function_of_the_standard_is_found_too():
    import torch

    assert of_library("torch").nn is torch.nn and of_library("numpy").testing is np.testing
    with pytest.raises(AttributeError):
        getattr(of_library("torch"), "no_such_thing")  # noqa: B009 - that it raises is what is asked


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(64, 64), (4096, 4), (32, 16, 16), (5, 7, 11, 13), (70, 3, 40), (4096, 1), (20000,)])
def test_numpys_sums_over_leading_axes_are_products(shape, dtype):
    """Every axis, in order and out of it, arrays that lie in order and that do not."""
    xp, whole = of_library("numpy"), np.random.default_rng(0).normal(size=shape)
    axes = [
        None,
        (),
        *range(-len(shape), len(shape)),
        *(tuple(range(n)) for n in range(1, len(shape) + 1)),
        tuple(range(len(shape)))[::-1],
        tuple(range(1, len(shape))),
    ]
    for x in (whole.astype(dtype), np.asfortranarray(whole.astype(dtype)), whole.astype(dtype)[::-1]):
        for axis in axes:
            for keepdims in (False, True):
                for name in ("sum", "mean"):
                    got = getattr(xp, name)(x, axis=axis, keepdims=keepdims)
                    expected = getattr(np, name)(x.astype("float64"), axis=axis, keepdims=keepdims)
                    assert got.dtype == dtype and got.shape == expected.shape
                    np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype == "float32" else 1e-13, atol=4e-4)


def test_sums_of_integers_and_infinities_stay_exact():
    whole = np.full((4096, 4), 2**24 + 1, "int32")
    assert (of_library("numpy").sum(whole, axis=0) == np.sum(whole, axis=0)).all()
    x = np.ones((4096, 4), "float32")
    x[5] = [np.inf, -np.inf, np.nan, 1.0]
    np.testing.assert_array_equal(of_library("numpy").sum(x, axis=0), [np.inf, -np.inf, np.nan, 4096.0])


def test_torchs_narrow_products_are_those_of_numpy():
    rng = np.random.default_rng(0)
    for shape, other in [((128, 512), (128, 10)), ((128, 512), (128, 16)), ((128, 16), (128, 1)), ((0, 20), (0, 3))]:
        x, g = rng.normal(size=shape), rng.normal(size=other)
        xp = of_library("torch")
        got = xp.tensordot(xp.asarray(x), xp.asarray(g), axes=((0,), (0,)))
        np.testing.assert_allclose(got.numpy(), np.tensordot(x, g, axes=((0,), (0,))), rtol=1e-12, atol=1e-12)
        assert got.is_contiguous()
