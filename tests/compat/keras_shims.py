"""A pytest plugin for Keras 2.3.1's own tests: what the test files themselves need on today's Python and NumPy.

Nothing here changes what Keras or the backend computes; `keras_suite.py` loads it with `-p keras_shims`.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pytest

import backend.compat.keras  # noqa: F401 - before keras

# NumPy dropped these; tests call `np.alltrue`, and Keras's NumPy reference, which only tests use, `np.int`.
for _name, _value in {"alltrue": np.all, "int": int}.items():
    if _name not in vars(np):
        setattr(np, _name, _value)

# test_model_saving.py opens files in memory without a mode, which meant 'a' before h5py 3.
_open = h5py.File.__init__
h5py.File.__init__ = lambda self, name, mode="a", *args, **options: _open(self, name, mode, *args, **options)

# pytest 8 refuses `pytest.warns(None)`, which recorded warnings without asking for any.
_warns = pytest.warns


@contextlib.contextmanager
def _recorded(expected: Any = None, *args: Any, **options: Any) -> Iterator[Any]:
    if expected is None:
        with warnings.catch_warnings(record=True) as record:
            warnings.simplefilter("always")
            yield record
    else:
        with _warns(expected, *args, **options) as record:
            yield record


pytest.warns = _recorded  # type: ignore[assignment]

import keras.backend  # noqa: E402 - patches first

K = importlib.import_module("backend")

# backend_test.py compares modules of Keras with each other; ours stands where TensorFlow's and Theano's stood.
for _name in ("tensorflow_backend", "theano_backend"):
    sys.modules[f"keras.backend.{_name}"] = getattr(K, _name)
    setattr(keras.backend, _name, getattr(K, _name))


def _in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Keras's reference with a stable sort: ties are decided by chance since NumPy sorts with vector instructions."""
    return np.any(targets.reshape(-1, 1) == np.argsort(-predictions, kind="stable")[:, :k], axis=-1)


importlib.import_module("keras.backend.numpy_backend").in_top_k = _in_top_k

# Tests that Keras leaves out unless the backend is called 'tensorflow', and that ask for nothing of TensorFlow's.
UNLOCKED = (
    "losses_test.py",
    "metrics_test.py",
    "metrics_confusion_matrix_test.py",
    "optimizers_test.py::test_no_grad",
    "backend_test.py::TestBackend::test_update",
    "backend_test.py::TestBackend::test_ctc_decode_greedy",
    "::test_ctc_decode_beam_search",
    "::test_ctc_decode_beam_search_no_merge",
)
TENSORFLOW_NAMED = "metrics_confusion_matrix_test.py"  # imports it for its version number alone


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    """While a file that imports TensorFlow for its version is read, there is a module of that name."""
    if not collector.nodeid.endswith(TENSORFLOW_NAMED) or "tensorflow" in sys.modules:
        return (yield)
    named = types.ModuleType("tensorflow")
    named.__version__ = "0"  # type: ignore[attr-defined]
    sys.modules["tensorflow"] = named
    try:
        return (yield)
    finally:
        del sys.modules["tensorflow"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the condition on the backend's name off the tests that do not need it."""
    for item in items:
        if any(name in item.nodeid for name in UNLOCKED):
            for node in item.listchain():
                node.own_markers = [
                    mark
                    for mark in node.own_markers
                    if mark.name not in ("skip", "skipif") or "TF 2" in mark.kwargs.get("reason", "")
                ]


@pytest.fixture(autouse=True)
def names_start_anew() -> Iterator[None]:
    """Keras's own conftest clears the session for TensorFlow alone; names and phase start anew here too."""
    yield
    K.clear_session()
