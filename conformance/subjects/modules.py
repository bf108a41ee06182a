"""A module of the Keras backend API under test: its own softmax, conv2d, ..., called by name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

import backend as K
from backend.arrays.dtypes import DTYPES
from backend.arrays.namespaces import is_array, is_concrete

from ..case import Case, discovered
from ..examples import Example
from ..reading import Reader, host, reader_named
from .functions import flat
from .namespaces import Namespace
from .opening import Opening, version_of
from .probe import Probe

__all__ = ["Module"]

MAKERS = ("", "convert_to_tensor", "constant", "variable")  # '' passes NumPy arrays unchanged
READERS = ("eval", "get_value", "convert_to_numpy", "to_numpy")
TRIED = ("square", "relu", "tanh", "sigmoid", "softmax", "abs", "exp", "sum", "mean")
_PLAIN = (bool, int, float, complex, str, type(None))


class Module(Namespace):
    """A module or object with functions of the Keras backend API, called with the arrays that it accepts."""

    def __init__(self, name: str, functions: Any, opening: Opening | None = None) -> None:
        super().__init__(name, K.get_backend("numpy"), opening)
        self.functions = functions
        self.library = name.partition(":")[0]
        self.reader: Reader | None = reader_named(self.opening.convert) if self.opening.convert else None

    def prepare(self) -> None:
        """Nothing to find out: a module's own functions read its arrays."""

    def has(self, *names: str) -> bool:
        """Whether it has all of these functions."""
        return all(callable(getattr(self.functions, name, None)) for name in names)

    @functools.cached_property
    def maker(self) -> str:
        """The function that converts NumPy arrays to its own; '' if it takes NumPy arrays.

        The first maker whose arrays some function of one argument accepts, with a result that can be read.
        """
        trial = np.asarray([[0.5, 1.0], [0.25, 2.0]], dtype="float32")
        for maker in MAKERS:
            for name in (name for name in TRIED if self.has(name) and (not maker or self.has(maker))):
                try:
                    if self.read(getattr(self.functions, name)(self._made(maker, trial))).dtype.kind == "f":
                        return maker
                except Exception:  # noqa: BLE001 - any refusal means that it does not take such arrays
                    continue
        return ""

    def _made(self, maker: str, value: np.ndarray) -> Any:
        return getattr(self.functions, maker)(value, dtype=value.dtype.name) if maker else value

    def array(self, value: np.ndarray) -> Any:
        """A copy of a NumPy array, converted for its functions."""
        return self._made(self.maker, value.copy())

    def read(self, result: Any) -> Any:
        """One result on the host: numbers, text and None unchanged, anything else as a NumPy array."""
        if isinstance(result, _PLAIN) and not isinstance(result, np.generic):
            return result
        if self.reader is not None:
            return self.reader(result)
        if is_array(result) and is_concrete(result):
            return host(result)
        for name in READERS:
            if self.has(name):
                return np.asarray(getattr(self.functions, name)(result))
        return np.asarray(result)

    def results(self, example: Example, arrays: Sequence[Any]) -> list[Any]:
        """The results of its function for a case; NotImplementedError if it does not take the arguments."""
        call = example.filled(list(arrays))
        with np.errstate(all="ignore"):
            return [self.read(r) for r in self.called(example.case.name, call.args, call.kwargs)]

    def called(self, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """The results of a function, before they are read."""
        function = getattr(self.functions, name)
        if any(map(callable, (*args, *kwargs.values()))):
            raise NotImplementedError(f"{name}: the case passes functions written with K")
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise NotImplementedError(f"{name}: {error}") from error
        except ValueError:  # a function written in C may have no signature
            pass
        return flat(function(*args, **kwargs))

    def _makes(self, name: str) -> bool:
        try:
            return self.read(self.array(np.ones(1, name))).dtype == name
        except Exception:  # noqa: BLE001 - any refusal means that it lacks the dtype
            return False

    @functools.cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The names of the dtypes that it accepts."""
        return tuple(name for name in DTYPES if name != "bfloat16" and self._makes(name))

    @functools.cached_property
    def probe(self) -> Probe:
        """Which operations of K it has, and whether it supports graphs and gradients."""
        missing = [name for name in discovered() if not self.has(name)]
        abilities = {
            "take NumPy arrays": not self.maker,
            "make functions": self.has("placeholder", "function"),
            "give gradients": self.has("placeholder", "function", "gradients", "sum", "sin"),
        }
        floatx = str(self.functions.floatx()) if self.has("floatx") else ""
        return Probe(
            self.library,
            version_of(self.library, self.functions),
            "Keras backend API",
            len(discovered()) - len(missing),
            missing,
            list(self.dtypes),
            [],
            floatx,
            "",
            abilities,
            len(discovered()),
        )

    def judges(self, case: Case) -> bool:
        """Whether a case is for an operation of K; a module has no functions of the standard."""
        return case.group == "k"

    @property
    def apart(self) -> str:
        """What it says for a case that does not apply to it."""
        return "is a module of K's operations"
