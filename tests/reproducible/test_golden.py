"""Three trainings have the hashes stored here, on every library, whatever BLAS, threads and vectors it uses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__
from trainings import NAMES, trained

from backend.reproducible.bases import TorchBase

# sha256 of all variables and losses after 20 steps at batch 32. They depend on the program alone: see CONTRIBUTING.md.
GOLDEN = {
    "mlp": "71e43a182dd47a42133150f55c16234d07a91f57ce430bddbfae8240bd863382",
    "lstm": "e71f551d077d43515ddc3ae85df8cef02d6ab66cfc7264a38a4b52079d877e4b",
    "convnet": "1cba289ee48f20d329e6b6b24280e3fec535a351d2165ea615ea18603f28e2c8",
}
SPECS = ["reproducible:numpy", "reproducible:torch", "reproducible:array_api_strict"]
WITHOUT_VECTORS = ",".join(__cpu_dispatch__)  # all instruction sets that this NumPy has code of its own for
MACHINES = {
    "numpy, two threads, Haswell's kernels": (
        "reproducible:numpy",
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2"},
    ),
    "numpy, Prescott's kernels, no wide vectors": (
        "reproducible:numpy",
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": WITHOUT_VECTORS},
    ),
    "torch, two threads, SSE": (
        "reproducible:torch",
        {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "OMP_NUM_THREADS": "2"},
    ),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_training_has_its_hash(spec, name):
    if spec == "reproducible:torch":
        pytest.importorskip("torch")
    assert trained(spec, name) == GOLDEN[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_way_of_devices_gives_the_same_hash(monkeypatch, name):
    """Where arrays do not lie in host memory the library itself runs the rounding test."""
    pytest.importorskip("torch")
    monkeypatch.setattr(TorchBase, "reads_memory", lambda self, x: False)
    assert trained("reproducible:torch", name) == GOLDEN[name]


def test_ordinary_libraries_differ():
    """Else the hash would say nothing about the mode."""
    assert trained("numpy", "mlp") != GOLDEN["mlp"]


def in_new_process(spec, names, steps, environment):
    """The hashes by name, from a process of its own."""
    if "torch" in spec:
        pytest.importorskip("torch")
    if "jax" in spec:
        pytest.importorskip("jax")
    clean = {k: v for k, v in os.environ.items() if k not in ("K_BACKEND", "K_CONFIG")}
    run = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "trainings.py"), spec, ",".join(names), str(steps)],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split() for line in run.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_other_kernels_threads_and_vectors_give_the_same_hashes(machine):
    spec, environment = MACHINES[machine]
    assert in_new_process(spec, NAMES, 20, environment) == GOLDEN


@pytest.mark.slow
def test_jax_gives_the_same_hash():
    """A few steps: each shape of an undecided place compiles anew."""
    found = in_new_process("reproducible:jax", ["mlp"], 3, {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"})
    assert found["mlp"] == trained("reproducible:numpy", "mlp", 3)
