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
from .timing import machine, versions

ALL = (
    "call_cost",
    "compiled_cost",
    "deep_graph",
    "import_cost",
    "keras_step",
    "elementwise_chain",
    "convolution",
    "pooling",
    "training_step",
    "inference",
    "memory",
    "gpu",
)  # imported once threads are limited
PACKAGES = ("numpy", "torch", "array-api-compat", "jax", "autograd", "pytensor", "numexpr", "keras", "cupy-cuda12x")


def main() -> None:
    """Print the machine, then the tables of each question asked; save the figures and draw them if told to."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(ALL)}; default all")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: does it run, roughly how fast")
    parser.add_argument("--alone", action="store_true", help="K, NumPy and PyTorch only, whatever else is installed")
    parser.add_argument("--threads", type=int, default=2, help="for every side; default 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the figures that have a target")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(ALL):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there is {', '.join(ALL)}")
    peers.limit(asked.threads)
    if asked.alone:
        peers.only("numpy", "torch", "cupy")
    where = f"{machine(*PACKAGES)}; {os.cpu_count()} cores, {asked.threads} threads for every side"
    print(where, end="\n\n")
    rows: list[Any] = []
    for name in asked.names or ALL:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "told"):
            found = module.measured(asked.quick)
            rows += found
            print(module.told(found), flush=True)
        else:
            print(module.table(asked.quick), flush=True)
    if asked.json:
        about = {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "threads": asked.threads,
            "quick": asked.quick,
            "python": platform.python_version(),
            "versions": versions(*PACKAGES),
        }
        asked.json.write_text(json.dumps({**about, "rows": [dataclasses.asdict(row) for row in rows]}, indent=1))
    if asked.plot:
        from .plot import picture

        picture(rows, asked.plot, where)


if __name__ == "__main__":
    main()
