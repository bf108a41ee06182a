"""numba's kernels beside the definitions, forward and backward; what they decline; what a compiled function calls."""

import itertools

import numpy as np
import pytest

import backend as K
from backend.graph.composite import COMPOSITES

pytest.importorskip("numba", reason="numba is not installed")

from backend.kernels import numba as kernels
from backend.kernels.numba import lines, pooling, tiles

pytestmark = pytest.mark.slow


RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def several_threads(monkeypatch):
    """Small arrays are shared between threads, too."""
    monkeypatch.setattr("backend.kernels.numba.parallel.MIN_PART", 64)
    monkeypatch.setattr("backend.arrays.threads.threads", lambda: 3)


def drawn(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def compared(name, *args, outputs=0, **kwargs):
    """Hold a kernel's result, or its first `outputs` results, against the definition's in float64."""

    def wide(a):
        return a.astype("float64") if isinstance(a, np.ndarray) and a.dtype == np.float32 else a

    got = getattr(kernels, name)(*args, **kwargs)
    assert got is not NotImplemented
    wanted = COMPOSITES[name].definition(*map(wide, args), **kwargs)
    for found, value in zip(
        got[:outputs] if outputs else (got,), wanted[:outputs] if outputs else (wanted,), strict=True
    ):
        assert (found.dtype, found.shape) == (args[0].dtype, value.shape)
        scale = np.abs(value[np.isfinite(value)]).max(initial=1.0)
        np.testing.assert_allclose(found, value, rtol=2e-5, atol=2e-5 * scale)
    return got


def laid(x):
    """x itself, and with its elements elsewhere in memory: reversed, every other one, channels first."""
    doubled = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    doubled[..., ::2] = x
    return [
        x,
        np.ascontiguousarray(x[::-1])[::-1],
        doubled[..., ::2],
        np.moveaxis(np.ascontiguousarray(np.moveaxis(x, -1, 1)), 1, -1),
    ]


WINDOWS = [
    ((2, 9, 8, 5), (2, 2), (2, 2), "valid"),
    ((2, 9, 8, 5), (3, 3), (2, 2), "same"),
    ((3, 7, 7, 33), (3, 2), (1, 1), "same"),
    ((1, 8, 9, 3), (2, 2), (3, 4), "valid"),  # elements that no window meets
    ((2, 5, 7, 1), (2, 3), (2, 3), "same"),
    ((2, 11, 4), (5,), (1,), "same"),
    ((2, 5, 6, 4, 2), (2, 3, 1), (2, 1, 1), "valid"),
    ((2, 3, 3, 2), (5, 5), (1, 1), "same"),
    ((2, 5, 4, 70), (3, 3), (2, 1), "same"),  # more channels than one block has
]


@pytest.mark.parametrize(
    ("shape", "window", "strides", "padding", "dtype"), [(*w, "float32") for w in WINDOWS] + [(*WINDOWS[1], "float64")]
)
def test_pooling(shape, window, strides, padding, dtype):
    how = {"window": window, "strides": strides, "padding": padding}
    x = np.round(drawn(*shape, dtype=dtype) * 2)  # with ties
    for one in laid(x):
        y, kept = compared("max_pool", one, outputs=1, residuals=True, **how)
        g = drawn(*y.shape, dtype=dtype)
        for largest in (kept, None):
            compared("max_pool_gradient", g, one, largest, **how)
        compared("average_pool", one, **how)
    compared("average_pool_gradient", g, size=shape[1:-1], **how)


@pytest.mark.parametrize(("shape", "window", "strides", "padding"), WINDOWS)
def test_the_gradient_of_max_pooling_in_parts_has_the_same_bits(shape, window, strides, padding, monkeypatch):
    how = {"window": window, "strides": strides, "padding": padding}
    x = drawn(*shape)
    y, kept = kernels.max_pool(x, residuals=True, **how)
    g = drawn(*y.shape)
    whole = kernels.max_pool_gradient(g, x, kept, **how)
    parts = lambda run, count, work: [run(i, i + 1) for i in reversed(range(count))]  # noqa: E731
    monkeypatch.setattr(pooling, "in_parts", parts)
    np.testing.assert_array_equal(whole, kernels.max_pool_gradient(g, x, kept, **how))


def test_nan_in_a_window_is_its_maximum_and_chooses_one_element():
    x = drawn(2, 6, 6, 9)
    x[0, 2, 3, 4] = x[1, 0, 0] = np.nan
    how = {"window": (3, 3), "strides": (1, 1), "padding": "same"}
    y, kept = kernels.max_pool(x, residuals=True, **how)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(COMPOSITES["max_pool"].definition(x, **how)[0]))
    g = np.ones_like(y)
    assert kernels.max_pool_gradient(g, x, kept, **how).sum() == g.sum()


def test_the_first_of_equal_elements_gets_the_gradient():
    x = np.zeros((1, 4, 4, 3), "float32")
    dx = kernels.max_pool_gradient(
        np.ones((1, 2, 2, 3), "float32"), x, None, window=(2, 2), strides=(2, 2), padding="valid"
    )
    assert (dx[:, ::2, ::2] == 1).all() and dx.sum() == 12


CONVOLUTIONS = [
    ((2, 9, 8, 5), (3, 3), 4, (1, 1), "same", (1, 1), False),
    ((2, 9, 8, 3), (5, 2), 7, (2, 3), "valid", (1, 1), False),
    ((2, 12, 10, 6), (3, 3), 3, (1, 1), "same", (2, 3), False),
    ((3, 20, 4), (4,), 6, (1,), "causal", (2,), False),
    ((2, 5, 6, 4, 2), (2, 3, 2), 3, (1, 1, 1), "valid", (1, 1, 1), False),
    ((2, 4, 37, 5), (3, 3), 40, (1, 1), "same", (1, 1), False),
    ((1, 3, 5, 16), (2, 2), 96, (1, 2), "valid", (1, 1), False),
    ((2, 9, 8, 5), (3, 3), 1, (1, 1), "same", (1, 1), True),
    ((2, 9, 8, 5), (3, 2), 3, (2, 1), "valid", (1, 1), True),
    ((2, 10, 9, 4), (3, 3), 2, (1, 1), "same", (2, 2), True),
    ((3, 20, 4), (4,), 1, (3,), "same", (1,), True),
]


@pytest.mark.parametrize(("shape", "window", "out", "strides", "padding", "dilation", "depthwise"), CONVOLUTIONS)
def test_convolution(shape, window, out, strides, padding, dilation, depthwise):
    how = {"strides": strides, "padding": padding, "dilation": dilation, "depthwise": depthwise}
    kernel = drawn(*window, shape[-1], out)
    for x in laid(drawn(*shape)):
        y = compared("convolution", x, kernel, **how)
        for g in laid(drawn(*y.shape))[::3]:
            compared("convolution_kernel_gradient", x, g, window=window, **how)
            if depthwise or (set(strides) == {1} and shape[-1] > 4):
                compared("convolution_input_gradient", g, kernel, size=shape[1:-1], **how)


@pytest.fixture
def cut_small(monkeypatch):
    """A row of windows is a part of the work, and the weights of each tile are put side by side."""
    for name, value in {"ROWS_BYTES": 1, "PACKED": 0, "PLACES": 0}.items():
        monkeypatch.setattr(lines, name, value)
    _forget()
    yield
    _forget()


def _forget():
    lines._lines.cache_clear()
    tiles.tile_of.cache_clear()


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_in_small_parts(case, cut_small):
    test_convolution(*case)


@pytest.mark.parametrize("registers", [(64, 32), (32, 16), (16, 32), (16, 16)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tiles_for_other_processors(registers, dtype, monkeypatch, cut_small):
    monkeypatch.setattr(tiles, "_registers", lambda: registers)
    how = {"strides": (1, 1), "padding": "same", "dilation": (1, 1)}
    x, kernel, g = (drawn(*shape, dtype=dtype) for shape in ((2, 5, 7, 6), (3, 3, 6, 40), (2, 5, 7, 40)))
    compared("convolution", x, kernel, **how)
    compared("convolution_input_gradient", g, kernel, size=(5, 7), **how)
    compared("convolution_kernel_gradient", x, g, window=(3, 3), **how)


@pytest.mark.parametrize("registers", [(64, 32), (32, 16), (16, 16)])
def test_a_tile_with_its_weights_fits_in_the_registers(registers, monkeypatch, cut_small):
    monkeypatch.setattr(tiles, "_registers", lambda: registers)
    for rows, columns, own, repeats in itertools.product((1, 2, 7, 26, 48), (1, 3, 16, 48, 512), *[(True, False)] * 2):
        width, filled = tiles.vectors_of(columns, 4)
        tile = tiles.tile_of(rows, filled, width, own=own, repeats=repeats)
        assert tile.rows * tile.vectors + tile.vectors < registers[1]
        assert width * 4 <= registers[0] and filled % (width * tile.vectors) == 0 and filled >= columns
        assert tile.rows <= rows if repeats else rows % tile.rows == 0


def test_weights_that_are_not_finite_meet_the_zeros_of_padding():
    x, kernel = drawn(1, 4, 4, 2), drawn(3, 3, 2, 1)
    kernel[0, 0] = np.inf
    how = {"strides": (1, 1), "padding": "same", "dilation": (1, 1)}
    for depthwise in (True, False):
        with np.errstate(invalid="ignore"):
            found = kernels.convolution(x, kernel, depthwise=depthwise, **how)
            wanted = COMPOSITES["convolution"].definition(x, kernel, depthwise=depthwise, **how)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize(("batch", "time", "features", "units"), [(1, 6, 3, 5), (9, 4, 7, 6), (4, 1, 2, 33)])
def test_gru(batch, time, features, units, reset_after):
    x, h = drawn(batch, time, features), drawn(batch, units)
    weights, how = [drawn(n, 3 * units) for n in (features, units)], {"reset_after": reset_after}
    for biases in ((None, None), (drawn(3 * units), drawn(3 * units) if reset_after else None)):
        given = x, *weights, *biases, h
        every, last, gates, inner = compared("gru_sequence", *given, **how, outputs=4, residuals=True)
        short = kernels.gru_sequence(*given, **how)
        for a, b in zip(short, (every, last), strict=True):
            np.testing.assert_array_equal(a, b)
        wanted = tuple(i for i in range(6) if given[i] is not None)
        for g, g_h in ((drawn(*every.shape), None), (drawn(*every.shape), drawn(batch, units)), (None, last)):
            args = g, g_h, *given, every, gates, inner
            found = kernels.gru_sequence_gradient(*args, **how, wanted=wanted)
            alike = COMPOSITES["gru_sequence_gradient"].definition(*args, **how, wanted=wanted)
            for a, b in zip(found, alike, strict=True):
                assert (a.dtype, a.shape) == (b.dtype, b.shape)
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


@pytest.mark.parametrize(("batch", "time", "features", "units"), [(1, 6, 3, 5), (9, 4, 7, 6), (4, 1, 2, 33)])
def test_lstm(batch, time, features, units):
    x, h, c = drawn(batch, time, features), drawn(batch, units), drawn(batch, units)
    weights = [drawn(n, 4 * units) for n in (features, units)]
    for bias in (drawn(4 * units), None):
        given = x, *weights, bias, h, c
        every, last, cell, gates, cells = compared("lstm_sequence", *given, outputs=3, residuals=True)
        short = kernels.lstm_sequence(*given)
        for a, b in zip(short, (every, last, cell), strict=True):
            np.testing.assert_array_equal(a, b)
        wanted = tuple(i for i in range(6) if i != 3 or bias is not None)
        for own in itertools.product((True, False), repeat=3):
            if any(own):
                g = [
                    drawn(*s) if there else None for s, there in zip((every.shape, h.shape, h.shape), own, strict=True)
                ]
                args = *g, *given, every, gates, cells
                found = kernels.lstm_sequence_gradient(*args, wanted=wanted)
                alike = COMPOSITES["lstm_sequence_gradient"].definition(*args, wanted=wanted)
                for a, b in zip(found, alike, strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.abs(b).max())


@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (7, 3), (3, 2**16)])
@pytest.mark.parametrize(("seed", "draw"), [(3, [0]), (-5, [-7]), (2**40 + 1, [2**31 - 1]), (0, [-9, 4])])
def test_draws_have_the_bits_of_their_definitions(shape, seed, draw):
    draw, how = np.asarray(draw, np.int32), {"seed": seed, "shape": shape}
    normals = [{"mean": mean, "stddev": stddev} for mean, stddev in ((0.0, 1.0), (-1e3, 7.0), (3.0, 0.0))]
    for name, parameters in [
        *(("draw_bernoulli", {"p": p}) for p in (0.0, 0.3, 0.5, 1.0)),
        *(("draw_uniform", {"minval": a, "maxval": b}) for a, b in ((0.0, 1.0), (-0.1, 0.3), (-2, 0), (1, 3e4))),
        *((name, each) for name in ("draw_normal", "draw_truncated_normal") for each in normals),
    ]:
        more = ["bool"] if "p" in parameters else ["float16"] if "mean" in parameters else []
        for dtype in ("float32", "float64", *more):
            found = getattr(kernels, name)(draw, dtype=dtype, **how, **parameters)
            wanted = COMPOSITES[name].definition(draw, dtype=dtype, **how, **parameters)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            assert found.tobytes() == wanted.tobytes()


def test_draws_leave_what_is_wrong_or_rare_to_their_definitions():
    draw = np.zeros(1, np.int32)
    how = {"shape": (3,), "dtype": "float32"}
    assert kernels.draw_uniform(draw, seed=1, minval=1.0, maxval=1.0, **how) is NotImplemented
    assert kernels.draw_uniform(draw, seed=1, minval=0.0, maxval=1e39, **how) is NotImplemented
    assert kernels.draw_uniform(draw, seed=1, minval=0, maxval=9, **how | {"dtype": "int32"}) is NotImplemented
    assert kernels.draw_bernoulli(draw, seed=1, p=1.5, **how) is NotImplemented
    assert kernels.draw_bernoulli(draw, seed=2**70, p=0.5, **how) is NotImplemented
    assert kernels.draw_normal(draw, seed=1, mean=0.0, stddev=-1.0, **how) is NotImplemented
    assert kernels.draw_truncated_normal(draw, seed=1, mean=float("inf"), stddev=1.0, **how) is NotImplemented


@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_rows_by_index(kind):
    x, places = drawn(11, 3, 2), RNG.integers(0, 11, (4, 5)).astype(kind)
    np.testing.assert_array_equal(kernels.gather_rows(x, places), x[places])
    compared("scatter_add_rows", drawn(4, 5, 3, 2), places, count=11)
    compared("take_adjoint", drawn(5, 3), places[0] - 11, axis=0, size=11)
    compared("segment_sum", drawn(5, 3), places[0] - 3, count=6)  # some are out of range
    compared("add_along_axis", drawn(4, 5), places - 11 * (places % 2), axis=1, size=11)
    np.testing.assert_array_equal(kernels.gather_labels(drawn(4, 5, 11) * 0 + 2, places), np.full((4, 5), 2.0))
    many = np.zeros(2**16, kind)
    ones = np.full((2**16, 1), 0.1, "float32")
    assert kernels.scatter_add_rows(ones, many, count=1)[0, 0] == np.float32(np.float64(np.float32(0.1)) * 2**16)


def test_indices_out_of_range_are_left_to_the_definition():
    x, places = drawn(3, 2), np.asarray([0, 3])
    assert kernels.gather_rows(x, places) is NotImplemented
    assert kernels.gather_rows(x, places - 1) is NotImplemented
    assert kernels.scatter_add_rows(x[:2], places, count=3) is NotImplemented
    assert kernels.take_adjoint(x[:2], places - 4, axis=0, size=3) is NotImplemented
    assert kernels.gather_labels(x[:2], places) is NotImplemented


@pytest.mark.parametrize("k", [1, 3, 7])
def test_the_largest_come_first_nan_before_all_and_the_first_of_equals(k):
    x = np.round(drawn(5, 4, 7) * 2)
    x[0, 0, 3] = x[1, :, 5] = x[1, 2] = np.nan
    x[2, 0, 2], x[2, 1, 1] = np.inf, -np.inf
    np.testing.assert_array_equal(kernels.top_places(x, k=k), COMPOSITES["top_places"].definition(x, k=k))


@pytest.mark.parametrize("shape", [(7,), (19, 3), (4, 5, 6)])
def test_cumulative_sums_are_numpys(shape):
    x = drawn(*shape)
    x.flat[2] = np.inf
    for axis in range(len(shape)):
        for one in (x, x.T.copy().T):
            np.testing.assert_array_equal(
                kernels.standard(())["cumulative_sum"](one, axis=axis), np.cumulative_sum(x, axis=axis)
            )


def test_half_precision_and_empty_arrays_are_left_to_the_definition():
    pool = {"window": (2, 2), "strides": (2, 2), "padding": "valid"}
    conv = {"strides": (1, 1), "padding": "same", "dilation": (1, 1)}
    for x in (drawn(1, 4, 4, 2, dtype="float16"), np.zeros((0, 4, 4, 2), "float32")):
        assert kernels.max_pool(x, **pool) is NotImplemented
        assert kernels.average_pool(x, **pool) is NotImplemented
        assert kernels.convolution(x, np.zeros((3, 3, 2, 2), x.dtype), **conv) is NotImplemented
        assert kernels.gather_rows(x, np.asarray([0])) is NotImplemented
        assert kernels.standard(())["cumulative_sum"](x, axis=1) is NotImplemented


def test_a_function_calls_them_with_jit_alone(monkeypatch):
    calls = []
    found = kernels.max_pool
    monkeypatch.setattr(kernels, "max_pool", lambda *args, **how: calls.append(args[0].shape) or found(*args, **how))
    x = K.placeholder((None, 6, 6, 3))
    value = drawn(2, 6, 6, 3)
    results = []
    for jit in (False, True):
        y = K.pool2d(x, 2, 2)
        f = K.function([x], [y, K.gradients(K.sum(K.square(y)), [x])[0], K.top_k(x, 2)[0]], jit=jit)
        results.append(f([value]))
        assert len(calls) == jit
    for plain, fast in zip(*results, strict=True):
        np.testing.assert_allclose(plain, fast, rtol=1e-6)
