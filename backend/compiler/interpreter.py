"""The interpreter: a graph evaluated call by call on arrays some of whose sizes and values only another program knows.

That program is what a namespace of lazy arrays writes, such as an ONNX file. What depends on no lazy array is computed
at once with NumPy. A composite is the library's kernel; without one, or where it declines, its definition is recorded
and evaluated in its place, since recorded code is right for sizes that are not known.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import DType, dtype_name
from ..arrays.namespaces import describe, is_array, namespace_of, of_library
from ..graph.dim_text import walk
from ..graph.dims import Dim
from ..graph.tensor import Constant, Node, Spec, Subgraph, Tensor, map_tensors
from ..graph.traversal import toposort
from ..kernels.description import ARITHMETIC
from ..kernels.lookup import kernels_of

__all__ = ["Interpreter", "UnsupportedError"]


class UnsupportedError(ValueError):
    """A call that the library has no functions for; its message begins with the name of the operation."""


class _Argument(Tensor):
    """An argument of a definition that is recorded: code that asks a size for its value gets an error, not None."""

    @property
    def shape(self) -> Any:
        """The sizes, with an expression for each that is not known."""
        return self.sizes


class Interpreter:
    """Evaluates tensors on arrays of `xp`, a namespace with `getitem`, `size_of` and `value_of`.

    `values` holds what is known by the id of a tensor: NumPy arrays and lazy ones. `lazily` makes a lazy array of a
    NumPy array; `rules` give the result of a tensor in another way, or None. With `changes_variables`, the caller sees
    to the new values of variables; else a call that changes one is unsupported.
    """

    def __init__(
        self,
        xp: Any,
        lazily: Callable[[np.ndarray[Any, Any], Tensor | None], Any],
        rules: Sequence[Callable[[Interpreter, Tensor], Any]] = (),
        changes_variables: bool = False,
    ) -> None:
        self.xp = xp
        self.changes_variables = changes_variables
        self.numpy = of_library("numpy")
        self.values: dict[int, Any] = {}
        self._lazily = lazily
        self._rules = rules
        self._constants: dict[int, Any] = {}
        self._sizes: dict[tuple[int, int], tuple[Any, Any]] = {}  # by the ids of lazy arrays, which they keep, and axes
        self._kept: list[Any] = []  # keeps alive what is known by id

    def __call__(self, outputs: Iterable[Tensor]) -> list[Any]:
        """The values of tensors: NumPy arrays where no lazy array was needed."""
        outputs = list(outputs)
        for t in self._needed(outputs):
            if id(t) not in self.values:
                self._evaluate(t)
        return [self.values[id(t)] for t in outputs]

    def lazy(self, value: Any, t: Tensor | None = None) -> Any:
        """A value as a lazy array, each NumPy array once; `t` is the tensor it is the value of."""
        if namespace_of(value) is self.xp:
            return value
        if id(value) not in self._constants:
            self._kept.append(value)
            self._constants[id(value)] = self._lazily(np.asarray(value), t)
        return self._constants[id(value)]

    def _needed(self, outputs: list[Tensor]) -> list[Tensor]:
        return toposort(outputs, known=self.values)

    def _evaluate(self, t: Tensor) -> None:
        self._kept.append(t)
        if isinstance(t, Constant):
            self.values[id(t)] = np.asarray(t.value)
            return
        if t.node is None:
            raise UnsupportedError(f"{t.name}: a tensor without a value")
        for rule in self._rules:
            found = rule(self, t)
            if found is not None:
                self.values[id(t)] = found
                return
        self.keep(t.node, t, self.results(t.node))

    def results(self, node: Node) -> Any:
        """What a call gives: an array, or a tuple of them; UnsupportedError where the library cannot."""
        try:
            return self._call(node)
        except UnsupportedError:
            raise
        except (AttributeError, NotImplementedError, TypeError, ValueError, IndexError, OverflowError) as error:
            first = (str(error).splitlines() or [""])[0]
            raise UnsupportedError(f"{node.primitive.name}: {first or type(error).__name__}") from error

    def keep(self, node: Node, t: Tensor, results: Any) -> Any:
        """Remember what a call gave, t among its tensors; the value of t."""
        for index, value in enumerate(results if node.multi_output else (results,)):
            output = t if index == t.index else node.output(index)
            self._kept.append(output)
            self.values[id(output)] = self._shaped(self._typed(value, output.dtype), output.spec)
        return self.values[id(t)]

    def arguments(self, node: Node, xp: Any) -> tuple[Any, dict[str, Any]]:
        """The arguments of a call, with the dtypes of a namespace."""
        args, kwargs = self._arguments((node.args, node.kwargs))
        return self._for(xp, args), self._for(xp, kwargs)

    def is_lazy(self, value: Any) -> bool:
        """Whether a value is a lazy array."""
        return is_array(value) and namespace_of(value) is self.xp

    def _typed(self, value: Any, dtype: DType) -> Any:
        """A result in the dtype that the graph gives it: some functions of a library give a wider one."""
        if value is None or not is_array(value) or dtype_name(value.dtype) == dtype:
            return value
        xp = namespace_of(value)
        return xp.astype(value, getattr(xp, dtype))

    def _shape_of(self, value: Any) -> tuple[Any, ...]:
        """The shape of a lazy array, whose attribute may be an array itself."""
        known = getattr(self.xp, "static_shape", None)
        return tuple(value.shape if known is None else known(value))

    def _shaped(self, value: Any, spec: Spec) -> Any:
        """A result with the sizes that the graph knows, where its namespace can be told of them."""
        told = getattr(self.xp, "specified", None)
        if told is None or spec.shape is None or namespace_of(value) is not self.xp:
            return value
        return told(value, tuple(n if isinstance(n, int) else None for n in spec.shape))

    # ---- calls

    def _call(self, node: Node) -> Any:
        # of control flow the bodies that run are looked at; whether variables change is seen from their new values
        changes = bool(node.effects) and not node.primitive.forwards and not self.changes_variables
        if changes or not node.primitive.pure:
            raise UnsupportedError(f"{node.primitive.name}: it draws random numbers, prints, or has another effect")
        given = self._arguments((node.args, node.kwargs))
        if not isinstance(node.function, str):
            return self._composite(node, *given)
        return self._primitive(node, *given)

    def _primitive(self, node: Node, args: Any, kwargs: Any) -> Any:
        lazy = self._is_lazy((args, kwargs))
        xp = self.xp if lazy else self.numpy
        if lazy and isinstance(args[0], np.ndarray | np.generic) and node.primitive.elementwise is False:
            args = (self.lazy(args[0]), *args[1:])
        args, kwargs = (self._for(xp, value) for value in (args, kwargs))
        name = str(node.function)
        if name == "identity":
            return args[0]
        if name == "getitem":
            return xp.getitem(*args) if lazy else args[0][args[1]]
        function = _function(xp, name)
        if node.primitive.elementwise:
            args = self._operands(xp, node, args)
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    def _operands(self, xp: Any, node: Node, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Numbers beside arrays as arrays of their dtype."""
        like = node.specs[0].dtype if node.function == "where" else None
        dtype = getattr(xp, like) if like else next((x.dtype for x in reversed(args) if is_array(x)), None)
        return tuple(xp.asarray(x, dtype=dtype) if isinstance(x, (int, float)) and dtype else x for x in args)

    def _composite(self, node: Node, args: Any, kwargs: Any) -> Any:
        composite = node.function
        if self._is_lazy((args, kwargs)):
            kernel = getattr(kernels_of(self.xp), composite.__name__, None)
            chosen = composite.__name__ == "branch" and not self._is_lazy(args[0])
            if kernel is not None and not chosen:
                bodies = {k: self._body(v, lazy=True) for k, v in kwargs.items() if isinstance(v, Subgraph)}
                found = kernel(*self._for(self.xp, args), **{**self._for(self.xp, kwargs), **bodies})
                if found is not NotImplemented:
                    return found
        elif not any(isinstance(v, Subgraph) for v in kwargs.values()):
            with np.errstate(all="ignore"):
                return composite.bound(self.numpy)(*self._for(self.numpy, args), **self._for(self.numpy, kwargs))
        return self._definition(node, args, kwargs)

    def _definition(self, node: Node, args: Any, kwargs: Any) -> Any:
        """The definition, evaluated: recorded on the call's own arguments; with bodies, run on their values."""
        definition = node.function.definition
        bodies = {k: self._body(v, lazy=False) for k, v in kwargs.items() if isinstance(v, Subgraph)}
        if bodies:
            return definition(*args, **{**kwargs, **bodies})
        replaced: dict[int, _Argument] = {}
        args, kwargs = map_tensors((node.args, node.kwargs), lambda t: self._argument(t, replaced))
        results = definition(*args, **kwargs)
        if not isinstance(results, tuple):
            return self([results])[0]
        return tuple(self(results))

    def _argument(self, t: Tensor, known: dict[int, _Argument]) -> _Argument:
        """What stands for a tensor while a definition is recorded: with the sizes that its value has."""
        if id(t) not in known:
            value = self.values[id(t)]
            found = value.shape if isinstance(value, np.ndarray | np.generic) else self._shape_of(value)
            shape = tuple(int(n) if isinstance(n, (int, np.integer)) else None for n in found)
            known[id(t)] = _Argument(None, 0, Spec(shape, t.dtype), t.name)
            self.values[id(known[id(t)])] = value
            self._kept.append(known[id(t)])
        return known[id(t)]

    def _body(self, body: Subgraph, lazy: bool) -> Callable[..., tuple[Any, ...]]:
        """The body of a loop or branch as a function of arrays; with `lazy` it gives lazy arrays alone."""

        def run(*values: Any) -> tuple[Any, ...]:
            inner = Interpreter(self.xp, self._lazily, self._rules, self.changes_variables)
            inner._kept, inner._constants, inner._sizes = self._kept, self._constants, self._sizes
            inner.values = {id(t): value for t, value in zip(body.inputs, values, strict=True)}
            found = inner(body.outputs)
            return tuple(inner.lazy(value) for value in found) if lazy else tuple(found)

        return run

    # ---- arguments

    def _is_lazy(self, value: Any) -> bool:
        if isinstance(value, Mapping):
            return self._is_lazy(tuple(value.values()))
        if isinstance(value, (tuple, list)):
            return any(map(self._is_lazy, value))
        if isinstance(value, slice):
            return self._is_lazy((value.start, value.stop))
        return is_array(value) and namespace_of(value) is self.xp

    def _arguments(self, value: Any) -> Any:
        """The arguments of a call with the values of tensors and sizes in their places."""
        if isinstance(value, Tensor):
            return self.values[id(value)]
        if isinstance(value, Dim):
            return self.size(value)
        if isinstance(value, (tuple, list)):
            return tuple(map(self._arguments, value))
        if isinstance(value, dict):
            return {key: self._arguments(each) for key, each in value.items()}
        if isinstance(value, slice):
            return slice(*(self._arguments(v) for v in (value.start, value.stop, value.step)))
        return value

    def _for(self, xp: Any, value: Any) -> Any:
        """Arguments as a namespace takes them: its own arrays and dtypes."""
        if isinstance(value, DType):
            return getattr(xp, value)
        if isinstance(value, (tuple, list)):
            return tuple(self._for(xp, each) for each in value)
        if isinstance(value, dict):
            return {key: self._for(xp, each) for key, each in value.items()}
        if isinstance(value, (np.ndarray, np.generic)) and xp is self.xp:
            return self.lazy(value)
        return value

    # ---- sizes

    def size(self, dim: Any) -> Any:
        """The value of a size: an int, or a 0-d lazy array."""
        known: dict[Any, Any] = {}
        for part in walk([dim]):
            known[part] = self._leaf(part) if part.is_leaf else self._combined(part, known)
        return known[dim]

    def _leaf(self, leaf: Dim) -> Any:
        value = self.values[id(leaf.arguments[0])]
        known = isinstance(value, (np.ndarray, np.generic))
        if leaf.function != "size":
            return int(value) if known else self.xp.astype(value, self.xp.int64)
        axis = leaf.arguments[1]
        if known:
            return int(value.shape[axis])
        if (id(value), axis) not in self._sizes:
            self._sizes[id(value), axis] = value, self.xp.size_of(value, axis)
        return self._sizes[id(value), axis][1]

    def _combined(self, dim: Dim, known: Mapping[Any, Any]) -> Any:
        values = [known[a] if isinstance(a, Dim) else a for a in dim.arguments]
        if all(isinstance(value, int) for value in values):
            return ARITHMETIC[dim.function](*values)
        name, first, *rest = _LAZY[dim.function], *(self.xp.asarray(v, dtype=self.xp.int64) for v in values)
        for value in rest:
            first = getattr(self.xp, name)(first, value)
        return first


def _function(xp: Any, name: str) -> Callable[..., Any]:
    """The function of that name, such as 'linalg.inv'."""
    try:
        found: Callable[..., Any] = operator.attrgetter(name)(xp)
    except AttributeError:
        raise UnsupportedError(f"{name}: {describe(xp)} has no such function") from None
    return found


_LAZY = {"+": "add", "*": "multiply", "//": "floor_divide", "%": "remainder", "max": "maximum", "min": "minimum"}
