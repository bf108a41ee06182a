"""Without the packages of the extra, one line says what to install; pytest sessions of others go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.extra import told

ROOT = Path(__file__).parents[2]
INSTALL = "pip install 'array-api-backend[conformance]'"
WITHOUT = """
import runpy, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


def ran(missing, lines, *arguments, cwd=ROOT):
    code = WITHOUT.format(missing=missing) + lines
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )


@pytest.mark.parametrize("missing", ["hypothesis", "scipy"])
@pytest.mark.parametrize(
    "lines",
    [
        "from conformance.__main__ import main; sys.exit(main(['numpy']))",
        "sys.argv = ['conformance', 'numpy']; runpy.run_module('conformance', run_name='__main__')",
    ],
    ids=["command", "module"],
)
def test_the_command_says_what_to_install(missing, lines):
    done = ran((missing,), lines)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"conformance needs the package {missing}, which is not installed: {INSTALL}"]
    assert not done.stdout


def test_another_missing_module_is_an_error_of_its_own():
    with pytest.raises(ModuleNotFoundError):
        told(ModuleNotFoundError("No module named 'numpy'", name="numpy"))


PYTEST = "import pytest; sys.exit(pytest.main(['-p', 'conformance.plugin', '-p', 'no:cacheprovider', *sys.argv[1:]]))"


def test_the_plugin_says_so_only_when_it_is_used(tmp_path):
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    lacking = ("hypothesis", "scipy", "backend", "numpy", "rich")  # an unused plugin imports none of them
    unused = ran(lacking, PYTEST, str(tmp_path), cwd=tmp_path)
    assert unused.returncode == 0 and "1 passed" in unused.stdout, unused.stdout + unused.stderr
    used = ran(("hypothesis",), PYTEST, str(tmp_path), "--conformance", "numpy", cwd=tmp_path)
    assert used.returncode == 4
    assert f"ERROR: conformance needs the package hypothesis, which is not installed: {INSTALL}" in used.stderr
    assert "Traceback" not in used.stderr + used.stdout
