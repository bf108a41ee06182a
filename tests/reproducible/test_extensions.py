"""Linear algebra, transforms and complex numbers of the reproducible mode: near NumPy's, the same bits everywhere."""

import numpy as np
import pytest
from trainings import digest

import backend as K

SPECS = ["reproducible:numpy", "reproducible:torch", "reproducible:array_api_strict"]


@pytest.fixture(params=SPECS)
def on(request):
    with K.use_backend(request.param) as chosen:
        yield chosen


def matrices(dtype):
    rng = np.random.default_rng(0)  # sixteenths: their products and sums are exact on every machine
    square = (rng.integers(-40, 41, (3, 5, 5)) / 16).astype(dtype)
    symmetric = square @ np.swapaxes(square, -1, -2) + np.eye(5, dtype=dtype)
    return square, symmetric, (rng.integers(-40, 41, (7, 4)) / 16).astype(dtype)


def results(on, dtype):
    """What the functions give, by name."""
    xp, linalg, fft = on.xp, on.xp.linalg, on.xp.fft
    a, s, m = map(on.asarray, matrices(dtype))
    found = {
        "cholesky": linalg.cholesky(s),
        "det": linalg.det(a),
        "inv": linalg.inv(a),
        "solve": linalg.solve(a, a[:, :, :2]),
        "pinv": linalg.pinv(m),
        "svdvals": linalg.svdvals(m),
        "matrix_norm": linalg.matrix_norm(m),
        "matrix_power": linalg.matrix_power(a, 3),
        "trace": linalg.trace(a),
        "fft": fft.fft(xp.astype(m, xp.complex64 if dtype == "float32" else xp.complex128), axis=0),
        "rfft": fft.rfft(m, n=9, axis=0),
        "irfft": fft.irfft(fft.rfft(m, axis=0), n=7, axis=0),
        "irfftn": fft.irfftn(fft.rfftn(m)),
        "hfft": fft.hfft(fft.rfft(m, axis=0), axis=0),
        "ortho": fft.fftn(fft.rfft(m), norm="ortho"),
        "product": fft.rfft(m) * fft.rfft(m) / (fft.rfft(m) + 2.0),
        "abs": xp.abs(fft.rfft(m)),
    }
    for name in ("qr", "svd"):
        found |= {f"{name} {i}": x for i, x in enumerate(getattr(linalg, name)(m))}
    found |= {f"{name} {i}": x for name in ("eigh", "slogdet") for i, x in enumerate(getattr(linalg, name)(s))}
    return {name: np.asarray(x) for name, x in found.items()}


def wanted(dtype):
    """NumPy's results, of the inputs in float64."""
    a, s, m = (x.astype("float64") for x in matrices(dtype))
    f = np.fft.rfft(m)
    return {
        "cholesky": np.linalg.cholesky(s),
        "det": np.linalg.det(a),
        "inv": np.linalg.inv(a),
        "solve": np.linalg.solve(a, a[:, :, :2]),
        "pinv": np.linalg.pinv(m),
        "svdvals": np.linalg.svd(m)[1],
        "matrix_norm": np.linalg.norm(m),
        "matrix_power": a @ a @ a,
        "trace": np.trace(a, axis1=-2, axis2=-1),
        "fft": np.fft.fft(m, axis=0),
        "rfft": np.fft.rfft(m, n=9, axis=0),
        "irfft": m,
        "irfftn": m,
        "hfft": np.fft.hfft(np.fft.rfft(m, axis=0), axis=0),
        "ortho": np.fft.fftn(f, norm="ortho"),
        "product": f * f / (f + 2),
        "abs": np.abs(f),
        "qr 0": np.linalg.qr(m)[0],
        "qr 1": np.linalg.qr(m)[1],
        "svd 1": np.linalg.svd(m)[1],
        "eigh 0": np.linalg.eigh(s)[0],
        "slogdet 0": np.linalg.slogdet(s)[0],
        "slogdet 1": np.linalg.slogdet(s)[1],
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_are_near_numpys(on, dtype):
    found, eps = results(on, dtype), np.finfo(dtype).eps
    for name, value in wanted(dtype).items():
        rounds = (
            1e4 if dtype == "float64" or name in ("irfft", "irfftn", "hfft", "matrix_power", "product", "pinv") else 4
        )
        assert np.abs(found[name] - value).max() <= rounds * eps * np.abs(value).max(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factors_give_the_matrix_again(on, dtype):
    found, eps = results(on, dtype), 40 * np.finfo(dtype).eps
    _, s, m = matrices(dtype)
    u, values, vh = (found[f"svd {i}"] for i in range(3))
    assert np.abs((u[:, :4] * values) @ vh - m).max() < eps * np.abs(m).max()
    assert np.abs(u.T @ u - np.eye(7)).max() < eps and np.abs(vh @ vh.T - np.eye(4)).max() < eps
    w, v = found["eigh 0"], found["eigh 1"]
    assert np.abs(s @ v - v * w[:, None, :]).max() < eps * np.abs(s).max() and (np.diff(w) >= 0).all()


# Stored for good: fixed sequences of IEEE 754 operations give these everywhere.
GOLDEN = {
    "float32": "1b3263301c99a3c9",
    "float64": "de30b13a742b98db",
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_are_those_stored(on, dtype):
    assert digest(list(results(on, dtype).values()))[:16] == GOLDEN[dtype]


def test_degenerate_matrices(on):
    xp, linalg = on.xp, on.xp.linalg
    singular = on.asarray(np.ones((2, 2), "float32"))
    assert float(linalg.det(singular)) == 0.0
    assert not np.isfinite(np.asarray(linalg.inv(singular))).any()
    assert np.isnan(np.asarray(linalg.cholesky(-singular))[np.tril_indices(2)]).all()
    zeros = on.asarray(np.zeros((3, 2), "float32"))
    u, values, vh = map(np.asarray, linalg.svd(zeros))
    assert (values == 0).all() and (u @ u.T == np.eye(3)).all() and (vh @ vh.T == np.eye(2)).all()
    empty = on.asarray(np.zeros((0, 3, 3), "float32"))
    assert np.asarray(linalg.inv(empty)).shape == (0, 3, 3) and linalg.eigh(empty)[0].shape == (0, 3)
    assert float(xp.linalg.matrix_rank(singular)) == 1


def test_a_matrix_alone_has_the_bits_it_has_in_a_stack(on):
    a, s, _ = matrices("float32")
    for name, x in (("inv", a), ("cholesky", s), ("eigvalsh", s), ("svdvals", a)):
        function = getattr(on.xp.linalg, name)
        assert (np.asarray(function(on.asarray(x)))[1] == np.asarray(function(on.asarray(x[1])))).all()


GENERAL = {"float32": "106ac68cc221c34c", "float64": "bf42f2ca27c2b893"}


def general(seed, size):
    rng = np.random.default_rng(seed)
    return rng.integers(-40, 41, (size, size)) / 16.0


@pytest.mark.parametrize("dtype", GENERAL)
def test_eigenvalues_of_general_matrices(on, dtype):
    """Near NumPy's, vectors of length 1, pairs that are exact conjugates, and the bits stored for good."""
    eps, found = np.finfo(dtype).eps, []
    circle, jordan = np.roll(np.eye(6), 1, axis=0), np.diag(np.ones(3), 1)
    stack = np.stack([general(1, 4), general(2, 4)])
    for a in (*(general(n, n) for n in (1, 2, 3, 5, 12)), np.triu(general(7, 6)), circle, jordan, stack, stack[:0]):
        x = on.asarray(a.astype(dtype))
        w, v = map(np.asarray, on.xp.linalg.eig(x))
        assert w.dtype == v.dtype == np.result_type(dtype, np.complex64)
        assert (w == np.asarray(on.xp.linalg.eigvals(x))).all() and v.shape == a.shape
        size = np.abs(a).max(initial=1.0)
        assert np.abs(a @ v - v * w[..., None, :]).max(initial=0) < 40 * eps * size
        assert np.abs(np.sum(np.abs(v) ** 2, axis=-2) - 1).max(initial=0) < 8 * eps
        if a is not jordan:  # whose eigenvalues are as exact as the root of an ulp
            far = np.abs(w[..., None] - np.linalg.eigvals(a)[..., None, :]).min(axis=-1, initial=np.inf)
            assert far.max(initial=0) < 100 * eps * size
        for one in w.reshape(-1)[w.reshape(-1).imag != 0]:
            assert np.conj(one) in w
        found += [w.real, w.imag, v.real, v.imag]
    assert digest(found)[:16] == GENERAL[dtype]


def test_eigenvalues_of_what_has_none(on):
    spoiled = on.asarray(np.array([[1.0, np.nan], [0.0, 1.0]], "float32"))
    assert np.isnan(np.asarray(on.xp.linalg.eigvals(spoiled))).all()
    with pytest.raises(ValueError, match="eig: got shape"):
        on.xp.linalg.eig(on.asarray(np.ones((2, 3), "float32")))
    with pytest.raises(NotImplementedError, match="eigvals"):
        on.xp.linalg.eigvals(on.asarray(np.eye(2, dtype="complex64")))


def test_models_have_the_same_weights_everywhere():
    from backend import models

    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    found = set()
    for spec in SPECS:
        np.random.seed(3)  # seeds that are not given come from there
        with K.use_backend(spec):
            net = models.Sequential([models.Dense(8, activation="tanh"), models.Dense(1, activation="sigmoid")])
            net.compile("adam", "binary_crossentropy")
            net.fit(x, y, epochs=2, batch_size=16, verbose=0)
            found.add(digest([net.predict(x), *net.get_weights()]))
    assert len(found) == 1
