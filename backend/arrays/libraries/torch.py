"""PyTorch's namespace of the standard: array_api_compat's, with faster functions where the results are the same."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import array_api_compat.torch
import torch

compat: Any = array_api_compat.torch
# Copied, without a module __getattr__: Python 3.11 caches look-ups only in modules without one, 30 ns each.
globals().update({name: getattr(compat, name) for name in compat.__all__})


def __dir__() -> list[str]:
    return sorted(compat.__all__)


# ---- functions of two arrays: for two arrays of one dtype torch's own functions follow the standard


def _pair(name: str, fast_path: Callable[..., Any]) -> Callable[..., Any]:
    careful = getattr(compat, name)

    def function(x1: Any, x2: Any, /) -> Any:
        if type(x1) is type(x2) and x1.dtype is x2.dtype:
            return fast_path(x1, x2)
        return careful(x1, x2)

    return _called(function, name)


def _bounding(name: str, fast_path: Callable[..., Any]) -> Callable[..., Any]:
    """maximum or minimum; torch's take tensors only, so a number beside a floating tensor becomes one of its dtype."""
    careful = getattr(compat, name)

    def function(x1: Any, x2: Any, /) -> Any:
        if type(x1) is type(x2):
            if x1.dtype is x2.dtype:
                return fast_path(x1, x2)
        elif type(x2) is builtins.float:
            if x1.dtype.is_floating_point:
                return fast_path(x1, torch.scalar_tensor(x2, dtype=x1.dtype, device=x1.device))
        elif type(x1) is builtins.float and x2.dtype.is_floating_point:
            return fast_path(torch.scalar_tensor(x1, dtype=x2.dtype, device=x2.device), x2)
        return careful(x1, x2)

    return _called(function, name)


def _called(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The standard's `{name}`."
    return function


_PAIRS = {
    name: getattr(torch, name)
    for name in (
        "add",
        "atan2",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
        "copysign",
        "divide",
        "floor_divide",
        "greater",
        "greater_equal",
        "hypot",
        "less",
        "less_equal",
        "logaddexp",
        "logical_and",
        "logical_or",
        "logical_xor",
        "matmul",
        "multiply",
        "nextafter",
        "not_equal",
        "pow",
        "remainder",
        "subtract",
    )
} | {"equal": torch.eq}
globals().update({name: _pair(name, fast_path) for name, fast_path in _PAIRS.items()})
maximum, minimum = _bounding("maximum", torch.maximum), _bounding("minimum", torch.minimum)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """The standard's `where`."""
    if type(x1) is type(x2) and type(x1) is not builtins.float and x1.dtype is not x2.dtype:
        return compat.where(condition, x1, x2)
    return torch.where(condition, x1, x2)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """The standard's `tensordot`."""
    if type(x1) is type(x2) and x1.dtype is x2.dtype:
        if axes == ((0,), (0,)) and x1.ndim == x2.ndim == 2 and x2.shape[1] <= 16 <= x1.shape[1]:
            return (x2.mT @ x1).mT.contiguous()  # the wide product first: 45 us instead of 108 at 512 by 10
        return torch.tensordot(x1, x2, axes)
    return compat.tensordot(x1, x2, axes=axes)


# ---- reductions: torch reduces over all axes where axis is (); arguments by position cost a fifth less than by name


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `sum`."""
    if axis == ():
        return compat.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    return torch.sum(x, axis, keepdims) if dtype is None else torch.sum(x, axis, keepdims, dtype=dtype)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `prod`."""
    if type(axis) is builtins.int:
        return torch.prod(x, axis, keepdims, dtype=dtype)
    return compat.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `max`."""
    return torch.clone(x) if axis == () else torch.amax(x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `min`."""
    return torch.clone(x) if axis == () else torch.amin(x, axis, keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `mean`."""
    return torch.clone(x) if axis == () else torch.mean(x, axis, keepdims)


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `any`."""
    if x.dtype is not torch.bool or axis.__class__ is tuple or (axis is None and keepdims):
        # compat gives x itself where there is nothing to reduce
        return x.to(torch.bool, copy=True) if axis == () else compat.any(x, axis=axis, keepdims=keepdims)
    return torch.any(x) if axis is None else torch.any(x, axis, keepdims)


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `all`."""
    if x.dtype is not torch.bool or axis.__class__ is tuple or (axis is None and keepdims):
        # compat gives x itself where there is nothing to reduce
        return x.to(torch.bool, copy=True) if axis == () else compat.all(x, axis=axis, keepdims=keepdims)
    return torch.all(x) if axis is None else torch.all(x, axis, keepdims)


def cumulative_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_sum`."""
    if include_initial or axis is None:
        return compat.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)
    return torch.cumsum(x, axis, dtype=dtype)


def cumulative_prod(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_prod`."""
    if include_initial or axis is None:
        return compat.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)
    return torch.cumprod(x, axis, dtype=dtype)


# ---- shapes


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The standard's `reshape`."""
    return torch.reshape(x, shape) if copy is None else compat.reshape(x, shape, copy=copy)


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """The standard's `broadcast_to`."""
    return torch.broadcast_to(x, shape)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """The standard's `concat`."""
    return compat.concat(arrays, axis=axis) if axis is None else torch.concat(arrays, axis)


def squeeze(x: Any, /, axis: Any) -> Any:
    """The standard's `squeeze`."""
    if type(axis) is builtins.int and x.shape[axis] == 1:
        return torch.squeeze(x, axis)
    return compat.squeeze(x, axis)


def expand_dims(x: Any, /, axis: Any) -> Any:
    """The standard's `expand_dims`."""
    return torch.unsqueeze(x, axis) if type(axis) is builtins.int else compat.expand_dims(x, axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> Any:
    """The standard's `unstack`."""
    return torch.unbind(x, axis)  # compat's uses moveaxis, which does not run under vmap


def permute_dims(x: Any, /, axes: Any) -> Any:
    """The standard's `permute_dims`."""
    return torch.permute(x, axes)


# ---- dtypes


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The standard's `astype`."""
    return x.to(dtype=dtype, copy=copy) if device is None else compat.astype(x, dtype, copy=copy, device=device)


# ---- tensors over several processes (DTensor); torch.distributed is loaded where there is one


def __place__(x: Any, place: Any) -> Any:  # noqa: N807 - K looks for it by this name
    """x over the processes of a mesh, for `K.place`; TypeError unless `place` is a pair of a mesh and placements."""
    from torch.distributed.device_mesh import DeviceMesh
    from torch.distributed.tensor import DTensor, Placement, distribute_tensor

    is_pair = builtins.isinstance(place, tuple) and len(place) == 2 and builtins.isinstance(place[0], DeviceMesh)
    if not is_pair or not builtins.all(builtins.isinstance(p, Placement) for p in place[1]):
        raise TypeError("expected a pair (DeviceMesh, [Placement, ...]) of torch.distributed")
    mesh, placements = place[0], list(place[1])
    if len(placements) != mesh.ndim:
        raise ValueError(
            f"got {len(placements)} placements, expected one for each of the mesh's {mesh.ndim} dimensions"
        )
    if builtins.any(p.is_partial() or (p.is_shard() and not -x.ndim <= p.dim < x.ndim) for p in placements):
        raise ValueError(f"got {placements}, expected Replicate() and Shard(axis) of {x.ndim} axes")
    if builtins.isinstance(x, DTensor):
        x = x.full_tensor()
    return distribute_tensor(x, mesh, placements)


def __placed_as__(x: Any, like: Any) -> Any:  # noqa: N807 - K looks for it by this name
    """x over the processes as `like` is, if it is a DTensor; else x."""
    if type(like).__name__ != "DTensor" or (type(x) is type(like) and x.placements == like.placements):
        return x
    if type(x) is type(like):
        return x.redistribute(like.device_mesh, like.placements)
    return __place__(x, (like.device_mesh, like.placements))


# ---- the fast paths of K


def _beside(fast_path: Callable[..., Any]) -> Callable[..., Any]:
    """With an accelerator, refuse tensors on two devices: torch itself accepts a 0-d tensor on the CPU beside it."""
    if torch.accelerator.current_accelerator(check_available=False) is None:
        return fast_path

    def function(x: Any, y: Any) -> Any:
        if x.device != y.device:
            raise RuntimeError(f"arrays on {x.device} and {y.device}")
        return fast_path(x, y)

    return function


_COMPARING = {
    "equal": torch.eq,
    "not_equal": torch.ne,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}

# Functions for tensors of one dtype, arguments by position: (x, y), (x), (x, axis, keepdims), (x, shape).
__fast__: dict[str, Any] = {
    **{name: _beside(function) for name, function in _COMPARING.items()},
    "max": torch.amax,
    "min": torch.amin,
    "sum": torch.sum,
    "prod": torch.prod,
    "reshape": torch.reshape,
    "detach": lambda x: x.detach(),
    # It raises for two dtypes, and for two devices except 'meta'.
    "product": (True, torch.matmul),  # which checks its arguments as K does
}
