"""The stand-in's `cupy.cuda`."""

from __future__ import annotations

from typing import Any

from . import device, runtime
from .device import Device

__all__ = ["Device", "ExternalStream", "MemoryPool", "Stream", "device", "is_available", "runtime"]


def is_available() -> bool:
    """Whether there is a device."""
    try:
        return runtime.getDeviceCount() > 0
    except runtime.CUDARuntimeError:
        return False


class Stream:
    """A stream: calls are complete when they return, so there is nothing to order."""

    def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False) -> None:
        self.ptr = 0

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def synchronize(self) -> None:
        """Wait for the stream."""


class ExternalStream(Stream):
    """A stream of another library."""

    def __init__(self, ptr: int, device_id: int = -1) -> None:
        super().__init__()
        self.ptr = ptr


class MemoryPool:
    """The pool of device memory, of which the stand-in has none: its numbers are 0."""

    def used_bytes(self) -> int:
        """Bytes in use."""
        return 0

    def total_bytes(self) -> int:
        """Bytes taken from the device."""
        return 0

    def free_all_blocks(self, stream: Any = None) -> None:
        """Give unused blocks back."""
