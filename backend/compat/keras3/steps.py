"""A step of a Keras model as compiled functions, one for each signature of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras.src import tree

import backend as K
from backend.api.function import Function
from backend.arrays.backends import Backend, active, quietly
from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import describe
from backend.compiler.rewriter import Rewriter, effects_of
from backend.graph.recording import tensor
from backend.graph.tensor import Placeholder, Tensor
from backend.graph.traversal import toposort

from .tensors import Variable, convert_to_tensor, moved
from .tracing import NO_VALUE, Recording
from .value_shapes import asks_for_values

__all__ = ["Step"]


class Program(NamedTuple):
    """A compiled step: what it reads beside the batch, what it assigns, and how its results are put together."""

    function: Function
    used: tuple[int, ...]  # the leaves of the batch that it reads
    read: tuple[Any, ...]  # variables
    assigned: tuple[Any, ...]  # variables, whose new values are the last outputs
    results: list[Any]  # leaves, a Tensor for each output
    structure: Any
    met: list[int]  # the number of switches of the backend when its variables were last seen to be there


class Switches:
    """How often steps have found another backend active than the step before."""

    last, count = "", 0


_switches = Switches()


class Trace(NamedTuple):
    """A step as recorded."""

    places: list[Any]  # a placeholder for each leaf of the batch, or None
    read: dict[int, tuple[Any, Placeholder]]
    results: list[Any]
    structure: Any
    assigned: tuple[Any, ...]
    news: list[Tensor]

    @property
    def outputs(self) -> list[Tensor]:
        """The results that are to be computed."""
        return [x for x in self.results if isinstance(x, Tensor)]


class Step:
    """`call(batch)` traced once per signature: shapes, dtypes, structure and library; then one K.function.

    Every variable that the trace reads is an input, whoever owns it: weights, the optimizer's, those of metrics and of
    seeds. What `state()` gives is a part of the signature; it is asked where a variable has become
    trainable, or has ceased to be. `eager(batch)` takes over where a trace asks for values.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[Any], Any],
        jit: bool = False,
        state: Callable[[], Any] | None = None,
        eager: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name = name
        self._call = call
        self._jit = jit
        self._state = state
        self._eager = eager
        self._asks_for_values = False
        self._seen: tuple[int, Any] = (-1, None)
        self._programs: dict[Any, Program] = {}

    @property
    def programs(self) -> list[Function]:
        """The compiled functions so far; their `source` is the Python that runs."""
        return [program.function for program in self._programs.values()]

    def __call__(self, batch: Any) -> Any:
        if self._eager is not None and self._asks_for_values:
            return self._eager(batch)
        backend = active()
        leaves = [None if leaf is None else convert_to_tensor(leaf) for leaf in tree.flatten(batch)]
        key = self._key(batch, leaves, backend)
        program = self._programs.get(key)
        if program is None:
            program = self._without_values(lambda: self._traced(batch, leaves, backend))
            if program is None:
                return self(batch)
            self._programs[key] = program
        return _run(program, backend, leaves)

    def _without_values(self, traced: Callable[[], Program]) -> Program | None:
        """The program; None where the trace asks for values and the step may run call by call from now on."""
        try:
            return traced()
        except (TypeError, ValueError) as error:
            if self._eager is None or NO_VALUE not in str(error):
                raise
            self._asks_for_values = True
            return None

    def _key(self, batch: Any, leaves: list[Any], backend: Backend) -> Any:
        shapes = tuple(None if leaf is None else (tuple(leaf.shape), dtype_name(leaf.dtype)) for leaf in leaves)
        return _outline(batch), shapes, backend.name, self._asked()

    def _asked(self) -> Any:
        if self._state is None:
            return None
        if self._seen[0] != Variable.flags_changed:
            self._seen = Variable.flags_changed, self._state()
        return self._seen[1]

    def several(self, batches: list[Any]) -> Any:
        """The results of one step after the other, stacked, by one call of one function whose loop runs the steps.

        None where the batches are not of one signature: then a step at a time is as right, and traced already; and
        where a trace asks for values.
        """
        if self._asks_for_values:
            return None
        backend = active()
        rows = [[None if x is None else convert_to_tensor(x) for x in tree.flatten(batch)] for batch in batches]
        keys = {self._key(batch, leaves, backend) for batch, leaves in zip(batches, rows, strict=True)}
        if len(keys) > 1:
            return None
        key = (len(batches), *keys)
        program = self._programs.get(key)
        if program is None:
            program = self._without_values(lambda: self._looped(batches[0], rows[0], backend, len(batches)))
            if program is None:
                return None
            self._programs[key] = program
        columns = zip(*rows, strict=True)
        return _run(program, backend, [None if c[0] is None else backend.xp.stack(c, axis=0) for c in columns])

    def _recorded(self, batch: Any, leaves: list[Any]) -> Trace:
        """The step for a batch like this one, recorded."""
        places = [None if x is None else Placeholder(tuple(x.shape), dtype_name(x.dtype), "batch") for x in leaves]
        with Recording(collect_losses=True) as scope:
            found = self._call(tree.pack_sequence_as(batch, places))
        results = [x.value if hasattr(x, "assign") else x for x in tree.flatten(found)]
        assigned = tuple(scope.assigned.values())
        news = [_new(scope.state_mapping[id(v)], v._dtype) for v in assigned]  # noqa: SLF001 - its own, not autocast's
        return Trace(places, scope.read, results, found, assigned, news)

    def _traced(self, batch: Any, leaves: list[Any], backend: Backend) -> Program:
        t = self._recorded(batch, leaves)
        return self._compiled(t, t.places, [*t.outputs, *t.news], backend)

    def _looped(self, batch: Any, leaves: list[Any], backend: Backend, count: int) -> Program:
        """The program of a loop over stacked batches, which carries the variables that are assigned."""
        t = self._recorded(batch, leaves)
        stacks = [None if p is None else Placeholder((count, *p.shape), p.dtype, "batches") for p in t.places]
        given = [(p, x) for p, x in zip(t.places, stacks, strict=True) if p is not None and x is not None]
        for v in t.assigned:
            if id(v) not in t.read:
                t.read[id(v)] = v, Placeholder(v.shape, v._dtype, v.name)  # noqa: SLF001
        starts = [t.read[id(v)][1] for v in t.assigned]

        def step(carry: Any, slices: Any) -> Any:
            places = [*starts, *(p for p, _ in given)]
            known = {id(p): x for p, x in zip(places, [*carry, *slices], strict=True)}
            found = Rewriter(known)([*t.news, *t.outputs])
            return found[: len(starts)], found[len(starts) :]

        news, outputs = K.scan(step, starts, [x for _, x in given], length=count)
        return self._compiled(t, stacks, [*outputs, *news], backend)

    def _compiled(self, t: Trace, places: list[Any], roots: list[Tensor], backend: Backend) -> Program:
        met = set(map(id, toposort(roots)))
        used = tuple(i for i, p in enumerate(places) if p is not None and id(p) in met)
        read = [(v, p) for v, p in t.read.values() if id(p) in met]
        inputs = [*(places[i] for i in used), *(p for _, p in read)]
        jit = self._jit and describe(backend.xp) == "jax"
        if jit and asks_for_values(toposort([*t.outputs, *t.news])):
            jit = False  # XLA compiles for fixed shapes
        function = Function(inputs, roots, effects_of(roots), self.name, jit=jit)
        return Program(function, used, tuple(v for v, _ in read), t.assigned, t.results, t.structure, [])


def _new(value: Any, dtype: str) -> Tensor:
    return tensor(convert_to_tensor(value, dtype))


def _outline(batch: Any) -> Any:
    """The structure of a batch as a key."""
    if isinstance(batch, dict):
        return tuple(batch), tuple(map(_outline, batch.values()))
    if isinstance(batch, (list, tuple)):
        return type(batch), tuple(map(_outline, batch))
    return None


def _run(program: Program, backend: Backend, leaves: list[Any]) -> Any:
    if _switches.last != backend.name:
        _switches.last, _switches.count = backend.name, _switches.count + 1
    if program.met != [_switches.count]:  # the backend was another one since: its variables may be elsewhere
        for variable in program.read:
            moved(variable, backend)
        program.met[:] = [_switches.count]
    fed = [leaves[i] for i in program.used]
    fed += [variable._value for variable in program.read]  # noqa: SLF001 - `value` asks the scopes
    outputs = quietly(program.function.run, backend, fed)
    count = len(outputs) - len(program.assigned)
    for variable, new in zip(program.assigned, outputs[count:], strict=True):
        variable._value = new  # noqa: SLF001 - no copy: no one else has it
    supply = iter(outputs[:count])
    flat = [next(supply) if isinstance(x, Tensor) else x for x in program.results]
    return tree.pack_sequence_as(program.structure, flat)
