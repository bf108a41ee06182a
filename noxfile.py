"""Everything that is checked, one session each; `nox --list` shows them, arguments after `--` are passed on."""

import shutil

import nox

nox.needs_version = ">=2024.4"
nox.options.sessions = ["lint", "types", "tests", "conformance", "examples"]
nox.options.reuse_existing_virtualenvs = True

TORCH = "torch==2.13.0"  # the newest release takes gigabytes of CUDA packages where this one has a CPU build
NEEDS = {
    "numpy": [],
    "torch": [TORCH],
    "array_api_strict": [],
    "array_api_strict:device1": [],
    "array_api_strict:no_float64": [],
    "jax": [".[jax]"],
    "dask": [".[dask]"],
    "cupy": [".[cupy]"],
}


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff over the whole tree."""
    session.install("ruff")
    session.run("ruff", "check", *(session.posargs or ["."]))


@nox.session
def types(session: nox.Session) -> None:
    """Mypy over backend and conformance."""
    session.install("mypy", ".[test]")
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, as README's second command runs them."""
    session.install(TORCH, "-e", ".[test,jax,dask]")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "2"]))


@nox.session
def quick(session: nox.Session) -> None:
    """The tests without the slow ones: under two minutes on two cores."""
    session.install(TORCH, "-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", "2", "-m", "not slow", *session.posargs)


@nox.session
@nox.parametrize("namespace", list(NEEDS))
def conformance(session: nox.Session, namespace: str) -> None:
    """The verdict on one namespace, compared with NumPy."""
    if namespace == "cupy" and shutil.which("nvidia-smi") is None:
        session.skip("cupy needs an NVIDIA GPU, and this machine has none")
    session.install("-e", ".[test]", *NEEDS[namespace])
    session.run("python", "-m", "conformance", *dict.fromkeys(["numpy", namespace]), *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark's tables; `-- --quick` for a short run, `-- --plot FILE.png` for a picture."""
    session.install(TORCH, "-e", ".", "matplotlib")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Train on the handwritten digits, on NumPy unless told otherwise."""
    session.install("-e", ".[examples]")
    session.run("python", "examples/digits.py", *session.posargs)


@nox.session
def keras(session: nox.Session) -> None:
    """Keras 2.3.1's own tests, from its source distribution, on NumPy and torch; `-- numpy --only FOLDER`."""
    session.install(TORCH, "-e", ".[keras]", "pytest", "flaky", "pandas", "pillow", "setuptools")
    session.run("python", "tests/compat/keras_suite.py", *(session.posargs or ["numpy", "torch"]))
