"""Gradient rules of the linear algebra extension: solving, norms, determinants and decompositions.

A symmetric (Hermitian) argument gets a symmetric (Hermitian) cotangent. A decomposition's rule is exact for
losses that do not depend on its arbitrary choices: the phase of singular and eigenvectors, and the extra columns
of `full_matrices` and `mode='complete'`, whose cotangents are not used. Among equal singular or eigenvalues,
and at norms and singular values of 0, the undefined quotient counts as 0. det and slogdet need a regular
matrix. Sources: M. Giles (2008), "Collected matrix derivative results"; I. Murray (2016), arXiv:1602.07527;
F. Seeger et al. (2017), arXiv:1710.08717; Z. Wan and S.-X. Zhang (2019), arXiv:1909.02659; G. Golub and V.
Pereyra (1973).
"""

from ...dispatch.boundary import sizes
from ...dispatch.promotion import array_namespace
from ...graph.dims import smallest
from ..cotangents import Rule, adjoint, cast, column, conj, is_complex, mask_, restored, row, sliced, unbroadcast, unit
from .products import diagonal_mask
from .reductions import shared_extreme

__all__ = ["LINALG"]


def _hermitian(x):
    return (x + adjoint(x)) / 2


def _product(first, *rest):
    xp = array_namespace(first)
    for x in rest:
        first = xp.matmul(first, x)
    return first


def _as(x, like):
    """Return a real array in the dtype of `like`, which may be complex."""
    xp = array_namespace(x)
    return x if x.dtype == like.dtype else xp.astype(x, like.dtype)


def _inverse(x):
    """Return 1 / x, and 0 where x is 0."""
    xp = array_namespace(x)
    return mask_(x != 0, 1 / xp.where(x == 0, 1.0, x))


# solving


def _inv(g, out, x):
    return -_product(adjoint(out), g, adjoint(out))


def _solved(g, out, a, b):
    xp = array_namespace(g)
    solved = xp.linalg.solve(adjoint(a), column(g) if b.ndim == 1 else g)
    return xp.squeeze(solved, -1) if b.ndim == 1 else solved


def _solve_matrix(g, out, a, b):
    solved = _solved(g, out, a, b)
    outer = column(solved) * row(conj(out)) if b.ndim == 1 else _product(solved, adjoint(out))
    return unbroadcast(-outer, a, core=2)


def _solve_right(g, out, a, b):
    return unbroadcast(_solved(g, out, a, b), b, core=min(b.ndim, 2))


def _pinv(g, out, x, *, rtol=None):
    gh, ph = adjoint(g), adjoint(out)
    through = _product(gh, out, ph)
    across = _product(ph, out, gh)
    return through - _product(x, out, through) + across - _product(across, out, x) - _product(ph, g, ph)


def _matrix_power(g, out, x, n):
    xp = array_namespace(g)
    if n == 0:
        return xp.zeros_like(x)
    base = xp.linalg.inv(x) if n < 0 else x
    total, after, step = g, g, adjoint(base)
    for _ in range(abs(n) - 1):
        after = xp.matmul(after, step)
        total = xp.matmul(step, total) + after
    return -_product(step, total, step) if n < 0 else total


# determinants


def _det(g, out, x):
    return column(column(g * conj(out))) * adjoint(array_namespace(g).linalg.inv(x))


def _slogdet(g, out, x):
    xp, (g_sign, g_log) = array_namespace(*(part for part in g if part is not None)), g
    if is_complex(x):
        turn = 0.0 if g_sign is None else -1j * xp.astype(xp.imag(xp.conj(g_sign) * out[0]), x.dtype)
        size = 0.0 if g_log is None else xp.astype(g_log, x.dtype)
        weight = size + turn
    else:
        weight = xp.zeros_like(out[1]) if g_log is None else g_log
    return column(column(weight)) * adjoint(xp.linalg.inv(x))


# decompositions


def _cholesky(g, out, x, *, upper=False):
    xp = array_namespace(g)
    lower, g = (adjoint(out), adjoint(g)) if upper else (out, g)
    middle = xp.tril(_product(adjoint(lower), g))
    middle = xp.where(diagonal_mask(middle), middle / 2, middle)
    right = adjoint(lower)
    return _hermitian(adjoint(xp.linalg.solve(right, adjoint(xp.linalg.solve(right, middle)))))


def _qr(g, out, x, *, mode="reduced"):
    xp = array_namespace(*(part for part in g if part is not None))
    gq, gr = (xp.zeros_like(z) if part is None else part for part, z in zip(g, out, strict=True))
    (q, r), (m, n), last = out, sizes(x)[-2:], x.ndim - 1
    k = smallest(m, n)
    if mode == "complete" and m != k:
        q, gq = sliced(q, last, 0, k), sliced(gq, last, 0, k)
        r, gr = sliced(r, last - 1, 0, k), sliced(gr, last - 1, 0, k)
    if n == k:
        return _qr_tall(gq, gr, q, r)
    z, gz = sliced(x, last, k, n), sliced(gr, last, k, n)  # x = [y, z], r = [r1, q^H z], y = q r1
    first = _qr_tall(gq + _product(z, adjoint(gz)), sliced(gr, last, 0, k), q, sliced(r, last, 0, k))
    return xp.concat([first, _product(q, gz)], axis=-1)


def _qr_tall(gq, gr, q, r):
    xp = array_namespace(gq)
    m = xp.tril(_product(r, adjoint(gr)) - _product(adjoint(gq), q))
    mirrored = xp.where(diagonal_mask(m), _hermitian(m), m + adjoint(m))
    return adjoint(xp.linalg.solve(r, adjoint(gq + _product(q, mirrored))))


def _gaps(x):
    """Return 1 / (x[j] - x[i]) for all pairs, and 0 for equal ones."""
    spread = row(x) - column(x)
    return mask_(array_namespace(x).logical_not(diagonal_mask(spread)), _inverse(spread))


def _eigh(g, out, x):
    (gw, gv), (w, v) = g, out
    middle = 0.0
    if gv is not None:
        middle = _as(_gaps(w), v) * _product(adjoint(v), gv)
    if gw is not None:
        middle = middle + mask_(diagonal_mask(v), row(_as(gw, v)))
    return _hermitian(_product(v, middle, adjoint(v)))


def _eigvalsh(g, out, x):
    v = array_namespace(g).linalg.eigh(x)[1]
    return _hermitian(_product(v * row(_as(g, v)), adjoint(v)))


def _eig(g, out, x):
    (gw, gv), (w, v) = g, out
    xp, vh, middle = array_namespace(w), adjoint(v), 0.0
    if gv is not None:
        inner = _product(vh, gv)
        on_diagonal = xp.sum(mask_(diagonal_mask(inner), inner), axis=-2)
        length = row(_as(xp.real(on_diagonal), v))  # the vectors have length 1
        middle = (inner - _product(vh, v) * length) * conj(_gaps(w))
    if gw is not None:
        middle = middle + mask_(diagonal_mask(v), row(gw))
    return cast(xp.linalg.solve(vh, _product(middle, vh)), x)


def _eigvals(g, out, x):
    return _eig((g, None), array_namespace(g).linalg.eig(x), x)


def _svd(g, out, x, *, full_matrices=True):
    (gu, gs, gvh), (u, s, vh) = g, out
    last = x.ndim - 1
    m, n = sizes(x)[-2:]
    if full_matrices and m != n:
        k = sizes(s)[-1]
        u, vh = sliced(u, last, 0, k), sliced(vh, last - 1, 0, k)
        gu = None if gu is None else sliced(gu, last, 0, k)
        gvh = None if gvh is None else sliced(gvh, last - 1, 0, k)
    square = _as(s * s, u)
    gaps, scale, one_over = _as(_gaps(square), u), _as(s, u), _as(_inverse(s), u)
    middle, beside = 0.0, 0.0
    if gu is not None:
        inner = _product(adjoint(u), gu)
        turned = inner - adjoint(inner)
        middle = middle + turned * gaps * row(scale)
        if is_complex(x):  # the common phase of a pair of vectors is fixed by u alone
            middle = middle + mask_(diagonal_mask(turned), turned / 2 * row(one_over))
        if m != n:
            beside = beside + _product((gu - _product(u, inner)) * row(one_over), vh)
    if gvh is not None:
        inner = _product(vh, adjoint(gvh))
        middle = middle + column(scale) * gaps * (inner - adjoint(inner))
        if m != n:
            beside = beside + _product(u * row(one_over), gvh - _product(adjoint(inner), vh))
    if gs is not None:
        middle = middle + mask_(diagonal_mask(gaps), row(_as(gs, u)))
    return _product(u, middle, vh) + beside


def _svdvals(g, out, x):
    u, _, vh = array_namespace(g).linalg.svd(x, full_matrices=False)
    return _product(u * row(_as(g, u)), vh)


# norms


def _vector_norm(g, out, x, *, axis=None, keepdims=False, ord=2):
    xp = array_namespace(g)
    g, norm = restored(g, x, axis, keepdims), restored(out, x, axis, keepdims)
    if ord == 2:
        return x * _as(_inverse(norm) * g, x)
    if ord == 0:
        return xp.zeros_like(x)
    if ord == 1:
        return unit(x) * _as(g, x)
    size = xp.abs(x)
    if ord in (float("inf"), float("-inf")):
        return unit(x) * _as(shared_extreme(g, norm, size, axis, True), x)
    ratio = xp.where(size == 0, 1.0, size) * _inverse(norm)
    slope = mask_((size != 0) & (norm != 0), xp.pow(xp.where(ratio == 0, 1.0, ratio), float(ord - 1)))
    return unit(x) * _as(slope * g, x)


def _matrix_norm(g, out, x, *, keepdims=False, ord="fro"):
    xp = array_namespace(g)
    if ord in (None, "fro"):
        return _vector_norm(g, out, x, axis=(-2, -1), keepdims=keepdims)
    if not keepdims:
        g, out = column(column(g)), column(column(out))
    if ord in ("nuc", 2, -2):
        u, s, vh = xp.linalg.svd(x, full_matrices=False)
        gs = xp.squeeze(g, -1)
        if ord == "nuc":
            gs = mask_(s != 0, gs)
        else:
            best = xp.max(s, axis=-1, keepdims=True) if ord == 2 else xp.min(s, axis=-1, keepdims=True)
            gs = shared_extreme(gs, best, s, -1, True)
        return _product(u * row(_as(gs, u)), vh)
    along = -2 if ord in (1, -1) else -1
    sums = xp.sum(xp.abs(x), axis=along, keepdims=True)
    across = -3 - along
    best = (xp.max if ord > 0 else xp.min)(sums, axis=across, keepdims=True)
    return unit(x) * _as(shared_extreme(g, best, sums, across, True), x)


LINALG: dict[str, tuple[Rule | None, ...]] = {
    "linalg.cholesky": (_cholesky,),
    "linalg.det": (_det,),
    "linalg.eig": (_eig,),
    "linalg.eigh": (_eigh,),
    "linalg.eigvals": (_eigvals,),
    "linalg.eigvalsh": (_eigvalsh,),
    "linalg.inv": (_inv,),
    "linalg.matrix_norm": (_matrix_norm,),
    "linalg.matrix_power": (_matrix_power,),
    "linalg.pinv": (_pinv,),
    "linalg.qr": (_qr,),
    "linalg.slogdet": (_slogdet,),
    "linalg.solve": (_solve_matrix, _solve_right),
    "linalg.svd": (_svd,),
    "linalg.svdvals": (_svdvals,),
    "linalg.vector_norm": (_vector_norm,),
}
