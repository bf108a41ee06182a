"""Patches that let Keras 2.3.1 run on current Python, NumPy and h5py; each says what in Keras needs it."""

from __future__ import annotations

import collections
import collections.abc
import functools
import importlib
import importlib.abc
import importlib.util
import os
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["apply", "runs_on_us"]

PATCHES: list[Callable[[], None]] = []
_PACKAGE = __name__.partition(".")[0]


def runs_on_us() -> bool:
    """Whether this package is the backend of Keras 2: by its loader if it is loaded, else by KERAS_BACKEND.

    Returns
    -------
    bool

    References
    ----------
    Keras 2.3.1, keras/backend/load_backend.py, which reads KERAS_BACKEND, then its config file.
    """
    loader = sys.modules.get("keras.backend.load_backend")
    if loader is not None:
        return getattr(loader, "_BACKEND", "") == _PACKAGE
    return os.environ.get("KERAS_BACKEND") == _PACKAGE and _installed("keras")


def apply() -> bool:
    """Apply every patch once.

    Returns
    -------
    bool
        False if Keras is not installed; nothing is done then.

    Raises
    ------
    RuntimeError
        For a missing package, as Keras would replace an ImportError by "Unable to import backend".

    Notes
    -----
    Importing this module calls it; Keras does so when it loads this package.

    References
    ----------
    The breaks measured with Keras 2.3.1 on Python 3.11, NumPy 2.4 and h5py 3.16.
    """
    if not _installed("keras"):
        return False
    if not _installed("array_api_compat"):
        raise RuntimeError("array-api-backend needs the package array-api-compat: pip install array-api-compat")
    _patch_once()
    return True


@functools.cache
def _patch_once() -> None:
    for patch in PATCHES:
        patch()


def _installed(name: str) -> bool:
    return name in sys.modules or importlib.util.find_spec(name) is not None


def _patch(function: Callable[[], None]) -> Callable[[], None]:
    PATCHES.append(function)
    return function


@_patch
def _collections() -> None:
    """Python 3.10 removed the abstract classes from `collections`; Keras's callbacks and training_utils use them."""
    for name in ("Container", "Iterable", "Mapping", "Sequence"):
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))


@_patch
def _numpy_names() -> None:
    """NumPy 2 removed names: callbacks use `np.Inf`, the HDF5 reader `np.string_`, pad_sequences `np.unicode_`."""
    for name, value in {"Inf": np.inf, "string_": np.bytes_, "unicode_": np.str_}.items():
        if name not in vars(np):
            setattr(np, name, value)


@_patch
def _steps_in_int64() -> None:
    """JAX has 64-bit integers only by an option set before its import; Keras's optimizers count steps in them."""
    if "jax" not in sys.modules:
        os.environ.setdefault("JAX_ENABLE_X64", "1")


@_patch
def _literal_comparisons() -> None:
    """Python 3.8 warns of `label_smoothing is not 0` in keras/losses.py; the comparison still works for the int 0."""
    warnings.filterwarnings("ignore", '"is( not)?" with .*literal', SyntaxWarning)


@_patch
def _bytes_from_hdf5() -> None:
    """h5py 3 returns text for attributes written as bytes; Keras decodes bytes when it loads a model or weights.

    Callers other than Keras are not affected.
    """
    if not _installed("h5py"):
        return
    h5py: Any = importlib.import_module("h5py")
    manager = h5py.AttributeManager
    as_text = manager.__getitem__

    def getitem(self: Any, name: Any) -> Any:
        value = as_text(self, name)
        if not _called_by_keras():
            return value
        kind = h5py.check_string_dtype(self.get_id(name).dtype)
        if kind is None or kind.encoding != "ascii":
            return value
        if isinstance(value, str):
            return value.encode("utf-8")
        return value.astype("S") if isinstance(value, np.ndarray) and value.dtype.kind == "O" else value

    manager.__getitem__ = getitem


@_patch
def _files_in_memory() -> None:
    """h5py 3 opens files for reading by default and has no `File.fid`; Keras's `save_to_binary_h5py` needs both."""
    if not _installed("h5py"):
        return
    h5py: Any = importlib.import_module("h5py")
    opened = h5py.File.__init__

    def init(self: Any, name: Any, mode: Any = None, *args: Any, **options: Any) -> None:
        in_memory = options.get("driver") == "core" and options.get("backing_store") is False
        if mode is None and in_memory and _called_by_keras():
            mode = "w"
        opened(self, name, *(() if mode is None else (mode,)), *args, **options)

    h5py.File.__init__ = init
    if not hasattr(h5py.File, "fid"):
        h5py.File.fid = property(lambda self: self.id)


@_patch
def _lambda_shapes() -> None:
    """Keras infers a Lambda's output shape only for two backends it names; for others it uses the input's shape."""
    sys.meta_path.insert(0, _AfterImport("keras.layers.core", _infer_shapes))


def _infer_shapes(core: Any) -> None:
    guessed = core.Lambda.compute_output_shape

    def compute_output_shape(self: Any, input_shape: Any) -> Any:
        if self._output_shape is not None or not runs_on_us():
            return guessed(self, input_shape)
        K: Any = core.K
        many = isinstance(input_shape, list)
        inputs = [
            K.placeholder(shape=shape, dtype=dtype)
            for shape, dtype in zip(
                input_shape if many else [input_shape],
                self._input_dtypes if many else [self._input_dtypes],
                strict=True,
            )
        ]
        outputs = self.call(inputs if many else inputs[0])
        return [K.int_shape(x) for x in outputs] if isinstance(outputs, list) else K.int_shape(outputs)

    core.Lambda.compute_output_shape = compute_output_shape


@_patch
def _names_of_other_backends() -> None:
    """Keras exports some names for the backends it knows alone, and has its own modules of those.

    `keras.backend` gets every name of ours that it lacks, and `keras.backend.tensorflow_backend` is ours.
    """
    sys.meta_path.insert(0, _AfterImport("keras.backend", _complete))


# What TensorFlow's backend has by accident, and programs use: modules of TensorFlow, and its graph.
_OF_TENSORFLOW = (
    "tf tf_keras_backend tf_ops tf_image_ops tf_math_ops tf_state_ops tf_utils functional_ops context ctc get_graph"
).split()


def _complete(module: Any) -> None:
    if not runs_on_us():
        return
    legacy = importlib.import_module(f"{_PACKAGE}.compat.legacy_names")
    for name in ("tensorflow_backend", "theano_backend"):
        sys.modules.setdefault(f"keras.backend.{name}", getattr(legacy, name))

    def __getattr__(name: str) -> Any:  # noqa: N807 - Python's hook for what a module lacks
        if name == "tf":
            return legacy.module_of_tensorflow("keras.backend.tf belongs to TensorFlow")
        if name in _OF_TENSORFLOW:
            raise AttributeError(
                f"keras.backend.{name} belongs to TensorFlow, which is not used: Keras runs on the backend "
                f"{_PACKAGE!r}, whose functions keras.backend has"
            )
        found = vars(sys.modules[_PACKAGE]).get(name)
        if found is None or name.startswith("_") or (isinstance(found, types.ModuleType) and "_backend" not in name):
            raise AttributeError(f"module 'keras.backend' has no attribute {name!r}")
        return found

    module.__getattr__ = __getattr__


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls `then` with a module right after its import by anyone."""

    def __init__(self, name: str, then: Callable[[Any], None]) -> None:
        self.name, self.then = name, then
        if name in sys.modules:
            then(sys.modules[name])

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self.name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(fullname)
        if found is not None and found.loader is not None:
            run = found.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                self.then(module)

            found.loader.exec_module = exec_module  # type: ignore[method-assign]
        return found


def _called_by_keras() -> bool:
    """Whether Keras called the patched function, directly or within a few frames."""
    frame: Any = sys._getframe(2)
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_globals.get("__name__", "").partition(".")[0] == "keras":
            return True
        frame = frame.f_back
    return False


apply()
