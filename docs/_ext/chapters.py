"""The pages of the API, one a chapter, written from the public names of backend and conformance."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
from pathlib import Path
from typing import Any

# Chapter: its title and the modules of backend whose public names it lists. A module that is in none makes its own.
CHAPTERS: dict[str, tuple[str, str]] = {
    "elementwise": ("Elementwise functions", "ops.elementwise ops.rounding ops.special ops.interpolation"),
    "comparison": ("Comparison and logic", "ops.comparison"),
    "activations": ("Activations", "ops.activations"),
    "reductions": ("Reductions and statistics", "ops.reductions ops.statistics ops.missing_values"),
    "linalg": (
        "Products and linear algebra",
        "ops.linalg ops.einsum ops.matrices ops.equations ops.decompositions ops.norms",
    ),
    "manipulation": ("Shapes and axes", "ops.manipulation ops.rearrangement"),
    "selection": ("Selecting, sorting, counting", "ops.selection ops.sorting ops.counting ops.segments ops.scattering"),
    "creation": ("Creating arrays", "api.creation ops.creation"),
    "random": ("Random numbers", "api.random api.random_distributions api.random_arrays"),
    "convolution": ("Convolution", "ops.convolution ops.local_convolution"),
    "pooling": ("Pooling and resizing", "ops.pooling ops.resizing"),
    "normalization": ("Normalization", "ops.normalization"),
    "losses": ("Losses", "ops.losses ops.ctc"),
    "recurrence": ("Recurrence and attention", "ops.recurrent ops.lstm ops.gru ops.attention"),
    "control": (
        "Loops and branches",
        "control.loop control.prefixes control.while_ control.branch control.checkpoint control.custom "
        "ops.control_flow",
    ),
    "derivatives": ("Derivatives", "api.grad api.derivatives api.chunked_gradients autodiff.backward"),
    "graphs": ("Variables and compiled functions", "api.variables api.places api.function graph.tensor"),
    "inspection": ("Inspecting tensors", "api.inspection ops.debugging ops.sparse"),
    "backends": ("Choosing the library", "arrays.backends api.standard kernels.lookup compiler.tiling"),
    "settings": ("Settings and sessions", "config api.learning_phase api.naming api.session"),
}
# Packages with a page each: its title and the full names to document, or None for all public names of the package.
PACKAGES: dict[str, tuple[str, list[str] | None]] = {
    "backend.optimizers": ("Optimizers", None),
    "backend.models": ("Models and layers", None),
    "conformance": (
        "The conformance tool from Python",
        ["conformance.run", "conformance.verdict.Report", "conformance.verdict.Verdict"],
    ),
}
SPAN = re.compile(r"(``.+?``|`[^`]+`|:\w+:`[^`]+`)", re.S)
MARK = re.compile(r"([*|])|(?<=\w)(_)(?!\w)")


def public(package: str) -> dict[str, Any]:
    """The public names of a package and their values, without its modules."""
    found = importlib.import_module(package)
    names = getattr(found, "__all__", None) or [name for name in vars(found) if not name.startswith("_")]
    values = {name: getattr(found, name) for name in sorted(names, key=str.lower)}
    return {name: value for name, value in values.items() if not inspect.ismodule(value)}


def chapters() -> dict[str, tuple[str, list[str]]]:
    """Title and names of each chapter of `backend`; each public name is in exactly one."""
    home = {module: chapter for chapter, (_, modules) in CHAPTERS.items() for module in modules.split()}
    found: dict[str, tuple[str, list[str]]] = {chapter: (title, []) for chapter, (title, _) in CHAPTERS.items()}
    for name, value in public("backend").items():
        module = getattr(value, "__module__", "backend").removeprefix("backend.")
        own = module.rpartition(".")[2].strip("_")
        chapter = home.get(module, own)
        found.setdefault(chapter, (chapter.replace("_", " ").capitalize(), []))[1].append(name)
    return {chapter: (title, names) for chapter, (title, names) in found.items() if names}


def entry(name: str, value: Any) -> str:
    """The directive that documents one name."""
    if inspect.isclass(value):
        return f".. autoclass:: {name}\n   :members:\n"
    return f".. autofunction:: {name}\n" if callable(value) else f".. autodata:: {name}\n   :no-value:\n"


def page(title: str, before: str, module: str, members: dict[str, Any]) -> str:
    """A page: a table of names with their first sentences, then each in full."""
    table = "".join(f"   {name}\n" for name in members)
    parts = [
        f"{title}\n{'=' * len(title)}\n",
        before + "\n",
        f".. currentmodule:: {module}\n",
        f".. autosummary::\n   :nosignatures:\n\n{table}",
    ]
    return "\n".join([*parts, *(entry(name, value) for name, value in members.items())])


def found_at(path: str) -> tuple[str, Any]:
    """The name within its module, and the object, of a full name."""
    module, _, name = path.rpartition(".")
    return name, getattr(importlib.import_module(module), name)


def write(app: Any) -> None:
    """Write docs/api/: the index, then a page for each chapter and package."""
    folder = Path(app.srcdir) / "api"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    face, pages = public("backend"), {}
    for chapter, (title, names) in chapters().items():
        pages[chapter] = page(title, "``import backend as K``", "backend", {name: face[name] for name in names})
    for package, (title, names) in PACKAGES.items():
        short = package.rpartition(".")[2]
        if names is None:
            name = f"``K.{short}``" if package.startswith("backend") else f"``import {short}``"
            pages[short] = page(title, name, package, public(package))
        else:
            members = dict(found_at(path) for path in names)
            text = page(title, f"``import {package}``", package, {})
            text = text.partition(".. autosummary::")[0]
            pages[short] = text + "\n".join(
                entry(path, value) for path, value in zip(names, members.values(), strict=True)
            )
    for name, text in pages.items():
        (folder / f"{name}.rst").write_text(text, "utf-8")
    listed = "".join(f"   {name}\n" for name in pages)
    (folder / "index.rst").write_text(INDEX + f"\n.. toctree::\n   :maxdepth: 1\n\n{listed}", "utf-8")


INDEX = """API
===

Every public name, by chapter, from the docstrings. Operations accept arrays of any library and symbolic tensors; the
examples run as doctests.
"""


def escaped(app: Any, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Make plain text of the characters that formulas share with reStructuredText: ``*``, ``|``, ``_``."""
    made: list[str] = []
    text: list[str] = []  # the lines since the last example or literal block
    literal = None  # while in one, the indentation at which it ends

    def finish() -> None:
        made.extend(_plain("\n".join(text)).split("\n") if text else [])
        text.clear()

    for line in lines:
        indent = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        if literal is None and line.lstrip().startswith(">>>"):
            literal = indent - 1
        if literal is not None:
            finish()
            made.append(line)
            continue
        text.append(line)
        if line.rstrip().endswith("::"):
            literal = indent
    finish()
    lines[:] = made


def _plain(text: str) -> str:
    """A text with these characters escaped, but for its spans of code, which may go on in the next line."""
    parts = SPAN.split(text)
    return "".join(p if i % 2 else MARK.sub(r"\\\g<0>", p) for i, p in enumerate(parts))


def setup(app: Any) -> dict[str, Any]:
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", escaped, priority=100)  # before numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
