"""The cost of pooling, forward and backward, on NumPy and torch arrays, compared with torch by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import backend as K
from backend.graph.composite import COMPOSITES

from .heavy import compared, copy_rate, drawn, each, keras_ops, ratios, two_threads

__all__ = ["CASES", "PASSES", "Case", "by_hand", "ours", "table"]


class Case(NamedTuple):
    """A layer on x (batch, rows, columns, channels)."""

    mode: str
    x: tuple[int, int, int, int]
    window: int
    stride: int
    padding: str = "valid"

    def __str__(self) -> str:
        return (
            f"{self.mode} {self.window}x{self.window} stride {self.stride} {self.padding} {'x'.join(map(str, self.x))}"
        )


CASES = [
    Case("max", (32, 24, 24, 64), 2, 2),
    Case("max", (8, 56, 56, 64), 2, 2),
    Case("max", (8, 112, 112, 64), 3, 2, "same"),
    Case("max", (8, 28, 28, 64), 3, 1, "same"),
    Case("avg", (8, 56, 56, 64), 2, 2),
    Case("avg", (8, 56, 56, 64), 3, 2, "same"),
]
PASSES = ("forward", "gradient", "training")
Calls = dict[str, Callable[[], Any]]


def ours(case: Case, x: Any, g: Any) -> Calls:
    """The calls that a compiled function of K makes for each pass; the backward pass has the forward's residuals."""
    how: dict[str, Any] = {"window": (case.window,) * 2, "strides": (case.stride,) * 2, "padding": case.padding}
    largest, largest_back = COMPOSITES["max_pool"], COMPOSITES["max_pool_gradient"]

    def forward() -> Any:
        return K.pool2d(x, case.window, case.stride, case.padding, pool_mode=case.mode)

    def average_back() -> Any:
        return COMPOSITES["average_pool_gradient"](g, size=case.x[1:3], **how)

    def both() -> Any:
        y, kept = largest(x, **how, residuals=True)
        return y, largest_back(g, x, kept, **how)

    if case.mode == "avg":
        return {"forward": forward, "gradient": average_back, "training": lambda: (forward(), average_back())}
    kept = largest(x, **how, residuals=True)[1]
    return {"forward": forward, "gradient": lambda: largest_back(g, x, kept, **how), "training": both}


def by_hand(torch: Any, case: Case, x: Any, g: Any) -> Calls:
    """The same with torch's functions on tensors in torch's own layout channels_last."""
    functional, aten = torch.nn.functional, torch.ops.aten
    x, g = x.movedim(-1, 1), g.movedim(-1, 1)
    window, strides = (case.window,) * 2, (case.stride,) * 2
    same = case.padding == "same"  # even sizes: with stride 2 the last window reaches over the edge
    pads, ceil = ((1, 1) if same and case.stride == 1 else (0, 0)), same and case.stride > 1

    def largest(x: Any = x) -> Any:
        return functional.max_pool2d(x, window, strides, pads, 1, ceil)

    def average(x: Any = x) -> Any:
        return functional.avg_pool2d(x, window, strides, pads, ceil, False)

    def average_back() -> Any:
        return aten.avg_pool2d_backward(g, x, window, strides, pads, ceil, False, None)

    where = functional.max_pool2d(x, window, strides, pads, 1, ceil, return_indices=True)[1]

    def largest_back(where: Any = where) -> Any:
        return aten.max_pool2d_with_indices_backward(g, x, window, strides, pads, [1, 1], ceil, where)

    def both() -> Any:
        y, where = functional.max_pool2d(x, window, strides, pads, 1, ceil, return_indices=True)
        return y, largest_back(where)

    if case.mode == "max":
        return {
            "forward": largest,
            "gradient": largest_back,
            "training": both,
            "autograd": _autograd(torch, largest, x, g),
        }
    return {
        "forward": average,
        "gradient": average_back,
        "training": lambda: (average(), average_back()),
        "autograd": _autograd(torch, average, x, g),
    }


def _autograd(torch: Any, forward: Callable[..., Any], x: Any, g: Any) -> Callable[[], Any]:
    leaf = x.detach().requires_grad_()
    return lambda: torch.autograd.grad(forward(leaf), leaf, g)


def table(quick: bool) -> str:
    """Each pass of each layer on NumPy and on torch, as ratios to torch channels_last by hand."""
    torch, keras = two_threads(), keras_ops()
    measured = []
    rates: dict[str, list[float]] = {name: [] for name in PASSES}
    for case in CASES:
        x = drawn(*case.x)
        y = K.pool2d(x, case.window, case.stride, case.padding, pool_mode=case.mode)
        cells = _measured(torch, keras, case, x, drawn(*y.shape), quick)
        measured.append((case, cells))
        once = x.nbytes + y.nbytes
        for name, least in (("forward", once), ("gradient", once), ("training", 2 * once)):
            rates[name].append(least / cells[name]["numpy"] * 1e-6)
    return ratios("Pooling, milliseconds, 2 threads", PASSES, measured) + (
        f"\nGB/s on NumPy, arrays read and written once, layer by layer: {each(rates, '.1f')}; "
        f"copy {copy_rate(quick):.1f}\n"
    )


def _measured(torch: Any, keras: Any, case: Case, x: Any, g: Any, quick: bool) -> dict[str, dict[str, float]]:
    """The cost of each pass by candidate."""
    native = torch.from_numpy(x), torch.from_numpy(g)
    sides = {"numpy": ours(case, x, g), "K torch": ours(case, *native), "torch": by_hand(torch, case, *native)}
    sides["K torch"]["autograd"] = _autograd(
        torch, lambda x: K.pool2d(x, case.window, case.stride, case.padding, pool_mode=case.mode), *native
    )
    if keras is not None:
        pooled = keras.max_pool if case.mode == "max" else keras.average_pool
        sides["keras"] = {"forward": lambda: pooled(x, case.window, case.stride, case.padding)}
    return compared(sides, quick)
