"""Gradients of functions of plain arrays, on any namespace: traced once per signature, then straight-line code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import config
from ..arrays.backends import Backend, active
from ..arrays.dtypes import dtype_name, is_float
from ..arrays.namespaces import array_namespace, describe, device_of, is_array, namespace_of
from ..autodiff.backward import gradients
from ..compiler.rewriter import effects_of
from ..control.nests import flatten, restore
from ..graph.tensor import Placeholder, Tensor
from .function import Function

__all__ = ["grad", "value_and_grad"]


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that gives the gradient of f with respect to its arguments `argnums`.

    f takes arrays (and nests of them; anything else is a constant) and returns a scalar; it may use the operations of
    K, and functions of the array's own `__array_namespace__()`. It is traced once for each combination of shapes,
    dtypes and constants. Shapes and dtypes: those of the arguments, on their library and device.
    Errors: TypeError when f does not return a scalar made of its arguments, or an argument is not floating.

    Source: this library; reverse accumulation.
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that gives f's value together with its gradient, as `grad`.

    Shapes and dtypes, errors: as `grad`.

    Source: this library; reverse accumulation.
    """
    compiled: dict[Any, Any] = {}

    @functools.wraps(f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        wanted = argnums if isinstance(argnums, tuple) else (argnums,)
        for i in wanted:
            if not isinstance(i, int) or not -len(args) <= i < len(args):
                raise ValueError(f"grad: argnums {argnums!r} for {len(args)} positional arguments")
        args = tuple(_as_arrays(a) if i in {w % len(args) for w in wanted} else a for i, a in enumerate(args))
        values, shape = flatten((list(args), kwargs))
        arrays = [v for v in values if is_array(v) and not isinstance(v, Tensor)]
        key = (repr(shape), wanted, config.floatx(), *(_signature(v) for v in values))
        if key not in compiled:
            compiled[key] = _traced(f, values, shape, wanted)
        function, structure = compiled[key]
        xp = array_namespace(*arrays)
        backend = Backend(describe(xp), xp, device_of(arrays[0]))
        with backend.quiet():
            results = function.run(backend, arrays)
        found = restore(structure, results[1:])
        return results[0], found if isinstance(argnums, tuple) else found[0]

    return evaluate


def _as_arrays(value: Any) -> Any:
    """Python numbers where an array is differentiated become arrays of the active backend."""
    found, shape = flatten(value)
    return restore(
        shape, [active().asarray(np.asarray(v, config.floatx())) if isinstance(v, (int, float)) else v for v in found]
    )


def _signature(value: Any) -> Any:
    if is_array(value) and not isinstance(value, Tensor):
        return id(namespace_of(value)), tuple(value.shape), dtype_name(value.dtype)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value


def _traced(f: Callable[..., Any], values: list[Any], shape: Any, wanted: tuple[int, ...]) -> Any:
    """The compiled value and gradients of f, and the structure the gradients come in."""
    made = [Placeholder(v.shape, v.dtype) if is_array(v) and not isinstance(v, Tensor) else v for v in values]
    args, kwargs = restore(shape, made)
    loss = f(*args, **kwargs)
    if not isinstance(loss, Tensor) or loss.shape != ():
        got = f"shape {loss.shape}" if isinstance(loss, Tensor) else type(loss).__name__
        raise TypeError(f"grad: {getattr(f, '__name__', 'f')} gives {got}; expected a scalar made of its arguments")
    targets, structure = flatten([args[i] for i in wanted])
    for t in targets:
        if not isinstance(t, Tensor) or not is_float(t.dtype):
            raise TypeError(f"grad: cannot differentiate with respect to {t!r}; expected a floating array")
    xp = loss.__array_namespace__()
    found = [xp.zeros_like(t) if g is None else g for g, t in zip(gradients(loss, targets), targets, strict=True)]
    inputs = [p for p in made if isinstance(p, Placeholder)]
    outputs = [loss, *found]
    return Function(inputs, outputs, effects_of(outputs), "gradient"), structure
