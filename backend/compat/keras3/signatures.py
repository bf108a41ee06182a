"""Signatures as Keras has them: its tests compare those of a backend's functions with its own, annotations included."""

from __future__ import annotations

import inspect
from types import FunctionType, ModuleType

__all__ = ["without_annotations"]


def without_annotations(*modules: ModuleType) -> None:
    """Show the functions that modules offer without the annotations of their parameters and results."""
    for module in modules:
        for function in vars(module).values():
            if isinstance(function, FunctionType) and function.__module__.startswith(
                module.__name__.rpartition(".")[0]
            ):
                shown = inspect.signature(function)
                plain = [p.replace(annotation=inspect.Parameter.empty) for p in shown.parameters.values()]
                function.__signature__ = shown.replace(  # type: ignore[attr-defined]
                    parameters=plain, return_annotation=inspect.Signature.empty
                )
