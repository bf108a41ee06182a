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
from conformance.properties.kernels import composites_of
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


def judged(on, case):
    """(kind, example, what went wrong or '') for each example of a case."""
    for kind in KINDS:
        prop = PROPERTIES[kind]
        for example in examples_of(case, prop, on, count=0) if prop.applies(case, on) else ():
            try:
                (within_bounds if kind == "compiled" else prop.holds)(on, example)
                yield kind, example, ""
            except (Failure, ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
                yield kind, example, f"{type(error).__name__}: {getattr(error, 'message', error)}"[:300]


def on_the_host(parts):
    """Run the cases; the number of failures."""
    failures, counts, begun = 0, Counter(), time.perf_counter()
    with on_host() as on:
        cases = sorted(discovered().items(), key=lambda item: not composites_of(item[1]) & on.kernels)
        for name, case in cases:  # those with a kernel of their own first; chains are everywhere
            if case.group == "k" and (not parts or any(part in name for part in parts)):
                for kind, example, wrong in judged(on, case):
                    counts[kind] += 1
                    if wrong:
                        failures += 1
                        print(f"{name} {kind} {example.dtype}: {wrong}", flush=True)
                own = sorted(composites_of(case) & on.kernels)
                print(
                    f"{name} {own}: {len(HostKernel.sources)} kernels, {time.perf_counter() - begun:.0f} s", flush=True
                )
    print(f"{dict(counts)} examples, {failures} failures")
    started = Counter()
    for (_, name), count in HostKernel.sources.items():
        started[name] += count
    print(f"kernels started: {dict(started)}")
    return failures


def by_nvrtc():
    """Compile every source that was started."""
    sources = {source for source, _ in HostKernel.sources}
    for architecture in nvrtc.ARCHITECTURES if nvrtc.library() else ():
        begun = time.perf_counter()
        total = sum(nvrtc.compiled_size(program, architecture) for program in programs(sources))
        seconds = time.perf_counter() - begun
        print(f"NVRTC, {architecture}: {len(sources)} sources compile, {total} bytes, {seconds:.0f} s", flush=True)
    if nvrtc.library() is None:
        print("NVRTC: nvidia-cuda-nvrtc-cu12 is not installed")


def main(parts):
    """Run both proofs; the number of failures."""
    warnings.simplefilter("ignore")
    failures = on_the_host(parts)
    by_nvrtc()
    return failures


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
