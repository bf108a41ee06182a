"""What programs written for TensorFlow's tensors read of them: `x.shape.as_list()`, `x.op.name`."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Operation", "Shape"]


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
