"""Printed loops run by Python itself, since numba takes a second for each, beside the plain program."""

import math
import operator

import numpy as np

import backend as K
from backend.kernels.numba import loops, nests

__all__ = ["bodies", "both", "close", "interpret"]


def product(a, at_a, b, at_b, z, at_z, rows, depth, columns):
    """What the compiled function of this name writes."""
    x = a[at_a : at_a + rows * depth].reshape((rows, depth))
    y = b[at_b : at_b + depth * columns].reshape((depth, columns))
    z[at_z : at_z + rows * columns] = (x @ y).reshape(-1)


PYTHON = {
    **{name: getattr(np, name) for name in "exp expm1 log log1p tanh sqrt floor ceil rint trunc copysign".split()},
    **{name: getattr(math, name) for name in "sin cos tan sinh cosh atan".split()},
    **{name: getattr(np, name) for name in "float32 float64 int32 logaddexp".split()},
    "int64": int,
    "uint64": int,
    "bool": bool,
    "boolean": np.bool_,
    "inf": np.inf,
    "nan": np.nan,
    "largest": np.maximum,
    "smallest": np.minimum,
    "larger": np.maximum,
    "smaller": np.minimum,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "plus": operator.add,
    "product": product,
    "ordered": nests.SCOPE["ordered"].py_func,
    "solved": nests.SCOPE["solved"].py_func,
}


def interpret(monkeypatch):
    """Let Python run what numba would compile; the texts that it ran."""
    texts = []

    def run(text):
        texts.append(text)
        scope = dict(PYTHON)
        exec(text, scope)

        def quiet(*arguments):
            with np.errstate(all="ignore"):
                return scope["loops"](*arguments)

        return quiet

    monkeypatch.setattr(loops, "kernel", run)
    monkeypatch.setattr(nests, "kernel", lambda text: None)  # the loops over arrays are left to their bodies
    return texts


def both(inputs, outputs, values):
    """What a function gives with its loops compiled, and without; and its executable."""
    fast, plain = (K.function(inputs, outputs, jit=jit) for jit in (True, False))
    return fast(values), plain(values), fast.executable


def bodies(executable):
    """The bodies of a function's loops."""
    return [b for b in executable.nests.values() if isinstance(b, loops.CompiledBody)]


def close(inputs, outputs, values, loops_compiled=1, tolerance=2e-5):
    """Assert that a function gives the same with loops compiled, and that so many of them were."""
    found, wanted, executable = both(inputs, outputs, values)
    ran = [b for b in bodies(executable) if b.sources]
    assert len(ran) >= loops_compiled, [b.refused for b in bodies(executable)]
    for x, y in zip(found, wanted, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)
