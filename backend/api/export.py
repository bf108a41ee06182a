"""Compiled functions as ONNX files: trained on any library, run wherever an ONNX runtime is."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.arguments import shown
from ..arrays.extras import required
from ..arrays.files import replaced_as_a_whole
from ..arrays.namespaces import host, namespace_of, of_library
from ..compiler.interpreter import Interpreter, UnsupportedError
from ..compiler.pipeline import GRAPH, run_passes
from ..compiler.program import Graph
from ..compiler.recognition import normalization_of
from ..dispatch.operation import operation
from ..graph.tensor import Tensor
from ..kernels.lookup import kernels_of
from .function import Function, function

__all__ = ["export_onnx"]

OLDEST = 13  # before, Softmax had another meaning
PASSES = ("prune", "cse", "simplify")  # those that keep calls as operators of ONNX have them


@operation
def export_onnx(f: Any, path: str | os.PathLike[str], opset: int | None = None) -> None:
    """Write a compiled function or a model to an ONNX file.

    Parameters
    ----------
    f : Function or model
        A `function` without updates, or a model of ``K.models``, whose predictions are written.
    path : str or path
        A file there is replaced, once the new one is complete.
    opset : int, optional
        The version of ONNX's operators, 13 or later; by default the lowest from 14 on that has those of the file.

    Raises
    ------
    ValueError
        For a function that updates variables or draws random numbers, for an operation that ONNX has no operators for,
        which the message names, and for an opset without the operators. No file is written then.
    ModuleNotFoundError
        Where the packages onnx, ndonnx and spox are missing.

    Notes
    -----
    Inputs and outputs of the file have the names of the placeholders and tensors, outputs of a model those of their
    layers. Unknown sizes are dynamic axes, called by the placeholder and the axis, as ``x_0``. Variables and constants
    are initializers; what depends on them alone is computed now. The learning phase is that of a test, unless it is an
    input.

    Convolution, pooling, batch normalization, LSTM, GRU, softmax, loops and branches are ONNX's own operators. ONNX
    Runtime 1.32 has no convolution and no average pooling in float64; LSTM and GRU are written as loops there. An
    index out of range raises in K; what it does in a file depends on the runtime.

    References
    ----------
    Open Neural Network Exchange, ``onnx.ai``; ndonnx, the array API on ONNX.

    Examples
    --------
    >>> x = K.placeholder((None, 3), name="x")
    >>> w = K.variable(np.ones((3, 2)), name="w")
    >>> f = K.function([x], K.softmax(K.dot(x, w)))
    >>> K.export_onnx(f, "f.onnx")  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession("f.onnx")  # doctest: +SKIP
    >>> session.run(None, {"x": np.ones((7, 3), "float32")})[0].shape  # doctest: +SKIP
    (7, 2)
    """
    with required("export_onnx", "onnx"):
        import onnx

        xp = of_library("ndonnx")
    newest = onnx.defs.onnx_opset_version()
    if opset is not None and not OLDEST <= opset <= newest:
        raise ValueError(f"export_onnx: opset is {opset}, expected {OLDEST} to {newest}, which the onnx installed has")
    model = _converted(onnx, _Export(xp, _function_of(f), getattr(f, "output_names", ())).model(), opset)
    data = model.SerializeToString()
    replaced_as_a_whole("export_onnx", path, True, lambda file: file.write(data))


def _function_of(f: Any) -> Function:
    """The function itself, or that of a model's predictions."""
    if isinstance(f, Function):
        return f
    inputs, outputs = getattr(f, "inputs", None), getattr(f, "outputs", None)
    tensors = [*(inputs or ()), *(outputs or ())] if isinstance(inputs, list) and isinstance(outputs, list) else [None]
    if not outputs or not all(isinstance(t, Tensor) for t in tensors):
        raise TypeError(f"export_onnx: f is {shown(f)}, expected a K.function or a built model")
    return function(inputs, outputs, name=getattr(f, "name", "model"))


class _Export:
    """The conversion of one function."""

    def __init__(self, xp: Any, f: Function, output_names: Sequence[str]) -> None:
        self.xp = xp
        self.function = f
        self.output_names = output_names  # of a model, whose outputs are called after their layers
        self.names: set[str] = set()
        self.labels: dict[int, str] = {}  # by the id of a variable's values: its name
        self.interpreter = Interpreter(xp, self._constant, (_normalized,))

    def model(self) -> Any:
        """The model as ONNX's protocol buffer."""
        graph = self._graph()
        if not graph.outputs:
            raise ValueError(f"export_onnx: {self.function.name} has no outputs, and a file has some")
        values = self.interpreter.values
        inputs: dict[str, Any] = {}
        axes: dict[Any, Any] = {}  # by a size of a placeholder: its name
        for place, t in enumerate(graph.inputs, 1):
            if t.spec.shape is None:
                raise ValueError(f"export_onnx: the input {t.name} has an unknown rank; give the placeholder a shape")
            if not hasattr(self.xp, t.dtype):
                raise ValueError(f"export_onnx: the input {t.name} is of {t.dtype}, which ndonnx lacks")
            name = self._name(t, f"x{place}")
            shape = tuple(f"{name}_{axis}" if n is None else n for axis, n in enumerate(t.shape))
            axes.update(zip(t.sizes, shape, strict=True))
            values[id(t)] = inputs[name] = self.xp.argument(shape=shape, dtype=getattr(self.xp, t.dtype))
        asked = self.function.executable.recorded.outputs
        names = [
            self._name(t, name or f"y{place}")
            for place, (t, name) in enumerate(itertools.zip_longest(asked, self.output_names), 1)
        ]
        for t in self.function.variables:
            values[id(t)] = host(t.array)
            self.labels[id(values[id(t)])] = self._name(t, t.given_name) if t.given_name else ""
        for t in self.function.defaults:
            values[id(t)] = np.asarray(t.default, dtype=t.dtype)
        outputs = dict(zip(names, self._outputs(graph), strict=True))
        self._refuse_updates(graph)
        sizes = {
            name: [n if isinstance(n, int) else axes.get(n) for n in t.sizes]
            for name, t in zip(names, asked, strict=True)
            if t.spec.shape is not None
        }
        return self.xp.model(inputs, outputs, sizes)

    def _graph(self) -> Graph:
        """The function's graph, simplified, without the updates."""
        recorded = self.function.executable.recorded
        names = tuple(self.function.executable.passes)
        graph = run_passes(recorded, [name for name in PASSES if name in names], GRAPH)
        return dataclasses.replace(graph, shared=None)

    def _outputs(self, graph: Graph) -> list[Any]:
        try:
            return [self.interpreter.lazy(value) for value in self.interpreter(graph.outputs)]
        except UnsupportedError as error:
            raise ValueError(f"export_onnx: {self.function.name} cannot be written as ONNX: {error}") from error

    def _refuse_updates(self, graph: Graph) -> None:
        """ValueError where a variable changes: that of dropout does not while the learning phase is 0."""
        for variable, new in zip(self.function.updated, graph.updates, strict=True):
            try:
                (value,) = self.interpreter([new])
                changes = not isinstance(value, np.ndarray) or not np.array_equal(value, host(variable.array))
            except UnsupportedError:
                changes = True
            if changes:
                raise ValueError(
                    f"export_onnx: {self.function.name} updates the variable {variable.name}; a file cannot: "
                    "export a function without updates"
                )

    def _name(self, t: Tensor, otherwise: str) -> str:
        name = t.given_name or otherwise
        found = next(
            n for n in itertools.chain([name], (f"{name}_{i}" for i in itertools.count(2))) if n not in self.names
        )
        self.names.add(found)
        return found

    def _constant(self, value: np.ndarray[Any, Any], t: Tensor | None) -> Any:
        return self.xp.initializer(value, self.labels.get(id(value), ""))


def _normalized(interpreter: Interpreter, t: Tensor) -> Any:
    """The value of batch normalization by known statistics; None for anything else."""
    found = normalization_of(t)
    if found is None or t.spec.shape is None or t.ndim < 2 or found.x.spec.shape is None:
        return None
    x, *parameters = interpreter([found.x, *(p for p in found[1:5] if p is not None)])
    if namespace_of(x) is not interpreter.xp or not all(isinstance(p, np.ndarray) for p in parameters):
        return None
    ndim = t.ndim
    shapes = [(1,) * (ndim - p.ndim) + p.shape for p in parameters]
    axes = {axis for shape in shapes for axis, n in enumerate(shape) if n != 1}
    axis = axes.pop() if len(axes) == 1 else ndim - 1
    size = found.x.shape[axis] if found.x.ndim == ndim else None
    if axes or axis == 0 or size is None or any(shape[axis] not in (1, size) for shape in shapes):
        return None
    values = iter(np.broadcast_to(p.reshape(-1), (size,)) for p in parameters)
    dtype = parameters[0].dtype
    mean, variance = next(values), next(values)
    gamma = np.ones(size, dtype) if found.gamma is None else next(values)
    beta = np.zeros(size, dtype) if found.beta is None else next(values)
    write = kernels_of(interpreter.xp).normalized
    return write(x, mean, variance, gamma, beta, axis=axis, epsilon=float(found.epsilon))


def _converted(onnx: Any, model: Any, opset: int | None) -> Any:
    """The model with the version of the operators that was asked for, after the checker's full check."""
    own = next(entry.version for entry in model.opset_import if entry.domain == "")
    if opset is None or opset == own:
        onnx.checker.check_model(model, full_check=True)
        return model
    lacks = (RuntimeError, ValueError, onnx.version_converter.ConvertError, onnx.checker.ValidationError)
    try:
        converted = onnx.version_converter.convert_version(model, opset)
        onnx.checker.check_model(converted, full_check=True)
    except lacks as error:
        text = str(error).strip()
        lacking = re.search(r"No Adapter From Version \D*(\d+) for (\w+)", text)
        reason = f"the operator {lacking[2]} needs {lacking[1]}" if lacking else f"the file has {own}: {text[:80]}"
        raise ValueError(f"export_onnx: opset is {opset}, but {reason}") from error
    return converted
