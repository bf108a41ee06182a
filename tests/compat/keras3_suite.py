"""Runs the tests of Keras 3 itself on this backend: `python tests/compat/keras3_suite.py numpy --only models`.

They are part of Keras's wheel, so that pip brings them; each failure that keras3_expected.txt does not name, with its
reason, counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import suites

# What runs where nothing else is asked for: folders and files within keras/src.
FOLDERS = (
    "ops losses metrics optimizers models trainers random initializers layers saving callbacks backend/common "
    "activations constraints regularizers dtype_policies"
).split()
# In CI: the rest of Keras's tests takes ten times as long.
QUICK = ["models", "trainers/trainer_test.py", "layers/core", "layers/rnn", "ops/core_test.py", "ops/math_test.py"]
LEFT_OUT = [
    "callbacks/orbax_checkpoint_test.py",  # orbax is JAX's
    "callbacks/tensorboard_test.py",  # needs TensorFlow
]


def installed() -> Path:
    """The folder that holds the installed Keras."""
    found = importlib.util.find_spec("keras")
    if found is None or found.origin is None:
        raise SystemExit("Keras 3 is not installed: pip install 'array-api-backend[keras3]'")
    return Path(found.origin).parents[1]


def folder(o: suites.Outcome) -> str:
    """The folder of a test within keras/src, or its file in the folder of operations."""
    found = o.file.removeprefix("keras/src/")
    return found if found.startswith(("ops/", "backend/")) else found.rpartition("/")[0] or found


def main() -> int:
    """Run on each library named; 1 when a test failed that nobody expected to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("libraries", nargs="*", default=["numpy"], help="what to run on: numpy, torch, torch:cuda, jax")
    parser.add_argument("--only", action="append", default=[], help="a folder or file within keras/src, such as models")
    parser.add_argument("--quick", action="store_true", help="the folders that CI runs")
    arguments, options = parser.parse_known_args()
    chosen = arguments.only or (QUICK if arguments.quick else FOLDERS)
    options += [f"--ignore=keras/src/{path}" for path in LEFT_OUT]
    unexpected = []
    with tempfile.TemporaryDirectory() as name:
        for library in arguments.libraries:
            home = Path(name) / f"home-{library.replace(':', '-')}"
            home.mkdir()
            paths = [f"keras/src/{path}" for path in chosen]
            ran = suites.run(installed(), paths, library, home, "keras3_shims", options, backend="array_api")
            title = f"Keras 3's own tests on {library}"
            found = suites.judged(title, ran, suites.expectations("keras3_expected.txt"), folder)
            unexpected += [(library, o) for o in found]
    return suites.exit_code(unexpected)


if __name__ == "__main__":
    sys.exit(main())
