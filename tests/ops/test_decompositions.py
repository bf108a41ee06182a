"""Complex matrices, whose cases have no error analysis; what is refused when a function runs; larger matrices."""

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(3)
NAMESPACES = ["numpy", "torch", "array_api_strict", "jax"]


def native(name, x):
    return K.get_backend(name).asarray(x, x.dtype.name)


def normal(*shape):
    return (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)).astype("complex64")


COMPLEX = normal(2, 4, 3)
SQUARE = normal(3, 3)
SYMMETRIC = RNG.normal(size=(40, 40)).astype("float32")


def turned(x):
    return np.conj(np.swapaxes(x, -1, -2))


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5 * max(1, np.abs(want).max()))


@pytest.mark.parametrize("name", NAMESPACES)
def test_complex_decompositions_are_the_same_everywhere(name):
    u, s, vh = (np.asarray(z) for z in K.svd(native(name, COMPLEX), full_matrices=False))
    close((u * s[..., None, :]) @ vh, COMPLEX)
    q, r = (np.asarray(z) for z in K.qr(native(name, COMPLEX)))
    close(q @ r, COMPLEX)
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    assert np.all(diagonal.real > 0) and np.all(np.abs(diagonal.imag) < 1e-5)
    w, v = (np.asarray(z) for z in K.eigh(native(name, SQUARE)))
    close(v * w @ turned(v), (SQUARE + turned(SQUARE)) / 2)
    for found, reference in zip((u, s, vh, q, r, w, v), _on_numpy(), strict=True):
        close(found, reference)
    close(np.asarray(K.inv(native(name, SQUARE))) @ SQUARE, np.eye(3))
    close(np.asarray(K.norm(native(name, SQUARE))), np.linalg.norm(SQUARE))


def _on_numpy():
    return [*K.svd(COMPLEX, full_matrices=False), *K.qr(COMPLEX), *K.eigh(SQUARE)]


def test_the_gradient_of_a_fixed_phase_is_that_of_differences():
    x = K.placeholder((3, 3), dtype="complex128")
    u, _, vh = K.svd(x)
    xp = K.namespace(x)
    loss = xp.sum(xp.sin(xp.real(u) + 2 * xp.imag(u))) + xp.sum(xp.cos(xp.real(vh)))
    value, slope = K.function([x], [loss]), K.function([x], K.gradients(loss, [x]))
    at, way = SQUARE.astype("complex128"), normal(3, 3).astype("complex128")
    step = 1e-6
    difference = (value([at + step * way])[0] - value([at - step * way])[0]) / (2 * step)
    assert abs(np.sum(np.real(np.conj(slope([at])[0]) * way)) - difference) < 1e-6 * max(1, abs(difference))


@pytest.mark.parametrize("name", NAMESPACES)
def test_signs_of_large_matrices_are_the_same_everywhere(name):
    for found, wanted in zip(K.eigh(native(name, SYMMETRIC)), K.eigh(SYMMETRIC.astype("float64")), strict=True):
        np.testing.assert_allclose(np.asarray(found), wanted, atol=2e-3)


@pytest.mark.parametrize("name", NAMESPACES)
def test_what_cannot_be_solved_is_refused_on_every_library_and_when_a_function_runs(name):
    singular = np.array([[1, 2], [2, 4]], "float32")
    a, b = K.placeholder((None, 2)), K.placeholder((2,))
    with K.use_backend(name):
        for operation, given in (
            (lambda x: K.solve(x, b), singular),
            (K.inv, singular),
            (K.cholesky, -singular),
            (lambda x: K.svd(x)[0], singular * np.nan),
        ):
            f = K.function([a, b], [operation(a)])
            with pytest.raises(ValueError, match=r"^(solve|inv|cholesky|svd): "):
                f([native(name, given), native(name, np.ones(2, "float32"))])
