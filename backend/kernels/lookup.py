"""Kernels are found by name, in the module or package named after the library."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from .. import config
from ..arrays import namespaces
from ..arrays.namespaces import describe

__all__ = ["backed", "chain_planner", "kernels_enabled", "kernels_of", "program_compiler", "set_kernels"]

_modules: dict[Any, Any] = {}


def kernels_enabled() -> bool:
    """Whether libraries' own kernels replace definitions (default), where there are any.

    Source: this library.
    """
    return config.setting("kernels")


def program_compiler(xp: Any) -> Callable[..., Any]:
    """The library's own compiler of programs, jit(scope, name, chains) -> function, or one that hands them back.

    `scope` has the functions of an executed program; `chains` names those that work element by element.
    """
    return getattr(kernels_of(xp), "jit", None) or (lambda scope, name, chains: scope[name])


def chain_planner(xp: Any) -> Callable[..., Any] | None:
    """The library's own way to write an elementwise chain into given memory, chain(body, arrays, shape), or None."""
    return getattr(kernels_of(xp), "chain", None) if kernels_enabled() else None


def set_kernels(enabled: bool) -> None:
    """Switch all kernels on or off; results stay within the same bounds, only speed changes.

    Source: this library.
    """
    config.change("kernels", bool(enabled))


def _label(xp: Any) -> Any:
    """What tells namespaces apart: their names, since torch.compile can follow neither ids nor modules as keys."""
    return getattr(xp, "__name__", None) or id(xp)


def kernels_of(xp: Any) -> Any:
    """The kernel module of a namespace's library, or None."""
    label = _label(xp)
    if label not in _modules:
        name = f"{__name__.partition('.')[0]}.kernels.{describe(xp).partition('.')[0]}"
        found = xp is not namespaces.recorder and importlib.util.find_spec(name)
        _modules[label] = importlib.import_module(name) if found else None
    return _modules[label]


def backed(kernel: Callable[..., Any], definition: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that hands over to the definition where it declines."""

    def run(*args: Any, **kwargs: Any) -> Any:
        result = kernel(*args, **kwargs)
        return definition(*args, **kwargs) if result is NotImplemented else result

    return run
