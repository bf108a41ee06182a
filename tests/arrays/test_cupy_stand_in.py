"""The stand-in for CuPy has CuPy's manners, and its parameters, loops and refusals are those of the installed CuPy."""

import importlib
import importlib.util
import json
import operator
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import backend as K

STAND_INS = Path(__file__).parents[1] / "stand_ins"


@pytest.fixture
def x(cupy):
    return cupy.asarray(np.arange(12, dtype="float32").reshape(3, 4))


# ---- manners ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["__index__", "__array_namespace__", "to_device", "__array_api_version__"])
def test_what_cupys_arrays_lack(x, name):
    assert not hasattr(x, name)


def test_results_are_arrays_without_axes(cupy, x):
    for found in (x.sum(), x[0, 0], cupy.max(x), cupy.argmax(x), x.mean() + 1, cupy.linalg.det(x[:, :3])):
        assert type(found) is cupy.ndarray and found.shape == ()


@pytest.mark.parametrize(
    "refused",
    [
        lambda cupy, x: np.asarray(x),
        lambda cupy, x: x + np.ones((3, 4), "float32"),
        lambda cupy, x: np.ones((3, 4), "float32") * x,
        lambda cupy, x: x == np.ones((3, 4), "float32"),
        lambda cupy, x: x * [1, 2, 3, 4],
        lambda cupy, x: cupy.where(x > 0, x, np.ones((3, 4), "float32")),
        lambda cupy, x: cupy.concatenate([x, np.ones((3, 4), "float32")]),
        lambda cupy, x: cupy.repeat(x, np.array([1, 2, 3]), axis=0),
        lambda cupy, x: cupy.zeros((x[0, 0],)),
        lambda cupy, x: operator.index(x[0, 0].astype("int32")),
        lambda cupy, x: x[: x[0, 1].astype("int32")],
        lambda cupy, x: hash(x),
        lambda cupy, x: cupy.sum(x, 0, keepdim=True),
        lambda cupy, x: cupy.linspace(0, 1j, 5),
    ],
)
def test_what_cupy_refuses(cupy, x, refused):
    with pytest.raises(TypeError):
        refused(cupy, x)


def test_values_that_cupy_refuses(cupy, x):
    with pytest.raises(OverflowError):
        cupy.arange(5, 0, -2, dtype="uint8")
    with pytest.raises(ValueError, match="1d"):
        cupy.meshgrid(x[0], x[0, 0])
    with pytest.raises(ValueError, match="b must have"):
        cupy.linalg.solve(cupy.zeros((2, 3, 3)) + cupy.eye(3), x[:, 0])
    assert np.signbit(cupy.full(2, -0.0).get()).all()  # by a kernel, not by a fill


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_a_zero_without_axes_keeps_its_sign_on_its_way(cupy, dtype):
    zero = K.get_backend("cupy").asarray(np.asarray(-0.0, dtype))
    assert type(zero) is cupy.ndarray and zero.shape == () and zero.dtype == dtype
    assert np.signbit(zero.get().real)
    with K.use_backend("cupy"):
        assert np.signbit(K.get_value(K.variable(-0.0)))


def test_what_is_listed_of_the_standard_is_neither_more_nor_less():
    sys.path.insert(0, str(STAND_INS))
    try:
        standard = importlib.import_module("standard")
    finally:
        sys.path.remove(str(STAND_INS))
    listed = [{"id": i, "status": "wrong"} for i in standard.ARITHMETIC] + [
        {"id": i, "status": "xpass"} for i in standard.DEVICE
    ]
    assert standard.surprises([*listed, {"id": "xp.exp/value", "status": "within"}]) == []
    assert standard.surprises(
        [*listed[:-1], {**listed[-1], "status": "xfail"}, {"id": "xp.exp/value", "status": "wrong"}]
    )
    known = (STAND_INS.parents[1] / "conformance" / "xfails" / "cupy.toml").read_text("utf-8")
    assert all(f'["{i}"]' in known for i in standard.DEVICE)


def test_what_waits_for_the_device_is_counted(cupy, x):
    def counts(call):
        with cupy.traffic.counted() as counter:
            call()
        return dict(counter)

    for number in (bool, float, int, complex):
        assert counts(lambda number=number: number(x[0, 1])) == {"value": 1}
    assert counts(lambda: x.get()) == counts(lambda: cupy.asnumpy(x)) == counts(lambda: repr(x)) == {"copy": 1}
    assert counts(lambda: x[x > 1]) == counts(lambda: cupy.nonzero(x)) == {"size": 1}
    assert counts(lambda: cupy.asarray(np.ones(3))) == {"upload": 1}
    assert counts(lambda: (x @ x.T + 1).sum(0)[1:]) == {}


def test_edge_values_that_are_cupys_own(cupy, x):
    assert np.all(cupy.take(x, cupy.asarray([3, -4]), axis=0).get() == x.get()[[0, 2]])  # indices wrap around
    assert np.isnan(float(cupy.remainder(cupy.asarray([2.0]), cupy.asarray([np.inf]))[0]))  # cupy#8807
    assert not np.signbit(cupy.asarray(np.array(-0.0)).get())
    assert np.all(np.isnan(cupy.linalg.inv(cupy.zeros((2, 2))).get()))
    with pytest.raises(ValueError, match="Unsupported dtype"):
        cupy.zeros(2, object)


def test_as_where_there_is_no_device(cupy, monkeypatch):
    import backend as K

    monkeypatch.setenv("STAND_IN_DEVICES", "0")
    with pytest.raises(ValueError, match="cupy is installed but finds no CUDA device: cudaErrorNoDevice"):
        K.get_backend("cupy")


# ---- compared with the installed CuPy -------------------------------------------------------------------------------

installed = pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="cupy is not installed")

# On arrays over memory of the host, CuPy goes as far as it can without a driver: it makes views and refuses arguments.
SCRIPT = """
import operator, sys, weakref
import numpy as np
import cupy
import backend as K

def array(host):
    from cupy.cuda.memory import MemoryPointer, UnownedMemory
    return cupy.ndarray(host.shape, host.dtype, MemoryPointer(UnownedMemory(host.ctypes.data, host.nbytes, host, 0), 0))

x = array(np.arange(12, dtype="float32").reshape(3, 4)) if sys.argv[1] == "real" else cupy.asarray(
    np.arange(12, dtype="float32").reshape(3, 4))
t = K.placeholder((3, 4))
for text in sys.argv[2:]:
    try:
        found = eval(text)
    except Exception as error:
        found = type(error).__name__
    print(text, "->", found)
"""
EXPRESSIONS = [
    "[type(v).__name__ for v in (x * t, t * x, x - t, x == t, t < x, x @ K.transpose(t), x**t)]",
    "K.is_tensor(x), K.int_shape(x), K.dtype(x), K.ndim(x)",
    "K.reshape(x, (4, 3)).shape, K.expand_dims(x).shape, K.transpose(x).strides",
    "type(x).__module__",
    "x[0, 0].shape",
    "x[..., None].shape",
    "x[1:, ::-1].strides",
    "len(x)",
    "len(x[0, 0])",
    "operator.index(x[0, 0])",
    "np.asarray(x)",
    "hash(x)",
    "hash(x.device)",
    "setattr(x, 'name', 1)",
    "x[5]",
    "weakref.ref(x)() is x",
    "x.__array_priority__",
    "x.device",
    "x.device == cupy.cuda.Device(0)",
    "x.device == 0",
    "x.flags.c_contiguous, x.T.flags.c_contiguous",
    "hasattr(x.flags, 'writeable')",
    "x.reshape(np.int64(4), -1).shape",
    "x.squeeze(0)",
    "x.real is not x, x.mT.shape, x.T.shape",
    "x.astype('float32', copy=False) is x",
    "x.astype(str)",
    "x.astype(object)",
    "x.__setitem__(0, np.zeros(4, 'float32'))",
    "cupy.where(True, x, x)",
    "cupy.zeros((x[0, 0],))",
    "cupy.repeat(x, np.array([1, 2, 3]), axis=0)",
    "cupy.broadcast_to(x, (2, 3, 4)).strides",
    "cupy.expand_dims(x, (0, -1)).shape",
    "cupy.permute_dims(x, (1, 0)).shape",
    "cupy.flip(x, 0).strides",
    "cupy.moveaxis(x, 0, 1).shape",
    "cupy.isdtype(x.dtype, 'real floating')",
    "cupy.result_type(x, cupy.float64)",
    "cupy.sum(x, 0, keepdim=True)",
    "cupy.stack(x, 0, None, 1, 2)",
    "hasattr(cupy, '__array_api_version__'), hasattr(cupy, '__array_namespace_info__'), hasattr(cupy, 'unstack')",
]


def said(which: str, path: list[str]) -> list[str]:
    """What CuPy or its stand-in makes of the expressions."""
    path = [*path, str(STAND_INS.parents[1])]
    code = f"import sys; sys.path[:0] = {path!r}\n{SCRIPT}"
    run = subprocess.run(
        [sys.executable, "-c", code, which, *EXPRESSIONS], capture_output=True, text=True, check=True, cwd="/"
    )
    return run.stdout.splitlines()


@installed
def test_the_stand_in_answers_as_the_installed_cupy():
    assert said("stand-in", [str(STAND_INS)]) == said("real", [])


@installed
def test_parameters_and_loops_are_those_of_the_installed_cupy():
    code = (
        f"import sys, json; sys.path.insert(0, {str(STAND_INS)!r}); import facts; sys.path.pop(0); import cupy\n"
        "print(json.dumps([json.loads(facts.FACTS.read_text()), facts.facts_of(cupy)]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    kept, found = json.loads(run.stdout)
    if kept["version"] != found["version"]:
        pytest.skip(f"the facts are of CuPy {kept['version']}, and {found['version']} is installed")
    assert kept == found


@installed
def test_what_programs_reach_on_the_stand_in_exists_in_the_installed_cupy(cupy):
    modules = ("cupy", "cupy.ndarray", "cupy.linalg", "cupy.fft", "cupy.cuda", "cupy.cuda.runtime", "cupy.cuda.Device")
    code = f"import cupy; print(*(' '.join(dir(m)) for m in ({', '.join(modules)})), sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    own = {*cupy.OWN, "OWN"}  # the stand-in's own parts
    for name, real in zip(modules, run.stdout.splitlines(), strict=True):
        mine = operator.attrgetter(name.partition(".")[2])(cupy) if "." in name else cupy
        assert {n for n in dir(mine) if not n.startswith("_")} - own <= set(real.split()), name
