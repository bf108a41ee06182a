"""Choosing the reproducible mode, what it says, and what it refuses."""

import os
import subprocess
import sys

import array_api_strict
import numpy as np
import pytest

import backend as K
from backend.reproducible.table import KIND_OF, KINDS
from conformance.data import signatures

SPECS = ["reproducible:numpy", "reproducible:torch", "reproducible:array_api_strict"]


@pytest.fixture(params=SPECS)
def on(request):
    with K.use_backend(request.param) as chosen:
        yield chosen


def in_new_process(code, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("K_BACKEND", "K_CONFIG")}
    run = subprocess.run([sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True)
    return run.stdout.strip() or run.stderr.strip().splitlines()[-1]


def test_the_environment_and_the_config_file_choose_it(tmp_path):
    code = "import backend as K; print(K.backend(), type(K.variable([1.0]).array).__name__)"
    assert in_new_process(code, K_BACKEND="reproducible:numpy") == "reproducible:numpy Array"
    path = tmp_path / "array-api-backend.toml"
    path.write_text('backend = "reproducible:numpy"', "utf-8")
    assert in_new_process("import backend as K; print(K.backend())", K_CONFIG=str(path)) == "reproducible:numpy"


def test_the_list_of_backends_has_it():
    rows = {row.name: row for row in K.list_backends()}
    assert rows["reproducible:numpy"].installed and rows["reproducible:numpy"].usable
    assert rows["reproducible:cupy"].installed is rows["cupy"].installed


def test_an_ordinary_process_does_not_load_it():
    code = (
        "import sys, numpy as np, backend as K; K.softmax(np.ones(3, 'float32')); "
        "print([m for m in sys.modules if 'reproducible' in m])"
    )
    assert in_new_process(code) == "[]"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("reproducible", "name the library, as in 'reproducible:numpy'"),
        ("reproducible:", "name the library"),
        ("reproducible:nonsense", "no such name or module"),
        ("reproducible:reproducible:numpy", "reproducible already"),
        ("reproducible:array_api_strict:no_float64", "needs float64, which array_api_strict lacks on device"),
    ],
)
def test_what_cannot_be_chosen(spec, message):
    with pytest.raises(ValueError, match=message):
        K.get_backend(spec)


def test_jax_without_float64_is_refused():
    pytest.importorskip("jax")
    code = "import backend as K; K.set_backend('reproducible:jax')"
    said = in_new_process(code, JAX_ENABLE_X64="0", JAX_PLATFORMS="cpu")
    assert said.startswith("ValueError: set_backend: ") and "jax_enable_x64" in said


def test_a_compiler_is_refused(on):
    x = K.placeholder((3,))
    compiled = K.function([x], [x * 2.0], jit=True)
    with pytest.raises(ValueError, match=r"jit=True on reproducible:.*rounds once"):
        compiled([np.ones(3, "float32")])


@pytest.mark.parametrize("other", [np.ones(3, "float32"), array_api_strict.ones((3,), dtype=array_api_strict.float32)])
def test_arrays_of_an_ordinary_backend_do_not_mix(on, other):
    x = on.asarray(np.ones(3, "float32"))
    for mix in (lambda: x + other, lambda: other + x, lambda: on.xp.add(x, other), lambda: on.xp.concat([x, other])):
        with pytest.raises(TypeError):
            mix()
    with pytest.raises(TypeError, match="reproducible:"):
        x @ other
    with pytest.raises(TypeError, match="two libraries"):
        K.maximum(x, other)


def test_arrays_of_two_reproducible_libraries_do_not_mix():
    with K.use_backend("reproducible:numpy") as first, K.use_backend("reproducible:array_api_strict") as second:
        x, y = (b.asarray(np.ones(3, "float32")) for b in (first, second))
    with pytest.raises(TypeError, match="reproducible:numpy and reproducible:array_api_strict"):
        x + y


def test_arrays_cannot_be_written_to(on):
    x = on.asarray(np.ones(3, "float32"))
    with pytest.raises(TypeError, match="cannot be written to"):
        x[0] = 2.0
    y = x
    y += 1.0
    assert float(x[0]) == 1.0 and float(y[0]) == 2.0


def test_symbolic_tensors_do_mix(on):
    x, t = on.asarray(np.ones(3, "float32")), K.placeholder((3,))
    found = K.function([t], [x + t * 2.0])([np.ones(3, "float32")])[0]
    assert type(found) is np.ndarray and (found == 3.0).all()


def test_no_library_warns(on, recwarn):
    x = on.asarray(np.array([-1.0, 0.0, 3e38], "float32"))
    for name in ("exp", "log", "tanh", "sum", "cosh"):
        getattr(on.xp, name)(x)
    K.softmax(K.variable([1e30, -1e30])).eval()
    assert [str(w.message) for w in recwarn] == []


# ---- the table


def test_the_table_is_complete():
    wanted = {name for name in signatures("2025.12") if not name.startswith("array.")}
    assert set(KIND_OF) == wanted and set(KIND_OF.values()) == set(KINDS)


def test_every_function_of_the_table_is_there(on):
    for name in KIND_OF:
        if name.startswith("info."):
            continue
        function = on.xp
        for part in name.split("."):
            function = getattr(function, part)
        assert callable(function), name


def test_the_namespace_has_no_dtype_that_it_does_not_define(on):
    assert not hasattr(on.xp, "bfloat16")
    assert "bfloat16" not in on.xp.__array_namespace_info__().dtypes()
