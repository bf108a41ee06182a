"""oneDNN's LSTM as two operations that torch.compile takes as they are: else it unrolls the steps of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["define", "lstm", "lstm_gradient"]

_NAMES = "Tensor x, Tensor kernel, Tensor recurrent, Tensor? bias, Tensor h, Tensor c"
_SCHEMAS = {
    "lstm": f"({_NAMES}) -> (Tensor, Tensor, Tensor, Tensor)",
    "lstm_gradient": (
        f"(Tensor? g, Tensor? g_h, Tensor? g_c, {_NAMES}, Tensor every, Tensor ticket, Tensor cells) "
        "-> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"
    ),
}
Layer = Callable[..., tuple[Tensor, ...]]


def define(forward: Layer, backward: Layer) -> None:
    """Give the operations to torch, once a process.

    The size of oneDNN's workspace is known to oneDNN alone, and torch.compile has to know sizes beforehand: so the
    forward operation gives a ticket of one byte, which has the workspace as an attribute.
    """
    if hasattr(torch.ops.array_api_backend, "lstm"):
        return
    library = torch.library.Library("array_api_backend", "FRAGMENT")
    for name, schema in _SCHEMAS.items():
        library.define(name + schema)

    def run(*given: Any) -> tuple[Tensor, ...]:
        every, h, c, workspace = forward(*given)
        ticket = workspace.new_empty(1)
        ticket.workspace = workspace  # type: ignore[attr-defined]
        return every, h, c, ticket

    def gradient(*given: Any) -> tuple[Tensor, ...]:
        *rest, ticket, cells = given
        return backward(*rest, ticket.workspace, cells)

    library.impl("lstm", run, "CPU")
    library.impl("lstm_gradient", gradient, "CPU")
    torch.library.register_fake("array_api_backend::lstm", _shapes, lib=library)
    torch.library.register_fake("array_api_backend::lstm_gradient", _gradient_shapes, lib=library)
    setattr(torch.ops.array_api_backend, "library", library)  # noqa: B010 - which has to stay; mypy knows no such name


def _shapes(x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, h: Tensor, c: Tensor) -> Any:
    batch, steps = x.shape[:2]
    every = x.new_empty(steps, batch, h.shape[1]).transpose(0, 1)
    return every, h.new_empty(h.shape), c.new_empty(c.shape), x.new_empty(1, dtype=torch.uint8)


def _gradient_shapes(
    g: Any,
    g_h: Any,
    g_c: Any,
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Any,
    h: Tensor,
    c: Tensor,
    *kept: Any,
) -> Any:
    batch, steps, features = x.shape
    weights = [w.new_empty(w.shape[::-1]).mT for w in (kernel, recurrent)]
    ends = [y.new_empty(y.shape) for y in (h, c)]
    return (
        x.new_empty(steps, batch, features).transpose(0, 1),
        *weights,
        kernel.new_empty(kernel.shape[1]),
        *ends,
    )


def lstm(*given: Any) -> tuple[Tensor, ...]:
    """(every h, last h, last c, ticket)."""
    found: tuple[Tensor, ...] = torch.ops.array_api_backend.lstm(*given)
    return found


def lstm_gradient(*given: Any) -> tuple[Tensor, ...]:
    """The gradients of x, kernel, recurrent, bias, h and c."""
    found: tuple[Tensor, ...] = torch.ops.array_api_backend.lstm_gradient(*given)
    return found
