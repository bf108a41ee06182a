"""The precision of cuDNN's kernels in float32: that of torch's matrix products."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ._layout import directly, tracked

__all__ = ["as_precise_as_products", "precise_program"]

# torch allows TF32 (10 bits of mantissa, errors of 1e-3) in cuDNN by default, but not in matrix products
_cudnn: Any = torch.backends.cudnn
_SETTINGS = {"conv": _cudnn.conv, "rnn": _cudnn.rnn}
_lock = threading.Lock()
_running = dict.fromkeys([*_SETTINGS, "program"], 0)  # what runs in full precision now, in all threads
_allowed = dict.fromkeys(_SETTINGS, "tf32")  # what torch's setting was before the first of them
_program = {"runs": False}  # whether a program of `precise_program` runs; torch.compile compiles again where it changes


def as_precise_as_products(operation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a kernel with TF32 on CUDA only where torch allows it for matrix products, too; `operation`: 'conv' or 'rnn'.

    torch runs the gradients of tensors that it records, and what torch.compile makes, after the kernel has returned:
    there the definition takes over, unless both settings agree or `precise_program` keeps TF32 off.
    """

    def decorate(kernel: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(kernel)
        def run(*given: Tensor | None, **how: Any) -> Any:
            if not _has_tf32(next(x for x in given if x is not None)):
                return kernel(*given, **how)
            if torch.compiler.is_compiling():  # which traces no lock, and reads no other names of these settings
                agree = _program["runs"] or torch.backends.cuda.matmul.allow_tf32 or not torch.backends.cudnn.allow_tf32
                return kernel(*given, **how) if agree else NotImplemented
            with _full_precision(operation) as changed:
                return NotImplemented if changed and tracked(*given) else kernel(*given, **how)

        run.direct = directly(kernel)  # type: ignore[attr-defined]
        return run

    return decorate


def precise_program(program: Callable[..., Any]) -> Callable[..., Any]:
    """A program of torch.compile's that runs with the precision of its kernels: they are called long after tracing."""
    if not torch.backends.cuda.is_built():
        return program

    def run(*args: Any, **kwargs: Any) -> Any:
        if not torch.cuda.is_initialized():
            return program(*args, **kwargs)
        with _full_precision("conv"), _full_precision("rnn"):
            with _lock:
                _running["program"] += 1
                _program["runs"] = True
            try:
                return program(*args, **kwargs)
            finally:
                with _lock:
                    _running["program"] -= 1
                    _program["runs"] = _running["program"] > 0

    return run


def _has_tf32(x: Tensor) -> bool:
    return x.is_cuda and x.dtype == torch.float32


@contextmanager
def _full_precision(operation: str) -> Iterator[bool]:
    """Switch TF32 off for an operation of cuDNN where products do not have it; yields whether that was needed.

    torch's setting is one for all threads: the last kernel to leave restores it.
    """
    setting = _SETTINGS[operation]
    with _lock:
        if not _running[operation]:
            _allowed[operation] = setting.fp32_precision
        changed = _allowed[operation] == "tf32" and torch.backends.cuda.matmul.fp32_precision != "tf32"
        if changed:
            _running[operation] += 1
            setting.fp32_precision = "ieee"
    try:
        yield changed
    finally:
        with _lock:
            if changed:
                _running[operation] -= 1
                if not _running[operation]:
                    setting.fp32_precision = _allowed[operation]
