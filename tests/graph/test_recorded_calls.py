"""A recorded call, compiled and run, gives what the call itself gives, for every function and on unknown sizes, too."""

from __future__ import annotations

import array_api_compat.numpy as numpy
import array_api_strict as strict
import numpy as np
import pytest
from shape_calls import CALLS, several, values

from backend.api.function import function
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder

N = 5


def fast_path(call):
    """What array_api_strict gives; NumPy for indices the standard leaves open, and isin (strict ignores invert)."""
    library = numpy if call.name in ("getitem", "isin") else strict
    with np.errstate(all="ignore"):
        return [np.asarray(x) for x in several(call.call(library, *values(call.inputs, N, library)))]


def compiled(call, n, library):
    """The call recorded with the size n, None for unknown, and run on arrays of a library."""
    inputs = [Placeholder([n if size == "n" else size for size in shape], dtype) for shape, dtype in call.inputs]
    run = function(inputs, several(call.call(xp, *inputs)))
    return [np.asarray(x) for x in run(values(call.inputs, N, library))]


@pytest.mark.parametrize("library", [numpy, strict], ids=["numpy", "strict"])
@pytest.mark.parametrize("n", [N, None], ids=["known", "unknown"])
@pytest.mark.parametrize("call", CALLS, ids=[f"{number}-{call.name}" for number, call in enumerate(CALLS)])
def test_recorded_calls_compute_the_same(call, n, library):
    found, expected = compiled(call, n, library), fast_path(call)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        if call.name.startswith("empty"):
            assert not one.any()  # a graph has zeros there, the library anything
        else:
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6 if call.name.startswith("linalg") else 0)
