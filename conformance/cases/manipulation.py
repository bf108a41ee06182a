"""Shapes: nothing is computed, so everything is exact."""

import numpy as np

from ..case import A, call, case

ODD = np.array([[np.nan, np.inf, -0.0], [1.0, -np.inf, 0.0]])
MATRIX, TENSOR, BOOLS = A("n", "m"), A("n", 3, "k"), A("n", 2, dtype="bool")


def moved(name, *calls, **more):
    """A case of a function that only moves elements."""
    case(name, *calls, exact=True, **more)


def reshape(x, shape):
    return np.reshape(x, [3 if n == -1 else n for n in shape] if x.size == 0 and 0 in shape else shape)


def cut(x, start, size):
    return x[tuple(slice(a, None if n == -1 else a + n) for a, n in zip(start, size, strict=True))]


def padded(*axes):
    """A reference that pads the given axes, or with channels_first those behind them."""

    def reference(x, padding=None, data_format="channels_last"):
        pairs = ((1, 1),) * len(axes) if padding is None else [padding] if len(axes) == 1 else padding
        shift = data_format == "channels_first"
        widths = dict(zip((a + shift for a in axes), pairs, strict=True))
        return np.pad(x, [widths.get(i, (0, 0)) for i in range(x.ndim)])

    return reference


moved(
    "reshape",
    call(A("n", 6), (-1, 2, 3)),
    call(A("n", 6, 2), [-1, 12]),
    call(A(2, 6), (3, 4)),
    call(A("n"), (-1, 1)),
    call(A(1, 1), ()),
    call(A(4, 3, dtype="int"), (2, -1)),
    edges=[call(ODD, (3, 2)), call(np.zeros((0, 3)), (-1, 3)), call(np.zeros((0, 3)), (0, -1))],
    errors=[
        (ValueError, call(A(2, 3), (4, 2))),
        (ValueError, call(A(2, 3), (4, -1))),
        (ValueError, call(A(2, 3), (-1, -1))),
        (TypeError, call(A(2, 3), (None, 3))),
        (TypeError, call(A(2, 3), (2.0, 3))),
    ],
    reference=reshape,
)
moved("flatten", call(TENSOR), call(A()), call(BOOLS), reference=np.ravel)
moved(
    "batch_flatten",
    call(TENSOR),
    call(MATRIX),
    call(A("n")),
    call(BOOLS),
    errors=[(ValueError, call(A()))],
    reference=lambda x: np.reshape(x, (x.shape[0], int(np.prod(x.shape[1:])))),
)
moved(
    "expand_dims",
    call(MATRIX),
    call(MATRIX, 0),
    call(MATRIX, axis=-2),
    call(MATRIX, 1),
    call(A()),
    call(BOOLS),
    errors=[(ValueError, call(A(2, 3), 3)), (ValueError, call(A(2, 3), -4)), (TypeError, call(A(2), None))],
    reference=lambda x, axis=-1: np.expand_dims(x, axis),
)
moved(
    "squeeze",
    call(A("n", 1, "k"), 1),
    call(A("n", 1), -1),
    call(A(1, "n", dtype="int"), axis=0),
    errors=[(ValueError, call(A(2, 3), 0)), (ValueError, call(A(2, 1), 2)), (TypeError, call(A(1, 2), None))],
    reference=lambda x, axis: np.squeeze(x, axis),
)
moved(
    "concatenate",
    call([A("n", "m"), A("n", 3)]),
    call([TENSOR, TENSOR, A("n", 2, "k")], axis=1),
    call([MATRIX], 0),
    call([MATRIX, MATRIX], -2),
    call((BOOLS, BOOLS), 0),
    call([A("n", dtype="int"), A(2)], 0),
    edges=[call([ODD, np.zeros((0, 3))], 0)],
    errors=[
        (IndexError, call([])),
        (ValueError, call([A(2, 3), A(3, 3)])),
        (ValueError, call([A(2, 3), A(3)], 0)),
        (ValueError, call([A(2, 3), A(2, 3)], 2)),
    ],
    reference=lambda tensors, axis=-1: np.concatenate(tensors, axis),
)
moved(
    "stack",
    call([MATRIX, MATRIX]),
    call([MATRIX, MATRIX, MATRIX], axis=-1),
    call([A(), A()]),
    call([1.5, A()]),
    call([A("n", dtype="int"), A("n")], axis=1),
    edges=[call([ODD, ODD], 1)],
    errors=[
        (IndexError, call([])),
        (ValueError, call([A(2), A(3)])),
        (ValueError, call([A(2), A(2, 1)])),
        (ValueError, call([A(2), A(2)], axis=2)),
    ],
    reference=lambda x, axis=0: np.stack(x, axis),
)
moved(
    "repeat_elements",
    call(TENSOR, 2, 1),
    call(TENSOR, 3, axis=-1),
    call(MATRIX, 0, 0),
    call(BOOLS, 2, 0),
    errors=[(ValueError, call(A(2, 3), 2, 2)), (ValueError, call(A(2, 3), -1, 0)), (TypeError, call(A(2), 1.5, 0))],
    reference=lambda x, rep, axis: np.repeat(x, rep, axis),
)
moved(
    "repeat",
    call(MATRIX, 3),
    call(MATRIX, 0),
    call(BOOLS, 2),
    errors=[(ValueError, call(A(3), 2)), (ValueError, call(A(2, 3), -1)), (TypeError, call(A(2, 3), None))],
    reference=lambda x, n: np.repeat(x[:, None], n, axis=1),
)
moved(
    "tile",
    call(TENSOR, 2),
    call(TENSOR, (2, 1, 3)),
    call(MATRIX, [2, 1]),
    call(MATRIX, (0, 2)),
    call(BOOLS, 2),
    errors=[(NotImplementedError, call(A(2), (1, 2))), (ValueError, call(A(2), -1)), (TypeError, call(A(2), 0.5))],
    reference=np.tile,
)
moved(
    "reverse",
    call(TENSOR, 1),
    call(TENSOR, [0, -1]),
    call(TENSOR, (2,)),
    call(BOOLS, 0),
    edges=[call(ODD, 1)],
    errors=[(ValueError, call(A(2, 3), 2)), (ValueError, call(A(2, 3), (0, 0)))],
    reference=np.flip,
)
moved(
    "slice",
    call(A("n", 3, sizes={"n": (2, 5)}), (1, 0), (1, 2)),
    call(A("n", 4), [0, 1], [-1, 2]),
    call(A(3, 4, "k"), (2, 1, 0), (1, -1, -1)),
    call(A("n", dtype="int"), [0], [-1]),
    call(A(3), (3,), (0,)),
    errors=[
        (ValueError, call(A(2, 3), (0,), (1,))),
        (ValueError, call(A(2, 3), (0, 1), (1, 3))),
        (ValueError, call(A(2, 3), (-1, 0), (1, 1))),
        (ValueError, call(A(2, 3), (0, 0), (-2, 1))),
    ],
    reference=cut,
)
moved(
    "temporal_padding",
    call(TENSOR),
    call(A("n", "t", 2), (0, 2)),
    call(A("n", 3, 2, dtype="int"), padding=[2, 0]),
    errors=[
        (ValueError, call(A(2, 3))),
        (ValueError, call(A(2, 3, 4), (1, 1, 1))),
        (ValueError, call(A(2, 3, 4), (-1, 0))),
    ],
    reference=padded(1),
)
moved(
    "spatial_2d_padding",
    call(A("n", "h", 3, 2)),
    call(A("n", 2, "h", 3), ((1, 0), (0, 2)), "channels_first"),
    call(A("n", "h", 3, 2), padding=((0, 0), (2, 1)), data_format="channels_last"),
    errors=[
        (ValueError, call(A(2, 3, 4))),
        (ValueError, call(A(1, 2, 2, 1), (1, 1))),
        (ValueError, call(A(1, 2, 2, 1), data_format="middle")),
    ],
    reference=padded(1, 2),
)
moved(
    "spatial_3d_padding",
    call(A("n", 2, "h", 2, 1)),
    call(A("n", 1, 2, "h", 2), ((1, 0), (0, 2), (1, 1)), "channels_first"),
    errors=[(ValueError, call(A(2, 3, 4, 1))), (ValueError, call(A(1, 2, 2, 2, 1), ((1, 1), (1, 1))))],
    reference=padded(1, 2, 3),
)
