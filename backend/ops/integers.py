"""Whole numbers: the greatest common divisor and the least common multiple."""

from __future__ import annotations

from typing import Any

from ..arrays.namespaces import is_concrete
from ..arrays.typing import Array, ArrayLike
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, dtype_name, is_integer, promoted_arrays
from ..graph.composite import elementwise

__all__ = ["gcd", "lcm"]

# Euclid's algorithm takes at most this many steps: Lamé's bound, reached by neighbours among Fibonacci's numbers.
STEPS = {8: 14, 16: 25, 32: 48, 64: 95}


@operation
def gcd(x: ArrayLike, y: ArrayLike) -> Array:
    """Find the greatest common divisor, elementwise.

    Parameters
    ----------
    x, y : array of integers
        They broadcast.

    Returns
    -------
    array
        At least 0, in the common dtype.

    Raises
    ------
    TypeError
        For what is not an integer.

    Notes
    -----
    The signs do not count; ``gcd(0, n)`` is the size of n, ``gcd(0, 0)`` is 0. There is no gradient.

    References
    ----------
    Euclid, Elements, book VII, proposition 2.

    Examples
    --------
    >>> K.gcd(np.asarray([12, -18, 0]), np.asarray([18, 12, 5]))
    array([6, 6, 5])
    """
    return gcd_(*_integers("gcd", x, y))


@operation
def lcm(x: ArrayLike, y: ArrayLike) -> Array:
    """Find the least common multiple, elementwise.

    Parameters
    ----------
    x, y : array of integers
        They broadcast.

    Returns
    -------
    array
        At least 0, in the common dtype, where it may wrap around.

    Raises
    ------
    TypeError
        For what is not an integer.

    Notes
    -----
    The signs do not count; a multiple of 0 is 0. There is no gradient.

    References
    ----------
    NumPy's ``lcm``; Keras 3, ``keras.ops.lcm``.

    Examples
    --------
    >>> K.lcm(np.asarray([4, 6, 0]), np.asarray([6, -15, 5]))
    array([12, 30,  0])
    """
    x, y = _integers("lcm", x, y)
    xp, divisor = array_namespace(x), gcd_(x, y)
    product = _size(x) // xp.where(divisor == 0, xp.ones_like(divisor), divisor) * _size(y)
    return xp.where(divisor == 0, xp.zeros_like(product), product)


def _integers(name: str, x: Any, y: Any) -> tuple[Array, Array]:
    _, x, y = promoted_arrays(x, y)
    for argument, value in (("x", x), ("y", y)):
        if not is_integer(dtype_name(value.dtype)):
            raise TypeError(f"{name}: {argument} has dtype {dtype_name(value.dtype)}, expected an integer dtype")
    return x, y


def _size(x: Array) -> Array:
    return x if dtype_name(x.dtype).startswith("u") else array_namespace(x).abs(x)


@elementwise(discrete=True)
def gcd_(x: Array, y: Array) -> Array:
    """The greatest common divisor of integers of one dtype, by remainders."""
    xp = array_namespace(x, y)
    x, y = _size(x), _size(y)
    x, y = x + xp.zeros_like(y), y + xp.zeros_like(x)
    concrete = is_concrete(x) and is_concrete(y)
    bits = int(dtype_name(x.dtype).lstrip("uint"))
    for _ in range(STEPS[bits]):
        over = y == 0
        if concrete and bool(xp.all(over)):
            break
        rest = x % xp.where(over, xp.ones_like(y), y)
        x, y = xp.where(over, x, y), xp.where(over, y, rest)
    return x


@gcd_.vjp
def _(g: Array, out: Array, x: Array, y: Array) -> tuple[None, None]:
    return None, None
