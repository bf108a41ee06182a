"""Elementwise functions, against NumPy's in double precision."""

import numpy as np

from ..case import A, call, case

ODD = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 0.5, -0.5, 1.5, 2.5, -1.0])
INTS = np.array([-3, -1, 0, 1, 7], dtype="int32")
BOOLS = np.array([True, False])
ARRAY = A("n", 3)
INT = A("n", 3, dtype="int")
POSITIVE = A("n", 3, low=0.1)
ANY = [call(ODD), call(INTS), call(BOOLS), call(np.array(-2.5)), call(np.zeros((0, 2)))]
KEPT = [call(A("n", 3, dtype="int", low=-9, high=9)), call(A("n", dtype="bool"))]


def on(function):
    """A reference that takes booleans for the numbers 0 and 1."""
    return lambda x: function(x + 0)


def clip(x, low, high):
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    if np.ndim(low) == np.ndim(high) == 0:
        high = max(low, high)
    return np.minimum(np.maximum(x, low), high)


def cast(x, dtype):
    return np.trunc(x).astype(dtype) if "int" in dtype else x.astype(dtype)


case(
    "abs",
    call(A("n", 3, low=0.5)),
    call(A("n", 3, high=-0.5)),
    *KEPT,
    exact=True,
    edges=ANY,
    kinks=[(call([0.0, 2.0, -2.0]), [0, 1, -1])],
    reference=on(np.abs),
)
case("square", call(ARRAY), *KEPT, edges=ANY, reference=on(np.square))
case(
    "sqrt",
    call(POSITIVE),
    call(A("n", high=-0.1)),
    call(INT),
    edges=ANY,
    kinks=[(call([0.0, 1.0, -1.0]), [np.inf, 0.5, 0])],
    reference=lambda x: np.sqrt(np.maximum(x, 0.0)),
)
case("exp", call(ARRAY), call(INT), edges=[*ANY, call(np.array([90.0, -110.0]))], reference=on(np.exp))
case("expm1", call(ARRAY), call(A("n", low=-1e-3, high=1e-3)), edges=ANY, reference=on(np.expm1))
case("log", call(POSITIVE), call(A("n", dtype="int", low=1, high=9)), edges=ANY, reference=on(np.log))
case("log1p", call(A("n", 3, low=-0.9)), edges=ANY, reference=on(np.log1p))
case("sin", call(ARRAY), call(INT), edges=ANY, reference=on(np.sin))
case("cos", call(ARRAY), call(INT), edges=ANY, reference=on(np.cos))
for name in ("round", "floor", "ceil"):
    case(
        name,
        call(ARRAY),
        *KEPT,
        exact=True,
        gradient=(),
        edges=ANY,
        kinks=[(call([0.4]), None)],
        reference=on(getattr(np, name)),
    )
case(
    "sign",
    call(A("n", 3, low=0.5)),
    call(A("n", high=-0.5)),
    *KEPT,
    exact=True,
    edges=ANY,
    kinks=[(call([0.0, 2.0, -2.0]), [0, 0, 0])],
    reference=on(np.sign),
)
for name in ("isnan", "isinf", "isfinite"):
    case(name, call(A("n", 3, edges=True)), *KEPT, exact=True, gradient=(), edges=ANY, reference=getattr(np, name))
case(
    "cast",
    call(ARRAY, "float32"),
    call(ARRAY, "int32"),
    call(ARRAY, "bool"),
    call(INT, "float32"),
    call(A("n", dtype="bool"), "int16"),
    call(INT, "bool"),
    exact=True,
    gradient=(),
    edges=[call(ODD, "bool"), call(np.array([-2.7, 2.7, -0.5]), "int32")],
    kinks=[(call([1.5], "float64"), [1]), (call([1.5], "int32"), None)],
    errors=[(TypeError, call(ARRAY, "floaty")), (TypeError, call(ARRAY, None))],
    reference=cast,
)
case(
    "stop_gradient",
    call(ARRAY),
    call([ARRAY, INT]),
    exact=True,
    gradient=(),
    edges=ANY,
    kinks=[(call([3.0, 4.0]), None)],
)
case(
    "pow",
    call(POSITIVE, 2.5),
    call(ARRAY, 2),
    call(ARRAY, 3.0),
    call(2.0, ARRAY),
    call(POSITIVE, A("n", 3)),
    call(POSITIVE, A(3)),
    call(INT, 2),
    call(INT, -1.0),
    call(2, A("n", dtype="int", low=0, high=9)),
    call(INT, A(3, dtype="int", low=0, high=5)),
    edges=[call(ODD[:-1], 2.0), call(np.array([-2.0, 4.0]), 0.5), call(ODD, 0.0)],
    errors=[
        (ValueError, call(A(3), A(2))),
        (ValueError, call(A(3, dtype="int"), -1)),
        (ValueError, call(A(2, dtype="int"), A(2, dtype="int", low=-2, high=-1))),
    ],
    reference=lambda x, a: np.power(np.asarray(x, "float64"), a),
)
case(
    "clip",
    call(ARRAY, -1.03, 1.03),
    call(ARRAY, None, 1.03),
    call(ARRAY, -1.03, None),
    call(ARRAY, None, None),
    call(ARRAY, 1.03, -1.03),
    call(ARRAY, A(3, low=-3.0, high=-1.0), A("n", 3, low=1.0)),
    call(INT, -1, 2),
    call(INT, -1.5, 1.5),
    exact=True,
    edges=[call(ODD, -0.5, 0.5), call(ODD, -np.inf, np.inf), call(INTS, -np.inf, 2)],
    kinks=[(call([0.0, 1.0, 0.5, 2.0, -1.0], 0, 1), [1, 1, 1, 0, 0])],
    errors=[(ValueError, call(A(3), A(2), 1.0))],
    reference=clip,
)
