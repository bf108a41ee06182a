"""Choosing a library and device: precedence, threads, registration, and one clear error for each mistake."""

import os
import re
import subprocess
import sys
import threading
import types

import array_api_strict
import numpy as np
import pytest

import backend as K
from backend import config
from backend.arrays import backends
from backend.arrays.namespaces import writable


@pytest.fixture(autouse=True)
def untouched():
    """Each test starts with NumPy and leaves the choice and the settings as they were."""
    chosen, epsilon = K.backend(), K.epsilon()
    K.set_backend("numpy")
    yield
    K.set_backend(chosen)
    K.set_epsilon(epsilon)


def in_new_process(code, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("K_BACKEND", "K_CONFIG")}
    run = subprocess.run([sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True)
    return run.stdout.strip() or run.stderr.strip().splitlines()[-1]


def test_the_handle_is_a_string():
    assert K.backend() == "numpy" and isinstance(K.backend(), str)
    assert K.backend().floatx() == "float32" and K.backend().encode("utf8") == b"numpy"
    assert hash(K.backend()) == hash("numpy")
    with pytest.raises(AttributeError):
        K.backend().no_such_function  # noqa: B018


def test_precedence_of_context_process_environment_and_file(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('backend = "array_api_strict"\nfloatx = "float64"\n')
    ask = "import backend as K; print(K.backend(), K.floatx())"
    assert in_new_process(ask) == "numpy float32"
    assert in_new_process(ask, K_CONFIG=str(file)) == "array_api_strict float64"
    assert in_new_process(ask, K_CONFIG=str(file), K_BACKEND="numpy") == "numpy float64"
    K.set_backend("array_api_strict:device1")
    assert K.backend() == "array_api_strict:device1"
    with K.use_backend("numpy"):
        assert K.backend() == "numpy"
        with K.use_backend("array_api_strict"):
            assert K.backend() == "array_api_strict"
    assert K.backend() == "array_api_strict:device1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("floatx = 3", "floatx is 3, expected one of float16"),
        ("floatx = 'float128'", "floatx is 'float128'"),
        ("nonsense = 1", "unknown key 'nonsense'"),
        ("[kernels]\na = 1", "kernels is {'a': 1}, expected true or false"),
        ("kernels = 'false'", "kernels is 'false', expected true or false"),
        ("blocking = 0", "blocking is 0"),
        ("verify = 1.0", "verify is 1.0"),
        ("jit = 'on'", "jit is 'on', expected true, false or 'auto'"),
        ("jit_cache = 1", "jit_cache is 1, expected true, false or a folder"),
        ("backend = 1", "backend is 1"),
        ("backend = ''", "backend is ''"),
        ("epsilon = nan", "epsilon is nan, expected a finite number above 0"),
        ("epsilon = inf", "epsilon is inf"),
        ("epsilon = 0.0", "epsilon is 0.0"),
        ("epsilon = -1e-7", "epsilon is -1e-07"),
        ("epsilon = true", "epsilon is True"),
        ("epsilon = '1e-7'", "epsilon is '1e-7'"),
        pytest.param(f"epsilon = 1{'0' * 400}", "epsilon is 1000", id="huge"),
        ("image_data_format = 3", "image_data_format is 3, expected one of channels_last"),
        ("image_data_format = 'last'", "image_data_format is 'last'"),
        ("= =", "Invalid statement"),
        (b"\xff\xfe\x00binary", "decode"),
        (b"floatx = \x00", ""),
    ],
)
def test_a_wrong_config_file_is_named(tmp_path, text, words):
    file = tmp_path / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=f"config file {re.escape(str(file))}: .*{re.escape(words)}"):
        config._from_file(file)


def test_a_config_file_may_set_everything(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(
        "backend = 'torch:cpu'\nfloatx = 'float16'\nepsilon = 1\nimage_data_format = 'Channels_First'\n"
        "kernels = false\nblocking = false\nverify = true\njit = 'auto'\njit_cache = 'folder'\n"
    )
    assert config._from_file(file) == {
        "backend": "torch:cpu",
        "floatx": "float16",
        "epsilon": 1.0,
        "image_data_format": "channels_first",
        "kernels": False,
        "blocking": False,
        "verify": True,
        "jit": "auto",
        "jit_cache": "folder",
    }
    assert set(config._EXPECTED) == set(config._DEFAULTS)
    assert "K_CONFIG" not in in_new_process("import backend as K; print(K.floatx())")
    file.write_text("kernels = 'false'")
    assert "kernels" in in_new_process("import backend as K; K.floatx()", K_CONFIG=str(file))


@pytest.mark.parametrize("e", [float("nan"), float("inf"), 0.0, -1e-7, np.float32("nan"), 10**400])
def test_epsilon_is_finite_and_above_0(e):
    before = K.epsilon()
    with pytest.raises(ValueError, match=r"set_epsilon: e is .*, expected a finite number above 0"):
        K.set_epsilon(e)
    assert K.epsilon() == before


def test_threads_do_not_disturb_each_other():
    seen, started, go_on = [], threading.Event(), threading.Event()

    def other():
        with K.use_backend("array_api_strict"):
            started.set()
            go_on.wait(5)
            seen.append(str(K.backend()))

    thread = threading.Thread(target=other)
    thread.start()
    started.wait(5)
    assert K.backend() == "numpy"
    go_on.set()
    thread.join()
    assert seen == ["array_api_strict"]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("no_such_library", ValueError, "numpy, torch, cupy"),
        ("", ValueError, "expected a name"),
        (3, ValueError, "expected a name"),
        ("json", TypeError, "lacks abs"),
        ("array_api_strict:device9", ValueError, "device1"),
        ("numpy:cuda", ValueError, "'cpu' only"),
    ],
)
def test_wrong_names_are_refused_and_change_nothing(name, error, words):
    with pytest.raises(error, match=words):
        K.set_backend(name)
    assert K.backend() == "numpy"


def test_a_device_that_is_not_there_says_so():
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="torch cannot use device 'cuda:99' here"):
        K.set_backend("torch:cuda:99")
    assert K.get_backend("torch").device == torch.device("cpu")


def test_a_library_without_its_hardware_says_so():
    cupy = pytest.importorskip("cupy")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        with pytest.raises(ValueError, match="cupy is installed but finds no CUDA device"):
            K.set_backend("cupy")
    else:
        assert K.get_backend("cupy").device.id == 0


def test_a_library_that_is_not_installed_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(backends, "_opened", {})
    with pytest.raises(ImportError, match=r"array-api-backend\[jax\]"):
        K.set_backend("jax")


def test_wrong_environment_names_the_variable():
    assert "K_BACKEND=nonsense" in in_new_process("import backend as K; K.backend()", K_BACKEND="nonsense")


def test_list_backends_tells_what_is_usable():
    rows = {row.name: row for row in K.list_backends()}
    assert rows["numpy"].usable and rows["numpy"].installed and rows["numpy"].why_not == ""
    assert all(row.usable or row.why_not for row in rows.values())


def test_dotted_paths_name_a_namespace():
    with K.use_backend("array_api_compat.numpy"):
        assert K.eval(K.variable(2.0) * 3.0) == 6.0


class Adapter:
    """What a user registers: an object with a namespace, and perhaps a device."""

    def __init__(self):
        import array_api_strict

        self.xp = array_api_strict


@pytest.mark.parametrize("given", [Adapter, Adapter()])
def test_registered_backends_compute(given):
    made = K.backend().register_backend("mine", given)
    assert made.name == "mine" and K.backend() == "numpy"
    K.set_backend("mine")
    assert K.eval(K.variable([1.0, 2.0]) * 2.0).tolist() == [2.0, 4.0]
    assert "mine" in [row.name for row in K.list_backends()]


def test_registering_something_else_names_what_is_missing():
    half = types.SimpleNamespace(
        **{name: getattr(np, name) for name in backends.REQUIRED if hasattr(np, name) and name != "tanh"}
    )
    with pytest.raises(TypeError, match="lacks tanh"):
        K.register_backend("half", half)
    with pytest.raises(TypeError, match="lacks"):
        K.register_backend("wrong", object())
    with pytest.raises(TypeError, match="name"):
        K.register_backend("", np)
    assert K.register_backend("whole", np, activate=True) is K.get_backend("whole") and K.backend() == "whole"


def test_arrays_of_two_libraries_are_refused_by_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="numpy and torch"):
        K.scan(lambda c, x: (c, x), np.zeros(3), torch.zeros(3))


def test_importing_loads_no_array_library_that_was_not_selected():
    heavy = "torch", "jax", "cupy", "array_api_strict", "dask", "scipy"
    code = f"import sys, backend as K; K.backend(); print([m for m in {heavy} if m in sys.modules])"
    assert in_new_process(code) == "[]"


def test_settings_refuse_wrong_values():
    for wrong in ("float8", "", 123):
        with pytest.raises(ValueError, match="float16, float32, float64"):
            K.set_floatx(wrong)
    with pytest.raises(ValueError, match="channels_first"):
        K.set_image_data_format("rows_first")
    assert K.normalize_data_format("Channels_First") == "channels_first"
    K.set_epsilon(1e-3)
    assert K.epsilon() == 1e-3


def test_what_may_be_written_into():
    torch = pytest.importorskip("torch")
    assert writable(np.ones(3), torch.ones(3), array_api_strict.ones(3))
    assert not writable(np.ones(3), torch.ones(3, requires_grad=True))
    assert not writable(K.placeholder((3,))) and writable(np.ones(3), np.float32(1.0))
    seen = []
    torch.func.vmap(lambda x: seen.append(writable(x)) or x)(torch.ones(2, 3))
    assert seen == [False]


def test_jax_arrays_are_never_written_into():
    jnp = pytest.importorskip("jax.numpy", reason="jax is not installed")
    assert not writable(jnp.ones(3))


def test_a_module_that_only_has_the_name_of_a_library_is_none():
    """Programs put empty modules in the places of libraries that a package imports and does not need."""
    program = """
import sys, types
for name in ("tensorflow", "jax", "torch"):
    sys.modules[name] = types.ModuleType(name)
import numpy as np
import backend as K
x, w = K.placeholder((None, 2)), K.variable(np.ones((2, 1)))
loss = K.mean(K.square(K.dropout(K.dot(x, w), 0.5)))
f = K.function([x], [loss], updates=[K.update_sub(w, 0.1 * K.gradients(loss, [w])[0])])
f([np.ones((4, 2))])
print(K.softmax(np.zeros(2)), K.stop_gradient(np.ones(1)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[0.5 0.5] [1.]\n", 0), done.stderr
