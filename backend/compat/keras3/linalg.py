"""The functions of `keras.ops.linalg`."""

from __future__ import annotations

from typing import Any

import backend as K
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import cast_to, common, floats, in_common, is_complex, is_real_float, name_of, plain_axis, quiet

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "jvp",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
]


# ---- factorizations ---------------------------------------------------------------------------------------------


@quiet
def cholesky(a: Any, upper: bool = False) -> Any:
    a = floats(a)
    found = K.cholesky(a)
    return array_namespace(found).matrix_transpose(found) if upper else found


@quiet
def cholesky_inverse(a: Any, upper: bool = False) -> Any:
    """The inverse of a matrix, from its Cholesky factor."""
    a = floats(a)
    xp = array_namespace(a)
    unit = xp.broadcast_to(xp.eye(a.shape[-1], dtype=a.dtype), a.shape)
    inverse = K.solve_triangular(a, unit, lower=not upper)
    other = xp.matrix_transpose(inverse)
    return xp.matmul(inverse, other) if upper else xp.matmul(other, inverse)


@quiet
def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    if mode not in ("reduced", "complete"):
        raise ValueError(
            f"`mode` argument value not supported. Expected one of {{'reduced', 'complete'}}. Received: mode={mode}"
        )
    x = floats(x)
    return tuple(array_namespace(x).linalg.qr(x, mode=mode))


@quiet
def lu_factor(a: Any) -> tuple[Any, Any]:
    factors, pivots = K.lu_factor(floats(a))
    return factors, cast_to(pivots, "int32")


@quiet
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    x = floats(x)
    xp = array_namespace(x)
    if not compute_uv:
        return xp.linalg.svdvals(x)
    return tuple(xp.linalg.svd(x, full_matrices=True)) if full_matrices else tuple(K.svd(x))


@quiet
def eigh(a: Any) -> tuple[Any, Any]:
    return tuple(K.eigh(floats(a)))


@quiet
def eig(a: Any) -> tuple[Any, Any]:
    a = floats(a)
    return tuple(array_namespace(a).linalg.eig(a))


# ---- equations --------------------------------------------------------------------------------------------------


@quiet
def det(a: Any) -> Any:
    return K.det(floats(a))


@quiet
def inv(a: Any) -> Any:
    return K.inv(floats(a))


@quiet
def solve(a: Any, b: Any) -> Any:
    a, b = (floats(x) for x in in_common(a, b))
    return K.solve(a, b)


@quiet
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    a, b = (floats(x) for x in in_common(a, b))
    if b.ndim == a.ndim - 1:
        found = K.solve_triangular(a, b[..., None], lower=lower)
        return found[..., 0]
    return K.solve_triangular(a, b, lower=lower)


@quiet
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    a, b = (floats(x) for x in in_common(a, b))
    return K.lstsq(a, b, rcond)


@quiet
def pinv(x: Any, rcond: Any = None) -> Any:
    x = floats(x)
    return K.pinv(x) if rcond is None else array_namespace(x).linalg.pinv(x, rtol=rcond)


@quiet
def matrix_rank(x: Any, tol: Any = None) -> Any:
    x = convert_to_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"Expected input to have rank >= 2. Received input with shape {tuple(x.shape)}.")
    values = svd(x, compute_uv=False)
    xp = array_namespace(values)
    if tol is None:
        limits = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10}
        tol = xp.max(values, axis=-1, keepdims=True) * (max(x.shape[-2:]) * limits.get(name_of(values), 2.0**-7))
    elif not isinstance(tol, (int, float)):
        tol = cast_to(convert_to_tensor(tol), name_of(values))[..., None]
    return K.sum(cast_to(values > tol, "int32"), axis=-1)


# ---- norms ------------------------------------------------------------------------------------------------------


@quiet
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = convert_to_tensor(x)
    x = x if is_real_float(x) or is_complex(x) else cast_to(x, common(x, "float32"))
    return K.norm(x, ord, plain_axis(axis), keepdims)


# ---- derivatives ------------------------------------------------------------------------------------------------


def jvp(fun: Any, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The values of a function and their derivative along tangents; with `has_aux`, also what it gives beside them."""
    primals, tangents = (tuple(convert_to_tensor(x) for x in given) for given in (primals, tangents))
    if not has_aux:
        return K.jvp(fun, primals, tangents)
    values, derivatives = K.jvp(lambda *xs: fun(*xs)[0], primals, tangents)
    return values, derivatives, fun(*primals)[1]
