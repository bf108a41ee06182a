"""Adam and its variants: moving averages of gradients and of their magnitudes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import config
from ..api.variables import Variable, update
from ..arrays.arguments import flag
from ..graph.standard import namespace as xp
from ..graph.tensor import Tensor
from .optimizer import Optimizer, moved
from .options import Options

__all__ = ["Adam", "Adamax", "Nadam"]


class Adam(Optimizer):
    """Steps along a moving average of gradients, divided by the root of one of their squares.

    Parameters
    ----------
    learning_rate : float, optional
    beta_1, beta_2 : float, optional
        How much the two averages keep of their last values.
    amsgrad : bool, optional
        Whether the average of squares never falls.
    epsilon : float, optional
        ``K.epsilon()`` by default.
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    Both averages are corrected for their start at zero::

        m' = b1 m + (1 - b1) g
        v' = b2 v + (1 - b2) g²
        r  = lr sqrt(1 - b2^t) / (1 - b1^t)
        p' = p - r m' / (sqrt(v') + epsilon)        with amsgrad, max(h, v') = h' for v' here

    References
    ----------
    Kingma, Ba, "Adam: a method for stochastic optimization", 2015. Reddi, Kale, Kumar, "On the convergence of Adam and
    beyond", 2018. Keras 2.3.1, ``keras.optimizers.Adam``.

    Examples
    --------
    >>> w = K.variable([1.0, -200.0])
    >>> updates = K.optimizers.Adam(0.5).get_updates(K.sum(K.square(w)), [w])
    >>> K.function([], [], updates=updates)()
    []
    >>> np.round(K.get_value(w), 3)  # a first step of 0.5, whatever the gradient's size
    array([   0.5, -199.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        amsgrad: bool = False,
        *,
        epsilon: float | None = None,
        **kwargs: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = self.hyper(beta_1, "beta_1"), self.hyper(beta_2, "beta_2")
        self.epsilon = config.epsilon() if epsilon is None else self.finite(epsilon, "epsilon")
        self.amsgrad = flag(type(self).__name__, "amsgrad", amsgrad)

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        b1, b2, t, updates = self.beta_1, self.beta_2, self.time(), []
        rate = self.rate() * (xp.sqrt(1.0 - xp.pow(b2, t)) / (1.0 - xp.pow(b1, t)))
        ms, vs = self.slots("m", params), self.slots("v", params)
        hs = self.slots("vhat", params) if self.amsgrad else [None] * len(ms)
        for p, g, m, v, h in zip(params, grads, ms, vs, hs, strict=True):
            new_m = b1 * m + (1.0 - b1) * g
            new_v = b2 * v + (1.0 - b2) * xp.square(g)
            bound = new_v if h is None else xp.maximum(h, new_v)
            updates += [
                update(m, new_m),
                update(v, new_v),
                *([] if h is None else [update(h, bound)]),
                moved(p, p - rate * new_m / (xp.sqrt(bound) + self.epsilon)),
            ]
        return updates


class Adamax(Optimizer):
    """Adam with the largest gradient so far, fading, in place of the root of squares.

    Parameters
    ----------
    learning_rate : float, optional
    beta_1, beta_2 : float, optional
        How much the average and the largest gradient keep of their last values.
    epsilon : float, optional
        ``K.epsilon()`` by default.
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    The step::

        m' = b1 m + (1 - b1) g
        u' = max(b2 u, |g|)
        p' = p - lr / (1 - b1^t) m' / (u' + epsilon)

    References
    ----------
    Kingma, Ba, "Adam: a method for stochastic optimization", section 7, 2015. Keras 2.3.1,
    ``keras.optimizers.Adamax``.

    Examples
    --------
    >>> w = K.variable([1.0, -200.0])
    >>> updates = K.optimizers.Adamax(0.5).get_updates(K.sum(K.square(w)), [w])
    >>> K.function([], [], updates=updates)()
    []
    >>> K.get_value(w)
    array([   0.5, -199.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float | None = None,
        **kwargs: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = self.hyper(beta_1, "beta_1"), self.hyper(beta_2, "beta_2")
        self.epsilon = config.epsilon() if epsilon is None else self.finite(epsilon, "epsilon")

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        b1, b2, updates = self.beta_1, self.beta_2, []
        rate = self.rate() / (1.0 - xp.pow(b1, self.time()))
        for p, g, m, u in zip(params, grads, self.slots("m", params), self.slots("u", params), strict=True):
            new_m = b1 * m + (1.0 - b1) * g
            new_u = xp.maximum(b2 * u, xp.abs(g))
            updates += [update(m, new_m), update(u, new_u), moved(p, p - rate * new_m / (new_u + self.epsilon))]
        return updates


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, on a schedule.

    Parameters
    ----------
    learning_rate : float, optional
    beta_1, beta_2 : float, optional
        How much the two averages keep of their last values.
    epsilon : float, optional
        ``K.epsilon()`` by default.
    schedule_decay : float, optional
    **kwargs : float
        ``lr``, ``decay``, ``clipnorm``, ``clipvalue``, as in `Optimizer`.

    Notes
    -----
    With the schedule c(t) = b1 (1 - 0.96^(t schedule_decay) / 2)::

        s' = s c(t)                                 the product of the schedule so far, s = 1 at first
        m' = b1 m + (1 - b1) g
        v' = b2 v + (1 - b2) g²
        n  = (1 - c(t)) g / (1 - s') + c(t+1) m' / (1 - s' c(t+1))
        p' = p - lr n / (sqrt(v' / (1 - b2^t)) + epsilon)

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016. Keras 2.3.1, ``keras.optimizers.Nadam``.

    Examples
    --------
    >>> w = K.variable([1.0, -2.0])
    >>> loss = K.sum(K.square(w))
    >>> step = K.function([], loss, updates=K.optimizers.Nadam(0.05).get_updates(loss, [w]))
    >>> losses = [float(step()) for _ in range(200)]
    >>> losses[0], losses[-1] < 1e-3
    (5.0, True)
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        **kwargs: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = self.hyper(beta_1, "beta_1"), self.hyper(beta_2, "beta_2")
        self.epsilon = config.epsilon() if epsilon is None else self.finite(epsilon, "epsilon")
        self.schedule_decay = self.finite(schedule_decay, "schedule_decay")
        self.m_schedule = self.hyper(1.0, "m_schedule")

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        b1, b2, t, lr = self.beta_1, self.beta_2, self.time(), self.rate()
        now, after = (b1 * (1.0 - 0.5 * xp.pow(0.96, step * self.schedule_decay)) for step in (t, t + 1.0))
        schedule = self.m_schedule * now
        updates: list[Any] = [update(self.m_schedule, schedule)]
        self.weights.append(self.m_schedule)
        for p, g, m, v in zip(params, grads, self.slots("m", params), self.slots("v", params), strict=True):
            new_m = b1 * m + (1.0 - b1) * g
            new_v = b2 * v + (1.0 - b2) * xp.square(g)
            n = (1.0 - now) * (g / (1.0 - schedule)) + after * (new_m / (1.0 - schedule * after))
            root = xp.sqrt(new_v / (1.0 - xp.pow(b2, t)))
            updates += [update(m, new_m), update(v, new_v), moved(p, p - lr * n / (root + self.epsilon))]
        return updates
