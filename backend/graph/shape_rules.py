"""Shape and dtype rules, one per family of the standard's functions; each refuses what cannot work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.arguments import integer, one_or_several
from .dims import Dim, known, largest, product, smallest

__all__ = [
    "axes_of",
    "axis_of",
    "broadcast",
    "broadcast_shape",
    "broadcast_size",
    "concatenated",
    "contracted",
    "matmul_shape",
    "plain_axis",
    "reduced",
    "reshaped",
    "same",
    "slice_of",
]


def axis_of(name: str, axis: Any, ndim: int) -> int:
    """An axis counted from the front; ValueError when out of range."""
    axis = integer(name, "axis", axis)
    if not -ndim <= axis < ndim:
        expected = f"expected {-ndim} to {ndim - 1}" if ndim else "it has no axes"
        raise ValueError(f"{name}: axis {axis} is out of range for {ndim} dimensions ({expected})")
    return axis % ndim


def axes_of(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes named by None (all), an integer or a sequence, counted from the front and without repetition."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is tuple and all(type(a) is int and 0 <= a < ndim for a in axis) and len(set(axis)) == len(axis):
        return axis
    plain = plain_axis(name, axis)
    axes = tuple(axis_of(name, a, ndim) for a in (plain if isinstance(plain, tuple) else (plain,)))
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: axis {plain} names an axis twice")
    return axes


def plain_axis(name: str, axis: Any) -> Any:
    """None, an int or a tuple of ints for an axis argument of any kind, not counted from the front."""
    return None if axis is None else one_or_several(name, "axis", axis)


def reduced(name: str, sizes: Sequence[Any], axis: Any, keepdims: bool = False) -> tuple[Any, ...]:
    """The shape after reducing some axes."""
    axes = axes_of(name, axis, len(sizes))
    if keepdims:
        return tuple(1 if i in axes else size for i, size in enumerate(sizes))
    return tuple(size for i, size in enumerate(sizes) if i not in axes)


def same(a: Any, b: Any) -> Any:
    """One size for two that must be equal; None when that is known only at run time. ValueError when they differ."""
    if isinstance(a, int) and isinstance(b, int):
        if a != b:
            raise ValueError(f"{a} and {b}")
        return a
    return a if isinstance(a, int) else b if isinstance(b, int) or a is None else a


def broadcast(name: str, *shapes: Sequence[Any]) -> tuple[Any, ...]:
    """The shape that several broadcast to."""
    if len(shapes) == 1 or (len(shapes) == 2 and shapes[0] == shapes[1]):
        return tuple(shapes[0])
    ndim = max(map(len, shapes), default=0)
    result: list[Any] = []
    for position in range(-ndim, 0):
        size: Any = 1
        for shape in shapes:
            other = shape[position] if len(shape) >= -position else 1
            if (isinstance(other, int) and other == 1) or other == size:
                continue
            if isinstance(size, int) and size == 1:
                size = other
            elif isinstance(size, int) and isinstance(other, int):
                shown = " and ".join(str(tuple(map(known, s))) for s in shapes)
                raise ValueError(f"{name}: shapes {shown} do not broadcast: {size} and {other} differ")
            elif isinstance(other, int):
                size = other  # the unknown one is this size, or 1
            elif not isinstance(size, int):
                size = _unknown(size, other)
        result.append(size)
    return tuple(result)


def _unknown(a: Any, b: Any) -> Any:
    """The size that two unknown ones broadcast to; None, so that of the result, where it takes their values."""
    if a is not None and (a == smallest(b, 1) or b == smallest(a, 1)):  # such as x[:1] beside x
        return b if a == smallest(b, 1) else a
    return None


def broadcast_size(a: Any, b: Any) -> Any:
    """The size that two of which one may be 1 broadcast to, as an expression."""
    return largest(a, b) * smallest(smallest(a, b), 1)  # 0 and 1 give 0


def broadcast_shape(name: str, sizes: Sequence[Any], shape: Sequence[Any]) -> tuple[Any, ...]:
    """The shape broadcast_to gives: each None in it is the array's own unknown size; ValueError when it cannot be."""
    target, before = list(shape), len(shape) - len(sizes)
    for i, size in enumerate(target):
        if size is None:
            if i < before or not isinstance(sizes[i - before], Dim):
                raise ValueError(
                    f"{name}: shape {tuple(map(known, target))} has a None where shape "
                    f"{tuple(map(known, sizes))} has no unknown size; expected an integer, or a size"
                )
            target[i] = sizes[i - before]
    result = broadcast(name, sizes, target)
    if before < 0 or any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(result, target, strict=True)
    ):
        raise ValueError(f"{name}: shape {tuple(map(known, sizes))} does not broadcast to {tuple(map(known, target))}")
    return tuple(target)


def concatenated(name: str, shapes: Sequence[Sequence[Any]], axis: int) -> tuple[Any, ...]:
    """The shape of arrays joined along an axis."""
    total: Any = 0
    result = list(shapes[0])
    for shape in shapes:
        if len(shape) != len(result):
            raise ValueError(f"{name}: arrays of {len(result)} and {len(shape)} dimensions cannot be joined")
        for i, (a, b) in enumerate(zip(result, shape, strict=True)):
            if i != axis:
                try:
                    result[i] = same(a, b)
                except ValueError as error:
                    shown = ", ".join(str(tuple(map(known, s))) for s in shapes)
                    raise ValueError(
                        f"{name}: sizes {error} differ on axis {i} of shapes {shown}; only axis {axis} may differ"
                    ) from None
        total = total + shape[axis]
    result[axis] = total
    return tuple(result)


def contracted(name: str, a: Any, b: Any, x: Sequence[Any], y: Sequence[Any]) -> None:
    """Refuse two contracted sizes that are known to differ."""
    if isinstance(a, int) and isinstance(b, int) and a != b:
        raise ValueError(
            f"{name}: shapes {tuple(map(known, x))} and {tuple(map(known, y))} do not match: {a} against {b}"
        )


def matmul_shape(name: str, x: Sequence[Any], y: Sequence[Any]) -> tuple[Any, ...]:
    """The shape of a matrix product, 1-D operands and stacks of matrices included."""
    if not x or not y:
        raise ValueError(
            f"{name}: needs arrays of at least 1 dimension, got shapes {tuple(map(known, x))} "
            f"and {tuple(map(known, y))}"
        )
    contracted(name, x[-1], y[-2] if len(y) > 1 else y[0], x, y)
    batch = broadcast(name, x[:-2], y[:-2])
    return batch + tuple(x[-2:-1]) + (tuple(y[-1:]) if len(y) > 1 else ())


def reshaped(name: str, sizes: Sequence[Any], shape: Sequence[Any]) -> tuple[Any, ...]:
    """The shape reshape gives, with one -1 computed; ValueError when the number of elements differs."""
    target = _without_none(name, sizes, list(shape))
    unknown = [i for i, size in enumerate(target) if isinstance(size, int) and size == -1]
    if len(unknown) > 1 or any(isinstance(s, int) and s < -1 for s in target):
        raise ValueError(f"{name}: shape {tuple(map(known, target))} may have one -1 and no other negative size")
    if unknown:
        target[unknown[0]] = _infer(name, sizes, target, unknown[0])
        return tuple(target)
    total, rest = product(sizes), product(target)
    if isinstance(total, int) and isinstance(rest, int) and total != rest:
        raise ValueError(
            f"{name}: cannot make shape {tuple(map(known, target))} ({rest} elements) "
            f"from shape {tuple(map(known, sizes))} ({total} elements)"
        )
    return tuple(target)


def _without_none(name: str, sizes: Sequence[Any], target: list[Any]) -> list[Any]:
    """The target with a None, which code for the standard copies from an array's shape, replaced by what it stands for.

    One None is the size that is left, or beside -1 the only unknown size there is; more of them could be exchanged.
    """
    if None in target:
        unknown = [size for size in sizes if isinstance(size, Dim)]
        given = unknown if -1 in target else [-1]
        if target.count(None) > 1 or len(given) != 1:
            raise ValueError(
                f"{name}: shape {tuple(map(known, target))} has a None that can stand for several sizes "
                f"of shape {tuple(map(known, sizes))}; expected integers, or the tensor's sizes"
            )
        target[target.index(None)] = given[0]
    return target


def _infer(name: str, sizes: Sequence[Any], target: list[Any], at: int) -> Any:
    """The size that -1 stands for at one place of the target."""
    left, others = list(sizes), []
    for size in (size for i, size in enumerate(target) if i != at):  # sizes that stand on both sides cancel
        if size in left:
            left.remove(size)
        else:
            others.append(size)
    over, under = product(left), product(others)
    if isinstance(over, int) and isinstance(under, int):
        if (under == 0 and over) or (under and over % under):
            raise ValueError(
                f"{name}: cannot make shape {tuple(map(known, target))} "
                f"from shape {tuple(map(known, sizes))}: {over} is no multiple of {under}"
            )
        return over // under if under else 0
    return over // under


def slice_of(key: slice, size: Any) -> tuple[slice, Any, bool]:
    """A slice of ints and sizes with bounds counted from the front and a positive step, its length, whether to flip."""
    step = 1 if key.step is None else integer("getitem", "the slice's step", key.step)
    if step == 0:
        raise ValueError("getitem: the slice's step is 0, expected another integer")
    if isinstance(size, int) and all(isinstance(v, (int, type(None))) for v in (key.start, key.stop)):
        positions = range(size)[key]
        if step > 0:
            return slice(positions.start, max(positions.start, positions.stop), step), len(positions), False
        start = size - 1 - positions.start if len(positions) else 0
        return (
            slice(start, start + (len(positions) - 1) * -step + 1 if len(positions) else start, -step),
            len(positions),
            True,
        )
    if step < 0:
        if key.start is not None or key.stop is not None:
            raise ValueError("getitem: a negative step on an unknown size works for [::-n] only")
        return slice(0, size, -step), (size + (-step - 1)) // -step, True
    start = _bound(0 if key.start is None else key.start, size)
    stop = size if key.stop is None else _bound(key.stop, size)
    if start != 0 and not (stop == size and isinstance(start, Dim)):
        stop = largest(start, stop)
    length = stop - start
    return slice(start, stop, step), length if step == 1 else (length + (step - 1)) // step, False


def _bound(bound: Any, size: Any) -> Any:
    """A slice's bound counted from the front and cut to the size; a negative one counts from the end."""
    if isinstance(bound, int):
        return smallest(bound, size) if bound > 0 else bound if bound == 0 else largest(size + bound, 0)
    if bound is size:
        return size
    from_end = smallest(largest(-bound, 0), 1)  # 1 where the bound turns out to be negative
    return smallest(largest(bound + size * from_end, 0), size)
