"""CUDA kernels compiled for the host: what CuPy compiles and starts, over NumPy's arrays and without a GPU."""

from __future__ import annotations

import ctypes
import functools
import re
import shutil
import subprocess
import tempfile
import types
from pathlib import Path
from typing import Any

import numpy as np

from .building import Kept

__all__ = ["HostKernel", "compile_to", "compiler", "host_cupy", "kept_in", "kernels_of", "parameters_of"]

HERE = Path(__file__).parent
_C = {"long long": ctypes.c_longlong, "int": ctypes.c_int, "double": ctypes.c_double}
_TYPES = {"bool": "bool", "signed char": "int8", "short": "int16", "int": "int32", "long long": "int64"}
_TYPES |= {"unsigned char": "uint8", "unsigned short": "uint16", "unsigned": "uint32", "unsigned long long": "uint64"}
_TYPES |= {"half_t": "float16", "float": "float32", "double": "float64"}
_FLAGS = ("-std=c++17", "-O1", "-ffp-contract=off", "-fwrapv", "-w", "-shared", "-fPIC")


def compiler() -> str | None:
    """The path of the C++ compiler, or None."""
    return shutil.which("g++")


def kernels_of(source: str) -> list[str]:
    """The names of the kernels in a source."""
    return re.findall(r"__global__ void (\w+)\(", source)


def parameters_of(source: str, name: str) -> list[tuple[str, str]]:
    """(type, name) of each parameter of a kernel."""
    found = re.search(rf"__global__ void {name}\(([^)]*)\)", source)
    assert found, f"no kernel {name} in the source"
    return [re.fullmatch(r"\s*(.*?[ *])(\w+)\s*", each).groups() for each in found[1].split(",")]  # type: ignore[misc, union-attr]


def host_text(source: str) -> str:
    """C++ with a function start_NAME(blocks, threads, backwards, arguments...) for each kernel NAME of the source."""
    text = f'#include "{HERE}/on_host.h"\n{source}\n#include "{HERE}/half_on_host.h"\nstatic int kernel_to_run;\n'
    calls, starts = "", ""
    for number, name in enumerate(kernels_of(source)):
        kinds = [kind for kind, _ in parameters_of(source, name)]
        held = [f"{name}_{i}" for i in range(len(kinds))]
        text += "".join(f"static {kind}{h};\n" for kind, h in zip(kinds, held, strict=True))
        calls += f"    if (kernel_to_run == {number}) {name}({', '.join(held)});\n"
        taken = "".join(f", {kind}p{i}" for i, kind in enumerate(kinds))
        stored = " ".join(f"{h} = p{i};" for i, h in enumerate(held))
        starts += (
            f'extern "C" int start_{name}(unsigned blocks, unsigned threads, int barriers, int backwards{taken})\n'
            f"{{ kernel_to_run = {number}; {stored} return run_grid(blocks, threads, barriers, backwards); }}\n"
        )
    return f"{text}static void thread_body()\n{{\n{calls}}}\n{starts}"


def compile_to(source: str, path: Path) -> None:
    """Compile a program to a library."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "kernel.cpp"
        text.write_text(host_text(source))
        command = [str(compiler()), *_FLAGS, "-o", str(path), str(text)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000] + source


@functools.cache
def _library(path: Path) -> Any:
    return ctypes.CDLL(str(path))


@functools.cache
def _built(source: str) -> tuple[Any, str]:
    """The library of a source's kernels, and the end of their names in it."""
    found = HostKernel.kept.find(source) if HostKernel.kept else None
    if found:
        return _library(found[0]), found[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.so"
        compile_to(source, path)
        return ctypes.CDLL(str(path)), ""


@functools.cache
def _start(source: str, name: str) -> tuple[Any, list[str], bool]:
    """How to start a kernel, the types of its parameters, and whether its threads meet at barriers."""
    library, end = _built(source)
    start = getattr(library, f"start_{name}{end}")
    kinds = [kind for kind, _ in parameters_of(source, name)]
    start.argtypes = [ctypes.c_uint, ctypes.c_uint, ctypes.c_int, ctypes.c_int]
    start.argtypes += [ctypes.c_void_p if "*" in kind else _C[_plain(kind, source)] for kind in kinds]
    body = source[source.index(f"void {name}(") :].partition("\n}\n")[0]
    return start, kinds, any(word in body for word in ("__syncthreads", "_of_block", "over_lanes"))


def _plain(kind: str, source: str) -> str:
    """A type without const, its pointer and its name in the source."""
    name = kind.replace("const ", "").replace("*", "").strip()
    named = re.search(rf"typedef ([\w ]+) {name};", source)
    return named[1] if named else name


class HostKernel:
    """cupy.RawKernel over NumPy's arrays. Threads that meet at barriers run in two orders, with the same bits."""

    kept: Kept | None = None  # what was compiled before
    sources: dict[tuple[str, str], int] = {}  # noqa: RUF012 - every kernel that was started, and how often

    def __init__(self, source: str, name: str, options: tuple[str, ...] = ()) -> None:
        assert options == ("--fmad=false",)
        self.source, self.name = source, name

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
        start, kinds, barriers = _start(self.source, self.name)
        key = self.source, self.name
        HostKernel.sources[key] = HostKernel.sources.get(key, 0) + 1
        arrays: list[np.ndarray] = []
        given = [self._given(kind, value, arrays) for kind, value in zip(kinds, arguments, strict=True)]
        written = [a for kind, a in zip([k for k in kinds if "*" in k], arrays, strict=True) if "const" not in kind]
        assert start(*grid, *block, barriers, False, *given) == 0, "threads of a block parted at a barrier"
        if barriers:
            first = [a.copy() for a in written]
            assert start(*grid, *block, barriers, True, *given) == 0, "threads of a block parted at a barrier"
            same = all(a.tobytes() == b.tobytes() for a, b in zip(first, written, strict=True))
            assert same, f"{self.name}: the order of threads between barriers changes the result"

    def _given(self, kind: str, value: Any, arrays: list[np.ndarray]) -> Any:
        """An argument as ctypes takes it, after a check of its type; arrays are held until the kernel has run."""
        plain = _plain(kind, self.source)
        if "*" in kind:
            if isinstance(value, np.generic) and "const" in kind:
                value = np.asarray(value)  # NumPy's functions give scalars where CuPy's give arrays
            assert isinstance(value, np.ndarray) and _TYPES[plain] == value.dtype, f"{kind}: {value!r}"
            arrays.append(value)
            return value.ctypes.data
        expected = {"int": np.int32, "long long": np.int64, "double": float}[plain]
        assert type(value) is expected, f"{kind} got {value!r}"
        return float(value) if expected is float else int(value)


def kept_in(folder: Path) -> Kept:
    """The folder of libraries, for these headers and flags."""
    return Kept(folder, [*(path.read_text() for path in sorted(HERE.glob("*.h"))), *_FLAGS])


def host_cupy(kernel: Any = HostKernel) -> Any:
    """What `backend.kernels.cupy` uses of CuPy, over NumPy's arrays; `kernel` takes the place of cupy.RawKernel."""
    same = "add empty zeros ascontiguousarray broadcast_to int8 uint8 int32 int64 float32 float64"
    same = f"{same} searchsorted arange where".split()
    cuda = types.SimpleNamespace(Device=lambda: "cpu", nvrtc=types.SimpleNamespace(getVersion=lambda: (12, 9)))
    functions = {name: getattr(np, name) for name in same}
    functions["argsort"] = functools.partial(np.argsort, kind="stable")  # as CuPy's is
    return types.SimpleNamespace(RawKernel=kernel, cuda=cuda, fuse=lambda body: body, **functions)
