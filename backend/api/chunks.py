"""Compiled functions fed with Dask arrays, which may exceed memory: they run chunk by chunk, when Dask computes."""

from __future__ import annotations

import functools
import pickle
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.backends import Backend, active, get_backend
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import describe, host, is_array, namespace_of, of_library, writable
from ..compiler.rows import RowAxis, RowsMixed, row_axes
from ..graph.dims import Dim
from ..graph.tensor import Tensor
from .feeding import feed

__all__ = ["is_lazy", "loaded", "over_chunks"]

PROGRAMS = 16  # that a process of a distributed scheduler keeps


def is_lazy(x: Any) -> bool:
    """Whether x is an array of Dask."""
    return type(x).__module__.startswith("dask.") and is_array(x) and describe(namespace_of(x)) == "dask"


def over_chunks(function: Any, values: Sequence[Any]) -> list[Any] | None:
    """The outputs of a compiled function as Dask arrays, one call a chunk; None where Dask's own functions shall run.

    They run where Dask is the backend that is active or has the variables, and where the rows are not kept apart and
    there are no variables.
    """
    chunked = [i for i, v in enumerate(values) if is_lazy(v)]
    name, inputs = function.name, function.inputs
    if any(describe(b.xp) == "dask" for b in (active(), *(v.backend for v in function.variables))):
        return None
    if function.updated:
        raise TypeError(
            f"{name}: updates {function.updated[0].name}, and was fed a Dask array, which is computed later, or "
            "again and again; feed x.compute(), or a part of it, and for gradients see K.chunked_value_and_grad"
        )
    problem = _why_not(function, chunked)
    if problem:
        if not function.variables:
            return None
        raise TypeError(
            f"{name}: cannot run over the chunks of a Dask array, since {problem}; feed x.compute(), or call it in "
            "dask.array.map_blocks where you know better"
        )
    lazily = of_library("dask")
    for i in chunked:
        _fits(name, inputs[i], values[i])
    arrays = lazily.same_chunks(name, [values[i] for i in chunked])
    sizes = {id(inputs[i]): tuple(v.shape) for i, v in enumerate(values) if hasattr(v, "shape")}
    outputs = function.executable.recorded.outputs
    shapes = [tuple(_size(n, sizes) for n in t.sizes[1:]) for t in outputs]
    kind = lazily.kind_of_chunks(arrays[0])
    backend = function.home(None if isinstance(kind, np.ndarray) else kind)
    return lazily.mapped(_Program(function, backend, values, chunked), arrays, shapes, [t.dtype for t in outputs])


def _why_not(function: Any, chunked: Sequence[int]) -> str:
    """Why the outputs do not keep the batch axis of the inputs fed with chunks; empty where they do."""
    key = tuple(chunked)
    found: dict[Any, str] = function.__dict__.setdefault("_mixed", {})
    if key not in found:
        found[key] = _reason(function, chunked)
    return found[key]


def _reason(function: Any, chunked: Sequence[int]) -> str:
    fed = function.executable.recorded.inputs
    for i in chunked:
        if fed[i].spec.shape is None or not fed[i].ndim or fed[i].shape[0] is not None:
            return f"the first size of {function.inputs[i].name} is not None"
    outputs = function.executable.recorded.outputs
    try:
        axes = row_axes([fed[i] for i in chunked], outputs)
    except RowsMixed as mixed:
        return str(mixed)
    for i, axis in enumerate(axes):
        if axis != RowAxis(0):
            return f"output {i} ({outputs[i].name}) does not have the rows of the inputs along axis 0"
    return ""


def _fits(name: str, t: Tensor, x: Any) -> None:
    """ValueError unless a Dask array has the shape of a placeholder."""
    expected = t.shape
    if len(expected) != x.ndim or any(n is not None and n != m for n, m in zip(expected, x.shape, strict=True)):
        raise ValueError(f"{name}: {t.name} has shape {expected}, the value fed has {x.shape}")
    if dtype_name(x.dtype).startswith("complex") and not t.dtype.startswith("complex"):
        raise TypeError(f"{name}: {t.name} has dtype {t.dtype}, the value fed has {dtype_name(x.dtype)}")


def _size(size: Any, known: dict[int, tuple[Any, ...]]) -> Any:
    """A size of an output, for the shapes of what was fed; nan, which is Dask's None, where values decide."""

    def leaf(part: Dim) -> Any:
        shape = known.get(id(part.arguments[0]))
        return part if shape is None or part.function != "size" else shape[part.arguments[1]]

    found = size.replace(leaf) if isinstance(size, Dim) else size
    return float("nan") if isinstance(found, Dim) else found


class _Program:
    """A compiled function with the values that its variables have now: program(*chunks) -> arrays of their kind."""

    def __init__(self, function: Any, backend: Backend, values: Sequence[Any], chunked: Sequence[int]) -> None:
        self.function, self.backend, self.chunked = function, backend, list(chunked)
        self.token = uuid.uuid4().hex  # Dask tells calls apart by it
        self.fed = [
            None if i in chunked else feed(function.name, backend, function.inputs[i], v) for i, v in enumerate(values)
        ]
        self.defaults = [backend.asarray(t.default, t.dtype) for t in function.defaults]
        self.held = [v.array if not v.migrates else backend.asarray(v.array, v.dtype) for v in function.variables]

    def __dask_tokenize__(self) -> str:
        return self.token

    def __call__(self, *chunks: Any) -> tuple[Any, ...]:
        function, backend, feeds = self.function, self.backend, list(self.fed)
        with backend.quiet():
            for i, chunk in zip(self.chunked, chunks, strict=True):
                feeds[i] = feed(function.name, backend, function.inputs[i], chunk)
            run = function.executable.bind(backend, writable(*feeds))
            outputs, _ = run(*feeds, *self.defaults, *self.held)
        if isinstance(chunks[0], np.ndarray):
            return tuple(host(y) for y in outputs)
        return tuple(outputs)

    def __reduce__(self) -> Any:
        values = [None if v is None else host(v) for v in self.fed]
        state = self.function, self.backend.name, values, self.chunked, [host(v) for v in self.held]
        return loaded, (of_library("dask").dumps((_again, state)),)


def _again(function: Any, backend: str, values: Any, chunked: Any, held: list[Any]) -> _Program:
    made = _Program(function, get_backend(backend), values, chunked)
    dtypes = [v.dtype for v in function.variables]
    made.held = [made.backend.asarray(v, dtype) for v, dtype in zip(held, dtypes, strict=True)]
    return made


@functools.lru_cache(PROGRAMS)
def loaded(data: bytes) -> Any:
    """What was sent to this process, made once and not for each chunk."""
    make, state = pickle.loads(data)
    return make(*state)
