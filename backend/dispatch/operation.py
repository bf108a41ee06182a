"""What every public operation has around it: plain Python arguments going in, and errors that name the operation.

A call whose arguments are arrays alone is passed on as it is. An error is explained when it is raised: which argument,
what came, what was expected. Its class is the same on every library, since what a library refuses is recorded again on
symbolic tensors of the same shapes, whose rules are ours.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

import numpy as np

from ..arrays.arguments import shown
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import describe, has_rank, is_array, is_concrete, namespace_of
from ..arrays.quiet import ERRORS, IGNORED
from ..arrays.typing import Array
from ..graph.primitives import PRIMITIVES
from ..graph.tensor import Placeholder, Tensor
from .foreign_graphs import LIBRARY, add_to_graph, holds_variables, loaded
from .parameters import ARRAYS, check_of, is_array_like

__all__ = ["operation"]

Function = TypeVar("Function", bound=Callable[..., Any])
Given = ParamSpec("Given")
Others = ParamSpec("Others")
_WITHOUT_VALUES = re.compile(" has no values yet| is symbolic and ")  # errors that only symbolic tensors give
_KEPT = (ValueError, TypeError, IndexError, NotImplementedError, OverflowError)
PURE = "ops"  # the room of functions that do nothing but compute
COMPUTING = (".ops.", ".control.", ".api.random", ".api.learning_phase")  # whose functions give arrays of arrays
HOST = frozenset([np.ndarray, *(np.dtype(c).type for c in "?bBhHiIlLqQefdFD")])  # whose functions NumPy would warn of
_NEVER = (MemoryError, RecursionError, ImportError, OSError, Warning)
_OURS = re.compile(r"[\w.]+: ")  # how messages of ours begin: with the name of a function
_names: set[str] = set()  # of all operations


class _Unknown:
    """To a type checker: the class of no argument, which Any alone fits."""


class ArrayOperation(Protocol[Given]):
    """To a type checker: an operation whose result is an array. Of a symbolic tensor it is a `Tensor`; else `Any`.

    Any, since an array of the caller's library comes back, whose class and dtype depend on all that was given. The
    first argument may also be a number or a list, whatever its annotation.
    """

    # first for pyright, to which the first overload that an argument of type Any fits counts
    @overload
    def __call__(
        self: ArrayOperation[Concatenate[Any, Others]], x: _Unknown, /, *args: Others.args, **kwargs: Others.kwargs
    ) -> Any: ...
    @overload
    def __call__(
        self: ArrayOperation[Concatenate[Any, Others]], x: Tensor, /, *args: Others.args, **kwargs: Others.kwargs
    ) -> Tensor: ...
    @overload
    def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> Any: ...
    @overload
    def __call__(
        self: ArrayOperation[Concatenate[Array, Others]],
        x: complex | Sequence[Any],
        /,
        *args: Others.args,
        **kwargs: Others.kwargs,
    ) -> Any: ...


@overload
def operation(function: Callable[Given, Array]) -> ArrayOperation[Given]: ...
@overload
def operation(function: Callable[Given, list[Array]]) -> Callable[Given, list[Any]]: ...
@overload
def operation(function: Callable[Given, tuple[Array, Array]]) -> Callable[Given, tuple[Any, Any]]: ...
@overload
def operation(function: Callable[Given, tuple[Array, Array, Array]]) -> Callable[Given, tuple[Any, Any, Any]]: ...
@overload
def operation(
    function: Callable[Given, tuple[Array, Array, list[Array]]],
) -> Callable[Given, tuple[Any, Any, list[Any]]]: ...
@overload
def operation(
    function: Callable[Given, tuple[list[Array], Array]],
) -> Callable[Given, tuple[list[Any], Any]]: ...
@overload
def operation(function: Function) -> Function: ...
def operation(function: Callable[..., Any]) -> Any:
    """Make a function a public operation: its arguments are checked by its annotations, its errors explained."""
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    names = (*positional, *code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount])
    checks = _checks(function, names)
    places = [(place, name, checks[name]) for place, name in enumerate(positional) if name in checks]
    plain = places[0][0] if places else 1000  # as many arguments need no check
    own = function.__name__
    _names.add(own)
    ignore, restore = ERRORS.set, ERRORS.reset
    computes = _computes(function)
    silent = "Callable" not in str(function.__annotations__)  # a function of the user's keeps its own warnings

    @functools.wraps(function)
    def operation(*args: Any, **kwargs: Any) -> Any:
        try:
            if LIBRARY in loaded and computes and holds_variables((args, kwargs)):
                return add_to_graph(operation, args, kwargs)
            given: Any = args
            if kwargs:
                kwargs.update({name: checks[name](own, name, kwargs[name]) for name in kwargs.keys() & checks.keys()})
            if len(args) > plain:
                given = list(args)
                for place, name, check in places:
                    if place >= len(given):
                        break
                    given[place] = check(own, name, given[place])
            if not silent or type(args[0] if args else next(iter(kwargs.values()), None)) not in HOST:
                return function(*given, **kwargs)
            token = ignore(IGNORED)
            try:
                return function(*given, **kwargs)
            finally:
                restore(token)
        except Exception as error:
            better = _explained(function, args, kwargs, error)
            if better is error:
                raise
            raise better from (None if _is_ours(error) else error)

    # By this mark tf.function calls it as it is; AutoGraph would rewrite the checks above, and everything they call.
    operation.autograph_info__ = {}  # type: ignore[attr-defined]
    return operation


def _checks(function: Callable[..., Any], names: Sequence[str]) -> dict[str, Any]:
    """The checks of those parameters that have one, by the annotations."""
    found = {name: check_of(function.__annotations__.get(name, "Any")) for name in names}
    return {name: check for name, check in found.items() if check}


def _computes(function: Callable[..., Any]) -> bool:
    """Whether a function gives arrays of arrays, and nothing else."""
    return any(room in function.__module__ for room in COMPUTING)


# ---- errors: everything below runs when one is raised ------------------------------------------------------------


def _is_ours(error: BaseException) -> bool:
    """Whether a message begins with the name of a function, as those of this library do."""
    return isinstance(error, _KEPT) and bool(_OURS.match(str(error)))


def _explained(function: Callable[..., Any], args: Any, kwargs: Any, error: Exception) -> Exception:
    """The error itself, or one that says which operation and which argument."""
    name = function.__name__
    if isinstance(error, _NEVER) or type(error).__module__.partition(".")[0] in ("jax", "jaxlib", "torch"):
        return error  # with a meaning of its own: out of memory, no such file, a value of a tracer
    of_an_argument = isinstance(error, TypeError) and _is_ours(error)
    if not of_an_argument and not all(map(has_rank, _arrays([*args, *kwargs.values()]))):
        return ValueError(f"{name}: got a tensor of unknown rank, expected one whose number of axes is known")
    if str(error).startswith(f"{name}: ") and isinstance(error, _KEPT):
        return error
    signature = inspect.signature(function)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError:
        return error  # Python's own message names the function
    wrong = _wrong_argument(function, given)
    if wrong is not None:
        return TypeError(f"{name}: {wrong}")
    if any(map(callable, given.values())) and _passed_outside(error):
        return error  # of a function of the user's
    if not _is_ours(error):
        again = _recorded(function, args, kwargs, error)
        if again is not error or _traced(list(given.values())):
            return again
    own = {p: v for p, v in given.items() if v is not signature.parameters[p].default}
    return _named(name, own or given, error)


def _named(name: str, given: dict[str, Any], error: Exception) -> Exception:
    """The same error with the operation's name before it, and with all arguments where it names none of them."""
    ours = _is_ours(error)
    if ours or isinstance(error, NotImplementedError):
        kind = type(error)
    else:
        kind = TypeError if isinstance(error, (TypeError, AttributeError)) else ValueError
    message = str(error) if isinstance(error, _KEPT) else f"{type(error).__name__}: {error}"
    inner, _, rest = message.partition(": ")
    if inner in _names or inner in PRIMITIVES:  # an operation or function of the standard that it calls
        message = rest
    for parameter, value in given.items():  # the depth says what came, and here it is known in which argument
        if message.startswith(came := f"got {shown(value)}, "):
            message = f"{parameter} is {came.removeprefix('got ')}{message.removeprefix(came)}"
            break
    if not any(re.search(rf"\b{re.escape(parameter)}\b", message) for parameter in given):
        message = f"{message} ({', '.join(f'{p} is {shown(v)}' for p, v in given.items())})"
    return kind(f"{name}: {message}")


def _wrong_argument(function: Callable[..., Any], given: dict[str, Any]) -> str | None:
    """What is wrong with an argument that has to be an array: it is none, or of another library than one before it."""
    for parameter, value in given.items():
        wanted, optional, _ = function.__annotations__.get(parameter, "Any").partition(" | None")
        if wanted in ARRAYS and not (optional and value is None) and not is_array_like(value):
            return f"{parameter} is {shown(value)}, expected an array, a number, or a list of them"
        strange = next((x for x in _arrays([value]) if not _has_numbers(x)), None)
        if strange is not None:
            return f"{parameter} is {shown(strange)}, expected one of numbers"
    libraries = _libraries(given)
    return None if libraries is None else f"{libraries}; convert one of them first"


def _has_numbers(x: Any) -> bool:
    """Whether the dtype of an array is one that K knows; libraries have others, of text and of 8 bits."""
    try:
        return bool(dtype_name(x.dtype))
    except TypeError:
        return False


def _arrays(values: Any) -> list[Any]:
    """The arrays in nested arguments."""
    return [
        x
        for value in values
        for x in (_arrays(value) if isinstance(value, (list, tuple)) else [value] if is_array(value) else [])
    ]


def _passed_outside(error: Exception) -> bool:
    """Whether an error came through code outside this package: a function that was given to the operation."""
    trace, here = error.__traceback__, __name__.partition(".")[0]
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] != here:
            return True
        trace = trace.tb_next
    return False


def _traced(values: list[Any]) -> bool:
    """Whether an array is a tracer, whose library raises errors that steer its tracing."""
    return not all(isinstance(x, Tensor) or is_concrete(x) for x in _arrays(values))


def _libraries(given: dict[str, Any]) -> str | None:
    """The first two arguments with arrays of two libraries; None where there are no such."""
    first: tuple[str, str] | None = None
    for parameter, value in given.items():
        for x in _arrays([value]):
            if isinstance(x, (Tensor, np.generic)):
                continue
            library = describe(namespace_of(x))
            if first is not None and library != first[1]:
                return f"{first[0]} and {parameter} are arrays of two libraries, {first[1]} and {library}"
            first = first or (parameter, library)
    return None


def _recorded(function: Callable[..., Any], args: Any, kwargs: Any, error: Exception) -> Exception:
    """The error that the call raises on symbolic tensors of the same shapes; the error itself where it raises none."""

    def symbolic(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(map(symbolic, value)) if type(value) in (list, tuple) else value
        if not is_array(value) or isinstance(value, (Tensor, np.generic)):
            return value
        return Placeholder(tuple(value.shape), dtype_name(value.dtype))

    native = [x for x in _arrays([*args, *kwargs.values()]) if not isinstance(x, (Tensor, np.generic))]
    if not native or f".{PURE}." not in function.__module__:
        return error
    try:
        operation(function)(*map(symbolic, args), **{name: symbolic(value) for name, value in kwargs.items()})
    except _KEPT as found:
        return error if _WITHOUT_VALUES.search(str(found)) else found
    except Exception:  # noqa: BLE001 - the error that came first is the one to report
        return error
    return error
