"""Module names of Keras's own backends: `K.tensorflow_backend` and its siblings are aliases of K."""

from __future__ import annotations

import sys
import types
from typing import Any

from ..arrays.backends import active
from ..arrays.namespaces import describe

__all__ = ["module_of_tensorflow", "numpy_backend", "tensorflow_backend", "theano_backend"]

_PACKAGE = __name__.partition(".")[0]
_DOC = """K under the name of a backend of Keras's own: programs that import that one run unchanged.

References
----------
Keras 2.3.1, ``keras.backend.tensorflow_backend`` and its siblings.

Examples
--------
>>> K.tensorflow_backend.sum is K.sum
True
"""


class Alias(types.ModuleType):
    """A module whose attributes are those of K, at any time."""

    def __getattr__(self, name: str) -> Any:
        whole = sys.modules[_PACKAGE]
        if name == "tf" and self.__name__.endswith(".tensorflow_backend"):
            return module_of_tensorflow(f"module {self.__name__!r} has no attribute 'tf'")
        if name == "__all__":
            return [n for n in dir(whole) if not n.startswith("_")]
        if name.startswith("__"):  # attributes of real modules, such as __path__
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(whole, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(sys.modules[_PACKAGE])})

    @staticmethod
    def _is_tf_1() -> bool:
        """False: where TensorFlow is the backend, it is TensorFlow 2."""
        return False

    @staticmethod
    def _get_available_gpus() -> list[str]:
        """The active backend's GPUs, as its library names them."""
        devices = active().xp.__array_namespace_info__().devices()
        return [str(d) for d in devices if any(kind in str(d).lower() for kind in ("cuda", "gpu"))]


def module_of_tensorflow(otherwise: str) -> Any:
    """TensorFlow itself, where it is the active backend; else AttributeError."""
    if describe(active().xp) != "tensorflow":
        raise AttributeError(f"{otherwise}: the active backend is {active().name!r}, not TensorFlow")
    return sys.modules["tensorflow"]


def _alias(name: str) -> Alias:
    """An alias that `import backend.NAME` also finds."""
    full = f"{_PACKAGE}.{name}"
    made = sys.modules[full] = Alias(full, _DOC)
    return made


numpy_backend = _alias("numpy_backend")
tensorflow_backend = _alias("tensorflow_backend")
theano_backend = _alias("theano_backend")
