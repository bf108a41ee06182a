"""Check K on this machine's GPU and write a report: `python -m benchmarks.gpu_check [--minutes 6]`.

Each part runs in a process of its own with a time limit, so that a driver's crash costs one part. The report is written
anew after each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import agreement, devices, report, timing, training, transfers

__all__ = ["PARTS", "main", "plan"]

Part = Callable[[list[str], float], Iterator[dict[str, Any]]]
PARTS: dict[str, tuple[Part, float, bool]] = {  # name -> (what it does, its share of the time, one run per backend)
    "machine": (devices.machine, 0.04, False),
    "losses": (training.first_losses, 0.08, False),
    "transfers": (transfers.transfers, 0.06, False),
    "training": (training.training, 0.14, False),
    "conformance": (agreement.conformance, 0.30, True),  # one after the other
    "steps": (timing.step_times, 0.12, False),
    "chains": (timing.chain_times, 0.06, False),
    "convolution": (timing.convolution_times, 0.08, False),
    "pooling": (timing.pooling_times, 0.06, False),
    "memory": (timing.memory, 0.06, False),
}
GRACE = 25.0  # seconds beyond its share after which a part is ended: it looks at the clock between rows
SHORTEST = 3.0  # seconds: with less, a process would end while it imports
DEFAULT = ("cupy", "torch:cuda:0")


def plan(names: Sequence[str], backends: list[str]) -> list[tuple[str, list[str], float]]:
    """The runs in order: the part, its backends, and its share of the time."""
    whole = sum(PARTS[name][1] for name in names)
    found = []
    for name in names:
        _, share, apart = PARTS[name]
        groups = [[backend] for backend in backends] if apart else [backends]
        found += [(name, group, share / whole / len(groups)) for group in groups]
    return found


def main() -> int:
    """Run every part, write the report after each, and return 0 where all is as it should be."""
    chosen = _arguments().parse_args()
    if chosen.part:
        return _one(chosen.part, chosen.backends, chosen.seconds, chosen.into)
    usable, why = devices.chosen(chosen.backends)
    for sentence in why:
        print(sentence)
    if not usable:
        print("no backend to check: a GPU, its driver and CuPy or PyTorch for CUDA are needed")
        return 2
    begun, parts = time.time(), []
    about: dict[str, Any] = {
        "when": time.strftime("%Y-%m-%d %H:%M", time.localtime(begun)),
        "minutes": chosen.minutes,
        "backends": ", ".join(usable),
        "not usable": why,
    }
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, backends, share in plan(chosen.only or list(PARTS), usable):
        left = 60 * chosen.minutes - (time.time() - begun)
        parts.append(_part(name, backends, 60 * chosen.minutes * share, left))
        report.saved(chosen.out, about | {"took": time.time() - begun}, parts)
        print(f"{parts[-1]['part']}: {parts[-1]['status']}, {parts[-1]['seconds']:.0f} s", flush=True)
    wrong = report.failed(parts)
    print(*wrong, f"{chosen.out / 'gpu-check.md'} and gpu-check.json are written", sep="\n")
    return int(bool(wrong))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.gpu_check", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=6.0, help="for the whole check (default 6)")
    parser.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to write (default: here)")
    names = "default: cupy torch:cuda:0"
    parser.add_argument("--backends", nargs="+", default=list(DEFAULT), metavar="NAME", help=names)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="only these parts")
    for option, kind in (("part", str), ("seconds", float), ("into", Path)):  # of a part's own process
        parser.add_argument(f"--{option}", type=kind, help=argparse.SUPPRESS)
    return parser


def _part(name: str, backends: list[str], seconds: float, left: float) -> dict[str, Any]:
    """Run a part in a process of its own; the rows it wrote, also where it was ended."""
    title, begun, seconds = f"{name} on {', '.join(backends)}", time.time(), min(seconds, left)
    if left < SHORTEST:
        return {"part": title, "status": "left out: no time was left", "seconds": 0.0, "rows": []}
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "rows.jsonl"
        command = [sys.executable, "-m", __package__, "--part", name, "--seconds", str(seconds), "--into", str(into)]
        command += ["--backends", *backends]
        environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # or JAX takes most of the memory
        try:
            run = subprocess.run(
                command,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=min(seconds + GRACE, left),
            )
            status = "complete" if run.returncode == 0 else _last(run.stderr, run.returncode)
        except subprocess.TimeoutExpired:
            status = "ended: it went beyond its time"
        rows = [json.loads(line) for line in into.read_text("utf-8").splitlines()] if into.exists() else []
    return {"part": title, "status": status, "seconds": time.time() - begun, "rows": rows}


def _last(errors: str, code: int) -> str:
    return (errors.strip().splitlines() or [f"ended with code {code}"])[-1][:300]


def _one(name: str, backends: list[str], seconds: float, into: Path) -> int:
    """What a part's process does: one line of JSON per row, as soon as it is there."""
    with into.open("w", encoding="utf-8") as file:
        for row in PARTS[name][0](backends, seconds):
            file.write(json.dumps(row) + "\n")
            file.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
