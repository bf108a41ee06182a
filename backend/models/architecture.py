"""The calls of a network without its tensors, from which it is made again: for copies, pickles and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import backend as K
from backend.api.streams import Stream, collected_streams, new_counter

from .layer import Call, Input, InputLayer, Layer, as_list, layer_from, single

__all__ = ["Architecture", "architecture_from", "architecture_of", "connected", "described_architecture"]

Place = tuple[int, int]  # a call, the inputs first, and one of its outputs


class Architecture(NamedTuple):
    """Inputs as (name, shape, dtype); layers; calls as (layer, places of inputs, streams); places of the outputs."""

    inputs: list[tuple[str, Any, str]]
    layers: list[Layer]
    calls: list[tuple[int, list[Place], list[Stream]]]
    outputs: list[Place]


def architecture_of(inputs: Sequence[Any], outputs: Sequence[Any], calls: Sequence[Call]) -> Architecture:
    """The architecture of a network: its tensors by the calls that they come from."""
    places = {id(t): (k, 0) for k, t in enumerate(inputs)}
    specs = [(_label(t), K.int_shape(t), str(K.dtype(t))) for t in inputs]
    layers: list[Layer] = []
    found: list[tuple[int, list[Place], list[Stream]]] = []
    for call in calls:
        if isinstance(call.layer, InputLayer):
            continue
        if not any(call.layer is layer for layer in layers):
            layers.append(call.layer)
        number = next(i for i, layer in enumerate(layers) if layer is call.layer)
        places.update((id(t), (len(inputs) + len(found), k)) for k, t in enumerate(call.outputs) if id(t) not in places)
        found.append((number, [places[id(t)] for t in call.inputs], call.streams))
    return Architecture(specs, layers, found, [places[id(t)] for t in outputs])


def _label(t: Any) -> str:
    layer = t._keras_history.layer  # noqa: SLF001 - Keras's name, which K's own layers set
    return layer.name if isinstance(layer, InputLayer) else t.name


def connected(given: Architecture) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs, made by calling the layers again, each with the streams of its call."""
    weights = [w for layer in given.layers for w in layer.weights]
    with K.use_backend(weights[0].backend if weights else K.get_backend()):
        made = [[Input(batch_shape=tuple(shape), dtype=dtype, name=name)] for name, shape, dtype in given.inputs]
        inputs = [outputs[0] for outputs in made]
        for layer, places, streams in given.calls:
            with collected_streams(streams):
                made.append(as_list(given.layers[layer](single([made[call][k] for call, k in places]))))
    return inputs, [made[call][k] for call, k in given.outputs]


def described_architecture(given: Architecture) -> dict[str, Any]:
    """The architecture as JSON has it; of streams the seeds alone."""
    return {
        "inputs": [{"name": name, "shape": list(shape), "dtype": dtype} for name, shape, dtype in given.inputs],
        "layers": [layer.describe() for layer in given.layers],
        "calls": [
            {"layer": layer, "inputs": [list(p) for p in places], "seeds": [int(s.seed) for s in streams]}
            for layer, places, streams in given.calls
        ],
        "outputs": [list(place) for place in given.outputs],
    }


def architecture_from(described: Mapping[str, Any], counts: Sequence[int] = ()) -> Architecture:
    """What `described_architecture` described, with layers without weights; `counts` are the draws of each stream."""
    left = iter(counts)
    return Architecture(
        [(each["name"], tuple(each["shape"]), each["dtype"]) for each in described["inputs"]],
        [layer_from(each) for each in described["layers"]],
        [
            (
                call["layer"],
                [(place[0], place[1]) for place in call["inputs"]],
                [Stream(seed, new_counter(next(left, 0))) for seed in call["seeds"]],
            )
            for call in described["calls"]
        ],
        [(place[0], place[1]) for place in described["outputs"]],
    )
