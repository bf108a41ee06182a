"""Gradients of functions of plain arrays, on any namespace: traced once per signature, then straight-line code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import config
from ..arrays.arguments import integer, integers, shown
from ..arrays.dtypes import is_float
from ..arrays.namespaces import is_array
from ..autodiff.backward import gradients
from ..control.nests import flatten, restore
from ..dispatch.operation import operation
from ..graph.recording import tensor
from ..graph.tensor import Tensor, record
from ..graph.traversal import bodies_within, toposort
from .tracing import Differentiated, Traced

__all__ = ["grad", "value_and_grad"]


@operation
def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of f with respect to its positional arguments `argnums`.

    Parameters
    ----------
    f : callable
        It takes arrays, numbers, and nests of them in tuples, lists and dictionaries, and returns a scalar. It may use
        the operations of K, and functions of the array's own ``__array_namespace__()``.
    argnums : int or tuple of int, optional
        The positions of the arguments; a negative number counts from the last one.
    has_aux : bool, optional
        Whether f returns a pair of the scalar and a nest of anything. The result then is the pair (gradient, nest).

    Returns
    -------
    callable
        It takes f's arguments and returns the gradient, in the nests, shapes and dtypes of the arguments, on their
        library and device; a tuple of them for a tuple `argnums`. Its method ``clear_cache()`` forgets the traces.

    Raises
    ------
    TypeError
        When f does not return a scalar made of its arguments, or an argument is not floating.
    ValueError
        For `argnums` that are not there.

    Notes
    -----
    Numbers: Python numbers to differentiate by are arrays of dtype floatx on the active backend.

    Tracing: f runs once for each combination of shapes, dtypes and constants. The last 64 programs are kept. Floats
    and complex numbers are inputs, of the dtype that the floating arrays share, unless f needs their values; all other
    arguments are constants.

    Captured values are constants, too: the closure, the globals that f and functions of its module name, and objects'
    attributes are compared at each call, and f is traced again if one changed. Captured NumPy arrays are hashed for
    this at each call (about 1 ms for 1 MB: pass large arrays as arguments). PyTorch's are compared by their version
    counter, which writes through ``.data`` or shared memory do not advance. CHANGES OF ANOTHER MODULE'S GLOBALS ARE
    NOT NOTICED: call ``clear_cache()``. A function that captures what hides its state, such as a random generator or
    an iterator, is traced at every call.

    Nesting: f may call gradients, and the result may be called within f, in ``jax.jit``, ``jax.vmap`` and
    ``torch.func``. On symbolic tensors and variables the gradient is recorded in their graph.

    References
    ----------
    Griewank, Walther, "Evaluating derivatives", 2008; reverse accumulation. Arguments as in ``jax.grad``.

    Examples
    --------
    >>> loss = lambda w, x: K.sum(K.square(K.dot(x, w)))
    >>> w, x = np.asarray([1.0, 2.0]), np.asarray([[1.0, 0.0], [3.0, 1.0]])
    >>> K.grad(loss)(w, x)
    array([32., 10.])
    >>> K.grad(lambda p: K.sum(p["a"] * p["b"]))({"a": w, "b": w + 1.0})
    {'a': array([2., 3.]), 'b': array([1., 2.])}
    """
    return gradient_of("grad", f, argnums, has_aux)


@operation
def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives f's value together with its gradient.

    Parameters
    ----------
    f : callable
    argnums : int or tuple of int, optional
    has_aux : bool, optional
        As in `grad`.

    Returns
    -------
    callable
        It takes f's arguments and returns the pair (value, gradient); with `has_aux` ((value, nest), gradient). Its
        method ``clear_cache()`` forgets the traces.

    Raises
    ------
    TypeError, ValueError
        As in `grad`.

    Notes
    -----
    Tracing and nesting are as in `grad`.

    References
    ----------
    Griewank, Walther, "Evaluating derivatives", 2008; reverse accumulation. Arguments as in ``jax.value_and_grad``.

    Examples
    --------
    >>> K.value_and_grad(lambda x: K.sum(K.exp(x)))(np.asarray([0.0, 0.0]))
    (np.float64(2.0), array([1., 1.]))
    """
    argnums = checked_argnums("value_and_grad", argnums)
    traced = _traced("value_and_grad", f, argnums, has_aux, with_value=True)

    @functools.wraps(f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        found = None if kwargs else traced.again(args)
        return found if found is not None else _called(traced, argnums, args, kwargs)

    evaluate.clear_cache = traced.clear  # type: ignore[attr-defined]
    return evaluate


def gradient_of(function: str, f: Callable[..., Any], argnums: Any, has_aux: bool = False) -> Callable[..., Any]:
    """`grad`, for the function that errors name."""
    argnums = checked_argnums(function, argnums)
    traced = _traced(function, f, argnums, has_aux, with_value=False)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        both = None if kwargs else traced.again(args)
        value, found = both if both is not None else _called(traced, argnums, args, kwargs)
        return (found, value[1]) if has_aux else found

    gradient.clear_cache = traced.clear  # type: ignore[attr-defined]
    return gradient


def _called(traced: Traced, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The value and gradient, of arguments whose numbers to differentiate by are marked."""
    wanted = _positions(traced.name, argnums, len(args))
    return traced([_marked(a) if i in wanted else a for i, a in enumerate(args)], kwargs)


def checked_argnums(function: str, argnums: Any) -> Any:
    """The numbers of arguments as an int, or a tuple of at least one; TypeError and ValueError at once."""
    if isinstance(argnums, (tuple, list)):
        if not argnums:
            raise ValueError(f"{function}: argnums is {argnums!r}, expected at least one number")
        return integers(function, "argnums", argnums)
    return integer(function, "argnums", argnums)


def _positions(function: str, argnums: Any, count: int) -> list[int]:
    """The positions of the arguments to differentiate by, from 0."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    if any(not -count <= i < count for i in numbers):
        raise ValueError(f"{function}: argnums is {argnums!r}, but the call has {count} positional arguments")
    return [i % count for i in numbers]


def _marked(argument: Any) -> Any:
    values, shape = flatten(argument)
    numbers = (int, float)
    return restore(shape, [Differentiated(v) if isinstance(v, numbers) and not _is_other(v) else v for v in values])


def _is_other(value: Any) -> bool:
    """Whether a Python number is an array (NumPy's float64 is a float) or a truth value."""
    return is_array(value) or isinstance(value, bool)


def _traced(function: str, f: Callable[..., Any], argnums: Any, has_aux: bool, with_value: bool) -> Traced:
    """f with its gradient. Without its value, None is in the value's place, so that nothing computes it."""

    def build(args: list[Any], kwargs: dict[str, Any]) -> Any:
        wanted = _positions(function, argnums, len(args))
        args = [_own(function, i, a) if i in wanted else a for i, a in enumerate(args)]
        found = f(*args, **kwargs)
        if has_aux and not (isinstance(found, tuple) and len(found) == 2):
            got = type(found).__name__
            raise TypeError(f"{function}: {_name(f)} gives {got}; has_aux expects a pair (scalar, anything)")
        loss = found[0] if has_aux else found
        if not isinstance(loss, Tensor) or loss.shape != ():
            got = f"shape {loss.shape}" if isinstance(loss, Tensor) else type(loss).__name__
            raise TypeError(f"{function}: {_name(f)} gives {got}; expected a scalar made of its arguments")
        targets, structure = flatten([args[i] for i in wanted])
        xp = loss.__array_namespace__()
        slopes = [xp.zeros_like(t) if g is None else g for g, t in zip(gradients(loss, targets), targets, strict=True)]
        nests = restore(structure, slopes)
        if not with_value and not _acts(loss):
            found = (None, found[1]) if has_aux else None
        return found, tuple(nests) if isinstance(argnums, tuple) else nests[0]

    return Traced(function, f, build)


def _acts(t: Tensor) -> bool:
    """Whether evaluating t does more than compute it: updates a variable, or prints."""
    order = toposort([t])
    within = [n for _, body in bodies_within(order) for n in toposort(body.outputs)]
    nodes = [n.node for n in (*order, *within) if n.node is not None]
    return any(node.effects or not node.primitive.pure for node in nodes)


def _name(f: Any) -> str:
    return getattr(f, "__name__", "f")


def _own(function: str, position: int, argument: Any) -> Any:
    """The argument as tensors that nothing else reads: f may capture the very tensors it is called with."""
    values, shape = flatten(argument)
    verb = "holds" if isinstance(argument, (tuple, list, dict)) else "is"
    made = []
    for v in values:
        t = tensor(float(v), config.floatx()) if isinstance(v, Differentiated) else v
        if not isinstance(t, Tensor) or not is_float(t.dtype):
            raise TypeError(f"{function}: argument {position} {verb} {shown(v)}, expected a floating array")
        made.append(record("identity", (t,), {}, t.spec))
    return restore(shape, made)
