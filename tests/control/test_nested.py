"""Loops and branches within one another: values, gradients and second gradients are those of torch.autograd."""

import numpy as np
import pytest

import backend as K
from backend.compiler.pipeline import NAMES

torch = pytest.importorskip("torch")


def rounds(v, r, limit=2):
    """A loop whose number of iterations depends on its values."""
    return K.while_loop(lambda v: K.sum(K.abs(v)) < 3.03, lambda v: v * 1.5 + r * 0.1, v, limit)


NESTS = {
    "a loop of as many rounds as its values need, in a scan": lambda x: K.scan(
        lambda h, r: (K.tanh(h + rounds(r, r)), h * 2.0), K.sum(x, axis=0) * 0.1, x
    )[0],
    "the same, as an output": lambda x: K.scan(
        lambda h, r: (K.sin(h) + r, rounds(h, r, 3)), K.sum(x, axis=0) * 0.1, x, reverse=True
    )[1],
    "a loop in a loop": lambda x: K.while_loop(
        lambda v: K.sum(K.abs(v)) < 20.0, lambda v: rounds(v, x, 3) * 1.1 + x, x * 0.1, 4
    ),
    "branches in branches in a loop": lambda x: K.while_loop(
        lambda v: K.sum(K.abs(v)) < 15.0,
        lambda v: (
            K.cond(K.sum(-v) > 0.1, lambda: K.cond(K.sum(v) > 0.2, lambda: x, lambda: K.sin(x)), lambda: v + x * 0.1)
            * 1.2
        ),
        x,
        3,
    ),
    "a branch in a loop in a scan": lambda x: K.scan(
        lambda h, r: (
            K.while_loop(
                lambda v: K.sum(K.abs(v)) < 3.03,
                lambda v: v * 1.5 + K.cond(K.sum(h) > 0.04, lambda: K.sin(r), lambda: r) * 0.1,
                h,
                2,
            ),
            (),
        ),
        K.max(x, axis=0),
        x,
    )[0],
    "a scan in a scan": lambda x: K.scan(
        lambda h, r: (K.tanh(h + r), K.scan(lambda p, q: (K.sin(p + q), p * q * K.sum(h)), K.sum(r) * 0.1, r)[1]),
        K.sum(x, axis=0),
        x,
    )[1],
    "branches in branches": lambda x: K.cond(
        K.sum(x) > 0.1,
        lambda: K.cond(K.mean(x) > 0.3, lambda: K.sigmoid(x), lambda: x[:1] * x),
        lambda: K.cond(K.sum(x[0]) > 0.0, lambda: K.where(x > 0.1, x, x * 2.0), lambda: K.sin(x)),
    ),
}


def derivatives(y, x, total, gradients):
    """The value, the gradient of a loss, and the gradient of a function of that gradient."""
    first = gradients(total(y), x)
    return y, first, gradients(total(first), x)


@pytest.mark.parametrize("name", NESTS)
@pytest.mark.parametrize("shape", [(None, 2), (3, 2)])
def test_derivatives_of_first_and_second_order(name, shape):
    x = K.placeholder(shape, dtype="float64")
    found = derivatives(NESTS[name](x), x, lambda y: K.sum(K.sin(y)), lambda y, x: K.gradients(y, [x])[0])
    some = (None, (), [name for name in NAMES if name != "motion"])
    compiled = [K.function([x], list(found), passes=passes) for passes in some]
    rng = np.random.default_rng(0)
    for scale in (0.1, 0.5, 1.0, 2.0, -1.0):
        value = rng.normal(size=(3, 2)) * scale + 0.2 * scale
        leaf = torch.tensor(value, requires_grad=True)
        expected = derivatives(
            NESTS[name](leaf),
            leaf,
            lambda y: torch.sum(torch.sin(y)),
            lambda y, x: torch.autograd.grad(y, x, create_graph=True)[0],
        )
        for f in compiled:
            for a, b in zip(f([value]), expected, strict=True):
                np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-9, atol=1e-11)


def test_a_step_that_changes_a_shape_unknown_until_it_runs():
    x, y = K.placeholder((None, None)), K.placeholder((None, None))
    looped = K.function([x, y], [K.while_loop(lambda v: K.sum(v) < 99.0, lambda v: v + y, x, 3)])
    scanned = K.function([x, y], [K.scan(lambda h, r: (K.tanh(h + r), ()), x, y[:, None])[0]])
    assert looped([np.ones((2, 1)), np.ones((2, 1))])[0].shape == (2, 1)
    assert scanned([np.ones((2, 3)), np.ones((2, 3))])[0].shape == (2, 3)
    with pytest.raises(ValueError, match=r"while_loop: the body turns a carry of shape \(2, 1\) into shape \(2, 3\)"):
        looped([np.ones((2, 1)), np.ones((2, 3))])
    with pytest.raises(ValueError, match=r"scan: the step turns a carry of shape \(2, 1\) into shape \(2, 3\)"):
        scanned([np.ones((2, 1)), np.ones((2, 3))])
