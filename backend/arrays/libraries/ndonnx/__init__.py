"""ndonnx's namespace of the standard: lazy arrays that write an ONNX graph, with what ndonnx lacks or writes at length.

A size that is known only when the file runs is a 0-d int64 array here; the functions that take sizes take those, too.
Most functions are ndonnx's. Ours call one operator of ONNX where ndonnx 0.23 guards it with dozens (`matmul`, `max`),
and compute in another way where its results are wrong (`cumulative_prod`, `logaddexp`) or absent.
"""

from __future__ import annotations

import ndonnx

from . import linalg as linalg
from . import sizes

globals().update({name: getattr(ndonnx, name) for name in ndonnx.__all__})

from .elementwise import *  # noqa: E402, F403
from .files import *  # noqa: E402, F403
from .info import *  # noqa: E402, F403
from .loops import *  # noqa: E402, F403
from .precision import *  # noqa: E402, F403
from .reductions import *  # noqa: E402, F403
from .selection import *  # noqa: E402, F403
from .sizes import *  # noqa: E402, F403
from .values import *  # noqa: E402, F403

__writable__ = False  # assignment writes a ScatterND
__sizes__ = sizes.shape_of


def __dir__() -> list[str]:
    return sorted(name for name in globals() if not name.startswith("_"))
