"""What tests of the models begin with."""

import numpy as np
import pytest

import backend as K


@pytest.fixture(autouse=True)
def seeded():
    """The same weights, data and names in every run."""
    np.random.seed(0)
    K.reset_uids()
