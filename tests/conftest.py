"""What tests of several files begin with."""

import importlib.util
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import backend as K
from backend import config

config.change("verify", True)  # every pass of every program that a test compiles


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Idle workers take over the tests of busy ones: without, one core is idle for a fifth of the time."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "worksteal"


@pytest.fixture(params=[True, False], ids=["kernel", "definition"])
def kernels(request):
    """With the libraries' own kernels, and without."""
    before = K.kernels_enabled()
    K.set_kernels(request.param)
    yield request.param
    K.set_kernels(before)


OPTIONAL = ("torch", "jax", "dask", "cupy")


def _lacks_a_library(error: ImportError) -> bool:
    """Whether a test chose a library that is not installed. A missing import within `backend` is a failure."""
    if not any(name in str(error) and importlib.util.find_spec(name) is None for name in OPTIONAL):
        return False
    by_the_test = traceback.extract_tb(error.__traceback__)[-1].filename.startswith(str(Path(__file__).parent))
    return by_the_test or "needs the package" in str(error)  # the second is the selector's answer to a name


def _skipping() -> Generator[None, Any, Any]:
    try:
        return (yield)
    except ImportError as error:
        if _lacks_a_library(error):
            pytest.skip(str(error))
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, Any, Any]:
    """Skip a test whose fixtures choose a library that is not installed; the reason names it."""
    return (yield from _skipping())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    """Skip a test that chooses a library that is not installed; the reason names it."""
    return (yield from _skipping())
