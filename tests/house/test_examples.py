"""The examples do what they say, on NumPy and on torch; the largest, handwritten digits, is shortened."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM = EXAMPLES / "digits.py"
LIBRARIES = ("numpy", "torch")


@pytest.fixture(scope="module")
def digits():
    spec = importlib.util.spec_from_file_location("digits", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["digits"]


def test_digits_split_is_fixed_and_proportional(digits):
    x, y, x_test, y_test = digits.load()
    assert x.shape == (1437, 8, 8, 1) and x_test.shape == (360, 8, 8, 1)
    assert np.ptp(y_test.sum(0)) <= 3 and set(y.sum(1)) == {1.0}
    assert all(np.array_equal(one, other) for one, other in zip(digits.load(), [x, y, x_test, y_test], strict=True))


def test_two_backends_learn_the_same(digits):
    pytest.importorskip("torch", reason="the second backend of this comparison is torch")
    data = digits.load()
    results = [digits.run(name, data, epochs=2, seed=0) for name in ("numpy", "torch")]
    for result in results:
        assert result.accuracy > 0.94
        assert result.losses.shape == (2, 44)
        assert result.losses[1].mean() < 0.3 < result.losses[0].mean()
    # one float32 rounding, 6e-8, at the first batch; training doubles a difference every few batches
    assert abs(results[0].losses[0, 0] - results[1].losses[0, 0]) < 1e-5
    assert digits.distance(*results)[0] < 0.03


def test_seeds_give_other_weights_and_batches(digits):
    data = digits.load()
    first = [digits.run("numpy", data, epochs=1, seed=seed).losses for seed in (0, 0, 1)]
    assert np.array_equal(first[0], first[1])
    assert not np.isclose(first[0], first[2]).any()


def test_program_trains_and_draws(digits, tmp_path, monkeypatch, capsys):
    picture = tmp_path / "digits.png"
    monkeypatch.setattr(
        sys, "argv", ["digits.py", "--epochs", "1", "--compare", "numpy", "array_api_strict", "--out", str(picture)]
    )
    digits.main()
    printed = capsys.readouterr().out
    assert "numpy: test accuracy 9" in printed and "array_api_strict: test accuracy 9" in printed
    # array_api_strict computes with NumPy, without its kernels and sums by BLAS: it rounds otherwise
    apart = re.search(r"loss curves at most (\S+) apart in the first epoch", printed)
    assert apart and float(apart[1]) < 0.03
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and picture.stat().st_size > 30_000


@pytest.fixture
def example(monkeypatch):
    """A function that imports an example by its name, and forgets it."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == EXAMPLES:
            del sys.modules[name]


@pytest.mark.parametrize("library", LIBRARIES)
def test_pca_clusters_and_logistic_regression(example, library):
    pytest.importorskip(library)
    decomposition = pytest.importorskip("sklearn.decomposition")
    program = example("classic_learning")
    found = program.main(library)
    assert found["irises"] > 0.85 and found["digits"] > 0.85
    pca = decomposition.PCA(2).fit(program.load_digits(return_X_y=True)[0])
    assert found["variance"] == pytest.approx(pca.explained_variance_ratio_.sum(), rel=1e-9)


@pytest.mark.parametrize("library", LIBRARIES)
def test_dice_focal_and_triplet_losses(example, library, capsys):
    pytest.importorskip(library)
    found = example("losses_and_saliency").main(library)
    assert 0.35 < found["cut"] < 0.46 and found["right"] > 0.95
    assert found["after"] < 0.1 < 0.5 < found["before"]
    picture = capsys.readouterr().out.splitlines()[-8:]
    assert {len(line) for line in picture} == {18} and "@" in "".join(picture)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_text_classifier_resumes_as_if_it_had_not_stopped(example, library):
    pytest.importorskip(library)
    whole, resumed, accuracy = example("text_classifier").main(library)
    assert resumed == whole and whole[-1] < 0.2 * whole[0]
    assert accuracy > 0.6


@pytest.mark.parametrize("library", LIBRARIES)
def test_newton_and_lbfgs_meet(example, library):
    pytest.importorskip(library)
    found = example("newton").main(library)
    assert found["newton"][0] == pytest.approx(found["lbfgs"][0], abs=1e-9)
    assert found["newton"][1] < 12 < found["lbfgs"][1] < 100


def test_the_digits_trained_on_numpy_run_in_onnx_runtime(example, tmp_path):
    for name in ("onnx", "ndonnx", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name}: pip install 'array-api-backend[onnx]'")
    accuracy, distance = example("digits_onnx").main(["--epochs", "2", "--file", str(tmp_path / "digits.onnx")])
    assert accuracy > 0.9 and distance < 1e-5


def test_the_planted_fault_of_a_namespace_is_found(example, capsys):
    pytest.importorskip("hypothesis", reason="the conformance tool draws examples with hypothesis")
    assert example("own_namespace").main() == ["logaddexp"]
    printed = capsys.readouterr().out
    assert "import own_namespace as xp" in printed and "exp        value    within" in printed
