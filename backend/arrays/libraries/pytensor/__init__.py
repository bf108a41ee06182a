"""A namespace of the standard over PyTensor's variables: each function adds to PyTensor's graph.

A size that is known only when the graph runs is a 0-d int64 variable here; the functions that take sizes take those,
too. What PyTensor has no operation for is an operation of ours that calls NumPy, `NumPyCall`, without a gradient in
PyTensor; what depends on values in its shape is absent.
"""

from __future__ import annotations

from . import fft as fft
from . import linalg as linalg
from .creation import *  # noqa: F403
from .dtypes import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .linalg import matmul as matmul
from .linalg import matrix_transpose as matrix_transpose
from .linalg import tensordot as tensordot
from .linalg import vecdot as vecdot
from .manipulation import *  # noqa: F403
from .programs import Executor as Executor
from .programs import Loop as Loop
from .programs import function as function
from .reductions import *  # noqa: F403
from .variables import shape_of
from .variables import size_of as size_of
from .variables import specified as specified
from .variables import static_shape as static_shape
from .variables import value_of as value_of

__array_api_version__ = "2025.12"
__writable__ = False  # a graph has no assignment
__sizes__ = shape_of


def __dir__() -> list[str]:
    return sorted(name for name in globals() if not name.startswith("_"))
