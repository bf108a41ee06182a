"""The objective of a model: a target for each output, its loss and metrics, all as symbolic tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import backend as K

from .layer import as_list, mask_of
from .lookup import named
from .losses import LOSSES, METRICS, accuracy, sparse_categorical_crossentropy

__all__ = ["Objective", "loss_functions", "metric_functions", "per_output"]

ACCURACIES = {"accuracy": accuracy, "acc": accuracy}  # the loss and the output decide which accuracy


class Objective:
    """The total loss, and for reports its parts and the metrics, each as a mean over a batch and its weight.

    With `weighted` there is a placeholder for the weights of samples beside each target: they multiply the losses, and
    count in the means of `weighted_metrics`.
    """

    def __init__(
        self,
        outputs: list[Any],
        names: list[str],
        losses: list[Any],
        metrics: list[list[Any]],
        loss_weights: list[float],
        weighted_metrics: list[list[Any]],
        weighted: bool,
    ) -> None:
        self.targets = [_target(t, name, loss) for t, name, loss in zip(outputs, names, losses, strict=True)]
        self.losses, self.outputs = losses, outputs
        samples = K.cast(K.shape(outputs[0])[0], "float32")
        values = [loss(y, p) for loss, y, p in zip(losses, self.targets, outputs, strict=True)]
        self.sample_weights = [
            K.placeholder((None,) * v.ndim, dtype=K.dtype(v), name=f"{name}_sample_weight") if weighted else None
            for v, name in zip(values, names, strict=True)
        ]
        parts = [_mean(v, mask_of(p), w) for v, p, w in zip(values, outputs, self.sample_weights, strict=True)]
        terms = [part if w == 1 else part * w for part, w in zip(parts, loss_weights, strict=True)]
        self.loss = sum(terms[1:], terms[0])
        found = {"loss": (self.loss, samples)}
        if len(outputs) > 1:
            found |= {f"{name}_loss": (part, samples) for name, part in zip(names, parts, strict=True)}
        for i, (output, name, y, loss) in enumerate(zip(outputs, names, self.targets, losses, strict=True)):
            plain, by_weight = as_list(metrics[i]), as_list(weighted_metrics[i])
            for place, metric in enumerate([*plain, *by_weight]):
                function = named("metric", metric, METRICS | dict.fromkeys(ACCURACIES, accuracy(loss, output)))
                label = metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
                label = label if len(outputs) == 1 else f"{name}_{label}"
                if place >= len(plain) and label in found:
                    label = f"weighted_{label}"
                weights = self.sample_weights[i] if place >= len(plain) else None
                found[label] = _weighed(function(y, output), mask_of(output), weights)
        self.names = list(found)
        self.means = K.stack([K.cast(mean, "float32") for mean, _ in found.values()])
        self.weights = K.stack([weight for _, weight in found.values()])


def loss_functions(given: Any) -> Any:
    """The losses with names replaced by functions, in the structure they came in."""
    if isinstance(given, Mapping):
        return {name: named("loss", loss, LOSSES) for name, loss in given.items()}
    if isinstance(given, (list, tuple)):
        return [named("loss", loss, LOSSES) for loss in given]
    return named("loss", given, LOSSES)


def metric_functions(given: Any) -> Any:
    """The metrics as one list for all outputs, a list for each, or a dictionary of lists; their names are known."""
    if isinstance(given, Mapping):
        return {name: metric_functions(as_list(some)) for name, some in given.items()}
    for metric in given or ():
        if isinstance(metric, (list, tuple)):
            metric_functions(metric)
        else:
            named("metric", metric, METRICS | ACCURACIES)
    return list(given or ())


def per_output(argument: str, given: Any, names: list[str], default: Any = None) -> list[Any]:
    """One entry for each output, of a list, a dictionary by the outputs' names, or one entry for all."""
    if isinstance(given, Mapping):
        if unknown := sorted(set(given) - set(names)):
            raise ValueError(f"compile: {argument} names {unknown[0]!r}, the outputs are {', '.join(names)}")
        return [given.get(name, default) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(
                f"compile: {argument} has {len(given)} entries, there are {len(names)} outputs ({', '.join(names)})"
            )
        return list(given)
    return [default if given is None else given] * len(names)


def _target(output: Any, name: str, loss: Any) -> Any:
    """The placeholder for an output's target; a user's own loss may use any target."""
    shape = output.shape
    if loss is sparse_categorical_crossentropy:
        shape = (*shape[:-1], 1)
    elif loss not in LOSSES.values():
        shape = (None,) * len(shape)
    return K.placeholder(shape, dtype=K.dtype(output), name=f"{name}_target")


def _mean(values: Any, mask: Any, weights: Any = None) -> Any:
    """The mean over all samples and time steps, with absent ones counted as 0, each times its weight."""
    values = values if mask is None else values * _shaped(mask, values)
    return K.mean(values if weights is None else values * weights)


def _weighed(values: Any, mask: Any, weights: Any = None) -> tuple[Any, Any]:
    """The mean over the values present, by their weights, and the sum of these."""
    if mask is None and weights is None:
        return K.mean(values), K.cast(K.size(values), "float32")
    each = K.cast(K.ones_like(values) if mask is None else _shaped(mask, values), "float32")
    if weights is not None:
        given = K.cast(weights, "float32")
        for _ in range(values.ndim - given.ndim):
            given = K.expand_dims(given)
        each = each * given
    count = K.sum(each)
    present = K.switch(count > 0, count, K.ones_like(count))
    return K.sum(K.cast(values, "float32") * each) / present, count


def _shaped(mask: Any, values: Any) -> Any:
    """The mask as numbers, one for each value."""
    mask = K.cast(mask, K.dtype(values))
    for _ in range(values.ndim - mask.ndim):
        mask = K.expand_dims(mask)
    return mask * K.ones_like(values)
