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
from .grad import grad
from .tracing import Differentiated, Traced

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vjp"]


@operation
def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The pair of f(*primals) and its derivative in the direction `tangents`: the Jacobian times that vector.

    f takes floating arrays and nests of them, and returns a floating array or a nest of them.
    Shapes and dtypes: tangents are nests like the primals, of the same shapes, and are cast to their dtypes; the
    derivative is a nest like the result. Edge values: zero where the result does not depend on the primals.
    Tracing and nesting: as `grad`, for as long as f is the same object.
    Errors: ValueError when primals and tangents differ in their nests or shapes; TypeError for what is not floating.

    Source: this library; reverse accumulation twice.
    """
    return _kept("jvp", Same(f))([_marked(tuple(primals)), _marked(tuple(tangents))], {})


@operation
def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The pair of f(*primals) and a function that multiplies a vector by the Jacobian from the left.

    f takes floating arrays and nests of them, and returns a floating array or a nest of them. The function given takes
    a nest like the result and gives a tuple with a nest like each primal; it evaluates f anew at each call.
    Shapes and dtypes: those of the result, then those of the primals. Edge values: zero where the result does not
    depend on a primal.
    Tracing and nesting: as `grad`, for as long as f is the same object.
    Errors: ValueError when the vector differs from the result in its nest or shapes; TypeError for what is not
    floating.

    Source: this library; reverse accumulation.
    """
    marked = _marked(primals)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        found: tuple[Any, ...] = _kept("vjp", Same(f))([marked, _marked(cotangents)], {})
        return found

    return _kept("value", Same(f))([marked], {}), pull


@operation
def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The Hessian of a scalar function f at x, an array or a nest of them, times v, without the Hessian itself.

    Shapes and dtypes: those of x; v is a nest like x and is cast to its dtypes. Edge values: zero where the gradient
    does not depend on x.
    Tracing and nesting: as `grad`, for as long as f is the same object.
    Errors: ValueError when x and v differ in their nests or shapes; TypeError for what is not floating and when f does
    not return a scalar.

    Source: this library; reverse accumulation twice.
    """
    for name, nest in (("x", x), ("v", v)):
        if not all(is_array_like(leaf) and leaf is not None for leaf in flatten(nest)[0]):
            raise TypeError(f"hvp: {name} is {shown(nest)}, expected a floating array or a nest of them")
    return _kept("hvp", Same(f))([_marked(x), _marked(v)], {})


@operation
def jacobian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the derivative of each element of f's result by each element of argument `argnums`.

    f returns one floating array. The backward pass is recorded once and runs in a loop over the result's elements.
    Shapes and dtypes: the shape of f's result, then that of the argument; the argument's dtype. Edge values: zero where
    the result does not depend on the argument; no elements where either has none.
    Tracing and nesting: as `grad`, with `clear_cache()`.
    Errors: TypeError when the argument or the result is no floating array; ValueError for an argument that is not there
    and for a symbolic result of unknown shape.

    Source: this library; reverse accumulation.
    """

    def build(args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        x = _tensors("jacobian", args[argnums])[0]
        out = _result("jacobian", f(*(x if i == argnums % len(args) else a for i, a in enumerate(args)), **kwargs))
        if out.size is None:
            raise ValueError(f"jacobian: the result has shape {out.shape}; every size must be known")
        xp = out.__array_namespace__()

        def row(seed: Tensor) -> Tensor:
            found = backward([out], [xp.reshape(seed, out.shape)], [x])[0]
            return xp.zeros_like(x) if found is None else found

        if out.size == 0:
            return xp.zeros((*out.shape, *x.sizes), dtype=x.dtype)
        rows = map_fn(row, xp.eye(out.size, dtype=out.dtype))
        return xp.reshape(rows, (*out.shape, *x.sizes))

    traced = Traced("jacobian", f, build)

    @functools.wraps(f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        if not -len(args) <= argnums < len(args):
            raise ValueError(f"jacobian: argnums is {argnums!r} for {len(args)} positional arguments")
        return traced([_marked(a) if i == argnums % len(args) else a for i, a in enumerate(args)], kwargs)

    evaluate.clear_cache = traced.clear  # type: ignore[attr-defined]
    return evaluate


@operation
def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of a scalar function f by each pair of elements of an argument.

    Shapes and dtypes: the argument's shape twice, its dtype. Edge values, tracing, nesting, errors: as `jacobian`, and
    TypeError when f does not return a scalar.

    Source: this library; reverse accumulation twice.
    """
    return jacobian(grad(f, argnums), argnums)


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
            raise TypeError(f"{function}: cannot differentiate with respect to {v!r}; expected a floating array")
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


def _like(function: str, tensors: list[Tensor], structure: Any, nest: Any) -> list[Tensor]:
    """The vector of a product, which must have a part of the right shape for each tensor of a nest."""
    if flatten(nest)[1] != structure:
        raise ValueError(f"{function}: the vector is another nest than what it multiplies")
    given = _tensors(function, nest)
    shapes, wanted = [v.shape for v in given], [t.shape for t in tensors]
    if shapes != wanted:
        raise ValueError(f"{function}: the vector has the shapes {shapes}, expected {wanted}")
    return [cast(v, t.dtype) for v, t in zip(given, tensors, strict=True)]


def _filled(found: list[Tensor | None], like: list[Tensor]) -> list[Tensor]:
    """Zeros in place of each None."""
    return [t.__array_namespace__().zeros_like(t) if g is None else g for g, t in zip(found, like, strict=True)]
