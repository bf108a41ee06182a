"""Layers for sequences: embedding of integers, and long short-term memory."""

from __future__ import annotations

from typing import Any

import numpy as np

import backend as K

from .initializers import initializer
from .layer import Layer, as_list, mask_of
from .layers import activation_named

__all__ = ["LSTM", "Embedding"]


class Embedding(Layer):
    """A vector for each integer below `input_dim`; with `mask_zero`, 0 marks time steps that are absent."""

    input_dtype = "int32"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("batch_input_shape") is None:
            kwargs.setdefault("input_shape", (input_length,))
        super().__init__(**kwargs)
        self.input_dim, self.output_dim, self.mask_zero = input_dim, output_dim, mask_zero
        self.embeddings_initializer = embeddings_initializer

    def build(self, shape: Any) -> None:
        self.embeddings = self.add_weight("embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer)

    def call(self, x: Any) -> Any:
        return K.gather(self.embeddings, K.cast(x, "int32"))

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return K.not_equal(inputs[0], 0) if self.mask_zero else None


class LSTM(Layer):
    """Long short-term memory: gates control what a cell forgets, stores and outputs::

        i, f, o = recurrent_activation(x @ W + h @ U + b)       one set of weights each
        c' = f c + i activation(x @ W + h @ U + b)
        h' = o activation(c')

    The weights of i, f, c, o are side by side in one kernel. The input is (batch, time, features), or a list of it and
    the initial h and c; the output is the last h, or with `return_sequences` every h; `return_state` adds the last h
    and c. Absent time steps leave h and c as they are.

    Source: Hochreiter, Schmidhuber, "Long short-term memory", 1997; Gers et al., "Learning to forget", 2000; one
    dropout mask for all time steps: Gal, Ghahramani, "A theoretically grounded application of dropout", 2016.
    """

    supports_masking = True
    rank = 3

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
        self.recurrent_activation = activation_named(recurrent_activation)
        self.use_bias, self.unit_forget_bias = use_bias, unit_forget_bias
        self.kernel_initializer, self.recurrent_initializer = kernel_initializer, recurrent_initializer
        self.bias_initializer = bias_initializer
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.unroll = go_backwards, unroll

    def build(self, shape: Any) -> None:
        if shape[-1] is None:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected a known number of features")
        self.kernel = self.add_weight("kernel", (shape[-1], 4 * self.units), self.kernel_initializer)
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", (self.units, 4 * self.units), self.recurrent_initializer
        )
        if self.use_bias:
            self.bias = self.add_weight("bias", (4 * self.units,), self.first_bias)

    def first_bias(self, shape: tuple[int, ...]) -> Any:
        """The initial bias: ones for the forget gate, so that a cell keeps its state before training."""
        bias = np.array(K.get_value(initializer(self.bias_initializer)(shape)))
        if self.unit_forget_bias:
            bias[self.units : 2 * self.units] = 1.0
        return bias

    def call(self, x: Any) -> Any:
        x, *states = as_list(x)
        mask, batch = mask_of(x), K.shape(x)[0]
        if not states:
            states = [K.zeros((batch, self.units)), K.zeros((batch, self.units))]
        if self.dropout:
            sequence = x
            x = K.in_train_phase(lambda: K.dropout(sequence, self.dropout, noise_shape=(None, 1, None)), x)
        if (
            mask is None
            and not (self.recurrent_dropout or self.unroll)
            and (self.activation, self.recurrent_activation) == (K.tanh, K.sigmoid)
        ):
            bias = self.bias if self.use_bias else None
            last, outputs, states = K.lstm(x, self.kernel, self.recurrent_kernel, bias, states, self.go_backwards)
            return self._shown(last, outputs, states)
        if self.recurrent_dropout:
            whole = K.ones((batch, self.units))
            kept = K.in_train_phase(lambda: K.dropout(whole, self.recurrent_dropout), whole)

        def step(gates: Any, states: Any) -> Any:
            h, c, *_ = states
            z = gates + K.dot(h * kept if self.recurrent_dropout else h, self.recurrent_kernel)
            i, f, new, o = (z[:, k * self.units : (k + 1) * self.units] for k in range(4))
            c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(new)
            h = self.recurrent_activation(o) * self.activation(c)
            return h, [h, c]

        gates = K.dot(x, self.kernel)  # of all time steps at once: they need no state
        last, outputs, states = K.rnn(
            step, gates + self.bias if self.use_bias else gates, states, self.go_backwards, mask, unroll=self.unroll
        )
        return self._shown(last, outputs, states)

    def _shown(self, last: Any, outputs: Any, states: list[Any]) -> Any:
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return masks[0] if self.return_sequences else None
