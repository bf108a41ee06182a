"""CTC: torch's loss, decoded labellings enumerated by hand, and refusals."""

import itertools

import numpy as np
import pytest

import backend as K

RNG = np.random.RandomState(0)
FRAMES = np.array([[[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1], [0.4, 0.4, 0.2]]], "float32")


def labellings(y):
    """Every labelling of one sample with its log-probability, best first."""
    logs = np.log(y + 1e-7)
    logs -= np.log(np.exp(logs).sum(-1, keepdims=True))
    found = {}
    for path in itertools.product(range(y.shape[1]), repeat=len(y)):
        label = tuple(s for i, s in enumerate(path) if s != y.shape[1] - 1 and (i == 0 or s != path[i - 1]))
        found[label] = np.logaddexp(found.get(label, -np.inf), sum(logs[t, s] for t, s in enumerate(path)))
    return sorted(found.items(), key=lambda item: -item[1])


def strings(paths, sample):
    return [tuple(int(v) for v in path[sample] if v >= 0) for path in paths]


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict"])
def test_cost_and_gradient_beside_torch(name):
    torch = pytest.importorskip("torch")
    batch, time, classes, width = 4, 9, 5, 3
    y, labels = RNG.rand(batch, time, classes), RNG.randint(0, classes - 1, (batch, width))
    frames, counts = np.array([[9], [7], [5], [6]]), np.array([[3], [2], [1], [0]])
    leaf = torch.tensor(y, requires_grad=True)
    logs = torch.log_softmax(torch.log(leaf + 1e-7), -1).transpose(0, 1)
    loss = torch.nn.functional.ctc_loss(
        logs,
        torch.tensor(labels),
        torch.tensor(frames[:, 0]),
        torch.tensor(counts[:, 0]),
        blank=classes - 1,
        reduction="none",
    )
    loss.sum().backward()
    with K.use_backend(name):
        x = K.placeholder((None, None, classes), dtype="float64")
        t, n, m = (K.placeholder((None, k), dtype="int32") for k in (None, 1, 1))
        cost = K.ctc_batch_cost(t, x, n, m)
        assert cost.shape == (None, 1)
        f = K.function([t, x, n, m], [cost, K.gradients(K.sum(cost), [x])[0]])
        padded = np.where(np.arange(width) < counts, labels, -1)  # labels past their length do not matter
        value, gradient = f([padded, y, frames, counts])
    np.testing.assert_allclose(value[:, 0], loss.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_what_does_not_fit_costs_infinity_with_a_finite_gradient():
    x = K.placeholder((1, None, 3))
    cost = K.ctc_batch_cost(np.array([[0, 0]]), x, np.array([[2]]), np.array([[2]]))
    value, gradient = K.function([x], [cost, K.gradients(K.sum(cost), [x])[0]])([np.full((1, 2, 3), 0.3)])
    assert value[0, 0] == np.inf and np.isfinite(gradient).all()


def test_greedy_fixture():
    paths, score = K.ctc_decode(FRAMES, np.array([5]))
    assert paths[0].tolist() == [[1, 1, 0]] and score[0, 0] == pytest.approx(1.80886, abs=1e-5)
    paths, score = K.ctc_decode(np.tile(FRAMES, (2, 1, 1)), np.array([2, 5]))
    assert paths[0].tolist() == [[1, -1, -1], [1, 1, 0]]
    nothing, _ = K.ctc_decode(np.array([[[0.1, 0.9]] * 3]), np.array([3]))
    assert nothing[0].shape == (1, 0)


@pytest.mark.parametrize(
    ("width", "top", "merge", "wanted"),
    [
        (100, 3, False, [((1, 1), -1.07963), ((1, 1, 0), -1.56945), ((1, 0, 1), -2.16213)]),
        (2, 2, False, [((1, 1), -1.19706), ((1, 1, 0), -1.69108)]),
        (1, 1, False, [((1, 1), -1.28562)]),
        (100, 1, True, [((1,), -1.07963)]),
    ],
)
def test_beam_fixtures(width, top, merge, wanted):
    paths, scores = K.ctc_decode(FRAMES, np.array([5]), False, width, top, merge)
    assert strings(paths, 0) == [label for label, _ in wanted]
    np.testing.assert_allclose(scores[0], [score for _, score in wanted], atol=1e-5)


@pytest.mark.parametrize("name", ["numpy", "torch", "array_api_strict"])
def test_a_wide_beam_finds_the_best_labellings(name):
    y, lengths = RNG.rand(3, 5, 4), np.array([5, 4, 5])
    with K.use_backend(name):
        x, n = K.placeholder((None, None, 4), dtype="float64"), K.placeholder((None,), dtype="int32")
        paths, scores = K.ctc_decode(x, n, greedy=False, beam_width=200, top_paths=5)
        *paths, scores = K.function([x, n], [*paths, scores])([y, lengths])
    for i, length in enumerate(lengths):
        best = labellings(y[i, :length])[:5]
        assert strings(paths, i) == [label for label, _ in best]
        np.testing.assert_allclose(scores[i], [score for _, score in best], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: K.ctc_batch_cost(np.zeros((1, 2)), FRAMES, np.array([5]), np.array([[2]])), "input_length"),
        (lambda: K.ctc_batch_cost(np.zeros((2, 2)), FRAMES, np.array([[5]]), np.array([[2]])), "2 samples"),
        (lambda: K.ctc_decode(FRAMES, np.array([[5]])), "input_length"),
        (lambda: K.ctc_decode(FRAMES[0], np.array([5])), "3 \\(batch, time, classes"),
        (lambda: K.ctc_decode(FRAMES, np.array([5]), False, 2, 3), "top_paths is 3"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
