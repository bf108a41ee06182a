"""The stand-in for CuPy in place of CuPy, where CuPy is installed or not."""

import contextlib
import functools
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.arrays import backends
from backend.graph.composite import COMPOSITES
from backend.kernels import lookup
from conformance.subjects import targets

STAND_INS = str(Path(__file__).parents[1] / "stand_ins")
OURS = ("cupy", "array_api_compat.cupy", "backend.kernels.cupy")  # modules that are, or import, CuPy


def modules() -> dict[str, Any]:
    """The loaded modules that are CuPy or import it."""
    return {n: m for n, m in sys.modules.items() if n in OURS or n.startswith(tuple(f"{name}." for name in OURS))}


def put_in_place(wanted: dict[str, Any]) -> None:
    """Load these modules in place of the others, and let K and conformance forget what they opened."""
    for name in modules():
        del sys.modules[name]
    sys.modules.update(wanted)
    for name in OURS[1:]:
        package, _, attribute = name.rpartition(".")
        holder = importlib.import_module(package)
        if name in wanted:
            setattr(holder, attribute, wanted[name])
        elif hasattr(holder, attribute):
            delattr(holder, attribute)
    for opened in (backends._opened, targets._OPENED):
        for name in [n for n in opened if "cupy" in n]:
            del opened[name]
    lookup._modules.pop("array_api_compat.cupy", None)
    for each in COMPOSITES.values():  # what they found to run on CuPy's arrays
        for key in [k for k in each._bound if "cupy" in str(k[0])]:
            del each._bound[key]


@functools.cache
def stand_in() -> dict[str, Any]:
    """The modules of the stand-in, loaded once: one class of arrays in all tests."""
    put_in_place({})
    importlib.import_module("array_api_compat.cupy")
    return modules()


@contextlib.contextmanager
def in_place() -> Iterator[Any]:
    """Within the block, `cupy` is the stand-in."""
    before = modules()
    sys.path.insert(0, STAND_INS)
    try:
        put_in_place(stand_in())
        yield sys.modules["cupy"]
    finally:
        put_in_place(before)
        sys.path.remove(STAND_INS)


@pytest.fixture
def cupy() -> Iterator[Any]:
    """The stand-in for CuPy, in place of CuPy within the test."""
    with in_place() as module:
        yield module
