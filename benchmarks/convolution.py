"""The cost of a convolution, forward and backward, on NumPy and torch arrays, compared with torch by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import backend as K
from backend.graph.composite import COMPOSITES

from .heavy import compared, drawn, each, keras_ops, matmul_rate, ratios, two_threads

__all__ = ["CASES", "PASSES", "Case", "by_hand", "ours", "table"]


class Case(NamedTuple):
    """A layer: x (batch, rows, columns, in), kernel (rows, columns, in, out or multiplier)."""

    x: tuple[int, int, int, int]
    kernel: tuple[int, int, int, int]
    stride: int = 1
    padding: str = "same"
    depthwise: bool = False

    def __str__(self) -> str:
        words = [f"{self.kernel[0]}x{self.kernel[1]}", "x".join(map(str, self.x)) + f"->{self.kernel[-1]}"]
        words[1:1] = ["depthwise"] if self.depthwise else []
        return " ".join([*words, *([f"stride {self.stride}"] if self.stride > 1 else [])])

    def flops(self) -> float:
        """The floating-point operations of one pass."""
        reach = 0 if self.padding == "same" else self.kernel[0] - 1
        batch, rows, columns, channels = self.x
        places = batch * -(-(rows - reach) // self.stride) * -(-(columns - reach) // self.stride)
        height, width, _, out = self.kernel
        return 2.0 * places * height * width * channels * out


CASES = [
    Case((8, 56, 56, 64), (3, 3, 64, 64)),
    Case((32, 26, 26, 32), (3, 3, 32, 64), padding="valid"),
    Case((32, 28, 28, 1), (3, 3, 1, 32), padding="valid"),
    Case((8, 112, 112, 3), (7, 7, 3, 64), stride=2),
    Case((8, 56, 56, 64), (1, 1, 64, 256)),
    Case((8, 56, 56, 64), (3, 3, 64, 1), depthwise=True),
]
PASSES = ("forward", "input gradient", "kernel gradient", "training")
Calls = dict[str, Callable[[], Any]]


def ours(case: Case, x: Any, kernel: Any, g: Any) -> Calls:
    """The calls that a compiled function of K makes for each pass."""
    how: dict[str, Any] = {
        "strides": (case.stride,) * 2,
        "padding": case.padding,
        "dilation": (1, 1),
        "depthwise": case.depthwise,
    }
    public = K.depthwise_conv2d if case.depthwise else K.conv2d
    calls: Calls = {
        "forward": lambda: public(x, kernel, how["strides"], case.padding),
        "input gradient": lambda: COMPOSITES["convolution_input_gradient"](g, kernel, size=case.x[1:3], **how),
        "kernel gradient": lambda: COMPOSITES["convolution_kernel_gradient"](x, g, window=case.kernel[:2], **how),
    }
    parts = tuple(calls.values())
    return {**calls, "training": lambda: [part() for part in parts]}


def by_hand(torch: Any, case: Case, x: Any, kernel: Any, g: Any) -> Calls:
    """The same with torch's functions on tensors in torch's own layout channels_last, padded where that is uneven."""
    pad = case.kernel[0] - 1 if case.padding == "same" else 0  # the total; with stride 2 the last window ends sooner
    total = max(pad - (case.stride - 1), 0)
    before, after = total // 2, total - total // 2
    groups = case.kernel[2] if case.depthwise else 1
    x, g = x.movedim(-1, 1), g.movedim(-1, 1)
    kernel = kernel.permute((2, 3, 0, 1) if case.depthwise else (3, 2, 0, 1))
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    inside = (before, before) if before == after else (0, 0)

    def padded(x: Any) -> Any:
        return x if before == after else torch.nn.functional.pad(x, (before, after) * 2)

    def forward(x: Any = x, kernel: Any = kernel) -> Any:
        return torch.nn.functional.conv2d(padded(x), kernel, None, case.stride, inside, 1, groups)

    def backward(to_x: bool, to_kernel: bool) -> Any:
        found = torch.ops.aten.convolution_backward(
            g,
            padded(x),
            kernel,
            None,
            [case.stride] * 2,
            inside,
            [1, 1],
            False,
            [0, 0],
            groups,
            [to_x, to_kernel, False],
        )
        rows, columns = case.x[1:3]
        return [
            found[0]
            if before == after or not to_x
            else found[0][:, :, before : before + rows, before : before + columns],
            found[1],
        ]

    return {
        "forward": forward,
        "input gradient": lambda: backward(True, False),
        "kernel gradient": lambda: backward(False, True),
        "training": lambda: (forward(), backward(True, True)),
        "autograd": _autograd(torch, forward, x, kernel, g),
    }


def _autograd(torch: Any, forward: Callable[..., Any], x: Any, kernel: Any, g: Any) -> Callable[[], Any]:
    leaves = [a.detach().requires_grad_() for a in (x, kernel)]
    return lambda: torch.autograd.grad(forward(*leaves), leaves, g)


def table(quick: bool) -> str:
    """Each pass of each layer on NumPy and on torch, as ratios to torch channels_last by hand."""
    torch, keras = two_threads(), keras_ops()
    measured = [(case, _measured(torch, keras, case, quick)) for case in CASES]
    rates = {
        name: [
            case.flops() * (3 if name == "training" else 1) / cells[name]["numpy"] * 1e-6 for case, cells in measured
        ]
        for name in PASSES
    }
    return (
        ratios("A convolution, milliseconds, 2 threads", PASSES, measured)
        + f"\nGFLOP/s on NumPy, layer by layer: {each(rates, '.0f')}; matmul {matmul_rate(quick):.0f}\n"
    )


def _measured(torch: Any, keras: Any, case: Case, quick: bool) -> dict[str, dict[str, float]]:
    """The cost of each pass by candidate."""
    x, kernel = drawn(*case.x), drawn(*case.kernel)
    public = K.depthwise_conv2d if case.depthwise else K.conv2d
    g = drawn(*public(x, kernel, (case.stride,) * 2, case.padding).shape)
    native = tuple(torch.from_numpy(a) for a in (x, kernel, g))
    sides = {
        "numpy": ours(case, x, kernel, g),
        "K torch": ours(case, *native),
        "torch": by_hand(torch, case, *native),
    }
    sides["K torch"]["autograd"] = _autograd(
        torch, lambda x, kernel: public(x, kernel, (case.stride,) * 2, case.padding), *native
    )
    if keras is not None:
        convolve = keras.depthwise_conv if case.depthwise else keras.conv
        sides["keras"] = {"forward": lambda: convolve(x, kernel, case.stride, case.padding)}
    return compared(sides, quick)
