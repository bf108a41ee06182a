"""The base of all optimizers: hyper-parameters, clipped gradients, and the variables of their state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import config
from ..api.variables import Variable, batch_set_value, get_value, set_value, update, update_add
from ..arrays.arguments import number
from ..arrays.backends import active
from ..autodiff.backward import gradients
from ..dispatch.boundary import given
from ..graph.display import bytes_of, bytes_shown, html_table, plain
from ..graph.standard import namespace as xp
from ..graph.tensor import Tensor

__all__ = ["Optimizer", "moved"]


class Optimizer:
    """The base class of all optimizers: learning rate, decay, clipping, and the variables of their state.

    Parameters
    ----------
    learning_rate : float
    decay : float, optional
        The rate used at step t is learning_rate / (1 + decay * t), t counting from 0.
    clipnorm : float, optional
        Gradients are scaled so that their common Euclidean norm is at most this.
    clipvalue : float, optional
        Each element is then kept within plus and minus this.
    lr : float, optional
        The old name of `learning_rate`.
    **unknown : object
        Refused.

    Attributes
    ----------
    weights : list of Variable
        The state, once `get_updates` was called; the number of steps comes first.

    Raises
    ------
    TypeError
        For an unknown keyword, and a hyper-parameter that is no number.
    ValueError
        For NaN and infinities.

    Notes
    -----
    A negative or zero `clipnorm` or `clipvalue` does nothing. Hyper-parameters are variables:
    ``K.set_value(optimizer.lr, 0.1)`` changes a compiled function. A subclass defines `step`. A copy, or what a pickle
    holds, has the hyper-parameters and the state, but no updates: its next `get_updates`, for parameters of the same
    shapes, goes on from that state.

    References
    ----------
    Keras 2.3.1, ``keras.optimizers.Optimizer``.

    Examples
    --------
    >>> w = K.variable([3.0, 4.0])
    >>> sgd = K.optimizers.SGD(1.0, clipnorm=1.0)
    >>> step = K.function([], [], updates=sgd.get_updates(K.sum(K.square(w)) / 2.0, [w]))
    >>> K.set_value(sgd.lr, 5.0)
    >>> step(), K.get_value(w)
    ([], array([0., 0.], dtype=float32))
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
        self._begins_with: list[Any] = []  # the state of the next `get_updates`, where it goes on from another one

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, for a pickle or a copy; updates belong to a graph, which these leave behind."""
        return {**vars(self), "updates": [], "_begins_with": self.weights or self._begins_with}

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """The keyword arguments the class takes, in order.

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> K.optimizers.SGD.argument_names()
        ('learning_rate', 'momentum', 'nesterov', 'lr', 'decay', 'clipnorm', 'clipvalue')
        """
        own = cls.__init__.__code__
        names = own.co_varnames[1 : own.co_argcount + own.co_kwonlyargcount]
        return (*names, *(n for n in ("lr", "decay", "clipnorm", "clipvalue") if n not in names))

    # ---- defined by subclasses

    def step(self, params: Sequence[Variable], grads: Sequence[Tensor]) -> list[Any]:
        """The updates of the parameters and of the optimizer's own state; a subclass defines it.

        Parameters
        ----------
        params : sequence of Variable
        grads : sequence of Tensor

        Returns
        -------
        list of Tensor

        Examples
        --------
        >>> class SignDescent(K.optimizers.Optimizer):
        ...     def step(self, params, grads):
        ...         return [K.update_sub(p, self.rate() * K.sign(g)) for p, g in zip(params, grads)]
        >>> w = K.variable([3.0, -2.0])
        >>> updates = SignDescent(0.5).get_updates(K.sum(K.square(w)), [w])
        >>> K.function([], [], updates=updates)(), K.get_value(w)
        ([], array([ 2.5, -1.5], dtype=float32))
        """
        raise NotImplementedError(f"{type(self).__name__} defines no step")

    # ---- inherited

    def get_updates(self, loss: Tensor, params: Sequence[Variable]) -> list[Any]:
        """Updates that lower the loss, for ``K.function(..., updates=...)``; ``weights`` is the state they change.

        Parameters
        ----------
        loss : Tensor
        params : sequence of Variable

        Returns
        -------
        list of Tensor

        Raises
        ------
        ValueError
            When the loss does not depend on a parameter, and where the state of a copied optimizer is that of
            parameters of other shapes.

        References
        ----------
        Keras 2.3.1, ``keras.optimizers.Optimizer.get_updates``.

        Examples
        --------
        >>> w = K.variable([3.0])
        >>> sgd = K.optimizers.SGD(0.5)
        >>> step = K.function([], [], updates=sgd.get_updates(K.sum(K.square(w)), [w]))
        >>> step(), K.get_value(w), K.get_value(sgd.iterations)
        ([], array([0.], dtype=float32), array(1))
        """
        params = self._checked(loss, params)
        self._join(params)
        grads = self.get_gradients(loss, params)
        self.weights = [self.iterations]
        updates = [update_add(self.iterations, 1), *self.step(params, grads)]
        self._go_on()
        self.updates = updates
        return self.updates

    def get_gradients(self, loss: Tensor, params: Sequence[Variable]) -> list[Tensor]:
        """The gradients of the loss with respect to the parameters, clipped.

        Parameters
        ----------
        loss : Tensor
        params : sequence of Variable

        Returns
        -------
        list of Tensor

        Raises
        ------
        ValueError
            When the loss does not depend on a parameter, naming it.

        References
        ----------
        Keras 2.3.1, ``keras.optimizers.Optimizer.get_gradients``. Clipnorm as in Pascanu et al., "On the difficulty of
        training recurrent neural networks", 2013.

        Examples
        --------
        >>> w = K.variable([3.0, 4.0])
        >>> sgd = K.optimizers.SGD(clipvalue=5.0)
        >>> K.eval(sgd.get_gradients(K.sum(K.square(w)) / 1.0, [w])[0])
        array([5., 5.], dtype=float32)
        """
        params = self._checked(loss, params)
        grads: list[Tensor] = []
        for p, g in zip(params, gradients(loss, params), strict=True):
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
        """The learning rate's variable; assigning a number sets its value.

        Examples
        --------
        >>> sgd = K.optimizers.SGD(0.25)
        >>> sgd.lr = 0.5
        >>> K.get_value(sgd.lr)
        array(0.5, dtype=float32)
        """
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
        """The values of the state.

        Returns
        -------
        list of numpy.ndarray

        Examples
        --------
        >>> w = K.variable([3.0])
        >>> sgd = K.optimizers.SGD()
        >>> updates = sgd.get_updates(K.sum(K.square(w)), [w])
        >>> sgd.get_weights()
        [array(0), array([0.], dtype=float32)]
        """
        return [get_value(w) for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state to values that `get_weights` returned.

        Parameters
        ----------
        weights : sequence of array

        Raises
        ------
        ValueError
            For another number of arrays or other shapes.

        Examples
        --------
        >>> w = K.variable([3.0])
        >>> sgd = K.optimizers.SGD(momentum=0.9)
        >>> updates = sgd.get_updates(K.sum(K.square(w)), [w])
        >>> sgd.set_weights([100, [0.5]])
        >>> sgd.get_weights()
        [array(100), array([0.5], dtype=float32)]
        """
        if not isinstance(weights, (list, tuple)):
            raise TypeError(f"set_weights: weights is {given(weights)}, expected a list of arrays")
        if len(weights) != len(self.weights):
            raise ValueError(f"set_weights: got {len(weights)} arrays, {type(self).__name__} has {len(self.weights)}")
        batch_set_value(list(zip(self.weights, weights, strict=True)))

    def state(self) -> list[Any]:
        """What a copy begins with, as NumPy arrays: the weights, or the state that the next `get_updates` goes on from.

        Examples
        --------
        >>> K.optimizers.Adam().state()
        []
        """
        return [get_value(v) for v in self.weights or self._begins_with]

    def go_on_from(self, state: Sequence[Any]) -> None:
        """Have the next `get_updates` begin with values that `get_weights` returned, here or elsewhere.

        Examples
        --------
        >>> w = K.variable([1.0, 2.0])
        >>> loss = K.sum(K.square(w))
        >>> first, second = K.optimizers.Adam(), K.optimizers.Adam()
        >>> step = K.function([], [], first.get_updates(loss, [w]))
        >>> step([])
        []
        >>> second.go_on_from(first.get_weights())
        >>> step = K.function([], [], second.get_updates(loss, [w]))
        >>> int(K.get_value(second.iterations))
        1
        """
        self._begins_with = list(state)

    def _go_on(self) -> None:
        """Set the state to the one to begin with, if there is one."""
        state, self._begins_with = self._begins_with, []
        if not state:
            return
        state = [v.array if isinstance(v, Variable) else v for v in state]
        found, expected = [tuple(v.shape) for v in state], [w.shape for w in self.weights]
        if found != expected:
            raise ValueError(
                f"{type(self).__name__}: the optimizer was copied with the state of other parameters, of shapes "
                f"{found} where these need {expected}; make a new one with from_config(optimizer.get_config())"
            )
        for weight, value in zip(self.weights, state, strict=True):
            weight.assign(value)

    def get_config(self) -> dict[str, Any]:
        """The keyword arguments that make an equal optimizer, with the hyper-parameters as they are now.

        Returns
        -------
        dict

        Examples
        --------
        >>> K.optimizers.SGD(0.5, momentum=0.25).get_config()
        {'learning_rate': 0.5, 'momentum': 0.25, 'nesterov': False, 'decay': 0.0}
        """
        found: dict[str, Any] = {}
        for name in self.argument_names():
            value = getattr(self, name)
            if name != "lr" and value is not None:
                found[name] = float(get_value(value)) if isinstance(value, Variable) else value
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """The optimizer that `get_config` described.

        Parameters
        ----------
        config : dict

        Returns
        -------
        Optimizer

        Examples
        --------
        >>> again = K.optimizers.SGD.from_config(K.optimizers.SGD(0.5).get_config())
        >>> float(K.get_value(again.lr))
        0.5
        """
        if not isinstance(config, Mapping):
            raise TypeError(f"{cls.__name__}: config is {given(config)}, expected a dictionary that get_config gives")
        return cls(**config)

    # ---- parts of formulas

    def finite(self, value: Any, name: str) -> float:
        """A hyper-parameter as a number; TypeError for anything else, ValueError for NaN and infinities."""
        function = type(self).__name__
        try:
            found = number(function, name, get_value(value))
        except ValueError:  # of a tensor that depends on a placeholder
            raise TypeError(f"{function}: {name} is {given(value)}, expected a number") from None
        if not math.isfinite(found):
            raise ValueError(f"{function}: {name} is {found}, expected a finite number")
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

    def _checked(self, loss: Any, params: Any) -> list[Variable]:
        """The parameters as a list; TypeError unless the loss is symbolic and they are variables."""
        name = type(self).__name__
        for each in loss if isinstance(loss, (list, tuple)) else [loss]:
            if not isinstance(each, Tensor):
                raise TypeError(f"{name}: loss is {given(loss)}, expected a symbolic tensor")
        if not isinstance(params, (list, tuple)):
            raise TypeError(f"{name}: params is {given(params)}, expected a list of variables")
        for p in params:
            if not isinstance(p, Variable):
                raise TypeError(f"{name}: params holds {given(p)}, expected variables")
        return list(params)

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
