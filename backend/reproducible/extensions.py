"""The two extensions of the standard, linear algebra and Fourier transforms, in the namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .table import KIND_OF
from .wrapping import Wrapping

if TYPE_CHECKING:
    from .namespace import ReproducibleNamespace

__all__ = ["Extension", "fft_functions", "linalg_functions"]


class Extension:
    """An extension of the namespace: its functions by name."""

    def __init__(self, name: str, functions: dict[str, Any]) -> None:
        self.__name__ = name
        self.__dict__.update(functions)


def refused(name: str) -> Callable[..., Any]:
    """A function of the standard that the mode does not have."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{name}: the reproducible mode has no definition of it")

    refuse.__name__, refuse.__doc__ = name.rpartition(".")[2], f"Refuse the standard's `{name}`."
    return refuse


def linalg_functions(xp: ReproducibleNamespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of `linalg` by name."""
    return {n.removeprefix("linalg."): refused(n) for n in KIND_OF if n.startswith("linalg.")} | {
        "matmul": xp.matmul,
        "tensordot": xp.tensordot,
        "vecdot": xp.vecdot,
        "matrix_transpose": xp.matrix_transpose,
        "diagonal": wrapping.delegated("linalg.diagonal"),
    }


def fft_functions(xp: ReproducibleNamespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of `fft` by name."""
    return {n.removeprefix("fft."): refused(n) for n in KIND_OF if n.startswith("fft.")}
