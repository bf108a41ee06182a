"""Reductions, against NumPy's in double precision."""

import functools

import numpy as np

from ..case import A, call, case

TENSOR = A("n", 3, "k")
FULL = A("n", 3, "k", sizes={"n": (1, 4), "k": (1, 4)})
APART = A("n", 3, "k", distinct=True, sizes={"n": (1, 4), "k": (1, 4)})
NAN = np.array([[1.0, np.nan, 0.0], [np.inf, 2.0, -np.inf]])
NOTHING = np.zeros((0, 3))
NO_COLUMNS = np.zeros((2, 0), dtype="int32")


def calls(x):
    return [
        call(x),
        call(x, axis=0),
        call(x, axis=-1, keepdims=True),
        call(x, axis=[0, 2]),
        call(x, axis=(1, -1)),
        call(x, axis=(-1, 0), keepdims=True),
        call(x, keepdims=True),
        call(x, axis=[]),
    ]


def edges(*arrays):
    return [call(x, axis) for x in arrays for axis in (None, 0, -1)]


def errors(x):
    return [
        (ValueError, call(x, axis=3)),
        (ValueError, call(x, axis=-4)),
        (ValueError, call(x, axis=(0, 0))),
        (ValueError, call(A(), axis=0)),
        (TypeError, call(x, axis=0.5)),
    ]


def integers(*shape, low=-4, high=4, **more):
    return A(*shape, dtype="int", low=low, high=high, **more)


def over(function):
    """A reference from a NumPy function, for an axis given as a list, too."""

    def reference(x, axis=None, keepdims=False):
        return function(np.asarray(x), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

    return reference


def along(function, default):
    return lambda x, axis=default: function(np.asarray(x), axis=axis)


def extreme(function, empty):
    def reference(x, axis=None, keepdims=False):
        x = np.asarray(x)
        first = empty if x.dtype.kind == "f" else np.iinfo("int32").max * int(np.sign(empty)) - (empty < 0)
        return over(functools.partial(function, initial=first))(x + 0, axis, keepdims)

    return reference


def logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


for name, empty, halves in (("max", -np.inf, [0, 0.5, 0, 0.5]), ("min", np.inf, [0.5, 0, 0.5, 0])):
    case(
        name,
        *calls(APART),
        call(integers("n", 3, sizes={"n": (1, 4)}), axis=0),
        call(integers(3, "k"), axis=0),
        call(A(2, dtype="bool")),
        exact=True,
        edges=[*edges(NAN, NOTHING, NO_COLUMNS), call(np.array(2.0))],
        kinks=[(call([-2.0, 2.0, -2.0, 2.0]), halves)],
        errors=errors(APART),
        reference=extreme(getattr(np, name), empty),
    )
for name, terms in (("sum", TENSOR), ("prod", A("n", 3, "k", low=0.5, high=1.5, sizes={"n": (0, 3), "k": (0, 3)}))):
    case(
        name,
        *calls(terms),
        call(integers("n", 3), axis=0),
        call(integers("n", 3)),
        call(A(2, dtype="bool")),
        edges=[
            *edges(NAN, NOTHING, NO_COLUMNS),
            call(np.array(2.0)),
            call(np.array([[0.0, 2.0], [0.0, 0.0]]), 1),
            call(np.array([[30000, 7], [40000, -9]], dtype="int32"), 0),
        ],  # more than 16 bits hold
        kinks=[(call([0.0, 2.0, 3.0]), {"sum": [1, 1, 1], "prod": [6, 0, 0]}[name])],
        errors=errors(TENSOR),
        reference=over(getattr(np, name)),
    )
for name in ("mean", "var", "std"):
    case(
        name,
        *calls(APART)[:-1],
        call(integers("n", 3, sizes={"n": (1, 4)}), axis=0),
        call(A(3, dtype="bool")),
        edges=[*edges(NAN, NOTHING, NO_COLUMNS), call(np.array(2.0))],
        kinks=[(call([2.0, 2.0]), [0.5, 0.5] if name == "mean" else [0, 0])],
        errors=errors(FULL),
        reference=over(getattr(np, name)),
    )
for name in ("any", "all"):
    case(
        name,
        *calls(A("n", 3, "k", dtype="bool")),
        call(integers("n", 3, low=0, high=1), axis=0),
        call(TENSOR),
        exact=True,
        gradient=(),
        edges=edges(NAN, NOTHING, NO_COLUMNS),
        errors=errors(A(2, 3, dtype="bool")),
        reference=over(getattr(np, name)),
    )
for name in ("argmax", "argmin"):
    case(
        name,
        call(FULL),
        call(FULL, axis=0),
        call(FULL, axis=None),
        call(integers(3, "n", low=0, high=1), axis=0),
        call(A(4, dtype="bool")),
        exact=True,
        gradient=(),
        edges=[call(NAN), call(NAN, axis=0), call(NOTHING, axis=1)],
        kinks=[(call([1.0, 2.0]), None)],
        errors=[(ValueError, call(A(2, 3), axis=2)), (ValueError, call(A())), (ValueError, call(A(2, 0)))],
        reference=along(getattr(np, name), -1),
    )
for name in ("cumsum", "cumprod"):
    case(
        name,
        call(TENSOR),
        call(TENSOR, axis=1),
        call(TENSOR, axis=-1),
        call(integers("n", 3)),
        call(A(3, dtype="bool")),
        edges=[call(NAN), call(NAN, axis=1), call(NOTHING), call(np.array([2.0, 0.0, 3.0, 0.0, 4.0]))],
        kinks=[(call([0.0, 2.0, 3.0]), [3, 2, 1] if name == "cumsum" else [9, 0, 0])],
        errors=[(ValueError, call(A(2, 3), axis=2)), (ValueError, call(A())), (TypeError, call(A(2), axis=None))],
        reference=along(getattr(np, name), 0),
    )
case(
    "logsumexp",
    *calls(FULL),
    call(integers(3, 2), axis=0),
    edges=[
        *edges(NAN, NOTHING, NO_COLUMNS),
        call(np.array([-np.inf, -np.inf])),
        call(np.array([np.inf, 1.0])),
        call(np.array(2.0)),
    ],
    kinks=[(call([1e4, 1e4]), [0.5, 0.5])],
    errors=errors(FULL),
    reference=over(logsumexp),
)
