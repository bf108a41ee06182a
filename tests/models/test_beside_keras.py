"""K.models gives the numbers of Keras 2.3.1, which runs on K in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("keras", "h5py")),
        reason="Keras 2.3.1 is not installed: pip install 'array-api-backend[keras]'",
    ),
]


def test_the_same_numbers(tmp_path):
    paths = [str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    given = {
        "KERAS_BACKEND": "backend",
        "KERAS_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    arguments = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q", "-o", "addopts=", "-W", "ignore"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(HERE / "beside_keras.py")],
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0 and " passed" in run.stdout, run.stdout[-4000:] + run.stderr[-2000:]
