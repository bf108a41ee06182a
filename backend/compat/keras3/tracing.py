"""Tracing Keras code: a scope that hands out placeholders for the variables read, and what is made with it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from keras.src import tree
from keras.src.backend.common import standardize_dtype
from keras.src.backend.common.keras_tensor import KerasTensor
from keras.src.backend.common.stateless_scope import StatelessScope, get_stateless_scope
from keras.src.backend.common.symbolic_scope import SymbolicScope

from backend.arrays.backends import active
from backend.graph.tensor import Placeholder, control

from .immediate import computed_at_once, held
from .tensors import convert_to_tensor, is_tensor, moved
from .value_shapes import true_places

__all__ = ["NO_VALUE", "HoldingRecording", "Recording", "compute_output_spec", "kept_apart"]

NO_VALUE = "is symbolic and "  # what the errors of tensors without a value say
# Two primes in the place of an unknown size: where the results' sizes differ, they are unknown.
UNKNOWN = (83, 89)


class Recording(StatelessScope):
    """A scope in which a variable that is read stands for a placeholder, whoever owns it.

    `read` has the variables read with their placeholders, `assigned` those assigned, by id; `state_mapping` has the new
    values. Tensors may be indexed with boolean masks.
    """

    records = True

    def __init__(self, collect_losses: bool = False) -> None:
        super().__init__(collect_losses=collect_losses)
        self.read: dict[int, tuple[Any, Placeholder]] = {}
        self.assigned: dict[int, Any] = {}

    def __enter__(self) -> Recording:
        self._token = control.set(control.get()._replace(places=true_places))
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        control.reset(self._token)

    def get_current_value(self, variable: Any) -> Any:
        """What stands for the variable now: the value last assigned, or its placeholder."""
        found = self.state_mapping.get(id(variable))
        if found is not None:
            return found
        if id(variable) not in self.read:
            self.read[id(variable)] = variable, self._place(variable)
        return self.read[id(variable)][1]

    def _place(self, variable: Any) -> Placeholder:
        return Placeholder(variable.shape, variable._dtype, variable.name)  # noqa: SLF001 - `dtype` is autocast

    def add_update(self, update: Any) -> None:
        """Note the new value of a variable."""
        variable, value = update
        self.assigned[id(variable)] = variable
        self.state_mapping[id(variable)] = value


class HoldingRecording(Recording):
    """A Recording whose placeholders have the variables' values; ones for what has not been created yet."""

    def _place(self, variable: Any) -> Placeholder:
        if variable._value is None:  # noqa: SLF001 - `value` asks the scopes
            return _ones(variable.shape, variable._dtype, variable.name)  # noqa: SLF001
        return held(moved(variable, active()), variable.name)


@contextlib.contextmanager
def kept_apart(scope: Any) -> Iterator[dict[int, Any]]:
    """Within the block, updates go into the dictionary it gives; afterwards the scope has the values it had before."""
    updates: dict[int, Any] = {}
    if scope is None:
        yield updates
        return
    before = scope.state_mapping
    scope.state_mapping = dict(before)
    try:
        yield updates
    finally:
        updates.update({k: v for k, v in scope.state_mapping.items() if v is not before.get(k)})
        scope.state_mapping = before


def compute_output_spec(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `fn` would return for these arguments, as KerasTensors: it is traced, and nothing is computed.

    Code that asks for values, which a model that runs eagerly may have, gets ones.
    """
    try:
        with Recording(), SymbolicScope():
            first, second = _twice(fn, args, kwargs, Placeholder)
    except (TypeError, ValueError) as error:
        if NO_VALUE not in str(error):
            raise
        with HoldingRecording(), SymbolicScope(), computed_at_once({}):
            first, second = _twice(fn, args, kwargs, _ones)
    flat = [_spec(a, b) for a, b in zip(tree.flatten(first), tree.flatten(second), strict=True)]
    return tree.pack_sequence_as(first, flat)


def _twice(fn: Callable[..., Any], args: Any, kwargs: Any, make: Callable[..., Any]) -> tuple[Any, Any]:
    unknown = any(isinstance(x, KerasTensor) and None in x.shape for x in tree.flatten((args, kwargs)))
    first = _traced(fn, args, kwargs, UNKNOWN[0], make)
    return first, _traced(fn, args, kwargs, UNKNOWN[1], make) if unknown else first


def _traced(fn: Callable[..., Any], args: Any, kwargs: Any, size: int, make: Callable[..., Any]) -> Any:
    def place(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        return make([size if n is None else n for n in x.shape], standardize_dtype(x.dtype))

    args, kwargs = tree.map_structure(place, (args, kwargs))
    scope = get_stateless_scope()
    with kept_apart(scope):
        return fn(*args, **kwargs)


def _ones(shape: Any, dtype: str, name: str | None = None) -> Placeholder:
    return held(convert_to_tensor(np.ones(shape, "float32"), dtype), name)


def _spec(a: Any, b: Any) -> Any:
    if not is_tensor(a):
        return a
    sizes = [n if n == m else None for n, m in zip(a.shape, b.shape, strict=True)]
    return KerasTensor(sizes, standardize_dtype(a.dtype))
