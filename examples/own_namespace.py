"""A small array namespace of one's own, with a planted fault, judged by the conformance tool.

The namespace has five functions of the standard, computed by NumPy. `logaddexp` is written as in a textbook: right for
small numbers of one dtype, infinite for large ones, inexact for two dtypes. `python examples/own_namespace.py` finds
that, and prints a script to send to the author.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import conformance

__array_api_version__ = "2025.12"

bool = np.bool_  # noqa: A001 - the standard's name
int32, int64, float32, float64 = np.dtype("int32"), np.dtype("int64"), np.dtype("float32"), np.dtype("float64")


def asarray(x: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> np.ndarray:
    """An array of this namespace: here, one of NumPy's."""
    return np.array(x, dtype=dtype, copy=copy)


def exp(x: Any, /) -> Any:
    """The exponential function."""
    return np.exp(x)


def log(x: Any, /) -> Any:
    """The natural logarithm."""
    return np.log(x)


def sqrt(x: Any, /) -> Any:
    """The square root."""
    return np.sqrt(x)


def maximum(x1: Any, x2: Any, /) -> Any:
    """The larger of two elements."""
    return np.maximum(x1, x2)


def logaddexp(x1: Any, x2: Any, /) -> Any:
    """log(exp(x1) + exp(x2)), with a fault: exp overflows where the result would not."""
    return np.log(np.exp(x1) + np.exp(x2))


def main() -> list[str]:
    """Judge every function above, print the verdicts, and return the names of the functions that are wrong."""
    report = conformance.run([Path(__file__).stem], only="xp.[!a]*", kind="value,shape,dtype", examples=5)
    for verdict in report.verdicts:
        if verdict.status not in ("empty", "unsupported", "blocked"):
            print(f"{verdict.operation:10} {verdict.kind:8} {verdict.status}")
    print(f"{len({v.operation for v in report.verdicts if v.status == 'unsupported'})} functions are missing")
    for group in report.groups:
        print(f"\n{group[0].finding.message}\n\n{group[0].finding.script}")
    return sorted({verdict.operation for verdict in report.failed})


if __name__ == "__main__":
    main()
