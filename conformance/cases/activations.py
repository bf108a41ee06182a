"""Activations, against their formulas in plain NumPy."""

import math

import numpy as np

from ..case import A, call, case

ODD = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-5, -1e-5, 90.0, -90.0])
VECTOR = A("n")
MATRIX = A("n", "m")
TENSOR = A("n", 3, "k")


def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    positive = x * (x > threshold)
    if max_value is not None:
        positive = np.clip(positive, 0.0, max(max_value, 0.0))
    return positive - alpha * np.maximum(threshold - x, 0.0)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def gelu(x, approximate=False):
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * np.vectorize(math.erfc, otypes=[float])(-x / np.sqrt(2.0))


def l2_normalize(x, axis=None):
    axis = tuple(axis) if isinstance(axis, list) else axis
    return x / np.maximum(np.sqrt(np.sum(x * x, axis=axis, keepdims=True)), 1e-6)


def in_top_k(predictions, targets, k):
    found = []
    for row, target in zip(predictions, targets, strict=True):
        found.append(0 <= target < len(row) and bool(np.all(np.isfinite(row))) and sum(row > row[target]) < k)
    return np.array(found, dtype=bool)


case(
    "relu",
    call(TENSOR),
    call(VECTOR, alpha=0.3),
    call(MATRIX, max_value=1.0),
    call(MATRIX, threshold=0.5),
    call(MATRIX, alpha=0.1, max_value=2.0, threshold=1.0),
    call(MATRIX, 0.1, None, -1.0),
    call(MATRIX, 0.0, -1.0),
    call(A("n", dtype="int")),
    edges=[
        call(ODD),
        call(ODD, alpha=0.1, max_value=2.0, threshold=-1.0),
        call(ODD[3:], alpha=np.float32(0.5), max_value=0),
    ],
    kinks=[
        (call([-1.0, 0.0, 1.0]), [0, 0, 1]),
        (call([-1.0, 0.0, 1.0, 2.0, 3.0], alpha=0.5, max_value=2.0), [0.5, 0, 1, 1, 0]),
    ],
    errors=[(TypeError, call(VECTOR, alpha="steep"))],
    reference=relu,
)
case("leaky_relu", call(MATRIX), call(VECTOR, 0.01), edges=[call(ODD)], reference=lambda x, slope=0.2: relu(x, slope))
case(
    "elu",
    call(TENSOR),
    call(VECTOR, 0.5),
    edges=[call(ODD)],
    kinks=[(call([0.0, 1.0], 2.0), [2, 1])],
    errors=[(TypeError, call(VECTOR, alpha=None))],
    reference=elu,
)
case("selu", call(TENSOR), edges=[call(ODD)], reference=lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772))
case(
    "softplus",
    call(TENSOR),
    edges=[call(ODD)],
    kinks=[(call([0.0, -1000.0, 1000.0]), [0.5, 0, 1])],
    reference=lambda x: np.logaddexp(x, 0.0),
)
case("softsign", call(TENSOR), edges=[call(ODD)], kinks=[(call([0.0]), [1])], reference=lambda x: x / (1.0 + np.abs(x)))
case(
    "sigmoid",
    call(TENSOR),
    call(A("n", dtype="int")),
    edges=[call(ODD)],
    kinks=[(call([0.0, -1000.0, 1000.0]), [0.25, 0, 0])],
    reference=sigmoid,
)
case(
    "hard_sigmoid",
    call(A("n", "m", low=-4.0, high=4.0)),
    edges=[call(ODD)],
    kinks=[(call([-3.0, -2.5, 0.0, 2.5, 3.0]), [0, 0.2, 0.2, 0.2, 0])],
    reference=lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
)
case("tanh", call(TENSOR), edges=[call(ODD)], reference=np.tanh)
case("silu", call(TENSOR), edges=[call(ODD)], reference=lambda x: x * sigmoid(x))
case("gelu", call(TENSOR), call(MATRIX, approximate=True), edges=[call(ODD)], reference=gelu)
SOME = {"m": (1, 5), "k": (1, 5)}
case(
    "softmax",
    call(A("n", "m", sizes=SOME)),
    call(A("n", 3, "k"), axis=1),
    call(A("m", sizes=SOME)),
    call(A("n", "m", "k", sizes=SOME), axis=(1, -1)),
    call(A(2, "n", low=-90.0, high=90.0), 0),
    edges=[call(ODD[3:]), call([[np.nan, 1.0, 2.0], [-np.inf, 0.0, 0.0]]), call(np.zeros((2, 0)))],
    errors=[(ValueError, call(MATRIX, axis=2)), (ValueError, call(A()))],
    reference=softmax,
)
case(
    "log_softmax",
    call(A("n", "m", sizes=SOME)),
    call(A("n", 3, "k"), axis=1),
    edges=[call(ODD[3:]), call([[np.nan, 1.0, 2.0], [-np.inf, 0.0, 0.0]]), call(np.zeros((2, 0)))],
    errors=[(ValueError, call(MATRIX, axis=-3))],
    reference=lambda x, axis=-1: np.log(softmax(x, axis)),
)
case(
    "l2_normalize",
    call(MATRIX),
    call(MATRIX, axis=1),
    call(TENSOR, axis=(0, -1)),
    edges=[call([[0.0, 0.0], [1e-8, 0.0], [np.nan, 1.0]], axis=1)],
    kinks=[
        (call(np.zeros((1, 2), np.float32), axis=1), [[1e6, 1e6]]),
        (call(np.zeros((1, 2), np.float16), axis=1), [[65504, 65504]]),  # its largest number
    ],
    errors=[(ValueError, call(MATRIX, axis=2)), (ValueError, call(MATRIX, axis=(0, -2)))],
    reference=l2_normalize,
)
case(
    "in_top_k",
    call(MATRIX, A("n", dtype="int", low=-1, high=5), 2),
    call(A("n", 4), A("n", dtype="int64", low=0, high=3), 1),
    call(A("n", 3), A("n", dtype="int", low=0, high=2), 3),
    exact=True,
    gradient=(),
    edges=[
        call([[1.0, 2.0, 2.0], [np.nan, 1.0, 0.0], [np.inf, 1.0, 0.0]], np.array([1, 1, 1], np.int32), 1),
        call([[1.0, 2.0]], np.array([0], np.int32), 0),
        call([[1.0, 2.0]], np.array([0], np.int32), 2**40),
    ],
    errors=[
        (TypeError, call(MATRIX, A("n"), 1)),
        (ValueError, call(VECTOR, A("n", dtype="int"), 1)),
        (ValueError, call(A(3, 2), A(2, dtype="int"), 1)),
        (TypeError, call(MATRIX, A("n", dtype="int"), 1.5)),
    ],
    reference=in_top_k,
)
