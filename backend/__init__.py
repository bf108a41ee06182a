"""The classic Keras backend API on any array library: `import backend as K`."""

from .autodiff.gradients import gradients as gradients
from .composite import kernels_enabled as kernels_enabled
from .composite import set_kernels as set_kernels
from .config import *  # noqa: F403
from .differentiation import *  # noqa: F403
from .function import *  # noqa: F403
from .ops.branches import *  # noqa: F403
from .ops.recurrent import *  # noqa: F403
from .selector import *  # noqa: F403
from .symbolic.tensor import Placeholder as Placeholder
from .symbolic.tensor import Tensor as Tensor
from .variables import *  # noqa: F403

__version__ = "0.1.0"
