"""What tests of several files begin with."""

import pytest

import backend as K
from backend import config

config.change("verify", True)  # every pass of every program that a test compiles


@pytest.fixture(params=[True, False], ids=["kernel", "definition"])
def kernels(request):
    """With the libraries' own kernels, and without."""
    before = K.kernels_enabled()
    K.set_kernels(request.param)
    yield request.param
    K.set_kernels(before)
