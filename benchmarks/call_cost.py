"""The cost of a call of an operation beyond the bare library, compared with other libraries.

Every side receives arrays of 10 elements, finds their library, and returns arrays of it.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import backend as K

from .timing import interleaved, printed

__all__ = ["table"]

Calls = dict[str, Callable[[], Any]]
LIBRARIES = ("numpy", "torch")
PEERS = {"autoray": "", "array-api-compat": "", "eagerpy": "", "keras": "3"}  # package -> the oldest version
MORE, RATIO = 0.3, 1.3  # the aims: microseconds beyond one call of the library, times several calls
COMPOSED = ("softmax(x)",)


def _installed(package: str) -> bool:
    try:
        found = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return found.partition(".")[0] >= PEERS[package]  # Keras 2 has no keras.ops


def _named(calls: tuple[Callable[[], Any], ...]) -> Calls:
    return dict(
        zip(("exp(x)", "maximum(x, y)", "sum(x)", "dot(x, y)", "reshape(x, (2, 5))", "softmax(x)"), calls, strict=True)
    )


def _k(x: Any, y: Any) -> Calls:
    return _named(
        (
            lambda: K.exp(x),
            lambda: K.maximum(x, y),
            lambda: K.sum(x),
            lambda: K.dot(x, y),
            lambda: K.reshape(x, (2, 5)),
            lambda: K.softmax(x),
        )
    )


def _numpy(x: Any, y: Any) -> Calls:
    def softmax(x: Any) -> Any:
        e = np.exp(x - np.max(x, axis=-1, keepdims=True))
        return e / np.sum(e, axis=-1, keepdims=True)

    return _named(
        (
            lambda: np.exp(x),
            lambda: np.maximum(x, y),
            lambda: np.sum(x),
            lambda: np.matmul(x, y),
            lambda: np.reshape(x, (2, 5)),
            lambda: softmax(x),
        )
    )


def _torch(x: Any, y: Any) -> Calls:
    import torch

    def softmax(x: Any) -> Any:
        e = torch.exp(x - torch.amax(x, dim=-1, keepdim=True))
        return e / torch.sum(e, dim=-1, keepdim=True)

    return _named(
        (
            lambda: torch.exp(x),
            lambda: torch.maximum(x, y),
            lambda: torch.sum(x),
            lambda: torch.matmul(x, y),
            lambda: torch.reshape(x, (2, 5)),
            lambda: softmax(x),
        )
    )


def _autoray(x: Any, y: Any) -> Calls:
    from autoray import do

    def softmax(x: Any) -> Any:
        e = do("exp", x - do("max", x, -1, keepdims=True))
        return e / do("sum", e, axis=-1, keepdims=True)

    def softmax_of_torch(x: Any) -> Any:
        e = do("exp", x - do("amax", x, -1, True))
        return e / do("sum", e, -1, True)

    of_numpy = isinstance(x, np.ndarray)
    return _named(
        (
            lambda: do("exp", x),
            lambda: do("maximum", x, y),
            lambda: do("sum", x),
            lambda: do("matmul", x, y),
            lambda: do("reshape", x, (2, 5)),
            lambda: softmax(x) if of_numpy else softmax_of_torch(x),
        )
    )


def _compat(x: Any, y: Any) -> Calls:
    from array_api_compat import array_namespace as of

    def softmax(x: Any) -> Any:
        xp = of(x)
        e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return e / xp.sum(e, axis=-1, keepdims=True)

    return _named(
        (
            lambda: of(x).exp(x),
            lambda: of(x, y).maximum(x, y),
            lambda: of(x).sum(x),
            lambda: of(x, y).matmul(x, y),
            lambda: of(x).reshape(x, (2, 5)),
            lambda: softmax(x),
        )
    )


def _eagerpy(x: Any, y: Any) -> Calls:
    from eagerpy import astensor as of

    def dot(x: Any, y: Any) -> Any:  # its matmul takes only matrices
        return (of(x) * of(y)).sum().raw

    return _named(
        (
            lambda: of(x).exp().raw,
            lambda: of(x).maximum(of(y)).raw,
            lambda: of(x).sum().raw,
            lambda: dot(x, y),
            lambda: of(x).reshape((2, 5)).raw,
            lambda: of(x).softmax(-1).raw,
        )
    )


def _keras(x: Any, y: Any) -> Calls:
    from keras import ops

    return _named(
        (
            lambda: ops.exp(x),
            lambda: ops.maximum(x, y),
            lambda: ops.sum(x),
            lambda: ops.matmul(x, y),
            lambda: ops.reshape(x, (2, 5)),
            lambda: ops.softmax(x),
        )
    )


def measured(library: str, quick: bool) -> dict[str, dict[str, float]]:
    """Microseconds by call and side, on one library, all sides in turn."""
    x: Any = np.linspace(-1.0, 1.0, 10, dtype="float32")
    y: Any = x[::-1].copy()
    if library == "torch":
        import torch

        torch.set_num_threads(1)
        x, y = torch.asarray(x), torch.asarray(y)
    makers = {"autoray": _autoray, "array-api-compat": _compat, "eagerpy": _eagerpy, "keras": _keras}
    sides = {"K": _k(x, y), "bare": (_torch if library == "torch" else _numpy)(x, y)}
    sides |= {peer: make(x, y) for peer, make in makers.items() if _installed(peer)}
    for name in sides["K"]:
        for side, calls in sides.items():
            np.testing.assert_allclose(calls[name](), sides["bare"][name](), rtol=1e-5, err_msg=f"{side}: {name}")
    how = {"rounds": 5 if quick else 41, "seconds": 0.002 if quick else 0.008}
    return {name: interleaved({side: calls[name] for side, calls in sides.items()}, **how) for name in sides["K"]}


def _apart(library: str, quick: bool) -> dict[str, dict[str, float]]:
    """`measured` in a new process: keras.ops has one library per process, and every side has one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    ran = subprocess.run(
        [sys.executable, "-m", __spec__.name, library, *["--quick"] * quick],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **one, "KERAS_BACKEND": library},
    )
    return json.loads(ran.stdout.splitlines()[-1])


def _verdict(name: str, cost: dict[str, float]) -> str:
    """The missed targets, or 'met'."""
    missed = []
    if name in COMPOSED:
        if cost["K"] > RATIO * cost["bare"]:
            missed.append(f"above {RATIO} of bare")
    elif cost["K"] > cost["bare"] + MORE:
        missed.append(f"above bare + {MORE}")
    missed += [f"slower than {peer}" for peer in PEERS if cost["K"] > cost.get(peer, np.inf)]
    return ", ".join(missed) or "met"


def table(quick: bool) -> str:
    """The cost of each call for K, the bare library and the other libraries installed."""
    rows = []
    for library in LIBRARIES:
        for name, cost in _apart(library, quick).items():
            shown = [f"{cost[peer]:.2f}" if peer in cost else "not installed" for peer in PEERS]
            rows.append(
                [
                    library,
                    name,
                    f"{cost['K']:.2f}",
                    f"{cost['bare']:.2f}",
                    f"{cost['K'] - cost['bare']:+.2f}",
                    f"{cost['K'] / cost['bare']:.2f}",
                    *shown,
                    _verdict(name, cost),
                ]
            )
    return printed(
        "One call on 10 elements, microseconds",
        [
            "library",
            "call",
            "K",
            "bare",
            "more",
            "ratio",
            "autoray",
            "array-api-compat",
            "eagerpy",
            "keras.ops",
            f"verdict: bare + {MORE}, softmax {RATIO} of bare, ahead of all",
        ],
        rows,
    )


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], "--quick" in sys.argv)))
