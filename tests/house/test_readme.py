"""README and the pages of docs/ do what they say, and point to what there is."""

import importlib.util
import re
from pathlib import Path

import pages
import pytest

import backend as K

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text("utf-8")
KERAS = "docs/tutorials/keras.md"  # runs under Keras, in tests/compat/test_keras.py


@pytest.fixture
def untouched():
    """The selector as it was, whatever the page does to it."""
    before = K.get_backend()
    yield
    K.set_backend(before)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "page",
    [
        # JAX compiles each row; ONNX's packages are installed for the slow tests
        pytest.param(page, marks=[pytest.mark.slow] if page.endswith(("jax.md", "onnx.md")) else [])
        for page in pages.pages()
        if page != KERAS
    ],
)
def test_pages_do_what_they_show(page):
    if "import onnxruntime" in (ROOT / page).read_text("utf-8"):
        for name in ("onnx", "ndonnx", "onnxruntime"):
            pytest.importorskip(name, reason=f"needs {name}: pip install 'array-api-backend[onnx]'")
    for name in ("torch", "jax") if "jax" in (ROOT / page).read_text("utf-8") else ("torch",):
        pytest.importorskip(name)
    pages.run(page)


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1 + 1)\n```\n```text\n3\n```\n",
        "```python\nprint(1)\n```\n",
        "| NumPy | K |\n| --- | --- |\n| `max(1, 2)` | `min(1, 2)` |\n",
        "| In Keras 2 | K |\n| --- | --- |\n| `anything` | `1 / 0` |\n",
        "| In Keras 2 | K |\n| --- | --- |\n| `anything` | nothing |\n",
    ],
    ids=["another output", "output not shown", "another value", "an error", "no program"],
)
def test_a_page_that_is_wrong_is_found(text, tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text(text, "utf-8")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        pages.run("page.md")


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


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        *(f"docs/{p.relative_to(DOCS)}" for p in sorted(DOCS.rglob("*.md"))),
    ],
)
def test_files_that_a_page_points_to_are_there(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text("utf-8"), flags=re.S)  # programs have f[1](y)
    for target in re.findall(r"\]\(([^):#]+)[^):]*\)", text):
        place = ((ROOT / page).parent / target).resolve()
        assert place.exists() or place.parent == DOCS / "api", target  # docs/api is written when the site is built


def test_package_indexes_get_absolute_links_from_one_address():
    spec = importlib.util.spec_from_file_location("setup_of_the_package", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.described(README, "https://host/name")
    assert re.findall(r"\]\((?!https?://)[^)]*\)", text) == []
    assert (
        "![Loss curves, digits read correctly and mistaken ones](https://host/name/raw/main/examples/digits.png)"
        in text
    )
    assert "[examples](https://host/name/tree/main/examples)" in text
    assert "(https://host/name/blob/main/docs/conformance.md)" in text


def test_readme_is_short():
    assert len(README.splitlines()) <= 120
