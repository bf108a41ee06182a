"""Looking into a graph while it runs."""

from __future__ import annotations

from ..arrays.checks import is_concrete
from ..arrays.namespaces import host
from ..arrays.typing import Array
from ..dispatch.boundary import rank_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays
from ..graph.composite import effectful, spec

__all__ = ["print_tensor"]


@effectful
def print_tensor_(x: Array, *, message: str) -> Array:
    """x, printed after the message."""
    print(message, host(x) if is_concrete(x) else x)
    return x


@print_tensor_.shape
def _(x, *, message):
    return spec(None if rank_of(x) is None else sizes(x), x.dtype)


@print_tensor_.vjp
def _(g, out, x, *, message):
    return g


@operation
def print_tensor(x: Array, message: str = "") -> Array:
    """Print a message and the value of x whenever it is evaluated.

    Parameters
    ----------
    x : array
    message : str

    Returns
    -------
    array
        x itself.

    Notes
    -----
    The print goes to standard output; a native array is printed at once. The
    gradient passes through.

    References
    ----------
    Keras 2.3.1, ``keras.backend.print_tensor``.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> f = K.function([x], [2.0 * K.print_tensor(x, "x =")])
    >>> y = f([np.asarray([1.0, 2.0])])
    x = [1. 2.]
    """
    _, x = arrays(x)
    return print_tensor_(x, message=message)
