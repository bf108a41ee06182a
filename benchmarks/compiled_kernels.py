"""Kernels that numba compiles for NumPy arrays (jit=True) beside those without jit and torch by hand."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import backend as K
from backend.arrays.namespaces import namespace_of
from backend.graph.composite import COMPOSITES
from backend.kernels.lookup import compiled_kernels_of

from . import convolution, pooling
from .heavy import compared, drawn, two_threads
from .timing import printed

__all__ = ["table"]

Calls = dict[str, Callable[[], Any]]
SIDES = ("jit", "no jit", "torch")


def table(quick: bool) -> str:
    """Each call with jit, without, and by torch, and the ratios to torch; a line where numba is not installed."""
    torch = two_threads()
    xp = namespace_of(drawn(1))
    if compiled_kernels_of(xp) is None:
        return "Kernels compiled by numba: numba is not installed\n"
    rows, means = [], []
    for name, sides in _layers(torch, xp):
        for call, cells in compared(sides, quick).items():
            ratio = cells["jit"] / cells["torch"]
            means.append(ratio)
            rows.append([name, call, *(f"{cells[side]:.3f}" for side in SIDES), f"{ratio:.2f}"])
    rows.append(["geometric mean", "", "", "", "", f"{statistics.geometric_mean(means):.2f}"])
    heads = ["layer", "pass", "K, jit=True", "K", "torch by hand", "jit / torch"]
    return printed("Kernels compiled by numba on NumPy arrays, milliseconds, 2 threads", heads, rows)


def _layers(torch: Any, xp: Any) -> Iterator[tuple[str, dict[str, Calls]]]:
    """The name of each layer, and the calls of every side by pass."""
    for case in pooling.CASES:
        x = drawn(*case.x)
        y = K.pool2d(x, case.window, case.stride, case.padding, pool_mode=case.mode)
        g = drawn(*y.shape)
        by_hand = pooling.by_hand(torch, case, torch.from_numpy(x), torch.from_numpy(g))
        yield str(case), _sides(lambda of, case=case, x=x, g=g: _pool(of, case, x, g), by_hand, xp)
    for case in convolution.CASES:
        if case.kernel[0] > 1:
            x, kernel = drawn(*case.x), drawn(*case.kernel)
            of = K.depthwise_conv2d if case.depthwise else K.conv2d
            g = drawn(*of(x, kernel, (case.stride,) * 2, case.padding).shape)
            by_hand = convolution.by_hand(torch, case, *map(torch.from_numpy, (x, kernel, g)))
            yield (
                str(case),
                _sides(lambda of, case=case, x=x, kernel=kernel, g=g: _convolve(of, case, x, kernel, g), by_hand, xp),
            )
    for batch in (1, 32, 128):
        yield f"LSTM 50 steps, 64 units, batch {batch}", _recurrent(torch, batch, "LSTM", K.lstm, (256,))
    for batch in (1, 32, 128):
        how = functools.partial(K.gru, reset_after=True)
        yield f"GRU 50 steps, 64 units, batch {batch}", _recurrent(torch, batch, "GRU", how, (2, 192))
    yield "embedding 10000x128, 32x64 indices", _embedding(torch, xp)


def _sides(calls: Callable[[Callable[[str], Any]], Calls], by_hand: Calls, xp: Any) -> dict[str, Calls]:
    kernels = compiled_kernels_of(xp)
    jit = calls(lambda name: COMPOSITES[name].compiled(xp, kernels))
    return {"jit": jit, "no jit": calls(COMPOSITES.__getitem__), "torch": {name: by_hand[name] for name in jit}}


def _pool(of: Callable[[str], Any], case: Any, x: Any, g: Any) -> Calls:
    how: dict[str, Any] = {"window": (case.window,) * 2, "strides": (case.stride,) * 2, "padding": case.padding}
    if case.mode == "avg":
        forward, back = of("average_pool"), of("average_pool_gradient")
        return {"forward": lambda: forward(x, **how), "gradient": lambda: back(g, size=case.x[1:3], **how)}
    forward, back = of("max_pool"), of("max_pool_gradient")
    kept = forward(x, **how, residuals=True)[1]
    return {
        "forward": lambda: forward(x, **how),
        "gradient": lambda: back(g, x, kept, **how),
        "training": lambda: back(g, x, forward(x, **how, residuals=True)[1], **how),
    }


def _convolve(of: Callable[[str], Any], case: Any, x: Any, kernel: Any, g: Any) -> Calls:
    how: dict[str, Any] = {"strides": (case.stride,) * 2, "padding": case.padding, "dilation": (1, 1)}
    how["depthwise"] = case.depthwise
    forward = of("convolution")
    to_x, to_kernel = of("convolution_input_gradient"), of("convolution_kernel_gradient")
    return {
        "forward": lambda: forward(x, kernel, **how),
        "input gradient": lambda: to_x(g, kernel, size=case.x[1:3], **how),
        "kernel gradient": lambda: to_kernel(x, g, window=case.kernel[:2], **how),
    }


def _recurrent(torch: Any, batch: int, name: str, cell: Callable[..., Any], bias: tuple[int, ...]) -> dict[str, Calls]:
    """Inference, and the last output's gradients with respect to the weights."""
    value, g = drawn(batch, 50, 64), drawn(batch, 64)
    weights = [K.variable(0.1 * drawn(*shape)) for shape in ((64, bias[-1]), (64, bias[-1]), bias)]
    x, sides = K.placeholder((batch, 50, 64)), {}
    last = cell(x, *weights)[0]
    gradients = K.gradients(K.sum(last * K.constant(g)), weights)
    for side in ("jit", "no jit"):
        forward, training = (K.function([x], outputs, jit=side == "jit") for outputs in ([last], gradients))
        sides[side] = {
            "inference": lambda forward=forward: forward([value]),
            "gradients of the weights": lambda training=training: training([value]),
        }
    layer, given, back = getattr(torch.nn, name)(64, 64, batch_first=True), *map(torch.from_numpy, (value, g))
    layer.bias_hh_l0.requires_grad_(len(bias) > 1)
    learned = [p for p in layer.parameters() if p.requires_grad]

    def inference() -> Any:
        with torch.no_grad():
            return layer(given)[0][:, -1]

    sides["torch"] = {
        "inference": inference,
        "gradients of the weights": lambda: torch.autograd.grad(layer(given)[0][:, -1], learned, back),
    }
    return sides


def _embedding(torch: Any, xp: Any) -> dict[str, Calls]:
    table, g = drawn(10000, 128), drawn(32, 64, 128)
    places = np.random.default_rng(0).integers(0, 10000, (32, 64))
    of, back, at = map(torch.from_numpy, (table, g, places))

    def calls(of: Callable[[str], Any]) -> Calls:
        gather, scatter = of("gather_rows"), of("scatter_add_rows")
        return {"forward": lambda: gather(table, places), "gradient": lambda: scatter(g, places, count=10000)}

    by_hand: Calls = {
        "forward": lambda: torch.nn.functional.embedding(at, of),
        "gradient": lambda: torch.ops.aten.embedding_dense_backward(back, at, 10000, -1, False),
    }
    return _sides(calls, by_hand, xp)
