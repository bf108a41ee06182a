"""Compiled functions over two processes of torch, fed with DTensors."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def launch(script, *arguments):
    """What a program prints that torch runs in two processes; the system chooses the port."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'array-api-backend[torch]'")
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("this build of torch has no gloo, which connects processes on CPUs")
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    how = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(ROOT / script), *arguments]
    run = subprocess.run(
        [sys.executable, *how], env=env, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.slow
def test_losses_over_two_processes_are_those_of_one():
    found = json.loads(launch("tests/api/net_over_processes.py").splitlines()[-1])
    assert found["processes"] == 2
    assert set(found["losses"]) >= {"dense, data", "dense, tensor", "normalized, tensor", "convolution, data"}
    for name, (one, both) in found["losses"].items():
        np.testing.assert_allclose(both, one, rtol=1e-4, err_msg=name)
        assert name == "gradient" or one[-1] < one[0]
    pair, axis, count = found["refusals"]
    assert pair.startswith("TypeError: place: sharding is ") and "a pair (DeviceMesh, [Placement, ...])" in pair
    assert axis.startswith("ValueError: place: v of shape (2,) does not fit the sharding: got [Shard(dim=3)]")
    assert "expected one for each of the mesh's 1 dimensions" in count


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["data", "tensor"])
def test_the_digits_over_two_processes(parallel, monkeypatch):
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    printed = launch("examples/digits_sharded.py", "--torch", "--parallel", parallel, "--epochs", "1")
    (shown,) = re.findall(rf"torch, {parallel}-parallel over 2 devices: the loss of each epoch: (.*)", printed)
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    monkeypatch.delitem(sys.modules, "digits_sharded", raising=False)
    alone = np.reshape(importlib.import_module("digits_sharded").run("torch", None, 1), (1, -1)).mean(1)
    np.testing.assert_allclose([float(number) for number in shown.split(", ")], alone, atol=1e-3)
    assert alone[0] < 2.2
