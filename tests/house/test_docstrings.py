"""Docstrings of public names: numpydoc sections that agree with the signature, and examples that run."""

import contextlib
import doctest
import importlib
import inspect
import io
import re
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import backend as K
from backend.arrays import backends

# numpydoc's order
SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Warns",
    "See Also",
    "Notes",
    "References",
    "Examples",
)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
RETIRED = re.compile(r"^(Source|Errors|Shapes and dtypes|Edge values): |\b[Aa]ll else as\b", re.M)


def _is_ours(value: Any) -> bool:
    home = getattr(value, "__module__", None) or ""
    return home.partition(".")[0] == "backend" and not inspect.ismodule(value)


def _public() -> dict[str, dict[str, Any]]:
    """What `import backend as K` offers, by the module that defines it: functions and classes, by name."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for face in (K, K.optimizers, K.models):
        for name, value in vars(face).items():
            if not name.startswith("_") and callable(value) and _is_ours(value):
                found[value.__module__][name] = value
    return {module: found[module] for module in sorted(found)}


PUBLIC = _public()
CONVERTED = {f"{m}.{name}": value for m, names in PUBLIC.items() for name, value in names.items()}
FUNCTIONS = {name: value for name, value in CONVERTED.items() if not inspect.isclass(value)}


def sections(doc: str) -> dict[str, str]:
    """The text under each underlined heading; the summary and what follows it under ''."""
    parts = re.split(r"^(\w[\w ]*)\n(-{3,})$\n?", doc, flags=re.M)
    found = {"": parts[0]}
    for title, rule, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        assert len(rule) == len(title), f"the rule under {title} has another length"
        assert title in SECTIONS, f"{title} is no section of numpydoc"
        assert title not in found, f"{title} is there twice"
        found[title] = text.strip("\n")
    return found


def entries(text: str) -> dict[str, str]:
    """Names, and what stands after their colons: the lines of a section that are not indented."""
    lines = [line.partition(" : ") for line in text.splitlines() if line and not line.startswith(" ")]
    return {name: kind for names, _, kind in lines for name in names.split(", ")}


# A context manager is written as a generator, and says what it yields.
RESULT = {
    None: set(),
    "None": set(),
    "Iterator[None]": set(),
    "Iterator[str]": {"Yields"},
    "Iterator[Backend]": {"Yields"},
}


def flaws(doc: str, signature: inspect.Signature) -> list[str]:
    """What a function's docstring lacks."""
    found = sections(doc)
    parameters = {
        {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "") + p.name for p in signature.parameters.values()
    }
    named = entries(found.get("Parameters", ""))
    wanted = {"References", "Examples"} | ({"Parameters"} if parameters else set())
    wanted |= RESULT.get(signature.return_annotation, {"Returns"})
    return [
        *(f"no section {title}" for title in sorted(wanted - found.keys())),
        *(f"nothing under {title}" for title, text in found.items() if title and not text.strip()),
        *(f"a parameter {name} that is not in the signature" for name in named if name not in parameters),
        *(f"nothing on the parameter {name}" for name in parameters - named.keys()),
        *(f"no type of {name}" for name, kind in named.items() if not kind),
        *(f"{name} is no exception" for name in entries(found.get("Raises", "")) if not _is_exception(name)),
    ]


def _is_exception(name: str) -> bool:
    value = getattr(__import__("builtins"), name, None)
    return isinstance(value, type) and issubclass(value, Exception)


@pytest.mark.parametrize("name", CONVERTED)
def test_a_summary_is_one_sentence_on_one_line(name):
    first, _, rest = (inspect.getdoc(CONVERTED[name]) or "").partition("\n")
    assert first.endswith("."), "no full stop"
    assert not re.search(r"[.;?!] +[A-Z]", first), "more than one sentence"
    assert not rest or rest.startswith("\n"), "the summary goes on in a second line"


@pytest.mark.parametrize("name", CONVERTED)
def test_sections_are_in_numpydocs_order(name):
    doc = inspect.getdoc(CONVERTED[name]) or ""
    assert not RETIRED.search(doc)
    titles = [title for title in sections(doc) if title]
    assert titles == sorted(titles, key=SECTIONS.index)
    assert "Examples" in titles


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sections_agree_with_the_signature(name):
    function = FUNCTIONS[name]
    doc, signature = inspect.getdoc(function) or "", inspect.signature(function)
    assert flaws(doc, signature) == []
    documented = [word.lstrip("*") for word in entries(sections(doc).get("Parameters", ""))]
    assert documented == list(signature.parameters)


@pytest.mark.parametrize("module", PUBLIC)
def test_examples_print_what_they_show(module, monkeypatch):
    """Each docstring's example by itself, as a reader would type it after the two imports."""
    monkeypatch.setattr(backends, "_registered", dict(backends._registered))
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
    shown, before = io.StringIO(), K.get_backend()
    with contextlib.redirect_stdout(io.StringIO()):
        for name, value in PUBLIC[module].items():
            K.set_backend("numpy")
            documented = [value, *vars(value).values()] if inspect.isclass(value) else [value]
            for each in documented:
                documents = each is value or callable(each) or isinstance(each, property | classmethod)
                doc = inspect.getdoc(each) if documents else None
                test = parser.get_doctest(doc or "", {"np": np, "K": K}, f"K.{name}", None, 0)
                assert each is not value or test.examples, f"{name} has no example"
                runner.run(test, out=shown.write)
    K.set_backend(before)
    assert runner.failures == 0, shown.getvalue()


# What functions of K return, K under its old names, and what conformance offers to Python.
BESIDE = (
    "backend.api.running",
    "backend.compat.tensor_attributes",
    "backend.tensorflow_backend",
    "conformance",
    "conformance.scripts.assertions",
    "conformance.running.engine",
    "conformance.reports.baseline",
    "conformance.reports.html",
    "conformance.reports.json",
    "conformance.reports.junit",
    "conformance.reports.markdown",
    "conformance.reports.releases",
    "conformance.reports.terminal",
    "conformance.verdict",
)


@pytest.mark.parametrize("module", BESIDE)
def test_examples_beside_k_print_what_they_show(module):
    runner, shown = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False), io.StringIO()
    found = doctest.DocTestFinder().find(importlib.import_module(module), globs={"np": np, "K": K})
    for test in found:
        assert not RETIRED.search(test.docstring or "")
        titles = [title for title in sections(inspect.cleandoc(test.docstring or "")) if title]
        assert titles == sorted(titles, key=SECTIONS.index)
        runner.run(test, out=shown.write)
    assert any(test.examples for test in found)
    assert runner.failures == 0, shown.getvalue()


@pytest.mark.parametrize(
    ("doc", "flaw"),
    [
        ("Say.\n\nParameters\n----------\ny : int\n", "a parameter y that is not in the signature"),
        ("Say.\n\nParameters\n----------\ny : int\n", "nothing on the parameter x"),
        ("Say.\n\nParameters\n----------\nx\n    A number.\n", "no type of x"),
        ("Say.\n\nReturns\n-------\nint\n", "no section Examples"),
        ("Say.\n\nRaises\n------\nTypError\n    No.\n", "TypError is no exception"),
        ("Say.\n\nNotes\n-----\n\nExamples\n--------\n>>> 1\n1\n", "nothing under Notes"),
    ],
)
def test_a_wrong_docstring_is_found(doc, flaw):
    def function(x: int) -> int:
        return x

    assert flaw in flaws(doc, inspect.signature(function))
