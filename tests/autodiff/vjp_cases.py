"""The calls that test_vjps differentiates: at least one for every gradient rule, at points without kinks."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["CASES", "Case"]

rng = np.random.default_rng(20251)


@dataclass
class Case:
    """One call of a function of the standard; its floating-point arrays are differentiated."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    hermitian: bool = False  # call with the Hermitian part of the argument
    phase_free: bool = False  # compare the outputs' squared moduli only: their phases are arbitrary


def r(*shape):
    """Normal numbers pushed away from 0, where quotients and kinks spoil the differences."""
    x = np.asarray(rng.normal(size=shape))
    return np.asarray(x + np.copysign(0.2, x))


def p(*shape):
    return np.asarray(rng.uniform(0.4, 2.0, size=shape))


def u(*shape):
    return np.asarray(rng.uniform(-0.9, 0.9, size=shape))


def c(*shape):
    return r(*shape) + 1j * r(*shape)


def spd(*shape):
    x = r(*shape) * 0.3
    return x @ np.swapaxes(x, -1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def hpd(*shape):
    x = c(*shape) * 0.3
    return x @ np.swapaxes(x.conj(), -1, -2) + np.diag(np.arange(1.0, shape[-1] + 1))


def regular(n, make=r):
    return make(n, n) * 0.3 + 2 * np.eye(n)


CASES: list[Case] = []


def case(name, *args, hermitian=False, phase_free=False, **kwargs):
    CASES.append(Case(name, args, kwargs, hermitian, phase_free))


# one argument
ANYWHERE = "abs asinh atan conj cos cosh exp expm1 negative positive real sin sinh square tanh"
for name in ANYWHERE.split():
    case(name, r(2, 3))
    case(name, r())
    case(name, c(2))
for name in "log log10 log1p log2 reciprocal sqrt sign".split():
    case(name, p(2, 3))
    case(name, c(3))
case("imag", c(2, 3))
for name in "acos asin atanh tan".split():
    case(name, u(2, 3))
    case(name, c(3))
case("acosh", p(3) + 1.0)
case("acosh", c(3))
case("sign", r(4))

# two arguments, with broadcasting, 0-d and Python numbers
PAIRS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (3,)), ((4, 1, 2), (3, 1))]
for name in "add atan2 copysign divide hypot logaddexp maximum minimum multiply subtract".split():
    for left, right in PAIRS:
        case(name, r(*left), r(*right))
    case(name, r(3), 0.7)
    case(name, 0.7, r(3))
for name in "add divide multiply subtract".split():
    case(name, c(2, 3), c(3))
for left, right in PAIRS:
    case("pow", p(*left), r(*right))
    case("remainder", r(*left), p(*right))
for exponent in (0, 1, 2, 3, -1, 0.5, 2.5):
    case("pow", p(3), exponent)
case("pow", r(3), 2.0)
case("pow", 2.0, r(3))
case("pow", c(3), 0.5 * c(3))
case("pow", c(3), 3)
case("pow", 0.5 + 1j, c(3))
case("remainder", r(3), -0.7)
case("remainder", 3.3, p(3))
case("where", r(2, 3) > 0, r(2, 3), r(3))
case("where", r(2, 1) > 0, r(), r(1, 3))
case("where", r(4) > 0, r(4), 1.0)
case("where", r(4) > 0, 1.0, r(4))

# reductions
AXES = [{}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, -1)}, {"axis": (2, 0), "keepdims": True}]
for name in "max mean min prod std sum var".split():
    for options in AXES:
        case(name, r(2, 3, 2), **options)
for name in "max mean min prod sum".split():
    case(name, r())
for name in "std var".split():
    case(name, r(3, 4), axis=0, correction=1)
    case(name, r(3, 4), correction=2, keepdims=True)
case("var", r(3, 4), correction=0.5)
for name in "sum prod".split():
    case(name, c(2, 3), axis=1)
    case(name, r(2, 3), dtype="float64", axis=0)
case("prod", np.asarray([[0.0, 2.0, 3.0], [0.0, 0.0, 2.0], [1.5, -2.0, 0.5]]), axis=1)
for name in "cumulative_sum cumulative_prod".split():
    case(name, r(4))
    case(name, r(3, 4), axis=-1)
    case(name, r(3, 2), axis=0, include_initial=True)
    case(name, c(3), dtype="complex128")
case("cumulative_prod", np.asarray([2.0, 0.0, 3.0, 0.0, 1.5]))
case("sort", r(6))
case("sort", r(3, 4), axis=0, descending=True)

# manipulation
case("astype", r(3), "float32")
case("astype", r(3), "complex128", copy=False)
case("broadcast_to", r(3, 1), (2, 3, 4))
case("broadcast_to", r(), (2,))
case("concat", [r(2, 3), r(1, 3), c(3, 3)])
case("concat", [r(2, 3), r(2, 1)], axis=-1)
case("concat", [r(2, 3), r(2)], axis=None)
case("expand_dims", r(2, 3), axis=-1)
case("expand_dims", r(2, 3), axis=0)
case("flip", r(2, 3))
case("flip", r(2, 3), axis=-1)
case("identity", r(2, 3))
case("permute_dims", r(2, 3, 4), (2, 0, 1))
case("permute_dims", r(2, 3, 4), (-1, 0, -2))
case("repeat", r(2, 3), 2)
case("repeat", r(2, 3), 3, axis=-2)
case("repeat", r(2, 3), np.asarray([2, 0, 3]), axis=1)
case("reshape", r(2, 6), (3, -1))
case("roll", r(2, 3), 2)
case("roll", r(2, 3), (1, -1), axis=(0, 1))
case("squeeze", r(1, 3, 1), 0)
case("squeeze", r(1, 3, 1), (0, -1))
case("stack", [r(2, 3), r(2, 3)], axis=-1)
case("stack", [r(), r(), r()])
case("take", r(4), np.asarray([0, 3, 3, 1, 3, 3]))
case("take", r(2, 4, 3), np.asarray([-1, 0, -1]), axis=1)
case("take", r(3, 4), np.asarray([2, 0]), axis=-1)
case("take_along_axis", r(3, 4), np.asarray([[0, 1, 1], [3, 3, 3], [-1, 0, 3]]))
case("take_along_axis", r(3, 2), np.asarray([[0, 2], [0, 0], [1, 1], [0, 2]]), axis=0)
case("tile", r(2, 3), (2, 2))
case("tile", r(2, 3), (2,))
case("tile", r(3), (3, 1, 2))
case("tile", r(), (2, 3))
case("tril", r(3, 4), k=1)
case("triu", r(2, 3, 3), k=-1)
FULL = slice(0, 4, 1)
KEYS = [
    (FULL, 1),
    (2, 3),
    (slice(1, 3, 1), FULL),
    (slice(1, 4, 2), slice(0, 4, 3)),
    (None, 3, slice(2, 2, 1)),
    (slice(0, 3, 2), None, slice(1, 2, 1), None),
    (slice(1, 2, 3), slice(3, 4, 2)),
    (slice(0, 4, 2), -1),
]
for key in KEYS:
    case("getitem", r(4, 4), key)

# products
FACTORS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((3,), (2, 3, 4)),
    ((2, 2, 3), (3,)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((2, 2, 3), (1, 3, 2)),
]
for left, right in FACTORS:
    case("matmul", r(*left), r(*right))
case("matmul", c(2, 3), c(3, 2))
case("matmul", r(2, 3), c(2, 3, 2))
case("matrix_transpose", r(2, 3, 4))
case("tensordot", r(2, 3, 4), r(3, 4, 2))
case("tensordot", r(2, 3), r(2), axes=0)
case("tensordot", r(2, 3, 4), r(4, 5, 2), axes=((2, 0), (0, 2)))
case("tensordot", c(2, 3, 4), c(3, 2), axes=((-2,), (0,)))
case("tensordot", r(2, 3, 4, 2), r(3, 2, 5, 4), axes=((3, 1, 2), (1, 0, 3)))
case("vecdot", r(2, 3), r(3))
case("vecdot", c(2, 3), c(2, 3))
case("vecdot", r(3, 2), r(3, 1), axis=-2)
case("linalg.cross", r(2, 3), r(3))
case("linalg.cross", c(3, 2), c(3, 2), axis=-2)
for offset in (0, 1, -2):
    case("linalg.diagonal", r(2, 3, 4), offset=offset)

# linear algebra
for make in (r, c):
    case("linalg.inv", np.stack([regular(3, make), regular(3, make)]))
    case("linalg.det", np.stack([regular(3, make), regular(3, make)]))
    case("linalg.slogdet", regular(3, make))
    case("linalg.solve", regular(3, make), make(3))
    case("linalg.solve", np.stack([regular(2, make), regular(2, make)]), make(2, 3))
    case("linalg.solve", regular(3, make), make(2, 3, 2))
    for n in (-2, 0, 1, 4):
        case("linalg.matrix_power", regular(2, make) / 2, n)
    for shape in ((2, 4, 3), (2, 3), (3, 3)):
        case("linalg.pinv", 0.2 * make(*shape) + np.eye(*shape[-2:]))
    for shape in ((4, 3), (3, 3), (2, 4), (2, 3, 2)):
        case("linalg.qr", make(*shape))
        case("linalg.svd", make(*shape), full_matrices=False, phase_free=True)
        case("linalg.svdvals", make(*shape))
    case("linalg.qr", make(3, 3), mode="complete")
    case("linalg.svd", make(3, 3), phase_free=True)
    case("linalg.vector_norm", make(2, 3))
    for order in (0, 1, 2, 3, 0.5, -1, -2.5, float("inf"), float("-inf")):
        case("linalg.vector_norm", make(2, 3, 2), axis=(0, 2), ord=order)
        case("linalg.vector_norm", make(2, 3), axis=-1, keepdims=True, ord=order)
    for order in ("fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")):
        case("linalg.matrix_norm", make(2, 3, 2), ord=order)
        case("linalg.matrix_norm", make(2, 3), ord=order, keepdims=True)
for make in (spd, hpd):
    case("linalg.cholesky", make(2, 3, 3), hermitian=True)
    case("linalg.cholesky", make(3, 3), hermitian=True, upper=True)
    case("linalg.eigh", make(3, 3), hermitian=True, phase_free=True)
    case("linalg.eigvalsh", make(2, 3, 3), hermitian=True)
case("linalg.eig", spd(3, 3) + 0.2 * r(3, 3), phase_free=True)
for make in (r, c):
    case("linalg.eig", np.stack([make(3, 3), make(3, 3)]), phase_free=True)
    case("linalg.eigvals", make(2, 3, 3), phase_free=True)

# Fourier transforms
ONE = [{}, {"n": 3, "norm": "ortho"}, {"n": 6, "axis": 0, "norm": "forward"}, {"n": 7}]
for name, make in [("fft", c), ("ifft", c), ("rfft", r), ("irfft", c), ("hfft", c), ("ihfft", r)]:
    for options in ONE:
        case(f"fft.{name}", make(4, 5), **options)
MANY = [
    {},
    {"axes": (1, 0), "norm": "ortho"},
    {"s": (3, 5), "axes": (0, -1), "norm": "forward"},
    {"s": (6, 4), "axes": (1, 2)},
]
for name, make in [("fftn", c), ("ifftn", c), ("rfftn", r), ("irfftn", c)]:
    for options in MANY:
        case(f"fft.{name}", make(2, 4, 3), **options)
