"""Running operations of K on a namespace: eagerly, as a graph, as a compiled function, and for their error bounds."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import backend as K
from backend.arrays.backends import Backend
from backend.arrays.dtypes import DTYPES, dtype_name
from backend.arrays.namespaces import device_of, is_array, namespace_of
from backend.arrays.registry import NAMESPACE_OF_TYPE, claim_types
from backend.compiler.rewriter import effects_of
from backend.graph.tensor import Tensor

from .. import error_analysis
from ..case import Case
from ..examples import Example, typical
from ..judging.bounds import Expected, analysing
from ..reading import host
from .functions import applied, flat, special_value
from .modules import Module
from .opening import SAMPLE
from .targets import Namespace, namespace

__all__ = [
    "Namespace",
    "analysed",
    "called",
    "compiled",
    "depends_on_values",
    "eager",
    "evaluated",
    "expected",
    "flat",
    "forget_functions",
    "functions_of",
    "lacking",
    "namespace",
    "placeholders",
    "recorded",
    "symbolic",
]


FUNCTIONS = 1024  # compiled ones that are kept: those of one operation, for each kind of check and each namespace

_reference: contextvars.ContextVar[str] = contextvars.ContextVar("reference", default="numpy")


def set_reference(name: str) -> None:
    """Make this namespace the reference: exact results have to equal its results bit for bit."""
    _reference.set(name)


BOUNDED = Backend("conformance.error_analysis", error_analysis)


@contextlib.contextmanager
def owning(backend: Any) -> Iterator[None]:
    """Within the block, arrays that a namespace makes belong to it, though they may be another library's.

    A module that hands on NumPy's arrays and functions, some of its own among them, is what is tested, not NumPy.
    """
    if kinds := _kinds_of(backend):
        with claim_types(kinds, backend.xp):
            yield
    else:
        yield


_KINDS: dict[int, tuple[Any, tuple[type, ...]]] = {}


def _kinds_of(backend: Any) -> tuple[type, ...]:
    """The array types of a namespace that are taken for another one's; NumPy's scalars go with its arrays."""
    xp = backend.xp
    if id(xp) not in _KINDS:
        kinds: tuple[type, ...] = ()
        try:
            sample = xp.asarray([1])
        except Exception:  # noqa: BLE001 - one that takes no lists takes this, or it would not have been opened
            sample = backend.asarray(SAMPLE, "float32")
        if namespace_of(sample) is not xp:
            kinds = (type(sample),)
            if isinstance(sample, np.ndarray):
                scalars = [np.dtype(name).type(0) for name in DTYPES if name != "bfloat16"]
                kinds += tuple({type(s) for s in scalars if namespace_of(s) is not None})
        _KINDS[id(xp)] = (xp, tuple(k for k in kinds if k in NAMESPACE_OF_TYPE))
    return _KINDS[id(xp)][1]


def functions_of(case: Case) -> frozenset[str]:
    """The functions of the standard that an operation's definition calls, found by running it."""
    if case not in _FUNCTIONS:
        watching = _Watching(error_analysis)
        with claim_types((error_analysis.Bounded,), watching):
            for index in range(len(case.calls)):
                example = typical(case, index, case.dtypes[-1])
                arrays = [error_analysis.bounded(v) for v in example.values]
                with contextlib.suppress(Exception):  # without an analysis of a function it is seen, all the same
                    eager(Backend("conformance.error_analysis", watching), example, arrays)
        _FUNCTIONS[case] = frozenset(watching.seen)
    return _FUNCTIONS[case]


_FUNCTIONS: dict[Case, frozenset[str]] = {}


class _Watching:
    """A namespace that records which of its functions are used."""

    def __init__(self, inner: Any, prefix: str = "", seen: set[str] | None = None) -> None:
        self.__name__ = "conformance.error_analysis"
        self._inner = inner
        self._prefix = prefix
        self.seen: set[str] = set() if seen is None else seen

    def __getattr__(self, name: str) -> Any:
        if name in ("linalg", "fft"):
            return _Watching(getattr(self._inner, name), f"{name}.", self.seen)
        self.seen.add(self._prefix + name)
        return getattr(self._inner, name)


def lacking(case: Case, on: Namespace) -> frozenset[str]:
    """The functions of the standard that an operation of K calls and the namespace lacks."""
    if case.group != "k" or isinstance(on, Module):
        return frozenset()
    return functions_of(case) & on.absent


# The standard lets a library leave sizes unknown (None) where they depend on the values of arrays.
SIZED_BY_VALUES = frozenset(
    {"nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values", "repeat", "array.getitem"}
)


def depends_on_values(case: Case) -> bool:
    """Whether the sizes of a function's results, or of something that an operation of K computes, depend on values."""
    called_ = {case.name} if case.group == "standard" else functions_of(case)
    return not SIZED_BY_VALUES.isdisjoint(called_)


def called(case: Case) -> Any:
    """The operation of a case."""
    return getattr(K, case.name)


def evaluated(backend: Any, results: Sequence[Any]) -> list[Any]:
    """Symbolic results (of operations without array arguments) computed on a backend; other results unchanged."""
    tensors = [r for r in results if isinstance(r, Tensor)]
    if not tensors:
        return list(results)
    fed = K.Placeholder((1,), dtype="float32")  # determines the library of the values
    values = iter(K.function([fed], tensors, jit=False)([backend.asarray(np.zeros(1, "float32"), "float32")]))
    return [next(values) if isinstance(r, Tensor) else r for r in results]


def eager(on: Namespace | Any, example: Example, arrays: list[Any] | None = None) -> list[Any]:
    """The results of the operation on native arrays."""
    if isinstance(on, Module):
        return on.results(example, on.arrays(example) if arrays is None else arrays)
    backend = on.backend if isinstance(on, Namespace) else on
    if arrays is None:
        arrays = on.arrays(example)
    call = example.filled(arrays)
    with K.use_backend(backend), backend.quiet(), owning(backend):
        if example.case.group == "standard":
            return applied(backend, example.case, call)
        return evaluated(backend, flat(called(example.case)(*call.args, **call.kwargs)))


def placeholders(example: Example, shapes: Sequence[Any] | None = None) -> list[Any]:
    """One placeholder for each array of an example."""
    shapes = [v.shape for v in example.values] if shapes is None else shapes
    return [K.Placeholder(shape, dtype=v.dtype.name) for shape, v in zip(shapes, example.values, strict=True)]


def recorded(cache: dict[Any, Any], key: Any, record: Callable[[], tuple[list[Any], list[Any]]]) -> Any:
    """A graph's inputs and outputs, recorded once, or each time if running it changes state (random numbers)."""
    if key in cache:
        return cache[key]
    inputs, outputs = record()
    if not effects_of([o for o in outputs if isinstance(o, Tensor)]):
        cache[key] = inputs, outputs
    return inputs, outputs


def symbolic(example: Example, inputs: list[Any]) -> list[Any]:
    """The results of the operation on placeholders."""
    call = example.filled(inputs)
    return flat(called(example.case)(*call.args, **call.kwargs))


def compiled(on: Namespace, inputs: list[Any], outputs: list[Any], arrays: list[Any]) -> list[Any]:
    """The outputs of a graph for these native arrays, by a compiled function; outputs that are no tensors stay."""
    tensors = [o for o in outputs if isinstance(o, Tensor)]
    if not tensors:
        return outputs
    with K.use_backend(on.backend), owning(on.backend):
        if inputs:
            found = iter(_function(tuple(inputs), tuple(tensors))(arrays))
        else:
            return evaluated(on.backend, outputs)
    return [next(found) if isinstance(o, Tensor) else o for o in outputs]


def analysed(inputs: list[Any], outputs: list[Any], values: Sequence[np.ndarray]) -> list[Any]:
    """The outputs of a graph that are tensors, each with its error bound.

    They come of the program that writes over arrays no longer used, which the libraries under test run as well, so that
    one program is printed of each graph: `x += y` on arrays with bounds, which are not written to, is `x = x + y`.
    """
    tensors = [o for o in outputs if isinstance(o, Tensor)]
    if not tensors:
        return []
    arrays = [error_analysis.bounded(v) for v in values]
    function = _function(tuple(inputs), tuple(tensors))
    with K.use_backend(BOUNDED):
        if function.defaults or function.variables or function.updated:
            return list(function(arrays))
        return list(function.executable.bind(BOUNDED, in_place=True)(*arrays)[0])


def forget_functions() -> None:
    """Drop the compiled functions: they hold constants that a namespace made, with a planted fault or without."""
    _function.cache_clear()


@functools.lru_cache(maxsize=FUNCTIONS)
def _function(inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> Any:
    """A graph compiled once for all the feeds it is tried on; tensors are equal where they are one object."""
    return K.function(
        list(inputs), list(outputs), jit=False
    )  # transforms.py has jax.jit; each shape would compile here


def expected(example: Example, library: str = "") -> list[Any]:
    """The expected results: `Expected` for arrays, anything else as a plain value."""
    key = ("expected", library if library == "jax" else "", _reference.get())
    if key not in example.cache:
        found: list[Any]
        if example.case.group == "standard":
            found = _standard(example, library)
        elif example.case.exact:
            found = _by_reference(example)
        else:
            with analysing(library):
                found = _by_analysis(example)
        example.cache[key] = found
    return example.cache[key]


def _standard(example: Example, library: str) -> list[Any]:
    """The expected results of a function of the standard."""
    case = example.case
    with analysing(library):
        for each, want in case.special:
            if each is example.call:
                return special_value(case, want, example.dtype)
        if case.reference is not None:
            call = example.filled(example.values)
            with np.errstate(all="ignore"):
                found = case.reference(*call.args, **call.kwargs)
            return list(found) if isinstance(found, list | tuple) and not isinstance(found, Expected) else [found]
        if case.exact:
            return _by_reference(example)
        return _by_analysis(example)


def _by_reference(example: Example) -> list[Any]:
    """The reference's results, which have to match bit for bit."""
    results = eager(namespace(_reference.get()), example)
    return [Expected(host(r), None, dtype_name(r.dtype)) if is_array(r) else r for r in results]


def _by_analysis(example: Example) -> list[Any]:
    """The results in float64, each with its error bound."""
    return [as_expected(r) for r in eager(BOUNDED, example, [error_analysis.bounded(v) for v in example.values])]


def as_expected(result: Any) -> Any:
    """The expected value and bound from a result of the error analysis."""
    if not isinstance(result, error_analysis.Bounded):
        return result
    value = result.value
    error = np.zeros(value.shape) if result.error is None else result.error
    return Expected(value, error, result.dtype.name)


def device_matches(on: Namespace, result: Any) -> bool:
    """Whether an array is on the namespace's device."""
    return device_of(result) == on.backend.device
