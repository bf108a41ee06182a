"""Calls of every function of the standard, for the tests of recording: a size 'n' is also tried as unknown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

__all__ = ["CALLS", "Call", "several", "values"]


class Call(NamedTuple):
    """A function's name, the arrays it gets as (shape, dtype), and the call itself."""

    name: str
    inputs: tuple[tuple[tuple[Any, ...], str], ...]
    call: Callable[..., Any]


def values(inputs, n, library):
    """Arrays of a library for a call, the size n put in.

    Matrices are positive definite and of full rank, vectors ascend, and integers are indices that fit everywhere.
    """
    arrays = []
    for shape, dtype in inputs:
        shape = tuple(n if size == "n" else size for size in shape)
        count = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        if dtype in ("int64", "int8", "uint8", "bool"):
            value = count % 2
        elif len(shape) < 2:
            value = (count + 1) / (count.size + 1)
        else:  # 0.5**|i - j|, each matrix of a stack with a factor of its own
            rows, columns = np.ogrid[: shape[-2], : shape[-1]]
            value = 0.5 ** np.abs(rows - columns) * (1 + count[..., :1, :1] / (count.size + 1))
        arrays.append(library.asarray(value.astype(dtype)))
    return arrays


def several(result):
    """The arrays of a result as a list."""
    return list(result) if isinstance(result, tuple | list) else [result]


def f(*shape):
    return shape, "float32"


def d(*shape):
    return shape, "float64"


def i(*shape):
    return shape, "int64"


def b(*shape):
    return shape, "bool"


def c(*shape):
    return shape, "complex64"


def sizes(x):
    """The sizes of a tensor with unknown ones as expressions; of another array its shape."""
    return getattr(x, "sizes", x.shape)


def _named(name):
    """The function of that name of a namespace: `xp.exp` for 'exp', `xp.linalg.inv` for 'linalg.inv'."""

    def call(xp, *arrays, **kwargs):
        for part in name.split("."):
            xp = getattr(xp, part)
        return xp(*arrays, **kwargs)

    return call


def rows(names: str, *inputs: Any, **kwargs: Any) -> list[Call]:
    """The same call for several functions."""
    return [Call(name, inputs, partial(_named(name), **kwargs)) for name in names.split()]


ELEMENTWISE = [
    *rows(
        "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal sin sinh sqrt tan tanh",
        f("n", 3),
    ),
    *rows("abs negative positive square ceil floor trunc round sign conj real isfinite isinf isnan signbit", f(2, "n")),
    *rows("abs negative positive square ceil floor trunc round sign isfinite isinf isnan", i("n")),
    *rows("abs imag real conj exp sign square isnan", c("n", 2)),
    *rows("bitwise_invert", i("n")),
    *rows("bitwise_invert logical_not", b("n")),
    *rows(
        "add subtract multiply divide pow floor_divide remainder atan2 copysign hypot logaddexp nextafter maximum "
        "minimum less less_equal greater greater_equal equal not_equal",
        f("n", 3),
        f("n", 3),
    ),
    *rows("add maximum equal", f(4, "n", 1), d(3)),
    *rows("subtract multiply less", i("n", 1), i(1, "n")),
    *rows(
        "add floor_divide pow bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", i("n"), i(1)
    ),
    *rows("logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor equal", b("n", 1), b(2)),
    Call("clip", (f("n", 2),), lambda xp, x: xp.clip(x, 0.0, 1.0)),
    Call("clip", (f("n", 2), f(2)), lambda xp, x, y: xp.clip(x, max=y)),
    Call("where", (b("n", 1), f(3), f("n", 3)), lambda xp, k, x, y: xp.where(k, x, y)),
    Call("where", (b("n", 1), f(3)), lambda xp, k, x: xp.where(k, x, 1.0)),
    *rows("isin", i("n", 2), i(3)),
    *rows("isin", i(2), i("n"), invert=True),
    Call("astype", (f("n"),), lambda xp, x: xp.astype(x, xp.int32)),
]

CREATION = [
    *rows("asarray from_dlpack tril triu", f("n", 3)),
    *rows("tril triu", f(2, 3, "n"), k=-1),
    *rows("zeros_like ones_like empty_like", f("n", 3)),
    Call("full_like", (f("n", 3),), lambda xp, x: xp.full_like(x, 2)),
    Call("full_like", (f("n", 3),), lambda xp, x: xp.full_like(x, 2, dtype=xp.int32)),
    *[
        Call(name, (f("n", 3),), lambda xp, x, name=name: getattr(xp, name)((2, sizes(x)[0] + 1), dtype=xp.float32))
        for name in ("zeros", "ones", "empty")
    ],
    Call("zeros", (f("n"),), lambda xp, x: xp.zeros(sizes(x)[0] * 2, dtype=xp.int8)),
    Call("full", (f("n"),), lambda xp, x: xp.full((sizes(x)[0], 2), 7, dtype=xp.int16)),
    Call("full", (f("n"),), lambda xp, x: xp.full((), True)),
    Call("eye", (f("n"),), lambda xp, x: xp.eye(sizes(x)[0], dtype=xp.float32)),
    Call("eye", (f("n"),), lambda xp, x: xp.eye(3, sizes(x)[0], k=1, dtype=xp.float32)),
    Call("arange", (f("n"),), lambda xp, x: xp.arange(sizes(x)[0])),
    Call("arange", (f("n"),), lambda xp, x: xp.arange(1, 2 * sizes(x)[0], 3)),
    Call("arange", (f("n"),), lambda xp, x: xp.arange(sizes(x)[0] + 4, 0, -2)),
    Call("arange", (f("n"),), lambda xp, x: xp.arange(-sizes(x)[0], 4, 2, dtype=xp.int32)),
    Call("arange", (), lambda xp: xp.arange(2, 8, 1.5, dtype=xp.float32)),
    Call("arange", (), lambda xp: xp.arange(5, 2)),
    Call("linspace", (f("n"),), lambda xp, x: xp.linspace(0, 1, sizes(x)[0], dtype=xp.float32)),
    Call("linspace", (), lambda xp: xp.linspace(0, 1, 5, dtype=xp.float64, endpoint=False)),
    Call("meshgrid", (f("n"), f(3), f("n")), lambda xp, *xs: xp.meshgrid(*xs)),
    Call("meshgrid", (f("n"), f(3)), lambda xp, *xs: xp.meshgrid(*xs, indexing="ij")),
    Call("meshgrid", (f("n"),), lambda xp, *xs: xp.meshgrid(*xs)),
]

MANIPULATION = [
    *rows("broadcast_arrays", f("n", 1), f(3)),
    *rows("broadcast_arrays", f("n", 1), f(), d("n", 3)),
    Call("broadcast_to", (f("n", 1),), lambda xp, x: xp.broadcast_to(x, (2, sizes(x)[0], 3))),
    Call("broadcast_to", (f(3),), lambda xp, x: xp.broadcast_to(x, (3,))),
    Call("concat", (f("n", 3), f(2, 3), d("n", 3)), lambda xp, *xs: xp.concat(xs)),
    Call("concat", (f("n", 3), f("n", 1)), lambda xp, *xs: xp.concat(xs, axis=-1)),
    Call("concat", (f("n", 3), f(4)), lambda xp, *xs: xp.concat(xs, axis=None)),
    Call("stack", (f("n", 3), f("n", 3)), lambda xp, *xs: xp.stack(xs)),
    Call("stack", (f("n", 3), d("n", 3)), lambda xp, *xs: xp.stack(xs, axis=-1)),
    Call("unstack", (f("n", 3),), lambda xp, x: xp.unstack(x, axis=1)),
    Call("unstack", (f(2, "n"),), lambda xp, x: xp.unstack(x)),
    *[Call("expand_dims", (f("n", 3),), lambda xp, x, axis=axis: xp.expand_dims(x, axis)) for axis in (0, 1, -1, -3)],
    Call("squeeze", (f(1, "n", 1),), lambda xp, x: xp.squeeze(x, 0)),
    Call("squeeze", (f(1, "n", 1),), lambda xp, x: xp.squeeze(x, (0, -1))),
    Call("reshape", (f("n", 6),), lambda xp, x: xp.reshape(x, (-1,))),
    Call("reshape", (f("n", 6),), lambda xp, x: xp.reshape(x, (-1, 2))),
    Call("reshape", (f("n", 6),), lambda xp, x: xp.reshape(x, (sizes(x)[0], -1, 3))),
    Call("reshape", (f("n", 6),), lambda xp, x: xp.reshape(x, (3, -1, sizes(x)[0]))),
    Call("reshape", (f("n", 6),), lambda xp, x: xp.reshape(x, (sizes(x)[0] * 3, -1))),
    Call("reshape", (f("n", 3, "n"),), lambda xp, x: xp.reshape(x, (sizes(x)[0] * 3, -1))),
    Call("reshape", (f(2, 6),), lambda xp, x: xp.reshape(x, (4, 3))),
    Call("reshape", (f(0, 3),), lambda xp, x: xp.reshape(x, (3, -1))),
    Call("permute_dims", (f("n", 3, 2),), lambda xp, x: xp.permute_dims(x, (2, 0, 1))),
    Call("moveaxis", (f("n", 3, 2),), lambda xp, x: xp.moveaxis(x, 0, -1)),
    Call("moveaxis", (f("n", 3, 2, 1),), lambda xp, x: xp.moveaxis(x, (0, -1), (1, 0))),
    *rows("flip", f("n", 3)),
    *rows("flip", f("n", 3), axis=(0, -1)),
    *rows("flip", f(3, "n"), axis=-1),
    Call("roll", (f("n", 3),), lambda xp, x: xp.roll(x, 2)),
    Call("roll", (f("n", 3),), lambda xp, x: xp.roll(x, (1, -1), axis=(0, 1))),
    Call("repeat", (f("n", 3),), lambda xp, x: xp.repeat(x, 2)),
    Call("repeat", (f("n", 3),), lambda xp, x: xp.repeat(x, 3, axis=0)),
    *[Call("tile", (f("n", 3),), lambda xp, x, r=r: xp.tile(x, r)) for r in ((2,), (2, 1), (3, 1, 2), (0, 1))],
    Call("take", (f("n", 3), i(2)), lambda xp, x, k: xp.take(x, k, axis=1)),
    Call("take", (f(2, 3), i("n")), lambda xp, x, k: xp.take(x, k, axis=-1)),
    Call("take", (f(3), i("n")), lambda xp, x, k: xp.take(x, k)),
    Call("take_along_axis", (f("n", 3), i("n", 2)), lambda xp, x, k: xp.take_along_axis(x, k)),
    Call("take_along_axis", (f(2, 3), i("n", 3)), lambda xp, x, k: xp.take_along_axis(x, k, axis=0)),
    *[
        Call("getitem", (f("n", 5, 3),), lambda xp, x, key=key: x[key])
        for key in (
            0,
            -1,
            ...,
            (..., 1),
            (slice(None), 2),
            (slice(1, None),),
            (slice(None, -1), slice(1, 4, 2)),
            (..., None, slice(None)),
            (None, slice(None), 1, ...),
            (slice(None), slice(-3, None)),
            (slice(None), slice(None, None, -1)),
            (slice(None), slice(None, None, -2)),
            (slice(None), slice(4, 1, -1)),
            (slice(None), slice(3, 1)),
            (slice(None, None, -1),),
            (slice(None, None, -3),),
            (slice(None, None, 2),),
            (slice(-3, None),),
            (slice(-4, -1),),
            (slice(1, 3),),
            (slice(1, 9, 3),),
            (slice(None), slice(2, 99)),
        )
    ],
    Call("getitem", (f("n", 5),), lambda xp, x: x[: sizes(x)[0] // 2]),
    Call("getitem", (f("n", 5),), lambda xp, x: x[sizes(x)[0] // 2 :, ...]),
    Call("getitem", (f("n", 5), i()), lambda xp, x, k: x[k, ...]),
    Call("getitem", (f(3, 5), i("n"), i("n")), lambda xp, x, k, j: xp.take(x, k, axis=0)[..., 1]),
]

REDUCTIONS = [
    *rows("sum prod max min mean var std all any count_nonzero argmax argmin", f("n", 3)),
    *rows("sum prod max min mean var std all any count_nonzero argmax argmin", f("n", 3), axis=0),
    *rows("sum prod max min mean var std all any count_nonzero argmax argmin", f("n", 3, 2), axis=-1, keepdims=True),
    *rows("sum prod max min mean var std all any count_nonzero", f("n", 3, 2), axis=(0, -1)),
    *rows("sum prod all any count_nonzero", i("n", 3), axis=1),
    *rows("all any count_nonzero", b("n", 2), axis=1),
    *rows("sum prod max min argmax argmin", i("n", 3), axis=0, keepdims=True),
    *rows("sum prod mean", c("n", 3), axis=1),
    *rows("sum prod", ((2, "n"), "int8"), axis=0),
    *rows("sum prod", ((2, "n"), "uint8"), axis=0),
    *rows("sum", f(0, "n"), axis=0),
    *rows("sum prod mean all any", f()),
    *rows("var std", f("n", 3), axis=0, correction=1),
    Call("sum", (f("n", 3),), lambda xp, x: xp.sum(x, axis=0, dtype=xp.float64)),
    *rows("cumulative_sum cumulative_prod", f("n")),
    *rows("cumulative_sum cumulative_prod", i(3, "n"), axis=-1),
    *rows("cumulative_sum cumulative_prod", f("n", 3), axis=0, include_initial=True),
    *rows("diff", f("n", 5)),
    *rows("diff", f("n", 5), axis=0, n=2),
    *rows("diff", f(3), n=0),
    Call("diff", (f("n", 5), f(1, 5)), lambda xp, x, y: xp.diff(x, axis=0, prepend=y, append=y)),
    *rows("sort argsort", f("n", 3)),
    *rows("sort argsort", i("n", 3), axis=0, descending=True),
    *rows("searchsorted", f("n"), f(3)),
    *rows("searchsorted", f(4), f("n"), side="right"),
    Call("searchsorted", (f("n"), f(3), i("n")), lambda xp, x, y, s: xp.searchsorted(x, y, sorter=xp.argsort(x))),
]

LINALG = [
    *rows("matmul", f("n", 3), f(3, 4)),
    *rows("matmul", f(2, 3), d(3, "n")),
    *rows("matmul", f("n"), f("n")),
    *rows("matmul", i(2, "n", 3), i(3)),
    *rows("matmul", f(3), f("n", 3, 4)),
    *rows("matmul", f(5, 1, 2, 3), f("n", 3, 2)),
    *rows("linalg.matmul", c(2, 3), c(3, "n")),
    *rows("matrix_transpose linalg.matrix_transpose", f("n", 3, 2)),
    *rows("tensordot", f("n", 3, 2), f(3, 2, 5)),
    *rows("tensordot", f("n", 3), f(3, "n"), axes=1),
    *rows("tensordot", f("n", 3), d(2), axes=0),
    *rows("linalg.tensordot", i(3, "n", 2), i(2, 4, 3), axes=((0, -1), (2, 0))),
    *rows("vecdot", f("n", 3), f(3)),
    *rows("linalg.vecdot", f("n", 3), f("n", 1), axis=-2),
    *rows("vecdot", c(3), c("n", 3)),
    *rows("linalg.outer", f("n"), d(3)),
    *rows("linalg.outer", i(2), i("n")),
    *rows("linalg.cross", f("n", 3), f(3)),
    *rows("linalg.cross", i(3, "n"), i(3, 1), axis=-2),
    *rows(
        "linalg.det linalg.inv linalg.cholesky linalg.slogdet linalg.eigh linalg.eigvalsh linalg.eig linalg.eigvals",
        f("n", 3, 3),
    ),
    *rows(
        "linalg.det linalg.inv linalg.cholesky linalg.slogdet linalg.eigh linalg.eigvalsh linalg.eig linalg.eigvals",
        d("n", "n"),
    ),
    *rows("linalg.slogdet linalg.eigh linalg.eigvalsh linalg.eig linalg.eigvals", c(2, "n", "n")),
    *rows("linalg.cholesky", f(2, 2), upper=True),
    Call("linalg.matrix_power", (f("n", 2, 2),), lambda xp, x: xp.linalg.matrix_power(x, -2)),
    *rows("linalg.svd linalg.svdvals linalg.qr linalg.pinv linalg.matrix_rank", f("n", 2, 3)),
    *rows("linalg.svd linalg.svdvals linalg.qr linalg.pinv linalg.matrix_rank", d(4, "n")),
    *rows("linalg.svd linalg.svdvals", c("n", 3)),
    *rows("linalg.svd", f("n", 3), full_matrices=False),
    *rows("linalg.qr", f("n", 3), mode="complete"),
    *rows("linalg.pinv linalg.matrix_rank", f("n", 2, 3), rtol=0.1),
    Call("linalg.matrix_rank", (f("n", 2, 3), f("n")), lambda xp, x, r: xp.linalg.matrix_rank(x, rtol=r)),
    *rows("linalg.solve", f("n", 3, 3), f(3)),
    *rows("linalg.solve", f(3, 3), f("n", 3, 2)),
    *rows("linalg.solve", f("n", "n"), f("n")),
    *rows("linalg.solve", f(2, 1, 3, 3), d("n", 3, 4)),
    *rows("linalg.diagonal linalg.trace", f("n", 2, 3)),
    *rows("linalg.diagonal linalg.trace", i(3, "n")),
    *rows("linalg.diagonal linalg.trace", f("n", 4), offset=1),
    *rows("linalg.diagonal", f(5, "n"), offset=-2),
    *rows("linalg.diagonal", f(2, 3), offset=7),
    *rows("linalg.matrix_norm", f("n", 2, 3)),
    *rows("linalg.matrix_norm", d(2, "n"), keepdims=True, ord="nuc"),
    *rows("linalg.matrix_norm", c("n", 2, 2), ord=1),
    *rows("linalg.vector_norm", f("n", 3)),
    *rows("linalg.vector_norm", c("n", 3), axis=-1, ord=1),
    *rows("linalg.vector_norm", f("n", 3, 2), axis=(0, 2), keepdims=True, ord=float("inf")),
]

FFT = [
    *rows("fft.fft fft.ifft fft.irfft fft.hfft fft.fftn fft.ifftn fft.irfftn", c("n", 4)),
    *rows("fft.fft fft.ifft fft.irfft fft.hfft", c("n", 4), axis=0),
    *rows("fft.fft fft.irfft", c("n", 4), n=7),
    *rows("fft.rfft fft.ihfft fft.rfftn", f("n", 4)),
    *rows("fft.rfft fft.ihfft", d("n", 4), axis=0, norm="ortho"),
    *rows("fft.rfft fft.ihfft", f("n", 4), n=3),
    *rows("fft.fftn fft.ifftn fft.irfftn", c(2, "n", 4), axes=(-1, 1), norm="forward"),
    *rows("fft.rfftn", f(2, "n", 4), axes=(0, 1)),
    *rows("fft.rfftn", f(2, "n", 4), s=(3, 5), axes=(0, 2)),
    *rows("fft.fftn fft.irfftn", c(2, "n", 4), s=(6,), axes=(0,)),
    *rows("fft.fftshift fft.ifftshift", f("n", 3)),
    *rows("fft.fftshift fft.ifftshift", c("n", 3), axes=0),
    *[
        Call(name, (f("n"),), lambda xp, x, name=name: _named(name)(xp, sizes(x)[0] + 3, d=0.5, dtype=xp.float32))
        for name in ("fft.fftfreq", "fft.rfftfreq")
    ],
]

CALLS = [*ELEMENTWISE, *CREATION, *MANIPULATION, *REDUCTIONS, *LINALG, *FFT]
