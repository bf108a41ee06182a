"""Sums of products, against NumPy's einsum."""

import numpy as np

from ..case import A, call, case

SIZES = {"a": 2, "b": 3, "c": 4, "d": 1, "e": 5}
SPREAD = {"...": (2, "n")}  # what an ellipsis stands for


def of(subscripts):
    """A call with operands of these sizes, an ellipsis for two axes."""
    operands = []
    for term in subscripts.partition("->")[0].split(","):
        first, dots, rest = term.partition("...")
        operands.append(A(*(SIZES[c] for c in first), *SPREAD.get(dots, ()), *(SIZES[c] for c in rest)))
    return call(subscripts, *operands)


MORE = """aaa->a aab,ab-> ab->b ab,ab->ab ebac,edbc->ebad ab,bc,ce,ed,da ab,cb->ac acb,eb->cea ab,ac,ae->bce aa,ab,bb->
... ...a->... ...ab->...ba ...a,...a->... b...a,...ac->b...c ...a,ab,...b->..."""

case(
    "einsum",
    call("ij,jk->ik", A("n", "k"), A("k", "m")),
    call("ij,jk", A("n", "k"), A("k", "m")),
    call("ii", A("n", "n")),
    call("ii->i", A("n", "n")),
    call("iij->j", A(3, 3, "m")),
    call("ji", A("n", "m")),
    call("i,j->ji", A("n"), A("m")),
    call("i,i", A("n"), A("n")),
    call("ijk->k", A("n", "m", "k")),
    call("ij,ij->i", A("n", "m"), A("n", "m")),
    call("bqhd,bkhd->bhqk", A(2, "q", 3, "d"), A(2, "k", 3, "d")),
    call("ab,bc,cd->ad", A("n", 3), A(3, "m"), A("m", 2)),
    call("...ij,...jk->...ik", A(2, 1, "n", 3), A("b", 3, "m")),
    call("i...,...j", A("n", 3), A(3, "m")),
    call(" i j , j -> i ", A("n", "m"), A("m")),
    call("a,ab,abc->abc", A("a"), A("a", "b"), A("a", "b", "c")),
    call("ij,ij->", A("n", "m", dtype="int"), A("n", "m", dtype="int")),
    call(",ij->ij", 2.0, A("n", "m")),
    *map(of, MORE.split()),
    edges=[
        call("ij,jk->ik", np.zeros((2, 0)), np.zeros((0, 3))),
        call("i,i->i", [np.nan, np.inf, 1.0], [1.0, 2.0, -np.inf]),
    ],
    errors=[
        (TypeError, call(1, A(2))),
        (ValueError, call("ij->jj", A(2, 3))),
        (ValueError, call("ij->k", A(2, 3))),
        (ValueError, call("i", A(2, 3))),
        (ValueError, call("ij,j", A(2, 3))),
        (ValueError, call("i.j", A(2, 3))),
        (ValueError, call("i->...", A(2, 3))),
        (ValueError, call("...i->i", A(2, 3))),
        (ValueError, call("i-j", A(2, 3))),
        (ValueError, call("ij,jk->ik", A(2, 3), A(4, 2))),
        (ValueError, call("ii", A(2, 3))),
        (ValueError, call("...i,...i->...", A(2, 3), A(4, 3))),
        (ValueError, call("ij,ij", A(1, 3), A(2, 3))),
    ],
    reference=np.einsum,
)
