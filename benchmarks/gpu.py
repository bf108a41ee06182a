"""The same training steps and elementwise chains on a GPU: K on CuPy and torch CUDA, compared with torch by hand."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import nets
from .comparison import Row, Side, Target, compared, tabled
from .peers import absence
from .sides import chains
from .training_step import same_losses

__all__ = ["measured", "report", "table"]

STEP, CHAIN = "A training step on the GPU", "An elementwise chain on the GPU"
BY_HAND = "torch by hand"
LIBRARIES = {"cupy": 2.0, "torch": 1.1}  # times torch by hand
LARGER = 16  # times the batch size on a CPU
SIZES = (4_000_000, 64_000_000)
NOTE = (
    "Every call is complete when its time is taken: "
    "a step returns its loss as a number, a chain is synchronized. No side uses TF32."
)


def gpu(library: str) -> str | None:
    """The reason why a library has no GPU here; None if it has one."""
    why = absence(library)
    if why:
        return why
    if library == "torch":
        import torch

        return None if torch.cuda.is_available() else "torch sees no CUDA device"
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:  # no driver
        count = 0
    return None if count else "cupy sees no CUDA device"


def _steps(net: nets.Net) -> Iterator[Side]:
    from .sides import ours
    from .sides import torch as by_hand

    for library, at_most in LIBRARIES.items():
        name = "torch:cuda:0" if library == "torch" else library
        yield Side(f"K [{library}]", library, functools.partial(ours.step, net, name), (Target(BY_HAND, at_most),))
        if net.kind == "recurrent":
            yield Side(f"K [{library}], rnn", library, functools.partial(ours.step, net, name, stepwise=True))
    yield Side(BY_HAND, "torch", functools.partial(by_hand.step, net, "cuda:0"))


def _ours(chain: str, size: int, library: str) -> Callable[[], Any]:
    call = chains.ours(chain, size, "torch:cuda:0" if library == "torch" else library)
    return _waited(call, library)


def _by_hand(chain: str, size: int) -> Callable[[], Any]:
    import torch

    f, x = chains.formula(chain), torch.from_numpy(chains.data(size)).to("cuda:0")
    return _waited(lambda: f(torch, x), "torch")


def _waited(call: Callable[[], Any], library: str) -> Callable[[], Any]:
    """A call that returns when the device has finished."""
    if library == "torch":
        from torch.cuda import synchronize
    else:
        from cupy.cuda.runtime import deviceSynchronize as synchronize  # noqa: N813 - CUDA's name

    def run() -> Any:
        result = call()
        synchronize()
        return result

    return run


def _chains(chain: str, size: int) -> Iterator[Side]:
    for library, at_most in LIBRARIES.items():
        yield Side(
            f"K [{library}]", library, functools.partial(_ours, chain, size, library), (Target(BY_HAND, at_most),)
        )
    yield Side(BY_HAND, "torch", functools.partial(_by_hand, chain, size))


def measured(quick: bool) -> list[Row]:
    """A row for each net, chain and side; none without a GPU."""
    missing = {library: why for library in LIBRARIES if (why := gpu(library))}
    if "torch" in missing:
        return []
    import torch

    torch.backends.cudnn.allow_tf32 = False  # by default torch by hand would use it, and K's kernels not
    how = {"rounds": 3 if quick else 11, "seconds": 0.05 if quick else 0.2, "apart": False}
    rows = []

    def here(sides: Iterator[Side]) -> list[Side]:
        return [side for side in sides if side.package not in missing]

    for net in (net.of(LARGER * net.batch) for net in nets.NETS):
        rows += compared(STEP, net.label, here(_steps(net)), check=same_losses, **how)
    for chain in chains.CHAINS:
        for size in SIZES[:1] if quick else SIZES:
            rows += compared(CHAIN, f"{chain}, {size / 1e6:g} M", here(_chains(chain, size)), **how)
    return rows


def report(rows: Sequence[Row]) -> str:
    """The cost of steps and chains on the GPU, or the reason why there is none."""
    missing = [why for library in LIBRARIES if (why := gpu(library))]
    if not rows:
        return f"### {STEP}\n\nNothing was measured on a GPU: {' and '.join(missing)}.\n"
    return tabled(rows, " ".join([NOTE, *(f"{why}." for why in missing)]))


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
