"""Windows over up to three spatial axes as numbers for a kernel; arrays are (batch, three axes, channels)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...arrays.windows import fits, grid_of

__all__ = ["LOOPS", "PARAMETERS", "Geometry", "geometry_of"]

Ints = tuple[int, ...]
AXES = 3

# Sizes, window, strides, dilation, padding before, places.
PARAMETERS = ", ".join(f"index_t {name}{axis}" for name in "nksdbo" for axis in range(AXES)) + ", index_t channels"

# The element that a tap meets at a place, or -1 on padding; the place whose tap i lies on element p, or -1.
LOOPS = """\
__device__ index_t element(index_t place, index_t tap, index_t n, index_t s, index_t d, index_t b)
{
    index_t p = place * s + tap * d - b;
    return p >= 0 && p < n ? p : -1;
}
__device__ index_t place_of(index_t p, index_t tap, index_t s, index_t d, index_t b, index_t o)
{
    index_t reached = p + b - tap * d;
    return reached >= 0 && reached % s == 0 && reached / s < o ? reached / s : -1;
}
"""


class Geometry(NamedTuple):
    """What `PARAMETERS` lists, but the channels: three numbers of each kind, ones for axes that are not there."""

    sizes: Ints
    window: Ints
    strides: Ints
    dilation: Ints
    before: Ints
    places: Ints

    @property
    def numbers(self) -> list[int]:
        """The numbers in the order of the parameters."""
        return [n for kind in self for n in kind]


def geometry_of(
    sizes: Sequence[int], window: Sequence[int], strides: Ints, dilation: Ints, padding: str
) -> Geometry | None:
    """The windows over axes of these sizes; None for more than three axes, empty ones, and windows that do not fit."""
    sizes = tuple(map(int, sizes))
    if len(sizes) > AXES or 0 in sizes or 0 in window or not fits(sizes, window, dilation, padding):
        return None
    grid = grid_of(sizes, window, strides, dilation, padding)
    ones, zeros = (1,) * (AXES - len(sizes)), (0,) * (AXES - len(sizes))
    sizes, window, strides, dilation = (ones + tuple(map(int, kind)) for kind in (sizes, window, strides, dilation))
    return Geometry(sizes, window, strides, dilation, zeros + grid.before, ones + grid.places)
