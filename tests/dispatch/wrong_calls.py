"""Wrong calls made from signatures: each argument of a right call replaced by what its annotation does not allow."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.graph.tensor import Tensor
from conformance import case as cases
from conformance.case import A, Call, replaced

OBJECT = object()
TYPES: dict[str, list[Any]] = {  # by annotation: values of a wrong type
    "Array": ["text", OBJECT, {}, {1.0}, np.array(["a"]), np.array([None]), [1.0, "a"], len],
    "Axes": ["a", 1.5, OBJECT, [0.5], {0}],
    "PerAxis": ["a", 1.5, OBJECT, [0.5], {0}, None],
    "Pairs": ["a", 1.5, OBJECT, [[0.5, 1]], None],
    "Size": ["a", 1.5, OBJECT, [1], None],
    "Sizes": ["a", 1.5, OBJECT, [1.5], {1}],
    "int": ["a", 1.5, OBJECT, [1], True],
    "float": ["a", OBJECT, 1j, [1.0, 2.0], np.ones(3)],
    "bool": ["no", OBJECT, 2, [True]],
    "str": [3, OBJECT, b"same", ["same"]],
    "DTypeLike": ["float99", 3, OBJECT, []],
    "Callable[..., Any]": [3, "f", None],
}
VALUES: dict[str, list[Any]] = {  # of the right type, and out of range
    "Axes": [99, -99],
    "PerAxis": [0, -1, (1, 1, 1, 1, 1, 1)],
    "Pairs": [-1, ((1, 1, 1),)],
    "Size": [-9],
    "str": ["no such"],
}
ALIASES = {"Axis": "Axes", "ArrayLike": "Array"}
FREE_TEXT = {"name", "message"}
ANY_SIZE = {("top_k", "k")}


class Wrong(NamedTuple):
    """One wrong call: the argument that is wrong, and whether by its type."""

    operation: str
    parameter: str
    value: Any
    by_type: bool
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.operation}({self.parameter}={self.value!r})"


def _drawn(part: Any) -> Any:
    """A small array for a description of one."""
    if not isinstance(part, A):
        return part.astype("float32") if part.dtype.kind == "f" else part
    shape = tuple(3 if isinstance(d, str) else d for d in part.dims)
    low, high = max(part.low, 0), max(part.high, 1)
    numbers = low + (high - low) * np.linspace(0.2, 0.8, int(np.prod(shape))).reshape(shape)
    if part.dtype == "float" and len(shape) > 1 and shape[-1] == shape[-2]:
        numbers = numbers + high * np.eye(shape[-1])  # evenly spaced numbers are a singular matrix
    dtype = {"float": "float32", "int": "int32", "bool": "bool"}.get(part.dtype, part.dtype)
    return np.floor(numbers).astype(dtype) if np.dtype(dtype).kind in "iu" else numbers.astype(dtype)


def right_calls(of: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The arguments of one right call of each operation that has a conformance case, by name; or of one operation."""
    for name, one in sorted(cases.discovered().items()):
        function = getattr(K, name, None)
        if function is None or not one.calls or of not in ("", name):
            continue
        for given in one.calls[:1]:
            filled: Call = replaced(given, _drawn)
            bound = inspect.signature(function).bind(*filled.args, **filled.kwargs)
            if any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(function).parameters.values()):
                continue
            yield name, dict(bound.arguments)


def api_calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """The arguments of one right call of functions that have no conformance case."""
    x, v, one = K.placeholder((2, 3)), K.variable(np.ones((2, 3))), np.ones((2, 3))
    add = lambda a, b: a + b  # noqa: E731
    calls: dict[str, dict[str, Any]] = {
        "placeholder": {"shape": (2, 3), "ndim": None, "dtype": None, "sparse": False, "name": None},
        "constant": {"value": one, "dtype": None, "shape": None, "name": None},
        "variable": {"value": one, "dtype": None, "name": None},
        "zeros": {"shape": (2, 3), "dtype": None, "name": None},
        "ones": {"shape": (2, 3), "dtype": None, "name": None},
        "eye": {"size": 3, "dtype": None, "name": None},
        "identity": {"x": x, "name": None},
        "cast_to_floatx": {"x": one},
        "random_uniform_variable": {"shape": (2, 3), "low": 0.0, "high": 1.0, "dtype": None, "name": None},
        "random_normal_variable": {"shape": (2, 3), "mean": 0.0, "scale": 1.0, "dtype": None, "name": None},
        "set_value": {"x": v, "value": one},
        "update": {"x": v, "new_x": one},
        "update_add": {"x": v, "increment": one},
        "update_sub": {"x": v, "decrement": one},
        "moving_average_update": {"x": v, "value": one, "momentum": 0.9},
        "function": {"inputs": [x], "outputs": [x * 2.0], "updates": None, "name": "f", "jit": False},
        "gradients": {"loss": K.sum(x * x), "variables": [x]},
        "count_params": {"x": v},
        "int_shape": {"x": x},
        "ndim": {"x": x},
        "dtype": {"x": x},
        "shape": {"x": x},
        "size": {"x": x},
        "map_fn": {"fn": lambda a: a * 2.0, "elems": x, "name": None},
        "foldl": {"fn": add, "elems": x, "initializer": None, "name": None},
        "foldr": {"fn": add, "elems": x, "initializer": None, "name": None},
        "scan": {"step": lambda c, a: (c + a, c), "initial": K.zeros((3,)), "sequences": x, "reverse": False},
        "while_loop": {"condition": lambda a: a < 3.0, "body": lambda a: a + 1.0, "loop_vars": [K.constant(0.0)]},
        "cond": {"condition": K.constant(1.0), "then": lambda: x, "otherwise": lambda: x},
        "grad": {"f": K.sum, "argnums": 0, "has_aux": False},
        "value_and_grad": {"f": K.sum, "argnums": 0, "has_aux": False},
        "jacobian": {"f": K.exp, "argnums": 0},
        "hessian": {"f": K.sum, "argnums": 0},
        "set_epsilon": {"e": 1e-7},
        "set_floatx": {"floatx": "float32"},
        "set_image_data_format": {"data_format": "channels_last"},
        "set_learning_phase": {"value": 0},
        "set_kernels": {"enabled": True},
        "set_blocking": {"enabled": True},
        "set_jit": {"mode": None, "cache": None},
        "get_uid": {"prefix": "a"},
        "set_backend": {"spec": "numpy"},
        "get_backend": {"spec": "numpy"},
        "register_backend": {"name": "mine", "backend": K.get_backend("numpy").xp, "activate": False},
    }
    yield from calls.items()


# What these take, where their annotation is Any or of a class: values of a wrong type.
OF_API: dict[tuple[str, str], list[Any]] = {
    **{(f, "x"): [3, "a", None, OBJECT, np.ones(2)] for f in ("set_value", "update", "update_add", "update_sub")},
    ("moving_average_update", "x"): [3, None, np.ones(2)],
    ("moving_average_update", "momentum"): ["a", None, OBJECT],
    ("placeholder", "shape"): ["a", 1.5, OBJECT, (2, "a"), (-1,), {2}],
    ("set_value", "value"): ["a", None, OBJECT, np.ones(5)],
    ("update", "new_x"): ["a", None, OBJECT, np.ones(5)],
    ("update_add", "increment"): ["a", None, OBJECT, np.ones(5)],
    ("update_sub", "decrement"): ["a", None, OBJECT, np.ones(5)],
    ("constant", "value"): ["a", None, OBJECT, [1, "a"]],
    ("variable", "value"): ["a", None, OBJECT, [1, "a"]],
    ("identity", "x"): ["a", None, OBJECT],
    ("cast_to_floatx", "x"): ["a", None, OBJECT],
    ("function", "inputs"): [3, "a", OBJECT, ["a"], [None], [np.ones(2)]],
    ("function", "outputs"): [OBJECT, ["a"], [None]],
    ("function", "updates"): [3, "a", OBJECT, [1], [(1, 2)], [("a", np.ones(2))]],
    ("gradients", "loss"): [3, "a", None, np.ones(2)],
    ("gradients", "variables"): [3, "a", [3], ["a"], [None], [np.ones(2)]],
    ("int_shape", "x"): [OBJECT],
    ("ndim", "x"): [OBJECT],
    ("dtype", "x"): [OBJECT, "a"],
    ("shape", "x"): [OBJECT],
    ("size", "x"): [OBJECT],
    ("count_params", "x"): [OBJECT, None],
    ("map_fn", "elems"): [None, OBJECT, "a", 3.0],
    ("foldl", "elems"): [None, OBJECT, "a", 3.0],
    ("foldr", "elems"): [None, OBJECT, "a", 3.0],
    ("scan", "initial"): [OBJECT, "a"],
    ("scan", "sequences"): [OBJECT, "a", 3.0],
    ("while_loop", "loop_vars"): [OBJECT, "a", None],
    ("cond", "condition"): ["a", None, OBJECT],
    ("grad", "argnums"): ["a", 1.5, None, OBJECT, -1, ()],
    ("set_epsilon", "e"): ["a", None, OBJECT, float("nan"), 0.0, -1.0, float("inf"), 1j],
    ("set_floatx", "floatx"): [None, 3, "int32", OBJECT],
    ("set_image_data_format", "data_format"): [None, 3, "x", OBJECT],
    ("set_learning_phase", "value"): [None, 3, "x", OBJECT, 0.5],
    ("set_kernels", "enabled"): [None, "no", 3, OBJECT],
    ("set_blocking", "enabled"): [None, "no", 3, OBJECT],
    ("set_jit", "mode"): ["no", 3, OBJECT],
    ("set_jit", "cache"): [3, OBJECT],
    ("get_uid", "prefix"): [None, 3, OBJECT],
    ("set_backend", "spec"): [None, 3, "no such", OBJECT, ""],
    ("get_backend", "spec"): [3, "no such", OBJECT, ""],
    ("register_backend", "name"): [None, 3, "", OBJECT],
    ("register_backend", "backend"): [None, 3, "no such", OBJECT],
}


def wrong_api_calls() -> Iterator[Wrong]:
    """Every wrong call of a function without a conformance case."""
    for name, arguments in api_calls():
        annotations = inspect.unwrap(getattr(K, name)).__annotations__
        for parameter in arguments:
            text = annotations.get(parameter, "Any")
            wanted, optional, _ = text.partition(" | None")
            values = OF_API.get((name, parameter)) or TYPES.get(ALIASES.get(wanted, wanted), ())
            for value in values:
                if value is not None or not optional:
                    yield Wrong(name, parameter, value, True, {**arguments, parameter: value})


def other_arrays(x: np.ndarray) -> Iterator[np.ndarray]:
    """Arrays of another rank, size or dtype in the place of x, which some operations accept."""
    yield x[None]
    if x.ndim:
        yield x[0]
        yield x[:0]
        yield np.concatenate([x, x])
        yield np.concatenate([x, x], axis=-1)
    for dtype in ("bool", "int32", "uint8", "float64", "complex64"):
        if x.dtype != dtype:
            yield x.astype(dtype)
    if x.dtype.kind == "i":
        yield x - 100
        yield x + 100


def wrong_calls(of: str = "") -> Iterator[Wrong]:
    """Every wrong call, or those of one operation."""
    for name, arguments in right_calls(of):
        annotations = inspect.unwrap(getattr(K, name)).__annotations__
        for parameter in inspect.signature(getattr(K, name)).parameters:
            text = annotations.get(parameter, "Any")
            wanted, optional, _ = text.partition(" | None")
            kind = ALIASES.get(wanted, wanted)
            for by_type, table in ((True, TYPES), (False, VALUES)):
                for value in table.get(kind, ()):
                    if (value is None and (optional or text == "Axis")) or (parameter in FREE_TEXT and not by_type):
                        continue
                    yield Wrong(name, parameter, value, by_type, {**arguments, parameter: value})
            if kind == "Array" and not optional:
                yield Wrong(name, parameter, None, True, {**arguments, parameter: None})
            if kind == "Array" and isinstance(arguments.get(parameter), np.ndarray):
                for value in other_arrays(arguments[parameter]):
                    yield Wrong(name, parameter, value, False, {**arguments, parameter: value})


def native(value: Any, convert: Any) -> Any:
    """The arguments with their arrays converted."""
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(native(v, convert) for v in value)
    return convert(value) if isinstance(value, np.ndarray) and value.dtype.kind in "biufc" else value


def outcome(wrong: Wrong, convert: Any) -> BaseException | None:
    """What a call raises, recorded and run where its arrays are placeholders; None where nothing."""
    feeds: list[Any] = []

    def fed(x: np.ndarray) -> Any:
        feeds.append(x)
        return K.placeholder(x.shape, dtype=x.dtype)

    try:
        arguments = {p: native(v, convert or fed) for p, v in wrong.arguments.items()}
        inputs = _tensors(list(arguments.values())) if convert is None else []
        result = getattr(K, wrong.operation)(**arguments)
        if convert is None:
            K.function(inputs, _tensors([result]))(feeds)
        elif tensors := _tensors([result]):
            K.function([], tensors)([])
    except Exception as error:  # noqa: BLE001 - the outcome is what is tested
        return error
    return None


def _tensors(values: Any) -> list[Tensor]:
    return [
        t
        for v in values
        for t in (_tensors(v) if isinstance(v, (list, tuple)) else [v] if isinstance(v, Tensor) else [])
    ]
