"""A pytest plugin for the tests of packages written on Keras; `clients.py` loads it with `-p clients_shims`.

Several packages import TensorFlow at the head of a file for one function, which they call on Keras's tensors; here that
is K's function of the same meaning. Nothing else changes what Keras or the backend computes.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import types
from typing import Any

import numpy as np

from backend.autodiff.backward import backward
from backend.compat import keras as compat  # before keras

K = importlib.import_module("backend")


def _shuffled(x: Any) -> Any:
    """The rows in a random order: that of random numbers, one for each."""
    _, order = K.top_k(K.random_uniform((K.shape(x)[0],)), K.int_shape(x)[0] or K.shape(x)[0])
    return K.gather(x, order)


def _no_checkpoint(file: str, name: str) -> Any:
    raise RuntimeError(f"{file}: only TensorFlow reads its checkpoints")


def _module(name: str, **contents: Any) -> None:
    made = sys.modules[name] = types.ModuleType(name)
    vars(made).update(contents, __spec__=importlib.machinery.ModuleSpec(name, None))  # which torch looks at
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, made)


if importlib.util.find_spec("tensorflow") is None:
    _module(
        "tensorflow",
        slice=K.slice,  # keras-transformer-xl, keras-xlnet
        pad=K.pad,  # keras-transformer-xl
        sin=K.sin,  # the tests of keras-pos-embd, whose session is there to be passed to `eval`
        cos=K.cos,
        pow=K.pow,
        Session=object,
        reset_default_graph=K.clear_session,  # the tests of kerassurgeon
        train=types.SimpleNamespace(load_variable=_no_checkpoint),  # keras-bert, keras-gpt-2, keras-xlnet
    )
    for _name in ("tensorflow.python", "tensorflow.python.ops"):
        _module(_name, __path__=[])
    _module("tensorflow.python.ops.random_ops", random_shuffle=_shuffled)  # keras-xlnet


# NumPy dropped these; innvestigate calls them.
for _old, _new in {"product": np.prod, "bool": bool}.items():
    if _old not in vars(np):
        setattr(np, _old, _new)


# ---- innvestigate has a file of what Keras's backend lacks, by backend, for TensorFlow and Theano: here for this one


def _gradients(inputs: Any, outputs: Any, known: Any) -> Any:
    return backward(list(outputs), list(known), list(inputs), stop=True)


def _patches(x: Any, kernel_shape: Any, strides: Any, rates: Any, padding: str) -> Any:
    """Each window's elements as the channels of one place: a convolution with unit kernels."""
    if K.image_data_format() == "channels_first":
        x = K.permute_dimensions(x, (0, 2, 3, 1))
    shape = (*kernel_shape, K.int_shape(x)[-1])
    kernel = K.constant(np.eye(int(np.prod(shape))).reshape(*shape, -1))
    how = {"strides": tuple(strides), "dilation_rate": tuple(rates), "padding": padding.lower()}
    return K.conv2d(x, kernel, data_format="channels_last", **how)


def _gather(x: Any, axis: int, indices: Any) -> Any:
    order = [axis, *(i for i in range(x.ndim) if i != axis)]
    rows = K.gather(K.permute_dimensions(x, order), indices)
    return K.permute_dimensions(rows, [order.index(i) for i in range(x.ndim)])


def _gather_nd(x: Any, indices: Any) -> Any:
    """The elements x[i, j] for rows (i, j) of indices."""
    places = K.cast(indices[:, 0], "int32") * K.shape(x)[1] + K.cast(indices[:, 1], "int32")
    return K.gather(K.reshape(x, (-1, *K.int_shape(x)[2:])), places)


def _for_innvestigate(module: Any) -> None:
    module.gradients, module.extract_conv2d_patches = _gradients, _patches
    module.gather, module.gather_nd = _gather, _gather_nd
    module.is_not_finite = lambda x: K.logical_not(K.isfinite(x))


sys.meta_path.insert(0, compat._AfterImport("innvestigate.utils.keras.backend", _for_innvestigate))
