"""The selection by bits on torch: as torch.where gives it, in every layout, and differentiable by torch."""

import pytest

from backend.autodiff.cotangents import mask_

torch = pytest.importorskip("torch")
kernels = pytest.importorskip("backend.kernels.torch")

NAN, INF = float("nan"), float("inf")
LAYOUTS = {
    "dense": lambda x: x,
    "transposed": lambda x: x.mT.contiguous().mT,
    "sliced": lambda x: x.repeat_interleave(2, 1)[:, ::2],
    "broadcast": lambda x: x[:1].expand(2, 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_mask_gives_the_bits_of_where(dtype, layout):
    g = LAYOUTS[layout](torch.tensor([[1.0, -0.0, INF], [NAN, -2.0, NAN]], dtype=getattr(torch, dtype)))
    before, condition = g.clone(), torch.tensor([[True, True, False], [True, False, False]])
    for given in (condition, condition.mT.contiguous().mT):
        found, expected = kernels.mask(given, g), torch.where(given, g, 0.0)
        assert found.dtype == g.dtype
        torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)
        assert torch.equal(torch.signbit(found), torch.signbit(expected))
    torch.testing.assert_close(g, before, rtol=0, atol=0, equal_nan=True)


def test_mask_leaves_what_torch_records_to_the_definition():
    g, condition = torch.ones(3, requires_grad=True), torch.tensor([True, False, True])
    assert kernels.mask(condition, g) is NotImplemented
    mask_(condition, g).sum().backward()
    assert g.grad.tolist() == [1.0, 0.0, 1.0]
    rows = torch.vmap(lambda c: mask_(c, torch.ones(3)))(condition.expand(2, 3))
    assert rows.tolist() == [[1.0, 0.0, 1.0]] * 2


@pytest.mark.parametrize(("condition", "g"), [((1,), (3,)), ((3,), (2, 3))])
def test_mask_leaves_broadcasting_to_the_definition(condition, g):
    condition, g = torch.ones(condition, dtype=torch.bool), torch.ones(g)
    assert kernels.mask(condition, g) is NotImplemented
    assert torch.equal(mask_(condition, g), g)
