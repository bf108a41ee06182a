"""Run by test_processes.py in several processes: trainings of nets over all of them, each beside the same on one alone.

Process 0 prints a JSON object: the losses by name, [of one process, of all], and what was seen besides.
"""

import json
import time

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

import backend as K

STEPS = 5


def data():
    draws = np.random.default_rng(0)
    return draws.normal(size=(12, 6, 6, 1)).astype("float32"), np.eye(4, dtype="float32")[draws.integers(0, 4, 12)]


def net(kind):
    """The function that trains, its data, and its variables."""
    draws = np.random.default_rng(1)
    images, labels = data()
    shapes = [(3, 3, 1, 4), (4,), (36, 4), (4,)] if kind == "convolution" else [(36, 8), (8,), (8, 4), (4,)]
    w = [K.variable(draws.normal(size=shape) * 0.3, name=f"w{i}") for i, shape in enumerate(shapes)]
    if kind != "convolution":
        images = images.reshape(12, 36)
    x, y = K.placeholder((None, *images.shape[1:])), K.placeholder((None, 4))
    if kind == "convolution":
        h = K.conv2d(x, w[0], padding="same")
        h, _, _ = K.normalize_batch_in_training(h, K.ones((4,)), w[1], [0, 1, 2])  # statistics of the whole batch
        h = K.batch_flatten(K.pool2d(K.relu(h), (2, 2), strides=(2, 2)))
    else:
        h = K.relu(K.dot(x, w[0]) + w[1])
        if kind == "normalized":
            h = K.normalize_batch_in_training(h, K.ones((8,)), K.zeros((8,)), [0])[0]
        h = K.dropout(h, 0.2, seed=2)
    loss = K.mean(K.categorical_crossentropy(y, K.dot(h, w[2]) + w[3], from_logits=True))
    return K.function([x, y], [loss], K.optimizers.Adam(0.03).get_updates(loss, w)), (images, labels), w


def losses(kind, mesh=None, parallel="data"):
    train, batch, w = net(kind)
    feeds = list(batch)
    if mesh is not None:
        divided = parallel == "data"
        layouts = [[Replicate()]] * 4 if divided else [[Shard(1)], [Shard(0)], [Shard(0)], [Replicate()]]
        for variable, placements in zip(w, layouts, strict=True):
            K.place(variable, (mesh, placements))
        feeds = [distribute_tensor(torch.tensor(v), mesh, [Shard(0) if divided else Replicate()]) for v in batch]
    found = [float(train(feeds)[0]) for _ in range(STEPS)]
    if mesh is not None:
        assert [list(v.array.placements) for v in w] == layouts, [v.array.placements for v in w]
        K.set_value(w[0], K.get_value(w[0]) * 1.0)
        assert list(w[0].array.placements) == layouts[0]
    return found


def refusals(mesh):
    messages = []
    for layout in (mesh, (mesh, [Shard(3)]), (mesh, [])):
        try:
            K.place(K.variable([1.0, 2.0], name="v"), layout)
        except (TypeError, ValueError) as error:
            messages.append(f"{type(error).__name__}: {error}")
    return messages


def main():
    dist.init_process_group("gloo")
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    K.set_backend("torch")
    found = {}
    for kind, parallel in (("dense", "data"), ("dense", "tensor"), ("normalized", "tensor"), ("convolution", "data")):
        found[f"{kind}, {parallel}"] = [losses(kind), losses(kind, mesh, parallel)]
    f = K.value_and_grad(lambda w, x: K.mean(K.square(K.dot(x, w))))
    w, x = torch.ones(4), torch.arange(24.0).reshape(6, 4)
    one = f(w, x)
    value, slope = f(distribute_tensor(w, mesh, [Replicate()]), distribute_tensor(x, mesh, [Shard(0)]))
    found["gradient"] = [[float(one[0]), *one[1].tolist()], [float(value), *slope.full_tensor().tolist()]]
    more = {"refusals": refusals(mesh), "processes": dist.get_world_size()}
    if dist.get_rank() == 0:
        print(json.dumps({"losses": found, **more}))
    dist.barrier()
    time.sleep(0.2)  # as in examples/digits_sharded.py: torch's threads free their tensors before Python ends
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
