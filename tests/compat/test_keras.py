"""The real Keras 2.3.1 with K as its backend, on NumPy and on torch, each in a process of its own."""

import ast
import importlib.util
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
CHECKS = HERE / "keras_checks.py"
NAMES = [
    node.name
    for node in ast.parse(CHECKS.read_text("utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]
LIBRARIES = ("numpy", "torch")

needs_keras = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("keras", "h5py")),
    reason="Keras 2.3.1 is not installed: pip install 'array-api-backend[keras]'",
)

HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
import importlib.util
found = importlib.util.find_spec
def find_spec(name, package=None):
    return None if name.partition(".")[0] in {names!r} else found(name, package)
importlib.util.find_spec = find_spec
"""


def environment(home, library="numpy"):
    paths = [str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "KERAS_BACKEND": "backend",
        "K_BACKEND": library,
        "KERAS_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def program(text, home, **more):
    return subprocess.run([sys.executable, "-c", text], env=environment(home) | more, capture_output=True, text=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("keras")


@pytest.fixture(scope="module")
def results(home):
    """What each check said on each library: None, or what went wrong."""
    found = {}

    def of(library):
        if library not in found:
            place = home / library
            place.mkdir()
            report = place / "report.xml"
            ran = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CHECKS), f"--junitxml={report}"],
                env=environment(place, library),
                capture_output=True,
                text=True,
            )
            assert report.is_file(), ran.stdout + ran.stderr
            found[library] = {
                case.get("name"): next(
                    (mark.text or mark.get("message") for mark in case if mark.tag in ("failure", "error", "skipped")),
                    None,
                )
                for case in ElementTree.parse(report).iter("testcase")
            }
        return found[library]

    return of


@needs_keras
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("check", NAMES)
def test_keras_program(results, check, library):
    if library != "numpy":
        pytest.importorskip(library)
    said = results(library)
    assert check in said, f"only {sorted(said)} ran"
    assert said[check] is None, said[check]


@needs_keras
def test_keras_trains_the_same_on_both(results, home):
    pytest.importorskip("torch")
    losses = []
    for library in LIBRARIES:
        results(library)
        losses.append(np.load(home / library / "losses.npy"))
    assert np.allclose(*losses, rtol=1e-5)


@needs_keras
def test_keras_finds_the_backend_imported_before_it(home):
    ran = program("import backend as K; import keras; print(keras.backend.backend(), K.optimizers.__name__)", home)
    assert ran.stdout.split() == ["backend", "keras.optimizers"], ran.stderr


@needs_keras
@pytest.mark.parametrize("first", ["import keras", "import backend", "import os"])
def test_keras_backend_has_the_names_that_keras_exports_for_tensorflow_alone(home, first):
    ran = program(
        f"{first}\nfrom keras import backend as K\nimport backend\n"
        "from keras.backend.tensorflow_backend import clear_session, _get_available_gpus\n"
        "for name in ('clear_session', 'get_session', 'set_session', 'manual_variable_initialization',\n"
        "             'pattern_broadcast', 'einsum', 'image_dim_ordering'):\n"
        "    assert getattr(K, name) is getattr(backend, name), name\n"
        "assert clear_session is K.clear_session and K.tensorflow_backend is backend.tensorflow_backend\n"
        "assert not hasattr(K, 'ops') and not hasattr(K, 'absent')\n"
        "try:\n    K.tf\nexcept AttributeError as error:\n    print(error)",
        home,
    )
    assert "keras.backend.tf belongs to TensorFlow" in ran.stdout, ran.stderr


@needs_keras
def test_a_missing_package_is_named_inside_keras(home):
    ran = program(HIDE.format(names=("array_api_compat",)) + "import keras", home)
    assert "RuntimeError: array-api-backend needs the package array-api-compat" in ran.stderr


@needs_keras
def test_other_programs_read_hdf5_as_ever(home, tmp_path):
    ran = program(
        f"import backend.compat.keras, h5py, numpy\nf = h5py.File({str(tmp_path / 'a.h5')!r}, 'w')\n"
        "f.attrs['a'] = 'text'; f.attrs['b'] = b'bytes'; print(f.attrs['a'], f.attrs['b'])\n"
        "import keras.utils.io_utils as u\nd = u.H5Dict(f); print(f.attrs['b'])",
        home,
    )
    before = program(
        f"import h5py\nf = h5py.File({str(tmp_path / 'b.h5')!r}, 'w')\n"
        "f.attrs['a'] = 'text'; f.attrs['b'] = b'bytes'; print(f.attrs['a'], f.attrs['b'])",
        home,
    )
    assert ran.stdout.splitlines()[0] == before.stdout.splitlines()[0], ran.stderr + before.stderr


def test_nothing_is_patched_without_keras(home):
    text = HIDE.format(names=("keras",)) + (
        "import collections, numpy\nbefore = set(vars(collections)), set(vars(numpy))\n"
        "import backend.compat.keras as compat, backend as K\n"
        "assert compat.apply() is False and not compat.runs_on_us()\n"
        "assert not hasattr(collections, 'Iterable') and 'Inf' not in vars(numpy) and 'h5py' not in sys.modules\n"
        "print(K.optimizers.__name__, K.floatx())"
    )
    ran = program(text, home)
    assert ran.stdout.split() == ["backend.optimizers", "float32"], ran.stderr


def test_without_being_asked_nothing_of_keras_is_looked_at(home):
    ran = program("import sys, backend; print([n for n in sys.modules if 'keras' in n])", home, KERAS_BACKEND="")
    assert ran.stdout.strip() == "[]", ran.stderr


@needs_keras
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_page_about_keras_does_what_it_shows(library, home):
    pytest.importorskip(library)
    run = [sys.executable, str(HERE.parent / "house" / "pages.py"), "docs/tutorials/keras.md"]
    ran = subprocess.run(run, env=environment(home, library), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
