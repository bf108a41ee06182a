"""CTC, against the sum over every path and the best of every labelling."""

import itertools

import numpy as np

from ..case import A, call, case

FRAMES = A(2, 4, 3, low=0.05, high=1.0)


def collapsed(path, blank):
    kept = [s for i, s in enumerate(path) if s != blank and (i == 0 or s != path[i - 1])]
    return tuple(kept)


def labellings(y, length):
    """The log-probability of every labelling of one sample, by enumeration of paths."""
    logs = np.log(y[:length] + 1e-7)
    logs -= np.log(np.exp(logs).sum(-1, keepdims=True))
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(y.shape[1]), repeat=length):
        label = collapsed(path, y.shape[1] - 1)
        found[label] = np.logaddexp(found.get(label, -np.inf), sum(logs[t, s] for t, s in enumerate(path)))
    return found


def cost(y_true, y_pred, input_length, label_length):
    rows = []
    for labels, y, frames, count in zip(y_true, y_pred, input_length[:, 0], label_length[:, 0], strict=True):
        rows.append([-labellings(y, int(frames)).get(tuple(int(v) for v in labels[:count]), -np.inf)])
    return np.array(rows)


def lengths(*values):
    return np.array(values, dtype="int32")


case(
    "ctc_batch_cost",
    call(A(2, 2, dtype="int", low=0, high=1), FRAMES, lengths([4], [3]), lengths([2], [1])),
    call(np.array([[0, 0], [1, 0]], "int32"), FRAMES, lengths([3], [4]), lengths([2], [0])),
    gradient=(0,),
    edges=[
        call(np.array([[0, 0]], "int32"), [[[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]], lengths([2]), lengths([2])),
        call(np.array([[0, -1]], "int32"), [[[0.0, 1.0], [0.5, 0.5]]], lengths([2]), lengths([1])),
    ],
    errors=[
        (ValueError, call(A(2, 2, dtype="int", low=0, high=1), FRAMES, lengths(4, 3), lengths([2], [1]))),
        (ValueError, call(A(2, 2, dtype="int", low=0, high=1), A(2, 4), lengths([4], [3]), lengths([2], [1]))),
        (ValueError, call(A(3, 2, dtype="int", low=0, high=1), FRAMES, lengths([4], [3]), lengths([2], [1]))),
    ],
    reference=cost,
)
