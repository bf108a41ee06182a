"""The standard's namespace of anything: the way from K to functions that K does not have."""

from __future__ import annotations

from typing import Any

from ..arrays.arguments import shown
from ..arrays.backends import active
from ..arrays.namespaces import is_array
from ..dispatch.parameters import is_array_like
from ..dispatch.promotion import array_namespace

__all__ = ["namespace"]


def namespace(*arrays: Any) -> Any:
    """Find the array API namespace of arrays: the module whose functions take them.

    Parameters
    ----------
    *arrays : array, symbolic tensor, number, or list of them
        One or several.

    Returns
    -------
    module
        The namespace of the arrays' library. If one of them is symbolic, it is the one whose functions record. Without
        any array, for numbers and lists of them, it is that of the active backend.

    Raises
    ------
    TypeError
        For arrays of two libraries, and for anything that is no array.

    Notes
    -----
    Its functions follow the standard: they promote dtypes as it says, and take no lists.

    References
    ----------
    The standard's ``__array_namespace__``; ``array_namespace`` in array-api-compat.

    Examples
    --------
    >>> xp = K.namespace(np.asarray([1.0, 2.0]))
    >>> xp.cumulative_sum(xp.asarray([1.0, 2.0]))
    array([1., 3.])
    """
    for x in arrays:
        if not is_array_like(x):
            raise TypeError(f"namespace: got {shown(x)}, expected an array, a number, or a list of them")
    found = _arrays(arrays)
    try:
        return array_namespace(*found) if found else active().xp
    except TypeError as error:
        raise TypeError(f"namespace: {error}") from None


def _arrays(values: Any) -> list[Any]:
    """The arrays among values and in their lists."""
    return [x for v in values for x in (_arrays(v) if isinstance(v, (list, tuple)) else [v] if is_array(v) else [])]
