"""Keras 3 on K: `import backend.compat.keras3` before `import keras`, with KERAS_BACKEND=array_api, makes K its backend."""

from .door import NAME, installed, open_door

__all__ = ["NAME", "installed", "open_door"]

open_door()
