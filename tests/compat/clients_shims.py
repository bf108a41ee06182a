"""A pytest plugin for the tests of packages written on Keras: a stand-in for the few things they take of TensorFlow.

Several import it at the head of a file for one function, which they call on Keras's tensors; here that is K's function
of the same meaning. Nothing else changes what Keras or the backend computes; `clients.py` loads this with `-p`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any

import backend.compat.keras  # noqa: F401 - before keras

K = importlib.import_module("backend")


def _shuffled(x: Any) -> Any:
    """The rows in a random order: that of random numbers, one for each."""
    _, order = K.top_k(K.random_uniform((K.shape(x)[0],)), K.int_shape(x)[0] or K.shape(x)[0])
    return K.gather(x, order)


def _no_checkpoint(file: str, name: str) -> Any:
    raise RuntimeError(f"{file}: only TensorFlow reads its checkpoints")


def _module(name: str, **contents: Any) -> None:
    made = sys.modules[name] = types.ModuleType(name)
    vars(made).update(contents)
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
