"""Programs: variables for the arguments, and functions that PyTensor compiles."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, get_default_mode, get_mode
from pytensor.graph.traversal import ancestors

from .variables import Call

__all__ = ["Executor"]

CARELESS = ("local_useless_elemwise", "local_useless_elemwise_comparison")  # rewrites by which x == x is True for NaN


class Executor:
    """PyTensor as what compiles functions of NumPy's arrays, in one of its modes."""

    def __init__(self, mode: str = "") -> None:
        self.mode = mode  # '' for the one that PyTensor is configured for

    def __str__(self) -> str:
        return f"pytensor:{self.mode}"

    @property
    def xp(self) -> Any:
        """The namespace of its variables."""
        return sys.modules[__package__]

    @staticmethod
    def call(function: Callable[..., Any], inputs: Sequence[Any], types: Sequence[Any]) -> list[Any]:
        """The results of a function of NumPy's arrays, which is called when the graph runs."""
        return list(Call(function, types)(*inputs, return_list=True))

    @staticmethod
    def variable(shape: Sequence[int | None], dtype: str) -> Any:
        """A variable for an argument."""
        return pt.tensor(dtype=dtype, shape=tuple(shape))

    @staticmethod
    def constant(value: np.ndarray) -> Any:
        """A constant of the graph."""
        return pt.constant(value)

    def compiled(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Callable[..., Sequence[np.ndarray]]:
        """The function of these variables, as PyTensor compiles it."""
        mode = self._mode(outputs)
        with warnings.catch_warnings():
            # of a missing BLAS, and of our operations, which Numba's mode calls as Python
            warnings.filterwarnings("ignore", category=UserWarning)
            made = pytensor.function(list(inputs), list(outputs), mode=mode, on_unused_input="ignore")
        made.trust_input = True
        return made

    def _mode(self, outputs: Sequence[Any]) -> Mode:
        mode = (get_mode(self.mode) if self.mode else get_default_mode()).excluding(*CARELESS)
        numba = "numba" in type(mode.linker).__name__.lower()
        if numba and any(getattr(v.type, "dtype", "") == "float16" for v in ancestors(list(outputs))):
            return get_mode("FAST_COMPILE").excluding(*CARELESS)  # Numba has no float16
        return mode
