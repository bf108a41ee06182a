"""The gradient rules of the functions that recorded calls have, in tables.

`VJPS[name]` holds one rule, or None, per positional argument in order: rule(g, out, *args, **kwargs) is the
cotangent of that argument, with args and kwargs as in the call. If the argument is a tuple of arrays, so is the
cotangent. A function with several outputs gets tuples `g` and `out`; entries of `g` may be None. Names of the
extensions have their prefix ('linalg.svd'); 'getitem' stands for x[key], and 'identity' for a tensor under
another name.
"""

from ..cotangents import Rule
from .elementwise import ELEMENTWISE
from .fft import FOURIER
from .linalg import LINALG
from .manipulation import MANIPULATION
from .products import PRODUCTS
from .reductions import REDUCTIONS

__all__ = ["VJPS"]

VJPS: dict[str, tuple[Rule | None, ...]] = {
    **ELEMENTWISE,
    **REDUCTIONS,
    **MANIPULATION,
    **PRODUCTS,
    **LINALG,
    **FOURIER,
}
