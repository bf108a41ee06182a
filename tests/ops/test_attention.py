"""Attention against PyTorch's: values, gradients of first and second order, masks, unknown sizes."""

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
theirs = torch.nn.functional.scaled_dot_product_attention
RNG = np.random.default_rng(5)
QUERY, KEY, VALUE = RNG.normal(size=(2, 3, 4, 8)), RNG.normal(size=(2, 3, 5, 8)), RNG.normal(size=(2, 3, 5, 8))
BARRED = RNG.random((4, 5)) > 0.4
BARRED[1] = False
SCORES = RNG.normal(size=(2, 1, 4, 5))


def tensors(*values):
    return [torch.tensor(v) for v in values]


@pytest.mark.parametrize(
    ("mask", "more"),
    [(None, {}), (None, {"is_causal": True}), (None, {"scale": 0.3}), (BARRED, {}), (SCORES, {})],
    ids=["plain", "causal", "scaled", "boolean", "additive"],
)
@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_equals_pytorch(library, mask, more, kernels):
    wanted = theirs(*tensors(QUERY, KEY, VALUE), None if mask is None else torch.tensor(mask), **more).numpy()
    with K.use_backend(library) as on:
        arrays = [on.asarray(v, v.dtype.name) for v in (QUERY, KEY, VALUE)]
        given = None if mask is None else on.asarray(mask, mask.dtype.name)
        got = K.scaled_dot_product_attention(*arrays, mask=given, **more)
        assert type(got) is type(arrays[0])
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-12, atol=1e-14)


def test_causal_and_masked_is_both():
    both = BARRED & np.tril(np.ones((4, 5), bool))
    np.testing.assert_allclose(
        K.scaled_dot_product_attention(QUERY, KEY, VALUE, BARRED, is_causal=True),
        theirs(*tensors(QUERY, KEY, VALUE, both)).numpy(),
        rtol=1e-12,
        atol=1e-14,
    )


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
    key = KEY.copy()
    key[..., 0, :] = np.nan
    mask = np.ones((4, 5), bool)
    mask[:, 0] = False
    np.testing.assert_allclose(
        K.scaled_dot_product_attention(QUERY, key, VALUE, mask),
        theirs(*tensors(QUERY, KEY[:, :, 1:], VALUE[:, :, 1:])).numpy(),
        rtol=1e-12,
    )


@pytest.mark.parametrize("more", [{}, {"is_causal": True}, {"scale": 0.7}])
def test_gradients_with_unknown_sizes(more):
    shapes = [(None, None, None, None), (None, 1, None, None), (1, None, None, None), (None, None)]
    inputs = [K.placeholder(shape, dtype="float64") for shape in shapes]
    out = K.scaled_dot_product_attention(*inputs, **more)
    assert out.shape == (None, None, None, None)
    loss = K.sum(K.sin(out))
    first = K.gradients(loss, inputs)
    second = K.gradients(sum(K.sum(K.sin(g)) for g in first), inputs)
    values = [QUERY, KEY[:, :1], VALUE[:1], SCORES[0, 0]]
    found = K.function(inputs, [*first, *second])(values)
    leaves = [t.requires_grad_() for t in tensors(*values)]
    mask = leaves[3] if not more.get("is_causal") else leaves[3] + torch.triu(torch.full((4, 5), -torch.inf), 1)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        reference = theirs(*leaves[:3], mask, scale=more.get("scale"))
        wanted = torch.autograd.grad(reference.sin().sum(), leaves, create_graph=True)
        wanted2 = torch.autograd.grad(sum(g.sin().sum() for g in wanted), leaves)
    for got, t in zip(found, (*wanted, *wanted2), strict=True):
        np.testing.assert_allclose(got, t.detach().numpy(), rtol=1e-9, atol=1e-11)


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
