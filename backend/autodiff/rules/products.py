"""Gradient rules of products (matmul, tensordot, vecdot, cross), of diagonals and of the matrix transpose."""

from ...dispatch.boundary import sizes
from ...dispatch.promotion import array_namespace, device_of
from ..cotangents import Rule, adjoint, axes_of, cast, column, conj, mask_, resized, row, unbroadcast

__all__ = ["PRODUCTS", "diagonal_mask"]


def _matmul_first(g, out, x, y):
    xp = array_namespace(g)
    if y.ndim == 1:
        return unbroadcast(column(g) * conj(y), x, core=x.ndim)
    if x.ndim == 1:
        return unbroadcast(xp.squeeze(xp.matmul(conj(y), column(g)), -1), x, core=1)
    return unbroadcast(xp.matmul(g, adjoint(y)), x, core=2)


def _matmul_second(g, out, x, y):
    xp = array_namespace(g)
    if x.ndim == 1:
        return unbroadcast(conj(x) * g if y.ndim == 1 else column(conj(x)) * row(g), y, core=min(y.ndim, 2))
    if y.ndim < 3 < x.ndim + y.ndim:  # one product instead of one per batch entry and a sum over them
        rest = tuple(range(x.ndim - 1))
        return cast(xp.tensordot(conj(x), g, axes=(rest, rest)), y)
    return unbroadcast(xp.matmul(adjoint(x), g), y, core=2)


def _contracted(axes, x, y):
    """Return the contracted axes of x and of y, and the free axes of both."""
    if isinstance(axes, int):
        a, b = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
    else:
        a, b = axes_of(axes[0], x.ndim), axes_of(axes[1], y.ndim)
    return a, b, tuple(i for i in range(x.ndim) if i not in a), tuple(i for i in range(y.ndim) if i not in b)


def _tensordot_first(g, out, x, y, *, axes=2):
    xp = array_namespace(g)
    a, b, free, other = _contracted(axes, x, y)
    product = xp.tensordot(g, conj(y), axes=(tuple(range(len(free), g.ndim)), other))
    # the axes of the product: x's free ones, then b sorted
    place = dict(zip(free, range(len(free)), strict=True))
    place.update((i, len(free) + sorted(b).index(j)) for i, j in zip(a, b, strict=True))
    return cast(_permuted(product, tuple(place[i] for i in range(x.ndim))), x)


def _tensordot_second(g, out, x, y, *, axes=2):
    xp = array_namespace(g)
    a, b, free, other = _contracted(axes, x, y)
    product = xp.tensordot(conj(x), g, axes=(free, tuple(range(len(free)))))  # a sorted, then y's free axes
    place = {j: sorted(a).index(i) for i, j in zip(a, b, strict=True)}
    place.update(zip(other, range(len(a), y.ndim), strict=True))
    return cast(_permuted(product, tuple(place[i] for i in range(y.ndim))), y)


def _permuted(x, axes):
    return x if axes == tuple(range(x.ndim)) else array_namespace(x).permute_dims(x, axes)


def _vecdot_first(g, out, x, y, *, axis=-1):
    return unbroadcast(array_namespace(g).expand_dims(conj(g), axis=axis) * y, x)  # vecdot conjugates x


def _vecdot_second(g, out, x, y, *, axis=-1):
    return unbroadcast(array_namespace(g).expand_dims(g, axis=axis) * x, y)


def _cross_first(g, out, x, y, *, axis=-1):
    return unbroadcast(array_namespace(g).linalg.cross(*_together(conj(y), g), axis=axis), x)


def _cross_second(g, out, x, y, *, axis=-1):
    return unbroadcast(array_namespace(g).linalg.cross(*_together(g, conj(x)), axis=axis), y)


def _together(x, y):
    return array_namespace(x, y).broadcast_arrays(x, y)


def diagonal_mask(x, offset=0):
    """Return a boolean matrix of the size of x's matrices, True on the given diagonal."""
    xp, (m, n), device = array_namespace(x), sizes(x)[-2:], device_of(x)
    rows, columns = xp.arange(m, dtype=xp.int32, device=device), xp.arange(n, dtype=xp.int32, device=device)
    return xp.expand_dims(rows, axis=1) + offset == xp.expand_dims(columns, axis=0)


def _diagonal(g, out, x, *, offset=0):
    rows, columns = sizes(x)[-2:]
    g = column(resized(g, g.ndim - 1, rows)) if offset >= 0 else row(resized(g, g.ndim - 1, columns))
    return mask_(diagonal_mask(x, offset), g)


PRODUCTS: dict[str, tuple[Rule | None, ...]] = {
    "matmul": (_matmul_first, _matmul_second),
    "matrix_transpose": (lambda g, out, x: array_namespace(g).matrix_transpose(g),),
    "tensordot": (_tensordot_first, _tensordot_second),
    "vecdot": (_vecdot_first, _vecdot_second),
    "linalg.cross": (_cross_first, _cross_second),
    "linalg.diagonal": (_diagonal,),
}
