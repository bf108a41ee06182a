"""Operations of K without a case, each with the reason."""

from __future__ import annotations

__all__ = ["EXEMPT"]

_OF_A_FUNCTION = (
    "takes a step function and nests of arrays; tests/control/test_loop.py compares it with loops written out"
)

EXEMPT: dict[str, str] = {
    "scan": _OF_A_FUNCTION,
    "rnn": _OF_A_FUNCTION,
    "custom_gradient": "takes a function; tests/control/test_custom_gradient.py compares it with others",
    "checkpoint": "takes a function; tests/control/test_checkpoint.py compares it with that function",
    "map_fn": _OF_A_FUNCTION,
    "foldl": _OF_A_FUNCTION,
    "foldr": _OF_A_FUNCTION,
    "cond": "its branches take no arguments and close over arrays; tests/control/",
    "ctc_decode": "its results' sizes depend on values; tests/ops/test_ctc.py compares it with all labellings by hand",
    "unique": "the size of its results depends on values; tests/ops/test_counting.py compares it with NumPy's",
    "ctc_label_dense_to_sparse": "gives a sparse matrix, which is no array; tests/ops/test_sparse.py checks it",
    "is_sparse": "a question about a sparse matrix, which is no array; tests/ops/test_sparse.py checks it",
    "Sparse": "a container of three arrays, no operation; tests/ops/test_sparse.py checks it",
}
