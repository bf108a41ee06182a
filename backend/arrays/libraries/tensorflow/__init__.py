"""TensorFlow's namespace of the standard: functions of our own over its tensors, eager ones and those of a trace."""

from __future__ import annotations

import functools
import math
from typing import Any

import tensorflow as tf

from . import fft as fft
from . import linalg as linalg
from .creation import *  # noqa: F403
from .dtypes import *  # noqa: F403
from .dtypes import __array_namespace_info__ as __array_namespace_info__
from .elementwise import *  # noqa: F403
from .elementwise import bitwise_left_shift, bitwise_right_shift
from .indexing import *  # noqa: F403
from .loops import scan, while_loop
from .manipulation import *  # noqa: F403
from .products import *  # noqa: F403
from .products import matmul
from .reductions import *  # noqa: F403
from .sets import *  # noqa: F403
from .sorting import *  # noqa: F403
from .traced_sizes import TracedSize, traced_sizes

__array_api_version__ = "2025.12"
e, inf, nan, pi, newaxis = math.e, math.inf, math.nan, math.pi, None
_OUR_OWN = {"TracedSize", "annotations", "functools", "math", "tf", "creation", "dtypes", "elementwise", "indexing",
            "loops", "manipulation", "products", "reductions", "scan", "sets", "sorting", "traced_sizes",
            "while_loop"}  # fmt: skip


def __dir__() -> list[str]:
    return sorted(n for n in globals() if n not in _OUR_OWN and (not n.startswith("_") or n.startswith("__array_")))


__size__, __sizes__, __scan__, __while_loop__ = TracedSize, traced_sizes, scan, while_loop


def _reflected(function: Any) -> Any:
    return lambda self, other: function(other, self)


# Tensors have every operator of the standard but these two, which the random numbers need.
for _name, _function in (("lshift", bitwise_left_shift), ("rshift", bitwise_right_shift)):
    if not hasattr(tf.Tensor, f"__{_name}__"):
        setattr(tf.Tensor, f"__{_name}__", lambda self, other, f=_function: f(self, other))
        setattr(tf.Tensor, f"__r{_name}__", _reflected(_function))


def _with_vectors(product: Any) -> Any:
    """The operator @, which takes matrices alone in TensorFlow, for vectors too; K's compiled programs use it."""

    @functools.wraps(product)
    def run(self: Any, other: Any) -> Any:
        ranks = [getattr(getattr(x, "shape", None), "rank", None) for x in (self, other)]
        return matmul(self, other) if 1 in ranks and None not in ranks else product(self, other)

    run.takes_vectors = True  # type: ignore[attr-defined]
    return run


if not hasattr(tf.Tensor.__matmul__, "takes_vectors"):
    tf.Tensor.__matmul__ = _with_vectors(tf.Tensor.__matmul__)
