"""What a release holds and says: files, versions, Pythons, addresses."""

import ast
import configparser
import re
from pathlib import Path

import pytest

import backend as K

ROOT = Path(__file__).parents[2]
SETUP = configparser.ConfigParser(interpolation=None)
SETUP.read(ROOT / "setup.cfg", "utf-8")
METADATA = SETUP["metadata"]
MANIFEST = [
    line.split() for line in (ROOT / "MANIFEST.in").read_text("utf-8").splitlines() if line[:1] not in ("", "#")
]
BY_ITSELF = {"README.md", "LICENSE", "setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in"}  # setuptools adds these
MADE = {"build", "dist", "out", "htmlcov", "PKG-INFO"}  # by tools, not part of the tree


def test_the_sdist_has_every_folder_and_file_of_the_tree():
    packages = {name.rstrip("*") for name in SETUP["options.packages.find"]["include"].split()}
    grafted = {name for command, *names in MANIFEST if command == "graft" for name in names}
    included = {name for command, *names in MANIFEST if command == "include" for name in names}
    for path in ROOT.iterdir():
        if path.name in MADE or path.suffix in (".egg-info", ".png", ".log") or path.name.startswith("."):
            continue
        wanted = packages | grafted if path.is_dir() else BY_ITSELF | included
        assert path.name in wanted, f"MANIFEST.in does not name {path.name}"
    for name in grafted | included:
        assert (ROOT / name).exists(), f"MANIFEST.in names {name}, which is not there"


def test_what_is_not_python_goes_with_its_package():
    for package in ("backend", "conformance"):
        patterns = SETUP["options.package_data"][package].split()
        found = {path for pattern in patterns for path in (ROOT / package).glob(pattern)}
        others = {p for p in (ROOT / package).rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc", ".md")}
        assert {str(p) for p in others - found if not any(part.startswith(".") for part in p.parts)} == set()


def test_the_version_is_in_one_place():
    assert METADATA["version"] == "attr: backend.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", K.__version__)
    stating = [
        str(path.relative_to(ROOT))
        for folder in ("backend", "conformance")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^(__version__|version|VERSION) *=", path.read_text("utf-8"), re.M)
    ]
    assert stating == ["backend/__init__.py"]


def test_the_pythons_named_are_those_that_are_tested():
    named = re.findall(r"Programming Language :: Python :: (3\.\d+)$", METADATA["classifiers"], re.M)
    tested = next(
        ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PYTHONS"
    )
    assert named == tested
    assert SETUP["options"]["python_requires"] == f">={named[0]}"


def test_addresses_are_of_one_project():
    urls = dict(re.split(r"\s*=\s*", line) for line in METADATA["project_urls"].strip().splitlines())
    assert {"Documentation", "Source", "Changelog", "Issues"} <= set(urls)
    assert all(url.startswith(f"{urls['Source']}") for url in urls.values())


@pytest.mark.parametrize("line", ["nox -s release", "pytest --collect-only"])
def test_ci_builds_the_distributions(line):
    assert line in (ROOT / ".ci" / "run").read_text("utf-8")
