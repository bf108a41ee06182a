"""Effects of generated faults: what becomes of a result, an input or an error where the condition holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.graph.tensor import Tensor

from ..judging.bounds import EPS
from .faults import _like
from .seen import leaves

__all__ = ["EFFECTS", "RECORDED", "Acted", "Effect", "State"]


@dataclasses.dataclass
class State:
    """What a planted fault remembers from call to call."""

    count: int = 0
    before: tuple[Any, ...] | None = None
    last: Any = None  # the result of the last call


class Acted(NamedTuple):
    """A call that meets the condition: its result or error, its arguments, and the ulps that it may be off."""

    got: Any
    error: Exception | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    state: State
    ulps: float
    last: Any  # the result of the call before


class Effect(NamedTuple):
    """What goes wrong; `special`: only for conditions on this special value; `on`: 'result' or 'error'."""

    words: str
    family: str
    act: Callable[[Acted], Any]
    special: str = ""
    on: str = "result"


# ---- values
def _value(change: Callable[[np.ndarray, Acted], np.ndarray], scalar: Callable[[Any], Any] | None = None) -> Any:
    """A change of the first array of a result, of a Python number, or of a field of finfo and iinfo."""

    def act(call: Acted) -> Any:
        done = False

        def visit(x: Any) -> Any:
            nonlocal done
            if done:
                return x
            if hasattr(x, "_array"):
                with np.errstate(all="ignore"):
                    new = change(np.array(x._array), call)
                done = True
                return _like(new, x)
            if scalar is not None and isinstance(x, bool | int | float | complex):
                done = True
                return scalar(x)
            if scalar is not None and dataclasses.is_dataclass(x) and hasattr(x, "max"):
                done = True
                return dataclasses.replace(x, max=scalar(x.max))  # type: ignore[type-var]
            return x

        return _mapped(call.got, visit)

    return act


def _mapped(got: Any, visit: Callable[[Any], Any]) -> Any:
    """The result with each of its leaves visited, in the same kind of tuple or list."""
    if isinstance(got, tuple) and hasattr(got, "_fields"):
        return type(got)(*(_mapped(g, visit) for g in got))
    if type(got) in (tuple, list):
        return type(got)(_mapped(g, visit) for g in got)
    return visit(got)


def _nudged(x: np.ndarray, place: int, factor: float) -> np.ndarray:
    """One element multiplied by a factor; an integer is one more, a truth value the other one."""
    if x.size:
        flat = x.reshape(-1)
        old = flat[place]
        if x.dtype.kind == "b":
            flat[place] = not old
        elif x.dtype.kind in "iu":
            flat[place] = old + np.ones((), x.dtype)
        else:
            flat[place] = np.asarray(
                old * np.asarray(factor, np.longdouble if x.dtype.kind == "f" else x.dtype)
            ).astype(x.dtype)
    return x


def _number(x: Any) -> Any:
    return not x if isinstance(x, bool) else x + 1 if isinstance(x, int) else x * 1.001


def _ulps_off(x: np.ndarray, call: Acted) -> np.ndarray:
    eps = EPS.get({"complex64": "float32", "complex128": "float64"}.get(x.dtype.name, x.dtype.name), 0.0)
    return _nudged(x, x.size // 2, 1.0 + (call.ulps + 8.0) * eps) if eps else x


def _negated(x: np.ndarray, call: Acted) -> np.ndarray:
    if x.size and x.dtype.kind in "ifc":
        x.reshape(-1)[-1] = -x.reshape(-1)[-1]
    return x


def _swapped(x: np.ndarray, call: Acted) -> np.ndarray:
    if x.size > 1:
        flat = x.reshape(-1)
        flat[-2:] = flat[-2:][::-1].copy()
    return x


def _stale(x: np.ndarray, call: Acted) -> np.ndarray:
    if x.size:
        flat = x.reshape(-1)
        flat[-1] = flat[-2] if x.size > 1 else 0
    return x


def _without_tail(x: np.ndarray, call: Acted) -> np.ndarray:
    """The elements after the last multiple of 8 are not computed."""
    if x.size > 8 and x.size % 8:
        x.reshape(-1)[x.size // 8 * 8 :] = 0
    return x


NARROW = {"float64": "float32", "complex128": "complex64", "int64": "float64", "uint64": "float64", "int32": "float32"}


def _through_narrow(x: np.ndarray, call: Acted) -> np.ndarray:
    """Computed in less precision: integers in floats."""
    return x.astype(NARROW[x.dtype.name]).astype(x.dtype) if x.dtype.name in NARROW else x


def _without_nan(x: np.ndarray, call: Acted) -> np.ndarray:
    if x.dtype.kind not in "fc":
        return _nudged(x, int(np.argmax(x)) if x.dtype.kind == "b" and x.size else 0, 1.0)
    return np.where(np.isnan(x), np.zeros((), x.dtype), x)


def _finite(x: np.ndarray, call: Acted) -> np.ndarray:
    if x.dtype.kind != "f":
        return x
    limit = np.finfo(x.dtype).max
    return np.where(np.isinf(x), np.copysign(limit, x), x).astype(x.dtype)


def _unsigned_zero(x: np.ndarray, call: Acted) -> np.ndarray:
    return x + np.zeros((), x.dtype) if x.dtype.kind == "f" else x


# ---- dtypes and shapes
NEIGHBOUR = {
    "float32": "float64",
    "float64": "float32",
    "complex64": "complex128",
    "complex128": "complex64",
    "int8": "int16",
    "int16": "int32",
    "int32": "int64",
    "int64": "int32",
    "uint8": "uint16",
    "uint16": "uint32",
    "uint32": "uint64",
    "uint64": "uint32",
    "bool": "uint8",
}


def _other_dtype(call: Acted) -> Any:
    """Each array in the neighbouring dtype, and a dtype or the dtype of finfo replaced by it."""

    def visit(x: Any) -> Any:
        if hasattr(x, "_array"):
            return _like(x._array.astype(NEIGHBOUR[x._array.dtype.name]), x)
        if type(x).__name__ == "DType":
            import array_api_strict

            return getattr(array_api_strict, NEIGHBOUR.get(dtype_name(x), "float64"))
        return x

    return _mapped(call.got, visit)


def _shaped(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Acted], Any]:
    return lambda call: _mapped(call.got, lambda x: _like(change(x._array), x) if hasattr(x, "_array") else x)


def _fewer_axes(x: np.ndarray) -> np.ndarray:
    """Without an axis of size 1, or else with the first two axes in one."""
    if 1 in x.shape:
        return np.squeeze(x, x.shape.index(1))
    return x.reshape(-1, *x.shape[2:]) if x.ndim > 1 and x.size else x


# ---- memory
def _arrays(value: Any) -> list[Any]:
    return [x for x in leaves(value) if hasattr(x, "_array")]


def _overwrites_last(call: Acted) -> Any:
    """One buffer for the results of two calls: the earlier result changes."""
    for old, new in zip(_arrays(call.last), _arrays(call.got), strict=False):
        _write(old, new._array)
    return call.got


def _write(x: Any, value: np.ndarray) -> None:
    if x._array.shape == value.shape and x._array.dtype == value.dtype and x._array.flags.writeable:
        x._array[...] = value


def _in_place(call: Acted) -> Any:
    """Computed in the memory of the first input, which is the result."""
    for x, new in zip(_arrays(call.args)[:1], _arrays(call.got)[:1], strict=False):
        _write(x, new._array)
    return call.got


def _spoiled(position: int) -> Callable[[Acted], Any]:
    """The last element of an input changes after the computation."""

    def act(call: Acted) -> Any:
        for x in _arrays([call.args, list(call.kwargs.values())])[position : position + 1]:
            if x._array.size and x._array.flags.writeable and not any(x is g for g in _arrays(call.got)):
                flat = x._array[(-1,) * x._array.ndim]
                x._array[(-1,) * x._array.ndim] = not flat if x._array.dtype.kind == "b" else flat + 1
        return call.got

    return act


def _view(call: Acted) -> Any:
    """The result shares the memory of the input where it could."""
    source = _arrays(call.args)[:1]

    def visit(x: Any) -> Any:
        if source and hasattr(x, "_array") and x._array.dtype == source[0]._array.dtype:
            old = source[0]._array
            return _like(old.reshape(x._array.shape), x) if old.size == x._array.size else x
        return x

    return _mapped(call.got, visit)


# ---- errors
def _raising(error: type[Exception]) -> Callable[[Acted], Any]:
    def act(call: Acted) -> Any:
        raise error("out of luck")

    return act


def _accepting(call: Acted) -> Any:
    """An invalid call returns its first array."""
    return next(iter(_arrays(call.args)), None)


def _other_class(call: Acted) -> Any:
    raise RuntimeError(str(call.error)) from call.error


EFFECTS = [
    Effect("the last element is a thousandth off", "value", _value(lambda x, c: _nudged(x, -1, 1.001), _number)),
    Effect("the first element is a thousandth off", "value", _value(lambda x, c: _nudged(x, 0, 1.001), _number)),
    Effect("an element is 8 ulps beyond the bound", "value", _value(_ulps_off)),
    Effect("the sign of the last element is wrong", "value", _value(_negated, lambda x: -x)),
    Effect("the last two elements are swapped", "value", _value(_swapped)),
    Effect("the last element is a stale one", "value", _value(_stale)),
    Effect("the tail beyond a multiple of 8 is 0", "value", _value(_without_tail)),
    Effect("it is computed in less precision", "value", _value(_through_narrow)),
    Effect("NaN is lost", "value", _value(_without_nan), "nan"),
    Effect("infinity is the largest number", "value", _value(_finite), "inf"),
    Effect("the sign of zero is lost", "value", _value(_unsigned_zero), "zero"),
    Effect("the result has the neighbouring dtype", "dtype", _other_dtype),
    Effect("the result has one axis more", "shape", _shaped(lambda x: x[None])),
    Effect("the result has one axis less", "shape", _shaped(_fewer_axes)),
    Effect("the result of the call before is overwritten", "alias", _overwrites_last),
    Effect("the result is written over the input", "alias", _in_place),
    Effect("a copy that was asked for is a view", "alias", _view),
    Effect("the first input changes", "mutation", _spoiled(0)),
    Effect("the second input changes", "mutation", _spoiled(1)),
    Effect("a valid call raises ValueError", "error", _raising(ValueError)),
    Effect("an axis out of range is accepted", "error", _accepting, on="error"),
    Effect("shapes that do not broadcast are accepted", "error", _accepting, on="error"),
    Effect("an invalid call raises RuntimeError", "error", _other_class, on="error"),
    Effect("an invalid call is accepted", "error", _accepting, on="error"),
]


# ---- recorded results
def _recorded(change: Callable[[Any, Any], Any]) -> Callable[[Acted], Any]:
    """A change of the first recorded tensor of a result that holds numbers."""

    def act(call: Acted) -> Any:
        done = False

        def visit(x: Any) -> Any:
            nonlocal done
            if done or not isinstance(x, Tensor):
                return x
            new = change(x.__array_namespace__(), x)
            done = new is not x
            return new

        return _mapped(call.got, visit)

    return act


def _float(x: Any) -> bool:
    return dtype_name(x.dtype).startswith("float")


RECORDED = [
    Effect("the result is a thousandth too large", "value", _recorded(lambda xp, x: x * 1.001 if _float(x) else x)),
    Effect("the result has the wrong sign", "value", _recorded(lambda xp, x: xp.negative(x) if _float(x) else x)),
    Effect(
        "the last axis is in reverse order",
        "value",
        _recorded(lambda xp, x: xp.flip(x, axis=-1) if x.ndim else x),
    ),
    Effect(
        "the result has the neighbouring dtype",
        "dtype",
        _recorded(lambda xp, x: xp.astype(x, getattr(xp, NEIGHBOUR[dtype_name(x.dtype)]))),
    ),
    Effect("the result has one axis more", "shape", _recorded(lambda xp, x: xp.expand_dims(x, axis=0))),
    Effect("a valid call raises ValueError", "error", _raising(ValueError)),
]
