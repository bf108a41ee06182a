"""torch's LSTM: as it is, without torch's recording, and as the operations that torch.compile takes."""

import pytest

torch = pytest.importorskip("torch")
recurrence = pytest.importorskip("backend.kernels.torch.recurrence")

GIVEN = [torch.randn(s) for s in [(2, 5, 3), (3, 16), (4, 16)]], [torch.randn(s) for s in [(2, 4), (2, 4)]]
WANTED = (0, 1, 2, 4, 5)


def trained(bias):
    """The results, and the gradients of x, the weights and the states."""
    (x, kernel, recurrent), (h, c) = GIVEN
    every, last, cell, gates, cells = recurrence.lstm_sequence(x, kernel, recurrent, bias, h, c, residuals=True)
    grads = recurrence.lstm_sequence_gradient(
        every, None, cell, x, kernel, recurrent, bias, h, c, every, gates, cells, wanted=WANTED
    )
    return every, last, cell, *grads


@pytest.mark.parametrize("bias", [None, torch.randn(16)])
def test_under_torch_compile_it_is_one_operation_each_way_with_the_same_results(bias):
    torch.compiler.reset()
    explained = torch._dynamo.explain(trained)(bias)
    assert explained.graph_count == 1
    called = [str(node.target) for node in explained.graphs[0].graph.nodes if "array_api_backend" in str(node.target)]
    assert called == ["array_api_backend.lstm", "array_api_backend.lstm_gradient"]
    compiled = torch.compile(trained, backend="aot_eager", fullgraph=True)(bias)  # the shapes it is told are those
    for got, wanted in zip(compiled, trained(bias), strict=True):
        torch.testing.assert_close(got, wanted)
        assert got.stride() == wanted.stride()


def test_without_recording_the_workspace_is_kept_as_well():
    with torch.no_grad():
        (x, kernel, recurrent), (h, c) = GIVEN
        kept = recurrence.lstm_sequence(x, kernel, recurrent, None, h, c, residuals=True)[3]
        assert kept.numel() > 0
        found = trained(None)
    for got, wanted in zip(found, trained(None), strict=True):
        torch.testing.assert_close(got, wanted)


def test_inference_gives_what_training_gives():
    (x, kernel, recurrent), (h, c) = GIVEN
    for got, wanted in zip(recurrence.lstm_sequence(x, kernel, recurrent, None, h, c), trained(None)[:3], strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("bias", [None, torch.randn(16)])
def test_inference_under_torch_compile_is_torchs_own_operation_with_the_same_results(bias):
    (x, kernel, recurrent), (h, c) = GIVEN

    def inferred(x):
        return recurrence.lstm_sequence(x, kernel, recurrent, bias, h, c)

    torch.compiler.reset()
    one = torch.randn(5, 1, 3).transpose(0, 1)  # a batch of one, whose strides torch and oneDNN may read in two ways
    for given in (x, one):
        h, c = h[: len(given)], c[: len(given)]
        compiled = torch.compile(inferred, backend="aot_eager", fullgraph=True, dynamic=False)(given)
        for got, wanted in zip(compiled, inferred(given), strict=True):
            torch.testing.assert_close(got, wanted)
            assert got.stride() == wanted.stride()
    (graph,) = torch._dynamo.explain(inferred)(x[:1]).graphs
    assert not any("array_api_backend" in str(node.target) for node in graph.graph.nodes)
