"""Compiled functions: a graph becomes Python source, the source a callable on native arrays."""

from __future__ import annotations

import contextlib
import functools
import gc
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays.backends import Backend, active, quietly
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import device_of, host, is_array, namespace_of, writable
from ..compiler.codegen import Printed, printed
from ..compiler.fusion import fused
from ..compiler.rewriter import Rewriter, effects_of, final_values
from ..graph.recording import tensor
from ..graph.tensor import Effect, Placeholder, Tensor
from ..graph.traversal import toposort
from ..kernels.lookup import kernels_enabled, program_compiler
from ..ops.sparse import Sparse, to_dense
from .sparse_placeholder import SparsePlaceholder
from .variables import Variable

__all__ = ["Function", "eval", "function"]

_HOST = (np.ndarray, np.generic)


class FastCall(NamedTuple):
    """What another call like the last one needs: NumPy arrays of these dtypes and shapes, on this backend."""

    backend: Backend
    kernels: bool
    dtypes: list[np.dtype]
    shapes: list[tuple[int | None, ...]]
    run: Callable[..., Any]


class Function:
    """A compiled function of placeholders; `source` is the Python that runs. Made by `K.function`."""

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        effects: Sequence[Effect],
        name: str = "function",
        structure: Callable[[list[Any]], Any] = list,
        sparse: dict[int, SparsePlaceholder] | None = None,
        jit: bool = False,
    ) -> None:
        self.name = name
        self._structure = structure  # what makes the result of the list of outputs
        self._jit = jit
        with _no_collection():
            self._build(inputs, outputs, effects, sparse)

    def _build(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        effects: Sequence[Effect],
        sparse: dict[int, SparsePlaceholder] | None,
    ) -> None:
        name = self.name
        feeds = {id(t): t if isinstance(t, Placeholder) else _fed(t) for t in inputs}
        updates = final_values(effects)
        rewritten = fused(Rewriter(dict(feeds), optimize=True)([*outputs, *updates.values()]))
        outputs, news = rewritten[: len(outputs)], rewritten[len(outputs) :]
        order = toposort(rewritten)
        self.inputs = [feeds[id(t)] for t in inputs]
        self._sparse = dict(sparse or {})
        self.variables = [t for t in order if isinstance(t, Variable)]
        self.updated = list(updates)
        given = {id(t) for t in self.inputs}
        self.defaults = [t for t in order if isinstance(t, Placeholder) and id(t) not in given]
        for t in self.defaults:
            if t.default is None:
                raise ValueError(
                    f"{name}: the outputs depend on placeholder {t.name} (shape "
                    f"{t.spec.shape and t.shape}, {t.dtype}), which is not among the inputs"
                )
        self._print = functools.partial(
            printed, [*self.inputs, *self.defaults], self.variables, outputs, news, _identifier(name)
        )
        self._programs: dict[bool, tuple[Printed, Any]] = {}  # by whether they write over dead arrays
        self._bound: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._fast_call: FastCall | None = None

    @property
    def source(self) -> str:
        """The straight-line Python that runs, the same from run to run."""
        return self._program(True)[0].source

    def _program(self, in_place: bool) -> tuple[Printed, Any]:
        """What is printed, and its code."""
        if in_place not in self._programs:
            with _no_collection():
                made = self._print(in_place=in_place)
                self._programs[in_place] = made, compile(made.source, f"<{self.name}>", "exec")
        return self._programs[in_place]

    def __call__(self, values: Sequence[Any] = ()) -> Any:
        """The outputs for these input values; then all updates are committed together."""
        if self._fast_call is not None and self._is_like(self._fast_call, values):
            outputs, news = quietly(self._fast_call.run, *values, *[v.array for v in self.variables])
            for variable, new in zip(self.updated, news, strict=True):
                variable.array = new
            return self._structure([np.asarray(out) for out in outputs])
        if not isinstance(values, (list, tuple)):
            raise TypeError(
                f"{self.name}: got {type(values).__name__}, expected a list or tuple of {len(self.inputs)} values"
            )
        for position, matrix in self._sparse.items():
            if position < len(values):
                values = [*values[:position], *matrix.feeds(values[position]), *values[position + 1 :]]
        if len(values) != len(self.inputs):
            names = ", ".join(t.name for t in self.inputs)
            raise ValueError(f"{self.name}: got {len(values)} values for {len(self.inputs)} inputs ({names})")
        native = next((v for v in values if not isinstance(v, _HOST) and is_array(v)), None)
        if isinstance(native, Tensor):
            fed = self.inputs[_position(values, native)].name
            raise TypeError(f"{self.name}: the value fed for {fed} is symbolic; feed arrays, or build a larger graph")
        backend = self._backend(native)
        with backend.quiet():
            feeds = [_feed(self.name, backend, t, v) for t, v in zip(self.inputs, values, strict=True)]
            outputs = self.run(backend, feeds)
        if native is None and self.inputs and not self.defaults and all(type(v) is np.ndarray for v in feeds):
            self._fast_call = FastCall(
                backend,
                kernels_enabled(),
                [v.dtype for v in feeds],
                [t.shape if t.spec.shape is not None else (-1,) for t in self.inputs],
                self.bind(backend),
            )
        return self._structure([_returned(out, native) for out in outputs])

    def _is_like(self, last: FastCall, values: Any) -> bool:
        """Whether a call with these values needs nothing looked at anew: 3 µs less, of which 1 is NumPy's errstate."""
        if type(values) is not list or len(values) != len(last.shapes) or kernels_enabled() is not last.kernels:
            return False
        for value, dtype, shape in zip(values, last.dtypes, last.shapes, strict=True):
            if type(value) is not np.ndarray or value.dtype is not dtype:
                return False
            found = value.shape
            if found != shape and (
                len(found) != len(shape) or any(n != m for n, m in zip(shape, found, strict=True) if n is not None)
            ):
                return False
        if not self.variables and not self.updated:
            return active() is last.backend
        return all(v.backend is last.backend for v in self.variables) and all(
            v.backend is last.backend for v in self.updated
        )

    def run(self, backend: Backend, feeds: Sequence[Any]) -> Sequence[Any]:
        """The outputs for arrays of a backend that fit the inputs; then the updates are committed."""
        for v in self.variables:
            if v.migrates:
                v.move(backend)
        defaults = [backend.asarray(t.default, t.dtype) for t in self.defaults]
        run = self.bind(backend, writable(*feeds))
        outputs, news = run(*feeds, *defaults, *[v.array for v in self.variables])
        for variable, new in zip(self.updated, news, strict=True):
            variable.array = new
        return outputs

    def _backend(self, native: Any) -> Backend:
        """Where to run: where the variables are, else where the arrays fed are, else the active backend."""
        fixed = [v.backend for v in (*self.variables, *self.updated) if not v.migrates]
        if fixed:
            first, *others = fixed
            for other in others:
                if other.xp is not first.xp or other.device != first.device:
                    raise TypeError(
                        f"{self.name}: its variables are on two backends, {first.name!r} and "
                        f"{other.name!r}; make them on one"
                    )
            return first
        if native is None:
            return active()
        return Backend(type(native).__module__, namespace_of(native), device_of(native))

    def bind(self, backend: Backend, in_place: bool = True) -> Callable[..., Any]:
        """The compiled source with a backend's functions, constants and kernels filled in."""
        key = (id(backend.xp), str(backend.device), kernels_enabled(), in_place)
        if key not in self._bound:
            xp = backend.xp
            _keep_freed_memory()
            program, code = self._program(in_place)
            scope: dict[str, Any] = {"xp": xp, "device": backend.device, "inf": math.inf, "nan": math.nan}
            scope.update((name, c.bound(xp)) for name, c in program.composites.items())
            scope.update((name, backend.asarray(t.value, t.dtype)) for name, t in program.constants.items())
            with backend.quiet():
                exec(code, scope)  # the source is ours, printed from the graph
            name = _identifier(self.name)
            self._bound[key] = program_compiler(xp)(scope, name, program.chains) if self._jit else scope[name]
        return self._bound[key]


@functools.cache
def _keep_freed_memory() -> None:
    """Have glibc keep freed memory, up to 64 MB, for the next arrays, by freeing a block of nearly 32 MB once.

    It takes the largest block freed so far, 32 MB at most, for the size from which blocks come from the system, and
    keeps twice as much. Before, every array above 128 KB may be made of pages that the system has yet to fill with
    zeros: a training step of a batch-norm net met 1295 of these on PyTorch and took 8.9 ms for 5.4, one of an LSTM on
    NumPy 970, and 8.2 ms for 6. No page of the block is touched; MALLOC_TRIM_THRESHOLD_ in the environment forbids it.
    """
    np.empty(2**25 - 2**13, np.uint8)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No cyclic garbage collection: half of the time a large graph takes is spent looking for garbage in it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _identifier(name: str) -> str:
    return name if name.isidentifier() else "function"


def _fed(t: Tensor) -> Placeholder:
    """A placeholder in place of an intermediate tensor or variable that is fed."""
    return Placeholder(t.spec.shape, t.dtype, t.name)


def _position(values: Sequence[Any], value: Any) -> int:
    return next(i for i, v in enumerate(values) if v is value)


def _feed(function: str, backend: Backend, placeholder: Tensor, value: Any) -> Any:
    """A fed value as an array of the backend, checked against its placeholder."""
    if value is None:
        raise ValueError(f"{function}: no value was fed for {placeholder.name}")
    if namespace_of(value) is not backend.xp:
        value = np.asarray(host(value) if is_array(value) else value)
        if value.dtype.kind not in "biufc":
            raise TypeError(
                f"{function}: the value fed for {placeholder.name} has dtype {value.dtype}, expected numbers"
            )
    shape, (expected, dtype) = tuple(value.shape), placeholder.spec
    if (
        shape != expected
        and expected is not None
        and (
            len(shape) != len(expected)
            or any(isinstance(e, int) and e != s for e, s in zip(expected, shape, strict=True))
        )
    ):
        raise ValueError(f"{function}: {placeholder.name} has shape {placeholder.shape}, the value fed has {shape}")
    if namespace_of(value) is backend.xp and device_of(value) == backend.device and dtype_name(value.dtype) == dtype:
        return value
    if isinstance(value, _HOST):
        return backend.asarray(np.asarray(value, dtype=dtype), dtype)
    if backend.device is not None and device_of(value) != backend.device:
        raise TypeError(
            f"{function}: the value fed for {placeholder.name} is on {device_of(value)}, "
            f"the function runs on {backend.device}; move it first"
        )
    return backend.xp.astype(value, backend.dtype(dtype))


def _returned(out: Any, native: Any) -> Any:
    """An output of the kind that was fed: NumPy unless an array of another library was."""
    if native is None:
        return host(out)
    if namespace_of(out) is namespace_of(native):
        return out
    return namespace_of(native).asarray(host(out), device=device_of(native))


def function(
    inputs: Any, outputs: Any, updates: Any = None, *, name: str = "function", jit: bool = False, **kwargs: Any
) -> Function:
    """Compile a graph into a callable: f(list of values) -> values, after which all updates are committed together.

    `inputs` are placeholders (any tensor may be fed), `outputs` a list, a tuple or one tensor, and the result is
    likewise a list, a tuple or one array; `updates` are update ops and (variable, new value) pairs. With `jit` the
    program goes through the library's own compiler where it has one: jax.jit, torch.compile, and for elementwise chains
    cupy.fuse; the first call takes long then, results may differ in their last digits, and loops over a size known only
    when it runs are compiled anew for each.
    Shapes and dtypes: fed values are cast to their placeholders' dtypes. NumPy arrays and numbers in, NumPy out; an
    array of another library in, arrays of that library out. Outputs and new values are worked out from the state
    before the call.
    Errors: ValueError when a placeholder the outputs need is missing, at once; ValueError or TypeError when a value of
    the wrong shape or kind is fed, naming the placeholder; no variable changes then. ValueError for unknown keywords.

    Source: Keras 2.3.1 backend semantics.
    """
    if kwargs:
        raise ValueError(f"function: unknown argument {next(iter(kwargs))!r} passed to K.function")
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"function: inputs is {type(inputs).__name__}, expected a list of placeholders")
    sparse = {len(_dense(inputs[:i])): t for i, t in enumerate(inputs) if isinstance(t, SparsePlaceholder)}
    inputs = _dense(inputs)
    for t in inputs:
        if not isinstance(t, Tensor):
            raise TypeError(f"function: inputs holds {type(t).__name__}, expected placeholders")
    if not isinstance(updates, (list, tuple, type(None))):
        raise TypeError(f"function: updates is {type(updates).__name__}, expected a list of updates")
    single = not isinstance(outputs, (list, tuple))
    roots = [tensor(to_dense(t)) for t in ([outputs] if single else outputs)]
    extra, effects = _updates(updates or ())
    found = effects_of([*roots, *extra, *(e.new for e in effects)])
    structure = _only if single else tuple if isinstance(outputs, tuple) else list
    return Function(inputs, roots, [*found, *effects], name, structure, sparse, bool(jit))


def _dense(inputs: Sequence[Any]) -> list[Any]:
    """The inputs with the placeholders that a sparse one consists of in its place."""
    return [part for t in inputs for part in (t.placeholders if isinstance(t, SparsePlaceholder) else (t,))]


def _only(results: list[Any]) -> Any:
    return results[0]


def _updates(updates: Sequence[Any]) -> tuple[list[Tensor], list[Effect]]:
    """Update ops to evaluate, and effects given as (variable, new value) pairs."""
    ops, pairs = [], []
    for each in updates:
        if isinstance(each, Tensor):
            ops.append(each)
        elif isinstance(each, (list, tuple)) and len(each) == 2 and isinstance(each[0], Variable):
            new = tensor(each[1])
            variable = each[0]
            pairs.append(
                Effect(
                    variable,
                    new if new.dtype == variable.dtype else new.__array_namespace__().astype(new, variable.dtype),
                )
            )
        else:
            raise TypeError(f"function: updates holds {each!r}, expected update ops or (variable, new value) pairs")
    return ops, pairs


def eval(x: Any, feed_dict: Any = None, session: Any = None) -> Any:  # noqa: A001 - Keras's name
    """The value of a tensor, variable or update op as a NumPy array; update ops run. Arrays and numbers pass through.

    `feed_dict` maps placeholders to values; `session` is accepted for old programs and not used.
    Errors: ValueError naming the placeholder a value is missing for.

    Source: Keras 2.3.1 backend semantics.
    """
    if isinstance(x, Sparse):
        return x.eval(feed_dict)
    if isinstance(x, Variable) and not feed_dict:
        return np.array(host(x.array))
    if not isinstance(x, Tensor):
        return host(x) if is_array(x) else np.asarray(x)
    feeds = dict(feed_dict or {})
    key = tuple(map(id, feeds))
    cache: dict[Any, Any] = x.__dict__.setdefault("_evaluators", {})
    if key not in cache:
        cache[key] = Function(list(feeds), [x], effects_of([x]), "eval")
    return cache[key](list(feeds.values()))[0]


def _eval_method(self: Tensor, feed_dict: Any = None, session: Any = None) -> Any:
    """The tensor's value: `K.eval(self)`."""
    return eval(self, feed_dict, session)


Tensor.eval = _eval_method  # a tensor cannot know of functions, which are made of tensors
