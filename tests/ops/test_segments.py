"""Products by segment: their derivatives of any order where elements are zero, infinite, NaN or left out."""

import numpy as np
import pytest

import backend as K

IDS = np.asarray([1, 0, 1, 1, 0, 2, -1, 0], np.int32)  # one is left out
DATA = {
    "no zeros": [2.0, 3.0, 0.5, 4.0, 1.5, 2.0, 7.0, 0.25],
    "a zero": [0.0, 3.0, 0.5, 4.0, 1.5, 0.0, 7.0, 0.25],
    "two and three zeros": [0.0, 0.0, 0.5, 0.0, 0.0, 2.0, 0.0, 0.0],
}


def plainly(x):
    """The products by id of a matrix that has ones for the elements of other ids."""
    member = K.variable(np.asarray([[i == segment for i in IDS] for segment in range(3)])).array
    return K.prod(K.where(member, K.expand_dims(x, 0), K.ones_like(x, dtype=x.dtype)), axis=1)


@pytest.mark.parametrize("backend", ["numpy", "torch", "array_api_strict"])
@pytest.mark.parametrize("values", DATA.values(), ids=DATA)
def test_second_derivatives_of_products_are_exact_at_zeros(backend, values):
    pytest.importorskip(backend)
    with K.use_backend(backend):
        x, ids = (K.variable(np.asarray(v), dtype=str(np.asarray(v).dtype)).array for v in (values, IDS))
        for outer in (lambda y: K.sum(y), lambda y: K.sum(y * y + y)):
            found = K.hessian(lambda x, outer=outer: outer(K.segment_prod(x, ids, 3)))(x)
            expected = K.hessian(lambda x, outer=outer: outer(plainly(x)))(x)
            np.testing.assert_allclose(K.eval(found), K.eval(expected), rtol=1e-12)


def test_third_derivatives_of_products_are_exact_at_zeros():
    x, ids = np.asarray([0.0, 2.0, 0.0]), np.asarray([0, 0, 0])
    third = K.grad(lambda x: K.sum(K.grad(lambda x: K.grad(lambda x: K.sum(K.segment_prod(x, ids, 1)))(x)[0])(x)))(x)
    np.testing.assert_allclose(third, [0, 1, 1])  # the gradient of x1 + x2


def test_the_gradient_of_a_product_of_complex_numbers_is_that_of_prod():
    x = np.asarray([1 + 2j, 3 - 1j, 0.5j])

    def length(product):
        return lambda x: K.sum(K.abs(product(x)))

    found = K.grad(length(lambda x: K.segment_prod(x, np.asarray([0, 0, 0]), 1)))(x)
    np.testing.assert_allclose(found, K.grad(length(lambda x: K.prod(x)))(x))


def test_the_gradient_of_an_overflowing_product_has_the_finite_products_of_others():
    x = np.asarray([1e200, 1e200, 1e-300])
    np.testing.assert_allclose(K.grad(lambda x: K.sum(K.segment_prod(x, np.asarray([0, 0, 0]), 1)))(x)[:2], 1e-100)
