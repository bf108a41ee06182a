"""docs/findings.md is true: each program gives what its row says, with the versions that its section names."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "findings.md"
AT_LEAST = 270  # rows; the document loses none by accident

# Runs in a process of its own: the set-up and the programs of one section come on standard input.
RUNNER = r"""
import collections, json, math, sys, warnings

def shown(x):
    if hasattr(x, "compute"):
        x = x.compute()
    if hasattr(x, "unwrap_numpy"):
        x = x.unwrap_numpy()
    if isinstance(x, type):
        return x.__name__
    if x is None or isinstance(x, (bool, int, str)) and type(x).__module__ == "builtins":
        return repr(x)
    if type(x) is float:
        return repr(x)
    if type(x) is complex:
        negative = x.imag == x.imag and math.copysign(1.0, x.imag) < 0  # the sign of NaN means nothing
        return repr(x.real) + ("-" if negative else "+") + repr(abs(x.imag)) + "j"
    if isinstance(x, (tuple, list)):
        inside = ", ".join(map(shown, x))
        return "[" + inside + "]" if type(x) is list else "(" + inside + ")"
    if hasattr(x, "tolist"):
        return shown(x.tolist())
    if hasattr(x, "_array"):
        return shown(x._array)
    return str(x).rpartition(".")[2]

given = json.load(sys.stdin)
warnings.simplefilter("ignore")
names = {}
exec(given["setup"], names)
found = []
for program in given["programs"]:
    try:
        result = eval(program, names)
        found.append(shown(result))
    except Exception as error:
        found.append(type(error).__name__)
print(json.dumps(found))
"""


def sections():
    """(title, versions by package, set-up, rows of function, program, result, requirement) for each library."""
    found = []
    for part in re.split(r"^### ", DOCUMENT.read_text("utf-8"), flags=re.M)[1:]:
        block = re.search(r"^With (.+?):\n\n```python\n(.+?)^```$", part, flags=re.M | re.S)
        if block is None:
            continue
        versions = dict(re.findall(r"([A-Za-z_][\w-]*) (\d[\w.]*)", block[1]))
        cells = [
            [c.strip() for c in line.strip("|\n").split(" | ")] for line in part.splitlines() if line.startswith("| ")
        ]
        rows = [[c.strip("`") for c in row[:4]] for row in cells if not row[0].startswith(("function", "---"))]
        found.append((part.partition("\n")[0], versions, block[2], rows))
    return found


def results(setup, programs):
    ran = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps({"setup": setup, "programs": programs}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize(("versions", "setup", "rows"), [s[1:] for s in sections()], ids=[s[0] for s in sections()])
def test_each_program_gives_what_its_row_says(versions, setup, rows):
    for package, version in versions.items():
        try:
            installed = importlib.metadata.version(package.replace("_", "-")).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{package} is not installed")
        if installed != version:
            pytest.skip(f"the findings are of {package} {version}, {installed} is installed")
    found = results(setup, [row[1] for row in rows])
    wrong = [(row[1], got, row[2]) for row, got in zip(rows, found, strict=True) if got != row[2]]
    assert not wrong


def test_numpy_agrees_with_what_should_be_or_shares_the_defect():
    """What a row calls right is checked by another library; some devices, and the names of two, are of one alone."""
    numpy = importlib.metadata.version("numpy")
    if numpy != next(versions["numpy"] for title, versions, *_ in sections() if title == "NumPy"):
        pytest.skip(f"the findings are of another NumPy than {numpy}")
    lines = "import array_api_compat.numpy as xp\nfrom math import inf, nan\na = xp.asarray\n"
    lines += "u, v = a([3, 1], dtype=xp.uint32), a([1, 2], dtype=xp.uint32)\n"
    others = [rows for title, _, _, rows in sections() if title not in ("NumPy", "TensorFlow", "ONNX Runtime")]
    rows = [row for of in others for row in of if "no_x64" not in row[1]]
    found = results(lines, [row[1] for row in rows])
    assert not [(row, got) for row, got in zip(rows, found, strict=True) if got not in row[2:]]


def test_every_row_is_a_defect_and_stands_once():
    rows = [(title, *row) for title, _, _, of in sections() for row in of]
    assert len(rows) >= AT_LEAST
    assert not [row for row in rows if row[3] == row[4]]
    programs = [(row[0], row[2]) for row in rows]
    assert len(programs) == len(set(programs))


def test_a_wrong_row_is_noticed():
    """The programs run as they stand: a result, a sign of zero, an exception."""
    assert results("a = float", ["a(2)", "complex(a(1), -0.0)", "[a('nan'), -0.0]", "1 / 0", "type(1)", "(1,)"]) == [
        "2.0",
        "1.0-0.0j",
        "[nan, -0.0]",
        "ZeroDivisionError",
        "int",
        "(1)",
    ]
