"""From a graph to a callable: the source is compiled once, and bound to each namespace's functions and constants."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays.backends import Backend
from ..arrays.dtypes import dtype_name
from ..arrays.heap import keep_freed_memory
from ..arrays.namespaces import describe, is_array, is_concrete, namespace_of, outside_traces
from ..graph.collection import no_collection
from ..graph.tensor import Constant, Placeholder, Tensor
from ..kernels.lookup import (
    backed,
    can_compile,
    compiled_kernels_of,
    compiler_beside,
    compiles_by_itself,
    has_kernel,
    keeping_of,
    kernels_enabled,
    kernels_of,
    prints_chains,
    program_compiler,
)
from .adaptive import Adaptive
from .codegen import ENTRY, Source, print_program
from .elementwise_steps import steps_of
from .executed import executed
from .kept import Apart, Kept, apart, laid_out
from .loops.description import description
from .memory_reuse import step_down, stepwise
from .pipeline import GRAPH, KEEP, LAUNCHED, NESTED, PASSES, PROGRAM, run_passes, selected, stages_of
from .program import Graph, Program
from .report import Stages, auto_stage, cost, kept_stage, nests_stage, whole_stage
from .rewriter import Rewriter

__all__ = ["Executable"]

NAMED = ("matmul",)  # for which a compiler has a kernel, and others an operator


class Executable:
    """A compiled graph: `updates` are the new values by variable.

    `inputs` may be any tensors; those that are not placeholders are fed in their place.
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        updates: Mapping[Any, Tensor],
        passes: Sequence[str] | None = None,
        jit: bool | str | None = False,
    ) -> None:
        self.name = name
        self.passes = selected(passes)
        self.jit = jit
        self._sources: dict[tuple[bool, ...], tuple[Source, Any]] = {}  # by how they are printed
        self._parts: dict[bool, tuple[tuple[Source, Any], tuple[Source, Any]]] = {}  # what is kept and the rest
        self._updated = tuple(updates)
        self._apart: Apart | None = None
        self._cost: tuple[int, int] | None = None
        self._bound: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self.nests: dict[str, Any] = {}  # the compiled loop nests and bodies of loops, by their names
        with no_collection():
            fed = [t if isinstance(t, Placeholder) else Placeholder(t.spec.shape, t.dtype, t.name) for t in inputs]
            recorded = Graph(tuple(fed), tuple(outputs), tuple(updates.values()))
            replaced = {id(t): p for t, p in zip(inputs, fed, strict=True) if p is not t}
            self.recorded = recorded.replaced(Rewriter(replaced)(recorded.roots)) if replaced else recorded
            self.graph = run_passes(self.recorded, self.passes, GRAPH).with_facts(shared=None)

    @property
    def source(self) -> str:
        """The straight-line Python that runs, the same from run to run.

        On CuPy small chains are one call each, too; on torch so is a step down a gradient, and what is kept is apart.
        """
        return self._source(in_place=True)[0].text

    @property
    def cost(self) -> tuple[int, int] | None:
        """The calls of the program, and the bytes it holds at most; None where it has not been printed yet."""
        return self._cost

    @property
    def stages(self) -> Stages:
        """The program after each pass, and what became of its loops where they are compiled."""
        found = stages_of(self.recorded, self.passes, (*NESTED, *PROGRAM) if self.nests else PASSES)
        compiled = [f for f in self._bound.values() if hasattr(f, "refused")]
        chosen = [f.verdict for f in self._bound.values() if isinstance(f, Adaptive)]
        parts = list(self._parts.values())[:1]
        more = [kept_stage(found[-1], *(source.text for source, _ in both)) for both in parts]
        more += [nests_stage(found[-1], self.nests)] if self.nests else []
        more += [whole_stage(found[-1], compiled[-1].refused)] if compiled and not self.nests else []
        more += [auto_stage(found[-1], chosen[-1])] if chosen else []
        return Stages([*found, *more])

    def _source(
        self, in_place: bool, fuse_small: bool = False, nested: bool = False, steps: bool = False
    ) -> tuple[Source, Any]:
        """What is printed, and its code.

        `fuse_small` makes kernels of all chains, `nested` loop nests, `steps` one call of an update by a gradient.
        """
        key = in_place, fuse_small, nested, steps
        if key not in self._sources:
            passes = self.passes if in_place else [name for name in self.passes if name != "reuse"]
            with no_collection():
                graph = stepwise(self.graph) if steps else self.graph
                if nested or fuse_small:
                    recorded = dataclasses.replace(self.recorded, least=None if nested else 0)
                    found = run_passes(recorded, self.passes, NESTED if nested else LAUNCHED)
                    graph = found.with_facts(shared=None, leaves=self.graph.free())
                program = run_passes(graph, passes, PROGRAM)
                self._cost = cost(program)
                self._sources[key] = self._printed(program, NAMED if nested else ())
        return self._sources[key]

    def _printed(self, program: Program, named: Collection[str] = ()) -> tuple[Source, Any]:
        source = print_program(program, self.name, named)
        return source, compile(source.text, f"<{ascii(self.name)[1:-1]}>", "exec")

    def bind(self, backend: Backend, in_place: bool = True) -> Callable[..., Any]:
        """function(*inputs, *defaults, *variables) -> (outputs, updates) with a backend's functions and kernels."""
        key = _binding(backend, in_place)
        if key in self._bound:
            return self._bound[key]
        if backend.executor is not None:
            self._bound[key] = executed(self, backend.executor)
            return self._bound[key]
        jit = compiles_by_itself(backend.xp) if self.jit is None else self.jit is True
        plain, fixed = self._made(backend, in_place, jit)
        if not fixed:
            return plain  # for this trace alone
        if self.jit == "auto" and can_compile(backend.xp):
            calls = self._cost[0] if self._cost else 1
            plain = Adaptive(plain, lambda: self._made(backend, in_place, True)[0], describe(backend.xp), calls)
        spread = getattr(kernels_of(backend.xp), "over_processes", None)
        if spread is not None:  # arrays that several processes share may come in the place of others
            plain = spread(plain, (lambda: self.bind(backend, in_place=False)) if in_place else None)
        self._bound[key] = plain
        return plain

    def _made(self, backend: Backend, in_place: bool, jit: bool) -> tuple[Callable[..., Any], bool]:
        """The program on a backend, and whether it can be kept: not where it is traced."""
        xp = backend.xp
        keep_freed_memory()
        kernels: Any = compiled_kernels_of(xp) if jit else None
        printed = prints_chains(xp)
        if not printed and kernels is None:
            steps = has_kernel(xp, step_down)
            keeping = keeping_of(xp)
            parts = None if keeping is None else self._divided(steps)
            if parts is not None and keeping is not None:
                return self._in_parts(backend, in_place, jit, parts, *keeping)
            source, code = self._source(in_place, steps=steps)
        else:
            source, code = self._source(in_place, printed, nested=kernels is not None)
        scope = self._scope(backend, source, code, kernels)
        if printed:
            for name, body in source.chains.items():
                scope[name].steps = steps_of(body)
        for name, nest in source.nests.items():
            scope[name] = (kernels or kernels_of(xp)).CompiledNest(nest, scope[name])
            if kernels is not None:
                self.nests[name] = scope[name]
        if kernels is not None:
            for name, body in source.loops.items():
                scope[name] = self.nests[name] = kernels.CompiledBody(description(body), scope[name])
        return _compiled(xp, source, scope) if jit else scope[ENTRY], _is_fixed(scope)

    def _scope(self, backend: Backend, source: Source, code: Any, kernels: Any = None) -> dict[str, Any]:
        """What the names of a program stand for, after its definition."""
        xp = backend.xp
        scope: dict[str, Any] = {"xp": xp, "device": backend.device, "inf": math.inf, "nan": math.nan}
        if kernels is None:
            scope.update((name, c.bound(xp)) for name, c in source.composites.items())
        else:
            scope["xp"] = _Overridden(xp, kernels.standard(source.composites))
            scope.update((name, c.compiled(xp, kernels)) for name, c in source.composites.items())
        with outside_traces(xp), backend.quiet():
            scope.update((name, self._constant(backend, t)) for name, t in source.constants.items())
            exec(code, scope)  # the printer wrote it: names and literals of its own alone
        return scope

    def _divided(self, steps: bool) -> Apart | None:
        """The graph in two parts, of which the first depends on variables alone; None where nothing is kept."""
        if self._apart is None and KEEP in self.passes:
            self._apart = apart(stepwise(self.graph) if steps else self.graph, self._updated)
        return self._apart

    def _in_parts(
        self, backend: Backend, in_place: bool, jit: bool, parts: Apart, state: Any, ordinary: Any
    ) -> tuple[Callable[..., Any], bool]:
        """The program of two parts; the library's compiler gets the second, which has other layouts from the start."""
        if in_place not in self._parts:
            passes = [name for name in self.passes if name != "reuse"]  # variables may be recorded where inputs are not
            with no_collection():
                kept = run_passes(parts.kept, passes, PROGRAM)
                rest = run_passes(parts.rest, self.passes if in_place else passes, PROGRAM)
                self._cost = cost(rest)
                kept = dataclasses.replace(kept, copies=frozenset())  # nothing but the rest sees it, which only reads
                self._parts[in_place] = self._printed(kept), self._printed(rest)
        xp, (kept, rest) = backend.xp, self._parts[in_place]
        scopes = self._scope(backend, *kept), self._scope(backend, *rest)
        made = plain = ordinary(scopes[0][ENTRY])
        layouts = [name for name, c in kept[0].composites.items() if c is laid_out]
        if layouts and not jit:
            other = self._scope(backend, *kept)
            other.update(dict.fromkeys(layouts, laid_out.definition))
            plain = ordinary(other[ENTRY])
        if jit:
            run = compiler_beside(xp)(scopes[1], ENTRY, list(rest[0].chains), parts.place)
        else:
            run = lambda _: scopes[1][ENTRY]  # noqa: E731
        at_once = plain is made or parts.changes_rounding
        return Kept(parts, made, plain, run, state, at_once), all(map(_is_fixed, scopes))

    def kept(self, backend: Backend, in_place: bool = True) -> Callable[..., Any] | None:
        """What `bind` gave before, where it holds beyond the trace it was made in."""
        return self._bound.get(_binding(backend, in_place))

    def _constant(self, backend: Backend, t: Constant) -> Any:
        """The value of a constant on the backend; TypeError for an array of a library other than NumPy and this one."""
        own = namespace_of(t.value)
        if own is not backend.xp and not isinstance(t.value, (np.ndarray, np.generic)):
            raise TypeError(
                f"{self.name}: runs on {describe(backend.xp)}, but the constant {t.name} is an array of "
                f"{describe(own)}; convert it first"
            )
        dtype: str = t.dtype
        if dtype == "int64" and t.shape == () and isinstance(t.value, np.ndarray) and abs(int(t.value)) < 2**31:
            # a Python number beside indices, which have 32 bits where the library has no others
            dtype = dtype_name(backend.xp.asarray(0, device=backend.device).dtype)
        return backend.asarray(t.value, dtype)


class _Overridden:
    """A namespace with kernels for some of its functions."""

    def __init__(self, xp: Any, kernels: Mapping[str, Callable[..., Any]]) -> None:
        for name, kernel in kernels.items():
            setattr(self, name, backed(kernel, getattr(xp, name)))
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._xp, name)
        setattr(self, name, found)  # the next call finds it at once
        return found


def _compiled(xp: Any, source: Source, scope: dict[str, Any]) -> Callable[..., Any]:
    """A program by the library's compiler, where it has one that takes whole programs."""
    return program_compiler(xp)(scope, ENTRY, list(source.chains))


def _is_fixed(scope: Mapping[str, Any]) -> bool:
    """Whether the constants of a program have values: none is of a trace."""
    return all(is_concrete(x) for x in scope.values() if is_array(x))


def _binding(backend: Backend, in_place: bool) -> tuple[Any, ...]:
    """What a bound program depends on."""
    return id(backend.xp), str(backend.device), kernels_enabled(), in_place, str(backend.executor)
