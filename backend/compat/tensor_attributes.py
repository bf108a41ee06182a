"""What Keras, and programs written for TensorFlow's tensors, read of them: `x.shape.as_list()`, `x.op.name`."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["KerasAttributes", "Operation", "Shape"]


class Shape(tuple[Any, ...]):
    """A shape: a tuple of sizes, None for unknown ones, with the methods of TensorFlow's."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        part = tuple.__getitem__(self, index)
        return Shape(part) if type(index) is slice else part

    @property
    def ndims(self) -> int:
        """The number of dimensions."""
        return len(self)

    rank = ndims

    @property
    def dims(self) -> list[int | None]:
        """The sizes, as a list."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """The sizes, as a list."""
        return list(self)

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return None not in self

    def num_elements(self) -> int | None:
        """The product of the sizes, None where one is unknown."""
        count = 1
        for size in self:
            if size is None:
                return None
            count *= size
        return count


class Operation(NamedTuple):
    """The call that made a tensor, or its leaf: the name, what it is, and the tensors it reads."""

    name: str
    type: str
    inputs: tuple[Any, ...]


class KerasAttributes:
    """Attributes of a symbolic tensor that Keras reads and sets."""

    _given_shape: Any = None
    _uses_learning_phase: bool  # has a value where Keras expects one

    @property
    def static_shape(self: Any) -> tuple[int | None, ...] | None:
        """The shape, completed by what Keras has set; None where even the rank is unknown.

        Keras's Lambda sets what it guesses: its input's shape. What contradicts the shape known here does not count.
        """
        own = None if self.spec.shape is None else self.shape
        given = self._given_shape
        if given is None or (own is not None and len(own) != len(given)):
            return own
        if own is None:
            return tuple(given)
        return tuple(theirs if mine is None else mine for mine, theirs in zip(own, given, strict=True))

    @property
    def _keras_shape(self: Any) -> tuple[int | None, ...] | None:
        """`static_shape` of what is a Keras tensor: layers set it, placeholders and variables have it."""
        if self.node is not None and self._given_shape is None:
            raise AttributeError("_keras_shape")  # Keras takes what has it for the output of a layer
        return self.static_shape

    @_keras_shape.setter
    def _keras_shape(self: Any, given: Any) -> None:
        self._given_shape = None if given is None else tuple(given)

    def get_shape(self: Any) -> Shape:
        """`shape`, as a method."""
        return self.shape

    @property
    def op(self: Any) -> Operation:
        """What made the tensor, for programs that read `x.op.name`: the name without its ':0'."""
        made = type(self).__name__ if self.node is None else self.node.primitive.name
        return Operation(self.name.removesuffix(":0"), made, () if self.node is None else self.node.inputs)
