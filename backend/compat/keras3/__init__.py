"""Keras 3 on K: `import backend.compat.keras3` before `import keras` makes K its backend, unless KERAS_BACKEND says no."""

import os as _os

from .door import NAME, installed, open_door

__all__ = ["NAME", "installed", "open_door"]

_os.environ.setdefault("KERAS_BACKEND", NAME)
open_door()
