"""Sparse matrices as three arrays: values, row numbers and column numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.typing import Array
from ..autodiff.scatter import take_adjoint
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, dtype_name, promoted

__all__ = ["Sparse", "ctc_label_dense_to_sparse", "is_sparse", "to_dense"]


class Sparse:
    """Sparse matrix as three arrays, its values, row numbers and column numbers.

    Element (rows[i], columns[i]) is values[i]; duplicates are added. Few
    operations take it: `dot` with a dense matrix, `concatenate`, `to_dense` and
    `eval`.

    Parameters
    ----------
    values : array
        Shape (n,), of any namespace, symbolic ones included.
    rows : array of integers
        Shape (n,).
    columns : array of integers
        Shape (n,).
    shape : pair of ints and 0-d integer arrays
        A size may be known only when the graph runs.
    name : str

    Examples
    --------
    >>> x = K.Sparse(np.asarray([5.0, 7.0]), np.asarray([0, 1]), np.asarray([2, 0]), (2, 3))
    >>> x
    <Sparse sparse shape=(2, 3) dtype=float64>
    >>> K.dot(x, np.ones((3, 1)))
    array([[5.],
           [7.]])
    """

    ndim = 2

    def __init__(self, values: Array, rows: Array, columns: Array, shape: Sequence[Any], name: str = "sparse") -> None:
        self.values, self.rows, self.columns = values, rows, columns
        self.sizes = tuple(shape)
        self.name = name

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape, with None for sizes known only at run time."""
        return tuple(n if isinstance(n, int) else None for n in self.sizes)

    @property
    def dtype(self) -> str:
        """The dtype of the values, by name."""
        return dtype_name(self.values.dtype)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The dense matrix as a NumPy array."""
        dense: Any = to_dense(self)
        return dense.eval(feed_dict)

    def __repr__(self) -> str:
        return f"<Sparse {self.name} shape={self.shape} dtype={self.dtype}>"


@operation
def is_sparse(tensor: Any) -> bool:
    """Whether a tensor is sparse.

    Parameters
    ----------
    tensor : object

    Returns
    -------
    bool

    References
    ----------
    Keras 2.3.1, ``keras.backend.is_sparse``.

    Examples
    --------
    >>> K.is_sparse(K.placeholder((2, 3), sparse=True)), K.is_sparse(np.ones((2, 3)))
    (True, False)
    """
    return isinstance(tensor, Sparse)


@operation
def to_dense(tensor: Any) -> Array:
    """Make a sparse matrix a dense one; give anything else back unchanged.

    Parameters
    ----------
    tensor : Sparse or array

    Returns
    -------
    array
        Shape and dtype of the matrix.

    Notes
    -----
    Duplicates are added. The values have a gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.to_dense``.

    Examples
    --------
    >>> values, places = np.asarray([5.0, 1.0]), np.asarray([1, 1])
    >>> K.to_dense(K.Sparse(values, places, places, (2, 2)))
    array([[0., 0.],
           [0., 6.]])
    """
    if not isinstance(tensor, Sparse):
        return tensor
    xp = array_namespace(tensor.values)
    height, width = tensor.sizes
    places = xp.astype(tensor.rows, xp.int64) * width + xp.astype(tensor.columns, xp.int64)
    return xp.reshape(take_adjoint(tensor.values, places, axis=0, size=height * width), (height, width))


def sparse_dot(x: Sparse, y: Array) -> Array:
    """The product of a sparse and a dense matrix: each element times a row of y, summed into its own row.

    Errors: ValueError unless y has two dimensions and as many rows as x has columns.
    """
    if isinstance(y, Sparse):
        y = to_dense(y)
    xp, values, y = promoted(x.values, y)
    if y.ndim != 2 or (None not in (x.shape[1], y.shape[0]) and x.shape[1] != y.shape[0]):
        raise ValueError(f"dot: sparse x has shape {x.shape}, y has {tuple(y.shape)}; expected ({x.shape[1]}, n)")
    terms = xp.expand_dims(values, axis=1) * xp.take(y, x.columns, axis=0)
    return take_adjoint(terms, x.rows, axis=0, size=x.sizes[0])


def sparse_concatenate(tensors: Sequence[Sparse], axis: int) -> Sparse:
    """Sparse matrices joined along axis 0 or 1.

    Errors: ValueError for another axis, or when the other sizes differ.
    """
    if axis not in (-2, -1, 0, 1):
        raise ValueError(f"concatenate: axis {axis} of sparse matrices; expected 0 or 1")
    axis %= 2
    first = tensors[0]
    other = first.sizes[1 - axis]
    for each in tensors[1:]:
        if isinstance(other, int) and isinstance(each.sizes[1 - axis], int) and other != each.sizes[1 - axis]:
            raise ValueError(f"concatenate: sparse shapes {first.shape} and {each.shape} differ on axis {1 - axis}")
    xp, *values = (
        promoted(*(each.values for each in tensors))
        if len(tensors) > 1
        else (array_namespace(first.values), first.values)
    )
    offset: Any = 0
    moved = []
    for each in tensors:
        numbers = each.rows if axis == 0 else each.columns
        moved.append(numbers + offset)
        offset = offset + each.sizes[axis]
    kept = xp.concat([each.columns if axis == 0 else each.rows for each in tensors])
    joined = xp.concat(moved)
    rows, columns = (joined, kept) if axis == 0 else (kept, joined)
    return Sparse(xp.concat(values), rows, columns, (offset, other) if axis == 0 else (other, offset))


@operation
def ctc_label_dense_to_sparse(labels: Array, label_lengths: Array) -> Sparse:
    """Make padded labels a sparse matrix: an element for every label, row by row.

    Parameters
    ----------
    labels : array
        Shape (batch, longest).
    label_lengths : array of integers
        Shape (batch,); labels beyond the length are left out.

    Returns
    -------
    Sparse
        Shape (batch, longest).

    Raises
    ------
    ValueError
        For other numbers of dimensions.

    Notes
    -----
    The values past the lengths are kept as elements without weight, so that the
    length of the arrays does not depend on values.

    References
    ----------
    Keras 2.3.1, ``keras.backend.ctc_label_dense_to_sparse``.

    Examples
    --------
    >>> labels = np.asarray([[7, 8, 9], [5, 6, 0]])
    >>> K.to_dense(K.ctc_label_dense_to_sparse(labels, np.asarray([3, 1])))
    array([[7, 8, 9],
           [5, 0, 0]])
    """
    xp = array_namespace(labels, label_lengths)
    if labels.ndim != 2 or label_lengths.ndim != 1:
        raise ValueError(
            f"ctc_label_dense_to_sparse: labels and label_lengths have {labels.ndim} and "
            f"{label_lengths.ndim} dimensions, expected 2 and 1"
        )
    height, width = sizes(labels)
    column = xp.broadcast_to(xp.arange(width, dtype=xp.int32, device=device_of(labels)), (height, width))
    row = xp.broadcast_to(
        xp.expand_dims(xp.arange(height, dtype=xp.int32, device=device_of(labels)), axis=1), (height, width)
    )
    inside = column < xp.expand_dims(label_lengths, axis=1)
    values = xp.where(inside, labels, xp.zeros_like(labels))
    flat = [xp.reshape(part, (-1,)) for part in (values, row, column)]
    return Sparse(flat[0], flat[1], flat[2], (height, width))
