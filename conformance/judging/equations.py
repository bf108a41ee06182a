"""What results that are not unique have to fulfil, in lines of NumPy: a decomposition is held to its equations."""

from __future__ import annotations

__all__ = ["EQUATIONS"]

_H = "np.conj(np.swapaxes({}, -1, -2))"
_Q, _U, _V, _L = (_H.format(name) for name in ("q", "u", "v", "l"))
_VALUES = ("np.unique(a0)", "np.sort(r[0])")  # the standard leaves their order open
_COUNTS = ("np.unique(a0, return_counts=True)[1]", "r[-1][np.argsort(r[0])]")

# function -> pairs of source (expected, got): of the arguments a0, a1, ... and the results r, a list, as NumPy arrays
EQUATIONS: dict[str, list[tuple[str, str]]] = {
    "unique_values": [_VALUES],
    "unique_counts": [_VALUES, _COUNTS],
    "unique_inverse": [_VALUES, ("a0", "r[0][r[1]]")],
    "unique_all": [
        _VALUES,
        ("np.unique(a0, return_index=True)[1]", "r[1][np.argsort(r[0])]"),
        ("a0", "r[0][r[2]]"),
        _COUNTS,
    ],
    "linalg.inv": [("np.broadcast_to(np.eye(a0.shape[-1]), a0.shape)", "a0 @ r[0]")],
    "linalg.solve": [("a1", "a0 @ r[0]")],
    "linalg.det": [("np.linalg.det(a0)", "r[0]")],
    "linalg.slogdet": [("np.linalg.slogdet(a0)[0]", "r[0]"), ("np.linalg.slogdet(a0)[1]", "r[1]")],
    "linalg.cholesky": [(f"(l := r[0], {_L} @ l if UPPER else l @ {_L})[1]", "a0")],
    "linalg.qr": [("a0", "r[0] @ r[1]"), ("np.eye(r[0].shape[-1])", f"(q := r[0], {_Q} @ q)[1]")],
    "linalg.svd": [
        ("a0", "(k := r[1].shape[-1], (r[0][..., :k] * r[1][..., None, :]) @ r[2][..., :k, :])[1]"),
        ("np.eye(r[0].shape[-1])", f"(u := r[0], {_U} @ u)[1]"),
        ("np.linalg.svd(a0, compute_uv=False)", "r[1]"),
    ],
    "linalg.svdvals": [("np.linalg.svd(a0, compute_uv=False)", "r[0]")],
    "linalg.eigh": [("a0 @ r[1]", "r[1] * r[0][..., None, :]"), ("np.eye(a0.shape[-1])", f"(v := r[1], {_V} @ v)[1]")],
    "linalg.eigvalsh": [("np.linalg.eigvalsh(a0)", "r[0]")],
    "linalg.eig": [("a0 @ r[1]", "r[1] * r[0][..., None, :]")],
    "linalg.eigvals": [("np.sort_complex(np.linalg.eigvals(a0))", "np.sort_complex(r[0])")],
    "linalg.pinv": [("np.linalg.pinv(a0)", "r[0]")],
    "linalg.matrix_power": [("np.linalg.matrix_power(a0, ARGUMENT)", "r[0]")],
    "linalg.cross": [("np.cross(a0, a1, axis=AXIS)", "r[0]")],
    "linalg.matrix_norm": [("np.linalg.matrix_norm(a0, KEYWORDS)", "r[0]")],
}
