"""The base of all optimizers: hyper-parameters, clipped gradients, and the variables of their state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config
from ..api.variables import Variable, batch_set_value, get_value, set_value, update, update_add
from ..arrays.arguments import number
from ..arrays.backends import active
from ..autodiff.backward import gradients
from ..graph.display import bytes_of, bytes_shown, html_table, plain
from ..graph.standard import namespace as xp
from ..graph.tensor import Tensor

__all__ = ["Optimizer", "moved"]


class Optimizer:
    """The base class of all optimizers: learning rate, decay, clipping, and the variables of their state.

    Arguments: `learning_rate` (or `lr`); `decay`: the rate used at step t is learning_rate / (1 + decay * t), t
    counting from 0; `clipnorm`: gradients are scaled so that their common Euclidean norm is at most this; `clipvalue`:
    each element is then kept within plus and minus this. A negative or zero bound does nothing. `epsilon`, where there
    is one, is `K.epsilon()` unless given.
    Hyper-parameters are variables: `K.set_value(optimizer.lr, 0.1)` changes a compiled function.
    Errors: TypeError for an unknown keyword and a hyper-parameter that is no number, ValueError for NaN and infinities.

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
        self.learning_rate = self.hyper(learning_rate if lr is None else lr, "learning_rate")
        self.initial_decay = self.finite(decay or 0.0, "decay")
        self.decay = self.hyper(self.initial_decay, "decay")
        self.clipnorm = None if clipnorm is None else self.finite(clipnorm, "clipnorm")
        self.clipvalue = None if clipvalue is None else self.finite(clipvalue, "clipvalue")
        self.weights: list[Variable] = []
        self.updates: list[Any] = []

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """The keyword arguments the class takes, in order."""
        own = cls.__init__.__code__
        names = own.co_varnames[1 : own.co_argcount + own.co_kwonlyargcount]
        return (*names, *(n for n in ("lr", "decay", "clipnorm", "clipvalue") if n not in names))

    # ---- defined by subclasses

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        """The updates of the parameters and of the optimizer's own state, given the gradients."""
        raise NotImplementedError(f"{type(self).__name__} defines no step")

    # ---- inherited

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
                    f"{p.shape}); expected a differentiable path from it to the loss"
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

    def _facts(self) -> dict[str, str]:
        """The hyper-parameters as they are now, as text."""
        found: dict[str, str] = {}
        for name in self.argument_names():
            value = getattr(self, name, None)
            if name != "lr" and value is not None:
                value = float(get_value(value)) if isinstance(value, Variable) else value
                found[name] = f"{value:.6g}" if type(value) is float else plain(value)
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in self._facts().items())})"

    def _repr_html_(self) -> str:
        """The hyper-parameters, the number of steps made and the memory of the state, for notebooks."""
        state = bytes_shown(sum(bytes_of(v) or 0 for v in self.weights))
        more = {"steps made": str(int(get_value(self.iterations))), "state": f"{len(self.weights)} variables, {state}"}
        return html_table(type(self).__name__, self._facts() | more)

    def get_weights(self) -> list[Any]:
        """The values of the state, as NumPy arrays."""
        return [get_value(w) for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state to values that `get_weights` returned.

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

    # ---- parts of formulas

    def finite(self, value: Any, name: str) -> float:
        """A hyper-parameter as a number; TypeError for anything else, ValueError for NaN and infinities."""
        found = number(type(self).__name__, name, get_value(value))
        if not math.isfinite(found):
            raise ValueError(f"{type(self).__name__}: {name} is {found}, expected a finite number")
        return found

    def hyper(self, value: Any, name: str) -> Variable:
        """A hyper-parameter as a variable on the active backend."""
        backend = active()
        made = np.asarray(self.finite(value, name), config.floatx())
        return Variable(backend.asarray(made, config.floatx()), backend, name)

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
        """Move the hyper-parameters to the parameters' library and device."""
        if params:
            for v in vars(self).values():
                if isinstance(v, Variable):
                    v.move(params[0].backend)


def _count() -> Variable:
    """The number of steps made: int64, or int32 where the library has no more."""
    backend = active()
    info = getattr(backend.xp, "__array_namespace_info__", None)
    dtype = "int64" if info is None or "int64" in info().dtypes(device=backend.device) else "int32"
    return Variable(backend.asarray(np.asarray(0, dtype), dtype), backend, "iterations")


def moved(p: Variable, value: Tensor) -> Tensor:
    """The update of a parameter, its constraint applied."""
    constraint = getattr(p, "constraint", None)
    return update(p, value if constraint is None else constraint(value))
