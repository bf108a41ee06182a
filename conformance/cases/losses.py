"""Crossentropies, against their formulas in plain NumPy."""

import numpy as np

from ..case import A, call, case

EPSILON = 1e-7


def log_softmax(x, axis):
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def shares(output, axis):
    total = np.sum(output, axis=axis, keepdims=True)
    return np.clip(output / np.where(total == 0.0, 1.0, total), EPSILON, 1.0 - EPSILON)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    if from_logits:
        return -np.sum(target * log_softmax(output, axis), axis=axis)
    return -np.sum(target * np.log(shares(output, axis)), axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    if not from_logits:
        output = np.log(np.clip(output, EPSILON, 1.0 - EPSILON))
    logs = np.moveaxis(log_softmax(output, axis), axis, -1)
    labels = np.asarray(target).astype(int).reshape(logs.shape[:-1])
    return -np.take_along_axis(logs, labels[..., None], axis=-1)[..., 0]


def binary_crossentropy(target, output, from_logits=False):
    if from_logits:
        return np.maximum(output, 0.0) - output * target + np.log1p(np.exp(-np.abs(output)))
    p = np.clip(output, EPSILON, 1.0 - EPSILON)
    return -(target * np.log(p + EPSILON) + (1.0 - target) * np.log(1.0 - p + EPSILON))


CLASSES = {"c": (1, 5)}
SHARES, LOGITS = A("n", "c", low=0.0, high=1.0, sizes=CLASSES), A("n", "c", sizes=CLASSES)
POSITIVE = A("n", "c", low=0.1, high=1.0, sizes=CLASSES)
LABELS = A("n", dtype="int", low=0, high=3)
YES_NO = np.array([1, 0, 1, 0], np.int32)
ONE_HOT = np.array([[0, 1]], np.int32)
SATURATED = [[6e4, -6e4]]  # in float16 twice this is inf

case(
    "categorical_crossentropy",
    call(SHARES, POSITIVE),
    call(SHARES, LOGITS, from_logits=True),
    call(A("n", 3, "k", low=0.0, high=1.0), A("n", 3, "k", low=0.1, high=1.0), axis=1),
    call(A("n", 3, "k", low=0.0, high=1.0), A("n", 3, "k"), True, 1),
    call(A(3, low=0.0, high=1.0), A(3, low=0.1, high=1.0)),
    edges=[
        call([[1.0, 0.0]], [[0.0, 1.0]]),
        call([[1.0, 0.0]], [[-100.0, 100.0]], from_logits=True),
        call([[np.nan, 1.0]], [[0.5, 0.5]]),
        call([[0.5, 0.5], [1.0, 0.0]], [[-1.0, 1.0], [1.0, -1.0]]),
    ],
    kinks=[
        (call(ONE_HOT, [[0.0, 0.0]]), [[0, 0]]),
        (call(ONE_HOT, [[1.0, 0.0]]), [[0, 0]]),
        (call(ONE_HOT, SATURATED, from_logits=True), [[1, -1]]),
    ],
    errors=[
        (ValueError, call(A(2, 3), A(2, 3), axis=2)),
        (ValueError, call(A(2, 3), A(3, 3))),
        (ValueError, call(A(3), A(2, 3))),
    ],
    reference=categorical_crossentropy,
)
case(
    "sparse_categorical_crossentropy",
    call(LABELS, A("n", 4, low=0.1, high=1.0)),
    call(LABELS, A("n", 4), from_logits=True),
    call(A("n", 1, dtype="int", low=0, high=3), A("n", 4, low=0.1, high=1.0)),
    call(A("n", "k", dtype="int", low=0, high=3), A("n", "k", 4, low=0.1, high=1.0)),
    call(A("n", "k", 1, dtype="int", low=0, high=3), A("n", "k", 4), from_logits=True),
    call(A("n", "k", dtype="int64", low=0, high=2), A("n", 3, "k", low=0.1, high=1.0), axis=1),
    call(A("n", 1, "k", dtype="int64", low=0, high=2), A("n", 3, "k", low=0.1, high=1.0), axis=1),
    call(A("n", "k", dtype="int64", low=0, high=2), A("n", 3, "k"), True, 1),
    gradient=(1,),
    edges=[
        call(np.array([1.0, 0.0], np.float32), [[0.0, 1.0], [0.0, 1.0]]),
        call(np.array([1], np.uint8), [[2.0, 6.0]]),
    ],
    kinks=[
        (call(np.array([1], np.int32), [[0.0, 0.0]]), [[0, 0]]),
        (call(np.array([1], np.int32), SATURATED, from_logits=True), [[1, -1]]),
    ],
    errors=[
        (IndexError, call(np.array([0, 3], np.int32), A(2, 3, low=0.1, high=1.0))),
        (IndexError, call(np.array([-1, 0], np.int32), A(2, 3, low=0.1, high=1.0))),
        (ValueError, call(np.array([0, 1], np.int32), A(2, 3, low=0.1, high=1.0), axis=2)),
        (ValueError, call(np.array([0, 1, 2], np.int32), A(2, 3, low=0.1, high=1.0))),
    ],
    reference=sparse_categorical_crossentropy,
)
case(
    "binary_crossentropy",
    call(A("n", "m", low=0.0, high=1.0), A("n", "m", low=0.01, high=0.99)),
    call(A("n", "m", low=0.0, high=1.0), A("n", "m"), from_logits=True),
    call(A("m", low=0.0, high=1.0), A(2, "m", low=0.01, high=0.99)),
    edges=[
        call([1.0, 0.0, 1.0, 0.0, np.nan], [1.0, 1.0, 0.0, 0.0, 0.5]),
        call([1.0, 0.0, 1.0, 0.0], [-100.0, -100.0, 100.0, 100.0], from_logits=True),
    ],
    kinks=[
        (call([0.0, 0.0], [0.0, -1000.0], from_logits=True), ([0, 1000], [0.5, 0])),
        (call(YES_NO, [1.0, 1.0, 0.0, 0.0]), [0, 0, 0, 0]),
        (call(ONE_HOT, SATURATED, from_logits=True), [[1, -1]]),
    ],
    errors=[(ValueError, call(A(2, 3), A(2, 2)))],
    reference=binary_crossentropy,
)


def binary_focal_crossentropy(target, output, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False):
    p = 1.0 / (1.0 + np.exp(-output)) if from_logits else np.clip(output, EPSILON, 1.0 - EPSILON)
    truth = target * p + (1.0 - target) * (1.0 - p)
    weight = target * alpha + (1.0 - target) * (1.0 - alpha) if apply_class_balancing else 1.0
    return weight * (1.0 - truth) ** gamma * binary_crossentropy(target, output, from_logits)


def categorical_focal_crossentropy(target, output, alpha=0.25, gamma=2.0, from_logits=False, axis=-1):
    p = np.exp(log_softmax(output, axis)) if from_logits else shares(output, axis)
    return -np.sum(alpha * (1.0 - p) ** gamma * target * np.log(p), axis=axis)


TRUTH, CHANCE = A("n", "m", low=0.0, high=1.0), A("n", "m", low=0.05, high=0.95)
case(
    "binary_focal_crossentropy",
    call(TRUTH, CHANCE),
    call(TRUTH, A("n", "m"), from_logits=True),
    call(TRUTH, CHANCE, True, 0.3, 1.5),
    call(TRUTH, A("n", "m"), True, 0.3, 1.5, True),
    call(A("m", low=0.0, high=1.0), A(2, "m"), True, gamma=0.0, from_logits=True),
    edges=[
        call([1.0, 0.0, 1.0, 0.0, np.nan], [1.0, 1.0, 0.0, 0.0, 0.5]),
        call([1.0, 0.0, 1.0, 0.0], [-80.0, -80.0, 80.0, 80.0], from_logits=True),
    ],
    kinks=[
        (call(YES_NO, [1.0, 1.0, 0.0, 0.0]), [0, 0, 0, 0]),
        (call(ONE_HOT, SATURATED, from_logits=True), [[1, -1]]),
    ],
    errors=[
        (ValueError, call(A(2, 3), A(2, 2))),
        (TypeError, call(A(2), A(2), gamma="two")),
        (TypeError, call(A(2), A(2), alpha="a quarter")),
    ],
    reference=binary_focal_crossentropy,
)
case(
    "categorical_focal_crossentropy",
    call(SHARES, POSITIVE),
    call(SHARES, A("n", "c", sizes={"c": (2, 5)}), from_logits=True),
    call(A("n", 3, "k", low=0.0, high=1.0), A("n", 3, "k"), 0.5, 1.5, True, 1),
    call(A("n", 3, "k", low=0.0, high=1.0), A("n", 3, "k", low=0.1, high=1.0), 0.5, 1.5, axis=1),
    call(SHARES, POSITIVE, 1.0, 0.0),
    edges=[
        call([[1.0, 0.0]], [[0.0, 1.0]]),
        call([[1.0, 0.0]], [[-80.0, 80.0]], from_logits=True),
        call([[np.nan, 1.0]], [[0.5, 0.5]]),
    ],
    kinks=[
        (call(ONE_HOT, [[0.0, 0.0]]), [[0, 0]]),
        (call(ONE_HOT, [[1.0, 0.0]]), [[0, 0]]),
        (call(ONE_HOT, SATURATED, from_logits=True), [[0.25, -0.25]]),
    ],
    errors=[
        (ValueError, call(A(2, 3), A(2, 3), axis=2)),
        (ValueError, call(A(2, 3), A(3, 3))),
        (TypeError, call(A(2), A(2), None)),
        (TypeError, call(A(2), A(2), 0.25, None)),
    ],
    reference=categorical_focal_crossentropy,
)
