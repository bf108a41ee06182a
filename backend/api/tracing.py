"""Functions of arrays traced once per signature, compiled, and kept; on symbolic tensors they record."""

from __future__ import annotations

import collections
import contextvars
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import config
from ..arrays.backends import Backend, active, quietly
from ..arrays.dtypes import dtype_name, is_float, kind_of, result_dtype
from ..arrays.namespaces import array_namespace, describe, device_of, is_array, namespace_of
from ..compiler.rewriter import effects_of
from ..control.nests import flatten, restore
from ..graph.operators import identity_is_truth
from ..graph.recording import tensor
from ..graph.tensor import Placeholder, Tensor
from ..graph.traversal import toposort
from .captured import Same, UnknownStateError, state_of, watch_of
from .fast_call import FastCall, fast_call
from .function import Function
from .learning_phase import learning_phase
from .variables import Variable

__all__ = ["Differentiated", "Traced"]

MOST_PROGRAMS = 64  # that one function keeps: the least recently used one goes first
NEEDS_VALUES = "needs values"  # in place of a program: a trace with numbers as inputs has failed
OUTSIDE = "outside"  # it reads tensors of a graph outside, into which it is recorded
_COMPLEX = {"float16": "complex64", "float32": "complex64", "float64": "complex128"}
_tracing: contextvars.ContextVar[bool] = contextvars.ContextVar("tracing", default=False)


class Differentiated(float):
    """A Python number to differentiate with respect to: an input of dtype floatx, whatever f does with it."""

    __slots__ = ()


class Program(NamedTuple):
    """A compiled trace, and how its outputs are put together with the results that are no tensors."""

    function: Function
    results: list[Any]
    structure: Any


class Again(NamedTuple):
    """What another call like the last one needs: arrays alone, under the same settings and with the same state."""

    fast: FastCall
    settings: tuple[Any, ...]
    same_state: Callable[[], bool]
    program: Program
    places: list[int | None] | None  # which outputs the results are, if they are a tuple of outputs and None


class Traced:
    """A function of nests of arrays that `build(args, kwargs)` records: it gives a nest of tensors.

    Arrays and floats are inputs, everything else is constant. A program is kept with all that its trace has read: the
    constants, the values that `function` captures, and the settings.
    """

    def __init__(self, name: str, function: Any, build: Callable[[Any, Any], Any]) -> None:
        self.name = name
        self._traced = function
        self._build = build
        self._programs: collections.OrderedDict[Any, Program | str] = collections.OrderedDict()
        self._lock = threading.Lock()
        self._last: Again | None = None

    def __captured__(self) -> Any:
        """What a function that calls this one reads: the programs kept are none of it."""
        return self._traced

    def clear(self) -> None:
        """Forget every program."""
        with self._lock:
            self._programs.clear()
            self._last = None

    def __len__(self) -> int:
        return len(self._programs)

    def again(self, args: tuple[Any, ...]) -> Any:
        """The results of a call like the last one; None where this one is not."""
        last = self._last
        if last is None or not last.fast.fits(args) or last.settings != _settings() or not last.same_state():
            return None
        run = last.fast.program
        outputs, _ = quietly(run, *args) if last.fast.kind is np.ndarray else run(*args)
        if last.places is None:
            return _restored(last.program, outputs)
        return tuple([None if i is None else outputs[i] for i in last.places])

    def _remember(self, args: Sequence[Any], program: Program) -> None:
        """Have `again` run this program for calls like this one, where no more than its arrays have to be looked at."""
        function = program.function
        self._last = None
        if function.variables or function.updated or function.defaults:
            return
        if not all(is_array(v) for v in args) or (same := watch_of(self._traced)) is None:
            return
        backend = _backend_of(list(args))
        fast = fast_call(backend, function.executable, args, [tuple(v.shape) for v in args])
        if fast is not None:
            self._last = Again(fast, _settings(), same, program, _places(program))

    def __call__(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        values, shape = flatten((list(args), kwargs))
        if any(isinstance(v, Tensor) for v in values):
            return self._recorded(values, shape)
        dtypes = _input_dtypes(values)
        free = [i for i, v in enumerate(values) if type(v) in (float, complex) and dtypes[i] is not None]
        program = self._with_number_inputs(values, shape, dtypes) if free else None
        if program is None:
            dtypes = [None if i in free else dtype for i, dtype in enumerate(dtypes)]
            program = self._program(self._key(values, shape, dtypes), values, shape, dtypes)
        if isinstance(program, str):
            return self._recorded(values, shape)
        found = _run(program, values, dtypes)
        if not kwargs:
            self._remember(args, program)
        return found

    def _with_number_inputs(self, values: list[Any], shape: Any, dtypes: list[str | None]) -> Program | str | None:
        """The program whose inputs are the numbers, too; None where f needs their values, for a size or an `if`."""
        key = self._key(values, shape, dtypes)
        if self._kept(key) == NEEDS_VALUES:
            return None
        trusted = identity_is_truth.set(False)
        try:
            return self._program(key, values, shape, dtypes)
        except (
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
        ):  # a fault of f's own comes again when it is traced with the values
            self._keep(key, NEEDS_VALUES)
            return None
        finally:
            identity_is_truth.reset(trusted)

    def _program(self, key: Any, values: list[Any], shape: Any, dtypes: list[str | None]) -> Program | str:
        program = self._kept(key)
        if program is None:
            program = self._compiled(values, shape, dtypes)
            if program != OUTSIDE:
                self._keep(key, program)
        return program

    def _recorded(self, values: list[Any], shape: Any) -> Any:
        """The results in the graph of the caller."""
        return self._build(*restore(shape, [tensor(v) if is_array(v) else v for v in values]))

    def _key(self, values: list[Any], shape: Any, dtypes: list[str | None]) -> Any:
        """All that the trace depends on; None where that cannot be known."""
        constants = [v for v, dtype in zip(values, dtypes, strict=True) if dtype is None]
        kinds = [_kind(v, dtype) for v, dtype in zip(values, dtypes, strict=True) if dtype is not None]
        places = tuple(dtype is None for dtype in dtypes)
        try:
            return _hashable(shape), places, tuple(kinds), _settings(), state_of(self._traced, constants)
        except UnknownStateError:
            return None

    def _kept(self, key: Any) -> Program | str | None:
        with self._lock:
            if key is None or key not in self._programs:
                return None
            self._programs.move_to_end(key)
            return self._programs[key]

    def _keep(self, key: Any, program: Program | str) -> None:
        if key is None:
            return
        with self._lock:
            self._programs[key] = program
            while len(self._programs) > MOST_PROGRAMS:
                self._programs.popitem(last=False)

    def _compiled(self, values: list[Any], shape: Any, dtypes: list[str | None]) -> Program | str:
        """The program; OUTSIDE where it would read tensors of a graph outside, which it is to be recorded into."""
        made = [
            v if dtype is None else Placeholder(v.shape if is_array(v) else (), dtype)
            for v, dtype in zip(values, dtypes, strict=True)
        ]
        token = _tracing.set(True)
        try:
            found = self._build(*restore(shape, made))
        finally:
            _tracing.reset(token)
        results, structure = flatten(found)
        outputs = [t for t in results if isinstance(t, Tensor)]
        inputs = [p for p in made if isinstance(p, Placeholder)]
        effects = effects_of(outputs)
        read = toposort([*outputs, *(e.new for e in effects)])
        own = set(map(id, inputs))
        if any(isinstance(t, Placeholder) and id(t) not in own and t.default is None for t in read):
            return OUTSIDE
        if _tracing.get() and any(isinstance(t, Variable) for t in read):
            return OUTSIDE
        jit = None if config.setting("jit") is None else False  # a library's compiler where it is the default
        return Program(Function(inputs, outputs, effects, self.name, jit=jit), results, structure)


def _input_dtypes(values: list[Any]) -> list[str | None]:
    """The dtype of each input, None for constants: numbers take that of the floating arrays, where they share one."""
    own = {str(dtype_name(v.dtype)) for v in values if is_array(v)}
    floating = {result_dtype("float32", d) if kind_of(d) == "complex floating" else d for d in own if not _exact(d)}
    real = {"complex64": "float32", "complex128": "float64"}
    floating = {real.get(d, d) for d in floating}
    shared = floating.pop() if len(floating) == 1 else None if floating else config.floatx()
    if shared == "bfloat16":
        shared = None  # NumPy cannot make one
    found: list[str | None] = []
    for v in values:
        if is_array(v):
            found.append(str(dtype_name(v.dtype)))
        elif isinstance(v, Differentiated):
            found.append(config.floatx())
        elif type(v) is float:
            found.append(shared)
        else:
            found.append(_COMPLEX.get(shared or "") if type(v) is complex else None)
    return found


def _exact(dtype: str) -> bool:
    return not is_float(dtype) and kind_of(dtype) != "complex floating"


def _kind(value: Any, dtype: str | None) -> Any:
    """What the trace knows of an input."""
    if is_array(value):
        return Same(namespace_of(value)), tuple(value.shape), dtype
    return "number", dtype


def _settings() -> tuple[Any, ...]:
    """The settings that a trace depends on."""
    phase = learning_phase()
    fixed = Same(phase) if isinstance(phase, Tensor) else phase
    return config.floatx(), config.epsilon(), config.image_data_format(), fixed, _tracing.get()


def _hashable(structure: Any) -> Any:
    """A structure given by `flatten` as a key."""
    if isinstance(structure, (list, tuple)):
        return tuple(map(_hashable, structure))
    return (type(structure), structure) if isinstance(structure, (bool, int, float)) else structure


def _backend_of(arrays: list[Any]) -> Backend:
    """Where the arrays are."""
    xp = array_namespace(*arrays)
    return Backend(describe(xp), xp, device_of(next(v for v in arrays if namespace_of(v) is xp)))


def _run(program: Program, values: list[Any], dtypes: list[str | None]) -> Any:
    """The results of a program for the arrays and numbers among the values."""
    arrays = [v for v in values if is_array(v)]
    backend = _backend_of(arrays) if arrays else active()
    inputs = [(v, dtype) for v, dtype in zip(values, dtypes, strict=True) if dtype is not None]
    with backend.quiet():
        feeds = [
            v if is_array(v) and namespace_of(v) is backend.xp else backend.asarray(np.asarray(v, dtype), dtype)
            for v, dtype in inputs
        ]
        outputs = program.function.run(backend, feeds)
    return _restored(program, outputs)


def _places(program: Program) -> list[int | None] | None:
    """Which output each result is, where the results are a tuple of outputs and None; else None."""
    if program.structure is None or program.structure[0] is not tuple:
        return None
    parts = program.structure[1]
    if not all(part is None or part == "array" for part in parts):
        return None
    if not all(isinstance(v, Tensor) for v in program.results):
        return None
    numbers = iter(range(len(parts)))
    return [None if part is None else next(numbers) for part in parts]


def _restored(program: Program, outputs: Sequence[Any]) -> Any:
    """The nest that the traced function gives."""
    found = iter(outputs)
    return restore(program.structure, [next(found) if isinstance(v, Tensor) else v for v in program.results])
