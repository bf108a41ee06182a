"""The table of primitives: what the compiler needs to know of every function that a graph can call.

A composite has a row of its own, so `node.primitive.elementwise` is the question for both. No other module keeps a set
of names.
"""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["PRIMITIVES", "Primitive", "Product"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of two arrays, linear in both: along which axes two of them can be one."""

    columns: tuple[int, int]
    """The axis of the second argument that is an axis of the result, and which: f(x, [a b]) is [f(x, a) f(x, b)]."""
    inner: tuple[int, int]
    """An axis of each argument that is summed over: f([x y], [a b]) is f(x, a) + f(y, b)."""
    batch: bool = False
    """Axis 0 of the first argument is axis 0 of the result, and counts neither as inner nor otherwise."""
    unless: str = ""
    """A parameter for which columns and inner are not so."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """Facts about one function of the standard, or of the graph itself (`getitem`, `identity`)."""

    name: str
    elementwise: bool = False
    """Each element of the result depends on one element of each argument."""
    view: bool = False
    """The result is the first argument in another form, may share its memory, and is as cheap to make as to keep."""
    fresh: bool = False
    """The result never shares memory with an argument, so it may be written over once it is dead."""
    forwards: bool = False
    """A result may be one of the arguments itself, whatever the call is: of control flow."""
    creation: bool = False
    """It makes an array of Python values and sizes alone."""
    takes_device: bool = False
    """The call has a keyword `device`."""
    reduction: bool = False
    """It takes `axis`, also a tuple, and `keepdims`; along these axes one element is left."""
    sign: str | None = None
    """The operator that stands for it in Python; then an operand may be a Python number."""
    dunder: str | None = None
    """The method of the array object, `__add__` without its underscores; binary ones have a reflected `__radd__`."""
    template: str | None = None
    """How the call is printed, if not as `xp.name(...)`."""
    commutative: bool = False
    """The operands may be exchanged, to the bit."""
    augmented: bool = False
    """`x += y` computes it in x's memory, where x is dead and has the result's shape and dtype."""
    real: bool = False
    """Complex arguments give a real result."""
    discrete: bool = False
    """The result does not vary continuously with any argument, so there is no gradient."""
    pure: bool = True
    """It does nothing but give its result, so it may be evaluated once, later, or not at all."""
    product: Product | None = None
    """It is a product of two arrays; `matmul` where the second one has two axes and the first at least two."""
    is_loop: bool = False
    """It runs a body over the steps of sequences; of composites, the loop alone."""
    layouts: tuple[tuple[int, str], ...] = ()
    """The positions of weights that a library's kernel copies into another layout, and as what: see `laid_out`."""


def _all(names: str, **facts: Any) -> list[Primitive]:
    """A row each for several functions of the same facts."""
    return [Primitive(name=name, **facts) for name in names.split()]


def _operators(signs: str, **facts: Any) -> list[Primitive]:
    """A row each for binary operators, given as `name dunder sign`, separated by commas."""
    rows = [row.split() for row in signs.split(",")]
    return [
        Primitive(
            name=name, dunder=dunder, sign=sign, template=f"{{0}} {sign} {{1}}", elementwise=True, fresh=True, **facts
        )
        for name, dunder, sign in rows
    ]


_ROWS = (
    *_all(
        "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal sin sinh sqrt tan tanh "
        "square sign atan2 copysign hypot logaddexp maximum minimum where",
        elementwise=True,
        fresh=True,
    ),
    *_all(
        "isfinite isinf isnan signbit logical_not logical_and logical_or logical_xor nextafter",
        elementwise=True,
        fresh=True,
        discrete=True,
    ),
    *_operators("add add +, multiply mul *", commutative=True, augmented=True),
    *_operators("subtract sub -, divide truediv /", augmented=True),
    *_operators("remainder mod %, pow pow **"),
    *_operators(
        "floor_divide floordiv //, bitwise_and and &, bitwise_or or |, bitwise_xor xor ^, "
        "bitwise_left_shift lshift <<, bitwise_right_shift rshift >>, less lt <, less_equal le <=, greater gt >, "
        "greater_equal ge >=, equal eq ==, not_equal ne !=",
        discrete=True,
    ),
    Primitive(name="negative", elementwise=True, fresh=True, dunder="neg", template="-{0}"),
    Primitive(name="bitwise_invert", elementwise=True, fresh=True, discrete=True, dunder="invert"),
    Primitive(name="abs", elementwise=True, fresh=True, dunder="abs", real=True),
    # Recorded for another dtype alone: always a copy, but one that costs no more to make than to keep.
    Primitive(name="astype", elementwise=True, fresh=True, view=True),
    # Some library gives x itself where nothing changes: integers are whole already.
    *_all("ceil floor round trunc", elementwise=True, view=True, discrete=True),
    *_all("real imag", elementwise=True, view=True, real=True),
    Primitive(name="conj", elementwise=True, view=True),
    Primitive(name="positive", elementwise=True, view=True, dunder="pos"),
    *_all("sum mean prod max min", reduction=True, fresh=True),
    *_all("any all", reduction=True, fresh=True, discrete=True),
    Primitive(name="count_nonzero", reduction=True, discrete=True),
    *_all("std var linalg.vector_norm", reduction=True),
    *_all("zeros ones full eye arange linspace fft.fftfreq fft.rfftfreq", creation=True, takes_device=True),
    *_all("reshape permute_dims expand_dims squeeze broadcast_to matrix_transpose flip linalg.diagonal", view=True),
    Primitive(name="getitem", view=True, dunder="getitem", template="{0}[{1}]"),
    Primitive(name="identity", view=True, template="{0}"),
    Primitive(name="asarray", view=True, takes_device=True),
    Primitive(
        name="matmul",
        fresh=True,
        dunder="matmul",
        template="{0} @ {1}",
        product=Product(columns=(-1, -1), inner=(-1, -2)),
    ),
    *_all("tensordot concat stack", fresh=True),
    *_all("argmax argmin argsort searchsorted linalg.matrix_rank", discrete=True),
    *_all(
        "cumulative_prod cumulative_sum sort repeat roll take take_along_axis tile "
        "tril triu vecdot linalg.cholesky linalg.cross linalg.det linalg.eig linalg.eigh linalg.eigvals "
        "linalg.eigvalsh linalg.inv linalg.matrix_norm linalg.matrix_power linalg.pinv linalg.qr "
        "linalg.slogdet linalg.solve linalg.svd linalg.svdvals fft.fft fft.ifft fft.fftn fft.ifftn fft.rfft fft.irfft "
        "fft.rfftn fft.irfftn fft.hfft fft.ihfft"
    ),
)

PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _ROWS}
