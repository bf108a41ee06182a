"""What passes between host and device in training steps that are fed arrays of the device: nothing may."""

from __future__ import annotations

import collections
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..nets import NETS, batch
from .devices import Row, library_of

__all__ = ["counted", "transfers"]

READING = ("get", "item", "tolist", "tobytes", "__bool__", "__float__", "__int__", "__complex__")
STEPS = 3


@contextlib.contextmanager
def counted(backend: str) -> Iterator[collections.Counter[str]]:
    """Within the block, count reads of values and copies between host and device, by name."""
    counter: collections.Counter[str] = collections.Counter()
    with _on_cupy(counter) if library_of(backend) == "cupy" else _on_torch(counter):
        yield counter


@contextlib.contextmanager
def _on_cupy(counter: collections.Counter[str]) -> Iterator[None]:
    """The methods of CuPy's arrays that read values, and the functions that take host data, count their calls."""
    import array_api_compat.cupy as xp
    import cupy

    def counting(name: str, method: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            counter[name] += 1
            return method(*args, **kwargs)

        return call

    def uploading(name: str, function: Any) -> Any:
        def call(obj: Any, *args: Any, **kwargs: Any) -> Any:
            counter[f"{name} of host data"] += not isinstance(obj, cupy.ndarray)
            return function(obj, *args, **kwargs)

        return call

    before = [(cupy.ndarray, name, getattr(cupy.ndarray, name)) for name in READING]
    before += [(module, name, getattr(module, name)) for module in (cupy, xp) for name in ("asarray", "asnumpy")]
    for owner, name, method in before:
        setattr(owner, name, uploading(name, method) if name == "asarray" else counting(name, method))
    try:
        yield
    finally:
        for owner, name, method in before:
            setattr(owner, name, method)
        for name in [name for name, count in counter.items() if not count]:
            del counter[name]


@contextlib.contextmanager
def _on_torch(counter: collections.Counter[str]) -> Iterator[None]:
    """torch's dispatcher shows each read of a value and each copy between devices."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watching(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            name = func.overloadpacket.__name__
            places = {v.device.type for v in (*args, result) if isinstance(v, torch.Tensor)}
            if name == "_local_scalar_dense":
                counter["item"] += 1
            elif name in ("_to_copy", "copy_") and len(places) > 1:
                counter["copy between devices"] += 1
            return result

    before = torch.cuda.get_sync_debug_mode() if torch.cuda.is_available() else None
    try:
        if before is not None:
            torch.cuda.set_sync_debug_mode("error")  # whatever waits without being seen here is an error
        with Watching():
            yield
    finally:
        if before is not None:
            torch.cuda.set_sync_debug_mode(before)


def transfers(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per net and backend: what passed in three steps after the first."""
    import backend as K

    from ..sides import ours

    until = time.perf_counter() + seconds
    for net in NETS:
        x, classes = batch(net)
        labels = np.eye(net.widths[-1], dtype="float32")[classes]
        for name in backends:
            with K.use_backend(name):
                f, given = ours.trained(net), [ours.native(x), ours.native(labels)]
                f(given)  # brings the constants to the device
                try:
                    with counted(name) as counter:
                        for _ in range(STEPS):
                            f(given)
                    said = ", ".join(f"{count} {what}" for what, count in counter.items())
                except RuntimeError as error:  # torch's, where something waits
                    said = str(error).partition("\n")[0]
            yield {
                "table": f"What passes in {STEPS} training steps on arrays of the device",
                "net": net.label,
                "backend": name,
                "found": said or "nothing",
                "ok": not said,
            }
        if time.perf_counter() > until:
            return
