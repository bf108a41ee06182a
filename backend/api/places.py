"""Where the values of variables lie: on several devices, as the library divides them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.arguments import shown
from ..arrays.backends import Backend
from ..dispatch.operation import operation
from .variables import Variable

__all__ = ["place"]


@operation
def place(variables: Variable | Sequence[Variable], sharding: Any) -> None:
    """Lay the values of variables out over several devices, or on one of them.

    Parameters
    ----------
    variables : Variable or sequence of Variable
    sharding : object
        What the library calls such a layout: for JAX a ``jax.sharding.Sharding`` or a device, for torch a
        pair of a ``DeviceMesh`` and a list of placements, one for each of its dimensions.

    Raises
    ------
    TypeError
        For anything but variables, for a library whose arrays lie on one device, and for a wrong kind of layout.
    ValueError
        Where a shape does not fit the layout, naming the variable; no variable has moved then.

    Notes
    -----
    Updates and `set_value` keep the layout. A function runs on all devices of its arrays; variables that were not
    placed, such as an optimizer's moments, follow by themselves at the first call.

    References
    ----------
    This library; as ``jax.device_put``.

    Examples
    --------
    >>> w = K.variable([1.0, 2.0], name="w")
    >>> K.place(w, "everywhere")
    Traceback (most recent call last):
    TypeError: place: w is on 'numpy', whose arrays lie on one device

    On JAX, a copy on each device of a mesh, or a part of the first axis:

    >>> mesh = jax.make_mesh((4,), ("batch",))  # doctest: +SKIP
    >>> K.place(weights, NamedSharding(mesh, PartitionSpec()))  # doctest: +SKIP
    >>> K.place(table, NamedSharding(mesh, PartitionSpec("batch")))  # doctest: +SKIP
    """
    each = [variables] if isinstance(variables, Variable) else variables
    if not isinstance(each, (list, tuple)) or not all(isinstance(v, Variable) for v in each):
        raise TypeError(f"place: variables is {shown(variables)}, expected a variable or a list of them")
    placed = []
    for v in each:
        lay = getattr(v.backend.xp, "__place__", None)
        if lay is None:
            raise TypeError(f"place: {v.name} is on {v.backend.name!r}, whose arrays lie on one device")
        try:
            placed.append(lay(v.array, sharding))
        except TypeError as error:
            raise TypeError(f"place: sharding is {shown(sharding)}, {error}") from None
        except ValueError as error:
            raise ValueError(f"place: {v.name} of shape {v.shape} does not fit the sharding: {error}") from error
    for v, array in zip(each, placed, strict=True):
        v.array = array
        if getattr(array, "device", None) != v.backend.device:
            # what is made beside it goes where it is needed
            v.backend, Variable.moved = Backend(v.backend.name, v.backend.xp), object()
