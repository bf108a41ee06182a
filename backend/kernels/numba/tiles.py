"""Products of matrices in registers: a tile of sums of several rows by several vectors, printed as vectors of LLVM.

LLVM does not find these vectors in loops over scalars. The tile takes its rows and its weights from where they lie, in
segments, so that a convolution multiplies windows without putting them side by side.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

__all__ = ["Tile", "tile_of", "tiled", "vectors_of"]

LEAST_WIDTH = 4  # of vectors: zeros fill them where channels do not
# Vectors that lie side by side in memory, where each row is read for its own sums: a depthwise 3x3 of 8x56x56x64 took
# 0.86 ms in tiles of 28 rows and one vector, 0.56 in tiles of 4 and 4 (AMD EPYC, one thread).
ABREAST = 4
LATENCY = 8  # sums under way at once: two products begin in each of the four cycles that one takes
_intrinsic: Any = intrinsic  # its stubs count the typing context among a call's arguments
INT = ir.IntType(64)


class Tile(NamedTuple):
    """Rows and vectors of sums; the elements of a vector; whether each weight meets an element of its own column.

    With `taps`, the length of a segment, the next row begins at the next element: what is read meets several sums.
    """

    rows: int
    vectors: int
    width: int
    own: bool
    taps: int = 0


@functools.cache
def _registers() -> tuple[int, int]:
    """The bytes of a vector register of the processor that numba compiles for, and how many there are."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    if "+avx512f" in features and "+avx512vl" in features:
        return 64, 32
    if "+avx," in features:
        return 32, 16
    return 16, 32 if triple.startswith(("aarch64", "arm64")) else 16


def vectors_of(columns: int, itemsize: int) -> tuple[int, int]:
    """The elements of a vector for rows of so many columns, and the columns that whole vectors need."""
    longest = _registers()[0] // itemsize
    least = min(LEAST_WIDTH, longest)
    width = min(columns & -columns, longest)
    if width < least:
        width = min(max(1 << (columns - 1).bit_length(), least), longest)
    return width, -(-columns // width) * width


@functools.lru_cache(256)
def tile_of(rows: int, columns: int, width: int, *, own: bool, repeats: bool, taps: int = 0) -> Tile:
    """The fastest tile for a product with so many rows and columns.

    Where it `repeats`, the last tile may have rows of the one before; else tiles divide the rows.
    """
    registers = _registers()[1]
    blocks = columns // width
    found = []
    for vectors in (v for v in range(1, blocks + 1) if blocks % v == 0):
        most = (registers - vectors * (taps + 1) if taps else registers - 1 - vectors) // vectors
        for count in range(1, min(rows, most) + 1):
            if repeats or rows % count == 0:
                sums, elements = count * vectors, (count + taps - 1) * vectors if taps else count * vectors
                times = max(taps, 1)
                loads = times * vectors + (elements if own else count)
                step = max(times * sums, loads, times * LATENCY)  # products, loads
                cost = -(-rows // count) * (blocks // vectors) * step
                found.append((-min(vectors, ABREAST) if own else 0, cost, -sums, vectors, count))
    *_, vectors, count = min(found)
    return Tile(count, vectors, width, own, taps)


@functools.lru_cache(256)
def tiled(tile: Tile) -> Callable[..., None]:
    """A function of compiled code that adds products to the sums of a tile.

    tiled(tile)(x, at, segments, row_step, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step) writes
    y[row] = z[row] + the sum over segments s and k < length of x[at + s + row * row_step + k * step] * w[next row], a
    number times a row of w, or, if `own`, two rows. Arrays have one axis, `..._at` says where to begin, and `..._step`
    how far rows lie from each other.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = zip(signature.args, arguments, strict=True)
        x, at, segments, row_step, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step = (
            _plain(context, builder, kind, value) for kind, value in given
        )
        rows = _Rows(builder, tile, signature.args[0].dtype.bitwidth // 8)

        def segment(values: list[Any], s: Any) -> list[Any]:
            first = builder.gep(x[0], [builder.add(at, builder.load(builder.gep(segments[0], [s])))])
            if tile.taps:
                return rows.slid(first, step, w_step, values)
            return _repeated(builder, length, values, functools.partial(rows.multiplied, first, row_step, step, w_step))

        sums = [value for i in range(tile.rows) for value in rows.loaded(rows.of(z[0], z_at, z_step, i))]
        _, *sums = _repeated(builder, segments[1], [builder.gep(w[0], [w_at]), *sums], segment)
        for i in range(tile.rows):
            rows.store(sums[i * tile.vectors : (i + 1) * tile.vectors], rows.of(y[0], y_at, y_step, i))
        return context.get_dummy_value()

    @_intrinsic
    def add_products(  # type: ignore[no-untyped-def]
        typing, x, at, segments, row_step, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step
    ):
        given = (x, at, segments, row_step, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step)
        return types.void(*given), generate

    function: Callable[..., None] = add_products
    return function


class _Rows:
    """Rows of as many vectors as a tile has, in memory."""

    def __init__(self, builder: Any, tile: Tile, itemsize: int) -> None:
        self.builder, self.tile, self.itemsize = builder, tile, itemsize

    def of(self, array: Any, start: Any, step: Any, i: int) -> Any:
        """Where row i begins."""
        return self.builder.gep(array, [self.builder.add(start, self.builder.mul(INT(i), step))])

    def _part(self, row: Any, v: int) -> Any:
        vector = ir.VectorType(row.type.pointee, self.tile.width)
        return self.builder.bitcast(self.builder.gep(row, [INT(v * self.tile.width)]), vector.as_pointer())

    def loaded(self, row: Any) -> list[Any]:
        """Its vectors, which begin at any element."""
        return [self.builder.load(self._part(row, v), align=self.itemsize) for v in range(self.tile.vectors)]

    def store(self, values: Sequence[Any], row: Any) -> None:
        """Write its vectors."""
        for v, value in enumerate(values):
            self.builder.store(value, self._part(row, v), align=self.itemsize)

    def elements(self, place: Any) -> list[Any]:
        """What meets the vectors of weights: a row of its own, or one number for all."""
        return self.loaded(place) if self.tile.own else [self._splat(self.builder.load(place))] * self.tile.vectors

    def _added(self, total: Any, element: Any, weight: Any) -> Any:
        product = self.builder.fmul(element, weight, flags=("contract",))
        return self.builder.fadd(product, total, flags=("contract",))

    def multiplied(self, first: Any, row_step: Any, step: Any, w_step: Any, values: Sequence[Any], k: Any) -> list[Any]:
        """The place of the weights and the sums after element k of each row, and a row of weights."""
        at_weights, *sums = values
        first = self.builder.gep(first, [self.builder.mul(k, step)])
        weights = self.loaded(at_weights)
        found = [self.builder.gep(at_weights, [w_step])]
        for i in range(self.tile.rows):
            elements = self.elements(self.builder.gep(first, [self.builder.mul(INT(i), row_step)]))
            own = sums[i * self.tile.vectors :]
            found += [self._added(*each) for each in zip(own, elements, weights, strict=False)]
        return found

    def slid(self, first: Any, step: Any, w_step: Any, values: Sequence[Any]) -> list[Any]:
        """The same after all taps: each element is read once, for the sums of several rows."""
        (at_weights, *sums), taps = values, self.tile.taps
        places = [self.builder.gep(at_weights, [self.builder.mul(INT(k), w_step)]) for k in range(taps + 1)]
        weights = [self.loaded(place) for place in places[:taps]]
        for j in range(self.tile.rows + taps - 1):
            elements = self.loaded(self.builder.gep(first, [self.builder.mul(INT(j), step)]))
            for i in range(max(j - taps + 1, 0), min(j + 1, self.tile.rows)):
                own = slice(i * self.tile.vectors, (i + 1) * self.tile.vectors)
                sums[own] = [self._added(*each) for each in zip(sums[own], elements, weights[j - i], strict=True)]
        return [places[taps], *sums]

    def _splat(self, value: Any) -> Any:
        vector = ir.VectorType(value.type, self.tile.width)
        one = self.builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
        return self.builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _plain(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """(pointer, number of elements) of an array, an integer of 64 bits of an integer."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        return array.data, array.nitems
    return context.cast(builder, value, kind, types.int64)


def _repeated(builder: Any, count: Any, values: Sequence[Any], body: Callable[..., list[Any]]) -> list[Any]:
    """A loop `values = body(values, i)` for i < count, at least once; the values stay in registers."""
    before, block = builder.block, builder.append_basic_block()
    after = builder.append_basic_block()
    builder.branch(block)
    builder.position_at_end(block)
    number, *carried = (builder.phi(v.type) for v in (count, *values))
    found = [builder.add(number, INT(1)), *body(carried, number)]
    for phi, start, following in zip((number, *carried), (INT(0), *values), found, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", found[0], count), block, after)
    builder.position_at_end(after)
    return found[1:]
