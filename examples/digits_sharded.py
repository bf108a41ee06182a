"""Digits over several devices, data- or tensor-parallel: `python examples/digits_sharded.py --jax`.

With PyTorch it is one process for each: `torchrun --nproc-per-node 2 examples/digits_sharded.py --torch`.
On one machine without accelerators, `XLA_FLAGS=--xla_force_host_platform_device_count=4` makes four devices of a CPU.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("digits_sharded.py", "examples", program=__name__ == "__main__"):
    from sklearn.datasets import load_digits

BATCH, HIDDEN, RATE = 64, 128, 1e-3


class Layout(NamedTuple):
    """How a library lays arrays out over its devices."""

    devices: int
    split: Callable[[np.ndarray], Any]  # a batch, its first axis divided among the devices
    place: Callable[[list[Any]], None]  # the variables [hidden, its bias, last, its bias]
    reports: bool = True  # whether this process is the one that prints
    end: Callable[[], None] = lambda: None  # leave the other processes


def on_jax(parallel: str) -> Layout:
    """A mesh of all devices that JAX has, those of other hosts included."""
    import jax
    from jax.sharding import AxisType, NamedSharding, PartitionSpec

    mesh = jax.make_mesh((jax.device_count(),), ("devices",), axis_types=(AxisType.Auto,))

    def layout(*axes: str | None) -> Any:
        return NamedSharding(mesh, PartitionSpec(*axes))

    def split(value: np.ndarray) -> Any:
        over = layout("devices") if parallel == "data" else layout()
        return jax.make_array_from_callback(value.shape, over, lambda index: value[index])

    def place(variables: list[Any]) -> None:
        if parallel == "data":
            K.place(variables, layout())  # a copy on each device
            return
        hidden, hidden_bias, last, last_bias = variables
        K.place(hidden, layout(None, "devices"))  # each device has some of the hidden units
        K.place(hidden_bias, layout("devices"))
        K.place(last, layout("devices", None))
        K.place(last_bias, layout())

    return Layout(jax.device_count(), split, place)


def on_torch(parallel: str) -> Layout:
    """A mesh of all processes that torchrun has started, those of other hosts included."""
    import torch
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    dist.init_process_group("gloo")
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))

    def split(value: np.ndarray) -> Any:
        return distribute_tensor(torch.tensor(value), mesh, [Shard(0) if parallel == "data" else Replicate()])

    def place(variables: list[Any]) -> None:
        if parallel == "data":
            K.place(variables, (mesh, [Replicate()]))  # a copy in each process
            return
        hidden, hidden_bias, last, last_bias = variables
        K.place(hidden, (mesh, [Shard(1)]))  # each process has some of the hidden units
        K.place(hidden_bias, (mesh, [Shard(0)]))
        K.place(last, (mesh, [Shard(0)]))
        K.place(last_bias, (mesh, [Replicate()]))

    def end() -> None:
        dist.barrier()  # a process that ends while another still sends aborts it
        time.sleep(0.2)  # torch's threads free the last tensors: one that still waits for Python's lock at exit aborts
        dist.destroy_process_group()

    return Layout(dist.get_world_size(), split, place, dist.get_rank() == 0, end)


def net() -> tuple[Any, list[Any]]:
    """The function `train([images, labels]) -> [loss]` and its variables: a hidden layer with dropout, and Adam."""
    x, y = K.placeholder((None, 64), name="images"), K.placeholder((None, 10), name="labels")
    variables = [
        K.random_normal_variable((64, HIDDEN), 0.0, 0.2, seed=0),
        K.zeros((HIDDEN,)),
        K.random_normal_variable((HIDDEN, 10), 0.0, 0.1, seed=1),
        K.zeros((10,)),
    ]
    hidden, hidden_bias, last, last_bias = variables
    h = K.dropout(K.relu(K.dot(x, hidden) + hidden_bias), 0.2, seed=2)
    loss = K.mean(K.categorical_crossentropy(y, K.dot(h, last) + last_bias, from_logits=True))
    return K.function([x, y], [loss], K.optimizers.Adam(RATE).get_updates(loss, variables)), variables


def run(library: str, layout: Layout | None, epochs: int) -> list[float]:
    """The loss of each batch; without a layout on one device, fed from NumPy."""
    images, labels = load_digits(return_X_y=True)
    x, y = (images / 16).astype("float32"), np.eye(10, dtype="float32")[labels]
    order = np.random.default_rng(0)
    losses = []
    with K.use_backend(library):
        train, variables = net()
        if layout is not None:
            layout.place(variables)
        for _ in range(epochs):
            chosen = order.permutation(len(x))
            for first in range(0, len(x) - BATCH + 1, BATCH):
                batch = [v[chosen[first : first + BATCH]] for v in (x, y)]
                feeds = batch if layout is None else list(map(layout.split, batch))
                losses.append(float(K.eval(train(feeds)[0])))
    return losses


def main(args: list[str] | None = None) -> list[float]:
    """Train over all devices, and say how the losses went."""
    parser = argparse.ArgumentParser(description=__doc__)
    library = parser.add_mutually_exclusive_group(required=True)
    library.add_argument("--jax", dest="library", action="store_const", const="jax")
    library.add_argument("--torch", dest="library", action="store_const", const="torch")
    parser.add_argument("--parallel", choices=["data", "tensor"], default="data")
    parser.add_argument("--epochs", type=int, default=5)
    chosen = parser.parse_args(args)
    layout = {"jax": on_jax, "torch": on_torch}[chosen.library](chosen.parallel)
    losses = run(chosen.library, layout, chosen.epochs)
    steps = len(losses) // chosen.epochs
    ends = ", ".join(f"{np.mean(losses[i : i + steps]):.3f}" for i in range(0, len(losses), steps))
    if layout.reports:
        how = f"{chosen.library}, {chosen.parallel}-parallel over {layout.devices} devices"
        print(f"{how}: the loss of each epoch: {ends}")
    layout.end()
    return losses


if __name__ == "__main__":
    main()
