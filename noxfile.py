"""Every check, one session each: `nox --list` lists them, and arguments after `--` are passed on."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.4"
nox.options.sessions = ["lint", "types", "tests", "conformance", "examples"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]
TORCH = "torch==2.13.0"  # a release with a CPU build; the newest one brings gigabytes of CUDA packages
NEEDS = {
    "numpy": [],
    "torch": [TORCH],
    "array_api_strict": [],
    "array_api_strict:device1": [],
    "array_api_strict:no_float64": [],
    "jax": [".[jax]"],
    "tensorflow": [".[tensorflow]"],
    "dask": [".[dask]"],
    "cupy": [".[cupy]"],
}
# What the wheel must do where nothing but its requirements is installed.
ALONE = """
import importlib.metadata, pkgutil
import numpy as np
import backend as K
found = {d.name.lower() for d in importlib.metadata.distributions()} - {"pip", "setuptools"}
assert found == {"array-api-backend", "array-api-compat", "numpy"}, found
assert importlib.metadata.version("array-api-backend") == K.__version__
assert abs(K.eval(K.sum(K.softmax(K.variable([1.0, 2.0, 3.0])))) - 1.0) < 1e-6
w, x, y = K.variable(np.zeros((2, 1))), K.placeholder((None, 2)), K.placeholder((None, 1))
loss = K.mean(K.square(K.dot(x, w) - y))
step = K.function([x, y], [loss], K.optimizers.Adam(0.1).get_updates(loss, [w]))
losses = [step([np.eye(2), np.ones((2, 1))])[0] for _ in range(20)]
assert losses[-1] < losses[0], losses
model = K.models.Sequential([K.models.Dense(1, input_shape=(2,))])
model.compile("sgd", "mse")
model.fit(np.eye(2), np.ones((2, 1)), epochs=2, verbose=1)
assert np.allclose(K.grad(lambda a: K.sum(K.square(a)))(np.ones(3)), 2.0)
print(K.plot(step), model, repr(step), sep="\\n")
for module in pkgutil.walk_packages(K.__path__, "backend."):  # each is importable, but for those of other packages
    if not any(part in module.name for part in (".kernels.", ".libraries.", ".keras3.")):
        __import__(module.name)
"""


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and formatting over the whole tree."""
    session.install("ruff")
    session.run("ruff", "check", *(session.posargs or ["."]))
    session.run("ruff", "format", "--check", *(session.posargs or ["."]))


@nox.session
def types(session: nox.Session) -> None:
    """Mypy over backend and conformance."""
    session.install("mypy", ".[test]")
    session.run("mypy", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests; torch only on 3.11, for which its pinned release has a CPU build."""
    session.install("-e", ".[test,jax,dask]", *([TORCH] if session.python == "3.11" else []))
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "2"]))


@nox.session
def quick(session: nox.Session) -> None:
    """The tests that README's command runs, those not marked slow."""
    session.install("-e", ".[test,jax,dask]", TORCH)
    session.run("python", "-m", "pytest", "-n", "2", "-m", "not slow", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """All wrong calls, and random programs of seeds START:STOP: 1000 take about a minute; any range is repeatable."""
    session.install("-e", ".[test]", TORCH)
    seeds = session.posargs or ["200:2200"]
    paths = ["tests/compiler/test_random_programs.py", "tests/dispatch/test_wrong_calls.py"]
    more = {"FUZZ_SEEDS": seeds[0], "WRONG_CALLS_EVERY": "1"}
    session.run("python", "-m", "pytest", "-n", "2", *paths, env=more)


@nox.session
def coverage(session: nox.Session) -> None:
    """All tests, and how many lines of backend they reach; the floor is in setup.cfg."""
    session.install("-e", ".[test,jax,dask]", TORCH)
    session.run(
        "python", "-m", "pytest", "-n", "2", "--cov", "--cov-report=term-missing:skip-covered", *session.posargs
    )


@nox.session
@nox.parametrize("namespace", list(NEEDS))
def conformance(session: nox.Session, namespace: str) -> None:
    """The verdict on one namespace, compared with NumPy."""
    if namespace == "cupy" and shutil.which("nvidia-smi") is None:
        session.skip("cupy needs an NVIDIA GPU, and this machine has none")
    session.install("-e", ".[test]", *NEEDS[namespace])
    session.run("python", "-m", "conformance", *dict.fromkeys(["numpy", namespace]), *session.posargs)


@nox.session
def tensorflow(session: nox.Session) -> None:
    """TensorFlow: its tests, the digits for two epochs, and conformance within five minutes; `-- --budget 60`."""
    session.install("-e", ".[test,tensorflow,examples]")
    session.run("python", "-m", "pytest", "-n", "0", "tests/arrays/test_tensorflow.py")
    session.run("python", "examples/digits.py", "--backend", "tensorflow", "--epochs", "2")
    session.run("python", "-m", "conformance", "tensorflow", "--no-verdicts", *(session.posargs or ["--budget", "300"]))


@nox.session
def stand_in(session: nox.Session) -> None:
    """K's operations and the standard's on the stand-in for CuPy, tests/stand_ins/cupy; `-- --only 'conv*'`."""
    session.install("-e", ".[test]")
    if not session.posargs:
        session.run("python", "tests/stand_ins/standard.py")
    env = {"PYTHONPATH": "tests/stand_ins"}
    session.run("python", "-m", "conformance", "cupy", "--group", "k", "--examples", "0", *session.posargs, env=env)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark's tables; `-- --quick` for a short run, `-- --plot FILE.png` for a picture."""
    session.install(TORCH, "-e", ".", "matplotlib")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def pytensor(session: nox.Session) -> None:
    """PyTensor: its tests, the program of Theano's days, and conformance of compiled functions; `-- --budget 60`."""
    session.install("-e", ".[test,pytensor,examples]")
    session.run("python", "-m", "pytest", "-n", "0", "tests/arrays/test_pytensor.py")
    session.run("python", "examples/theano_logistic.py")
    kinds = ("--group", "k", "--kind", "compiled,unknown,gradient,second")
    found = session.posargs or ["--examples", "0"]  # seven minutes of processor time
    session.run("python", "-m", "conformance", "pytensor:FAST_COMPILE", *kinds, "--no-verdicts", *found)


@nox.session
def onnx(session: nox.Session) -> None:
    """ONNX files: their tests, which ONNX Runtime runs, the example that deploys a net, and conformance of ndonnx."""
    session.install("-e", ".[test,onnx]")
    session.run("python", "-m", "pytest", "-n0", "tests/api/test_export.py", "tests/arrays/test_ndonnx.py")
    session.run("python", "examples/digits_onnx.py", "--file", str(Path(session.create_tmp()) / "digits.onnx"))
    found = session.posargs or ["--kind", "value,shape,dtype", "--examples", "0", "--budget", "600"]
    # 5: some operations were not reached, since each call of ndonnx starts ONNX Runtime anew
    session.run("python", "-m", "conformance", "ndonnx", "--no-verdicts", *found, success_codes=[0, 5])


@nox.session
def examples(session: nox.Session) -> None:
    """Train on the handwritten digits, on NumPy by default."""
    session.install("-e", ".[examples]")
    session.run("python", "examples/digits.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, with warnings as errors: docs/_build/index.html."""
    session.install("-e", ".[docs,conformance]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build", *session.posargs)


@nox.session
def keras(session: nox.Session) -> None:
    """Keras 2.3.1's own tests, from its source distribution, on NumPy and torch; `-- numpy --only FOLDER`."""
    session.install(TORCH, "-e", ".[keras]", "pytest", "flaky", "pandas", "pillow", "setuptools")
    session.run("python", "tests/compat/keras_suite.py", *(session.posargs or ["numpy", "torch"]))


@nox.session
def keras3(session: nox.Session) -> None:
    """Keras 3's own tests, which its wheel has, on NumPy and torch; `-- numpy --quick`, `-- numpy --only models`."""
    session.install(TORCH, "-e", ".[keras3]", "jax", "pandas", "pillow", "pytest", "pytest-xdist", "scikit-learn")
    ours = ("", "_functions", "_modes", "_recurrent", "_settings")
    session.run("pytest", "-q", "-n0", *(f"tests/compat/test_keras3{name}.py" for name in ours))
    session.run("python", "tests/compat/keras3_suite.py", *(session.posargs or ["numpy", "torch"]))


@nox.session
def clients(session: nox.Session) -> None:
    """The tests of 23 packages written on Keras, from their source distributions; `-- numpy --only keras-bert`."""
    tools = ["pytest", "setuptools", "matplotlib", "pillow", "regex", "sentencepiece"]
    session.install(TORCH, "-e", ".[keras]", *tools)
    session.run("python", "tests/compat/clients.py", *(session.posargs or ["numpy", "torch"]))


@nox.session
def release(session: nox.Session) -> None:
    """Build the distributions, check them, and run the wheel in a fresh environment with NumPy alone."""
    out, fresh = (Path(session.create_tmp()) / name for name in ("dist", "fresh"))
    shutil.rmtree(out, ignore_errors=True)
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", str(out), *session.posargs)
    session.run("twine", "check", "--strict", *map(str, out.iterdir()))
    session.run("python", "-m", "venv", "--clear", str(fresh))
    session.run(str(fresh / "bin" / "pip"), "install", "-q", *map(str, out.glob("*.whl")), external=True)
    python = str(fresh / "bin" / "python")
    session.run(python, "-P", "-c", ALONE, external=True)  # -P: not the source tree
    session.run(python, "-P", "-m", "conformance", "numpy", external=True, success_codes=[2])  # what to install
    opened = "import sys; assert 'backend.compat.keras3.door' in sys.modules, 'the .pth file of the wheel did not run'"
    session.run(python, "-P", "-c", opened, env={"KERAS_BACKEND": "array_api"}, external=True)
