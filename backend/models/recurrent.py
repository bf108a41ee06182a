"""Recurrent layers: a simple one, long short-term memory, gated recurrent units, and one in both directions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import backend as K

from .activations import activation_named
from .initializers import initializer
from .layer import Layer, as_list, layer_from, mask_of

__all__ = ["GRU", "LSTM", "Bidirectional", "SimpleRNN"]


class _Recurrent(Layer):
    """A step run over the time axis; subclasses define it, and how many gates and states there are."""

    supports_masking = True
    rank = 3
    gates = 1
    states = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = activation_named(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.recurrent_initializer = kernel_initializer, recurrent_initializer
        self.bias_initializer = bias_initializer
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.unroll = go_backwards, unroll

    def build(self, shape: Any) -> None:
        if shape[-1] is None:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected a known number of features")
        width = self.gates * self.units
        self.kernel = self.add_weight("kernel", (shape[-1], width), self.kernel_initializer)
        self.recurrent_kernel = self.add_weight("recurrent_kernel", (self.units, width), self.recurrent_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", self.bias_shape, self.first_bias)

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.gates * self.units,)

    def first_bias(self, shape: tuple[int, ...]) -> Any:
        """The initial bias."""
        return initializer(self.bias_initializer)(shape)

    def step(self, kept: Any) -> Callable[[Any, Any], Any]:
        """The step (x @ kernel + bias, states) -> (output, states); `kept` is the dropout mask of h, or None."""
        raise NotImplementedError(f"{type(self).__name__} defines no step")

    def input_bias(self) -> Any:
        """The bias to be added before the steps."""
        return self.bias

    def fused(self, x: Any, states: list[Any], bias: Any) -> Any:
        """All steps by one function of K, or None where there is none that does the same."""
        return None

    def _is_usual(self, mask: Any) -> bool:
        """Whether the steps are those of K's functions: tanh and sigmoid, no mask, no dropout between steps."""
        return (
            mask is None
            and not self.recurrent_dropout
            and not self.unroll
            and (self.activation, getattr(self, "recurrent_activation", K.sigmoid)) == (K.tanh, K.sigmoid)
        )

    def call(self, x: Any) -> Any:
        x, *states = as_list(x)
        mask, batch = mask_of(x), K.shape(x)[0]
        if not states:
            states = [K.zeros((batch, self.units)) for _ in range(self.states)]
        if len(states) != self.states:
            raise ValueError(f"{self.name}: got {len(states)} initial states, expected {self.states}")
        if self.dropout:
            sequence = x
            x = K.in_train_phase(lambda: K.dropout(sequence, self.dropout, noise_shape=(None, 1, None)), x)
        found = self.fused(x, states, self.bias if self.use_bias else None) if self._is_usual(mask) else None
        if found is None:
            kept = None
            if self.recurrent_dropout:
                whole = K.ones((batch, self.units))
                kept = K.in_train_phase(lambda: K.dropout(whole, self.recurrent_dropout), whole)
            z = K.dot(x, self.kernel)  # of all time steps at once: they need no state
            z = z + self.input_bias() if self.use_bias else z
            found = K.rnn(self.step(kept), z, states, self.go_backwards, mask, unroll=self.unroll)
        last, outputs, states = found
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return masks[0] if self.return_sequences else None

    def _parts(self, z: Any) -> list[Any]:
        """The gates, which lie side by side."""
        return [z[:, k * self.units : (k + 1) * self.units] for k in range(self.gates)]


class SimpleRNN(_Recurrent):
    """h' = activation(x @ W + h @ U + b), over time.

    The input is (batch, time, features), or a list of it and the initial h; the output is the last h, or with
    `return_sequences` every h; `return_state` adds the last h. Absent time steps leave h as it is.

    Parameters
    ----------
    units : int
        The size of h.
    activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer
        As in `Dense`.
    dropout, recurrent_dropout : float
        The fraction of the input, and of h, that is dropped while training, the same at all time steps.
    return_sequences, return_state, go_backwards, unroll : bool
        What to return; whether to begin with the last time step; whether to write the steps out.

    References
    ----------
    Elman, "Finding structure in time", 1990; Keras 2.3.1, ``keras.layers.SimpleRNN``.

    Examples
    --------
    >>> layer = K.models.SimpleRNN(4, return_sequences=True)
    >>> layer(K.models.Input((None, 3))).shape, layer.count_params()
    ((None, None, 4), 32)
    """

    def step(self, kept: Any) -> Callable[[Any, Any], Any]:
        def step(z: Any, states: Any) -> Any:
            h = states[0] if kept is None else states[0] * kept
            h = self.activation(z + K.dot(h, self.recurrent_kernel))
            return h, [h]

        return step


class LSTM(_Recurrent):
    """Long short-term memory: gates control what a cell forgets, stores and outputs.

    ::

        i, f, o = recurrent_activation(x @ W + h @ U + b)       one set of weights each
        c' = f c + i activation(x @ W + h @ U + b)
        h' = o activation(c')

    The weights of i, f, c, o are side by side in one kernel. The input is (batch, time, features), or a list of it and
    the initial h and c; the output is the last h, or with `return_sequences` every h; `return_state` adds the last h
    and c. Absent time steps leave h and c as they are.

    Parameters
    ----------
    units : int
        The size of h and c.
    unit_forget_bias : bool
        Whether the bias of f begins with 1, so that a cell keeps its state before training.
    **kwargs
        The others are those of `SimpleRNN`.

    References
    ----------
    Hochreiter, Schmidhuber, "Long short-term memory", 1997; Gers et al., "Learning to forget", 2000; one dropout mask
    for all time steps: Gal, Ghahramani, "A theoretically grounded application of dropout", 2016.

    Examples
    --------
    >>> layer = K.models.LSTM(4)
    >>> layer(K.models.Input((None, 3))).shape, layer.count_params()
    ((None, 4), 128)
    """

    gates = 4
    states = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, **kwargs
        )
        self.recurrent_activation = activation_named(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def first_bias(self, shape: tuple[int, ...]) -> Any:
        bias = np.array(K.get_value(super().first_bias(shape)))
        if self.unit_forget_bias:
            bias[self.units : 2 * self.units] = 1.0
        return bias

    def fused(self, x: Any, states: list[Any], bias: Any) -> Any:
        return K.lstm(x, self.kernel, self.recurrent_kernel, bias, states, self.go_backwards)

    def step(self, kept: Any) -> Callable[[Any, Any], Any]:
        def step(gates: Any, states: Any) -> Any:
            h, c, *_ = states
            z = gates + K.dot(h if kept is None else h * kept, self.recurrent_kernel)
            i, f, new, o = self._parts(z)
            c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(new)
            h = self.recurrent_activation(o) * self.activation(c)
            return h, [h, c]

        return step


class GRU(_Recurrent):
    """Gated recurrent units: one gate keeps the state, another forgets it for the candidate.

    ::

        z, r = recurrent_activation(x @ W + h @ U + b)          one set of weights each
        n  = activation(x @ W + (r h) @ U + b)                  activation(x @ W + b + r (h @ U + b'))  (reset_after)
        h' = z h + (1 - z) n

    The weights of z, r, n are side by side in one kernel; with `reset_after` the bias has two rows, b and b'. The input
    is (batch, time, features), or a list of it and the initial h; the output is the last h, or with `return_sequences`
    every h; `return_state` adds the last h. Absent time steps leave h as it is.

    Parameters
    ----------
    units : int
        The size of h.
    reset_after : bool
        Whether r applies after the product with U, as in cuDNN, or before it.
    **kwargs
        The others are those of `SimpleRNN`.

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; Keras 2.3.1, ``keras.layers.GRU``.

    Examples
    --------
    >>> layer = K.models.GRU(4)
    >>> layer(K.models.Input((None, 3))).shape, layer.count_params()
    ((None, 4), 96)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, **kwargs
        )
        self.recurrent_activation = activation_named(recurrent_activation)
        self.reset_after = reset_after

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """(3 units,), or (2, 3 units) with `reset_after`."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def input_bias(self) -> Any:
        return self.bias[0, :] if self.reset_after else self.bias

    def fused(self, x: Any, states: list[Any], bias: Any) -> Any:
        return K.gru(x, self.kernel, self.recurrent_kernel, bias, states, self.go_backwards, self.reset_after)

    def step(self, kept: Any) -> Callable[[Any, Any], Any]:
        both = 2 * self.units
        to_gates, to_new = self.recurrent_kernel[:, :both], self.recurrent_kernel[:, both:]
        own_bias = self.bias[1, :] if self.use_bias and self.reset_after else None

        def step(x: Any, states: Any) -> Any:
            before = states[0]
            h = before if kept is None else before * kept
            if self.reset_after:
                inner = K.dot(h, self.recurrent_kernel)
                inner = inner if own_bias is None else inner + own_bias
                keep, reset = (self.recurrent_activation(x[:, part] + inner[:, part]) for part in places[:2])
                new = self.activation(x[:, places[2]] + reset * inner[:, places[2]])
            else:
                gates = self.recurrent_activation(x[:, :both] + K.dot(h, to_gates))
                keep, reset = gates[:, : self.units], gates[:, self.units :]
                new = self.activation(x[:, both:] + K.dot(reset * h, to_new))
            h = keep * before + (1.0 - keep) * new
            return h, [h]

        places = [slice(k * self.units, (k + 1) * self.units) for k in range(3)]
        return step


MERGES: dict[Any, Callable[[Any, Any], Any]] = {
    "concat": lambda a, b: K.concatenate([a, b]),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2.0,
    "mul": lambda a, b: a * b,
    None: lambda a, b: [a, b],
}


class Bidirectional(Layer):
    """A recurrent layer and its twin, which begins with the last time step; each has weights of its own.

    The outputs of the twin are put in the order of time before they are merged. The input is a sequence, or a list of
    it and the initial states, those of the first layer first; with the layer's `return_state` its states follow the
    output in this order.

    Parameters
    ----------
    layer : Layer
        A recurrent layer not used elsewhere; two copies of it are made.
    merge_mode : {"concat", "sum", "mul", "ave", None}
        How the two outputs become one; None keeps both.

    References
    ----------
    Schuster, Paliwal, "Bidirectional recurrent neural networks", 1997; Keras 2.3.1, ``keras.layers.Bidirectional``.

    Examples
    --------
    >>> layer = K.models.Bidirectional(K.models.GRU(4, return_sequences=True))
    >>> layer(K.models.Input((None, 3))).shape, len(layer.weights)
    ((None, None, 8), 6)
    """

    supports_masking = True
    rank = 3

    def __init__(self, layer: Any, merge_mode: str | None = "concat", **kwargs: Any) -> None:
        layer = layer_from(layer) if isinstance(layer, Mapping) else layer
        if not isinstance(layer, _Recurrent) or layer.built:
            raise TypeError(f"Bidirectional: layer is {layer!r}, expected a recurrent layer that was not called yet")
        if merge_mode not in MERGES:
            raise ValueError(f"Bidirectional: merge_mode is {merge_mode!r}, expected concat, sum, mul, ave or None")
        if layer.batch_input_shape is not None:
            kwargs.setdefault("batch_input_shape", layer.batch_input_shape)
        super().__init__(**kwargs)
        self.layer, self.merge_mode = layer, merge_mode
        self.forward_layer, self.backward_layer = copy.deepcopy(layer), copy.deepcopy(layer)
        self.backward_layer.go_backwards = not layer.go_backwards
        self.forward_layer.name, self.backward_layer.name = f"forward_{layer.name}", f"backward_{layer.name}"

    def build(self, shape: Any) -> None:
        for each in (self.forward_layer, self.backward_layer):
            each.build(shape)
            each.built = True
        self.weights = [*self.forward_layer.weights, *self.backward_layer.weights]

    def call(self, x: Any) -> Any:
        x, *states = as_list(x)
        if len(states) not in (0, 2 * self.layer.states):
            raise ValueError(f"{self.name}: got {len(states)} initial states, expected {2 * self.layer.states}")
        half = len(states) // 2
        there, *last_there = as_list(self.forward_layer.call([x, *states[:half]]))
        back, *last_back = as_list(self.backward_layer.call([x, *states[half:]]))
        if self.layer.return_sequences:
            back = K.reverse(back, 1)
        merged = as_list(MERGES[self.merge_mode](there, back))
        found = [*merged, *last_there, *last_back]
        return found if len(found) > 1 else found[0]

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return masks[0] if self.layer.return_sequences else None
