"""Tools of the gradient rules, above all those that give a cotangent the dtype and shape of its argument."""

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import sizes
from ..dispatch.promotion import array_namespace, device_of, dtype_name, is_integer, native_dtype
from ..graph.composite import composite, elementwise
from ..graph.dims import Dim

__all__ = [
    "Array",
    "Rule",
    "adjoint",
    "axes_of",
    "cast",
    "column",
    "conj",
    "expanded",
    "is_complex",
    "mask_",
    "resized",
    "restored",
    "row",
    "sliced",
    "sum_to",
    "unbroadcast",
    "unit",
    "zeros",
]

Rule = Callable[..., Any]


def is_complex(x: Any) -> bool:
    """Return whether an array, a Python number or a size is complex."""
    return dtype_name(x.dtype).startswith("complex") if hasattr(x, "dtype") else isinstance(x, complex)


def conj(x: Any) -> Any:
    """Return the conjugate of what is complex, and everything else as it is."""
    if isinstance(x, complex):
        return x.conjugate()
    return array_namespace(x).conj(x) if is_complex(x) else x


def column(x: Any) -> Array:
    """Add a last axis of size 1."""
    return array_namespace(x).expand_dims(x, axis=-1)


def row(x: Array) -> Array:
    """Add an axis of size 1 before the last."""
    return array_namespace(x).expand_dims(x, axis=-2)


def adjoint(x: Array) -> Array:
    """Return the conjugate transpose of the last two axes."""
    return array_namespace(x).matrix_transpose(conj(x))


def cast(g: Array, x: Array) -> Array:
    """Return `g` in the dtype of `x`: the real part if only `g` is complex (x enters as x + 0j)."""
    name = dtype_name(x.dtype)
    if dtype_name(g.dtype) == name:
        return g
    xp = array_namespace(g)
    if is_complex(g) and not name.startswith("complex"):
        g = xp.real(g)
    return g if dtype_name(g.dtype) == name else xp.astype(g, native_dtype(xp, name))


def unbroadcast(g: Array, x: Array, core: int = 0) -> Array:
    """Sum `g` over the axes along which `x` was broadcast, and cast it to the dtype of `x`.

    The last `core` axes of `x` are never broadcast, such as those of matrices. Where the sizes are unknown and not
    known to be equal, `sum_to` compares them at run time.
    """
    shape, own = sizes(x), sizes(g)
    if len(shape) == len(own) and all(map(_same, shape, own)):
        return cast(g, x)
    lead = len(own) - len(shape)
    pairs = list(zip(shape, own[lead:], strict=True))[: x.ndim - core]
    if any(isinstance(n, Dim) and n != m and not _is_one(m) for n, m in pairs):
        return cast(sum_to(g, shape=shape), x)
    axes = (*range(lead), *(lead + i for i, (n, m) in enumerate(pairs) if _is_one(n) and not _is_one(m)))
    return cast(_summed(g, lead, axes), x)


def _same(n: Any, m: Any) -> bool:
    return n is m or (type(n) is type(m) is int and n == m)


def _is_one(size: Any) -> bool:
    return isinstance(size, int) and size == 1


def _summed(g: Array, lead: int, axes: tuple[int, ...]) -> Array:
    """Sum over the axes, which stay with size 1, except for the first `lead`."""
    if axes:
        xp = array_namespace(g)
        if len(axes) == lead:
            return xp.sum(g, axis=axes)
        g = xp.sum(g, axis=axes, keepdims=True)
        if lead:
            g = xp.squeeze(g, tuple(range(lead)))
    return g


@composite(view=True)
def sum_to(g: Array, *, shape: tuple[Any, ...]) -> Array:
    """Sum `g` to a shape that broadcasts to its own: over leading axes, and where `shape` has 1 and `g` has not."""
    lead = len(g.shape) - len(shape)
    repeated = (lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return _summed(g, lead, (*range(lead), *repeated))


@sum_to.shape
def _(g: Array, *, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return shape


@sum_to.vjp
def _(h: Array, out: Array, g: Array, *, shape: tuple[Any, ...]) -> Array:
    return array_namespace(h).broadcast_to(h, sizes(g))


def axes_of(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes meant by `axis`, each from 0 to ndim - 1, in the order given; None means all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in ((axis,) if isinstance(axis, int) else axis))


def expanded(g: Array, axes: tuple[int, ...]) -> Array:
    """Insert an axis of size 1 at each of the given (non-negative) positions of the result."""
    xp = array_namespace(g)
    if len(axes) < 2:
        return xp.expand_dims(g, axis=axes[0]) if axes else g
    rest = iter(sizes(g))
    return xp.reshape(g, tuple(1 if i in axes else next(rest) for i in range(g.ndim + len(axes))))


def restored(g: Array, x: Array, axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """Give `g` the axes of `x` that a reduction removed, with size 1."""
    return g if keepdims else expanded(g, axes_of(axis, x.ndim))


@elementwise
def mask_(condition: Array, g: Array) -> Array:
    """Return `g` where the condition holds and 0 elsewhere; no product, so no 0 * inf."""
    xp, name = array_namespace(g), dtype_name(g.dtype)
    if name == "bfloat16":  # beside which a number is float64 to NumPy
        return xp.where(condition, g, xp.zeros((), dtype=g.dtype, device=device_of(g)))
    return xp.where(condition, g, 0 if is_integer(name) else 0.0)


@mask_.vjp
def _(h: Array, out: Array, condition: Array, g: Array) -> tuple[None, Array]:
    return None, unbroadcast(mask_(condition, h), g)


def unit(x: Array) -> Array:
    """Return x / |x|, and 0 at 0: for real x the sign, whose derivative is 0."""
    xp = array_namespace(x)
    if is_complex(x):
        r = xp.abs(x)
        return x / xp.astype(xp.where(r == 0, 1.0, r), x.dtype)
    one = xp.ones_like(x)
    return xp.where(x > 0, one, xp.where(x < 0, -one, 0.0))


def zeros(g: Array, shape: tuple[Any, ...]) -> Array:
    """Return zeros of the given shape, with namespace, dtype and device of `g`."""
    return array_namespace(g).zeros(shape, dtype=g.dtype, device=device_of(g))


def sliced(x: Array, axis: int, start: Any, stop: Any) -> Array:
    """Return x[start:stop] along one axis, `axis` from 0 to ndim - 1."""
    return x[(slice(None),) * axis + (slice(start, stop),) + (slice(None),) * (x.ndim - axis - 1)]


def resized(g: Array, axis: int, size: Any) -> Array:
    """Cut, or extend with zeros at the end, one axis of `g` to `size`."""
    shape = sizes(g)
    n = shape[axis]
    if n is size or n == size:
        return g
    if isinstance(n, int) and isinstance(size, int):
        if size < n:
            return sliced(g, axis, 0, size)
        extra = size - n
    else:
        extra = size  # which one is larger is unknown until run time: n + size is enough for both
    padded = array_namespace(g).concat([g, zeros(g, (*shape[:axis], extra, *shape[axis + 1 :]))], axis=axis)
    return padded if isinstance(n, int) and isinstance(size, int) else sliced(padded, axis, 0, size)
