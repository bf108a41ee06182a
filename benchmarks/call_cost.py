"""What does a call of an operation cost beyond the same calls on the bare library? Arrays of 10 elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import backend as K

from .timing import interleaved, printed

__all__ = ["table"]


def _numpy_softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _on_numpy() -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    x = np.linspace(-1.0, 1.0, 10, dtype="float32")
    y = x[::-1].copy()
    yield "exp(x)", lambda: K.exp(x), lambda: np.exp(x)
    yield "maximum(x, y)", lambda: K.maximum(x, y), lambda: np.maximum(x, y)
    yield "sum(x)", lambda: K.sum(x), lambda: np.sum(x)
    yield "dot(x, y)", lambda: K.dot(x, y), lambda: np.matmul(x, y)
    yield "reshape(x, (2, 5))", lambda: K.reshape(x, (2, 5)), lambda: np.reshape(x, (2, 5))
    yield "softmax(x)", lambda: K.softmax(x), lambda: _numpy_softmax(x)


def _on_torch() -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    import torch

    torch.set_num_threads(1)

    def softmax(x: Any) -> Any:
        e = torch.exp(x - torch.amax(x, dim=-1, keepdim=True))
        return e / torch.sum(e, dim=-1, keepdim=True)

    x = torch.linspace(-1.0, 1.0, 10)
    y = torch.flip(x, (0,))
    yield "exp(x)", lambda: K.exp(x), lambda: torch.exp(x)
    yield "maximum(x, y)", lambda: K.maximum(x, y), lambda: torch.maximum(x, y)
    yield "sum(x)", lambda: K.sum(x), lambda: torch.sum(x)
    yield "dot(x, y)", lambda: K.dot(x, y), lambda: torch.matmul(x, y)
    yield "reshape(x, (2, 5))", lambda: K.reshape(x, (2, 5)), lambda: torch.reshape(x, (2, 5))
    yield "softmax(x)", lambda: K.softmax(x), lambda: softmax(x)


def table(quick: bool) -> str:
    """The cost of each call, with and without K."""
    rows = []
    for library, calls in (("numpy", _on_numpy()), ("torch", _on_torch())):
        for name, ours, bare in calls:
            cost = interleaved({"K": ours, "bare": bare}, rounds=5 if quick else 41, seconds=0.002 if quick else 0.01)
            rows.append([library, name, f"{cost['K']:.2f}", f"{cost['bare']:.2f}", f"{cost['K'] - cost['bare']:+.2f}",
                         f"{cost['K'] / cost['bare']:.2f}"])
    return printed("One call on 10 elements, microseconds", ["library", "call", "K", "bare", "more", "ratio"], rows)
