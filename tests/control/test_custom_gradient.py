"""Functions whose gradient is given beside their value: eager and compiled, of both orders, on every library."""

import numpy as np
import pytest

import backend as K

X = np.asarray([-1.0, 0.0, 2.0])


@K.custom_gradient
def log1pexp(x):
    e = K.exp(x)
    return K.log(1.0 + e), lambda upstream: upstream * (1.0 - 1.0 / (1.0 + e))


@K.custom_gradient
def doubled(x, y):
    """Of two results only the first one has a gradient, twice the true one, with respect to x."""
    return {"product": x * y, "sum": [x + y]}, lambda product, total: (2.0 * product * y, None)


def total(x):
    return K.sum(log1pexp(x))


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_values_and_gradients_of_both_orders(library):
    pytest.importorskip(library)
    sigmoid = 1 / (1 + np.exp(-X))
    with K.use_backend(library):
        x = K.get_backend().asarray(X)
        found = [log1pexp(x), K.grad(total)(x), K.grad(lambda x: K.sum(K.grad(total)(x)))(x)]
        p = K.placeholder((3,), dtype="float64")
        (first,) = K.gradients(total(p), [p])
        compiled = K.function([p], [log1pexp(p), first, *K.gradients(K.sum(first), [p])])([X])
    for values in (found, compiled):
        for value, expected in zip(values, (np.log1p(np.exp(X)), sigmoid, sigmoid * (1 - sigmoid)), strict=True):
            np.testing.assert_allclose(np.asarray(value), expected, rtol=1e-14)


def test_nests_and_arguments_without_a_gradient():
    p, q = K.placeholder((3,)), K.placeholder((3,))
    found = doubled(p, q)
    both = K.sum(found["product"]) + K.sum(found["sum"][0])
    assert K.gradients(both, [q]) == [None]
    (d,) = K.gradients(both, [p])
    assert K.eval(d, {p: X, q: X + 1}).tolist() == (2 * (X + 1)).tolist()


def test_within_a_loop():
    p = K.placeholder((3,), dtype="float64")
    last, _ = K.scan(lambda c, _: (log1pexp(c), ()), p, None, length=2)
    (d,) = K.gradients(K.sum(last), [p])
    once = np.log1p(np.exp(X))
    np.testing.assert_allclose(K.eval(d, {p: X}), 1 / (1 + np.exp(-X)) / (1 + np.exp(-once)), rtol=1e-14)


@pytest.mark.parametrize(
    ("rule", "message"),
    [(lambda g: g[0], r"gives shape \(\) for an argument of shape \(3,\)"), (lambda g: (), "gives 0, expected 1: one")],
)
def test_wrong_gradients(rule, message):
    f = K.custom_gradient(lambda x: (x * 1.0, rule))
    with pytest.raises(ValueError, match=f"custom_gradient: the function of the gradient {message}"):
        K.grad(lambda x: K.sum(f(x)))(X)


def test_wrong_functions():
    with pytest.raises(TypeError, match="custom_gradient: f is 3, expected a function"):
        K.custom_gradient(3)
    with pytest.raises(TypeError, match="expected a pair"):
        K.custom_gradient(lambda x: x)(X)
