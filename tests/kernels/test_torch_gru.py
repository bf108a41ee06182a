"""torch's GRU where a GPU fuses it, on the CPU: its values, and its gradients in our layout of the weights."""

import pytest

torch = pytest.importorskip("torch")
gated = pytest.importorskip("backend.kernels.torch.gru")


@pytest.mark.parametrize("last", [False, True])
def test_the_way_of_a_gpu_equals_the_definition(last, monkeypatch):
    from backend.ops.gru import gru_sequence, gru_sequence_gradient

    monkeypatch.setattr(gated, "_is_fused", lambda x: True)
    sizes = [(3, 5, 2), (2, 12), (4, 12), (12,), (12,), (3, 4)]
    given, how = [torch.randn(s, dtype=torch.float64) for s in sizes], {"reset_after": True}
    every, h, *kept = gated.gru_sequence(*given, **how, residuals=True)
    expected = gru_sequence.definition(*given, **how)
    torch.testing.assert_close((every, h), tuple(expected))
    g = (None, h) if last else (every, None)
    for wanted in ((0, 1, 2, 3, 4, 5), (2,), (5, 0)):
        found = gated.gru_sequence_gradient(*g, *given, every, *kept, **how, wanted=wanted)
        again = gru_sequence_gradient.definition(*g, *given, every, None, None, **how, wanted=wanted)
        torch.testing.assert_close(found, tuple(again))
