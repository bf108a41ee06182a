"""JAX's namespace of the standard: jax.numpy, with maxima and minima that keep NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

# Everything but the module's own attributes; what it gives on demand are names about to be removed.
globals().update(
    {name: value for name, value in vars(jnp).items() if not name.startswith("_") or name.startswith("__array_")}
)


def __dir__() -> list[str]:
    return dir(jnp)


def __place__(x: Any, place: Any) -> Any:  # noqa: N807 - as the standard's own hooks are named
    """x on the devices that a sharding or a device names, for `K.place`; TypeError for anything else."""
    if not isinstance(place, (jax.sharding.Sharding, jax.Device)):
        raise TypeError(f"expected a jax.sharding.Sharding or a jax.Device, got {type(place).__name__}")
    return jax.device_put(x, place)


def __placed_as__(x: Any, like: Any) -> Any:  # noqa: N807 - as above
    """x as `like` lies on its devices, where these are several; else x."""
    if isinstance(like, jax.core.Tracer) or len(like.sharding.device_set) == 1:
        return x
    return x if isinstance(x, jax.core.Tracer) or x.sharding == like.sharding else jax.device_put(x, like.sharding)


def _keeping_nan(reduce: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """A maximum or minimum that is NaN where there is a NaN.

    XLA's vectorized loops on a CPU lose NaN: in JAX 0.10.2 from about 64 by 64 elements on. Looking for it takes
    0.7 ms instead of 0.3 for a maximum over a million float32 elements.
    """
    result = reduce(x, axis=axis, keepdims=keepdims)
    if not jnp.issubdtype(result.dtype, jnp.floating):
        return result
    return jnp.where(jnp.any(jnp.isnan(x), axis=axis, keepdims=keepdims), jnp.nan, result)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `max`."""
    return _keeping_nan(jnp.max, x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `min`."""
    return _keeping_nan(jnp.min, x, axis, keepdims)
