"""Gradient descent, with and without momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from ..api.variables import Variable, update
from ..arrays.arguments import flag
from ..graph.tensor import Tensor
from .optimizer import Optimizer, moved
from .options import Options

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with or without momentum.

    Parameters
    ----------
    learning_rate : float, optional
    momentum : float, optional
    nesterov : bool, optional
        Whether the step looks ahead by the momentum.
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    The step, with momentum m::

        v' = m v - lr g
        p' = p + v'                 p' = p + m v' - lr g  (nesterov)

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. Sutskever et al., "On the
    importance of initialization and momentum in deep learning", 2013. Keras 2.3.1, ``keras.optimizers.SGD``.

    Examples
    --------
    >>> w = K.variable([1.0, -2.0])
    >>> updates = K.optimizers.SGD(0.25).get_updates(K.sum(K.square(w)), [w])
    >>> step = K.function([], w, updates=updates)
    >>> step(), step()  # each before its update
    (array([ 1., -2.], dtype=float32), array([ 0.5, -1. ], dtype=float32))
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Unpack[Options]
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = self.hyper(momentum, "momentum")
        self.nesterov = flag(type(self).__name__, "nesterov", nesterov)

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, m, updates = self.rate(), self.momentum, []
        for p, g, v in zip(params, grads, self.slots("moment", params), strict=True):
            new_v = m * v - lr * g
            updates += [update(v, new_v), moved(p, p + m * new_v - lr * g if self.nesterov else p + new_v)]
        return updates
