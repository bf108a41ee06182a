"""Sums of products of arrays, written with a letter for each axis."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import broadcast, product, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import numeric, promoted_arrays
from .reductions import kept

__all__ = ["einsum"]

UNKNOWN = 64  # assumed for a size unknown until run time when the order of the products is chosen

Label = str | int  # a letter, or the number of an axis that an ellipsis stands for


@operation
def einsum(subscripts: str, *operands: Array) -> Array:
    """Sum the products that subscripts describe, as 'ij,jk->ik' a matrix product.

    Parameters
    ----------
    subscripts : str
        One letter for each axis of an operand, commas between operands, the
        letters of the result after '->'. Spaces do not count.
    *operands : arrays
        Sizes of one letter are equal (NumPy lets 1 pass for any); booleans
        become int32.

    Returns
    -------
    array
        The dtypes are promoted; integers may wrap around.

    Raises
    ------
    TypeError
        If the subscripts are not a string.
    ValueError
        If the subscripts are malformed, or do not fit the operands' number,
        dimensions and sizes.

    Notes
    -----
    A letter that is not in the result is summed over; one that an operand has
    twice selects its diagonal; '...' stands for any further axes, which
    broadcast. Without '->' the result has the ellipsis and then, in
    alphabetical order, the letters that appear once.

    An axis of size 0 sums to 0. Products are computed two at a time, in an
    order that keeps intermediate results small.

    References
    ----------
    NumPy, ``numpy.einsum``; the greedy order of Smith, Gray, "opt_einsum",
    2018.

    Examples
    --------
    >>> x = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> K.einsum("ij,jk->ik", x, x)
    array([[ 7., 10.],
           [15., 22.]])
    >>> K.einsum("ii", x)  # the trace
    np.float64(5.0)
    """
    terms, result = _parsed(subscripts, len(operands))
    xp, *values = promoted_arrays(*operands)
    values = [numeric(x)[1] for x in values]
    labels, output = _labelled(subscripts, terms, result, [x.ndim for x in values])
    _check_sizes(labels, values)
    factors = []
    for i, (x, own) in enumerate(zip(values, labels, strict=True)):
        needed = {*output, *itertools.chain(*labels[:i], *labels[i + 1 :])}
        factors.append(_reduced(xp, *_diagonal(xp, x, own), needed))
    while len(factors) > 1:
        i, k = _next_pair(factors, output)
        needed = {*output, *itertools.chain(*(own for j, (_, own) in enumerate(factors) if j not in (i, k)))}
        second, first = factors.pop(k), factors.pop(i)
        factors.append(_product(xp, *first, *second, needed))
    return _permuted(xp, *factors[0], output)


def _parsed(subscripts: str, count: int) -> tuple[list[str], str | None]:
    """The terms of the operands and that of the result, '…' standing for an ellipsis."""
    text = subscripts.replace(" ", "").replace("...", "…")  # one character, as letters are
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    for term in (*terms, right):
        if not all(c == "…" or (c.isascii() and c.isalpha()) for c in term) or term.count("…") > 1:
            raise ValueError(
                f"einsum: subscripts is {subscripts!r}; expected letters, at most one '...' for each "
                "operand, ',' between operands and '->' before the result"
            )
    if len(terms) != count:
        raise ValueError(f"einsum: subscripts {subscripts!r} are for {len(terms)} operands, {count} came")
    if not arrow:
        return terms, None
    for c in right:
        if right.count(c) > 1:
            raise ValueError(f"einsum: the result of {subscripts!r} has {c!r} twice")
        if c != "…" and not any(c in term for term in terms):
            raise ValueError(f"einsum: the result of {subscripts!r} has {c!r}, which no operand has")
    return terms, right


def _labelled(
    subscripts: str, terms: Sequence[str], result: str | None, ranks: Sequence[int]
) -> tuple[list[list[Label]], list[Label]]:
    """The label of each axis of each operand, and of the result; axes of ellipses are numbered from the front."""
    extra = [ndim - len(term.replace("…", "")) for term, ndim in zip(terms, ranks, strict=True)]
    for i, (term, more) in enumerate(zip(terms, extra, strict=True)):
        if more < 0 or (more and "…" not in term):
            raise ValueError(
                f"einsum: operand {i} has {ranks[i]} dimensions for the subscripts {term.replace('…', '...')!r}"
            )
    widest = max(extra)
    labels = [_spelled(term, range(widest - more, widest)) for term, more in zip(terms, extra, strict=True)]
    if result is None:
        letters = sorted(c for c in "".join(terms) if c != "…" and "".join(terms).count(c) == 1)
        result = ("…" if widest else "") + "".join(letters)
    if widest and "…" not in result:
        raise ValueError(f"einsum: '...' stands for {widest} axes, but the result of {subscripts!r} has none")
    return labels, _spelled(result, range(widest))


def _spelled(term: str, axes: range) -> list[Label]:
    return [label for c in term for label in (axes if c == "…" else (c,))]


def _check_sizes(labels: Sequence[Sequence[Label]], operands: Sequence[Array]) -> None:
    """ValueError where the known sizes of a letter differ, or those of an ellipsis do not broadcast."""
    found: dict[Label, tuple[int, int]] = {}
    for i, (own, x) in enumerate(zip(labels, operands, strict=True)):
        for label, size in zip(own, x.shape, strict=True):
            if size is None or (isinstance(label, int) and size == 1):
                continue
            other, before = found.setdefault(label, (i, size))
            if size != before:
                raise ValueError(
                    f"einsum: {_name(label)} has size {before} in operand {other} and {size} in operand {i}"
                )


def _name(label: Label) -> str:
    return repr(label) if isinstance(label, str) else f"axis {label} of '...'"


def _diagonal(xp: Any, x: Array, own: list[Label]) -> tuple[Array, list[Label]]:
    """One axis in place of several with one letter."""
    while len(set(own)) < len(own):
        label = next(c for c in own if own.count(c) > 1)
        first = own.index(label)
        second = own.index(label, first + 1)
        rest = [i for i in range(x.ndim) if i not in (first, second)]
        x = xp.linalg.diagonal(xp.permute_dims(x, (*rest, first, second)))
        own = [*(own[i] for i in rest), label]
    return x, own


def _reduced(xp: Any, x: Array, own: list[Label], needed: set[Label]) -> tuple[Array, list[Label]]:
    """The sum over all axes that nothing else needs."""
    axes = tuple(i for i, label in enumerate(own) if label not in needed)
    if axes:
        x = xp.sum(x, axis=axes, **kept(x))
    return x, [label for label in own if label in needed]


def _next_pair(factors: Sequence[tuple[Array, list[Label]]], output: Sequence[Label]) -> tuple[int, int]:
    """The two factors whose product has the fewest elements more than they have together."""

    def elements(labels: Any, known: dict[Label, int]) -> int:
        return product(known[label] for label in labels)

    def growth(i: int, k: int) -> int:
        known = {
            label: UNKNOWN if size is None else size
            for j in (i, k)
            for label, size in zip(factors[j][1], factors[j][0].shape, strict=True)
        }
        others = {*output, *itertools.chain(*(own for j, (_, own) in enumerate(factors) if j not in (i, k)))}
        kept = {*factors[i][1], *factors[k][1]} & others
        return elements(kept, known) - elements(factors[i][1], known) - elements(factors[k][1], known)

    if len(factors) == 2:
        return 0, 1
    return min(itertools.combinations(range(len(factors)), 2), key=lambda pair: growth(*pair))


def _product(
    xp: Any, x: Array, own: list[Label], y: Array, other: list[Label], needed: set[Label]
) -> tuple[Array, list[Label]]:
    """The product of two factors, summed over the axes they share and nothing else needs."""
    shared = [label for label in own if label in other]
    batch = [label for label in shared if label in needed]
    summed = [label for label in shared if label not in needed]
    left = [label for label in own if label not in shared]
    right = [label for label in other if label not in shared]
    a, b = dict(zip(own, sizes(x), strict=True)), dict(zip(other, sizes(y), strict=True))
    labels = [*batch, *left, *right]
    shape = tuple(_joint(a.get(label, 1), b.get(label, 1)) for label in labels)
    if not summed or (batch and not left and not right):
        x = _shaped(
            xp, _permuted(xp, x, own, [*batch, *left, *summed]), [a.get(label, 1) for label in (*labels, *summed)]
        )
        y = _shaped(
            xp, _permuted(xp, y, other, [*batch, *right, *summed]), [b.get(label, 1) for label in (*labels, *summed)]
        )
        z = xp.multiply(x, y)
        return (xp.sum(z, axis=tuple(range(len(labels), z.ndim)), **kept(z)) if summed else z), labels
    x, y = _permuted(xp, x, own, [*batch, *left, *summed]), _permuted(xp, y, other, [*batch, *summed, *right])
    rows, columns, depth = ([a[c] for c in left], [b[c] for c in right], [_joint(a[c], b[c]) for c in summed])
    x = _shaped(xp, x, [*(a[c] for c in batch), product(rows), product(depth)])
    y = _shaped(xp, y, [*(b[c] for c in batch), product(depth), product(columns)])
    return _shaped(xp, xp.matmul(x, y), shape), labels


def _joint(a: Any, b: Any) -> Any:
    """The size that two axes broadcast to: a known one, other than 1, if there is one."""
    return (
        broadcast("einsum", (a,), (b,))[0]
        if isinstance(a, int) and isinstance(b, int)
        else b
        if (isinstance(b, int) and b != 1) or (isinstance(a, int) and a == 1)
        else a
    )


def _shaped(xp: Any, x: Array, shape: Sequence[Any]) -> Array:
    return x if sizes(x) == tuple(shape) else xp.reshape(x, tuple(shape))


def _permuted(xp: Any, x: Array, own: Sequence[Label], wanted: Sequence[Label]) -> Array:
    order = tuple(own.index(label) for label in wanted)
    return x if order == tuple(range(x.ndim)) else xp.permute_dims(x, order)
