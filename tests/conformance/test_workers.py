"""Worker processes: what a library does to its process costs one verdict, and the report is whole all the same."""

from __future__ import annotations

import html.parser
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

import conformance
from conformance.__main__ import main
from conformance.printable import first_line, printable, said
from conformance.reports.forms import WRITERS
from conformance.running.budget import patience
from conformance.running.engine import NamespaceError, UsageError
from conformance.running.losses import Journal
from conformance.running.runner import verdicts_of
from conformance.running.tasks import selected
from conformance.running.workers import Loss
from conformance.subjects.operations import namespace
from conformance.verdict import OUT_OF_TIME, Report, Verdict

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

HEAD = """
import os, signal, sys, threading, time
import array_api_compat.numpy as _np
for _name in dir(_np):
    if not _name.startswith("__"):
        globals()[_name] = getattr(_np, _name)
__array_namespace_info__ = _np.__array_namespace_info__
_here = os.path.dirname(__file__)
def _called(name):
    with open(os.path.join(_here, "calls"), "a") as file:
        file.write(name + "\\n")
"""
NASTY = "\\x1b[31mred \\udc80 \\0 ]]> </script> | ` \\r\\n\\u202e\\ufffe"
FAULTS = f'''
def sin(x):
    _called("sin")
    os.kill(os.getpid(), signal.SIGFPE)
def cos(x): os._exit(0)
def tan(x): sys.exit(0)
def asin(x): time.sleep(1e6)
def acos(x): raise MemoryError("no memory left")
def atan(x):
    os.write(1, b"x" * 10_000_000)
    os.write(2, b"y" * 10_000_000)
    print("z" * 1000, flush=True)
    return _np.atan(x)
class Own(BaseException):
    pass
def sinh(x): raise Own("{NASTY}")
class Silent(Exception):
    def __str__(self): raise ValueError
def cosh(x): raise Silent
def tanh(x): raise KeyboardInterrupt
def exp(x): raise GeneratorExit
class Array:
    def __init__(self, x): self.dtype, self.shape = x.dtype, x.shape
    def __array_namespace__(self, api_version=None): return sys.modules[__name__]
    def __array__(self, dtype=None, copy=None): time.sleep(1e6)
def asinh(x): return Array(_np.asinh(x))
def acosh(x):
    sys.setrecursionlimit(100); os.chdir("/"); _np.seterr(all="raise"); signal.setitimer(signal.ITIMER_REAL, 0.3)
    return _np.acosh(x)
def atanh(x):
    threading.Thread(target=time.sleep, args=(1e6,)).start()
    os.fork()
    return _np.atanh(x)
'''


def written(folder: Path, name: str, text: str) -> str:
    """A module in a folder, importable from there only; its name."""
    (folder / f"{name}.py").write_text(HEAD + text, "utf-8")
    return name


def command(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=folder,
        env=environment,
        check=False,
        **{"capture_output": True, "timeout": 120, **more},
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """One run of the command on a namespace of faults, with every form of the report."""
    folder = tmp_path_factory.mktemp("hostile")
    written(folder, "hostile", FAULTS)
    (folder / "hostile.toml").write_text('["xp.sin/determinism"]\nreason = "ends the process, as is known"\n')
    forms = [f"--{form}={folder / form}" for form in WRITERS]
    done = command(
        folder,
        "hostile",
        "--only",
        "xp.*",
        "--group",
        "elementwise",
        "--kind",
        "determinism",
        "--timeout",
        "2",
        "--xfails",
        str(folder),
        *forms,
    )
    report = json.loads((folder / "json").read_text("utf-8"))
    return SimpleNamespace(folder=folder, done=done, report=report, of={v["operation"]: v for v in report["verdicts"]})


def test_a_crash_or_a_hang_costs_one_verdict_and_nothing_else(hostile):
    status = {name: v["status"] for name, v in hostile.of.items()}
    assert {n: status[n] for n in ("cos", "asin", "asinh")} == {
        "cos": "crashed",
        "asin": "timed out",
        "asinh": "timed out",
    }
    for name in ("tan", "acos", "sinh", "cosh", "tanh", "exp"):
        assert status[name] == "wrong", hostile.of[name]
    for name in ("atan", "acosh", "atanh", "isnan", "isinf", "sign"):
        assert status[name] == "identical", hostile.of[name]
    assert hostile.done.returncode == 1
    assert len(hostile.report["verdicts"]) == len(hostile.of)


def test_it_is_said_how_the_process_ended_and_by_which_call(hostile):
    crashed, hung = hostile.of["cos"], hostile.of["asin"]
    assert crashed["reason"] == "exit code 0 in example 1" and hung["reason"] == "no result within 2 s in example 1"
    assert crashed["finding"]["cause"] == "crashed" and crashed["finding"]["example"].startswith("xp.cos(np.")
    script = crashed["finding"]["script"]
    assert "xp.cos(x0)" in script and "SystemExit: 0" in hostile.of["tan"]["finding"]["message"]


def test_an_expected_crash_is_not_tried_again(hostile):
    assert (hostile.of["sin"]["status"], hostile.of["sin"]["reason"]) == ("xfail", "ends the process, as is known")
    assert (hostile.folder / "calls").read_text().split() == ["sin"]


class Tags(html.parser.HTMLParser):
    """Counts scripts, so that text cannot end one."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0

    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"


def check_forms(forms: dict[str, str]) -> None:
    """Every form can be parsed, and holds no character that a terminal or a parser acts upon."""
    for form, text in forms.items():
        assert all(c.isprintable() or c in "\n\t" for c in text if c not in "\u2028"), form
        text.encode("utf-8")
    root = ElementTree.fromstring(forms["junit"])
    assert {"error", "failure"} <= {element.tag for element in root.iter()}
    page = Tags()
    page.feed(forms["html"])
    page.close()
    assert page.scripts == 2  # the data and the program
    (data,) = [part.partition("</script>")[0] for part in forms["html"].split('id="data">')[1:]]
    assert json.loads(data) and json.loads(forms["json"])


def test_hostile_text_is_harmless_in_every_form(hostile):
    assert "\\x1b[31mred \\udc80 \\x00 ]]> </script> | `" in hostile.of["sinh"]["finding"]["message"]
    check_forms({form: (hostile.folder / form).read_text("utf-8") for form in WRITERS})
    shown = hostile.done.stdout.decode("ascii")
    assert "\\x1b[31mred" in shown and all(c.isprintable() or c in "\n\t" for c in shown)
    assert hostile.done.stderr == b""


def test_text_is_made_printable():
    class MuteError(Exception):
        def __str__(self):
            raise ValueError

        __repr__ = __str__

    assert printable("plain") == "plain" and printable("a\r\nb\tc") == "a\nb\tc"
    assert printable("\0\x1b\x85\u2028\ud800\ufffe") == "\\x00\\x1b\\x85\\u2028\\ud800\\ufffe"
    assert printable("\u00e9\u4e2d") == "\u00e9\u4e2d" and len(printable("x" * 10**6)) < 21_000
    assert (
        "MuteError" in said(MuteError())
        and "ValueError" in first_line(MuteError())
        and first_line(ValueError("\n\nb\n")) == "b"
    )


def test_each_new_status_fails_a_run_and_is_shown():
    for status in ("crashed", "timed out"):
        report = Report([Verdict("numpy", "k", "elementwise", "exp", "value", status=status, reason="SIGFPE")], [])
        assert report.exit_code == 1
        forms = {form: write(report) for form, write in WRITERS.items()}
        assert ElementTree.fromstring(forms["junit"]).find(".//error") is not None
        assert "**1**" in forms["markdown"] and f'class="{status}"' in forms["html"]
    late = Report([Verdict("numpy", "k", "elementwise", "exp", "value", reason=OUT_OF_TIME)], [])
    assert late.exit_code == 5 and len(late.untried) == 1
    assert Report([*report.verdicts, *late.verdicts], []).exit_code == 1


def test_after_three_lost_processes_an_operation_is_left():
    (exp,) = selected("exp")
    keys = [("numpy", kind, "") for kind in ("value", "shape", "dtype")]
    for losses, left in (
        ({keys[0]: Loss("timed out", "x"), keys[1]: Loss("crashed", "y")}, True),
        ({keys[0]: Loss("timed out", "x")}, False),
        ({k: Loss("crashed", "SIGFPE") for k in keys}, True),
    ):
        noted: dict[str, Verdict] = {}
        journal = Journal(losses=losses, note=lambda key, v, noted=noted: noted.update({key[1]: v}))
        kinds = ("value", "shape", "dtype", "determinism")
        found = verdicts_of(exp, namespace("numpy"), kinds=kinds, count=0, journal=journal)
        assert [noted[v.kind] for v in found] == found
        last = found[-1]
        assert (last.status, "value" in last.reason) == (("blocked", True) if left else ("identical", False))


@pytest.mark.parametrize(
    ("text", "said_"),
    [
        ("sys.exit(0)", "SystemExit: 0"),
        ("print('hello'); os._exit(0)", "opening it ended the process: exit code 0"),
        ("time.sleep(1e6)", "opening it gave no result within 5 s"),
        ("def asarray(*args, **more): os.kill(os.getpid(), signal.SIGSEGV)", "ended the process: SIGSEGV"),
    ],
)
def test_a_namespace_that_cannot_be_opened_is_one_sentence(tmp_path, monkeypatch, capsys, text, said_):
    name = written(tmp_path, "refusing", text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main([name, "--only", "xp.exp", "--timeout", "0.5"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("conformance: refusing: ") and said_ in line
    assert name not in sys.modules


def test_a_budget_holds_where_calls_hang(tmp_path, monkeypatch):
    name = written(tmp_path, "hanging", "def exp(x): time.sleep(1e6)\ndef cos(x): return 10**10**8\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for budget in (20.0, 60.0):  # a crowded machine may reach neither function in the first
        start = time.time()
        report = conformance.run([name], isolate=True, only="*[eo][xs]*", budget=budget, jobs=2)
        assert time.time() - start < budget * 1.1
        tried = {v.operation: v.status for v in report.verdicts if v.group == "standard" and v.kind == "value"}
        assert {tried["exp"], tried["cos"]} <= {"timed out", "empty"}
        if "timed out" in (tried["exp"], tried["cos"]):
            break
    assert report.exit_code == 1


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_a_worker_has_one_thread_where_the_environment_does_not_say(tmp_path, monkeypatch, given, expected):
    text = "with open(os.path.join(_here, 'threads'), 'w') as file: file.write(os.environ['OMP_NUM_THREADS'])\n"
    name = written(tmp_path, f"counting_{expected}", text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    conformance.run([name], isolate=True, only="xp.exp", kind="shape")
    assert (tmp_path / "threads").read_text() == expected


def test_what_calls_a_function_that_is_lost_is_blocked_by_it(tmp_path, monkeypatch):
    name = written(tmp_path, "without_exp", "def exp(x): os._exit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    report = conformance.run([name], isolate=True, only="*exp", kind="shape")
    found = {(v.group, v.operation): (v.status, v.reason) for v in report.verdicts}
    assert found["standard", "exp"] == ("crashed", "exit code 3 in example 1")
    assert found["k", "logsumexp"] == ("blocked", "blocked by exp, which gave no result at all")
    assert found["standard", "logaddexp"][0] == "identical"


def test_a_namespace_that_cannot_be_opened_again_still_gives_a_whole_report(tmp_path, monkeypatch):
    once = """
if os.path.exists(os.path.join(_here, "calls")):
    os._exit(1)
_called("import")
def exp(x): os._exit(2)
"""
    name = written(tmp_path, "openable_once", once)
    monkeypatch.syspath_prepend(str(tmp_path))
    report = conformance.run([name], isolate=True, only="xp.exp*", kind="shape")
    found = {v.operation: v for v in report.verdicts}
    assert set(found) == {"exp", "expm1", "expand_dims"} and report.exit_code == 1
    assert {v.status for v in found.values()} == {"crashed"} and "exit code 2" in found["exp"].reason
    assert "no new process can open the namespaces any more" in found["expm1"].reason


def test_workers_find_what_this_process_finds():
    options = {"only": "xp.ex*", "kind": "value,dtype", "examples": 2}
    here, there = (
        conformance.run(["examples.broken_namespace"], isolate=isolate, **options).verdicts for isolate in (False, True)
    )
    assert [replace(v, seconds=0.0) for v in here] == [replace(v, seconds=0.0) for v in there]
    assert any(v.finding is not None and v.finding.script for v in there)


def test_patience_is_shorter_within_a_budget_and_where_a_hang_is_expected():
    assert patience(60.0, None, False, False) == 60.0 and patience(3.0, 1000.0, True, True) == 3.0
    assert patience(60.0, 100.0, False, False) == 10.0 and patience(60.0, 20.0, False, False) == 5.0
    assert patience(60.0, 20.0, True, False) == 10.0 and patience(60.0, None, False, True) == 10.0


def test_options_of_workers_are_checked():
    for wrong in ({"timeout": 0.0}, {"isolate": False, "jobs": 2}):
        with pytest.raises(UsageError):
            conformance.run(["numpy"], only="exp", **wrong)
    with pytest.raises(NamespaceError, match="no_such_module"):
        conformance.run(["no_such_module"], isolate=True, only="exp")


def children(process: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


# A shell's background jobs ignore SIGINT, and what they start does, too.
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("conformance", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_process(tmp_path, number):
    written(tmp_path, "sleeping", "def exp(x):\n    _called('exp')\n    time.sleep(1e6)\n")
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "sleeping", "--only", "xp.exp", "--kind", "dtype"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    limit = time.time() + 60
    while not (tmp_path / "calls").exists() and time.time() < limit:
        time.sleep(0.05)
    (worker,) = children(run.pid)
    run.send_signal(number)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == (130 if number == signal.SIGINT else -9)
    assert errors == (b"conformance: interrupted\n" if number == signal.SIGINT else b"")
    while Path(f"/proc/{worker}").exists() and time.time() < limit:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_report_that_cannot_be_written_is_no_success(tmp_path, capsys):
    options = ("numpy", "--only", "xp.exp", "--kind", "dtype")
    with open("/dev/full", "wb") as full:
        done = command(tmp_path, *options, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 4 and b"could not be printed" in done.stderr and b"Traceback" not in done.stderr
    assert main([*options, "--json", "/dev/full"]) == 4
    seen = capsys.readouterr()
    assert "could not be written" in seen.err and "as expected" in seen.out
