"""Every public class and method of the models that this chapter documents has an example, and the examples run."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import backend as K
from backend.models.layer import LAYERS

MODULES = [f"backend.models.{m.name}" for m in pkgutil.iter_modules(K.models.__path__)]
MODULES += ["backend.api.variables", "backend.optimizers.optimizer"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed").use("Agg")
    module = importlib.import_module(name)
    results = doctest.testmod(module, extraglobs={"K": K, "np": np}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0


@pytest.mark.parametrize("name", sorted(n for n in vars(K.models) if n[:1].isupper() and not n.isupper()))
def test_public_classes_have_an_example(name):
    assert ">>> " in (inspect.getdoc(getattr(K.models, name)) or "")


def test_every_layer_is_public():
    assert set(LAYERS) - {"InputLayer"} <= set(vars(K.models))
