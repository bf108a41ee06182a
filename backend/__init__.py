"""The classic Keras backend API on any array library: `import backend as K`."""

import os as _os
import sys as _sys
import typing as _typing

if "keras.backend.common" in _sys.modules or _os.environ.get("KERAS_BACKEND") == __name__:
    from .compat import keras as _keras_compat  # noqa: F401 - first of all: it says what is missing, where Keras would not
if _os.environ.get("KERAS_BACKEND") == "array_api":
    from .compat import keras3 as _keras3  # noqa: F401 - Keras 3, imported later, finds K as its backend

from .api import contents as _contents
from .api.chunked_gradients import *  # noqa: F403
from .api.creation import *  # noqa: F403
from .api.derivatives import *  # noqa: F403
from .api.export import *  # noqa: F403
from .api.function import *  # noqa: F403
from .api.grad import *  # noqa: F403
from .api.inspection import *  # noqa: F403
from .api.learning_phase import *  # noqa: F403
from .api.naming import *  # noqa: F403
from .api.places import *  # noqa: F403
from .api.plot import *  # noqa: F403
from .api.random import *  # noqa: F403
from .api.random_arrays import *  # noqa: F403
from .api.random_distributions import *  # noqa: F403
from .api.session import *  # noqa: F403
from .api.standard import *  # noqa: F403
from .api.variables import *  # noqa: F403
from .arrays.backends import *  # noqa: F403
from .autodiff.backward import gradients as gradients
from .compat.legacy_names import numpy_backend as numpy_backend
from .compat.legacy_names import tensorflow_backend as tensorflow_backend
from .compat.legacy_names import theano_backend as theano_backend
from .compiler.adaptive import set_jit as set_jit
from .compiler.tiling import set_blocking as set_blocking
from .config import *  # noqa: F403
from .control.branch import *  # noqa: F403
from .control.checkpoint import *  # noqa: F403
from .control.custom import *  # noqa: F403
from .control.loop import *  # noqa: F403
from .control.prefixes import *  # noqa: F403
from .control.while_ import *  # noqa: F403
from .graph.tensor import Placeholder as Placeholder
from .graph.tensor import Tensor as Tensor
from .kernels.lookup import kernels_enabled as kernels_enabled
from .kernels.lookup import set_kernels as set_kernels
from .ops.activations import *  # noqa: F403
from .ops.attention import *  # noqa: F403
from .ops.bessel import *  # noqa: F403
from .ops.comparison import *  # noqa: F403
from .ops.control_flow import *  # noqa: F403
from .ops.convolution import *  # noqa: F403
from .ops.counting import *  # noqa: F403
from .ops.creation import *  # noqa: F403
from .ops.ctc import *  # noqa: F403
from .ops.debugging import *  # noqa: F403
from .ops.decompositions import *  # noqa: F403
from .ops.einsum import *  # noqa: F403
from .ops.elementwise import *  # noqa: F403
from .ops.equations import *  # noqa: F403
from .ops.grouped_convolution import *  # noqa: F403
from .ops.gru import *  # noqa: F403
from .ops.integers import *  # noqa: F403
from .ops.interpolation import *  # noqa: F403
from .ops.linalg import *  # noqa: F403
from .ops.local_convolution import *  # noqa: F403
from .ops.losses import *  # noqa: F403
from .ops.lstm import *  # noqa: F403
from .ops.manipulation import *  # noqa: F403
from .ops.matrices import *  # noqa: F403
from .ops.missing_values import *  # noqa: F403
from .ops.normalization import *  # noqa: F403
from .ops.norms import *  # noqa: F403
from .ops.pooling import *  # noqa: F403
from .ops.rearrangement import *  # noqa: F403
from .ops.recurrent import *  # noqa: F403
from .ops.reductions import *  # noqa: F403
from .ops.resizing import *  # noqa: F403
from .ops.rng.binomial import *  # noqa: F403
from .ops.rng.sampling import *  # noqa: F403
from .ops.rounding import *  # noqa: F403
from .ops.sampling import *  # noqa: F403
from .ops.scattering import *  # noqa: F403
from .ops.segments import *  # noqa: F403
from .ops.selection import *  # noqa: F403
from .ops.sorting import *  # noqa: F403
from .ops.sparse import *  # noqa: F403
from .ops.special import *  # noqa: F403
from .ops.statistics import *  # noqa: F403
from .ops.triangular import *  # noqa: F403

__version__ = "0.1.0"

if _typing.TYPE_CHECKING:
    from . import models as models
    from . import optimizers as optimizers
else:  # hidden from type checkers, to which any name would be one of K's otherwise

    def __getattr__(name: str) -> object:
        """`K.optimizers` and `K.models`, loaded at first use; Keras's optimizers where Keras runs on us."""
        if name in _contents.MODULES:
            import importlib

            compat = _sys.modules.get(f"{__name__}.compat.keras")
            if name == "optimizers" and compat is not None and compat.runs_on_us():
                return importlib.import_module("keras.optimizers")
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """The public names."""
        return __all__

    __all__ = _contents.public_names(globals())
    __doc__ = f"{__doc__}\n\n{_contents.table_of_contents(globals())}"
