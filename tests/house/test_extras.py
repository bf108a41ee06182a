"""A missing package: one line says what to install, from one mechanism, with an extra that there is."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backend as K
from backend.arrays.extras import needs, required

ROOT = Path(__file__).parents[2]
SETUP = configparser.ConfigParser(interpolation=None)
SETUP.read(ROOT / "setup.cfg", "utf-8")
EXTRAS = SETUP["options.extras_require"]
CORE = re.split(r"[<>=\s]+", SETUP["options"]["install_requires"].replace("-", "_"))
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
IMPORT = "sklearn keras matplotlib tqdm torch jax scipy hypothesis".split()


def test_the_error_is_one_line_that_names_the_command():
    line = (
        "drawing needs the package no_such_package, which is not installed: pip install 'array-api-backend[examples]'"
    )
    assert needs("drawing", "no_such_package", "examples") == line
    with pytest.raises(ModuleNotFoundError) as found, required("drawing", "examples"):
        importlib_of("no_such_package.part")
    assert str(found.value) == line and found.value.name == "no_such_package"
    with pytest.raises(SystemExit, match=re.escape(line)), required("drawing", "examples", program=True):
        importlib_of("no_such_package.part")


def importlib_of(name):
    return __import__(name)


def test_other_errors_pass():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'backend.no_such_module'"), required("x", "keras"):
        importlib_of("backend.no_such_module")
    with pytest.raises(ImportError, match="cannot import name"), required("x", "keras"):
        from backend import no_such_name  # noqa: F401


def test_every_command_names_an_extra_that_there_is():
    paths = [
        p for folder in ("backend", "conformance", "examples", "benchmarks") for p in (ROOT / folder).rglob("*.py")
    ]
    named = set()
    for path in [*paths, ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text("utf-8")
        named |= {extra for found in re.findall(r"array-api-backend\[([\w,]+)\]", text) for extra in found.split(",")}
        named |= set(re.findall(r'\brequired\([^()]*?"(\w+)"(?:, program=[^()]*)?\)', text))
        named |= set(re.findall(r'\bneeds\([^()]*?"(\w+)"\)', text))
    assert {"examples", "keras", "conformance"} <= named
    assert named <= set(EXTRAS)


def test_a_backend_that_is_not_installed_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r"backend 'dask:nowhere' needs the package dask, which is not installed: pip install"
    ):
        K.set_backend("dask:nowhere")  # a name that no other test has opened


def loose(path: Path) -> list[str]:
    """The packages of extras that a program imports without saying what to install."""
    found = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "").partition(".")[0])
    return [name for name in found if name not in {*sys.stdlib_module_names, *CORE, "backend", "conformance"}]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_examples_import_what_extras_bring_within_required(path):
    own = {other.stem for other in PROGRAMS}
    assert [name for name in loose(path) if name not in own] == []


WITHOUT = """
import runpy, sys

class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {names} else self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Hiding, sys.meta_path)
sys.argv = [{path!r}]
runpy.run_path({path!r}, run_name="__main__")
"""


@pytest.mark.parametrize("name", ["digits", "keras_digits", "keras_ctc", "keras_sequences"])
def test_an_example_says_what_to_install_in_one_line(name):
    code = WITHOUT.format(names=set(IMPORT), path=str(ROOT / "examples" / f"{name}.py"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(rf"{name}\.py needs the package \w+, which is not installed: pip install '.*\[\w+\]'", line)
