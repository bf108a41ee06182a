"""Models: arrays and their names as ONNX's protocol buffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import spox
import spox.opset.ai.onnx.v21 as op

from .values import fixed, of_onnx

__all__ = ["initializer", "model"]


def initializer(value: np.ndarray[Any, Any], name: str = "") -> Any:
    """A constant that a file holds as an initializer, under a name where one is given."""
    var = fixed(value)
    if name:
        var._rename(name)  # noqa: SLF001 - spox names its inputs so
    return of_onnx(var)


def model(inputs: dict[str, Any], outputs: dict[str, Any], sizes: dict[str, Sequence[int | str | None]]) -> Any:
    """The ONNX model of outputs by name, its constants as initializers.

    `sizes` are those known of outputs: numbers, or names of axes of inputs. ONNX infers less.
    """
    given = {name: x.unwrap_spox() for name, x in inputs.items()}
    sources = {id(var) for var in given.values()}
    results = {name: x.unwrap_spox() for name, x in outputs.items()}
    results = {name: op.identity(var) if id(var) in sources else var for name, var in results.items()}
    made = spox.build(given, results)
    _without_renamings(made.graph)
    constants = [node for node in made.graph.node if node.op_type == "Constant"]
    for node in constants:
        tensor = onnx.TensorProto()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        made.graph.initializer.append(tensor)
        made.graph.node.remove(node)
    for output in made.graph.output:
        for axis, size in zip(output.type.tensor_type.shape.dim, sizes.get(output.name, ()), strict=False):
            if size is not None:
                setattr(axis, "dim_param" if isinstance(size, str) else "dim_value", size)
    made.producer_name = "array-api-backend"
    _without_defaults(made.graph, {entry.domain: entry.version for entry in made.opset_import})
    return made


def _without_defaults(graph: Any, versions: dict[str, int]) -> None:
    """Leave out attributes that have their default: spox writes all, also those that an older opset lacks."""
    for node in graph.node:
        known = onnx.defs.get_schema(node.op_type, versions[node.domain], node.domain).attributes
        for attribute in list(node.attribute):
            default = known[attribute.name].default_value
            if default.type and onnx.helper.get_attribute_value(attribute) == onnx.helper.get_attribute_value(default):
                node.attribute.remove(attribute)
            elif attribute.HasField("g"):
                _without_defaults(attribute.g, versions)


def _without_renamings(graph: Any) -> None:
    """Give the values that become outputs their names at once: spox renames each by an Identity."""
    made = {name for node in graph.node for name in node.output}
    outputs = {value.name for value in graph.output}
    names = {}
    for node in list(graph.node):
        if node.op_type == "Identity" and node.output[0] in outputs:
            source = node.input[0]
            if source in made and source not in names and source not in outputs:
                names[source] = node.output[0]
                graph.node.remove(node)
    _rename(graph, names)


def _rename(graph: Any, names: dict[str, str]) -> None:
    """Rename values in a graph and in the subgraphs of its nodes."""
    for node in graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(name, name) for name in values]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, names)
