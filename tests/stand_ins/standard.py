"""The functions of the standard on the stand-in for CuPy: `python tests/stand_ins/standard.py [--only 'fft*']`.

The exit code is 0 where each verdict is as on CuPy (conformance/xfails/cupy.toml), but for what is listed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["ARITHMETIC", "DEVICE", "surprises"]

ROOT = Path(__file__).parents[2]

# Wrong on the stand-in, whose arithmetic is NumPy's: each is in conformance/xfails/numpy.toml, too.
ARITHMETIC = {"xp.expm1/special", "xp.pow/special", "xp.var/special", "xp.std/special"}

# Right on the stand-in, which has none of the device's arithmetic (the first line) and no cuFFT.
DEVICE = {
    *"xp.log/special xp.log1p/special xp.acosh/special xp.floor_divide/special xp.array.floordiv/special".split(),
    *"xp.remainder/dtypes xp.array.imod/dtypes".split(),
    *(f"xp.fft.{name}/memory" for name in "fft ifft fftn ifftn rfft rfftn ihfft".split()),
}


def surprises(verdicts: list[dict[str, str]]) -> list[str]:
    """The verdicts that are neither as expected on CuPy nor listed here, and those listed that came out otherwise."""
    by_id = {v["id"]: v["status"] for v in verdicts}
    listed = dict.fromkeys(ARITHMETIC, "wrong") | dict.fromkeys(DEVICE, "xpass")
    found = [f"{i}: {s}" for i, s in by_id.items() if s in ("wrong", "xpass", "error") and listed.get(i) != s]
    return found + [f"{i}: {by_id[i]}, listed as {s}" for i, s in listed.items() if by_id.get(i, s) != s]


def main(arguments: list[str]) -> int:
    """Run conformance and print what is not as listed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "conformance", "cupy", "--group", "standard", "--examples", "0", "--no-shrink"]
        paths = [str(ROOT / "tests" / "stand_ins"), str(ROOT), os.environ.get("PYTHONPATH", "")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        done = subprocess.run([*command, "--json", str(report), *arguments], env=env, capture_output=True, check=False)
        if not report.exists():
            sys.stderr.write(done.stderr.decode())
            return 1
        verdicts = json.loads(report.read_text(encoding="utf-8"))["verdicts"]
    found = surprises(verdicts)
    print("\n".join([*found, f"{len(verdicts)} verdicts, {len(found)} not as listed"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
