"""The nets in PyTorch by hand: nn.Module, images channels_last, torch.optim.SGD by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..nets import RATE, Net, batch, weights

__all__ = ["predict", "step"]


class Last(nn.Module):
    """An LSTM's output after the last step."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.lstm.bias_hh_l0.requires_grad_(False)  # the LSTM of Keras has one bias, this one two

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0][:, -1]


def _features(net: Net, w: dict[str, np.ndarray]) -> list[nn.Module]:
    """All layers but the dense ones at the end."""
    if net.kind == "dense":
        return []
    if net.kind == "recurrent":
        return [Last(net.sample[-1], net.widths[0])]
    layers: list[nn.Module] = []
    for i in range(2 if net.kind == "convolution" else len(net.widths) - 1):
        incoming, outgoing = w[f"kernel{i}"].shape[2:]
        if net.kind == "convolution":
            layers += [nn.Conv2d(incoming, outgoing, 3), nn.ReLU()]
        else:
            layers += [
                nn.Conv2d(incoming, outgoing, 3, padding=1, bias=False),
                nn.BatchNorm2d(outgoing, eps=1e-3, momentum=0.01),
                nn.ReLU(),
            ]
        layers += [nn.MaxPool2d(2)] if i > 0 and (net.kind == "normalized" or i == 1) else []
    return [*layers, nn.Flatten()]


def module(net: Net) -> nn.Module:
    """The net with its first weights."""
    w = weights(net)
    layers, first = _features(net, w), len(net.widths) - 1
    if net.kind in ("dense", "convolution"):
        first = 0 if net.kind == "dense" else 2
    for i in range(first, len(net.widths)):
        layers += [nn.Linear(*w[f"kernel{i}"].shape), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    parameters = (p for p in model.parameters() if p.requires_grad)
    with torch.no_grad():
        for p, value in zip(parameters, _as_torch_lies(net, w), strict=True):
            p.copy_(torch.from_numpy(np.ascontiguousarray(value)))
        for p in model.parameters():
            if not p.requires_grad:
                p.zero_()
    return model.to(memory_format=torch.channels_last) if len(net.sample) == 3 else model


def _as_torch_lies(net: Net, w: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The weights in the order and layout of nn.Module."""
    if net.kind == "recurrent":
        return [w["kernel0"].T, w["recurrent"].T, w["bias0"], w["kernel1"].T, w["bias1"]]
    found, channels = [], None
    for i in range(len(net.widths)):
        kernel = w[f"kernel{i}"]
        if kernel.ndim == 4:
            channels = kernel.shape[3]
            found.append(kernel.transpose(3, 2, 0, 1))
        else:
            if channels is not None:  # its input was flattened channels first
                side = round((kernel.shape[0] // channels) ** 0.5)
                kernel = kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
                channels = None
            found.append(kernel.T)
        found += [w[f"gamma{i}"]] if f"gamma{i}" in w else []
        found.append(w[f"bias{i}"])
    return found


def _samples(net: Net, device: str) -> torch.Tensor:
    x = torch.from_numpy(batch(net)[0]).to(device)
    return x.permute(0, 3, 1, 2) if len(net.sample) == 3 else x  # stays channels_last in memory


def step(net: Net, device: str = "cpu", compiled: bool = False) -> Callable[[], float]:
    """A function that trains the net on its batch once and returns the loss.

    Where it is `compiled`, torch.compile gets the net with its loss, whose gradient it makes, and the optimizer's step.
    """
    model, x = module(net).to(device), _samples(net, device)
    labels = torch.from_numpy(batch(net)[1]).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def loss_of(x: Any, labels: Any) -> Any:
        return functional.cross_entropy(model(x), labels)

    loss_of, update = map(torch.compile, (loss_of, optimizer.step)) if compiled else (loss_of, optimizer.step)

    def run() -> float:
        optimizer.zero_grad()
        loss = loss_of(x, labels)
        loss.backward()
        update()
        return loss.item()

    return run


def predict(net: Net, device: str = "cpu", compiled: bool = False) -> Callable[[], Any]:
    """A function that computes the probabilities of the net's batch."""
    model, x = module(net).eval().to(device), _samples(net, device)

    def probabilities(x: Any) -> Any:
        return torch.softmax(model(x), dim=-1)

    probabilities = torch.compile(probabilities) if compiled else probabilities

    def run() -> Any:
        with torch.no_grad():
            return probabilities(x)

    return run
