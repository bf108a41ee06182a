"""All conformance cases through CuPy's kernels on the host, and NVRTC on every source they need.

`PYTHONPATH=. python tests/kernels/cuda_proof.py [part of a case's name ...]` prints one line for each case and kernel.
"""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections import Counter

from cuda_host import nvrtc
from cuda_host.host import HostKernel
from cuda_host.namespace import on_host

from conformance.case import discovered
from conformance.judging.failures import Failure
from conformance.properties.agreement import agreement
from conformance.properties.registry import PROPERTIES, _own_graph
from conformance.running.tasks import examples_of
from conformance.subjects.operations import compiled

KINDS = ("compiled", "gradient", "kinks", "kernel")
TOGETHER = 50  # kernels of one program for NVRTC


def within_bounds(on, example):
    """A compiled function's results, held to the operation's bounds: the host's exp is another than the device's."""
    inputs, outputs = _own_graph(example)
    return agreement(on, example, compiled(on, inputs, outputs, on.arrays(example)))


def programs(sources):
    """The sources in as few programs as have one beginning each, their kernels numbered."""
    groups = {}
    for source in sorted(sources):
        head, mark, kernels = source.partition('extern "C"')
        groups.setdefault(head, []).append(mark + kernels)
    for head, bodies in groups.items():
        for first in range(0, len(bodies), TOGETHER):
            numbered = enumerate(bodies[first : first + TOGETHER])
            yield head + "".join(re.sub(r"(__global__ void \w+)\(", rf"\g<1>_{i}(", body) for i, body in numbered)


def main(parts: list[str]) -> int:
    """Run both proofs; the number of failures."""
    warnings.simplefilter("ignore")
    failures, counts, started = 0, Counter(), Counter()
    begun = time.perf_counter()
    with on_host() as on:
        for name, case in discovered().items():
            if case.group != "k" or (parts and not any(part in name for part in parts)):
                continue
            before = dict(HostKernel.sources)
            for kind in KINDS:
                prop = PROPERTIES[kind]
                if not prop.applies(case, on):
                    continue
                for example in examples_of(case, prop, on, count=0):
                    counts[kind] += 1
                    try:
                        (within_bounds if kind == "compiled" else prop.holds)(on, example)
                    except Failure as failure:
                        failures += 1
                        print(f"{name} {kind} {example.dtype}: {failure.message[:300]}", flush=True)
                    except Exception as error:
                        failures += 1
                        print(f"{name} {kind} {example.dtype}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            print(f"{name}: {len(HostKernel.sources)} kernels so far, {time.perf_counter() - begun:.0f} s", flush=True)
            for key, count in HostKernel.sources.items():
                started[key[1]] += count - before.get(key, 0)
    print(f"{dict(counts)} examples, {failures} failures, {time.perf_counter() - begun:.0f} s")
    print(f"kernels started: {dict(started)}")
    sources = {source for source, _ in HostKernel.sources}
    print(f"{len(sources)} sources")
    if nvrtc.library() is None:
        print("NVRTC: nvidia-cuda-nvrtc-cu12 is not installed")
        return failures
    for architecture in nvrtc.ARCHITECTURES:
        begun = time.perf_counter()
        total = sum(nvrtc.compiled_size(program, architecture) for program in programs(sources))
        print(f"NVRTC, {architecture}: all compile, {total} bytes, {time.perf_counter() - begun:.0f} s", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
