"""Gradients of a nonlinear contraction: K's rules against finite differences, error bounds and torch's autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import backend as K
from backend.arrays.dtypes import dtype_name, is_float
from backend.arrays.namespaces import array_namespace, is_array

from ..examples import Example
from ..judging.bounds import EPS, Expected, analysing
from ..judging.failures import Failure, compare
from ..kept import graphs_of
from ..subjects.operations import (
    Namespace,
    analysed,
    as_expected,
    compiled,
    eager,
    expected,
    namespace,
    placeholders,
    recorded,
    symbolic,
)

__all__ = [
    "check_differences",
    "contraction",
    "gradient",
    "gradient_graph",
    "kinks",
    "loosened",
    "second",
    "second_graph",
    "unknown_gradient",
    "wanted_gradients",
]

# Of the central differences, which are taken at a step and at half of it; of thousands of elements some lie so near a
# kink that only the second one is small enough.
STEPS = (1e-4, 1e-6)
SLIGHT = 1e-8  # a slope that is none: what a clip at 1 - epsilon leaves of a probability of 1


def weights(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Fixed numbers of either sign and no pattern."""
    count = int(np.prod(shape))
    return np.cos(1.7 * np.arange(count) + 0.5).reshape(shape).astype(dtype)


def contraction(
    results: Sequence[Any],
    array: Callable[[Any], Any],
    weight_of: Callable[[Any], Any] = lambda out: weights(tuple(out.shape), dtype_name(out.dtype)),
) -> Any:
    """The sum of sin(result * weight) over all floating results, or None where there are none."""
    total = None
    for out in results:
        if is_array(out) and is_float(dtype_name(out.dtype)):
            xp = array_namespace(out)
            term = xp.sum(xp.sin(xp.multiply(out, array(weight_of(out)))))
            total = term if total is None else total + term
    return total


def gradient(on: Namespace, example: Example) -> float | None:
    """The gradient is that of the rules in float64, which agree with finite differences and with torch's autograd."""
    wanted = wanted_gradients(example, on.library) if example.differentiated else None
    if wanted is None:
        return None
    check_differences(example)
    inputs, found = gradient_graph(example)
    arrays = on.arrays(example)
    results = compiled(on, inputs, [g for g in found if g is not None], arrays)
    worst = compare([w for w, g in zip(wanted, found, strict=True) if g is not None], results)
    if on.library == "torch" and example.dtype == "float64":
        check_autograd(on, example, wanted)
    return worst


def gradient_graph(example: Example) -> tuple[list[Any], list[Any]]:
    """The placeholders, and the gradient for each differentiated one; None where nothing leads there."""

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        loss = contraction(symbolic(example, inputs), lambda w: w)
        targets = [inputs[i] for i in example.differentiated]
        return inputs, [None] * len(targets) if loss is None else K.gradients(loss, targets)

    return recorded(example.graphs, "gradients", record)


def unknown_gradient(on: Namespace, example: Example) -> float:
    """The gradient through a graph of unknown sizes is that of a graph of known ones."""
    wanted = wanted_gradients(example, on.library) if example.differentiated else None
    if wanted is None:
        return 0.0

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example, example.unknown)
        softmax_: list[Any] = []  # the weights are fed, too: their sizes are those of the results

        def fed(weight: Any) -> Any:
            softmax_.append(weight)
            return weight

        results = symbolic(example, inputs)
        loss = contraction(results, fed, lambda out: K.Placeholder((None,) * out.ndim, out.dtype))
        return [*inputs, *softmax_], K.gradients(loss, [inputs[i] for i in example.differentiated])

    inputs, found = recorded(graphs_of(example.case), ("unknown gradients", example.call_key, example.dtype), record)
    values = [e.value for e in expected(example, on.library) if isinstance(e, Expected) and e.dtype in EPS]
    names = [e.dtype for e in expected(example, on.library) if isinstance(e, Expected) and e.dtype in EPS]
    arrays = [*on.arrays(example), *(on.array(weights(v.shape, n)) for v, n in zip(values, names, strict=True))]
    results = compiled(on, inputs, [g for g in found if g is not None], arrays)
    return compare([w for w, g in zip(wanted, found, strict=True) if g is not None], results, on.dtypes)


def wanted_gradients(example: Example, library: str = "") -> list[Expected] | None:
    """The gradients with their error bounds; None where the operation gives nothing to differentiate."""
    key = ("wanted gradients", library if library == "jax" else "")
    if key not in example.cache:
        inputs, found = gradient_graph(example)
        values = [e.value for e in expected(example) if isinstance(e, Expected) and e.dtype in EPS]
        if not values or not all(np.all(np.isfinite(v)) for v in values):
            example.cache[key] = None
        else:
            with analysing(library):
                results = iter(analysed(inputs, [g for g in found if g is not None], example.values))
            example.cache[key] = [
                _zeros(example.values[i]) if g is None else as_expected(next(results))
                for i, g in zip(example.differentiated, found, strict=True)
            ]
    return example.cache[key]


def _zeros(value: np.ndarray) -> Expected:
    return Expected(np.zeros(value.shape), np.zeros(value.shape), value.dtype.name)


def check_differences(example: Example) -> None:
    """The gradient against central differences of the contracted results, in float64 on NumPy alone."""

    def loss(values: list[np.ndarray]) -> float:
        return float(contraction(eager(namespace("numpy"), example, values), np.asarray))

    if "differences" not in example.cache:
        _check_slopes(example, loss, wanted_gradients(example) or (), _noise(expected(example)), "the gradient's rule")
        example.cache["differences"] = True


def _check_slopes(
    example: Example,
    loss: Callable[[list[np.ndarray]], float],
    wanted: Sequence[Expected],
    noise: float,
    whose: str,
    steps: Sequence[float] = STEPS,
) -> None:
    """The slopes that gradients give along two random directions against central differences of a loss."""
    step, *finer = steps
    values = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in example.values]

    def moved(i: int, v: np.ndarray) -> float:
        return loss([w + v if k == i else w.copy() for k, w in enumerate(values)])

    for i, g in zip(example.differentiated, wanted, strict=True):
        for k in range(2):
            v = np.random.default_rng([i, k]).normal(size=values[i].shape)
            coarse, fine = ((moved(i, h * v) - moved(i, -h * v)) / (2 * h) for h in (step, step / 2))
            slope, known = (4 * fine - coarse) / 3, float(np.sum(g.value * v))
            # the change with the step bounds what Richardson's extrapolation leaves
            allowed = (
                abs(fine - coarse)
                + noise / step
                + SLIGHT
                + float(np.sum(np.where(np.isfinite(g.bound), g.bound, 0) * np.abs(v)))
            )
            error = abs(slope - known)
            if not error <= allowed and np.all(np.isfinite(g.bound)):
                if finer:
                    _check_slopes(example, loss, wanted, noise, whose, finer)
                    return
                raise Failure(
                    "finite differences",
                    f"argument {i}: {whose} gives the slope {known!r}, "
                    f"central differences give {slope!r}; error {error:.3g}, allowed {allowed:.3g}",
                    slope,
                    known,
                    error,
                    allowed,
                    i,
                )


def _noise(wanted: Sequence[Any]) -> float:
    """What rounding in float64 may do to a central difference of a contraction of these, times its step."""
    total = 0.0
    for want in wanted:
        if isinstance(want, Expected) and want.dtype in EPS:
            bound = 0.0 if want.bound is None else np.where(np.isfinite(want.bound), want.bound, 0.0)
            scale = EPS["float64"] / EPS[want.dtype]
            total += float(np.sum(bound * scale + 4 * EPS["float64"] * (1 + np.abs(want.value))))
    return 8 * total


# ---- second derivatives


def second(on: Namespace, example: Example) -> float | None:
    """The gradient of contracted gradients is that of the rules in float64, which agrees with finite differences."""
    better = "float64" in example.case.dtypes and "float64" in on.dtypes
    if example.dtype == "float32" and better:
        return None  # one dtype is enough: the rules are those of the first derivative
    wanted = _wanted_second(example) if example.differentiated else None
    if wanted is None:
        return None
    inputs, found = second_graph(example)
    results = compiled(on, inputs, [g for g in found if g is not None], on.arrays(example))
    return compare([w for w, g in zip(wanted, found, strict=True) if g is not None], results)


def second_graph(example: Example) -> tuple[list[Any], list[Any]]:
    """The placeholders, and the gradient of the contracted gradients for each differentiated one, or None."""

    def record() -> tuple[list[Any], list[Any]]:
        inputs, first = gradient_graph(example)
        loss = contraction([g for g in first if g is not None], lambda w: w)
        targets = [inputs[i] for i in example.differentiated]
        return inputs, [None] * len(targets) if loss is None else K.gradients(loss, targets)

    return recorded(example.graphs, "second gradients", record)


def _wanted_second(example: Example) -> list[Expected] | None:
    """The second derivatives with their error bounds, checked by differences of the first."""
    if "wanted second" in example.cache:
        return example.cache["wanted second"]
    first, wanted = wanted_gradients(example), None
    if first is not None and all(np.all(np.isfinite(w.value)) for w in first):
        inputs, found = second_graph(example)
        results = iter(analysed(inputs, [g for g in found if g is not None], example.values))
        wanted = [
            _zeros(example.values[i]) if g is None else as_expected(next(results))
            for i, g in zip(example.differentiated, found, strict=True)
        ]
        _check_second(example, first, wanted)
    example.cache["wanted second"] = wanted
    return wanted


def _check_second(example: Example, first: list[Expected], wanted: list[Expected]) -> None:
    wide = example.widened()
    inputs, slopes = gradient_graph(wide)
    slopes = [g for g in slopes if g is not None]

    def loss(values: list[np.ndarray]) -> float:
        return float(contraction(compiled(namespace("numpy"), inputs, slopes, values), np.asarray))

    if slopes:
        _check_slopes(wide, loss, wanted, _noise(first), "the gradient of the gradient's rule")


def kinks(on: Namespace, example: Example) -> float | None:
    """Where a gradient is a decision, it is the one that the case gives."""
    case = example.case
    wanted = next((want for each, want in case.kinks if each is example.call), None)
    if wanted is None:
        return None
    inputs = placeholders(example)
    floats = [r for r in symbolic(example, inputs) if is_array(r) and is_float(dtype_name(r.dtype))]
    places = case.gradient or example.floats
    targets, dtypes = [inputs[i] for i in places], [example.values[i].dtype.name for i in places]
    found = K.gradients(K.sum(K.stack([K.sum(r) for r in floats])), targets) if floats else [None] * len(targets)
    if [g is None for g in found] != [w is None for w in wanted]:
        raise Failure("no gradient", f"gradients {found!r}, expected {wanted!r}", list(wanted), found)
    bounds = [
        Expected(w.astype(np.float64), 8 * EPS[dtype] * np.abs(w), dtype)
        for w, dtype in zip(wanted, dtypes, strict=True)
        if w is not None
    ]
    results = compiled(on, inputs, [g for g in found if g is not None], on.arrays(example))
    return compare(bounds, results, on.dtypes)


def loosened(wanted: list[Expected]) -> list[Expected]:
    """Bounds for the same mathematics by rules other than ours: float32's precision, by the largest element.

    Those rules may form intermediate results that ours do not, so our bounds do not bind them.
    """
    result = []
    for want in wanted:
        scale = max(1.0, EPS["float32"] / EPS[want.dtype])
        largest = float(np.max(np.abs(want.value), initial=0.0))
        floor = 16 * EPS[want.dtype] * scale * largest
        result.append(Expected(want.value, 8 * scale * np.asarray(want.bound) + floor + 1e-30, want.dtype))
    return result


def check_autograd(on: Namespace, example: Example, wanted: list[Expected]) -> None:
    """torch's own gradient of the eager operation is the same."""
    import torch

    arrays = on.arrays(example)
    targets = [arrays[i].requires_grad_() for i in example.differentiated]
    loss = contraction(eager(on, example, arrays), on.array)
    if not loss.requires_grad:
        found: Any = [None] * len(targets)
    else:
        found = torch.autograd.grad(loss, targets, allow_unused=True)
    results = [torch.zeros_like(t) if g is None else g for t, g in zip(targets, found, strict=True)]
    try:
        compare(loosened(wanted), results)
    except Failure as failure:
        failure.kind = f"torch.autograd {failure.kind}"
        failure.message = f"torch.autograd through the operation: {failure.message}"
        raise
