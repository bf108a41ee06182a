"""All conformance cases through CuPy's kernels on the host, and NVRTC on every source they need.

`PYTHONPATH=. python tests/kernels/cuda_proof.py [--kept FOLDER] [part of a case's name ...]`: a first pass, in which
definitions run, finds the sources; they are compiled many at a time; then each case runs through its kernels. Libraries
stay in the folder, so that the next run compiles only what is new.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path

from cuda_host import nvrtc
from cuda_host.building import together
from cuda_host.host import HostKernel, compile_to, kept_in
from cuda_host.namespace import on_host

from conformance.case import discovered
from conformance.judging.failures import Failure
from conformance.properties.kernels import composites_of
from conformance.properties.registry import PROPERTIES
from conformance.running.tasks import examples_of

KINDS = ("compiled", "gradient", "kinks", "kernel")
WRONG = (Failure, ArithmeticError, AssertionError, LookupError, TypeError, ValueError)


def judged(on, case):
    """(kind, example, what went wrong or '') for each example of a case."""
    for kind in KINDS:
        prop = PROPERTIES[kind]
        for example in examples_of(case, prop, on, count=0) if prop.applies(case, on) else ():
            try:
                prop.holds(on, example)
                yield kind, example, ""
            except WRONG as error:
                yield kind, example, f"{type(error).__name__}: {getattr(error, 'message', error)}"[:300]


def chosen(parts):
    """The cases, those whose names have one of the parts."""
    return [case for name, case in sorted(discovered().items()) if not parts or any(part in name for part in parts)]


def sources_of(cases):
    """What the cases ask CuPy's compiler for, while definitions run in its place."""
    found = set()
    with on_host(lambda source, name, options: found.add(source)) as on:
        for case in cases:
            for _ in judged(on, case):
                pass
    return found


def on_the_host(cases):
    """Run the cases; what failed, and the kernels that each case started, by name."""
    failures, counts, started = 0, Counter(), {}
    with on_host() as on:
        for case in cases:
            before = Counter(HostKernel.sources)
            for kind, example, wrong in judged(on, case):
                counts[kind] += 1
                if wrong:
                    failures += 1
                    print(f"{case.name} {kind} {example.dtype}: {wrong}", flush=True)
            names = Counter()
            for (_, name), count in (Counter(HostKernel.sources) - before).items():
                names[name] += count
            started[case.name] = names
            own = sorted(composites_of(case) & on.kernels)
            print(f"{case.name} {own}: {dict(names)}", flush=True)
    print(f"{dict(counts)} examples, {failures} failures")
    return failures, started


def summary(started):
    """Which cases started which kernels, and which started none."""
    by_kernel = defaultdict(list)
    for case, names in started.items():
        for name in names:
            by_kernel[name].append(case)
    for name, cases in sorted(by_kernel.items()):
        count = sum(started[case][name] for case in cases)
        print(f"{name}: {count} launches in {len(cases)} cases" + (f", {cases}" if len(cases) < 12 else ""))
    print(f"no kernel in {sum(not names for names in started.values())}: {[c for c, n in started.items() if not n]}")


def by_nvrtc(sources):
    """Compile every source."""
    for architecture in nvrtc.ARCHITECTURES if nvrtc.library() else ():
        begun = time.perf_counter()
        total = sum(nvrtc.compiled_size(program, architecture) for program, _ in together(sources))
        seconds = time.perf_counter() - begun
        print(f"NVRTC, {architecture}: {len(sources)} sources compile, {total} bytes, {seconds:.0f} s", flush=True)
    if nvrtc.library() is None:
        print("NVRTC: nvidia-cuda-nvrtc-cu12 is not installed")


def main(arguments):
    """Run both proofs; the number of failures."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, help="the folder that keeps what was compiled")
    parser.add_argument("parts", nargs="*")
    asked = parser.parse_args(arguments)
    cases = chosen(asked.parts)
    with tempfile.TemporaryDirectory() as folder:
        HostKernel.kept = kept_in(asked.kept or Path(folder))
        begun = time.perf_counter()
        sources = sources_of(cases)
        found = time.perf_counter() - begun
        new = HostKernel.kept.add(sources, compile_to)
        seconds = time.perf_counter() - begun - found
        print(
            f"{len(cases)} cases, {len(sources)} sources in {found:.0f} s, {new} compiled in {seconds:.0f} s",
            flush=True,
        )
        failures, started = on_the_host(cases)
    summary(started)
    by_nvrtc(sources | {source for source, _ in HostKernel.sources})
    return failures


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
