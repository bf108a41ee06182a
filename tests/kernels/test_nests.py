"""Loop nests that numba compiles: values beside the plain program, what is refused, the cache, and when it pays."""

import os
import subprocess
import sys

import numpy as np
import pytest

import backend as K
from backend.kernels.description import FUNCTIONS

pytestmark = pytest.mark.slow
pytest.importorskip("numba", reason="numba is not installed")

from backend.kernels.numba import chains, nests  # noqa: E402 - after what skips without numba
from backend.kernels.numba.cache import DiskCache, cache_folder  # noqa: E402
from backend.kernels.numba.compile import from_source  # noqa: E402

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory):
    """A cache of these tests' own."""
    folder = tmp_path_factory.mktemp("numba")
    K.set_jit(None, cache=folder)
    yield folder
    K.set_jit(None, cache=True)


def both(inputs, outputs, values, **how):
    """What a function gives with numba and without; every nest has been compiled."""
    fast, plain = (K.function(inputs, outputs, jit=jit, **how) for jit in (True, False))
    found = fast(values)
    assert fast.executable.nests, "no loop nest was found"
    assert not [nest.refused for nest in fast.executable.nests.values() if nest.refused]
    return list(zip(found, plain(values), strict=True))


def test_the_printer_has_what_descriptions_use():
    of_loops = {"bit_invert", "bit_xor", "floor_divide", "remainder"}  # words of bodies, which hold integers, too
    assert set(chains.TEMPLATES) == FUNCTIONS | of_loops


EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0]
REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_elementary_functions_are_within_four_ulps(dtype):
    facts, calls = np.finfo(dtype), "".join(f"        y[{i}, j] = {name}(x[j])\n" for i, name in enumerate(REFERENCES))
    run = from_source(f"def loops(x, y):\n    for j in range(x.size):\n{calls}", "loops", dict(nests.SCOPE))
    limits = [facts.tiny, facts.smallest_subnormal, facts.max, -facts.max]
    scales = 10.0 ** RNG.uniform(-9, 2.9, 4000)
    drawn = [RNG.standard_normal(4000) * scales, RNG.uniform(-110, 100, 4000), scales, 1 + RNG.normal(size=2000) * 1e-3]
    x = np.concatenate([EDGES, limits, *drawn, np.ldexp(1.0, RNG.integers(facts.minexp - 20, facts.maxexp, 500))])
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
        found = np.empty((len(REFERENCES), x.size), dtype)
        run(x, found)
        for y, (name, reference) in zip(found, REFERENCES.items(), strict=True):
            exact = reference(x.astype(np.longdouble))
            wanted = exact.astype(dtype)
            special = ~np.isfinite(wanted) | (wanted == 0)
            np.testing.assert_array_equal(y[special], wanted[special], err_msg=name)
            assert np.array_equal(np.signbit(y[wanted == 0]), np.signbit(wanted[wanted == 0])), name
            ulp = np.ldexp(np.longdouble(facts.eps), np.maximum(np.frexp(np.abs(exact))[1] - 1, facts.minexp))
            assert np.max(np.abs(y - exact)[~special] / ulp[~special]) < 3.0, name


def programs():
    """A name, inputs, outputs: one nest or more each."""
    n = K.placeholder((None, 7), dtype="float64")
    row, column = K.placeholder((None, 1), dtype="float64"), K.placeholder((7,), dtype="float64")
    cube = K.placeholder((None, None, 5), dtype="float64")
    narrow = K.placeholder((None, 1, 5), dtype="float64")
    yield "flat", [n], [K.exp(n) * 2.0 - n, K.sum(K.square(n)), K.mean(K.tanh(n))]
    yield "rows and columns", [n, row, column], [n * row + column, K.sum(n * 2.0, axis=0), K.max(n + 1.0, axis=1)]
    centered = n - K.mean(n, axis=1, keepdims=True)
    variance = K.mean(K.square(centered), axis=1, keepdims=True)
    normalized = centered / K.sqrt(variance + 1e-3)
    yield "stages", [n], [normalized, K.sum(normalized, axis=0, keepdims=True), K.squeeze(variance, 1)]
    yield "softmax", [n], [K.softmax(n) * 3.0, K.log_softmax(n + 1.0)]
    yield "repeated along some rows", [cube, narrow], [K.softmax(cube + narrow), K.relu(cube - narrow)]
    picked = K.switch(K.greater(n, 0.0), K.minimum(n, column), -n)
    yield "choices", [n, column], [picked, K.cast(K.less(n, column), "float64") * 2.0]
    loss = K.mean(K.categorical_crossentropy(K.softmax(column * n), K.dot(n, K.eye(7, "float64")), from_logits=True))
    yield "gradients", [n, column], [loss, *K.gradients(loss, [n, column])]


@pytest.mark.parametrize("size", [3, 1])
def test_nests_give_what_the_plain_program_gives(size):
    for name, inputs, outputs in programs():
        shapes = [[size if n is None else n for n in x.shape] for x in inputs]
        values = [RNG.normal(size=shape) for shape in shapes]
        values = [np.asfortranarray(v) if i else v for i, v in enumerate(values)]  # and not all in C order
        values[0].flags.writeable = False
        for found, wanted in both(inputs, outputs, values):
            assert found.dtype == wanted.dtype and found.shape == wanted.shape, name
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12, err_msg=name)


def test_of_no_elements_the_definition_decides():
    x = K.placeholder((None, 3))
    f = K.function([x], [K.sum(K.exp(x) * 2.0, axis=0), K.sum(K.square(x))], jit=True)
    columns, total = f([np.ones((0, 3))])
    assert columns.tolist() == [0.0, 0.0, 0.0] and total == 0.0


def test_edge_values_stay_what_they_are():
    x, y = K.placeholder((None,), dtype="float64"), K.placeholder((None,), dtype="float64")
    a, b = (part.ravel() for part in np.meshgrid(EDGES, EDGES))
    outputs = [K.maximum(x, y) * 1.0, K.minimum(x, y) + 0.0, K.relu(x) * 1.0, K.sign(x) * 2.0, K.max(x * y)]
    with np.errstate(all="ignore"):
        for found, wanted in both([x, y], outputs, [a, b]):
            np.testing.assert_array_equal(found, wanted)


def test_many_rows_are_added_to_the_bound():
    x = K.placeholder((None, 4))
    value = np.full((300_000, 4), 0.1, "float32")
    f = K.function([x], [K.sum(x * 1.0 + 0.0, axis=0), K.sum(K.square(x) * 2.0)], jit=True)
    columns, total = f([value])
    np.testing.assert_allclose(columns, np.sum(value, axis=0, dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(total, 2.0 * np.sum(np.square(value, dtype="float64")), rtol=1e-6)


def test_updates_of_all_weights_are_one_call():
    shapes, found = [(40, 30), (30,), (30, 5)], []
    data = RNG.normal(size=(8, 40))
    for jit in (True, False):
        weights = [K.variable(np.linspace(-1.0, 1.0, int(np.prod(shape))).reshape(shape)) for shape in shapes]
        hidden = K.relu(K.bias_add(K.dot(K.constant(data), weights[0]), weights[1]))
        loss = K.mean(K.square(K.dot(hidden, weights[2])))
        updates = K.optimizers.Adam(lr=0.1).get_updates(loss, weights)
        f = K.function([], [loss], updates, jit=jit)
        for _ in range(3):
            f([])
        found.append([K.get_value(w) for w in weights])
        if jit:
            assert sum("batched((" in line for line in f.stages[-2].text.splitlines()) == 1
            assert any(list(nest.sources) == ["together"] for nest in f.executable.nests.values())
    for fast, plain in zip(*found, strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-5, atol=1e-6)


def test_threads_share_a_nest(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    x = K.placeholder((None, 100))
    value = RNG.normal(size=(5000, 100)).astype("float32")
    outputs = [K.tanh(x) * 2.0, K.sum(K.exp(x), axis=0), K.mean(K.square(x)), K.max(x + 1.0, axis=1)]
    for found, wanted in both([x], outputs, [value]):
        np.testing.assert_allclose(found, wanted, rtol=2e-5)


def test_what_numba_refuses_runs_call_by_call(monkeypatch):
    def refuse(*arguments):
        raise NotImplementedError("no such loop")

    monkeypatch.setattr(nests, "kernel", lambda text: refuse)
    x, w = K.placeholder((None,)), K.variable([1.0, 2.0])
    f = K.function([x], [K.exp(x) * 2.0], [(w, w * 0.5 - 1.0)], jit=True)
    assert f([[0.0]])[0].tolist() == [2.0] and f([[0.0, 0.0]])[0].tolist() == [2.0, 2.0]
    assert "body_1 runs call by call: NotImplementedError: no such loop" in f.stages[-1].text
    assert f.stages[-1].name == "jit" and "0 loops compiled" in f.stages[-1].summary


PROGRAM = """
import sys, time
import numpy as np
import backend as K
from backend.kernels.numba import compile
K.set_jit(True, cache=sys.argv[1])
x = K.placeholder((None,))
f = K.function([x], [K.exp(x) * 2.0 + 1.0])
compile._progress.begin = lambda name: print("compiled", name)
print(f([np.zeros(3)])[0].tolist())
"""


def test_a_second_process_compiles_nothing(tmp_path):
    def run(folder):
        command = [sys.executable, "-c", PROGRAM, str(folder)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()

    folder = tmp_path / "cache"
    assert run(folder) == ["compiled loops", "[3.0, 3.0, 3.0]"]
    assert run(folder) == ["[3.0, 3.0, 3.0]"]
    (file,) = folder.iterdir()
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0
    file.write_bytes(file.read_bytes()[:-1])  # cut short, as by a full disk
    assert run(folder) == ["compiled loops", "[3.0, 3.0, 3.0]"]


def test_nothing_is_written_unless_it_is_wanted(tmp_path):
    x = K.placeholder((3,))
    folder = cache_folder()
    try:
        K.set_jit(None, cache=tmp_path / "none")
        K.function([x], [K.exp(x) * 2.0])([np.zeros(3)])
        K.set_jit(True, cache=False)
        K.function([x], [K.exp(x) * 7.0 - 1.0])([np.zeros(3)])
        assert cache_folder() is None and not list(tmp_path.iterdir())
    finally:
        K.set_jit(None, cache=folder)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    folder = cache_folder()
    try:
        K.set_jit(None, cache=tmp_path / "file")
        x = K.placeholder((3,))
        assert K.function([x], [K.exp(x) * 11.0 + 0.5 * x], jit=True)([np.zeros(3)])[0].tolist() == [11.0] * 3
    finally:
        K.set_jit(None, cache=folder)
    assert DiskCache("loops", "", "").cache_path == str(folder)


@pytest.mark.parametrize("mode", [1, "on", "Auto"])
def test_a_wrong_mode_is_refused(mode):
    with pytest.raises(ValueError, match=r"set_jit: mode is .* expected True, False or 'auto'"):
        K.set_jit(mode)


def test_a_wrong_cache_is_refused():
    with pytest.raises(TypeError, match="set_jit: cache is 3, expected a folder, True or False"):
        K.set_jit(None, cache=3)


def test_batch_normalization_beside_its_definition():
    for shape, dtype in (((6, 5, 4, 16), "float64"), ((300, 7), "float64"), ((2, 1), "float64"), ((64, 32), "float32")):
        axes = list(range(len(shape) - 1))
        x, gamma, beta = (K.placeholder(s, dtype=dtype) for s in (shape, shape[-1:], shape[-1:]))
        y, mean, variance = K.normalize_batch_in_training(x, gamma, beta, axes)
        outputs = [y, mean, variance, *K.gradients(K.sum(K.sin(y)), [x, gamma, beta])]
        values = [RNG.normal(3.0, 2.0, size=n).astype(dtype) for n in (shape, shape[-1:], shape[-1:])]
        fast, plain = (K.function([x, gamma, beta], outputs, jit=jit)(values) for jit in (True, False))
        for found, wanted in zip(fast, plain, strict=True):
            tolerance = 1e-9 if dtype == "float64" else 2e-4
            np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
