"""Which functions of a namespace each operation calls: only their cases can find a fault in them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backend.autodiff.rules.table import VJPS
from backend.graph.composite import Composite
from backend.graph.primitives import PRIMITIVES

from ..case import Case
from ..examples import typical
from ..properties.gradients import gradient_graph, wanted_gradients
from ..subjects.operations import Namespace, compiled, eager, placeholders
from ..subjects.operations import symbolic as recorded

__all__ = ["OPERATORS", "listening", "rules_heard", "touched"]

OPERATORS = {row.dunder: row.name for row in PRIMITIVES.values() if row.dunder}


@contextlib.contextmanager
def listening(xp: Any, array: type) -> Iterator[set[str]]:
    """Within the block, collects the names of the functions called; an operator counts as its function.

    A composite is named 'composite convolution'.
    """
    heard: set[str] = set()
    with contextlib.ExitStack() as stack:
        for home, name, key in [*_functions(xp), *_methods(array)]:
            stack.enter_context(_replaced(home, name, _listener(heard, key, getattr(home, name))))
        stack.enter_context(_replaced(Composite, "bound", _bound(heard)))
        yield heard


@contextlib.contextmanager
def _replaced(home: Any, name: str, value: Any) -> Iterator[None]:
    """Within the block, an attribute has another value."""
    whole = getattr(home, name)
    setattr(home, name, value)
    try:
        yield
    finally:
        setattr(home, name, whole)


def _functions(xp: Any) -> Iterator[tuple[Any, str, str]]:
    """The functions of a namespace and its extensions: where each is, its name there, its full name."""
    for prefix, home in (("", xp), ("linalg.", getattr(xp, "linalg", None)), ("fft.", getattr(xp, "fft", None))):
        for name in getattr(home, "__all__", dir(home)):
            whole = getattr(home, name, None)
            if callable(whole) and not isinstance(whole, type) and not name.startswith("_"):
                yield home, name, prefix + name


def _methods(array: type) -> Iterator[tuple[Any, str, str]]:
    """The operators of an array type, reflected ones included, with their functions' names."""
    for sign, name in OPERATORS.items():
        for method in (f"__{sign}__", f"__r{sign}__"):
            if method in vars(array):
                yield array, method, name


def _listener(heard: set[str], name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        heard.add(name)
        return whole(*args, **kwargs)

    return call


def _bound(heard: set[str]) -> Callable[..., Any]:
    bound = Composite.bound

    def call(self: Composite, xp: Any) -> Any:
        heard.add(f"composite {self.__name__}")
        return bound(self, xp)

    return call


def touched(cases: Sequence[Case], on: Namespace) -> dict[tuple[str, str], set[str]]:
    """(group, name) of a case -> what its operation and its gradient call: 'exp', 'vjp exp', 'composite lstm'."""
    array = type(on.backend.asarray([1.0], "float32"))
    found: dict[tuple[str, str], set[str]] = {}
    for case in cases:
        with listening(on.xp, array) as heard:
            for index in range(len(case.calls)):
                example = typical(case, index, next((d for d in case.dtypes if d == "float32"), case.dtypes[-1]))
                with contextlib.suppress(Exception):  # the verdicts report what cannot run here
                    eager(on, example)
                    if case.group == "k":
                        inputs = placeholders(example)
                        compiled(on, inputs, recorded(example, inputs), on.arrays(example))
                        heard |= _rules(on, example)
        found[case.group, case.name] = heard
    return found


def _rules(on: Namespace, example: Any) -> set[str]:
    """The gradient rules that an example uses."""
    if not example.differentiated:
        return set()
    with rules_heard() as heard:
        wanted_gradients(example, on.library)
        inputs, outputs = gradient_graph(example)
        compiled(on, inputs, [g for g in outputs if g is not None], on.arrays(example))
    return {f"vjp {name}" for name in heard}


@contextlib.contextmanager
def rules_heard() -> Iterator[set[str]]:
    """Within the block, collects the names of the functions whose gradient rules are called."""
    heard: set[str] = set()
    whole = dict(VJPS)
    VJPS.update({name: tuple(rule and _listener(heard, name, rule) for rule in rules) for name, rules in whole.items()})
    try:
        yield heard
    finally:
        VJPS.update(whole)
