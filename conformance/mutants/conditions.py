"""Conditions of generated faults on sizes, layouts, dtypes, values and the calls before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .probes import Probe, changed, letters, lifted, resized, retyped, scalar_for
from .seen import Operand, Seen

__all__ = ["CALLS", "DTYPES", "LAYOUTS", "SIZES", "VALUES", "Condition"]

Adapted = Callable[[Probe], Iterator[Probe]]


class Condition(NamedTuple):
    """When a fault shows: in words, whether a call meets it, and calls made from another that may meet it."""

    words: str
    family: str
    holds: Callable[[Seen], bool]
    adapted: Adapted
    symbolic: bool = False  # shapes, dtypes and arguments decide, so a recorded call shows it, too
    special: str = ""  # the special value it is about: nan, inf, zero


def _as_it_is(probe: Probe) -> Iterator[Probe]:
    yield probe


# ---- sizes
def _of_size(wanted: int) -> Adapted:
    """Each letter in turn enlarged until the largest array has at least so many elements."""

    def adapted(probe: Probe) -> Iterator[Probe]:
        whole = max((v.size for v in probe.values), default=0)
        for letter in letters(probe):
            one = max((v.size for v in resized(probe, {letter: 1}).values), default=0)
            yield resized(probe, {letter: max(1, math.ceil(wanted / max(one, 1)))} if whole else {})
        if probe.values and not letters(probe):
            yield lifted(probe, lambda shape: (*shape[:-1], wanted) if shape else shape, True)

    return adapted


def _exactly(size: int) -> Adapted:
    """Every letter, then each one alone, of this size."""

    def adapted(probe: Probe) -> Iterator[Probe]:
        yield resized(probe, dict.fromkeys(letters(probe), size))
        for letter in letters(probe):
            yield resized(probe, {letter: size})
        yield lifted(probe, lambda shape: (size,) * len(shape), False)

    return adapted


def _axes(count: int) -> Adapted:
    def adapted(probe: Probe) -> Iterator[Probe]:
        for first_only in (False, True):
            yield lifted(probe, lambda shape: (2,) * (count - len(shape)) + shape, first_only)

    return adapted


def _no_axes(probe: Probe) -> Iterator[Probe]:
    for first_only in (False, True):
        yield lifted(probe, lambda shape: (), first_only)


def _first(test: Callable[[Operand], bool]) -> Callable[[Seen], bool]:
    return lambda call: bool(call.arrays) and test(call.arrays[0])


def _any(test: Callable[[np.ndarray], bool]) -> Callable[[Seen], bool]:
    """Whether one of the arrays passes, as far as its values are known."""
    return lambda call: any(a.value is not None and test(a.value) for a in call.arrays)


def _size(words: str, test: Callable[[Seen], bool], adapted: Adapted) -> Condition:
    return Condition(words, "size", test, adapted, True)


SIZES = [
    _size("no element", lambda c: c.size == 0, _exactly(0)),
    _size("one element", lambda c: c.size == 1, _exactly(1)),
    _size("two elements", lambda c: c.size == 2, _exactly(2)),
    _size("more than 16 elements", lambda c: c.size > 16, _of_size(17)),
    _size("more than 64 elements", lambda c: c.size > 64, _of_size(65)),
    _size("1000 or more elements", lambda c: c.size >= 1000, _of_size(1000)),
    _size("4096 or more elements", lambda c: c.size >= 4096, _of_size(4096)),
    _size("more than 8 elements, no multiple of 8", lambda c: c.size > 8 and c.size % 8 != 0, _of_size(17)),
    _size("no axes", _first(lambda a: a.shape == ()), _no_axes),
    _size("one axis", _first(lambda a: len(a.shape) == 1), _as_it_is),
    _size("3 or more axes", _first(lambda a: len(a.shape) >= 3), _axes(3)),
    _size("4 or more axes", _first(lambda a: len(a.shape) >= 4), _axes(4)),
    _size("5 or more axes", _first(lambda a: len(a.shape) >= 5), _axes(5)),
    _size("an axis of size 1 among longer ones", _first(lambda a: 1 in a.shape and a.size > 1), _exactly(1)),
    _size("an empty axis among others", _first(lambda a: len(a.shape) > 1 and 0 in a.shape), _exactly(0)),
    _size(
        "arrays of different shapes",
        lambda c: len(c.arrays) == 2 and c.arrays[0].shape != c.arrays[1].shape,
        _as_it_is,
    ),
]


# ---- layouts
def _arranged(arrange: Callable[[np.ndarray], np.ndarray], only: int | None = None) -> Adapted:
    def adapted(probe: Probe) -> Iterator[Probe]:
        yield changed(probe, lambda i, x: arrange(x) if x.ndim and only in (None, i) else x)
        yield from (changed(p, lambda i, x: arrange(x) if x.ndim and only in (None, i) else x) for p in _axes(2)(probe))

    return adapted


def _read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


def _stepped(x: np.ndarray, step: Callable[[int], bool]) -> bool:
    """Whether the step of an axis of two or more elements passes."""
    return any(step(s) for s, n in zip(x.strides, x.shape, strict=True) if n > 1)


def _layout(words: str, test: Callable[[np.ndarray], bool], adapted: Adapted) -> Condition:
    return Condition(words, "layout", _any(lambda x: x.size > 1 and test(x)), adapted)


LAYOUTS = [
    _layout(
        "an array in Fortran order",
        lambda x: x.flags.f_contiguous and not x.flags.c_contiguous,
        _arranged(np.asfortranarray),
    ),
    _layout(
        "a strided array",
        lambda x: x.ndim > 0 and x.shape[-1] > 1 and abs(x.strides[-1]) > x.itemsize and not x.flags.f_contiguous,
        _arranged(lambda x: np.repeat(x, 2, -1)[..., ::2]),
    ),
    _layout(
        "a reversed array",
        lambda x: _stepped(x, lambda s: s < 0),
        _arranged(lambda x: np.flip(np.flip(x).copy())),
    ),
    _layout(
        "a broadcast array",
        lambda x: _stepped(x, lambda s: s == 0),
        _arranged(lambda x: np.broadcast_to(x[:1], x.shape)),
    ),
    _layout("a read-only array", lambda x: not x.flags.writeable, _arranged(_read_only)),
    Condition(
        "only its second array not contiguous",
        "layout",
        lambda c: (
            len(c.arrays) > 1
            and all(a.value is not None for a in c.arrays[:2])
            and c.arrays[0].value.flags.c_contiguous  # type: ignore[union-attr]
            and not c.arrays[1].value.flags.c_contiguous  # type: ignore[union-attr]
        ),
        _arranged(lambda x: np.flip(np.flip(x).copy()), 1),
    ),
]


# ---- dtypes
def _all_in(dtype: str) -> Adapted:
    def adapted(probe: Probe) -> Iterator[Probe]:
        yield retyped(probe, dtype)
        yield retyped(probe, dtype, lambda i: i == 0)

    return adapted


def _several(*adapted_: Adapted) -> Adapted:
    return lambda probe: (p for f in adapted_ for p in f(probe))


def _dtype(words: str, test: Callable[[Operand], bool], *dtypes: str) -> Condition:
    return Condition(words, "dtype", _first(test), _several(*map(_all_in, dtypes)), True)


def _mixed(probe: Probe) -> Iterator[Probe]:
    for one, other in (("float32", "float64"), ("int8", "int32"), ("uint8", "int16"), ("int64", "int16")):
        yield retyped(retyped(probe, one, lambda i: i == 0), one)._replace(dtype=probe.dtype)
        both = retyped(probe, one)
        yield changed(both, lambda i, x, of=both.values[:1], other=other: x.astype(other) if i else x)  # type: ignore[misc]


def _scalar(position: int) -> Condition:
    words = "a Python number on the " + ("left", "right")[position]

    def holds(call: Seen) -> bool:
        given = list(call.named.values())
        other = given[1 - position : 2 - position]
        return (
            len(given) > 1
            and isinstance(given[position], bool | int | float | complex)
            and bool(other)
            and not isinstance(other[0], bool | int | float | complex)
            and bool(call.arrays)
        )

    return Condition(words, "dtype", holds, lambda probe: (p for p in [scalar_for(probe, position)] if p), True)


NAMES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
)
DTYPES = [
    *(_dtype(f"{name}", lambda a, name=name: a.dtype == name, name) for name in NAMES),  # type: ignore[misc]
    _dtype("integers of 64 bits", lambda a: a.dtype in ("int64", "uint64"), "int64"),
    _dtype("unsigned integers", lambda a: a.dtype.startswith("uint"), "uint16", "uint8", "uint32"),
    _dtype("complex numbers", lambda a: a.dtype.startswith("complex"), "complex128", "complex64"),
    Condition(
        "arrays of different dtypes",
        "dtype",
        lambda c: len(c.arrays) == 2 and c.arrays[0].dtype != c.arrays[1].dtype,
        _mixed,
        True,
    ),
    _scalar(0),
    _scalar(1),
]


# ---- values
def _holding(*numbers: float, kinds: str = "fc", position: int = 0) -> Adapted:
    """One array with these numbers in its last, first and middle places."""

    def adapted(probe: Probe) -> Iterator[Probe]:
        for dtype in (None, "int64", "int32"):
            base = probe if dtype is None or "i" not in kinds else retyped(probe, dtype)
            yield from (_put(base, places, numbers, kinds, position) for places in ((0,), (-1,), (0, -1)))

    return adapted


def _put(probe: Probe, places: tuple[int, ...], numbers: tuple[float, ...], kinds: str, position: int) -> Probe:
    def change(i: int, x: np.ndarray) -> np.ndarray:
        if i != position or x.dtype.kind not in kinds or not x.size:
            return x
        if x.dtype.kind in "iu" and not all(np.iinfo(x.dtype).min <= n <= np.iinfo(x.dtype).max for n in numbers):
            return x
        x = x.copy()
        with np.errstate(all="ignore"):
            for place, number in zip(places, (numbers * len(places))[: len(places)], strict=True):
                x.reshape(-1)[place if x.size > 1 else 0] = number
        return x

    return changed(probe, change)


def _value(
    words: str, test: Callable[[np.ndarray], bool], *numbers: float, kinds: str = "fc", special: str = ""
) -> Condition:
    return Condition(
        words,
        "value",
        lambda c: bool(
            c.arrays
            and c.arrays[0].value is not None
            and c.arrays[0].dtype != "bool"
            and _quiet(test, c.arrays[0].value)
        ),
        _holding(*numbers, kinds=kinds),
        special=special,
    )


def _quiet(test: Callable[[np.ndarray], bool], x: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return bool(test(x))


def _real(test: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], bool]:
    return lambda x: x.dtype.kind == "f" and bool(np.any(test(x)))


def _whole(test: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], bool]:
    return lambda x: x.dtype.kind in "iu" and bool(np.any(test(x)))


def _equal(probe: Probe) -> Iterator[Probe]:
    yield changed(probe, lambda i, x: np.resize(x.reshape(-1)[: max(1, x.size // 2)], x.shape) if x.size else x)


VALUES = [
    _value("a NaN", _real(np.isnan), math.nan, special="nan"),
    _value("an infinity", _real(np.isinf), math.inf, special="inf"),
    _value("minus infinity", _real(np.isneginf), -math.inf, special="inf"),
    _value("a negative zero", _real(lambda x: (x == 0) & np.signbit(x)), -0.0, special="zero"),
    _value("a zero", _real(lambda x: (x == 0) & ~np.signbit(x)), 0.0, special="zero"),
    _value("a negative number", _real(lambda x: np.isfinite(x) & (x < 0)), -1.75, -0.5),
    _value("a number above 10**4", _real(lambda x: np.isfinite(x) & (x > 1e4)), 12345.678),
    _value("a number above 10**30", _real(lambda x: np.isfinite(x) & (x > 1e30)), 1.5e31),
    _value("a tiny number", _real(lambda x: (x != 0) & (np.abs(x) < 1e-30) & (np.abs(x) > 2e-38)), 3.5e-33),
    _value("a half", _real(lambda x: np.isfinite(x) & (np.abs(x % 1.0) == 0.5)), 2.5, 0.5),
    _value("the number 1", _real(lambda x: x == 1), 1.0),
    _value("a negative integer", _whole(lambda x: x < 0), -3, kinds="i"),
    _value("the integer 0", _whole(lambda x: x == 0), 0, kinds="iu"),
    _value("an integer above 2**31", _whole(lambda x: x.astype(np.float64) > 2.0**31), 2**33 + 5, kinds="i"),
    _value("an integer above 2**53", _whole(lambda x: x.astype(np.float64) > 2.0**53), 2**53 + 3, kinds="i"),
    Condition(
        "equal elements",
        "value",
        _first(lambda a: a.value is not None and a.value.size > 1 and len(np.unique(a.value)) < a.value.size),
        _equal,
    ),
    Condition(
        "a negative second operand",
        "value",
        lambda c: len(c.arrays) == 2 and c.arrays[1].value is not None and _negative(c.arrays[1].value),
        _holding(-2.0, kinds="fi", position=1),
    ),
]


def _negative(x: np.ndarray) -> bool:
    return x.dtype.kind in "if" and _quiet(lambda y: np.any(y < 0), x)


# ---- the calls before
CALLS = [
    Condition("any call but the first", "calls", lambda c: c.nth > 1, _as_it_is, True),
    Condition("every third call", "calls", lambda c: c.nth % 3 == 0, _as_it_is, True),
    Condition(
        "a call with the shapes and dtypes of the one before", "calls", lambda c: c.layout == c.before, _as_it_is
    ),
    Condition(
        "a call with other shapes or dtypes than the one before",
        "calls",
        lambda c: c.before is not None and c.layout != c.before,
        _as_it_is,
    ),
]
