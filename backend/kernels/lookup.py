"""Kernels: found by name, in the module or package of `kernels` named after the library."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from typing import Any

from .. import config
from ..arrays import namespaces
from ..arrays.arguments import flag
from ..arrays.namespaces import describe

__all__ = [
    "backed",
    "can_compile",
    "chain_planner",
    "compiled_kernels_of",
    "compiler_beside",
    "compiles_by_itself",
    "has_kernel",
    "keeping_of",
    "kernels_enabled",
    "kernels_of",
    "prints_chains",
    "program_compiler",
    "set_kernels",
]

_modules: dict[Any, Any] = {}
COMPILERS = {"numpy": "numba"}  # the libraries whose loops another one compiles


def kernels_enabled() -> bool:
    """Whether kernels replace the definitions of composites on the libraries that have them.

    Returns
    -------
    bool
        True by default.

    References
    ----------
    This library.

    Examples
    --------
    >>> K.kernels_enabled()
    True
    """
    return config.setting("kernels")


def program_compiler(xp: Any) -> Callable[..., Any]:
    """The library's JIT, jit(scope, name, chains) -> callable; the identity where it has none.

    `scope` has the functions of a compiled program by name; `chains` names those that are elementwise.
    """
    own = getattr(kernels_of(xp), "jit", None) or getattr(xp, "__jit__", None)
    return own or (lambda scope, name, chains: scope[name])


def compiler_beside(xp: Any) -> Callable[..., Any]:
    """The library's JIT, jit(scope, name, chains, first)(arrays) -> callable, for programs that get what is kept.

    These are `arrays`, from the argument numbered `first` on; None for arrays that are not kept. A library without such
    a JIT compiles the program as any other.
    """
    own = getattr(kernels_of(xp), "jit_beside", None)
    if own is not None:
        return own

    def whole(scope: dict[str, Any], name: str, chains: list[str], first: int) -> Callable[..., Any]:
        program = program_compiler(xp)(scope, name, chains)
        return lambda arrays: program

    return whole


def can_compile(xp: Any) -> bool:
    """Whether `K.function(..., jit=True)` compiles anything for this library."""
    return compiled_kernels_of(xp) is not None or getattr(kernels_of(xp), "jit", None) is not None


def compiles_by_itself(xp: Any) -> bool:
    """Whether the library's compiler gets every compiled function for which nothing else was chosen."""
    return bool(getattr(kernels_of(xp), "COMPILES_BY_ITSELF", False))


def chain_planner(xp: Any) -> Callable[..., Any] | None:
    """The library's planner of elementwise chains in given memory, chain(body, arrays, shape), or None."""
    return getattr(kernels_of(xp), "chain", None) if kernels_enabled() else None


def prints_chains(xp: Any) -> bool:
    """Whether the library has a kernel for elementwise chains: it prints a body's `steps`, of any size, as one call."""
    return kernels_enabled() and hasattr(kernels_of(xp), "fused")


def has_kernel(xp: Any, composite: Any) -> bool:
    """Whether a library has a kernel for a composite."""
    return kernels_enabled() and hasattr(kernels_of(xp), composite.__name__)


def keeping_of(xp: Any) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """(state, wrapper) of a library that can tell whether arrays have been written to: see `compiler.kept.Kept`."""
    return getattr(kernels_of(xp), "KEEPING", None) if kernels_enabled() else None


def set_kernels(enabled: bool) -> None:
    """Switch all kernels on or off.

    Parameters
    ----------
    enabled : bool

    Notes
    -----
    Results stay within the same bounds, only speed changes.

    References
    ----------
    This library.

    Examples
    --------
    >>> x = np.asarray([[1.0, 2.0, 3.0]])
    >>> K.set_kernels(False)
    >>> plain = K.softmax(x)
    >>> K.set_kernels(True)
    >>> np.allclose(K.softmax(x), plain, rtol=1e-15)
    True
    """
    config.change("kernels", flag("set_kernels", "enabled", enabled))


def _label(xp: Any) -> Any:
    """The key of a namespace: its name, since torch.compile traces neither ids nor modules as keys."""
    return getattr(xp, "__name__", None) or id(xp)


def kernels_of(xp: Any) -> Any:
    """The kernel module of a namespace's library, or None."""
    label = _label(xp)
    if label not in _modules:
        name = f"{__name__.partition('.')[0]}.kernels.{re.split('[.:]', describe(xp))[0]}"
        found = xp is not namespaces.recorder and importlib.util.find_spec(name)
        _modules[label] = importlib.import_module(name) if found else None
    return _modules[label]


def compiled_kernels_of(xp: Any) -> Any:
    """The kernels that a compiler makes for a library without one of its own, or None where none is installed."""
    compiler = COMPILERS.get(describe(xp).partition(".")[0]) if kernels_enabled() else None
    if compiler is None or importlib.util.find_spec(compiler) is None:
        return None
    return importlib.import_module(f"{__name__.partition('.')[0]}.kernels.{compiler}")


def backed(kernel: Callable[..., Any], definition: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel, and where it returns NotImplemented the definition."""

    def run(*args: Any, **kwargs: Any) -> Any:
        result = kernel(*args, **kwargs)
        return definition(*args, **kwargs) if result is NotImplemented else result

    return run
