"""Run the benchmarks: `python -m benchmarks [--quick] [call_cost ...]`."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import platform
from pathlib import Path
from typing import Any

from . import peers
from .compare import compared_files
from .timing import blas, machine, print_below, processor, versions

ALL = (
    "call_cost",
    "compiled_cost",
    "deep_graph",
    "import_cost",
    "keras_step",
    "keras_programs",
    "keras3_fit",
    "elementwise_chain",
    "convolution",
    "pooling",
    "compiled_kernels",
    "compiled_loops",
    "training_step",
    "inference",
    "memory",
    "reproducible",
    "gpu",
)  # imported after threads are limited
PACKAGES = ("numpy", "torch", "array-api-compat", "jax", "autograd", "pytensor", "numexpr", "keras", "cupy-cuda12x")


def main() -> None:
    """Print the machine and the tables of the chosen benchmarks; optionally save and plot the figures."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(ALL)}; default all")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, for rough figures")
    parser.add_argument("--alone", action="store_true", help="only K, NumPy and PyTorch, whatever else is installed")
    parser.add_argument("--peers", metavar="LIST", help=f"beside these only some of {','.join(peers.OTHERS)}")
    parser.add_argument("--threads", type=int, default=2, help="threads for every side; default 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save every figure in this file")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("OLD", "NEW"), help="measure nothing: two such files")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="plot the figures that have a target")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(ALL):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; choose from {', '.join(ALL)}")
    try:
        if chosen.compare:
            print(compared_files(*chosen.compare))
            return
        if chosen.alone or chosen.peers is not None:
            peers.only(*(name for name in (chosen.peers or "").split(",") if name))
    except ValueError as error:
        parser.error(str(error))
    peers.limit(chosen.threads)
    where = f"{machine(*PACKAGES)}; {os.cpu_count()} cores, {chosen.threads} threads for every side"
    print(where, end="\n\n")
    print_below(f"{processor()}. {blas()}. Threads: {chosen.threads}, unless the table says otherwise.")
    rows: list[Any] = []
    for name in chosen.names or ALL:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "report"):
            found = module.measured(chosen.quick)
            rows += found
            print(module.report(found), flush=True)
        else:
            print(module.table(chosen.quick), flush=True)
    if chosen.json:
        about = {
            "machine": platform.machine(),
            "processor": processor(),
            "blas": blas(),
            "cores": os.cpu_count(),
            "threads": chosen.threads,
            "quick": chosen.quick,
            "python": platform.python_version(),
            "versions": versions(*PACKAGES),
        }
        chosen.json.write_text(json.dumps({**about, "rows": [dataclasses.asdict(row) for row in rows]}, indent=1))
    if chosen.plot:
        from backend.arrays.extras import required

        with required("benchmarks --plot", "examples", program=True):
            from .plot import picture

        picture(rows, chosen.plot, where)


if __name__ == "__main__":
    main()
