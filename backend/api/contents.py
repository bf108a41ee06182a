"""The table of contents of K: its public names by chapter, for `help(K)`, `dir(K)` and the documentation."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

__all__ = ["MODULES", "chapters", "public_names", "table_of_contents"]

# Modules that are part of K, loaded at first use: the first sentences of their docstrings, which a test compares.
MODULES = MappingProxyType(
    {
        "models": "Small neural networks with Keras's interface, written with the functions of K alone.",
        "optimizers": "Optimizers, formula by formula; each turns gradients into updates of a graph.",
    }
)
_MODULES = "Modules, loaded at first use."
# The rooms in the order in which a reader wants them: operations first.
_ROOMS = ("ops", "control", "autodiff", "api", "graph", "arrays", "config", "kernels", "compiler")


def public_names(namespace: Mapping[str, Any]) -> list[str]:
    """The public names of a package: what it imported from its modules, without the modules themselves.

    Parameters
    ----------
    namespace : mapping
        The package's dictionary.

    Returns
    -------
    list of str
        In alphabetical order, those of `MODULES` among them.
    """
    own = [name for name, value in namespace.items() if name[0] != "_" and not isinstance(value, ModuleType)]
    return sorted([*own, *MODULES])


def chapters(namespace: Mapping[str, Any]) -> dict[str, list[str]]:
    """The public names by chapter: each stands in the chapter of the module that defines it.

    Parameters
    ----------
    namespace : mapping
        The package's dictionary.

    Returns
    -------
    dict
        The first sentence of each module's docstring, and the names it defines in alphabetical order.
    """
    by_module: dict[str, list[str]] = {}
    for name in public_names(namespace):
        if name not in MODULES:
            by_module.setdefault(namespace[name].__module__, []).append(name)
    found = {_title(module): by_module[module] for module in sorted(by_module, key=_place)}
    return {**found, _MODULES: list(MODULES)}


def table_of_contents(namespace: Mapping[str, Any]) -> str:
    """The chapters as text: a title, and under it the names."""
    parts = []
    for title, names in chapters(namespace).items():
        lines = [f"{name}: {MODULES[name]}" for name in names] if title == _MODULES else _lines(names)
        parts.append("\n    ".join([title, *lines]))
    return "\n\n".join(parts)


def _place(module: str) -> tuple[int, str]:
    room = module.split(".")[1]
    return (_ROOMS.index(room) if room in _ROOMS else len(_ROOMS)), module


def _title(module: str) -> str:
    """The first sentence of a module's docstring; the module's name where Python runs without docstrings (-OO)."""
    return (sys.modules[module].__doc__ or module).partition("\n")[0]


def _lines(names: list[str], width: int = 96) -> list[str]:
    """Names side by side: `textwrap` would take longer to import than all of this to run."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > width:
            lines.append("")
        lines[-1] += f" {name}" if lines[-1] else name
    return lines
