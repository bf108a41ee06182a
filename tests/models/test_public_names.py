"""Every public class and method of the models has an example; tests/house/test_docstrings.py runs them."""

import importlib
import inspect

import pytest

import backend as K
from backend.models.layer import Layer


@pytest.mark.parametrize("name", sorted(n for n in vars(K.models) if n[:1].isupper() and not n.isupper()))
def test_public_classes_have_an_example(name):
    assert ">>> " in (inspect.getdoc(getattr(K.models, name)) or "")


@pytest.mark.parametrize("kind", ["Model", "Sequential"])
def test_public_methods_of_models_have_an_example(kind):
    methods = inspect.getmembers(getattr(K.models, kind), callable)
    own = {name: f for name, f in methods if not name.startswith("_")}
    without = {name for name, f in own.items() if "Examples\n" not in (inspect.getdoc(f) or "")}
    assert without == {"continue_training", "training_config"}  # for files alone


def test_every_layer_is_public():
    found, waiting = set(), [Layer]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if (
            kind.__module__.startswith("backend.models.")
            and getattr(importlib.import_module(kind.__module__), kind.__name__, None) is kind
        ):
            found |= {kind.__name__} if not kind.__name__.startswith("_") else set()
    assert found - {"InputLayer"} <= set(vars(K.models)) and "GRU" in found
