"""README and docs/usage.md do what they say: every block of Python runs, and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import pytest

import backend as K

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = ("README.md", "docs/usage.md")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.S | re.M)


@pytest.fixture
def untouched():
    """The selector as it was, whatever the page does to it."""
    before = K.get_backend()
    yield
    K.set_backend(before)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("page", PAGES)
def test_blocks_print_what_the_page_shows(page):
    pytest.importorskip("torch")
    blocks = BLOCK.findall((ROOT / page).read_text("utf-8"))
    assert len(blocks) >= 3
    scope: dict = {"__name__": "page"}
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page, "exec"), scope)
        assert printed.getvalue() == expected, code


def command(package: str) -> str:
    """README's one-line command that installs an extra."""
    found = [line for line in README.splitlines() if line.startswith("python3 -m venv") and package in line]
    assert len(found) == 1
    return found[0]


def test_ci_runs_the_test_command_as_it_stands():
    assert command(".[test") in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_commands_name_extras_that_there_are():
    extras = re.search(r"^\[options.extras_require\]\n(.*?)^\[", (ROOT / "setup.cfg").read_text("utf-8"), re.S | re.M)
    named = {
        extra
        for line in (command(".[examples"), command(".[test"))
        for extra in re.search(r"\.\[(.*?)\]", line).group(1).split(",")
    }
    assert named <= set(re.findall(r"^(\w+) =", extras.group(1), re.M))


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_that_a_page_points_to_are_there(page):
    for target in re.findall(r"\]\(([^):]+)\)", (ROOT / page).read_text("utf-8")):
        assert ((ROOT / page).parent / target).exists(), target
