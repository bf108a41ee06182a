"""What tests of the compiler begin with."""

import sys

import pytest

import backend as K
from backend.compiler.rewriter import Rewriter


@pytest.fixture
def plain(monkeypatch):
    """K.function without the compiler's passes: the graph runs as it was recorded."""

    def function(inputs, outputs):
        with monkeypatch.context() as patch:
            module = sys.modules["backend.api.function"]  # K.function is a function
            patch.setattr(module, "Rewriter", lambda given, optimize: Rewriter(given))
            patch.setattr(module, "fused", lambda outputs: outputs)
            return K.function(inputs, outputs)

    return function
