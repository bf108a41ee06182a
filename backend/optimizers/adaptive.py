"""Optimizers that adapt the step of each element to its past gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import config
from ..api.variables import Variable, update
from ..graph.standard import namespace as xp
from ..graph.tensor import Tensor
from .optimizer import Optimizer, moved
from .options import Options

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(Optimizer):
    """Steps divided by the root of all squared gradients so far.

    Parameters
    ----------
    learning_rate : float, optional
    epsilon : float, optional
        ``K.epsilon()`` by default.
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    The step::

        a' = a + g²
        p' = p - lr g / (sqrt(a') + epsilon)

    References
    ----------
    Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning", 2011. Keras 2.3.1,
    ``keras.optimizers.Adagrad``.

    Examples
    --------
    >>> w = K.variable([1.0, -200.0])
    >>> updates = K.optimizers.Adagrad(0.5).get_updates(K.sum(K.square(w)), [w])
    >>> K.function([], [], updates=updates)()
    []
    >>> K.get_value(w)
    array([   0.5, -199.5], dtype=float32)
    """

    def __init__(self, learning_rate: float = 0.01, *, epsilon: float | None = None, **kwargs: Unpack[Options]) -> None:
        super().__init__(learning_rate, **kwargs)
        self.epsilon = config.epsilon() if epsilon is None else self.finite(epsilon, "epsilon")

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, updates = self.rate(), []
        for p, g, a in zip(params, grads, self.slots("accumulator", params), strict=True):
            new_a = a + xp.square(g)
            updates += [update(a, new_a), moved(p, p - lr * g / (xp.sqrt(new_a) + self.epsilon))]
        return updates


class RMSprop(Optimizer):
    """Steps divided by the root of a moving average of squared gradients.

    Parameters
    ----------
    learning_rate : float, optional
    rho : float, optional
        How much the average keeps of its last value.
    epsilon : float, optional
        ``K.epsilon()`` by default.
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    The step::

        a' = rho a + (1 - rho) g²
        p' = p - lr g / (sqrt(a') + epsilon)

    References
    ----------
    Tieleman, Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning, 2012. Keras 2.3.1,
    ``keras.optimizers.RMSprop``.

    Examples
    --------
    >>> w = K.variable([1.0, -200.0])
    >>> updates = K.optimizers.RMSprop(0.5, rho=0.75).get_updates(K.sum(K.square(w)), [w])
    >>> K.function([], [], updates=updates)()
    []
    >>> np.round(K.get_value(w), 3)  # a first step of 0.5 / sqrt(1 - rho)
    array([   0., -199.], dtype=float32)
    """

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, *, epsilon: float | None = None, **kwargs: Unpack[Options]
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = self.hyper(rho, "rho")
        self.epsilon = config.epsilon() if epsilon is None else self.finite(epsilon, "epsilon")

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, rho, updates = self.rate(), self.rho, []
        for p, g, a in zip(params, grads, self.slots("accumulator", params), strict=True):
            new_a = rho * a + (1.0 - rho) * xp.square(g)
            updates += [update(a, new_a), moved(p, p - lr * g / (xp.sqrt(new_a) + self.epsilon))]
        return updates


class Adadelta(Optimizer):
    """Steps in units of the steps made before.

    Parameters
    ----------
    learning_rate : float, optional
    rho : float, optional
        How much the averages keep of their last values.
    epsilon : float, optional
        ``K.epsilon()`` by default.
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    The step::

        a' = rho a + (1 - rho) g²
        s  = g sqrt(d + epsilon) / sqrt(a' + epsilon)
        p' = p - lr s
        d' = rho d + (1 - rho) s²

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012. Keras 2.3.1, ``keras.optimizers.Adadelta``.

    Examples
    --------
    >>> w = K.variable([1.0, -2.0])
    >>> loss = K.sum(K.square(w))
    >>> step = K.function([], loss, updates=K.optimizers.Adadelta().get_updates(loss, [w]))
    >>> losses = [float(step()) for _ in range(10)]
    >>> losses == sorted(losses, reverse=True)
    True
    """

    def __init__(
        self, learning_rate: float = 1.0, rho: float = 0.95, *, epsilon: float | None = None, **kwargs: Unpack[Options]
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = self.hyper(rho, "rho")
        self.epsilon = config.epsilon() if epsilon is None else self.finite(epsilon, "epsilon")

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, rho, updates = self.rate(), self.rho, []
        accumulators, deltas = self.slots("accumulator", params), self.slots("delta_accumulator", params)
        for p, g, a, d in zip(params, grads, accumulators, deltas, strict=True):
            new_a = rho * a + (1.0 - rho) * xp.square(g)
            s = g * xp.sqrt(d + self.epsilon) / xp.sqrt(new_a + self.epsilon)
            new_d = rho * d + (1.0 - rho) * xp.square(s)
            updates += [update(a, new_a), update(d, new_d), moved(p, p - lr * s)]
        return updates
