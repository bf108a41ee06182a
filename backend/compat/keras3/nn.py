"""The functions of `keras.ops.nn`, by chapter of the field."""

from .nn_activations import *  # noqa: F403
from .nn_attention import *  # noqa: F403
from .nn_ctc import *  # noqa: F403
from .nn_losses import *  # noqa: F403
from .nn_windows import *  # noqa: F403
