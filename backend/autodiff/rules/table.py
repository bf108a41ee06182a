"""The gradient rules: one per function of the array API standard 2025.12, in tables.

`VJPS[name]` holds one rule, or None, per positional array argument in order: rule(g, out, *args, **kwargs) is
the cotangent of that argument, with args and kwargs as in the call. Functions in `LISTS` take all their
arrays together and have one rule that returns a list. A function with several outputs gets tuples `g` and
`out`; entries of `g` may be None. `KEYWORD_VJPS` holds the rules of arrays that the standard passes by
keyword. Names of the extensions carry their prefix ('linalg.svd'); 'getitem' stands for x[key].
"""

from ..cotangents import Rule
from .elementwise import ELEMENTWISE
from .fft import FOURIER
from .linalg import LINALG
from .manipulation import MANIPULATION
from .products import PRODUCTS
from .reductions import DIFF_KEYWORDS, REDUCTIONS

__all__ = ["CREATION", "KEYWORD_VJPS", "LISTS", "NOT_DIFFERENTIABLE", "VJPS"]

VJPS: dict[str, tuple[Rule | None, ...]] = {
    **ELEMENTWISE,
    **REDUCTIONS,
    **MANIPULATION,
    **PRODUCTS,
    **LINALG,
    **FOURIER,
}

KEYWORD_VJPS: dict[str, dict[str, Rule]] = {"diff": DIFF_KEYWORDS}

LISTS: frozenset[str] = frozenset({"broadcast_arrays", "concat", "meshgrid", "stack"})

# No output that varies continuously with an input: the gradient is None.
NOT_DIFFERENTIABLE: frozenset[str] = frozenset(
    {
        "all",
        "any",
        "argmax",
        "argmin",
        "argsort",
        "count_nonzero",
        "isin",
        "nonzero",
        "searchsorted",
        "bitwise_and",
        "bitwise_invert",
        "bitwise_left_shift",
        "bitwise_or",
        "bitwise_right_shift",
        "bitwise_xor",
        "ceil",
        "floor",
        "floor_divide",
        "nextafter",
        "round",
        "trunc",
        "equal",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "not_equal",
        "isfinite",
        "isinf",
        "isnan",
        "signbit",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "unique_all",
        "unique_counts",
        "unique_inverse",
        "unique_values",
        "linalg.matrix_rank",
        "__array_namespace_info__",
        "broadcast_shapes",
        "can_cast",
        "finfo",
        "iinfo",
        "isdtype",
        "result_type",
    }
)

# No array goes in, or only its shape and dtype matter.
CREATION: frozenset[str] = frozenset(
    {
        "arange",
        "empty",
        "empty_like",
        "eye",
        "from_dlpack",
        "full",
        "full_like",
        "linspace",
        "ones",
        "ones_like",
        "zeros",
        "zeros_like",
        "fft.fftfreq",
        "fft.rfftfreq",
    }
)
