"""The modified Bessel function of order 0."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike
from ..dispatch.operation import operation
from ..dispatch.promotion import dtype_name, floating, native_dtype
from .special import polynomial

__all__ = ["i0"]

# Polynomials through the Chebyshev nodes, fitted for this library with mpmath at 40 digits: up to 8, exp(-x) I0(x) in
# x / 4 - 1; beyond it, sqrt(x) exp(-x) I0(x) in 16 / x - 1. Coefficients from the constant term on.
BORDER = 8.0
NEAR = {
    "float32": (
        0.2070019212239867,
        -0.11300412295626062,
        0.09451554749066753,
        -0.08905319911956679,
        0.08734729525206206,
        -0.08482781819864327,
        0.07922130132493785,
        -0.07038203519556625,
        0.05711186207610596,
        -0.040242403332701335,
        0.02908352985190215,
        -0.024693772254905627,
        0.013964548786864869,
        -0.0017134182510074735,
        0.0015755571774911377,
        -0.004367325689182579,
        0.0018943222251761435,
    ),
    "float64": (
        0.2070019212239867,
        -0.11300432688620536,
        0.09451562853995125,
        -0.08904344136077733,
        0.08734341617550884,
        -0.08496338091542556,
        0.07927522590752974,
        -0.06954119563154397,
        0.05677703201501785,
        -0.04298594929673067,
        0.03017791206221918,
        -0.019682655784004566,
        0.011960077703464203,
        -0.006792394821044967,
        0.0036171271654272855,
        -0.0018119029764120445,
        0.0008563135177565376,
        -0.0003828654139905961,
        0.0001624084559061418,
        -6.55678677969644e-05,
        2.5198651465609148e-05,
        -9.183910794736519e-06,
        3.232396382443255e-06,
        -1.1419495259048662e-06,
        3.659216730162776e-07,
        -8.594601526025913e-08,
        2.679771004975793e-08,
        -1.631130691668671e-08,
        4.394426308340083e-09,
    ),
}
FAR = {
    "float32": (
        0.4021765094450081,
        0.003360555851925354,
        0.00013621684311530046,
        1.1111525456650673e-05,
        1.4767921099426897e-06,
        3.631710305277285e-07,
        1.0829898259260847e-07,
    ),
    "float64": (
        0.4021765094450085,
        0.0033605519836677825,
        0.00013621607431419543,
        1.1143033809949664e-05,
        1.483850178033181e-06,
        2.9735920977050013e-07,
        8.868756452767297e-08,
        3.9334363714915647e-08,
        2.178629993133627e-08,
        7.497573713317462e-09,
        -7.711547780447753e-09,
        -1.3186462085672413e-08,
        -2.936770695088146e-09,
        7.015854599851706e-09,
        3.288502385565785e-09,
        -2.6823199253080667e-09,
        -1.3320154008028988e-09,
        7.197534582268409e-10,
        2.2647982245198086e-10,
        -9.887043830277007e-11,
    ),
}


@operation
def i0(x: ArrayLike) -> Array:
    """Modified Bessel function of the first kind and order 0, elementwise.

    Parameters
    ----------
    x : array
        Integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x; float16 is computed in float32.

    Notes
    -----
    At least 1; infinity for both infinities, and from 713.9 on in float64, 91.9 in float32; NaN stays NaN. The relative
    error is below 5e-7 in float32 and 1e-15 times the size of x in float64.

    References
    ----------
    Clenshaw, Chebyshev series for mathematical functions, 1962, for the form; the coefficients were fitted for this
    library.

    Examples
    --------
    >>> np.round(K.i0(np.asarray([0.0, 1.0, -1.0])), 6)
    array([1.      , 1.266066, 1.266066])
    """
    xp, x = floating(x)
    name = dtype_name(x.dtype)
    if name not in NEAR:
        return xp.astype(_i0(xp, xp.astype(x, native_dtype(xp, "float32")), "float32"), x.dtype)
    return _i0(xp, x, name)


def _i0(xp: Any, x: Array, name: str) -> Array:
    size = xp.abs(x)
    small = xp.where(size > BORDER, xp.zeros_like(size), size)
    large = xp.where(size > BORDER, size, xp.ones_like(size) * BORDER)
    half = xp.exp(0.5 * size)  # exp(x) alone would be infinite before I0(x) is
    near = xp.exp(small) * polynomial(NEAR[name], small / 4.0 - 1.0)
    far = half * (polynomial(FAR[name], 16.0 / large - 1.0) / xp.sqrt(large)) * half
    return xp.where(size > BORDER, far, xp.where(size == size, near, x))
