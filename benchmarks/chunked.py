"""Predict over more data than memory: made-up rows, chunk by chunk through Dask, and the most memory held."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

import backend as K

FEATURES, UNITS, ROWS = 256, 16, 32_768  # a chunk has 32 MB


def _most_memory() -> float:
    """The most memory that this process has held, in gigabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's ru_maxrss counts the parent process, too: exec keeps the figure of before
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--quick", action="store_true", help="half a gigabyte")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(args)
    try:
        import dask.array as da
    except ImportError:
        print("needs dask: pip install 'array-api-backend[dask]'")
        return

    def read(block_info: dict) -> np.ndarray:
        row = np.arange(ROWS, dtype="float32")[:, None] / ROWS
        return np.cos(row * np.float32(block_info[None]["chunk-location"][0] + 1)) * np.ones(FEATURES, "float32")

    chunks = max(1, round((0.5 if given.quick else given.gigabytes) * 1e9 / (ROWS * FEATURES * 4)))
    data = da.map_blocks(
        read, chunks=((ROWS,) * chunks, (FEATURES,)), dtype="float32", meta=np.empty((0, 0), "float32")
    )
    x, w = K.placeholder((None, FEATURES)), K.variable(np.random.default_rng(0).normal(size=(FEATURES, UNITS)) / 16)
    predict = K.function([x], K.softmax(K.dot(x, w)))
    start = time.perf_counter()
    means = predict([data]).mean(axis=0).compute(scheduler="threads", num_workers=given.threads)
    seconds = time.perf_counter() - start
    held = _most_memory()
    assert abs(float(means.sum()) - 1.0) < 1e-3
    print("| data, GB | chunks | threads | seconds | GB/s | most memory, GB |\n| --- | --- | --- | --- | --- | --- |")
    size = data.nbytes / 1e9
    print(f"| {size:.1f} | {chunks} | {given.threads} | {seconds:.1f} | {size / seconds:.2f} | {held:.2f} |")


if __name__ == "__main__":
    main()
