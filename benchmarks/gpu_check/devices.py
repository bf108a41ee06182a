"""The machine: driver, GPUs and libraries, and how to wait for each library's device."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

from ..peers import absence
from ..timing import versions

__all__ = ["PACKAGES", "chosen", "jax_beside", "library_of", "machine", "settled", "torch_device"]

PACKAGES = (
    "array-api-backend",
    "numpy",
    "array-api-compat",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "torch",
    "jax",
    "hypothesis",
)
QUERY = "--query-gpu=name,driver_version,memory.total,memory.free"
Row = dict[str, Any]


def library_of(backend: str) -> str:
    """The library of a backend's name: torch of 'torch:cuda:0'."""
    return backend.partition(":")[0]


def torch_device(backends: list[str]) -> str:
    """The device that torch by hand uses: that of K's torch backend, else a GPU where torch has one."""
    for backend in backends:
        if library_of(backend) == "torch":
            return backend.partition(":")[2] or "cpu"
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


def chosen(backends: list[str]) -> tuple[list[str], list[str]]:
    """Those of the backends that work here, and a sentence for each of the others."""
    import backend as K

    usable, why = [], []
    for name in backends:
        try:
            K.get_backend(name)
            usable.append(name)
        except (ValueError, ImportError, TypeError, RuntimeError) as error:
            why.append(str(error).removeprefix("get_backend: "))
    return usable, why


def machine(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per fact: the system, the driver, the GPUs, the versions, and what each library says of its device."""
    yield _fact("system", f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    yield _fact("packages", ", ".join(f"{name} {version}" for name, version in versions(*PACKAGES).items()))
    yield from (_fact("nvidia-smi", line) for line in _driver())
    usable, why = chosen(backends)
    for name in usable:
        yield _fact(name, _cupy() if library_of(name) == "cupy" else _torch(name))
    yield from (_fact("not usable", sentence) for sentence in why)


def _fact(what: str, found: str) -> Row:
    return {"table": "Machine", "what": what, "found": found}


def _driver() -> list[str]:
    """What nvidia-smi says of each GPU; a sentence where it says nothing."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ["no nvidia-smi"]
    try:
        run = subprocess.run([program, QUERY, "--format=csv,noheader"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"no answer: {error}"]
    return run.stdout.strip().splitlines() or [run.stderr.strip() or "no GPU"]


def _cupy() -> str:
    import cupy

    runtime, (free, total) = cupy.cuda.runtime, cupy.cuda.Device(0).mem_info
    name = runtime.getDeviceProperties(0)["name"]
    name = name.decode() if isinstance(name, bytes) else name
    return (
        f"{name}, driver for CUDA {runtime.driverGetVersion()}, runtime {runtime.runtimeGetVersion()}, compute "
        f"capability {cupy.cuda.Device(0).compute_capability}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free, "
        f"cupy {cupy.__version__} of {os.path.dirname(cupy.__file__)}"
    )


def _torch(backend: str) -> str:
    import torch

    device = torch.device(backend.partition(":")[2] or "cpu")
    if device.type != "cuda":
        return f"torch {torch.__version__} on {device.type}, {torch.get_num_threads()} threads"
    free, total = torch.cuda.mem_get_info(device)
    return (
        f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, "
        f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free, torch {torch.__version__}"
    )


def settled(library: str, device: str, call: Callable[[], Any]) -> Callable[[], Any]:
    """A call that returns when its results are there."""
    wait = _wait(library, device)

    @functools.wraps(call)
    def run() -> Any:
        result = call()
        wait(result)
        return result

    return run


def _wait(library: str, device: str) -> Callable[[Any], Any]:
    if library == "cupy":
        import cupy

        return lambda result: cupy.cuda.runtime.deviceSynchronize()
    if library == "jax":
        import jax

        return jax.block_until_ready
    if library == "torch" and device.startswith("cuda"):
        import torch

        return lambda result: torch.cuda.synchronize(device)
    return lambda result: None


def jax_beside(device: str) -> str | None:
    """The reason why JAX takes no part; None if it runs where torch does."""
    if why := absence("jax"):
        return why
    import jax

    where = jax.default_backend()
    return None if (where == "cpu") == (device == "cpu") else f"jax runs on {where} here"
