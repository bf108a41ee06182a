"""NVRTC through ctypes: it compiles CUDA C to the code of a device without one."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
from pathlib import Path
from typing import Any

__all__ = ["ARCHITECTURES", "compiled_size", "library"]

ARCHITECTURES = ("sm_75", "sm_80", "sm_90")


@functools.cache
def library() -> Any:
    """NVRTC of the wheel nvidia-cuda-nvrtc-cu12, or None where it is not installed."""
    try:
        found = importlib.util.find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:
        return None
    places = [Path(p) / "lib" for p in (found.submodule_search_locations or ())] if found else []
    paths = [path for place in places for path in sorted(place.glob("libnvrtc.so*"))]
    return ctypes.CDLL(str(paths[0])) if paths else None


def compiled_size(source: str, architecture: str, options: tuple[str, ...] = ("--fmad=false",)) -> int:
    """The bytes of a source's machine code; AssertionError with the compiler's log where it does not compile."""
    nvrtc = library()
    program = ctypes.c_void_p()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None) == 0
    try:
        flags = [f"--gpu-architecture={architecture}".encode(), *(o.encode() for o in options)]
        status = nvrtc.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
        size = ctypes.c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        assert status == 0, log.value.decode()[:2000] + source
        nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
        return int(size.value)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
