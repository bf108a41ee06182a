"""The calls of the CUDA runtime that programs make."""

from __future__ import annotations

from os import environ as _environ

__all__ = ["CUDARuntimeError"]


class CUDARuntimeError(RuntimeError):
    """An error of the runtime."""


def getDeviceCount() -> int:  # noqa: N802 - CUDA's name
    """How many devices there are: STAND_IN_DEVICES, 1 by default; as without a driver where it is 0."""
    count = int(_environ.get("STAND_IN_DEVICES", "1"))
    if not count:
        raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
    return count


def deviceSynchronize() -> None:  # noqa: N802 - CUDA's name
    """Wait for the device."""


def driverGetVersion() -> int:  # noqa: N802 - CUDA's name
    """As of CUDA 12.9."""
    return 12090


def runtimeGetVersion() -> int:  # noqa: N802 - CUDA's name
    """As of CUDA 12.9."""
    return 12090


def getDeviceProperties(device: int) -> dict[str, object]:  # noqa: N802 - CUDA's name
    """The properties that programs read."""
    return {"name": b"a stand-in over NumPy", "totalGlobalMem": 2**31, "major": 9, "minor": 0}
