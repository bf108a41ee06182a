"""Keras 3 on K: to import this before Keras makes K its backend, unless KERAS_BACKEND names one."""

import os as _os

from .door import NAME, installed, open_door

__all__ = ["NAME", "installed", "open_door"]

_os.environ.setdefault("KERAS_BACKEND", NAME)
open_door()
