"""Operations under the function transformations of a library: torch.func's, JAX's, TensorFlow's."""

from __future__ import annotations

from typing import Any

from backend.arrays.namespaces import is_array

from ..examples import Example, beside
from ..judging.failures import Failure, compare
from ..subjects.operations import Namespace, eager, expected
from .gradients import contraction, loosened, wanted_gradients

__all__ = ["TRANSFORMED", "transparent"]


def transparent(on: Namespace, example: Example) -> float | None:
    """The library's own transformations accept the operation and give the expected results."""
    if not _wanted(on, example) or not example.floats:
        return None
    gradients = wanted_gradients(example, on.library) if example.differentiated else None
    return TRANSFORMED[on.library](on, example, gradients)


def _arrays_of(on: Namespace, example: Example, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(r for r in eager(on, example, list(arrays)) if is_array(r))


def _wanted(on: Namespace, example: Example) -> list[Any]:
    return [e for e in expected(example, on.library) if hasattr(e, "bound")]


def _through_torch(on: Namespace, example: Example, gradients: Any) -> float | None:
    """torch.func.vmap over a new leading axis gives each example's results; torch.func.grad gives K's gradients."""
    import torch

    pair = [example, beside(example)]
    columns = list(zip(*(on.arrays(e) for e in pair), strict=True))
    stacked = [torch.stack(c) if i in example.floats else c[0] for i, c in enumerate(columns)]
    axes = tuple(0 if i in example.floats else None for i in range(len(stacked)))
    results = torch.func.vmap(lambda *arrays: _arrays_of(on, example, arrays), in_dims=axes)(*stacked)
    worst = 0.0
    for k, each in enumerate(pair):
        worst = max(worst, _compared("torch.func.vmap", on, _wanted(on, each), [r[k] for r in results]))
    if gradients is not None:

        def loss(*arrays: Any) -> Any:
            return contraction(_arrays_of(on, example, arrays), on.array)

        found = torch.func.grad(loss, argnums=tuple(example.differentiated))(*on.arrays(example))
        _compared("torch.func.grad", on, loosened(gradients), list(found))
    return worst


def _through_jax(on: Namespace, example: Example, gradients: Any) -> float | None:
    """jax.jit agrees with eager evaluation within the bound; jax.grad gives K's gradients."""
    import jax

    def run(*arrays: Any) -> Any:
        results = _arrays_of(on, example, arrays)
        return contraction(results, on.array), results

    if gradients is None:
        return _compared("jax.jit", on, _wanted(on, example), list(jax.jit(run)(*on.arrays(example))[1]))
    # one compilation for both: the values are an auxiliary output
    both = jax.jit(jax.grad(run, argnums=tuple(example.differentiated), has_aux=True))
    found, results = both(*on.arrays(example))
    worst = _compared("jax.jit", on, _wanted(on, example), list(results))
    _compared("jax.grad", on, loosened(gradients), list(found))
    return worst


def _through_tensorflow(on: Namespace, example: Example, gradients: Any) -> float | None:
    """tf.function agrees with eager evaluation within the bound; tf.GradientTape gives K's gradients."""
    import tensorflow as tf

    @tf.function(autograph=False)  # it would rewrite the code of this tool
    def run(*arrays: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([arrays[i] for i in example.differentiated])
            results = _arrays_of(on, example, arrays)
            loss = None if gradients is None else contraction(results, on.array)
        zero = tf.UnconnectedGradients.ZERO
        slopes = () if loss is None else tape.gradient(loss, [arrays[i] for i in example.differentiated], None, zero)
        return results, [tf.convert_to_tensor(slope) for slope in slopes]  # that of a gather is IndexedSlices

    results, found = run(*on.arrays(example))
    worst = _compared("tf.function", on, _wanted(on, example), list(results))
    if gradients is not None:
        _compared("tf.GradientTape", on, loosened(gradients), list(found))
    return worst


def _compared(transformation: str, on: Namespace, wanted: list[Any], results: list[Any]) -> float:
    try:
        return compare(wanted, results, on.dtypes)
    except Failure as failure:
        failure.kind = f"{transformation} {failure.kind}"
        failure.message = f"{transformation}: {failure.message}"
        raise


TRANSFORMED = {"torch": _through_torch, "jax": _through_jax, "tensorflow": _through_tensorflow}
