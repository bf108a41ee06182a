"""A layer: a function of symbolic tensors with weights, which remembers each time it was called."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import backend as K
from backend.api.streams import Stream, collected_streams
from backend.graph.display import and_more, as_line, as_table, plain, shape_shown

from .activations import ACTIVATIONS
from .initializers import initializer
from .lookup import CUSTOM, described, named, revived

__all__ = [
    "Call",
    "Input",
    "InputLayer",
    "Layer",
    "as_list",
    "assign",
    "blank_weights",
    "layer_from",
    "mask_of",
    "own_layers",
    "shapes_shown",
    "single",
]


@dataclass(eq=False)
class Call:
    """One use of a layer: the tensors that went in, those that came out, the updates and streams that go with it."""

    layer: Layer
    inputs: list[Any]
    outputs: list[Any] = field(default_factory=list)
    updates: list[Any] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)


class Layer:
    """A function of symbolic tensors with weights of its own.

    A subclass defines `call(x)`, which turns tensors into tensors with the functions of K, and, where there are
    weights, `build(shape)`, which makes them with `add_weight` when the shape of the first input is known. No subclass
    declares the output's shape: K infers it. One that keeps each argument of its constructor as an attribute of the
    same name can be saved; others define `get_config`.

    A copy, or what a pickle holds, has the arguments and the weights, but none of the calls.

    Parameters
    ----------
    name : str, optional
        By default the class's name and a running number.
    trainable : bool
        Whether training changes the weights.
    input_shape, batch_input_shape : tuple, optional
        The shape of one sample, or of a batch, for the first layer of a `Sequential`.
    input_dim : int, optional
        The only size of `input_shape`.

    Examples
    --------
    >>> class Scale(K.models.Layer):
    ...     def build(self, shape):
    ...         self.factor = self.add_weight("factor", shape[-1:], "ones")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> layer = Scale()
    >>> layer(K.models.Input((3,))).shape, layer.count_params()
    ((None, 3), 3)
    """

    rank: int | None = None  # the number of dimensions the input must have, batch included
    input_dtype: str | None = None  # of the input, if this layer is the first; None for floatx
    supports_masking = False  # whether time steps may be marked as absent

    def __init__(
        self,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Any = None,
        batch_input_shape: Any = None,
        input_dim: int | None = None,
    ) -> None:
        prefix = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()  # MaxPooling2D: max_pooling2d
        self.name = name or f"{prefix}_{K.get_uid(prefix)}"
        self.trainable = trainable
        self.built = False
        self.weights: list[Any] = []
        self.calls: list[Call] = []
        if input_dim is not None:
            input_shape = (input_dim,)
        if input_shape is not None:
            batch_input_shape = (None, *input_shape)
        self.batch_input_shape = None if batch_input_shape is None else tuple(batch_input_shape)
        self._updates: list[Any] = []

    # ---- defined by subclasses

    def build(self, shape: Any) -> None:
        """Make the weights for inputs of this shape, None for unknown sizes; nothing for a layer without weights."""

    def build_for(self, inputs: list[Any]) -> None:
        """Make the weights for symbolic inputs; for a layer whose weights depend on several of them to override."""
        self.build(K.int_shape(inputs[0]))

    def call(self, x: Any) -> Any:
        """The output, as an expression of the input."""
        raise NotImplementedError(f"{type(self).__name__} defines no call")

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        """Which time steps of the output are present, None for all of them: those of the input, if there is one."""
        return masks[0] if len(masks) == 1 else None

    # ---- inherited

    def add_weight(self, name: str, shape: tuple[int, ...], init: Any, trainable: bool = True) -> Any:
        """A variable that the layer keeps; one that is not trainable is changed by updates alone."""
        value = np.zeros(shape) if _blank.get() else initializer(init)(shape)
        weight = K.variable(value, name=f"{self.name}/{name}")
        weight.trainable = trainable
        self.weights.append(weight)
        return weight

    def add_update(self, updates: list[Any]) -> None:
        """Updates to be made whenever the layer is used in training."""
        self._updates += updates

    def __call__(self, x: Any) -> Any:
        """The output for symbolic inputs, from which a model finds the graph."""
        inputs = as_list(x)
        for t in inputs:
            if not K.is_tensor(t):
                raise TypeError(
                    f"{self.name}: got {type(t).__name__}, expected a symbolic tensor: an Input or what a "
                    "layer returned (arrays are for model.predict)"
                )
            if self.rank is not None and t is inputs[0] and K.ndim(t) != self.rank:
                raise ValueError(f"{self.name}: the input has shape {K.int_shape(t)}, expected {self.rank} dimensions")
        masks = [mask_of(t) for t in inputs]
        if not self.supports_masking and any(m is not None for m in masks):
            raise TypeError(f"{self.name}: time steps of the input are masked, which {type(self).__name__} cannot heed")
        if not self.built:
            self.build_for(inputs)
            self.built = True
        self._updates = []
        with collected_streams() as made:
            before = len(made)
            outputs = as_list(self.call(x))
            streams = made[before:]
        # an output that is an input becomes a new tensor here: it has another history
        outputs = [K.identity(t) if any(t is given for given in inputs) else t for t in outputs]
        call = Call(self, inputs, outputs, self._updates, streams)
        self.calls.append(call)
        mask = self.compute_mask(inputs, masks)
        for t in outputs:
            t._keras_history, t._keras_mask = call, mask if t is outputs[0] else None
        return single(outputs)

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, for a pickle or a copy, without the calls, which belong to a graph."""
        return {**vars(self), "calls": [], "_updates": []}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer, as JSON has them; functions and initializers by name.

        Raises
        ------
        TypeError
            For an argument that has no attribute of its name, or a value without a name to find it by.

        Examples
        --------
        >>> config = K.models.Dense(2, activation="relu", name="top").get_config()
        >>> config["units"], config["activation"], config["name"]
        (2, 'relu', 'top')
        >>> K.models.Dense.from_config(config).units
        2
        """
        found = {}
        for argument in _arguments(type(self)):
            if not hasattr(self, argument):
                raise TypeError(
                    f"{self.name}: {type(self).__name__} has no attribute {argument!r} for its argument of this name; "
                    "keep it as one, or define get_config"
                )
            found[argument] = described(f"{self.name}: {argument}", getattr(self, argument), ACTIVATIONS)
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """The layer that `get_config` described, without weights."""
        return cls(**config)

    def describe(self) -> dict[str, Any]:
        """Class, configuration, name and whether it is trained, as JSON has them, for `layer_from`."""
        name = type(self).__name__
        return {
            "class_name": name if own_layers().get(name) is type(self) else {CUSTOM: name},
            "name": self.name,
            "trainable": self.trainable,
            "config": self.get_config(),
        }

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that training changes; none, unless the layer is trainable."""
        return [w for w in self.weights if w.trainable] if self.trainable else []

    @property
    def input(self) -> Any:
        """The input of the first call, a list of several."""
        return single(self._first().inputs)

    @property
    def output(self) -> Any:
        """The output of the first call, a list of several."""
        return single(self._first().outputs)

    @property
    def output_shape(self) -> Any:
        """The shape of the output of the first call."""
        return single([K.int_shape(t) for t in self._first().outputs])

    def _first(self) -> Call:
        if not self.calls:
            raise RuntimeError(f"{self.name}: the layer was not called yet")
        return self.calls[0]

    __repr__, _repr_html_ = as_line, as_table

    def _display(self) -> tuple[str, dict[str, str]]:
        facts = {}
        if self.calls:
            facts = {"input": shapes_shown(self.calls[0].inputs), "output": shapes_shown(self.calls[0].outputs)}
            facts |= {"weights": f"{self.count_params():,}"}
            facts |= {"calls": str(len(self.calls))} if len(self.calls) > 1 else {}
            facts |= {} if self.trainable else {"trainable": "no"}
        return f"{type(self).__name__} {plain(self.name)}", {k: v for k, v in facts.items() if v}

    def count_params(self) -> int:
        """The number of elements of all weights."""
        return sum(K.count_params(w) for w in self.weights)

    def get_weights(self) -> list[Any]:
        """The values of the weights, as NumPy arrays."""
        return [K.get_value(w) for w in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Give the weights other values; ValueError for another number of arrays or other shapes."""
        assign(self.name, self.weights, weights)


def own_layers() -> dict[str, type[Layer]]:
    """The layers of K.models by name."""
    public = vars(sys.modules[__package__ or ""]).items()
    return {name: each for name, each in public if isinstance(each, type) and issubclass(each, Layer)}


def layer_from(described: Mapping[str, Any]) -> Layer:
    """The layer that `describe` described; ValueError for a class that neither K.models nor `custom_objects` has."""
    name = described["class_name"]
    kind = revived("layer", name) if isinstance(name, Mapping) else named("layer", name, own_layers())
    layer: Layer = kind.from_config(revived("function", described["config"]))
    layer.name, layer.trainable = str(described["name"]), bool(described["trainable"])
    return layer


def _arguments(kind: type) -> list[str]:
    """The arguments of a constructor that attributes are to answer, those of base classes where it passes them on."""
    found: list[str] = []
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        given = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        if base is Layer:
            return [*found, "name", "trainable", "batch_input_shape"]
        found += [p.name for p in given if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in found]
        if not any(p.kind is p.VAR_KEYWORD for p in given):
            break
    return found


_blank: contextvars.ContextVar[bool] = contextvars.ContextVar("blank_weights", default=False)


@contextlib.contextmanager
def blank_weights() -> Iterator[None]:
    """Within the block, layers make their weights of zeros: other values are set at once."""
    token = _blank.set(True)
    try:
        yield
    finally:
        _blank.reset(token)


def assign(owner: str, weights: list[Any], values: Any) -> None:
    """Set all variables, or none of them: shapes are checked first."""
    values = list(values)
    if len(values) != len(weights):
        raise ValueError(f"set_weights: got {len(values)} arrays, {owner} has {len(weights)} weights")
    K.batch_set_value(list(zip(weights, values, strict=True)))


class InputLayer(Layer):
    """The start of a model's graph."""

    supports_masking = True


def Input(  # noqa: N802 - Keras's name
    shape: Any = None, batch_shape: Any = None, name: str | None = None, dtype: Any = None
) -> Any:
    """A placeholder for samples of a shape.

    Parameters
    ----------
    shape : tuple of int or None
        Of one sample, None for sizes that vary.
    batch_shape : tuple of int or None
        In its place: the number of samples in front.
    name : str, optional
    dtype : str, optional
        floatx unless given.

    Returns
    -------
    Placeholder

    Raises
    ------
    ValueError
        When neither shape is given.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Input``.

    Examples
    --------
    >>> K.models.Input((28, 28, 1), name="image")
    <Placeholder image shape=(None, 28, 28, 1) dtype=float32>
    """
    if shape is None and batch_shape is None:
        raise ValueError(
            "Input: neither shape nor batch_shape was given; expected the shape of one sample, such as (28, 28, 1)"
        )
    layer = InputLayer(name=name or f"input_{K.get_uid('input')}")
    x: Any = K.placeholder((None, *shape) if batch_shape is None else batch_shape, dtype=dtype, name=layer.name)
    call = Call(layer, [], [x])
    layer.calls.append(call)
    x._keras_history, x._keras_mask = call, None
    return x


def mask_of(x: Any) -> Any:
    """Which time steps of a tensor are present, a Boolean tensor of shape (batch, time), or None for all of them."""
    return getattr(x, "_keras_mask", None)


def shapes_shown(tensors: list[Any]) -> str:
    """The shapes of tensors, as text."""
    return and_more([shape_shown(t) for t in tensors])


def as_list(x: Any) -> list[Any]:
    """A list of tensors unchanged, one tensor as a list."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


def single(found: list[Any]) -> Any:
    """One thing as itself, several in a list."""
    return found[0] if len(found) == 1 else found
