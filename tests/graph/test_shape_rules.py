"""Shapes and dtypes predicted by recording are those array_api_strict computes, and what cannot work is refused."""

from __future__ import annotations

import inspect
import operator

import array_api_compat.numpy as numpy
import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from shape_calls import CALLS, several, values

from backend.graph.dims import Dim, largest, smallest
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder

# n = 2 and n = 5 tell apart every way in which the calls' shapes depend on n (halves and smaller-of-two included)
SMALL, LARGE = 2, 5


def placeholders(inputs, n):
    return [Placeholder([n if size == "n" else size for size in shape], dtype) for shape, dtype in inputs]


def computed(call, n):
    """Shapes and dtypes that array_api_strict computes, or NumPy for indices that the standard leaves open."""
    library = numpy if call.name == "getitem" else strict
    with np.errstate(all="ignore"):
        results = several(call.call(library, *values(call.inputs, n, library)))
    return [(tuple(x.shape), str(x.dtype).rpartition(".")[2]) for x in results]


def evaluated(size, sizes_of):
    """A size computed for the shapes the placeholders get."""
    return (
        size.replace(lambda leaf: sizes_of[leaf.arguments[0].number][leaf.arguments[1]])
        if isinstance(size, Dim)
        else size
    )


CASES = pytest.mark.parametrize("call", CALLS, ids=[f"{number}-{call.name}" for number, call in enumerate(CALLS)])


@CASES
def test_known_shapes_and_dtypes(call):
    for n in (SMALL, LARGE):
        results = several(call.call(xp, *placeholders(call.inputs, n)))
        assert [(x.shape, str(x.dtype)) for x in results] == computed(call, n)


@CASES
def test_unknown_sizes_are_unknown_exactly_where_the_size_matters(call):
    results = several(call.call(xp, *placeholders(call.inputs, None)))
    small, large = computed(call, SMALL), computed(call, LARGE)
    expected = [
        (tuple(a if a == b else None for a, b in zip(one, other, strict=True)), dtype)
        for (one, dtype), (other, _) in zip(small, large, strict=True)
    ]
    assert [(x.shape, str(x.dtype)) for x in results] == expected


@CASES
def test_unknown_sizes_as_expressions_give_the_size(call):
    inputs = placeholders(call.inputs, None)
    results = several(call.call(xp, *inputs))
    for n in (SMALL, LARGE, 8):
        given = {x.number: tuple(n if size is None else size for size in x.shape) for x in inputs}
        for x, (shape, _) in zip(results, computed(call, n), strict=True):
            for axis, size in enumerate(x.sizes):
                if not isinstance(size, Dim) or size != Dim("size", x, axis):  # that says only: ask the array itself
                    assert evaluated(size, given) == shape[axis]


def test_every_function_has_a_call():
    aside = {
        "can_cast",
        "finfo",
        "iinfo",
        "isdtype",
        "result_type",
        "__array_namespace_info__",  # about dtypes
        "broadcast_shapes",  # about shapes
        "nonzero",
        "unique_all",
        "unique_counts",
        "unique_inverse",
        "unique_values",
    }  # refused
    names = {name for name in strict.__all__ if inspect.isfunction(getattr(strict, name)) and "flags" not in name}
    names |= {f"linalg.{name}" for name in (*strict.linalg.__all__, "eig", "eigvals")}
    names |= {f"fft.{name}" for name in strict.fft.__all__}
    assert names - {call.name for call in CALLS} - aside == set()


def p(*shape, dtype="float32"):
    return Placeholder(shape, dtype)


def test_broadcasting_of_unknown_sizes():
    """An unknown size beside a number other than 1 is that number, or 1; beside an unknown one, the array knows."""
    n, m = p(None, 3), p(None, 3)
    assert (n + p(4, 3)).shape == (4, 3)
    assert (n + p(1, 3)).sizes == n.sizes == (n + n).sizes == (n + 1).sizes
    both = n + m
    assert both.shape == (None, 3) and both.sizes[0] == Dim("size", both, 0)
    assert xp.broadcast_shapes((2, 1), (3,)) == (2, 3)


def test_none_in_a_shape_is_the_size_it_can_only_be():
    """Code for the standard copies None from x.shape into the shapes it asks for."""
    x = p(None, 6)
    assert xp.reshape(x, (*x.shape[:1], 2, 3)).sizes == (x.sizes[0], 2, 3)
    assert xp.reshape(x, (None, 2, -1)).sizes == (x.sizes[0], 2, 3)
    assert xp.reshape(x, (None,)).sizes == (x.sizes[0] * 6,)
    assert xp.broadcast_to(x, (4, *x.shape)).sizes == (4, *x.sizes)
    assert xp.broadcast_to(p(None, 1), (None, 6)).shape == (None, 6)


def test_equal_sizes_stay_equal():
    x = p(None, 4)
    assert xp.exp(x @ p(4, 4) + 1).sizes == x.sizes
    assert xp.reshape(xp.reshape(x, (-1,)), x.sizes).sizes == x.sizes
    assert xp.concat([x, x]).sizes[0] == x.sizes[0] * 2 == x.sizes[0] + x.sizes[0]
    assert xp.reshape(x, (x.sizes[0], 2, -1)).shape == xp.reshape(x, (-1, 2, 2)).shape == (None, 2, 2)


OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod}
EXPRESSIONS = st.recursive(
    st.sampled_from(["n", "m", 0, 1, 2, 3, 6]),
    lambda inner: st.tuples(st.sampled_from([*OPERATIONS, "max", "min"]), inner, inner),
    max_leaves=8,
)


def calculated(expression, operations, sizes):
    if not isinstance(expression, tuple):
        return sizes.get(expression, expression)
    function, left, right = expression
    return operations[function](calculated(left, operations, sizes), calculated(right, operations, sizes))


@given(EXPRESSIONS, st.integers(0, 7), st.integers(0, 7))
def test_simplified_expressions_keep_their_value(expression, n, m):
    names = dict(zip("nm", p(None, None).sizes, strict=True))
    try:
        expected = calculated(expression, OPERATIONS | {"max": max, "min": min}, {"n": n, "m": m})
        found = calculated(expression, OPERATIONS | {"max": largest, "min": smallest}, names)
    except ZeroDivisionError:
        reject()
    found = found.replace(lambda leaf: (n, m)[leaf.arguments[1]]) if isinstance(found, Dim) else found
    assert found == expected


def test_an_unknown_size_has_no_value():
    size = p(None).sizes[0]
    for ask in (bool, int, float, range, lambda s: s < 3, lambda s: s >= 3):
        with pytest.raises(ValueError, match=r"the size .*\.shape\[0\] is known only when the compiled function runs"):
            ask(size)


REFUSED = [  # error, words of the message, call
    (ValueError, r"add: shapes \(2, 3\) and \(4,\) do not broadcast: 3 and 4 differ", lambda: p(2, 3) + p(4)),
    (ValueError, r"where: shapes .* do not broadcast", lambda: xp.where(p(2, dtype="bool"), p(3), 0.0)),
    (ValueError, "broadcast_shapes: shapes .* do not broadcast", lambda: xp.broadcast_shapes((2,), (3,))),
    (ValueError, "broadcast_arrays: shapes .* do not broadcast", lambda: xp.broadcast_arrays(p(2), p(3))),
    (ValueError, "broadcast_to: shapes? .*3.* do", lambda: xp.broadcast_to(p(3), (2,))),
    (ValueError, r"broadcast_to: shape \(2, 1\) does not broadcast to \(2,\)", lambda: xp.broadcast_to(p(2, 1), (2,))),
    (ValueError, r"broadcast_to: shape \(3,\) does not broadcast to \(1,\)", lambda: xp.broadcast_to(p(3), (1,))),
    (ValueError, "broadcast_to: .* a None where .* no unknown size", lambda: xp.broadcast_to(p(1), (None,))),
    (ValueError, "broadcast_to: .* a None where", lambda: xp.broadcast_to(p(None), (None, None))),
    (ValueError, r"sum: axis 2 is out of range for 2 dimensions \(expected -2 to 1\)", lambda: xp.sum(p(2, 3), axis=2)),
    (ValueError, r"mean: axis 0 is out of range for 0 dimensions", lambda: xp.mean(p(), axis=0)),
    (ValueError, r"max: axis \(0, -2\) names an axis twice", lambda: xp.max(p(2, 3), axis=(0, -2))),
    (TypeError, "sum: axis is 1.0, expected an integer", lambda: xp.sum(p(2, 3), axis=1.0)),
    (TypeError, "sort: axis is True, expected an integer", lambda: xp.sort(p(2, 3), axis=True)),
    (ValueError, "max: no element to choose from", lambda: xp.max(p(0, 3), axis=0)),
    (ValueError, "argmin: no element to choose from", lambda: xp.argmin(p(2, 0))),
    (ValueError, "cumulative_sum: axis is needed for 2 dimensions", lambda: xp.cumulative_sum(p(2, 3))),
    (ValueError, "cumulative_prod: axis 1 is out of range", lambda: xp.cumulative_prod(p(2), axis=1)),
    (ValueError, "diff: n is -1", lambda: xp.diff(p(3), n=-1)),
    (ValueError, "diff: .*differ on axis 1", lambda: xp.diff(p(3, 2), axis=0, prepend=p(1, 3))),
    (ValueError, "searchsorted: side is 'middle'", lambda: xp.searchsorted(p(3), p(3), side="middle")),
    (ValueError, "searchsorted: x1 has 2 dimensions, expected 1", lambda: xp.searchsorted(p(3, 3), p(3))),
    (
        ValueError,
        r"concat: sizes 2 and 3 differ on axis 0 .*only axis 1 may differ",
        lambda: xp.concat([p(2, 1), p(3, 1)], axis=1),
    ),
    (ValueError, "concat: arrays of 2 and 1 dimensions", lambda: xp.concat([p(2, 1), p(3)])),
    (ValueError, "concat: axis 2 is out of range", lambda: xp.concat([p(2, 1), p(2, 1)], axis=2)),
    (ValueError, "concat: needs at least one array", lambda: xp.concat([])),
    (ValueError, r"stack: expected arrays of one shape, got \(2,\) and \(3,\)", lambda: xp.stack([p(2), p(3)])),
    (ValueError, r"stack: expected arrays of one shape, got \(2,\) and \(2, 1\)", lambda: xp.stack([p(2), p(2, 1)])),
    (ValueError, "stack: axis 2 is out of range for 2 dimensions", lambda: xp.stack([p(2), p(2)], axis=2)),
    (ValueError, "stack: needs at least one array", lambda: xp.stack([])),
    (ValueError, "unstack: the size of axis 0 .* is unknown", lambda: xp.unstack(p(None, 2))),
    (
        ValueError,
        r"reshape: cannot make shape \(4, 2\) \(8 elements\) from shape \(2, 3\) \(6 elements\)",
        lambda: xp.reshape(p(2, 3), (4, 2)),
    ),
    (ValueError, r"reshape: cannot make shape \(4, -1\) from shape \(2, 3\)", lambda: xp.reshape(p(2, 3), (4, -1))),
    (ValueError, "reshape: cannot make shape", lambda: xp.reshape(p(2, 3), (0, -1))),
    (
        ValueError,
        r"reshape: cannot make shape \(None, 4, -1\) from shape \(None, 6\): 6 is no multiple of 4",
        lambda: (lambda x: xp.reshape(x, (x.sizes[0], 4, -1)))(p(None, 6)),
    ),
    (ValueError, "reshape: .* a None that can stand for several", lambda: xp.reshape(p(None, None), (None, None))),
    (ValueError, "reshape: .* a None that can stand for", lambda: xp.reshape(p(None, None, 2), (None, -1))),
    (ValueError, "reshape: .* may have one -1", lambda: xp.reshape(p(2, 3), (-1, -1))),
    (ValueError, "reshape: .* no other negative size", lambda: xp.reshape(p(2, 3), (-2, 3))),
    (ValueError, r"squeeze: axis 1 of shape \(1, 3\) has size 3, expected 1", lambda: xp.squeeze(p(1, 3), 1)),
    (ValueError, "squeeze: axis 2 is out of range", lambda: xp.squeeze(p(1, 3), 2)),
    (ValueError, "expand_dims: axis 3 is out of range", lambda: xp.expand_dims(p(1, 3), 3)),
    (
        ValueError,
        "permute_dims: axes .* names an axis twice|permute_dims: axis .* names an axis twice",
        lambda: xp.permute_dims(p(1, 3), (0, 0)),
    ),
    (ValueError, "permute_dims: axes .* for 2 dimensions", lambda: xp.permute_dims(p(1, 3), (0,))),
    (ValueError, "moveaxis: 2 axes cannot move to 1 places", lambda: xp.moveaxis(p(1, 3), (0, 1), 0)),
    (ValueError, "moveaxis: axis 2 is out of range", lambda: xp.moveaxis(p(1, 3), 2, 0)),
    (ValueError, "flip: axis 1 is out of range", lambda: xp.flip(p(3), axis=1)),
    (ValueError, "roll: shift .* differ in length", lambda: xp.roll(p(3, 2), (1, 2, 3), axis=(0, 1))),
    (ValueError, "roll: axis 1 is out of range", lambda: xp.roll(p(3), 1, axis=1)),
    (ValueError, "repeat: repeats is -1", lambda: xp.repeat(p(3), -1)),
    (ValueError, "tile: repetitions .* negative", lambda: xp.tile(p(3), (-1,))),
    (ValueError, "take: axis is needed for 2 dimensions", lambda: xp.take(p(2, 2), p(1, dtype="int32"))),
    (ValueError, "take: indices have 2 dimensions", lambda: xp.take(p(2), p(1, 1, dtype="int32"), axis=0)),
    (ValueError, "take: axis 1 is out of range", lambda: xp.take(p(2), p(1, dtype="int32"), axis=1)),
    (ValueError, "take_along_axis: 1 and 2 dimensions", lambda: xp.take_along_axis(p(2), p(1, 1, dtype="int32"))),
    (
        ValueError,
        "take_along_axis: shapes .* do not broadcast",
        lambda: xp.take_along_axis(p(2, 3), p(4, 1, dtype="int32")),
    ),
    (IndexError, r"getitem: index 2 is out of range for size 2 in shape \(2, 3\)", lambda: p(2, 3)[2]),
    (IndexError, "getitem: 3 indices for shape", lambda: p(2, 3)[0, 0, 0]),
    (IndexError, "getitem: more than one Ellipsis", lambda: p(2, 3)[..., ...]),
    (IndexError, "getitem: an index of dtype float32", lambda: p(2, 3)[p(2)]),
    (ValueError, "getitem: the slice's step is 0", lambda: p(2, 3)[::0]),
    (ValueError, "getitem: a negative step on an unknown size", lambda: p(None)[3:1:-1]),
    (ValueError, r"tril: needs at least 2 dimensions, got shape \(3,\)", lambda: xp.tril(p(3))),
    (ValueError, "meshgrid: indexing is 'yx'", lambda: xp.meshgrid(p(2), indexing="yx")),
    (ValueError, "meshgrid: expected arrays of 1 dimension", lambda: xp.meshgrid(p(2, 2))),
    (ValueError, "arange: step is 0", lambda: xp.arange(3, 5, 0)),
    (ValueError, "linspace: num is -1", lambda: xp.linspace(0, 1, -1)),
    (ValueError, "zeros: shape is .2, -1., expected", lambda: xp.zeros((2, -1))),
    (TypeError, "ones: an entry of shape is 2.0, expected an integer", lambda: xp.ones((2.0,))),
    (TypeError, "full: an entry of shape is None, expected an integer", lambda: xp.full((None,), 1.0)),
    (ValueError, "eye: shape is", lambda: xp.eye(-1)),
]

LINALG_REFUSED = [
    (ValueError, r"matmul: shapes \(4, 5\) and \(6, 3\) do not match: 5 against 6", lambda: p(4, 5) @ p(6, 3)),
    (ValueError, "matmul: .*: 3 against 2", lambda: p(None, 3) @ p(2)),
    (ValueError, "matmul: needs arrays of at least 1 dimension", lambda: p() @ p(2)),
    (ValueError, "matmul: needs arrays of at least 1 dimension", lambda: p(2) @ 2.0),
    (ValueError, "matmul: shapes .* do not broadcast: 2 and 3 differ", lambda: p(2, 1, 1) @ p(3, 1, 1)),
    (ValueError, "matrix_transpose: needs at least 2 dimensions", lambda: p(3).mT),
    (ValueError, "T: needs 2 dimensions, got 3", lambda: p(1, 2, 3).T),
    (ValueError, "tensordot: .* do not match: 3 against 4", lambda: xp.tensordot(p(2, 3), p(4, 2), axes=1)),
    (ValueError, "tensordot: axes is 2 for shapes", lambda: xp.tensordot(p(2), p(2))),
    (ValueError, "tensordot: axes is -1", lambda: xp.tensordot(p(2), p(2), axes=-1)),
    (ValueError, "tensordot: axis 1 is out of range", lambda: xp.tensordot(p(2), p(2), axes=((1,), (0,)))),
    (
        ValueError,
        "tensordot: axis .* names an axis twice",
        lambda: xp.tensordot(p(2, 2), p(2, 2), axes=((0, 0), (0, 1))),
    ),
    (ValueError, "tensordot: axes .* pairs 2 axes with 1", lambda: xp.tensordot(p(2, 2), p(2, 2), axes=((0, 1), (0,)))),
    (TypeError, "tensordot: axes is 1.5", lambda: xp.tensordot(p(2), p(2), axes=1.5)),
    (TypeError, "tensordot: axes .* None names no axes", lambda: xp.tensordot(p(2), p(2), axes=(None, (0,)))),
    (ValueError, "vecdot: .* do not match: 3 against 1", lambda: xp.vecdot(p(2, 3), p(2, 1))),
    (ValueError, "vecdot: axis 0 for shapes .*; expected -1 to -1", lambda: xp.vecdot(p(3), p(2, 3), axis=0)),
    (ValueError, "vecdot: .*do not broadcast", lambda: xp.vecdot(p(2, 3), p(4, 3))),
    (ValueError, "vecdot: axis -1 .*one of them has no axes", lambda: xp.vecdot(p(), p(3))),
    (TypeError, "vecdot: axis is None", lambda: xp.vecdot(p(3), p(3), axis=None)),
    (ValueError, "outer: shapes .* expected 1-D arrays", lambda: xp.linalg.outer(p(2, 1), p(3))),
    (ValueError, "cross: axis -1 .*expected size 3", lambda: xp.linalg.cross(p(2), p(2))),
    (ValueError, "cross: axis -3 .*expected -2 to -1", lambda: xp.linalg.cross(p(3, 3), p(3, 3), axis=-3)),
    (ValueError, "cross: .*do not broadcast", lambda: xp.linalg.cross(p(2, 3), p(4, 3))),
    (ValueError, "diagonal: needs at least 2 dimensions", lambda: xp.linalg.diagonal(p(3))),
    (TypeError, "diagonal: offset is 0.5", lambda: xp.linalg.trace(p(3, 3), offset=0.5)),
    *[
        (
            ValueError,
            rf"linalg.{name}: shape \(2, 3\) holds 2 x 3 matrices, expected square",
            lambda name=name: getattr(xp.linalg, name)(p(2, 3)),
        )
        for name in ("det", "slogdet", "inv", "cholesky", "eig", "eigh", "eigvals", "eigvalsh")
    ],
    *[
        (
            ValueError,
            rf"linalg.{name}: needs at least 2 dimensions, got shape \(3,\)",
            lambda name=name: getattr(xp.linalg, name)(p(3)),
        )
        for name in ("det", "inv", "svd", "svdvals", "qr", "pinv", "matrix_rank", "matrix_norm")
    ],
    (TypeError, "linalg.inv: dtype float16", lambda: xp.linalg.inv(p(2, 2, dtype="float16"))),
    (ValueError, "qr: mode is 'full'", lambda: xp.linalg.qr(p(2, 2), mode="full")),
    (ValueError, "matrix_norm: ord is 3", lambda: xp.linalg.matrix_norm(p(2, 2), ord=3)),
    (ValueError, "vector_norm: ord is 'fro'", lambda: xp.linalg.vector_norm(p(2), ord="fro")),
    (ValueError, "vector_norm: axis 1 is out of range", lambda: xp.linalg.vector_norm(p(2), axis=1)),
    (TypeError, "matrix_power: n is 0.5", lambda: xp.linalg.matrix_power(p(2, 2), 0.5)),
    (ValueError, "pinv: rtol: shapes .* do not broadcast", lambda: xp.linalg.pinv(p(2, 2, 2), rtol=p(3))),
    (ValueError, "matrix_rank: rtol has shape", lambda: xp.linalg.matrix_rank(p(1, 2, 2), rtol=p(3))),
    (TypeError, "matrix_rank: rtol has dtype int32", lambda: xp.linalg.matrix_rank(p(2, 2), rtol=p(dtype="int32"))),
    (ValueError, "solve: .* do not match: 2 against 3", lambda: xp.linalg.solve(p(2, 2), p(3))),
    (ValueError, "solve: .* expected square", lambda: xp.linalg.solve(p(2, 3), p(2))),
    (ValueError, "solve: .*do not broadcast", lambda: xp.linalg.solve(p(4, 2, 2), p(5, 2, 1))),
    (ValueError, "solve: x2 needs at least 1 dimension", lambda: xp.linalg.solve(p(2, 2), p())),
    (TypeError, "fft.rfft: dtype complex64", lambda: xp.fft.rfft(p(3, dtype="complex64"))),
    (TypeError, "fft.fft: dtype float16", lambda: xp.fft.fft(p(3, dtype="float16"))),
    (ValueError, "fft.fft: axis 1 is out of range", lambda: xp.fft.fft(p(3), axis=1)),
    (ValueError, "fft.ifft: 0 points", lambda: xp.fft.ifft(p(3), n=0)),
    (TypeError, "fft.ifft: n is 2.0", lambda: xp.fft.ifft(p(3), n=2.0)),
    (ValueError, r"fft.irfft: 0 points of shape \(1,\)", lambda: xp.fft.irfft(p(1))),
    (ValueError, "fft.fft: norm is 'unit'", lambda: xp.fft.fft(p(3), norm="unit")),
    (ValueError, "fft.fftn: axis .* names an axis twice", lambda: xp.fft.fftn(p(3, 3), axes=(0, 0))),
    (ValueError, "fft.fftn: s .* differ in length", lambda: xp.fft.fftn(p(3, 3), s=(2,), axes=(0, 1))),
    (ValueError, "fft.fftn: s .* for 1 dimensions", lambda: xp.fft.fftn(p(3), s=(2, 2))),
    (ValueError, "fft.fftn: needs at least one axis", lambda: xp.fft.fftn(p())),
    (ValueError, "fft.fftfreq: n is 0", lambda: xp.fft.fftfreq(0)),
    (ValueError, "fft.rfftfreq: d is 0", lambda: xp.fft.rfftfreq(4, d=0)),
    (TypeError, "fft.fftfreq: dtype int32", lambda: xp.fft.fftfreq(4, dtype=xp.int32)),
    (ValueError, "fft.fftshift: axis 1 is out of range", lambda: xp.fft.fftshift(p(3), axes=1)),
]


@pytest.mark.parametrize(
    ("error", "words", "call"), [*REFUSED, *LINALG_REFUSED], ids=[words for _, words, _ in [*REFUSED, *LINALG_REFUSED]]
)
def test_refused(error, words, call):
    with pytest.raises(error, match=words):
        call()


def test_results_of_several_outputs_have_the_standards_names():
    x = p(3, 3)
    assert xp.linalg.eigh(x)._fields == xp.linalg.eig(x)._fields == ("eigenvalues", "eigenvectors")
    assert xp.linalg.qr(x)._fields == ("Q", "R") and xp.linalg.svd(x)._fields == ("U", "S", "Vh")
    assert xp.linalg.slogdet(x)._fields == ("sign", "logabsdet")


def test_arguments_at_their_defaults_are_left_out_of_the_record():
    x = p(3, 3)
    for result in (
        xp.linalg.vector_norm(x, ord=2),
        xp.linalg.cholesky(x, upper=False),
        xp.linalg.svd(x).S,
        xp.linalg.matrix_norm(x, ord="fro"),
        xp.fft.rfft(x, norm="backward"),
        xp.vecdot(x, x, axis=-1),
        xp.linalg.qr(x, mode="reduced").Q,
        xp.tensordot(x, x, axes=2),
        xp.sum(x, keepdims=False),
    ):
        assert result.node.kwargs == {}
