"""The way into Keras 3, which has no door for backends: a finder that gives it our modules for its NumPy backend's."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["GATES", "NAME", "REPLACED", "Door", "installed", "open_door"]

NAME = "array_api"  # what KERAS_BACKEND says, and `keras.config.backend()`
REPLACED = "keras.src.backend.numpy"  # the package whose place ours takes
CONFIG = "keras.src.backend.config"
DYNAMIC = "keras.src.utils.backend_utils"  # its DynamicBackend gives None for a name it does not know
CROSSING = "keras.src.layers.preprocessing.hashed_crossing"  # arrays of text are no tensors, those of integers are
_FOLDER = Path(__file__).parent

# The modules of Keras that choose by the backend's name and stop at one they do not know, and what they import for
# the name "numpy": the module and the name in it.
GATES = {
    "keras.src.backend": ("keras.src.backend.numpy.core", "Variable"),
    "keras.src.layers.layer": ("keras.src.backend.numpy.layer", "NumpyLayer"),
    "keras.src.models.model": ("keras.src.backend.numpy.trainer", "NumpyTrainer"),
    "keras.src.export.saved_model": ("keras.src.backend.numpy.export", "NumpyExportArchive"),
}


class Door(importlib.abc.MetaPathFinder):
    """Finds our package where Keras asks for its NumPy backend, and has the gates let our name pass.

    While one of the gates runs, the name is "numpy", which all four of them know; everywhere else it is ours. Nothing
    happens while Keras has another backend. Keras may be imported more than once: `keras.config.set_backend` does so.
    """

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """The spec of our package, that of a gate with its window, or None: others find the module."""
        if fullname == REPLACED:
            return _own() if _windows(sys.modules.get(CONFIG)) else None
        if fullname not in GATES and fullname not in _AFTER:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            _wrap(spec.loader, _AFTER.get(fullname))
        return spec


def open_door() -> None:
    """Put the finder where Python looks first; once."""
    if not installed():
        sys.meta_path.insert(0, Door())


def installed() -> bool:
    """Whether the finder is in place."""
    return any(type(finder).__qualname__ == "Door" and type(finder).__module__ == __name__ for finder in sys.meta_path)


def _own() -> Any:
    return importlib.util.spec_from_file_location(
        REPLACED, _FOLDER / "package.py", submodule_search_locations=[str(_FOLDER)]
    )


def _wrap(loader: Any, after: Callable[[Any], None] | None) -> None:
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        if after is None:
            with _window():
                run(module)
            if module.__name__ == "keras.src.backend" and module.config._BACKEND == NAME:  # noqa: SLF001
                module.distribution_lib = importlib.import_module(f"{REPLACED}.distribution_lib")
        else:
            run(module)
            after(module)

    loader.exec_module = exec_module


def _windows(config: Any) -> int:
    """How many windows are open: gates import each other."""
    return getattr(config, "_array_api_windows", 0)


@contextlib.contextmanager
def _window() -> Iterator[None]:
    """The time in which Keras takes our name for "numpy"; none, where another backend is chosen."""
    config: Any = importlib.import_module(CONFIG)
    if config._BACKEND != NAME and not _windows(config):  # noqa: SLF001 - Keras has no other place for the name
        yield
        return
    config._array_api_windows = _windows(config) + 1  # noqa: SLF001 - goes with the module when Keras is loaded anew
    config._BACKEND = "numpy"  # noqa: SLF001
    try:
        yield
    finally:
        config._array_api_windows -= 1  # noqa: SLF001
        if not _windows(config):
            config._BACKEND = NAME  # noqa: SLF001


def _dynamic(module: Any) -> None:
    """Have Keras's DynamicBackend, on which the preprocessing layers rest, know our name as well."""
    chosen, found = module.DynamicBackend.set_backend, module.DynamicBackend.__getattr__

    def set_backend(self: Any, backend: str) -> None:
        if backend == NAME and module.backend_module.backend() == NAME:
            self._backend = backend
        else:
            chosen(self, backend)

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807 - Python's hook
        if self.__dict__.get("_backend") == NAME:
            if name == "convert_to_tensor":  # these layers change in place what it gives them: `images += delta`
                return sys.modules[f"{REPLACED}.tensors"].convert_to_own_tensor
            return getattr(module.backend_module, name)
        return found(self, name)

    module.DynamicBackend.set_backend, module.DynamicBackend.__getattr__ = set_backend, __getattr__


def _crossing(module: Any) -> None:
    """Have HashedCrossing take text beside integers: Keras takes no mixture of tensors and others in one argument.

    All of them go to TensorFlow before Keras looks, as they do in the layer's `call`.
    """
    called = module.HashedCrossing.__call__

    def __call__(self: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - Python's hook
        own = sys.modules.get(f"{REPLACED}.tensors")
        if own is not None and isinstance(inputs, (list, tuple)) and any(map(own.is_text, inputs)):
            arrays = [own.convert_to_numpy(x) if own.is_tensor(x) else x for x in inputs]
            inputs = list(map(module.tf_utils.ensure_tensor, arrays))
        return called(self, inputs, *args, **kwargs)

    module.HashedCrossing.__call__ = __call__


_AFTER = {DYNAMIC: _dynamic, CROSSING: _crossing}  # what is changed in modules of Keras once they have run
