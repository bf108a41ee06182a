"""The libraries K is compared with: which are installed, and equally many threads for each."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

__all__ = ["OTHERS", "absence", "limit", "only", "peer", "threads"]

OWN = ("numpy", "torch", "cupy")  # what K runs on, and is compared with by hand
OTHERS = (
    "array_api_compat",
    "autograd",
    "autoray",
    "eagerpy",
    "jax",
    "keras",
    "numba",
    "numexpr",
    "pytensor",
    "tensorflow",
    "torch.compile",
)

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "PJRT_NPROC",
)
_CHOSEN: set[str] = set()  # the peers that take part; none: all


def limit(count: int) -> None:
    """Confine this process and its workers to `count` threads and cores; libraries read this when imported."""
    os.environ.update(dict.fromkeys(VARIABLES, str(count)))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, _apart(sorted(os.sched_getaffinity(0)))[:count])


def _apart(cpus: list[int]) -> list[int]:
    """CPUs of different cores first, then those that share a core with an earlier one."""
    first, second, seen = [], [], set()
    for cpu in cpus:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text() if siblings.exists() else str(cpu)
        (second if core in seen else first).append(cpu)
        seen.add(core)
    return first + second


def threads() -> int:
    """The number of threads of every side."""
    return int(os.environ.get("OMP_NUM_THREADS", 0)) or os.cpu_count() or 1


def only(*names: str) -> None:
    """Leave out every other peer but NumPy, PyTorch and CuPy; ValueError for a name that is none."""
    if unknown := sorted(set(names) - {*OWN, *OTHERS}):
        raise ValueError(f"no peer is named {', '.join(unknown)}; choose from {', '.join(OTHERS)}")
    _CHOSEN.clear()
    _CHOSEN.update(OWN, names)


def absence(name: str) -> str | None:
    """The reason why a library takes no part; None if it does."""
    if _CHOSEN and name not in _CHOSEN:
        return f"{name} was left out"
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        return f"{name} is not installed"
    if name == "torch.compile" and shutil.which("c++") is None:
        return f"{name} needs a C++ compiler; none is installed"
    return None


def peer(name: str) -> Any:
    """A library, with its number of threads set."""
    library = importlib.import_module(name)
    if name in ("torch", "numexpr"):
        library.set_num_threads(threads())
    if name == "tensorflow":
        library.config.threading.set_intra_op_parallelism_threads(threads())
    return library
