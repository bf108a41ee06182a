"""The functions of `keras.ops.numpy`, by chapter of the field."""

from .numpy_comparison import *  # noqa: F403
from .numpy_creation import *  # noqa: F403
from .numpy_elementwise import *  # noqa: F403
from .numpy_products import *  # noqa: F403
from .numpy_reductions import *  # noqa: F403
from .numpy_selection import *  # noqa: F403
from .numpy_shapes import *  # noqa: F403
