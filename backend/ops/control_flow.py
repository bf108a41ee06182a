"""Choosing between two values: by one condition, or element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.namespaces import plain
from ..arrays.typing import Array
from ..control.branch import cond
from ..dispatch.boundary import broadcast, ndim_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, is_array, native_dtype, promoted

__all__ = ["switch"]


@operation
def switch(condition: Array, then_expression: Any, else_expression: Any) -> Array:
    """Choose one of two expressions by a condition, as a whole or by element.

    Parameters
    ----------
    condition : array or bool
        Any dtype; nonzero is true.
    then_expression : array, number or callable
        The value where the condition holds; a callable has no parameters.
    else_expression : array, number or callable
        The value elsewhere.

    Returns
    -------
    array
        The dtypes of the expressions are promoted.

    Raises
    ------
    ValueError
        If the condition has more dimensions than the expressions, or shapes do
        not fit.

    Notes
    -----
    A scalar condition chooses one expression as a whole; both need the same
    number of dimensions. Of callables, only the chosen one is evaluated.

    Any other condition chooses by element. It lies along the leading axes of
    the expressions, which broadcast with each other, and is repeated over the
    axes that follow.

    A Python bool chooses at once, whatever the expressions are. A NaN condition
    is true.

    References
    ----------
    Keras 2.3.1, ``keras.backend.switch``.

    Examples
    --------
    >>> x = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> K.switch(np.asarray([True, False]), x, -x)
    array([[ 1.,  2.],
           [-3., -4.]])
    >>> K.switch(np.asarray(0), lambda: 1 / 0, lambda: x[0])
    array([1., 2.])
    """
    if isinstance(condition, (bool, int, float)):
        return _value(then_expression if condition else else_expression)
    condition = plain(condition)
    if ndim_of(condition) == 0:
        return cond(condition, _function(then_expression), _function(else_expression))
    return _select_elements(condition, _value(then_expression), _value(else_expression))


def _select_elements(condition: Array, then_value: Any, else_value: Any) -> Array:
    """The choice by element, the condition aligned with the leading axes."""
    arrays(condition)
    xp = array_namespace(condition, *(v for v in (then_value, else_value) if is_array(v)))
    condition = condition if condition.dtype == xp.bool else xp.astype(condition, native_dtype(xp, "bool"))
    if not is_array(then_value) and not is_array(else_value):
        _, then_value, else_value, _ = promoted(then_value, else_value, xp.zeros_like(condition))
        return xp.where(condition, then_value, else_value)
    _, then_value, else_value = promoted(then_value, else_value)
    ndim = max(ndim_of(then_value), ndim_of(else_value))
    if condition.ndim > ndim:
        raise ValueError(
            f"switch: the condition has {condition.ndim} dimensions, the expressions have {ndim}; "
            "expected at most as many"
        )
    shape = sizes(condition) + (1,) * (ndim - condition.ndim)
    broadcast("switch", shape, *(sizes(v) for v in (then_value, else_value) if is_array(v)))
    return xp.where(xp.reshape(condition, shape), then_value, else_value)


def _value(expression: Any) -> Any:
    return expression() if callable(expression) else expression


def _function(expression: Any) -> Callable[[], Any]:
    return expression if callable(expression) else lambda: expression
