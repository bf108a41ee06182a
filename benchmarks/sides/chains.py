"""Two elementwise chains, written for each library as its users write them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..peers import peer

__all__ = ["CHAINS", "data", "formula", "ours", "side"]

CHAINS = ("gelu", "leaky relu, scale, bias")
ROOT = (2 / np.pi) ** 0.5  # a Python float, so that float32 stays float32
SLOPE, SCALE, BIAS = 0.1, 1.7, 0.3

Call = Callable[[], Any]


def data(size: int) -> np.ndarray:
    """Numbers around 0, float32."""
    return np.random.default_rng(0).normal(size=size).astype("float32")


def gelu(xp: Any, x: Any) -> Any:
    """The tanh form of Hendrycks, Gimpel, 2016."""
    return 0.5 * x * (1 + xp.tanh(float(ROOT) * (x + 0.044715 * x * x * x)))


def leaky(xp: Any, x: Any) -> Any:
    """max(x, slope * x) for a slope below 1, scaled and shifted."""
    return xp.maximum(x, SLOPE * x) * SCALE + BIAS


def formula(chain: str) -> Callable[[Any, Any], Any]:
    """A chain for any library with `tanh` and `maximum`."""
    return gelu if chain == CHAINS[0] else leaky


def ours(chain: str, size: int, library: str, jit: bool = False) -> Call:
    """K: recorded on a placeholder, compiled, run on arrays of the library."""
    import backend as K

    peer(library.partition(":")[0])
    with K.use_backend(library):
        x = K.placeholder((None,), name="x")
        f = K.function([x], [formula(chain)(K, x)], jit=jit)
        value = K.variable(data(size)).array
    return lambda: f([value])[0]


def numpy(chain: str, size: int) -> Call:
    """The formula."""
    f, x = formula(chain), data(size)
    return lambda: f(np, x)


def numpy_out(chain: str, size: int) -> Call:
    """One new array for the result and at most one more; everything else in place."""
    x = data(size)

    def gelu_in_place() -> Any:
        y = x * x
        y *= x
        y *= 0.044715
        y += x
        y *= float(ROOT)
        np.tanh(y, out=y)
        y += 1
        y *= 0.5
        y *= x
        return y

    def leaky_in_place() -> Any:
        y = SLOPE * x
        np.maximum(x, y, out=y)
        y *= SCALE
        y += BIAS
        return y

    return gelu_in_place if chain == CHAINS[0] else leaky_in_place


def numexpr(chain: str, size: int) -> Call:
    """One expression, evaluated in blocks by a virtual machine."""
    ne, x = peer("numexpr"), data(size)
    constants = {"half": 0.5, "one": 1.0, "root": ROOT, "cubic": 0.044715, "slope": SLOPE, "scale": SCALE, "bias": BIAS}
    local = {"x": x, **{name: np.float32(value) for name, value in constants.items()}}
    text = (
        "half * x * (one + tanh(root * (x + cubic * x * x * x)))"
        if chain == CHAINS[0]
        else "where(x > slope * x, x, slope * x) * scale + bias"
    )
    return lambda: ne.evaluate(text, local_dict=local)


def torch(chain: str, size: int) -> Call:
    """Eager."""
    library, f = peer("torch"), formula(chain)
    x = library.from_numpy(data(size))
    return lambda: f(library, x)


def torch_compiled(chain: str, size: int) -> Call:
    """torch.compile, for this size."""
    library, f = peer("torch"), formula(chain)
    x, compiled = library.from_numpy(data(size)), library.compile(lambda x: f(library, x), dynamic=False)
    return lambda: compiled(x)


def jax(chain: str, size: int) -> Call:
    """jax.jit."""
    library, f = peer("jax"), formula(chain)
    x, compiled = library.numpy.asarray(data(size)), library.jit(lambda x: f(library.numpy, x))
    return lambda: library.block_until_ready(compiled(x))


def keras(chain: str, size: int) -> Call:
    """keras.ops of the backend that KERAS_BACKEND names, in a worker."""
    import keras as library

    if library.backend.backend() == "torch":
        peer("torch")
    f, x = formula(chain), library.ops.convert_to_tensor(data(size))
    return lambda: f(library.ops, x)


def side(library: str, chain: str, size: int) -> Call:
    """A library's chain, by the name of its function above."""
    return getattr(sys.modules[__name__], library)(chain, size)
