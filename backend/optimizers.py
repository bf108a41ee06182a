"""Optimizers, formula by formula, in order of increasing complexity; each turns gradients into updates of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import config
from .api.variables import Variable, batch_set_value, get_value, set_value, update, update_add
from .arrays.backends import active
from .autodiff.backward import gradients
from .graph.standard import namespace as xp
from .graph.tensor import Tensor

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "Optimizer", "RMSprop"]


class Optimizer:
    """What all optimizers share: learning rate, decay, clipping, and the variables that make up their state.

    Arguments: `learning_rate` (or `lr`); `decay`: the rate used at step t is learning_rate / (1 + decay * t), t
    counting from 0; `clipnorm`: gradients are scaled so that their common Euclidean norm is at most this; `clipvalue`:
    each element is then kept within plus and minus this. A negative or zero bound does nothing. `epsilon`, where there
    is one, is `K.epsilon()` unless given.
    Hyper-parameters are variables: `K.set_value(optimizer.lr, 0.1)` changes a compiled function.
    Errors: TypeError for an unknown keyword.

    Source: Keras 2.3.1 optimizers.
    """

    def __init__(
        self,
        learning_rate: float,
        decay: float | None = 0.0,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        lr: float | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise TypeError(
                f"{type(self).__name__}: unexpected keyword argument {next(iter(unknown))!r}; expected "
                f"{', '.join(self.argument_names())}"
            )
        self.iterations = _count()
        self.learning_rate = _hyper(learning_rate if lr is None else lr, "learning_rate")
        self.initial_decay = decay or 0.0
        self.decay = _hyper(self.initial_decay, "decay")
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.weights: list[Variable] = []
        self.updates: list[Any] = []

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """The keyword arguments the class takes, in order."""
        own = cls.__init__.__code__
        names = own.co_varnames[1 : own.co_argcount + own.co_kwonlyargcount]
        return (*names, *(n for n in ("lr", "decay", "clipnorm", "clipvalue") if n not in names))

    # ---- what a subclass gives: its updates

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        """The updates of the parameters and of the optimizer's own state, given the gradients."""
        raise NotImplementedError(f"{type(self).__name__} defines no step")

    # ---- what it gets

    def get_updates(self, loss: Tensor, params: Sequence[Variable]) -> list[Any]:
        """Updates that lower the loss, for `K.function(..., updates=...)`; `weights` is the state they change.

        Errors: ValueError when the loss does not depend on a parameter.

        Source: Keras 2.3.1 optimizers.
        """
        params = list(params)
        self._join(params)
        grads = self.get_gradients(loss, params)
        self.weights = [self.iterations]
        self.updates = [update_add(self.iterations, 1), *self.step(params, grads)]
        return self.updates

    def get_gradients(self, loss: Tensor, params: Sequence[Variable]) -> list[Tensor]:
        """The gradients of the loss with respect to the parameters, clipped.

        Errors: ValueError when the loss does not depend on a parameter, naming it.

        Source: Keras 2.3.1 optimizers; clipnorm as in Pascanu et al., "On the difficulty of training recurrent neural
        networks", 2013.
        """
        grads: list[Tensor] = []
        for p, g in zip(params, gradients(loss, list(params)), strict=True):
            if g is None:
                raise ValueError(
                    f"{type(self).__name__}: the loss has no gradient with respect to {p.name} (shape "
                    f"{p.shape}); expected a differentiable way from it to the loss"
                )
            grads.append(g)
        if self.clipnorm is not None and self.clipnorm > 0:
            squares = [xp.sum(xp.square(g)) for g in grads]
            norm = xp.sqrt(sum(squares[1:], squares[0]))
            factor = xp.where(norm >= self.clipnorm, self.clipnorm / xp.where(norm == 0, 1.0, norm), 1.0)
            grads = [g * factor for g in grads]
        if self.clipvalue is not None and self.clipvalue > 0:
            grads = [xp.minimum(xp.maximum(g, -self.clipvalue), self.clipvalue) for g in grads]
        return grads

    @property
    def lr(self) -> Variable:
        """The learning rate's variable; assigning a number sets its value."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        set_value(self.learning_rate, value)

    def get_weights(self) -> list[Any]:
        """The values of the state, as NumPy arrays."""
        return [get_value(w) for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give the state other values, as `get_weights` returned them.

        Errors: ValueError for another number of arrays or other shapes.
        """
        if len(weights) != len(self.weights):
            raise ValueError(f"set_weights: got {len(weights)} arrays, {type(self).__name__} has {len(self.weights)}")
        batch_set_value(list(zip(self.weights, weights, strict=True)))

    def get_config(self) -> dict[str, Any]:
        """The keyword arguments that make an equal optimizer, with the hyper-parameters as they are now."""
        found: dict[str, Any] = {}
        for name in self.argument_names():
            value = getattr(self, name)
            if name != "lr" and value is not None:
                found[name] = float(get_value(value)) if isinstance(value, Variable) else value
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """The optimizer that `get_config` described."""
        return cls(**config)

    # ---- pieces of formulas

    def rate(self) -> Any:
        """The learning rate of this step, decayed."""
        if self.initial_decay > 0:
            return self.learning_rate / (1.0 + self.decay * xp.astype(self.iterations, self.decay.dtype))
        return self.learning_rate

    def time(self) -> Any:
        """The number of this step, counted from 1."""
        return xp.astype(self.iterations, self.learning_rate.dtype) + 1.0

    def slots(self, name: str, params: Sequence[Variable]) -> list[Variable]:
        """One variable of zeros beside each parameter, part of the state."""
        made = [
            Variable(p.backend.asarray(np.zeros(p.shape), p.dtype), p.backend, f"{name}_{i}")
            for i, p in enumerate(params)
        ]
        self.weights += made
        return made

    def _join(self, params: Sequence[Variable]) -> None:
        """Bring the hyper-parameters to the parameters' library and device, wherever they were made."""
        if params:
            for v in vars(self).values():
                if isinstance(v, Variable):
                    v.move(params[0].backend)


def _hyper(value: Any, name: str) -> Variable:
    backend = active()
    return Variable(backend.asarray(np.asarray(value, config.floatx()), config.floatx()), backend, name)


def _count() -> Variable:
    """The number of steps made: int64, or int32 where the library has no more."""
    backend = active()
    info = getattr(backend.xp, "__array_namespace_info__", None)
    dtype = "int64" if info is None or "int64" in info().dtypes(device=backend.device) else "int32"
    return Variable(backend.asarray(np.asarray(0, dtype), dtype), backend, "iterations")


def _moved(p: Variable, value: Tensor) -> Tensor:
    """The update of a parameter, its constraint applied."""
    constraint = getattr(p, "constraint", None)
    return update(p, value if constraint is None else constraint(value))


class SGD(Optimizer):
    """Gradient descent, with momentum m::

        v' = m v - lr g
        p' = p + v'                 p' = p + m v' - lr g  (nesterov)

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever et al., "On the
    importance of initialization and momentum in deep learning", 2013.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = _hyper(momentum, "momentum")
        self.nesterov = nesterov

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, m, updates = self.rate(), self.momentum, []
        for p, g, v in zip(params, grads, self.slots("moment", params), strict=True):
            new_v = m * v - lr * g
            updates += [update(v, new_v), _moved(p, p + m * new_v - lr * g if self.nesterov else p + new_v)]
        return updates


class Adagrad(Optimizer):
    """Steps divided by the root of all squared gradients so far::

        a' = a + g²
        p' = p - lr g / (sqrt(a') + epsilon)

    Source: Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning", 2011.
    """

    def __init__(self, learning_rate: float = 0.01, *, epsilon: float | None = None, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.epsilon = config.epsilon() if epsilon is None else epsilon

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, updates = self.rate(), []
        for p, g, a in zip(params, grads, self.slots("accumulator", params), strict=True):
            new_a = a + xp.square(g)
            updates += [update(a, new_a), _moved(p, p - lr * g / (xp.sqrt(new_a) + self.epsilon))]
        return updates


class RMSprop(Optimizer):
    """Steps divided by the root of a moving average of squared gradients::

        a' = rho a + (1 - rho) g²
        p' = p - lr g / (sqrt(a') + epsilon)

    Source: Tieleman, Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning, 2012.
    """

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, *, epsilon: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = _hyper(rho, "rho")
        self.epsilon = config.epsilon() if epsilon is None else epsilon

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, rho, updates = self.rate(), self.rho, []
        for p, g, a in zip(params, grads, self.slots("accumulator", params), strict=True):
            new_a = rho * a + (1.0 - rho) * xp.square(g)
            updates += [update(a, new_a), _moved(p, p - lr * g / (xp.sqrt(new_a) + self.epsilon))]
        return updates


class Adadelta(Optimizer):
    """Steps in units of the steps made before::

        a' = rho a + (1 - rho) g²
        s  = g sqrt(d + epsilon) / sqrt(a' + epsilon)
        p' = p - lr s
        d' = rho d + (1 - rho) s²

    Source: Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    def __init__(
        self, learning_rate: float = 1.0, rho: float = 0.95, *, epsilon: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = _hyper(rho, "rho")
        self.epsilon = config.epsilon() if epsilon is None else epsilon

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        lr, rho, updates = self.rate(), self.rho, []
        accumulators, deltas = self.slots("accumulator", params), self.slots("delta_accumulator", params)
        for p, g, a, d in zip(params, grads, accumulators, deltas, strict=True):
            new_a = rho * a + (1.0 - rho) * xp.square(g)
            s = g * xp.sqrt(d + self.epsilon) / xp.sqrt(new_a + self.epsilon)
            new_d = rho * d + (1.0 - rho) * xp.square(s)
            updates += [update(a, new_a), update(d, new_d), _moved(p, p - lr * s)]
        return updates


class Adam(Optimizer):
    """Moving averages of gradients and of their squares, both corrected for their start at zero::

        m' = b1 m + (1 - b1) g
        v' = b2 v + (1 - b2) g²
        r  = lr sqrt(1 - b2^t) / (1 - b1^t)
        p' = p - r m' / (sqrt(v') + epsilon)        with amsgrad, max(h, v') = h' for v' here

    Source: Kingma, Ba, "Adam: a method for stochastic optimization", 2015; Reddi, Kale, Kumar, "On the convergence of
    Adam and beyond", 2018.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        amsgrad: bool = False,
        *,
        epsilon: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = _hyper(beta_1, "beta_1"), _hyper(beta_2, "beta_2")
        self.epsilon = config.epsilon() if epsilon is None else epsilon
        self.amsgrad = amsgrad

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
                _moved(p, p - rate * new_m / (xp.sqrt(bound) + self.epsilon)),
            ]
        return updates


class Adamax(Optimizer):
    """Adam with the largest gradient so far, fading, in place of the root of squares::

        m' = b1 m + (1 - b1) g
        u' = max(b2 u, |g|)
        p' = p - lr / (1 - b1^t) m' / (u' + epsilon)

    Source: Kingma, Ba, "Adam: a method for stochastic optimization", section 7, 2015.
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = _hyper(beta_1, "beta_1"), _hyper(beta_2, "beta_2")
        self.epsilon = config.epsilon() if epsilon is None else epsilon

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        b1, b2, updates = self.beta_1, self.beta_2, []
        rate = self.rate() / (1.0 - xp.pow(b1, self.time()))
        for p, g, m, u in zip(params, grads, self.slots("m", params), self.slots("u", params), strict=True):
            new_m = b1 * m + (1.0 - b1) * g
            new_u = xp.maximum(b2 * u, xp.abs(g))
            updates += [update(m, new_m), update(u, new_u), _moved(p, p - rate * new_m / (new_u + self.epsilon))]
        return updates


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, on a schedule c(t) = b1 (1 - 0.96^(t schedule_decay) / 2)::

        s' = s c(t)                                 the product of the schedule so far, s = 1 at first
        m' = b1 m + (1 - b1) g
        v' = b2 v + (1 - b2) g²
        n  = (1 - c(t)) g / (1 - s') + c(t+1) m' / (1 - s' c(t+1))
        p' = p - lr n / (sqrt(v' / (1 - b2^t)) + epsilon)

    Source: Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = _hyper(beta_1, "beta_1"), _hyper(beta_2, "beta_2")
        self.epsilon = config.epsilon() if epsilon is None else epsilon
        self.schedule_decay = schedule_decay
        self.m_schedule = _hyper(1.0, "m_schedule")

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
            updates += [update(m, new_m), update(v, new_v), _moved(p, p - lr * n / (root + self.epsilon))]
        return updates
