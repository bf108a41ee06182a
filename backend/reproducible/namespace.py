"""The namespace of the standard in which every floating result is the exact one, rounded once, on any library below."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.dtypes import DTYPES
from . import elementary, float64
from .arrays import array_class, bind_operators
from .bases import base_of
from .complex_numbers import complex_functions, or_complex
from .creation import creation_functions
from .elementwise import elementwise_functions
from .extensions import Extension, linalg_functions
from .reductions import reduction_functions
from .table import KIND_OF
from .transforms import fft_functions
from .wrapping import Wrapping

__all__ = ["ReproducibleNamespace", "reproducible"]

_SHAPED = ("broadcast_to", "expand_dims", "flip", "matrix_transpose", "permute_dims", "reshape", "roll", "squeeze")
_made: dict[int, ReproducibleNamespace] = {}


class ReproducibleNamespace:
    """The standard's functions for the arrays of one library, bound at once: a look-up finds plain functions."""

    __array_api_version__ = "2025.12"
    e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi

    def __init__(self, xp: Any) -> None:
        self.base = base = base_of(xp)
        self.__name__ = f"reproducible:{base.name}"
        for name in DTYPES:
            if name != "bfloat16" and hasattr(xp, name):
                setattr(self, name, getattr(xp, name))
        self.Array = array_class(self, base.is_numpy)
        wrapping = Wrapping(base, self.Array)
        functions: dict[str, Any] = {}
        for name, kind in KIND_OF.items():
            if kind == "exact" and "." not in name and "__" not in name and hasattr(xp, name):
                functions[name] = wrapping.delegated(name)
        functions |= {name: wrapping.shaped(name) for name in _SHAPED}
        functions.update(elementwise_functions(self, wrapping))
        functions.update(reduction_functions(self, wrapping))
        functions.update(creation_functions(self, wrapping))
        for name in elementary.ONE:
            functions[name] = wrapping.rounded(name, elementary.single(base, name), float64.function(name))
        for name in elementary.TWO:
            functions[name] = wrapping.rounded(name, elementary.pair(base, name), float64.function(name))
        functions["pow"] = elementary.power(wrapping, functions)
        for name, function in complex_functions(wrapping).items():
            if name in (*elementary.ONE, "pow"):
                functions[name] = or_complex(wrapping, functions[name], function)
        self.__dict__.update(functions)
        self.linalg = Extension(f"{self.__name__}.linalg", linalg_functions(self, wrapping))
        self.fft = Extension(f"{self.__name__}.fft", fft_functions(self, wrapping))
        bind_operators(self.Array, self)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"

    def __array_namespace_info__(self) -> Any:
        """The library's capabilities."""
        return _Info(self.base.xp.__array_namespace_info__())

    def __jit__(self, *args: Any) -> Any:
        """Refuse the library's compiler."""
        raise ValueError(
            f"jit=True on {self.__name__}: compilers fuse a * b + c into one operation that rounds once, "
            "so that results are not reproducible; leave jit out"
        )


class _Info:
    """The library's capabilities, without dtypes that the mode lacks."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def capabilities(self) -> Any:
        """What the library can do."""
        return self._inner.capabilities()

    def default_device(self) -> Any:
        """The library's default device."""
        return self._inner.default_device()

    def devices(self) -> Any:
        """The library's devices."""
        return self._inner.devices()

    def default_dtypes(self, *, device: Any = None) -> Any:
        """The default dtypes: float32 for floats, on every library."""
        found = dict(self._inner.default_dtypes(device=device))
        names = {"real floating": "float32", "complex floating": "complex64"}
        dtypes = self._inner.dtypes(device=device)
        return found | {kind: dtypes[name] for kind, name in names.items() if name in dtypes}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> Any:
        """The dtypes of the mode."""
        found = self._inner.dtypes(device=device, kind=kind)
        return {name: dtype for name, dtype in found.items() if name != "bfloat16"}


def reproducible(xp: Any, device: Any = None) -> ReproducibleNamespace:
    """The reproducible namespace over a library's; ValueError where that, or the device, has no float64."""
    if isinstance(xp, ReproducibleNamespace):
        raise ValueError(f"{xp.__name__} is reproducible already")
    base_of(xp).check(device)
    if id(xp) not in _made:
        _made[id(xp)] = ReproducibleNamespace(xp)
    return _made[id(xp)]
