"""The cost of `import backend` beyond importing NumPy, and the libraries it loads."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from .timing import printed

__all__ = ["table"]

_SCRIPT = """
import json, sys, time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import backend
end = time.perf_counter()
others = [name for name in ("torch", "cupy", "jax", "dask", "array_api_strict", "scipy") if name in sys.modules]
print(json.dumps([middle - start, end - middle, others]))
"""


def table(quick: bool) -> str:
    """Seconds of both imports in fresh processes."""
    runs = [
        json.loads(subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, check=True).stdout)
        for _ in range(3 if quick else 15)
    ]
    numpy, ours = (statistics.median(run[i] for run in runs) for i in (0, 1))
    others = sorted({name for run in runs for name in run[2]})
    return printed(
        "Imports, seconds",
        ["import numpy", "import backend, beyond it", "other libraries loaded"],
        [[f"{numpy:.3f}", f"{ours:.3f}", ", ".join(others) or "none"]],
    )
