"""The arrays that a model is given: samples, targets and weights, checked before any work is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import backend as K

__all__ = ["batches", "matched", "same_length", "unwrapped", "weights_of"]


def matched(asker: str, kind: str, tensors: list[Any], names: list[str], given: Any) -> list[Any]:
    """An array for each placeholder, out of one array, a list of them, or a dictionary by name."""
    if isinstance(given, Mapping):
        if missing := [name for name in names if name not in given]:
            raise ValueError(f"{asker}: no array for {kind} {missing[0]!r}; got {', '.join(map(str, given))}")
        given = [given[name] for name in names]
    elif len(tensors) == 1:
        given = [unwrapped(given)]
    if not isinstance(given, (list, tuple)) or len(given) != len(tensors):
        got = f"{len(given)} arrays" if isinstance(given, (list, tuple)) else type(given).__name__
        raise ValueError(f"{asker}: got {got} for {len(tensors)} {kind}s ({', '.join(names)})")
    return [_array(asker, f"{kind} {name!r}", t, a) for t, name, a in zip(tensors, names, given, strict=True)]


def unwrapped(given: Any) -> Any:
    """An array given as a list of that one array; a list of numbers or lists is an array itself."""
    if isinstance(given, (list, tuple)) and len(given) == 1 and hasattr(given[0], "shape"):
        return given[0]
    return given


def _array(asker: str, what: str, tensor: Any, given: Any) -> Any:
    if given is None:
        raise ValueError(f"{asker}: {what} is None; expected an array")
    array, expected = np.asarray(K.eval(given)), tensor.shape
    if array.ndim == 1 and len(expected) == 2:
        array = array[:, None]  # numbers are vectors of one
    if array.ndim != len(expected) or any(e not in (None, n) for e, n in zip(expected, array.shape, strict=True)):
        hint = (
            "; for integer labels there is the loss sparse_categorical_crossentropy"
            if what.startswith("target") and array.shape[1:] == (1,)
            else ""
        )
        raise ValueError(f"{asker}: {what} has shape {np.shape(given)}, expected {expected}{hint}")
    return array.astype(K.dtype(tensor), copy=False)


def same_length(asker: str, arrays: list[Any]) -> None:
    """ValueError unless all arrays hold as many samples, and some."""
    counts = {len(a) for a in arrays}
    if len(counts) > 1:
        raise ValueError(
            f"{asker}: the arrays hold {', '.join(str(len(a)) for a in arrays)} samples; expected as many in each"
        )
    if counts == {0}:
        raise ValueError(f"{asker}: there are no samples")


def batches(order: Any, batch_size: int | None) -> Iterator[Any]:
    """Indices of samples, batch by batch."""
    size = 32 if batch_size is None else batch_size
    if size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1")
    return (order[i : i + size] for i in range(0, len(order), size))


# ---- weights of samples


def weights_of(
    asker: str, tensors: list[Any], names: list[str], targets: list[Any], sample_weight: Any, class_weight: Any
) -> list[Any]:
    """An array of weights for each output, of the rank of its losses: those of samples times those of classes."""
    each = _per_output(asker, "sample_weight", sample_weight, names)
    classes = _per_output(asker, "class_weight", class_weight, names, by_class=True)
    found = []
    for t, name, y, given, of_class in zip(tensors, names, targets, each, classes, strict=True):
        weights = np.ones(len(y)) if given is None else np.asarray(K.eval(given), dtype="float64")
        if weights.ndim == 0 or weights.ndim > len(t.shape) or weights.shape != y.shape[: weights.ndim]:
            if weights.ndim == 2 and weights.shape == (len(y), 1):
                weights = weights[:, 0]
            else:
                raise ValueError(
                    f"{asker}: sample_weight of output {name!r} has shape {weights.shape}, expected {y.shape[:1]}"
                    + (f" or {y.shape[: len(t.shape)]}" if len(t.shape) > 1 else "")
                )
        if of_class is not None:
            own = _by_class(asker, name, y, of_class)
            weights = weights * own.reshape(own.shape + (1,) * (weights.ndim - 1))
        weights = weights.reshape(weights.shape + (1,) * (len(t.shape) - weights.ndim))
        found.append(weights.astype(K.dtype(t)))
    return found


def _per_output(asker: str, argument: str, given: Any, names: list[str], by_class: bool = False) -> list[Any]:
    """One entry for each output; for one output, what was given."""
    if given is None:
        return [None] * len(names)
    if isinstance(given, Mapping) and not (by_class and not any(name in given for name in names)):
        if unknown := [name for name in given if name not in names]:
            raise ValueError(f"{asker}: {argument} names {unknown[0]!r}, the outputs are {', '.join(names)}")
        return [given.get(name) for name in names]
    if len(names) == 1:
        return [given if by_class else unwrapped(given)]
    if not isinstance(given, (list, tuple)) or len(given) != len(names):
        raise ValueError(
            f"{asker}: {argument} is {type(given).__name__}; expected one for each of {len(names)} outputs, as "
            f"a list or a dictionary by their names ({', '.join(names)})"
        )
    return list(given)


def _by_class(asker: str, name: str, y: Any, of_class: Any) -> Any:
    """The weight of each sample by its class: an integer, or the largest of one-hot numbers."""
    if not isinstance(of_class, Mapping):
        raise TypeError(
            f"{asker}: class_weight is {type(of_class).__name__}, expected a dictionary of class and weight"
        )
    if y.ndim > 2:
        raise ValueError(
            f"{asker}: class_weight of output {name!r}: its target has shape {y.shape}, expected one class for "
            "each sample"
        )
    classes = np.argmax(y, axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    distinct, places = np.unique(classes, return_inverse=True)
    missing = [c for c in distinct.tolist() if c not in of_class]
    if missing:
        raise ValueError(
            f"{asker}: class_weight of output {name!r} has no weight for class {missing[0]:g}; it has "
            f"{', '.join(map(str, of_class))}"
        )
    return np.asarray([float(of_class[c]) for c in distinct.tolist()])[places.reshape(-1)]
