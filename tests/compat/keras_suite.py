"""Runs the tests of Keras 2.3.1 itself on this backend: `python tests/compat/keras_suite.py numpy torch`.

pip brings Keras's source distribution; its tests run against the Keras installed, and each failure that
keras_expected.txt does not name, with its reason, counts.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
import tempfile
from pathlib import Path

import suites

RELEASE = "keras==2.3.1"
LEFT_OUT = ["tests/docs"]  # checks of Keras's own documentation


def fetched(into: Path) -> Path:
    """Keras's source distribution, unpacked."""
    with tarfile.open(suites.downloaded([RELEASE], into)[0]) as packed:
        packed.extractall(into, [m for m in packed.getmembers() if "/tests/" in m.name], filter="data")
    return next(path for path in into.iterdir() if path.is_dir())


def folder(o: suites.Outcome) -> str:
    """The folder of a test, or its file in a folder of single files."""
    found = o.file.rpartition("/")[0]
    return o.file if found in ("tests", "tests/keras") else found


def main() -> int:
    """Run on each library named; 1 when a test failed that nobody expected to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("libraries", nargs="*", default=["numpy"], help="what to run on: numpy, torch, torch:cuda, jax")
    parser.add_argument("--only", action="append", default=[], help="a folder or file, such as tests/keras/layers")
    parser.add_argument("--source", type=Path, help="Keras's source distribution, unpacked, instead of pip's")
    arguments, options = parser.parse_known_args()
    options += ["--import-mode=importlib", *(f"--ignore={path}" for path in LEFT_OUT)]
    unexpected = []
    with tempfile.TemporaryDirectory() as name:
        source = (arguments.source or fetched(Path(name) / "keras")).absolute()
        for library in arguments.libraries:
            home = Path(name) / f"home-{library.replace(':', '-')}"
            home.mkdir()
            ran = suites.run(source, arguments.only or ["tests"], library, home, "keras_shims", options)
            title = f"Keras 2.3.1's own tests on {library}"
            found = suites.judged(title, ran, suites.expectations("keras_expected.txt"), folder)
            unexpected += [(library, o) for o in found]
    return suites.exit_code(unexpected)


if __name__ == "__main__":
    sys.exit(main())
