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
LATENCY = 8  # sums that have to be under way at once: two in each of the four steps of an addition
_intrinsic: Any = intrinsic  # its stubs count the typing context among a call's arguments
INT = ir.IntType(64)


class Tile(NamedTuple):
    """Rows and vectors of sums; the elements of a vector; whether the rows (else the steps) lie further apart than 1."""

    rows: int
    vectors: int
    width: int
    apart: bool


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
def tile_of(rows: int, columns: int, width: int, apart: bool) -> Tile:
    """The fastest tile for a product with so many rows and columns.

    Where rows are `apart` the last tile may repeat rows of the one before; else tiles divide the rows.
    """
    most = _registers()[1] - 1
    blocks = columns // width
    found = []
    for vectors in (v for v in range(1, min(blocks, most // 2) + 1) if blocks % v == 0):
        for count in range(1, min(rows, most // vectors - 1) + 1):
            if apart or rows % count == 0:
                step = max(count * vectors, count + vectors, LATENCY)
                found.append((-(-rows // count) * (blocks // vectors) * step, -count * vectors, vectors, count))
    _, _, vectors, count = min(found)
    return Tile(count, vectors, width, apart)


@functools.lru_cache(256)
def tiled(tile: Tile) -> Callable[..., None]:
    """A function of compiled code that adds products to the sums of a tile.

    tiled(tile)(x, at, segments, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step) writes
    y[row] = z[row] + the sum over segments s and k < length of x[at + s](row, k) * w[next row]. Rows of x are `step`
    apart and its k lie side by side, or the other way round if rows are not `apart`. Arrays have one axis, `..._at` says
    where to begin, and `..._step` how far rows lie from each other.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = zip(signature.args, arguments, strict=True)
        x, at, (segments, count), step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step = (
            _plain(context, builder, kind, value) for kind, value in given
        )
        (x, _), (w, _), (z, _), (y, _) = x, w, z, y
        vector = ir.VectorType(x.type.pointee, tile.width)

        def part(row: Any, v: int) -> Any:
            return builder.bitcast(builder.gep(row, [INT(v * tile.width)]), vector.as_pointer())

        def loaded(row: Any) -> list[Any]:
            return [builder.load(part(row, v), align=_itemsize(signature)) for v in range(tile.vectors)]

        def row_of(array: Any, start: Any, apart: Any, i: int) -> Any:
            return builder.gep(array, [builder.add(start, builder.mul(INT(i), apart))])

        def products(values: list[Any], s: Any) -> list[Any]:
            first = builder.gep(x, [builder.add(at, builder.load(builder.gep(segments, [s])))])
            return _repeated(builder, length, values, lambda values, k: one(first, values, k))

        def one(first: Any, values: list[Any], k: Any) -> list[Any]:
            row, *sums = values
            first = builder.gep(first, [k if tile.apart else builder.mul(k, step)])
            weights = loaded(row)
            found = [builder.gep(row, [w_step])]
            for i in range(tile.rows):
                place = builder.gep(first, [builder.mul(INT(i), step) if tile.apart else INT(i)])
                many = _splat(builder, builder.load(place), vector)
                for weight, total in zip(weights, sums[i * tile.vectors :], strict=False):
                    product = builder.fmul(many, weight, flags=("contract",))
                    found.append(builder.fadd(product, total, flags=("contract",)))
            return found

        sums = [value for i in range(tile.rows) for value in loaded(row_of(z, z_at, z_step, i))]
        _, *sums = _repeated(builder, count, [builder.gep(w, [w_at]), *sums], products)
        for i, value in enumerate(sums):
            to = part(row_of(y, y_at, y_step, i // tile.vectors), i % tile.vectors)
            builder.store(value, to, align=_itemsize(signature))
        return context.get_dummy_value()

    @_intrinsic
    def add_products(typing, x, at, segments, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step):  # type: ignore[no-untyped-def]
        given = x, at, segments, step, w, w_at, w_step, length, z, z_at, z_step, y, y_at, y_step
        return types.void(*given), generate

    function: Callable[..., None] = add_products
    return function


def _plain(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """(pointer, number of elements) of an array, an integer of 64 bits of an integer."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        return array.data, array.nitems
    return context.cast(builder, value, kind, types.int64)


def _itemsize(signature: Any) -> int:
    """The bytes of an element, at multiples of which vectors lie."""
    size: int = signature.args[0].dtype.bitwidth // 8
    return size


def _splat(builder: Any, value: Any, vector: Any) -> Any:
    """A vector of equal elements."""
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


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
