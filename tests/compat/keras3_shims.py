"""The pytest plugin under which Keras 3's tests run on this backend: what their conftest, which has no wheel, does."""

import sys
import types

import pytest

import backend.compat.keras3
from backend.compat.keras3 import door

assert backend.compat.keras3.installed()

MARKERS = (
    "requires_trainable_backend: needs a backend that trains, as this one does",
    "multi_device: needs several devices",
)
# The file stops at import for a name it does not know, and picks the class of the trainer by it.
ASKS_FOR_NAME = "trainers/trainer_test.py"


def batch_of_any_device(self, index):
    """What that file's dataset returns; its own looks the backend's name up in a table of devices."""
    from keras import ops

    return ops.ones((5, 4)), ops.zeros((5, 3))


def skip_if_backend(given, reason):
    """A mark that skips a test on the backend of that name."""
    return pytest.mark.skipif(given == door.NAME, reason=reason)


# Tests import it from their conftest.
conftest = types.ModuleType("conftest")
conftest.skip_if_backend = skip_if_backend
sys.modules.setdefault("conftest", conftest)


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Files that know backends by name are imported while ours passes for NumPy's."""
    if not isinstance(collector, pytest.Module) or not str(collector.path).endswith(ASKS_FOR_NAME):
        return (yield)
    with door._window():
        report = yield
    collector.obj.TestPyDataset.__getitem__ = batch_of_any_device
    return report


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("multi_device"):
            item.add_marker(pytest.mark.skip(reason="needs several devices"))


def pytest_unconfigure():
    """No test may have loaded another library's backend into this process."""
    assert sys.modules["keras.src.backend.config"]._BACKEND == door.NAME
