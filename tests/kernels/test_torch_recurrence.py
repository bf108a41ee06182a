"""torch's LSTM: with and without the workspace that its forward layer keeps."""

import pytest

torch = pytest.importorskip("torch")
recurrence = pytest.importorskip("backend.kernels.torch.recurrence")


def test_under_torch_compile_no_workspace_is_kept_and_the_gradient_is_the_same(monkeypatch):
    # Inductor of torch 2.13 fails on it: "expected Tensor() for op"
    x, kernel, recurrent, h, c = (torch.randn(s) for s in [(2, 5, 3), (3, 16), (4, 16), (2, 4), (2, 4)])
    found = []
    for compiling in (True, False):
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda compiling=compiling: compiling)
        every, _, _, gates, cells = recurrence.lstm_sequence(x, kernel, recurrent, None, h, c, residuals=True)
        assert (gates.numel() == 0) == compiling
        found.append(
            recurrence.lstm_sequence_gradient(
                every, None, None, x, kernel, recurrent, None, h, c, every, gates, cells, wanted=(0, 1, 2, 4, 5)
            )
        )
    for got, wanted in zip(*found, strict=True):
        torch.testing.assert_close(got, wanted)
