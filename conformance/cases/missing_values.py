"""Reductions that leave out NaN, against NumPy's."""

import warnings

import numpy as np

from ..case import A, call, case

FULL = A("n", 3, "k", distinct=True, sizes={"n": (1, 4), "k": (1, 4)})
MISSING = np.array([[1.0, np.nan, 0.5, np.nan], [np.nan, np.nan, -2.0, 3.0]])
ODD = np.array([[1.0, np.nan, 0.0], [np.inf, 2.0, -np.inf], [np.nan, np.nan, np.nan]])


def over(function):
    def reference(x, axis=None, keepdims=False):
        x = np.asarray(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(x + 0, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

    return reference


SLOPES = {  # of the sum of the results along axis 1 of [[1, NaN, 3], [NaN, NaN, NaN]]
    "nansum": [[1, 0, 1], [0, 0, 0]],
    "nanprod": [[3, 0, 1], [0, 0, 0]],
    "nanmax": [[0, 0, 1], [0, 0, 0]],
    "nanmin": [[1, 0, 0], [0, 0, 0]],
    "nanmean": [[0.5, 0, 0.5], [0, 0, 0]],
    "nanvar": [[-1, 0, 1], [0, 0, 0]],
    "nanstd": [[-0.5, 0, 0.5], [0, 0, 0]],
}
for name, slopes in SLOPES.items():
    extreme = name in ("nanmax", "nanmin")
    low = {"low": 0.5, "high": 1.5} if name == "nanprod" else {}
    full = A("n", 3, "k", distinct=True, sizes={"n": (1, 3), "k": (1, 3)}, **low) if low else FULL
    case(
        name,
        call(full),
        call(full, axis=0),
        call(full, axis=-1, keepdims=True),
        call(full, axis=[0, 2]),
        call(full, axis=(-1, 0), keepdims=True),
        call(full, axis=[]),
        call(MISSING, axis=0),
        call(MISSING),
        call(A("n", 3, dtype="int", low=-4, high=4, sizes={"n": (1, 4)}), axis=0),
        call(A(2, dtype="bool")),
        exact=extreme,
        edges=[*(call(ODD, axis) for axis in (None, 0, -1)), call(np.array(2.0)), call(np.array(np.nan))]
        + ([] if extreme else [call(np.zeros((0, 3)), axis) for axis in (None, 0, -1)]),
        kinks=[(call([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]], 1), slopes)]
        + ([(call([2.0, np.nan, 2.0]), [0.5, 0, 0.5])] if extreme else [])
        + ([(call([2.0, np.nan, 2.0]), [0, 0, 0])] if name in ("nanstd", "nanvar") else []),
        errors=[
            (ValueError, call(full, axis=3)),
            (ValueError, call(full, axis=(0, 0))),
            (ValueError, call(A(), axis=0)),
            (TypeError, call(full, axis=0.5)),
        ],
        reference=over(getattr(np, name)),
    )
