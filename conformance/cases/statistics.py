"""Quantiles, against NumPy's."""

import warnings

import numpy as np

from ..case import A, call, case

FULL = A("n", 3, "k", distinct=True, sizes={"n": (1, 4), "k": (1, 4)})
ODD = np.array([[1.0, np.nan, 0.0], [np.inf, 2.0, -np.inf], [np.inf, np.inf, 1.0]])


def quantile(x, q, axis=None, method="linear", keepdims=False):
    x = np.asarray(x, np.float64)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if axis == ():
        return np.broadcast_to(x, (*np.shape(q), *x.shape))
    if not x.size:
        return np.full(np.shape(np.sum(x, axis=axis, keepdims=keepdims)), np.nan)
    return np.quantile(x, q, axis=axis, method=method, keepdims=keepdims)


def median(x, axis=None, keepdims=False):
    return quantile(x, 0.5, axis, keepdims=keepdims)


METHODS = ("linear", "lower", "higher", "midpoint", "nearest")
case(
    "quantile",
    call(FULL, 0.3),
    call(FULL, (0.0, 0.25, 1.0), axis=0),
    call(FULL, [0.5, 0.9], axis=[0, 2], keepdims=True),
    call(FULL, 0.7, axis=-1, keepdims=True),
    call(FULL, 0.5, axis=[]),
    call(FULL, [], axis=1),
    *(call(A("n", distinct=True, sizes={"n": (1, 5)}), (0.1, 0.5, 0.66), method=method) for method in METHODS),
    call(A("n", dtype="int", sizes={"n": (1, 5)}), 0.5, method="lower"),
    call(A(3, dtype="bool"), 0.5),
    edges=[
        *(call(ODD, 0.5, axis) for axis in (None, 0, 1)),
        call(ODD, 0.25, 1, "midpoint"),
        call(np.zeros((0, 3)), 0.5, 0),
        call(np.zeros((0, 3)), 0.5),
        call(np.array(2.0), 0.3),
        *(call([4.0, 1.0, 3.0, 2.0, 5.0, 0.0], (0.1, 0.3, 0.5, 0.7), None, method) for method in METHODS),
    ],
    kinks=[
        (call([3.0, 1.0, 2.0, 4.0], 0.5), [0.5, 0, 0.5, 0]),
        (call([3.0, 1.0, 2.0, 4.0], 0.5, None, "higher"), [1, 0, 0, 0]),
        (call([3.0, np.nan], 0.5), [0, 0]),
    ],
    errors=[
        (ValueError, call(FULL, 1.5)),
        (ValueError, call(FULL, -0.1)),
        (ValueError, call(FULL, np.nan)),
        (ValueError, call(FULL, [0.5, 2.0])),
        (TypeError, call(FULL, "half")),
        (ValueError, call(FULL, 0.5, method="cubic")),
        (ValueError, call(FULL, 0.5, axis=3)),
        (ValueError, call(FULL, 0.5, axis=(0, 0))),
        (TypeError, call(A(2, dtype="complex"), 0.5)),
    ],
    reference=quantile,
)
case(
    "median",
    call(FULL),
    call(FULL, axis=0),
    call(FULL, axis=(0, -1), keepdims=True),
    call(A("n", dtype="int", sizes={"n": (1, 5)})),
    edges=[*(call(ODD, axis) for axis in (None, 0, 1)), call(np.zeros((2, 0)), 1), call(np.array(2.0))],
    kinks=[(call([3.0, 1.0, 2.0]), [0, 0, 1])],
    errors=[(ValueError, call(FULL, axis=3)), (ValueError, call(A(), axis=0)), (TypeError, call(FULL, axis=0.5))],
    reference=median,
)


def nanquantile(x, q, axis=None, method="linear", keepdims=False):
    x = np.asarray(x, np.float64)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if axis == ():
        return np.broadcast_to(x, (*np.shape(q), *x.shape))
    if not x.size:
        return np.full((*np.shape(q), *np.shape(np.sum(x, axis=axis, keepdims=keepdims))), np.nan)
    with warnings.catch_warnings(action="ignore"):
        return np.nanquantile(x, q, axis=axis, method=method, keepdims=keepdims)


def nanmedian(x, axis=None, keepdims=False):
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


GAPS = np.array([[3.0, np.nan, 1.0, 2.5], [np.nan, np.nan, np.nan, np.nan], [0.0, 4.0, np.nan, np.inf]])
case(
    "nanquantile",
    call(FULL, 0.3),
    call(FULL, (0.0, 0.25, 1.0), axis=0),
    call(FULL, [0.5, 0.9], axis=[0, 2], keepdims=True),
    call(FULL, 0.5, axis=[]),
    call(FULL, [], axis=1),
    *(call(A("n", distinct=True, sizes={"n": (1, 5)}), (0.1, 0.5, 0.66), method=method) for method in METHODS),
    call(A("n", dtype="int", sizes={"n": (1, 5)}), 0.5, method="lower"),
    edges=[
        *(call(GAPS, (0.2, 0.5), 1, method) for method in METHODS),
        call(GAPS, 0.5),
        call(GAPS, 0.75, 0),
        call(np.zeros((0, 3)), 0.5, 0),
        call(np.array(2.0), 0.3),
    ],
    kinks=[(call([3.0, np.nan, 2.0, 4.0], 0.25), [0.5, 0, 0.5, 0])],
    errors=[
        (ValueError, call(FULL, 1.5)),
        (ValueError, call(FULL, 0.5, method="cubic")),
        (ValueError, call(FULL, 0.5, axis=3)),
        (TypeError, call(A(2, dtype="complex"), 0.5)),
    ],
    reference=nanquantile,
)
case(
    "nanmedian",
    call(FULL),
    call(FULL, axis=(0, -1), keepdims=True),
    call(A("n", dtype="int", sizes={"n": (1, 5)})),
    edges=[*(call(GAPS, axis) for axis in (None, 0, 1)), call(np.zeros((2, 0)), 1), call(np.array(2.0))],
    kinks=[(call([3.0, 1.0, np.nan]), [0.5, 0.5, 0])],
    errors=[(ValueError, call(FULL, axis=3)), (TypeError, call(FULL, axis=0.5))],
    reference=nanmedian,
)
