"""Keras's control flow: plain Python on arrays that have values, K's loops and branches while a step is traced."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from keras.src import tree
from keras.src.backend.common import KerasVariable
from keras.src.backend.common.stateless_scope import get_stateless_scope

import backend as K
from backend.arrays.namespaces import namespace_of
from backend.control.branch import recorded_branch
from backend.graph.recording import tensor
from backend.graph.tensor import Placeholder, Tensor

from .tensors import convert_to_tensor
from .tracing import Recording, kept_apart

__all__ = ["associative_scan", "cond", "fori_loop", "map", "scan", "switch", "vectorized_map", "while_loop"]

MOST_UNROLLED = 8  # steps of a fori_loop of known bounds that are recorded one by one


def is_symbolic(*values: Any) -> bool:
    """Whether any leaf of the nests has no value yet."""
    return any(isinstance(v, Tensor) and not v.is_constant for v in tree.flatten(values))


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """The result of one of two functions; where `pred` is symbolic both are recorded, what they assign included."""
    pred = pred.value if isinstance(pred, KerasVariable) else pred
    if not is_symbolic(pred):
        return true_fn() if pred else false_fn()
    xp = pred.__array_namespace__()
    if pred.ndim:
        pred = xp.reshape(pred, ())
    pred = pred if pred.dtype == "bool" else xp.astype(pred, "bool")
    scope = get_stateless_scope()
    start = Placeholder((), "bool").number  # what the functions record has larger numbers
    with kept_apart(scope) as first_updates:
        first = true_fn()
    with kept_apart(scope) as second_updates:
        second = false_fn()
    xs, ys = tree.flatten(first), tree.flatten(second)
    if len(xs) != len(ys):
        raise ValueError(f"cond: the two functions return {len(xs)} and {len(ys)} values, expected the same structure")
    places = [i for i, (x, y) in enumerate(zip(xs, ys, strict=True)) if x is not None and y is not None]
    changed = list(first_updates | second_updates)
    before = _current(scope, changed)
    chosen = recorded_branch(
        xp,
        pred,
        [*(convert_to_tensor(xs[i]) for i in places), *(first_updates.get(k, before[k]) for k in changed)],
        [*(convert_to_tensor(ys[i]) for i in places), *(second_updates.get(k, before[k]) for k in changed)],
        start,
    )
    for key, new in zip(changed, chosen[len(places) :], strict=True):
        scope.state_mapping[key] = new
    for i, result in zip(places, chosen, strict=False):
        xs[i] = result
    return tree.pack_sequence_as(first, xs)


def _current(scope: Any, keys: list[int]) -> dict[int, Any]:
    """The values of variables before a branch, by id."""
    if isinstance(scope, Recording):
        return {key: scope.get_current_value(scope.assigned[key]) for key in keys}
    missing = [key for key in keys if key not in scope.state_mapping]
    if missing:
        raise ValueError(
            "cond: a function assigns a variable whose value the StatelessScope around it does not have; give the "
            "scope a state_mapping with all variables"
        )
    return {key: scope.state_mapping[key] for key in keys}


def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """The result of the branch of that number; a number outside counts as the nearest."""
    index = convert_to_tensor(index, "int32")
    if not is_symbolic(index):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    chosen = branches[-1]
    result: Callable[[], Any] = lambda: chosen(*operands)  # noqa: E731 - the innermost of a chain of branches
    for number in reversed(range(len(branches) - 1)):
        result = _either(index <= number, branches[number], operands, result)
    return result()


def _either(condition: Any, branch: Any, operands: Any, otherwise: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: cond(condition, lambda: branch(*operands), otherwise)


def while_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """Keras's while_loop: steps in Python as long as the condition has a value, K's loop where it has none."""
    several = isinstance(loop_vars, (tuple, list))
    state = tuple(loop_vars) if several else (loop_vars,)
    state = tree.map_structure(convert_to_tensor, state)
    count = 0
    while maximum_iterations is None or count < maximum_iterations:
        going = cond(*state)
        if is_symbolic(going, *state):
            left = None if maximum_iterations is None else maximum_iterations - count
            state = _recorded_while(cond, body, state, left)
            break
        if not going:
            break
        state = _tuple(body(*state))
        count += 1
    return state if several else state[0]


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _recorded_while(cond: Any, body: Any, state: Any, limit: int | None) -> Any:
    leaves = [tensor(v) for v in tree.flatten(state)]

    def condition(*values: Any) -> Any:
        return cond(*tree.pack_sequence_as(state, list(values)))

    def step(*values: Any) -> Any:
        new = tree.flatten(_tuple(body(*tree.pack_sequence_as(state, list(values)))))
        return tuple(convert_to_tensor(n, o.dtype) for n, o in zip(new, leaves, strict=True))

    found = K.while_loop(condition, step, tuple(leaves), maximum_iterations=limit)
    return tree.pack_sequence_as(state, list(found))


def fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    """`val = body_fun(i, val)` for i from lower to upper - 1."""
    if is_symbolic(lower, upper):
        lower, upper = convert_to_tensor(lower, "int32"), convert_to_tensor(upper, "int32")
        return while_loop(lambda i, val: i < upper, lambda i, val: (i + 1, body_fun(i, val)), (lower, init_val))[1]
    lower, upper = int(lower), int(upper)
    if is_symbolic(init_val) and upper - lower > MOST_UNROLLED:
        indices = convert_to_tensor(list(range(lower, upper)), "int32")
        return scan(lambda val, i: (body_fun(i, val), None), init_val, indices)[0]
    val = init_val
    for i in range(lower, upper):
        val = body_fun(i, val)
    return val


def map(f: Any, xs: Any) -> Any:
    """f applied to every slice along the first axis, the results stacked."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


def vectorized_map(function: Any, elements: Any) -> Any:
    """The same; elements in a list are given to the function in a list."""
    if isinstance(elements, (list, tuple)):
        elements = list(elements)
    return map(function, elements)


def scan(f: Any, init: Any, xs: Any = None, length: Any = None, reverse: bool = False, unroll: Any = 1) -> Any:
    """`carry, y = f(carry, x)` for each slice x; the last carry, and the ys stacked."""
    if not callable(f):
        raise TypeError(f"`f` should be a callable. Received: f={f}")
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"`unroll` must be an positive integer or boolean. Received: unroll={unroll}")
    if xs is None and length is None:
        raise ValueError("Got no `xs` to scan over and `length` not provided.")
    carry = tree.map_structure(convert_to_tensor, init)
    slices = [] if xs is None else [convert_to_tensor(x) for x in tree.flatten(xs)]
    count = int(length) if length is not None else slices[0].shape[0]

    def packed(values: list[Any]) -> Any:
        return None if xs is None else tree.pack_sequence_as(xs, values)

    if is_symbolic(carry, slices):
        return _recorded_scan(f, carry, slices, packed, count, reverse)
    ys = []
    for i in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, packed([x[i, ...] for x in slices]))
        ys.append(_zeros(carry) if y is None else tree.map_structure(convert_to_tensor, y))
    if is_symbolic(carry, ys):  # f reads a symbolic tensor from around it
        carry = tree.map_structure(lambda t: tensor(convert_to_tensor(t)), carry)
    return carry, tree.map_structure(_stack, *(reversed(ys) if reverse else ys))


def _zeros(carry: Any) -> Any:
    """What Keras stacks where a step has no output: zeros like the carry."""
    zeros = [namespace_of(c).zeros_like(c) for c in tree.flatten(carry)]
    return tree.pack_sequence_as(carry, zeros)


def _stack(*rows: Any) -> Any:
    if any(isinstance(row, Tensor) for row in rows):
        rows = tuple(builtins.map(tensor, rows))
    return namespace_of(rows[0]).stack(list(rows), axis=0)


def _recorded_scan(f: Any, carry: Any, slices: Any, packed: Any, count: int, reverse: bool) -> Any:
    first = [tensor(c) for c in tree.flatten(carry)]
    outputs: list[Any] = []  # the structure of an output

    def step(values: Any, rows: Any) -> Any:
        new, y = f(tree.pack_sequence_as(carry, list(values)), packed(list(rows)))
        y = _zeros(new) if y is None else y
        outputs[:] = [y]
        kept = [convert_to_tensor(n, c.dtype) for n, c in zip(tree.flatten(new), first, strict=True)]
        return tuple(builtins.map(tensor, kept)), tuple(tensor(convert_to_tensor(v)) for v in tree.flatten(y))

    last, ys = K.scan(step, tuple(first), tuple(tensor(x) for x in slices), length=count, reverse=reverse)
    return tree.pack_sequence_as(carry, list(last)), tree.pack_sequence_as(outputs[0], list(ys))


def associative_scan(f: Any, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """All prefixes along an axis combined by an associative function."""
    if not callable(f):
        raise TypeError(f"`f` should be a callable. Received: f={f}")
    flat = [convert_to_tensor(x) for x in tree.flatten(elems)]
    if len({int(x.shape[axis]) for x in flat}) != 1:
        raise ValueError(
            "Array inputs to associative_scan must have the same first dimension. (saw: "
            f"{[tuple(x.shape) for x in flat]})"
        )

    def combined(a: list[Any], b: list[Any]) -> list[Any]:
        new = f(tree.pack_sequence_as(elems, a), tree.pack_sequence_as(elems, b))
        return [convert_to_tensor(x) for x in tree.flatten(new)]

    return tree.pack_sequence_as(elems, K.associative_scan(combined, flat, reverse, axis))
