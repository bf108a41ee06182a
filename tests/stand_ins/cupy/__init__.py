"""A stand-in for CuPy over NumPy, with CuPy's manners: programs written for CuPy run on it without a GPU.

It has the names, parameters and ufunc loops that the installed CuPy states (`facts.json`), and CuPy's documented
differences from NumPy: reductions and single elements are arrays without axes, NumPy's arrays are refused, indices wrap
around, singular matrices give NaN, and whatever waits for the device is counted (`traffic`).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy

from . import cuda
from . import fft as fft
from . import linalg as linalg
from . import traffic as traffic
from .core import ndarray
from .functions import FACTS, module

NUMPYS = (  # CuPy has these from NumPy
    "bool_ complex64 complex128 complexfloating dtype e euler_gamma finfo float16 float32 float64 "
    "floating generic iinfo inexact inf int8 int16 int32 int64 integer intp nan newaxis number pi "
    "signedinteger uint8 uint16 uint32 uint64 unsignedinteger"
).split()
globals().update({name: getattr(numpy, name) for name in NUMPYS}, **module(""))
globals().update(bool=numpy.bool_, absolute=module("")["abs"])
__version__ = FACTS["version"]
_pool = cuda.MemoryPool()


def ascontiguousarray(a: Any, dtype: Any = None) -> ndarray:
    """The array in C order."""
    return globals()["asarray"](a, dtype).copy("C")


def get_array_module(*args: Any) -> Any:
    """This module where an argument is one of its arrays, otherwise NumPy."""
    return sys.modules[__name__] if any(isinstance(a, ndarray) for a in args) else numpy


def get_default_memory_pool() -> cuda.MemoryPool:
    """The pool of device memory."""
    return _pool


def from_dlpack(array: Any, *, device: Any = None, copy: Any = None) -> ndarray:
    """The same array; memory of the host is refused."""
    if not isinstance(array, ndarray):
        raise BufferError("CPU arrays cannot be directly imported to CuPy. Use `cupy.array(numpy.from_dlpack(input))`")
    return array.copy() if copy else array


def fuse(*args: Any, **kwargs: Any) -> Any:
    """The function itself: the stand-in compiles nothing."""
    return args[0] if args and callable(args[0]) else (lambda function: function)


OWN = ("Any", "NUMPYS", "annotations", "core", "functions", "loops", "module", "numpy", "sys", "FACTS", "traffic")
__all__ = [name for name in globals() if not name.startswith("_") and name not in (*OWN, "OWN")]
