"""The stand-in's devices, which are numbers."""

from __future__ import annotations

import threading
from typing import Any

from . import runtime

__all__ = ["Device"]

_current = threading.local()


def current() -> int:
    """The number of this thread's device."""
    return getattr(_current, "number", 0)


class Device:
    """A device by its number; entered, it is this thread's device."""

    __hash__ = None  # type: ignore[assignment]  # as CuPy's

    def __init__(self, device: Any = None) -> None:
        self.id = current() if device is None else int(device)
        self._before: list[int] = []

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> Device:
        self._before.append(current())
        self.use()
        return self

    def __exit__(self, *_: object) -> None:
        _current.number = self._before.pop()

    def use(self) -> None:
        """Make this the thread's device."""
        if not 0 <= self.id < runtime.getDeviceCount():
            raise runtime.CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        _current.number = self.id

    def synchronize(self) -> None:
        """Wait for the device."""

    @property
    def mem_info(self) -> tuple[int, int]:
        """Free and all memory in bytes."""
        return 2**30, 2**31

    @property
    def compute_capability(self) -> str:
        """As of an architecture that CUDA 12 supports."""
        return "90"
