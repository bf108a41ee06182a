"""Operations of K without a case, with the reasons."""

from __future__ import annotations

__all__ = ["EXEMPT"]

_OF_A_FUNCTION = "takes a step function and nested arrays; test_scan.py compares it with explicit loops"

EXEMPT: dict[str, str] = {
    "scan": _OF_A_FUNCTION,
    "rnn": _OF_A_FUNCTION,
    "map_fn": _OF_A_FUNCTION,
    "foldl": _OF_A_FUNCTION,
    "foldr": _OF_A_FUNCTION,
    "cond": "its branches take no arguments and close over arrays; test_scan.py and test_while_loop.py",
    "ctc_decode": "the sizes of its results depend on values; test_ctc.py compares it with all labellings",
    "ctc_label_dense_to_sparse": "gives a sparse matrix, which is not an array; test_sparse.py checks it",
    "is_sparse": "a question about a sparse matrix, which is not an array; test_sparse.py checks it",
    "Sparse": "a container of three arrays, not an operation; test_sparse.py checks it",
}
