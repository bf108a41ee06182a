"""Conditions of generated faults on arguments: axes, options at values other than their defaults, and pairs of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

from backend.arrays.dtypes import dtype_name

from ..subjects.functions import Dtype
from .conditions import Condition
from .probes import Probe, with_argument
from .seen import REQUIRED, Parameter, Seen, leaves, parameters_of

__all__ = ["argument_conditions"]

AXES = ("axis", "axes", "reduction_axes", "source", "destination")
UNSEEN = ("device", "stream", "max_version", "dl_device", "api_version", "name", "message", "seed", "x", "x1", "x2")


def _axes_in(value: Any) -> list[int] | None:
    """The axes in an argument, or None where it is none."""
    found = list(value) if isinstance(value, list | tuple) else [value]
    return found if found and all(isinstance(a, int) and not isinstance(a, bool) for a in found) else None


def _on_axes(name: str, test: Callable[[list[int], Any, int], bool]) -> Callable[[Seen], bool]:
    """A test of the axes, the argument as given, and the number of axes of the first array."""

    def holds(call: Seen) -> bool:
        axes = _axes_in(call.named.get(name))
        return axes is not None and bool(call.arrays) and test(axes, call.named[name], len(call.arrays[0].shape))

    return holds


def _with(name: str, *values: Any) -> Callable[[Probe], Iterator[Probe]]:
    """The call as it is, and with each of the values for a parameter; a function makes the value from the call."""

    def adapted(probe: Probe) -> Iterator[Probe]:
        yield probe
        for value in values:
            made = with_argument(probe, name, value(probe) if callable(value) else value)
            if made is not None:
                yield made

    return adapted


def _ndim(probe: Probe) -> int:
    return probe.values[0].ndim if probe.values else 0


def _positive(value: Any, axes: int) -> list[int]:
    return [a + axes if a < 0 else a for a in _axes_in(value) or []]


def _axis_conditions(p: Parameter) -> list[Condition]:
    """The conditions on a parameter that names axes."""
    name = p.name
    several = any(word in p.type for word in ("Tuple", "Sequence", "Axes", "Axis'", "Axis"))
    found = [
        Condition(
            f"{name} negative",
            "axis",
            _on_axes(name, lambda axes, given, n: min(axes) < 0),
            _with(name, -1, -2, (-1,), (-1, -2)),
            True,
        ),
        Condition(
            f"{name} the last of several, counted from the front",
            "axis",
            _on_axes(name, lambda axes, given, n: isinstance(given, int) and n > 1 and given == n - 1),
            _with(name, lambda probe: _ndim(probe) - 1),
            True,
        ),
        Condition(
            f"{name} neither the first nor the last",
            "axis",
            _on_axes(name, lambda axes, given, n: isinstance(given, int) and 0 < given % max(n, 1) < n - 1),
            _with(name, 1),
            True,
        ),
        Condition(
            f"{name}=0 of several",
            "axis",
            _on_axes(name, lambda axes, given, n: given == 0 and isinstance(given, int) and n > 1),
            _with(name, 0),
            True,
        ),
    ]
    if several:
        found += [
            Condition(
                f"{name} a tuple of two or more",
                "axis",
                _on_axes(name, lambda axes, given, n: len(axes) > 1),
                _with(name, (0, 1), (0, 2), (0, -1)),
                True,
            ),
            Condition(
                f"{name} a tuple out of order",
                "axis",
                _on_axes(name, lambda axes, given, n: _positive(given, n) != sorted(_positive(given, n))),
                _with(name, (1, 0), (-1, 0)),
                True,
            ),
        ]
    if "None" in p.type or "Optional" in p.type:
        found.append(
            Condition(f"{name}=None given", "axis", lambda c: c.named.get(name, 0) is None, _with(name, None), True)
        )
    return found


SIGNED = ("k", "offset", "shift", "step", "start")
# Values other than the default, by the parameter's name. What a function refuses is no fault and falls out.
VALUES: dict[str, tuple[Any, ...]] = {
    "correction": (1, 0.5, 2.0),
    "side": ("right",),
    "norm": ("ortho", "forward"),
    "ord": (1, math.inf, -math.inf, 0, 3, -1, 2.5, "nuc", "fro", 2, -2),
    "n": (2, 3, 7),
    "s": ((2, 3), (5, 4), (7,)),
    "k": (1, -1, 2),
    "offset": (1, -1, 2),
    "shift": (1, -1, 7, (1, 2), (-1, 3)),
    "indexing": ("ij",),
    "rtol": (0.5, 1e-3),
    "mode": ("complete", "reflect", "symmetric"),
    "copy": (True, False),
    "d": (0.5, 2.0),
    "step": (2, -1, 0.5),
    "min": (-0.5, 0.5),
    "max": (0.25, 1.0),
    "dtype": ("float32", "float64", "int64", "int16", "uint8", "complex128"),
    "n_cols": (2, 6),
    "alpha": (0.3,),
    "negative_slope": (0.4,),
    "max_value": (1.5,),
    "threshold": (0.5,),
    "scale": (0.7,),
    "strides": (2, (2, 1), (1, 2)),
    "padding": ("same",),
    "data_format": ("channels_first", "channels_last"),
    "dilation_rate": (2, (2, 2)),
    "pool_mode": ("avg",),
    "interpolation": ("bilinear",),
    "epsilon": (0.1,),
    "gamma": (1.0, 3.0),
    "constant_value": (1.5,),
    "axes": (1, 0, ((0,), (0,)), (0, 1)),
    "repeats": (1, 2, 3),
    "repetitions": ((2, 1), (1, 3), (2,)),
}


def _same(given: Any, value: Any) -> bool:
    """Whether an argument of a call is this value; a dtype is known by its name."""
    if isinstance(value, Dtype):
        try:
            return given is not None and not isinstance(given, bool | int | float) and dtype_name(given) == value
        except (TypeError, ValueError, AttributeError):
            return False
    if hasattr(given, "shape") or type(given) is bool is not type(value):
        return False
    return bool(given == value)


def _options(p: Parameter) -> list[Any]:
    """Values for a parameter that differ from its default."""
    if isinstance(p.default, bool):
        return [not p.default]
    if p.name == "dtype":
        return [Dtype(name) for name in VALUES["dtype"]]
    return [v for v in VALUES.get(p.name, ()) if not (type(v) is type(p.default) and v == p.default)]


def _option_conditions(p: Parameter) -> list[Condition]:
    """One condition for each value of an option, and one for any value but the default."""
    name = p.name

    def given(call: Seen) -> bool:
        value = call.named.get(name, p.default)
        if value is None or value is p.default or hasattr(value, "shape"):
            return value is not None and value is not p.default
        return not _same(value, p.default)

    values = _options(p)
    found = [
        Condition(
            f"{name}={str(value) if isinstance(value, Dtype) else repr(value)}",
            "option",
            lambda call, value=value: name in call.named and _same(call.named[name], value),  # type: ignore[misc]
            _with(name, value),
            True,
        )
        for value in values
        if _is_choice(name, value)
    ]
    if name in SIGNED:
        found.append(
            Condition(
                f"{name} negative",
                "option",
                lambda call: any(
                    isinstance(v, int | float) and not isinstance(v, bool) and v < 0
                    for v in leaves(call.named.get(name))
                ),
                _with(name, *values),
                True,
            )
        )
    if p.default is not REQUIRED and len(found) != 1:
        found.append(Condition(f"{name} given, not its default", "option", given, _with(name, *values), True))
    return found


def _is_choice(name: str, value: Any) -> bool:
    """Whether code tells a value from others: a name, a truth value, a dtype, a norm; not one number among many."""
    return isinstance(value, str | bool) or name in ("ord", "correction", "indexing")


def _pair(one: Condition, other: Condition) -> Condition:
    """Both conditions at once."""
    return Condition(
        f"{one.words}, {other.words}",
        "pair",
        lambda call: one.holds(call) and other.holds(call),
        lambda probe: (q for p in one.adapted(probe) for q in other.adapted(p)),
        one.symbolic and other.symbolic,
    )


def argument_conditions(target: str) -> list[Condition]:
    """The conditions on the arguments of a function."""
    by_parameter: list[list[Condition]] = []
    for p in parameters_of(target):
        if p.name in AXES and "array" not in p.type.lower() and not (p.name == "axes" and "Tuple[Sequence" in p.type):
            by_parameter.append(_axis_conditions(p))
        elif p.name not in UNSEEN and not p.variadic and (p.default is not REQUIRED or p.name in VALUES):
            by_parameter.append(_option_conditions(p))
    pairs = [
        _pair(one, other)
        for first, second in itertools.combinations(by_parameter, 2)
        for one in first[:6]
        for other in second[:2]
    ]
    return [*itertools.chain(*by_parameter), *pairs]
