"""Which functions of a namespace each operation calls, so that a planted fault is looked for only where it can show."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backend.autodiff.rules.table import VJPS
from backend.graph.composite import Composite

from ..case import Case
from ..examples import typical
from ..gradients import wanted_gradients
from ..operations import Namespace, compiled, eager, placeholders
from ..operations import symbolic as recorded

__all__ = ["OPERATORS", "listening", "touched"]

# the functions behind the operators of an array
OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "pow",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
    "neg": "negative",
    "abs": "abs",
    "invert": "bitwise_invert",
    "getitem": "getitem",
}


@contextlib.contextmanager
def listening(xp: Any, array: type) -> Iterator[set[str]]:
    """Within the block, the names of the functions called, operators by the names of their functions.

    Composites are heard, too: 'composite convolution'.
    """
    heard: set[str] = set()
    homes = [("", xp), ("linalg.", getattr(xp, "linalg", None)), ("fft.", getattr(xp, "fft", None))]
    replaced: list[tuple[Any, str, Any]] = []

    def listener(name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            heard.add(name)
            return whole(*args, **kwargs)

        return call

    bound = Composite.bound
    replaced.append((Composite, "bound", bound))

    def binding(self: Composite, space: Any) -> Any:
        heard.add(f"composite {self.__name__}")
        return bound(self, space)

    setattr(Composite, "bound", binding)  # noqa: B010 - mypy forbids the assignment
    for prefix, home in homes:
        for name in getattr(home, "__all__", dir(home)):
            whole = getattr(home, name, None)
            if callable(whole) and not isinstance(whole, type) and not name.startswith("_"):
                replaced.append((home, name, whole))
                setattr(home, name, listener(prefix + name, whole))
    for sign, name in OPERATORS.items():
        for method in (f"__{sign}__", f"__r{sign}__"):
            if method in vars(array):
                replaced.append((array, method, vars(array)[method]))
                setattr(array, method, listener(name, vars(array)[method]))
    try:
        yield heard
    finally:
        for home, name, whole in replaced:
            setattr(home, name, whole)


def touched(cases: Sequence[Case], on: Namespace) -> dict[tuple[str, str], set[str]]:
    """By group and name of a case, what its operation and its gradient call: 'exp', 'vjp exp', 'composite block'."""
    array = type(on.backend.asarray([1.0], "float32"))
    found: dict[tuple[str, str], set[str]] = {}
    for case in cases:
        with listening(on.xp, array) as heard:
            for index in range(len(case.calls)):
                example = typical(case, index, next((d for d in case.dtypes if d == "float32"), case.dtypes[-1]))
                with contextlib.suppress(Exception):  # what cannot run here is for the verdicts to say
                    eager(on, example)
                    if case.group == "k":
                        inputs = placeholders(example)
                        compiled(on, inputs, recorded(example, inputs), on.arrays(example))
                        heard |= _rules(on, example)
        found[case.group, case.name] = heard
    return found


def _rules(on: Namespace, example: Any) -> set[str]:
    """The gradient rules an example needs."""
    if not example.differentiated:
        return set()
    heard: set[str] = set()
    whole = dict(VJPS)

    def listener(name: str, rule: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            heard.add(f"vjp {name}")
            return rule(*args, **kwargs)

        return rule and call

    VJPS.update({name: tuple(listener(name, rule) for rule in rules) for name, rules in whole.items()})
    try:
        from ..gradients import gradient_graph

        wanted_gradients(example, on.library)
        inputs, outputs = gradient_graph(example)
        compiled(on, inputs, [g for g in outputs if g is not None], on.arrays(example))
    finally:
        VJPS.update(whole)
    return heard
