"""The calls of a loop's body that are more than elementwise, in the words of a description.

A form says which word stands for a call, on which operands, and what the word is told beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ...graph.dims import Dim
from ...graph.tensor import Node, Tensor
from ...kernels.description import DTYPES, FOLDS, INDICES, REALS
from ..described import axes_of

__all__ = ["FORMS", "RefusedError"]

NUMBERS = DTYPES - {"bool"}


class RefusedError(Exception):
    """A call that no description has words for."""


class Writer(Protocol):
    """What writes operands, sizes, and calls of its own."""

    def operand(self, value: Any) -> Any:
        """An argument as an operand."""

    def size(self, value: Any) -> Any:
        """A size in plain values."""

    def sizes(self, shape: Any) -> tuple[Any, ...]:
        """A shape in plain values."""

    def put(self, function: str, operands: tuple[Any, ...], told: tuple[Any, ...], dtype: str) -> int:
        """Write a call; its number."""


Form = tuple[str, tuple[Any, ...], tuple[Any, ...]]  # function, operands, what it is told


def _axes(value: Any, ndim: int) -> tuple[int, ...]:
    return tuple(a % ndim for a in (value if isinstance(value, (tuple, list)) else (value,)))


def _argument(node: Node, position: int, name: str) -> Any:
    return node.args[position] if len(node.args) > position else node.kwargs[name]


def _reshaped(writer: Writer, node: Node) -> Form:
    shape = _argument(node, 1, "shape")
    return str(node.function), (writer.operand(node.args[0]),), (writer.sizes(shape),)


def _permuted(writer: Writer, node: Node) -> Form:
    n = node.args[0].ndim
    axes = (*range(n - 2), n - 1, n - 2) if node.function == "matrix_transpose" else _argument(node, 1, "axes")
    return "permute_dims", (writer.operand(node.args[0]),), (_axes(axes, n),)


def _along(writer: Writer, node: Node) -> Form:
    ndim = node.specs[0].shape if node.function == "expand_dims" else node.args[0].spec.shape
    axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis")
    axes = tuple(range(len(ndim))) if axis is None else _axes(axis, len(ndim))  # type: ignore[arg-type]
    return str(node.function), (writer.operand(node.args[0]),), (axes,)


def _indexed(writer: Writer, node: Node) -> Form:
    x, key = node.args
    found = []
    for k in key:
        if isinstance(k, slice):
            found.append((writer.size(k.start), writer.size(k.stop), 1 if k.step is None else k.step))
        elif k is None or isinstance(k, (int, Dim)):
            found.append(writer.size(k))
        else:
            raise RefusedError("an index that the loop itself computes")
    return "getitem", (writer.operand(x),), (tuple(found),)


def _filled(writer: Writer, node: Node) -> Form:
    shape = writer.sizes(_argument(node, 0, "shape"))
    if node.function == "full":
        return "full", (writer.operand(_argument(node, 1, "fill_value")),), (shape,)
    return "full", (("1" if node.function == "ones" else "0", ""),), (shape,)


def _joined(writer: Writer, node: Node) -> Form:
    ndim = len(node.specs[0].shape or ())
    axis = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else 0)
    if axis is None:
        raise RefusedError("concat without an axis")
    if any(t.dtype != node.specs[0].dtype for t in node.args[0]):
        raise RefusedError(f"{node.function} of several dtypes")
    return str(node.function), tuple(map(writer.operand, node.args[0])), (axis % ndim,)


def _multiplied(writer: Writer, node: Node) -> Form:
    if any(t.dtype not in REALS or t.dtype != node.specs[0].dtype for t in node.args):
        raise RefusedError("a matrix product of integers or of several dtypes")
    return "matmul", tuple(map(writer.operand, node.args)), ()


def _same(writer: Writer, node: Node) -> Form:
    x = node.args[0]
    if isinstance(x, tuple) and x and all(isinstance(n, (int, Dim)) for n in x):  # a shape
        return "stack", tuple(map(writer.operand, x)), (0,)
    if not isinstance(x, Tensor) or node.specs[0].dtype != x.dtype:
        shown = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise RefusedError(f"{node.function} of {shown} as {node.specs[0].dtype}")
    return "identity", (writer.operand(x),), ()


# ---- reductions, sums along an axis and the like


def _numbers(node: Node, dtypes: frozenset[str] = DTYPES) -> None:
    """Refuse dtypes that a loop does not compute with."""
    if any(t.dtype not in dtypes for t in node.inputs) or node.specs[0].dtype not in DTYPES:
        raise RefusedError(f"{node.primitive.name} of {', '.join(str(t.dtype) for t in node.inputs)}")


def _folded(writer: Writer, node: Node) -> Form:
    """Sums, products and extrema, of integers too, means, and whether any or all hold."""
    _numbers(node, {"mean": REALS, "max": NUMBERS, "min": NUMBERS}.get(str(node.function), DTYPES))
    told = (axes_of(node), bool(node.kwargs.get("keepdims", False)))
    return str(node.function), (writer.operand(node.args[0]),), told


def _summed_to(writer: Writer, node: Node) -> Form:
    """The adjoint of broadcasting: which axes it sums, sizes say."""
    _numbers(node)
    return "sum_to", (writer.operand(node.args[0]),), (writer.sizes(node.kwargs["shape"]),)


def _spread(writer: Writer, node: Node) -> Form:
    _numbers(node, REALS)
    correction = node.kwargs.get("correction", 0)
    if not isinstance(correction, (int, float)):
        raise RefusedError(f"{node.function} with a correction that the loop itself computes")
    told = (axes_of(node), bool(node.kwargs.get("keepdims", False)), correction)
    return str(node.function), (writer.operand(node.args[0]),), told


def _extreme(writer: Writer, node: Node) -> Form:
    """The place of the first maximum or minimum, along an axis or counted over all of them."""
    _numbers(node, NUMBERS)
    axis = node.kwargs.get("axis")
    told = (None if axis is None else axis % node.args[0].ndim, bool(node.kwargs.get("keepdims", False)))
    return str(node.function), (writer.operand(node.args[0]),), told


def _running(writer: Writer, node: Node) -> Form:
    _numbers(node, NUMBERS)
    axis, initial = node.kwargs.get("axis", 0) % node.args[0].ndim, bool(node.kwargs.get("include_initial"))
    return str(node.function), (writer.operand(node.args[0]),), (axis, initial)


def _ordered(writer: Writer, node: Node) -> Form:
    """Rows in their order, or the places of their elements."""
    x = node.args[0]
    _numbers(node, NUMBERS)
    if node.primitive.name == "top_places":
        return "top_places", (writer.operand(x),), (x.ndim - 1, True, writer.size(node.kwargs["k"]))
    told = (node.kwargs.get("axis", -1) % x.ndim, bool(node.kwargs.get("descending")), None)
    return str(node.function), (writer.operand(x),), told


def _solved(writer: Writer, node: Node) -> Form:
    """Systems of equations, and inverses."""
    _numbers(node, REALS)
    if any(t.dtype != node.specs[0].dtype for t in node.args):
        raise RefusedError("systems of several dtypes")
    return node.primitive.name.removeprefix("linalg."), tuple(map(writer.operand, node.args)), ()


def _rolled(writer: Writer, node: Node) -> Form:
    x, shift = node.args
    axis = node.kwargs.get("axis")
    axes = None if axis is None else _axes(axis, x.ndim)
    shifts = shift if isinstance(shift, tuple) else (shift,) * (1 if axes is None else len(axes))
    return "roll", (writer.operand(x),), (writer.sizes(shifts), axes)


def _contracted(writer: Writer, node: Node) -> Form:
    _, operands, _ = _multiplied(writer, node)
    axes = node.kwargs.get("axes", 2)
    if not isinstance(axes, tuple):
        n = node.args[0].ndim
        axes = tuple(range(n - axes, n)), tuple(range(axes))
    return "tensordot", operands, tuple(_axes(each, x.ndim) for each, x in zip(axes, node.args, strict=True))


def _dotted(writer: Writer, node: Node) -> Form:
    _, operands, _ = _multiplied(writer, node)
    ndim = len(node.specs[0].shape or ()) + 1
    product = writer.put("multiply", operands, (), str(node.specs[0].dtype))
    return "sum", (product,), (((node.kwargs.get("axis", -1)) % ndim,), False)


def _of_numbers(writer: Writer, node: Node) -> Form:
    """An elementwise function of numbers, which nests have no words for."""
    _numbers(node, NUMBERS)
    if any(isinstance(a, (bool, complex)) for a in node.args):
        raise RefusedError(f"{node.function} of {node.args}")
    return str(node.function), tuple(map(writer.operand, node.args)), ()


def _bits(writer: Writer, node: Node) -> Form:
    """Of booleans as elsewhere; of integers, some in words of their own."""
    _numbers(node, INDICES | {"bool"})
    name, dtypes = str(node.function), {str(t.dtype) for t in node.inputs}
    if len(dtypes) > 1 or any(isinstance(a, bool) for a in node.args):
        raise RefusedError(f"{name} of several dtypes")
    words = {} if dtypes == {"bool"} else {"bitwise_xor": "bit_xor", "bitwise_invert": "bit_invert"}
    return words.get(name, name), tuple(map(writer.operand, node.args)), ()


def _cast(writer: Writer, node: Node) -> Form:
    """To truth values by comparison; of real numbers, those that no integer holds are left to the definition."""
    _numbers(node)
    x, result = node.args[0], node.specs[0].dtype
    if result == "bool" != x.dtype:
        return "not_equal", (writer.operand(x), ("0", "")), ()
    return "truncated" if x.dtype in REALS and result in INDICES else "astype", (writer.operand(x),), ()


# ---- elements at indices that the loop computes: one out of range is left to the definition


def _indices(writer: Writer, indices: Any) -> Any:
    if indices.dtype not in INDICES:
        raise RefusedError(f"indices of {indices.dtype}")
    return writer.operand(indices)


def _taken(writer: Writer, node: Node) -> Form:
    x, indices = node.args
    _numbers(node)
    rows = node.primitive.name == "gather_rows"
    axis = 0 if rows else node.kwargs.get("axis", 0) % x.ndim
    return "take", (writer.operand(x), _indices(writer, indices)), (axis, not rows)


def _taken_along(writer: Writer, node: Node) -> Form:
    x, indices = node.args
    _numbers(node)
    axis = node.kwargs.get("axis", -1) % x.ndim
    return "take_along_axis", (writer.operand(x), _indices(writer, indices)), (axis, True)


def _labelled(writer: Writer, node: Node) -> Form:
    x, labels = node.args
    _numbers(node)
    last = x.ndim - 1
    at = writer.put("expand_dims", (_indices(writer, labels),), ((last,),), str(labels.dtype))
    found = writer.put("take_along_axis", (writer.operand(x), at), (last, False), str(x.dtype))
    return "squeeze", (found,), ((last,),)


def _added(writer: Writer, node: Node) -> Form:
    """The adjoint of `take`."""
    g, indices = node.args
    _numbers(node)
    rows = node.primitive.name == "scatter_add_rows"
    axis, size = (0, node.kwargs["count"]) if rows else (node.kwargs["axis"] % g.ndim, node.kwargs["size"])
    return "add_at", (writer.operand(g), _indices(writer, indices)), (axis, writer.size(size), not rows)


def _added_along(writer: Writer, node: Node) -> Form:
    """The adjoint of `take_along_axis`."""
    g, indices = node.args
    _numbers(node)
    told = (node.kwargs["axis"] % g.ndim, writer.size(node.kwargs["size"]), True)
    return "add_along_axis", (writer.operand(g), _indices(writer, indices)), told


def _as_index(writer: Writer, node: Node) -> Form:
    _numbers(node, INDICES)
    return "astype", (writer.operand(node.args[0]),), ()


FORMS: dict[str, Callable[[Writer, Node], Form]] = {
    "reshape": _reshaped,
    "broadcast_to": _reshaped,
    "permute_dims": _permuted,
    "matrix_transpose": _permuted,
    "expand_dims": _along,
    "squeeze": _along,
    "flip": _along,
    "zeros": _filled,
    "ones": _filled,
    "full": _filled,
    "concat": _joined,
    "stack": _joined,
    "getitem": _indexed,
    "matmul": _multiplied,
    "identity": _same,
    "asarray": _same,
    **dict.fromkeys(FOLDS, _folded),
    "sum_to": _summed_to,
    "var": _spread,
    "std": _spread,
    "argmax": _extreme,
    "argmin": _extreme,
    "cumulative_sum": _running,
    "cumulative_prod": _running,
    "sort": _ordered,
    "argsort": _ordered,
    "top_places": _ordered,
    "solve": _solved,
    "inv": _solved,
    "linalg.solve": _solved,
    "linalg.inv": _solved,
    "roll": _rolled,
    "tensordot": _contracted,
    "vecdot": _dotted,
    "remainder": _of_numbers,
    "floor_divide": _of_numbers,
    "abs": _of_numbers,
    "square": _of_numbers,
    "bitwise_and": _bits,
    "bitwise_or": _bits,
    "bitwise_xor": _bits,
    "bitwise_invert": _bits,
    "astype": _cast,
    "gather_rows": _taken,
    "take": _taken,
    "take_along_axis": _taken_along,
    "gather_labels": _labelled,
    "scatter_add_rows": _added,
    "take_adjoint": _added,
    "add_along_axis": _added_along,
    "take_along_axis_adjoint": _added_along,
    "as_index": _as_index,
}
