"""The functions of `keras.ops.image`, by chapter of the field, and the tables that Keras reads."""

from .image_colors import *  # noqa: F403
from .image_resampling import *  # noqa: F403
from .image_transforms import *  # noqa: F403
