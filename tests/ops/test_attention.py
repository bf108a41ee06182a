"""Attention: queries without keys, masked values of any kind, other dtypes, torch's own derivatives."""

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
theirs = torch.nn.functional.scaled_dot_product_attention
RNG = np.random.default_rng(5)
QUERY, KEY, VALUE = RNG.normal(size=(2, 3, 4, 8)), RNG.normal(size=(2, 3, 5, 8)), RNG.normal(size=(2, 3, 5, 8))
BARRED = RNG.random((4, 5)) > 0.4
BARRED[1] = False


def tensors(*values):
    return [torch.tensor(v) for v in values]


def test_a_query_without_keys_gives_zeros_and_no_gradient():
    q, k, v, m = (K.placeholder(ndim=2, dtype=t) for t in ("float64", "float64", "float64", "bool"))
    out = K.scaled_dot_product_attention(q, k, v, m)
    slopes = K.gradients(K.sum(K.sin(out)), [q, k, v])
    f = K.function([q, k, v, m], [out, *slopes])
    got, dq, dk, dv = f([QUERY[0, 0], KEY[0, 0], VALUE[0, 0], BARRED])
    assert not got[1].any() and not dq[1].any()
    assert all(np.isfinite(d).all() for d in (dq, dk, dv))
    none = f([QUERY[0, 0], KEY[0, 0], VALUE[0, 0], np.zeros((4, 5), bool)])
    assert not any(x.any() for x in none)
    empty = f([QUERY[0, 0], np.zeros((0, 8)), np.zeros((0, 8)), np.zeros((4, 0), bool)])
    assert [x.shape for x in empty] == [(4, 8), (4, 8), (0, 8), (0, 8)] and not any(x.any() for x in empty)


def test_what_is_masked_may_be_anything():
    """So it is in the definition; torch's own attention, its kernel, gives NaN."""
    key = KEY.copy()
    key[..., 0, :] = np.nan
    mask = np.ones((4, 5), bool)
    mask[:, 0] = False
    np.testing.assert_allclose(
        K.scaled_dot_product_attention(QUERY, key, VALUE, mask),
        theirs(*tensors(QUERY, KEY[:, :, 1:], VALUE[:, :, 1:])).numpy(),
        rtol=1e-12,
    )


def test_torch_differentiates_through_it_twice():
    q, k, v = (t.requires_grad_() for t in tensors(QUERY, KEY, VALUE))
    (slope,) = torch.autograd.grad(K.scaled_dot_product_attention(q, k, v).sin().sum(), q, create_graph=True)
    (twice,) = torch.autograd.grad(slope.sin().sum(), k)
    assert torch.isfinite(twice).all() and twice.abs().max() > 0


def test_integers_and_half():
    assert K.scaled_dot_product_attention(*(np.ones((2, 3), "int32"),) * 3).dtype == "float32"
    half = [x.astype("float16") for x in (QUERY, KEY, VALUE)]
    got = K.scaled_dot_product_attention(*half)
    assert got.dtype == "float16"
    np.testing.assert_allclose(got, theirs(*tensors(QUERY, KEY, VALUE)).numpy(), atol=1e-2)
