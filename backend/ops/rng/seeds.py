"""Seeds that are arrays: two words, of which the first is the key and the second the number of the draw."""

from __future__ import annotations

from typing import Any

from ...arrays.arguments import shown
from ...arrays.namespaces import plain
from ...arrays.typing import Array
from ...dispatch.boundary import number_like
from ...dispatch.promotion import array_namespace, dtype_name, is_array, is_integer
from .sampling import WORDS, draw_uniform, part_of

__all__: list[str] = []

SPLITTING = 2**32 - 1  # the part of a seed that gives seeds; numbers are drawn from the first parts
NARROW = ("int8", "int16", "uint8", "uint16")


def seed_words(operation: str, seed: Any) -> Array | None:
    """The words of a seed that is an array, int32 of shape (2,); None for a number and for None."""
    if not is_array(seed):
        return None
    seed = plain(seed)
    try:
        whole = is_integer(dtype_name(seed.dtype))
    except TypeError:  # a dtype of the library's own, such as that of JAX's new keys
        whole = False
    if not whole:
        raise TypeError(f"{operation}: seed is {shown(seed)}, expected an integer, or an array of integers")
    if tuple(seed.shape) not in ((), (2,)):
        raise ValueError(f"{operation}: seed has shape {tuple(seed.shape)}, expected (2,) or ()")
    xp = array_namespace(seed)
    words = _words(xp, seed)
    return words if seed.shape else xp.stack((words, xp.zeros_like(words)))


def split(words: Array, num: Any) -> Array:
    """As many seeds of two words as asked for, from those of one."""
    return draw_uniform(words, seed=part_of(0, SPLITTING), shape=(num, 2), **WORDS)


def _words(xp: Any, seed: Array) -> Array:
    """The lowest 32 bits of integers, as int32: what a cast leaves open beyond its range is written out."""
    name = dtype_name(seed.dtype)
    if name == "int32":
        return seed
    if name in NARROW:
        return xp.astype(seed, xp.int32)
    low = xp.astype(seed & 0x7FFFFFFF, xp.int32)
    top = (seed & number_like(seed, 2**31)) != 0  # torch shifts no unsigned words; JAX takes no such number
    return low | (xp.astype(top, xp.int32) << 31)
