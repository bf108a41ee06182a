"""Run the benchmarks: `python -m benchmarks [--quick] [call_cost ...]`."""

from __future__ import annotations

import argparse

from . import call_cost, compiled_cost, convolution, deep_graph, import_cost, keras_step, pooling
from .timing import machine

ALL = {"call_cost": call_cost.table, "compiled_cost": compiled_cost.table, "convolution": convolution.table,
       "pooling": pooling.table, "deep_graph": deep_graph.table,
       "import_cost": import_cost.table,
       "keras_step": keras_step.table}


def main() -> None:
    """Print the machine, then one table for each question asked."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(ALL)}; default all")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: does it run, roughly how fast")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(ALL):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there is {', '.join(ALL)}")
    print(machine("numpy", "torch", "array-api-compat"), end="\n\n")
    for name in asked.names or ALL:
        print(ALL[name](asked.quick), flush=True)


if __name__ == "__main__":
    main()
