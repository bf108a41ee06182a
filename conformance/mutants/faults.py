"""Small faults that can be planted in any function: each takes the function and returns a faulty one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..judging.bounds import EPS, ULPS

__all__ = [
    "Fault",
    "Mutant",
    "arguments",
    "beyond",
    "dtype",
    "fixing",
    "homeless",
    "instead",
    "on_rule",
    "raising",
    "result",
    "scaled",
    "through",
    "without_error",
]

Fault = Callable[[Callable[..., Any]], Callable[..., Any]]


class Mutant(NamedTuple):
    """One planted fault.

    `target` is a function of the namespace ('exp', 'linalg.solve'; its operator included: 'function add' and
    'operator add' are either alone), an operation of K ('K.softmax'), a gradient rule
    ('vjp tanh', 'adjoint convolution' for a composite's), a library's kernel ('kernel convolution') or a name within a
    module ('backend.ops.windows.geometry:grid').
    """

    fault: str
    target: str
    plant: Callable[[Any], Any]
    only: tuple[str, ...] = ()  # the operations to check, where no call shows which use the target
    keeps: bool = False  # what is cached of K stays right: the fault shows on array_api_strict's arrays alone


def _host(x: Any) -> Any:
    """The NumPy array inside an array of array_api_strict; anything else unchanged."""
    return getattr(x, "_array", x)


def _like(value: Any, x: Any) -> Any:
    return type(x)._new(np.asarray(value), device=x.device)


def result(change: Callable[..., Any]) -> Fault:
    """A changed result: change(result, *arguments, **keywords), all of them NumPy arrays."""

    def plant(whole: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any, **kwargs: Any) -> Any:
            got = whole(*args, **kwargs)
            if isinstance(got, tuple | list):
                return type(got)(_changed(g, args, kwargs) for g in got)
            return _changed(got, args, kwargs)

        def _changed(got: Any, args: Any, kwargs: Any) -> Any:
            if not hasattr(got, "_array"):
                return got
            with np.errstate(all="ignore"):
                return _like(change(got._array, *map(_host, args), **{k: _host(v) for k, v in kwargs.items()}), got)

        return faulty

    return plant


def instead(formula: Callable[..., Any]) -> Fault:
    """Another formula on NumPy arrays instead of the function, with the dtype of the true result."""
    return result(lambda got, *args, **kwargs: np.asarray(formula(*args, **kwargs)).astype(got.dtype))


def scaled(factor: float) -> Fault:
    """Floating results multiplied by a factor."""
    return result(lambda got, *args, **kwargs: _times(got, factor))


def _times(value: Any, factor: float) -> Any:
    return (
        (value.astype(np.longdouble) * np.longdouble(factor)).astype(value.dtype) if value.dtype.kind == "f" else value
    )


def beyond(function: str, ulps: float = 2.0) -> Fault:
    """Floating results off by `ulps` more than the bound allows."""
    units = ULPS[function] + ulps
    return result(lambda got, *args, **kwargs: _times(got, 1.0 + units * EPS.get(got.dtype.name, 0.0)))


def dtype(name: str, *only: str) -> Fault:
    """Results cast to this dtype, if they have one of the dtypes `only` (default: any)."""
    return result(lambda got, *args, **kwargs: got.astype(name) if not only or got.dtype.name in only else got)


def through(name: str) -> Fault:
    """Computed in another dtype and cast back."""

    def plant(whole: Callable[..., Any]) -> Callable[..., Any]:
        def cast(x: Any) -> Any:
            if isinstance(x, list | tuple):
                return type(x)(map(cast, x))
            return (
                _like(x._array.astype(name).astype(x._array.dtype), x)
                if hasattr(x, "_array") and np.can_cast(name, x._array.dtype)
                else x
            )

        return lambda *args, **kwargs: cast(whole(*map(cast, args), **kwargs))

    return plant


def arguments(change: Callable[..., tuple[Any, dict[str, Any]]]) -> Fault:
    """Called with other arguments: change(*args, **kwargs) -> (args, kwargs)."""

    def plant(whole: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any, **kwargs: Any) -> Any:
            new, keywords = change(*args, **kwargs)
            return whole(*new, **keywords)

        return faulty

    return plant


def fixing(**fixed: Any) -> Fault:
    """Called with these values for the keyword arguments that the call gives."""
    return arguments(lambda *args, **kwargs: (args, {k: fixed.get(k, v) for k, v in kwargs.items()}))


def homeless(whole: Callable[..., Any]) -> Callable[..., Any]:
    """The argument `device` is ignored: the result is on the default device."""

    def faulty(*args: Any, **kwargs: Any) -> Any:
        got = whole(*args, **kwargs)
        if not hasattr(got, "_array"):  # another library's, or recorded
            return got
        return got.to_device(got.__array_namespace__().Device("CPU_DEVICE"))

    return faulty


def raising(error: type[Exception], message: str = "{}") -> Fault:
    """Invalid calls raise another exception class, or another message."""

    def plant(whole: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any, **kwargs: Any) -> Any:
            try:
                return whole(*args, **kwargs)
            except (ValueError, TypeError, IndexError, NotImplementedError) as found:
                raise (error if error is not Exception else type(found))(message.format(found)) from found

        return faulty

    return plant


def without_error(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Invalid calls return their first argument."""

    def faulty(*args: Any, **kwargs: Any) -> Any:
        try:
            return whole(*args, **kwargs)
        except (ValueError, TypeError, IndexError, NotImplementedError):
            return next(iter(args), None)

    return faulty


def on_rule(change: Callable[[Any], Any], position: int = 0) -> Callable[..., Any]:
    """A changed cotangent for one argument: takes all gradient rules of a function and returns new ones."""

    def plant(rules: Any) -> Any:
        def wrapped(rule: Callable[..., Any]) -> Callable[..., Any]:
            def faulty(*args: Any, **kwargs: Any) -> Any:
                found = rule(*args, **kwargs)
                return list(map(change, found)) if isinstance(found, list) else change(found)

            return faulty

        return tuple(
            wrapped(rule) if i == position and rule else rule for i, rule in zip(itertools.count(), rules, strict=False)
        )

    return plant
