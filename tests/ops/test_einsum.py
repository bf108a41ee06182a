"""Einsum: drawn subscripts against NumPy's, dtypes, the order of products, and errors in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backend as K

RNG = np.random.default_rng(11)
SIZES = {"a": 2, "b": 3, "c": 4, "d": 1, "e": 5}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_drawn_subscripts(data):
    terms = data.draw(st.lists(st.text("abcde", max_size=3), min_size=1, max_size=4))
    used = sorted(set("".join(terms)))
    chosen = data.draw(st.lists(st.sampled_from(used), unique=True) if used else st.just([]))
    subscripts = ",".join(terms) + data.draw(st.sampled_from(["", "->" + "".join(chosen)]))
    operands = [RNG.integers(-3, 4, [SIZES[c] for c in term]).astype("int64") for term in terms]
    np.testing.assert_array_equal(K.einsum(subscripts, *operands), np.einsum(subscripts, *operands))


def test_dtypes():
    assert K.einsum("a,a->a", np.ones(2, "float16"), np.ones(2, "float32")).dtype == "float32"
    assert K.einsum("ab->", np.ones((2, 2), bool)).dtype == "int32"
    assert K.einsum("a,->a", np.ones(2, "float32"), 2).dtype == "float32"


def test_a_chain_of_matrices_is_a_chain_of_products():
    x = [K.placeholder(shape) for shape in ((1000, 2), (2, 1000), (1000, 3))]
    source = K.function(x, [K.einsum("ab,bc,cd->ad", *x)]).source
    assert source.count(" @ ") == 2 and "float32 (1000, 1000)" not in source


@pytest.mark.parametrize(
    ("subscripts", "shapes", "words"),
    [
        ("ab->aa", [(2, 3)], "twice"),
        ("ab->c", [(2, 3)], "no operand"),
        ("a", [(2, 3)], "2 dimensions"),
        ("ab,b", [(2, 3)], "2 operands"),
        ("a.b", [(2, 3)], "expected letters"),
        ("a..", [(2, 3)], "expected letters"),
        ("......", [(2, 3)], "expected letters"),
        ("a1", [(2, 3)], "expected letters"),
        ("ab->b->a", [(2, 3)], "expected letters"),
        ("...a->a", [(2, 3)], "1 axes"),
        ("aa", [(2, 3)], "'a' has size 2 in operand 0 and 3"),
        ("ab,bc", [(2, 3), (4, 2)], "'b' has size 3 in operand 0 and 4 in operand 1"),
        ("ab,ab", [(1, 3), (2, 3)], "'a'"),
        ("...,...", [(2,), (3,)], "axis 0 of '...'"),
    ],
)
def test_errors(subscripts, shapes, words):
    for make in (np.zeros, K.placeholder):
        with pytest.raises(ValueError, match=r"^einsum: ") as caught:
            K.einsum(subscripts, *(make(shape) for shape in shapes))
        assert words in str(caught.value)
    with pytest.raises(TypeError, match="einsum: subscripts is"):
        K.einsum(["ab"], np.zeros((2, 3)))
