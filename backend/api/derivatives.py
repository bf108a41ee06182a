"""Derivatives of functions of plain arrays beside the gradient: Jacobians, Hessians, and products with them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..arrays.arguments import shown
from ..arrays.dtypes import is_float
from ..autodiff.backward import backward, gradients
from ..control.loop import map_fn
from ..control.nests import flatten, restore
from ..dispatch.operation import operation
from ..dispatch.parameters import is_array_like
from ..graph.recording import cast, tensor
from ..graph.tensor import Tensor, record
from .captured import Same
from .grad import gradient_of
from .tracing import Differentiated, Traced

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vjp"]


@operation
def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f and its derivative in the direction `tangents`: the Jacobian times that vector.

    Parameters
    ----------
    f : callable
        It takes floating arrays and nests of them, and returns a floating array or a nest of them.
    primals : sequence of array or nest
        The arguments of f.
    tangents : sequence of array or nest
        A nest like the primals, of the same shapes; cast to their dtypes.

    Returns
    -------
    value
        ``f(*primals)``.
    derivative
        A nest like the value; zero where the value does not depend on the primals.

    Raises
    ------
    ValueError
        When primals and tangents differ in their nests or shapes.
    TypeError
        For what is not floating.

    Notes
    -----
    Tracing and nesting are as in `grad`; the trace is kept as long as f is the same object.

    References
    ----------
    Griewank, Walther, "Evaluating derivatives", 2008; here reverse accumulation, applied twice.

    Examples
    --------
    >>> x, v = np.asarray([1.0, 2.0]), np.asarray([1.0, 0.0])
    >>> K.jvp(lambda x: x**3, [x], [v])
    (array([1., 8.]), array([3., 0.]))
    """
    for name, nest in (("primals", primals), ("tangents", tangents)):
        if not isinstance(nest, (list, tuple)):
            raise TypeError(f"jvp: {name} is {shown(nest)}, expected a list of the arguments of f")
    return _kept("jvp", Same(f))([_marked(tuple(primals)), _marked(tuple(tangents))], {})


@operation
def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f and a function that multiplies a vector by the Jacobian from the left.

    Parameters
    ----------
    f : callable
        It takes floating arrays and nests of them, and returns a floating array or a nest of them.
    *primals : array or nest of arrays
        The arguments of f.

    Returns
    -------
    value
        ``f(*primals)``.
    pull : callable
        It takes a nest like the value and gives a tuple with a nest like each primal, zero where the value does not
        depend on it. It evaluates f anew at each call.

    Raises
    ------
    ValueError
        When the vector differs from the value in its nest or shapes.
    TypeError
        For what is not floating.

    Notes
    -----
    Tracing and nesting are as in `grad`; the trace is kept as long as f is the same object.

    References
    ----------
    Griewank, Walther, "Evaluating derivatives", 2008; reverse accumulation.

    Examples
    --------
    >>> x, y = np.asarray([1.0, 2.0]), np.asarray([3.0, 4.0])
    >>> value, pull = K.vjp(lambda x, y: x * y, x, y)
    >>> value
    array([3., 8.])
    >>> pull(np.asarray([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    marked = _marked(primals)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] = _kept("vjp", Same(f))([marked, _marked(cotangents)], {})
        return found

    return _kept("value", Same(f))([marked], {}), pull


@operation
def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian itself.

    Parameters
    ----------
    f : callable
        A function of one argument that returns a scalar.
    x : array or nest of arrays
        Where the Hessian is taken.
    v : array or nest of arrays
        A nest like x, of the same shapes; cast to its dtypes.

    Returns
    -------
    array or nest of arrays
        Nest, shapes and dtypes of x; zero where the gradient does not depend on x.

    Raises
    ------
    ValueError
        When x and v differ in their nests or shapes.
    TypeError
        For what is not floating, and when f does not return a scalar.

    Notes
    -----
    Tracing and nesting are as in `grad`; the trace is kept as long as f is the same object.

    References
    ----------
    Pearlmutter, "Fast exact multiplication by the Hessian", 1994; here reverse accumulation, applied twice.

    Examples
    --------
    >>> f = lambda x: K.sum(x**3)
    >>> K.hvp(f, np.asarray([1.0, 2.0]), np.asarray([1.0, 1.0]))
    array([ 6., 12.])
    """
    for name, nest in (("x", x), ("v", v)):
        if not all(is_array_like(leaf) and leaf is not None for leaf in flatten(nest)[0]):
            raise TypeError(f"hvp: {name} is {shown(nest)}, expected a floating array or a nest of them")
    return _kept("hvp", Same(f))([_marked(x), _marked(v)], {})


@operation
def jacobian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the derivative of each element of f's result by each element of an argument.

    Parameters
    ----------
    f : callable
        It returns one floating array.
    argnums : int, optional
        The position of the argument; a negative number counts from the last one.

    Returns
    -------
    callable
        It takes f's arguments and returns an array: the shape of f's result, then that of the argument; the argument's
        dtype. Zero where the result does not depend on the argument; no elements where either has none. Its method
        ``clear_cache()`` forgets the traces.

    Raises
    ------
    TypeError
        When the argument or the result is no floating array.
    ValueError
        For an argument that is not there, and for a symbolic result of unknown shape.

    Notes
    -----
    The backward pass is recorded once and runs in a loop over the result's elements. Tracing and nesting are as in
    `grad`.

    References
    ----------
    Griewank, Walther, "Evaluating derivatives", 2008; reverse accumulation.

    Examples
    --------
    >>> polar = lambda p: K.stack([p[0] * K.cos(p[1]), p[0] * K.sin(p[1])])
    >>> K.jacobian(polar)(np.asarray([2.0, 0.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    return _jacobian("jacobian", f, argnums)


def _jacobian(function: str, f: Callable[..., Any], argnums: int) -> Callable[..., Any]:
    """`jacobian`, for the function that errors name."""

    def build(args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        x = _tensors(function, args[argnums])[0]
        out = _result(function, f(*(x if i == argnums % len(args) else a for i, a in enumerate(args)), **kwargs))
        if out.size is None:
            raise ValueError(f"{function}: the result of f has shape {out.shape}, expected known sizes")
        xp = out.__array_namespace__()

        def row(seed: Tensor) -> Tensor:
            found = backward([out], [xp.reshape(seed, out.shape)], [x])[0]
            return xp.zeros_like(x) if found is None else found

        if out.size == 0:
            return xp.zeros((*out.shape, *x.sizes), dtype=x.dtype)
        rows = map_fn(row, xp.eye(out.size, dtype=out.dtype))
        return xp.reshape(rows, (*out.shape, *x.sizes))

    traced = Traced(function, f, build)

    @functools.wraps(f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        if not -len(args) <= argnums < len(args):
            raise ValueError(f"{function}: argnums is {argnums!r}, but the call has {len(args)} positional arguments")
        return traced([_marked(a) if i == argnums % len(args) else a for i, a in enumerate(args)], kwargs)

    evaluate.clear_cache = traced.clear  # type: ignore[attr-defined]
    return evaluate


@operation
def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of a scalar function by each pair of elements of an argument.

    Parameters
    ----------
    f : callable
        It returns a scalar.
    argnums : int, optional
        The position of the argument; a negative number counts from the last one.

    Returns
    -------
    callable
        It takes f's arguments and returns an array: the argument's shape twice, the argument's dtype. Edge values and
        ``clear_cache()`` are as in `jacobian`.

    Raises
    ------
    TypeError
        As in `jacobian`, and when f does not return a scalar.
    ValueError
        As in `jacobian`.

    Notes
    -----
    Tracing and nesting are as in `grad`.

    References
    ----------
    Griewank, Walther, "Evaluating derivatives", 2008; reverse accumulation, applied twice.

    Examples
    --------
    >>> K.hessian(lambda x: x[0] ** 2 * x[1])(np.asarray([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return _jacobian("hessian", gradient_of("hessian", f, argnums), argnums)


@functools.lru_cache(maxsize=64)
def _kept(kind: str, f: Same) -> Traced:
    """The traced function of a kind for f, which is held."""
    builds = {"jvp": _jvp, "vjp": _vjp, "hvp": _hvp, "value": _value}
    return Traced(kind, f.held, functools.partial(builds[kind], f.held))


def _jvp(f: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    primals = _restored("jvp", args[0])
    xs, shape = flatten(primals)
    out = f(*primals)
    outs, structure = _results("jvp", out)
    seeds = [t.__array_namespace__().zeros_like(t) for t in outs]  # the products are linear in them
    found = backward(outs, seeds, xs)
    pairs = [(g, v) for g, v in zip(found, _like("jvp", xs, shape, args[1]), strict=True) if g is not None]
    pushed = backward([g for g, _ in pairs], [v for _, v in pairs], seeds)
    return out, restore(structure, _filled(pushed, outs))


def _vjp(f: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    primals = _restored("vjp", args[0])
    xs, shape = flatten(primals)
    outs, structure = _results("vjp", f(*primals))
    return restore(shape, _filled(backward(outs, _like("vjp", outs, structure, args[1]), xs), xs))


def _value(f: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    outs, structure = _results("vjp", f(*_restored("vjp", args[0])))
    return restore(structure, outs)


def _hvp(f: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = _restored("hvp", args[0])
    xs, shape = flatten(x)
    loss = _result("hvp", f(x))
    if loss.shape != ():
        raise TypeError(f"hvp: f gives shape {loss.shape}; expected a scalar")
    slopes = [
        (g, v) for g, v in zip(gradients(loss, xs), _like("hvp", xs, shape, args[1]), strict=True) if g is not None
    ]
    return restore(shape, _filled(backward([g for g, _ in slopes], [v for _, v in slopes], xs), xs))


def _marked(nest: Any) -> Any:
    """A nest whose Python numbers are inputs of dtype floatx."""
    values, shape = flatten(nest)
    return restore(shape, [Differentiated(v) if type(v) in (int, float) else v for v in values])


def _tensors(function: str, nest: Any) -> list[Tensor]:
    """The floating tensors of a nest, as ones that nothing else reads."""
    made = []
    for v in flatten(nest)[0]:
        t = tensor(v) if isinstance(v, (Tensor, Differentiated)) else v
        if not isinstance(t, Tensor) or not is_float(t.dtype):
            raise TypeError(f"{function}: cannot differentiate with respect to {shown(v)}; expected a floating array")
        made.append(record("identity", (t,), {}, t.spec))
    return made


def _restored(function: str, nest: Any) -> Any:
    return restore(flatten(nest)[1], _tensors(function, nest))


def _result(function: str, out: Any) -> Tensor:
    if not isinstance(out, Tensor) or not is_float(out.dtype):
        got = f"dtype {out.dtype}" if isinstance(out, Tensor) else type(out).__name__
        raise TypeError(f"{function}: f gives {got}; expected floating arrays made of its arguments")
    return out


def _results(function: str, out: Any) -> tuple[list[Tensor], Any]:
    found, structure = flatten(out)
    return [_result(function, t) for t in found], structure


_VECTORS = {"jvp": "tangents", "vjp": "the vector", "hvp": "v"}  # what a Jacobian or Hessian is multiplied by


def _like(function: str, tensors: list[Tensor], structure: Any, nest: Any) -> list[Tensor]:
    """The vector of a product, which must have a part of the right shape for each tensor of a nest."""
    if flatten(nest)[1] != structure:
        raise ValueError(f"{function}: {_VECTORS[function]} is another nest than what it multiplies")
    given = _tensors(function, nest)
    shapes, wanted = [v.shape for v in given], [t.shape for t in tensors]
    if shapes != wanted:
        raise ValueError(f"{function}: {_VECTORS[function]} has the shapes {shapes}, expected {wanted}")
    return [cast(v, t.dtype) for v, t in zip(given, tensors, strict=True)]


def _filled(found: list[Tensor | None], like: list[Tensor]) -> list[Tensor]:
    """Zeros in place of each None."""
    return [t.__array_namespace__().zeros_like(t) if g is None else g for g, t in zip(found, like, strict=True)]
