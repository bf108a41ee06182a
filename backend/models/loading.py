"""Models read from files, as they were when they were saved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import backend as K

from . import saving
from .architecture import architecture_from
from .compiled import OPTIMIZERS
from .files import read_model
from .layer import blank_weights
from .lookup import named, revived, with_custom_objects
from .network import Network
from .sequential import Sequential
from .training import Model

__all__ = ["load_model"]


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002
) -> Model:
    """The model that `Model.save` wrote, on the active backend; training goes on as if it had never been stopped.

    Nothing in a file becomes code: classes and functions are looked up by name, in K.models and the custom objects.

    Parameters
    ----------
    filepath : str or path
    custom_objects : dict, optional
        The user's own layers, models, optimizers, losses, metrics, activations and functions by name.
    compile : bool
        Whether the model gets its loss, metrics and optimizer back, with the optimizer's state.

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError, ValueError
        Without such a file; for one that is damaged or no model, for a name that neither K.models nor `custom_objects`
        has, and where `K.floatx()` is another one than the model's.

    References
    ----------
    Keras 2.3.1, ``keras.models.load_model``.

    Examples
    --------
    >>> import os, tempfile
    >>> model = K.models.Sequential([K.models.Dense(1, input_dim=2)])
    >>> model.compile("adam", "mse")
    >>> x, y = np.ones((8, 2)), np.ones(8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(os.path.join(folder, "model.zip"))
    ...     twin = K.models.load_model(os.path.join(folder, "model.zip"))
    >>> twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    True
    """
    where = f"load_model: {os.fspath(filepath)}"
    described, streams, state = read_model(where, filepath)
    if described["floatx"] != K.floatx():
        raise ValueError(
            f"{where} is a model of {described['floatx']}, floatx is {K.floatx()} here; call "
            f"K.set_floatx({described['floatx']!r}) first"
        )
    try:
        with with_custom_objects(custom_objects), blank_weights():
            model = _made(described, streams)
            training = described["training"] if compile else None
            if training is not None:
                _compiled(model, training, state, streams[len(model.streams) :])
    except LookupError as error:
        raise ValueError(f"{where} describes no model: it lacks {error}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from error
    shapes, dtypes = [K.int_shape(w) for w in model.weights], [str(K.dtype(w)) for w in model.weights]
    model.set_weights(saving.read(filepath, saving.labels(model.layers), shapes, dtypes))
    return model


def _made(described: Mapping[str, Any], streams: list[int]) -> Any:
    """The model with weights of zeros."""
    name = described["class_name"]
    kind = {"Model": Model, "Sequential": Sequential}.get(name) if isinstance(name, str) else revived("model", name)
    if not (isinstance(kind, type) and issubclass(kind, Network)):
        raise ValueError(f"the model is {name!r}, expected Model, Sequential or a class among custom_objects")
    architecture = described["architecture"]
    model = kind.__new__(kind)
    model.__setstate__({"name": architecture["name"], "_architecture": architecture_from(architecture, streams)})
    return model


def _compiled(model: Any, training: Mapping[str, Any], state: list[Any], counts: list[int]) -> None:
    """Give the model its loss and its optimizer."""
    described = training["optimizer"]
    name = described["class_name"]
    kind = revived("optimizer", name) if isinstance(name, Mapping) else named("optimizer", name.lower(), OPTIMIZERS)
    optimizer = kind.from_config(described["config"])
    if state:
        optimizer.go_on_from(state)
    model.continue_training(optimizer, revived("loss or metric", {**training, "optimizer": None}), counts)
