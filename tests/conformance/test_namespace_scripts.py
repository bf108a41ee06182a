"""The script of a failure of a standard function imports the library and NumPy alone, fails, and passes once mended."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("array_api_strict")

import array_api_strict as strict

from backend.arrays.namespaces import array_namespace
from conformance.case import Call
from conformance.examples import Example
from conformance.judging.failures import Failure
from conformance.mutants.check import silent
from conformance.running.runner import verdict_on
from conformance.running.tasks import selected, tasks_of
from conformance.scripts.choice import finding
from conformance.subjects.operations import namespace

ARRAY = type(strict.ones(1))

# name -> (operation, kind of check, lines that plant the fault): array_api_strict with one function wrong
FAULTS = {
    "value": (
        "exp",
        "value",
        "def exp(x, /): return strict.multiply(strict.exp(x), strict.asarray(1.2, dtype=x.dtype))",
    ),
    "exact": ("flip", "value", "def flip(x, /, *, axis=None): return x"),
    "shape": ("sum", "shape", "def sum(x, /, *, keepdims=False, **more): return strict.sum(x, **more)"),
    "dtype": (
        "argmax",
        "dtype",
        "def argmax(x, /, **more): return strict.astype(strict.argmax(x, **more), strict.int32)",
    ),
    "zero": (
        "floor",
        "special",
        "def floor(x, /): r = strict.floor(x); return strict.where(r == 0, strict.zeros_like(r), r)",
    ),
    "special": ("sqrt", "special", "def sqrt(x, /): return strict.sqrt(strict.abs(x))"),
    "error": (
        "matmul",
        "error",
        "def matmul(a, b, /):\n    try: return strict.matmul(a, b)\n    except Exception: return a",
    ),
    "exception": ("tanh", "value", "def tanh(x, /): raise OverflowError('planted')"),
    "determinism": (
        "sin",
        "determinism",
        "calls = [0]\ndef sin(x, /):\n    calls[0] += 1\n    return strict.sin(x) * (1.0 + calls[0] % 2)",
    ),
    "kind": ("prod", "value", "def prod(x, /, **more): return 3.0"),
    "plain": ("isdtype", "value", "def isdtype(dtype, kind): return 1"),
    "dtype object": ("result_type", "value", "def result_type(*given): return strict.int8"),
    "several": (
        "unique_counts",
        "value",
        "def unique_counts(x, /): r = strict.unique_counts(x); return r.values, r.counts + 1",
    ),
    "finfo": (
        "iinfo",
        "value",
        "class iinfo:\n    bits, max, min, dtype = 7, 1, 0, strict.int8\n    def __init__(self, x): pass",
    ),
    "count": ("nonzero", "value", "def nonzero(x, /): return (*strict.nonzero(x), strict.asarray(0))"),
    "equations": (
        "linalg.inv",
        "value",
        "class linalg(strict.linalg.__class__): pass\nlinalg = linalg('linalg')\n"
        "linalg.__dict__.update(strict.linalg.__dict__)\nlinalg.inv = lambda x, /: strict.linalg.inv(x) * 1.01",
    ),
    "device": (
        "zeros",
        "device",
        "def zeros(shape, *, dtype=None, device=None): return strict.zeros(shape, dtype=dtype)",
    ),
    "array": (
        "array.add",
        "value",
        "def __add__(a, b): return strict.multiply(a, b)\ntype(strict.ones(1)).__add__ = __add__",
    ),
}

SPACE = """
import os
from array_api_strict import *
import array_api_strict as strict
from array_api_strict import linalg, fft, Device, __array_namespace_info__

__array_api_version__ = strict.__array_api_version__
if "MENDED" not in os.environ:
{lines}
"""

RUNNER = """
import json, os, sys, traceback

class Alone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("backend", "conformance", "keras", "hypothesis"):
            raise ImportError(f"{name} is not part of the library under test")

sys.meta_path.insert(0, Alone())
import numpy, array_api_strict

codes = []
for text in json.load(sys.stdin):
    child = os.fork()
    if not child:
        try:
            exec(compile(text, "script", "exec"), {"__name__": "__main__"})
            os._exit(0)
        except AssertionError as error:
            os._exit(1 if "expected" in str(error) else 2)
        except BaseException:
            traceback.print_exc()
            os._exit(3)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""


def ran(texts, folder, mended):
    """The exit codes of scripts, each in a process of its own that has the library, NumPy and nothing of ours."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MENDED")}
    environment |= {"PYTHONPATH": str(folder)} | ({"MENDED": "1"} if mended else {})
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """The folder of the planted namespaces, and the script that the tool writes for each."""
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.delenv("MENDED", raising=False)
        found = {}
        for fault, (operation, kind, lines) in FAULTS.items():
            name = f"planted_{fault.replace(' ', '_')}"
            indented = "\n".join(f"    {line}" for line in lines.splitlines())
            (folder / f"{name}.py").write_text(SPACE.format(lines=indented))
            importlib.invalidate_caches()
            with pytest.MonkeyPatch.context() as undo:
                undo.setattr(ARRAY, "__add__", ARRAY.__add__)
                on = namespace(f"{name}:device1" if kind == "device" else name)
                (case,) = selected(f"xp.{operation}", ("standard",))
                prop, place, _ = next(iter(tasks_of(case, on, (kind,))))
                with silent():
                    verdict = verdict_on(case, prop, place)
            assert verdict.status == "wrong", (fault, verdict)
            found[fault] = verdict.finding.script
        yield folder, found


def test_every_kind_of_finding_has_a_script_of_the_library_alone(scripts):
    folder, found = scripts
    for fault, text in found.items():
        imported = set(re.findall(r"^(?:import|from) ([\w.]+)", text, flags=re.M))
        assert imported <= {"numpy", "operator", f"planted_{fault.replace(' ', '_')}"}, (fault, text)
    codes, errors = ran(list(found.values()), folder, mended=False)
    assert dict(zip(found, codes, strict=True)) == dict.fromkeys(found, 1), errors
    codes, errors = ran(list(found.values()), folder, mended=True)
    assert dict(zip(found, codes, strict=True)) == dict.fromkeys(found, 0), errors


def test_the_heading_names_function_dtype_versions_and_revision(scripts):
    _, found = scripts
    first, second = found["value"].splitlines()[:2]
    assert re.match(r"# xp\.exp fails for float\d\d \(value\): (at|in the scalar).*got .*expected", first)
    assert "planted_value" in second and "array API standard 20" in second


def test_a_script_run_by_python_exits_with_1(scripts):
    folder, found = scripts
    path = folder / "shown.py"
    path.write_text(found["value"])
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 1
    assert re.search(r"^AssertionError: expected .*, got ", done.stderr, flags=re.M)


# ---- failures of memory, made by hand

MEMORY = {
    "mutation": (
        "def square(x, /):\n    x[...] = strict.zeros_like(x)\n    return strict.square(x)",
        "the call changed its argument 0: at",
    ),
    "shared memory": ("def square(x, /): return x", "a result that is computed changes when argument 0 is written to"),
    "overwritten": (
        "kept = [None]\ndef square(x, /):\n    r = strict.square(x)\n    if kept[0] is None: kept[0] = r\n"
        "    kept[0][...] = r\n    return kept[0]",
        "a later call changed the result: at",
    ),
    "differs": ("calls = [0]\ndef square(x, /):\n    calls[0] += 1\n    return x * calls[0]", "called again: at"),
}


@pytest.mark.parametrize("kind", MEMORY)
def test_failures_of_memory_have_scripts(kind, tmp_path, monkeypatch):
    lines, message = MEMORY[kind]
    name = f"planted_memory_{kind.partition(' ')[0]}"
    text = SPACE.format(lines="\n".join(f"    {line}" for line in lines.splitlines()))
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    (case,) = selected("xp.square", ("standard",))
    example = Example(case, case.calls[0], [np.array([1.0, 2.0, 5.0])], "float64")
    shown = finding(Failure(kind, message), example, namespace(name).name, "memory").script
    assert "conformance import" not in shown and "import backend" not in shown
    assert ran([shown], tmp_path, mended=False)[0] == [1]
    assert ran([shown], tmp_path, mended=True)[0] == [0]


def test_the_keyword_copy_has_a_script(tmp_path, monkeypatch):
    lines = "def asarray(x, /, *, copy=None, **more): return x if copy else strict.asarray(x, **more)"
    (tmp_path / "planted_copy.py").write_text(SPACE.format(lines=f"    {lines}"))
    monkeypatch.syspath_prepend(tmp_path)
    (case,) = selected("xp.asarray", ("standard",))
    example = Example(case, Call((), {}), [], "float32")
    told = "asarray(x, copy=True) shares memory with x. asarray: if copy is True, the function must always copy"
    shown = finding(Failure("shared memory", told), example, namespace("planted_copy").name, "memory").script
    assert "xp.asarray(x, copy=True)" in shown
    assert ran([shown], tmp_path, mended=False)[0] == [1]
    assert ran([shown], tmp_path, mended=True)[0] == [0]


def strided(x):
    """Every second of twice as many elements."""
    return pairs(x)[..., ::2]


def pairs(x):
    xp = array_namespace(x)
    return xp.reshape(xp.stack([x, x + 1], axis=-1), (*x.shape[:-1], 2 * x.shape[-1]))


def test_arrays_are_laid_as_in_the_failure(tmp_path, monkeypatch):
    """The fault shows in arrays that are slices alone; the script holds the functions that lay them."""
    lines = "def square(x, /): s = x._array.base is not None; return strict.square(x) + (1.0 if s else 0.0)"
    (tmp_path / "planted_layout.py").write_text(SPACE.format(lines=f"    {lines}"))
    monkeypatch.syspath_prepend(tmp_path)
    (case,) = selected("xp.square", ("standard",))
    example = Example(case, case.calls[0], [np.array([[1.0, 2.0]])], "float64")
    told = "strided arrays: at (0, 0): got 2.0, expected 1.0; error 1, bound 0"
    failure = Failure("strided value", told, np.array([[1.0, 4.0]]), None, 1.0, 0.0)
    failure.arrange = (strided, strided)
    shown = finding(failure, example, namespace("planted_layout").name, "layout").script
    assert "x0 = strided(x0)" in shown and "conformance import" not in shown
    assert ran([shown], tmp_path, mended=False)[0] == [1]
    assert ran([shown], tmp_path, mended=True)[0] == [0]


def test_hostile_messages_stay_in_their_comment():
    (case,) = selected("xp.exp", ("standard",))
    example = Example(case, case.calls[0], [np.array([1.0])], "float64")
    shown = finding(Failure("exception", "\x1b[31m\ud800\r\nimport os"), example, "array_api_strict", "value").script
    assert shown.encode("utf-8")
    assert "\nimport os" not in shown
