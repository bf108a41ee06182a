"""How each built-in library is opened: its namespace, and the device a specification names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .namespaces import of_library

__all__ = ["ALIASES", "BUILT_IN", "EXTRAS", "REPRODUCIBLE"]


def _open_numpy(device: str) -> tuple[Any, Any]:
    if device not in ("", "cpu"):
        raise ValueError(f"numpy has the device 'cpu' only, got {device!r}")
    return of_library("numpy"), None


def _open_torch(device: str) -> tuple[Any, Any]:
    import torch

    xp = of_library("torch")

    try:
        bound = torch.device(device or "cpu")
        torch.empty(0, device=bound)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"torch cannot use device {device!r} here: {_first_line(error)}") from error
    return xp, bound


def _open_cupy(device: str) -> tuple[Any, Any]:
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise ValueError(f"cupy is installed but finds no CUDA device: {_first_line(error)}") from error
    current = cupy.cuda.Device().id
    number = device.removeprefix("cuda:").removeprefix("cuda") or str(current)
    if not number.isdecimal() or int(number) >= count:
        raise ValueError(f"cupy has devices 0 to {count - 1}, got {device!r}")
    if int(number) != current:  # CuPy's functions have no device=, and compute on the current one (cupy#9848)
        raise ValueError(
            f"cupy computes on its current device, which is {current} in this thread, got device {number}; "
            f"call cupy.cuda.Device({number}).use() first, or set CUDA_VISIBLE_DEVICES={number}"
        )
    import array_api_compat.cupy as xp

    return xp, cupy.cuda.Device(int(number))


def _open_jax(device: str) -> tuple[Any, Any]:
    import jax

    platform, _, number = device.partition(":")
    try:
        return of_library("jax"), jax.devices(platform or None)[int(number or 0)] if device else None
    except (RuntimeError, ValueError, IndexError) as error:
        raise ValueError(f"jax cannot use device {device!r} here: {_first_line(error)}") from error


def _open_tensorflow(device: str) -> tuple[Any, Any]:
    import tensorflow as tf

    xp = of_library("tensorflow")
    if not device:
        return xp, xp.__array_namespace_info__().default_device()
    try:
        with tf.init_scope(), tf.device(device):
            bound = tf.zeros((), tf.float32).device
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ValueError(f"tensorflow cannot use device {device!r} here: {_first_line(error)}") from error
    kind = device.lower().rpartition("device:")[2].strip("/").partition(":")[0]
    if kind not in bound.lower():  # TensorFlow may choose another device than the one it was told
        raise ValueError(f"tensorflow finds no device {device!r} here, and would use {bound}")
    return xp, bound


def _open_array_api_strict(device: str) -> tuple[Any, Any]:
    import array_api_strict as xp

    devices = {str(d).partition("'")[2].rstrip("')"): d for d in xp.__array_namespace_info__().devices()}
    if device and device not in devices:
        raise ValueError(f"array_api_strict has the devices {', '.join(devices)}, got {device!r}")
    return xp, devices[device] if device else None


def _open_dask(device: str) -> tuple[Any, Any]:
    if device not in ("", "cpu"):
        raise ValueError(f"dask has the device 'cpu' only, got {device!r}")
    import array_api_compat.dask.array as xp

    return xp, None


def _open_pytensor(mode: str) -> tuple[Any, ...]:
    """NumPy's arrays, and PyTensor to compile functions of them, in one of its modes."""
    from pytensor.compile.mode import get_mode

    try:
        get_mode(mode or None)
    except Exception as error:  # PyTensor's own classes, one a kind of mode
        raise ValueError(f"pytensor has no mode {mode!r}: {_first_line(error)}") from error
    return of_library("numpy"), None, of_library("pytensor").Executor(mode)


def _open_ndonnx(device: str) -> tuple[Any, Any]:
    if device:
        raise ValueError(f"ndonnx has no devices, got {device!r}: the runtime of a file chooses one")
    return of_library("ndonnx"), None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


BUILT_IN: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "numpy": _open_numpy,
    "torch": _open_torch,
    "cupy": _open_cupy,
    "jax": _open_jax,
    "tensorflow": _open_tensorflow,
    "array_api_strict": _open_array_api_strict,
    "dask": _open_dask,
    "ndonnx": _open_ndonnx,
    "pytensor": _open_pytensor,
}
EXTRAS = {
    "torch": "torch",
    "cupy": "cupy",
    "jax": "jax",
    "tensorflow": "tensorflow",
    "dask": "dask",
    "ndonnx": "onnx",
    "pytensor": "pytensor",
    "array_api_strict": "test",
}
ALIASES = {"pytorch": "torch", "strict": "array_api_strict"}
REPRODUCIBLE = "reproducible"  # before a colon and the specification of another backend
