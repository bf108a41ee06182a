"""The symbolic tensor: an array object of the standard whose functions record instead of computing."""

from __future__ import annotations

import contextvars
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..arrays import namespaces
from ..arrays.dtypes import DTYPES, DType, dtype_name
from ..compat.tensor_attributes import Operation, Shape
from .dims import Dim, dim_tensors, known, known_product
from .display import html_table, plain, tensor_facts
from .primitives import PRIMITIVES, Primitive
from .values import Values

__all__ = [
    "Constant",
    "Control",
    "Effect",
    "Node",
    "Placeholder",
    "Spec",
    "Subgraph",
    "Tensor",
    "control",
    "leaves",
    "map_tensors",
    "record",
    "spec",
]


_DTYPES = {name: DType(name) for name in DTYPES}


class Spec(NamedTuple):
    """The shape and dtype of an array to come; a size is an int, a Dim, or None where only the array has it."""

    shape: tuple[Any, ...] | None
    dtype: DType


def spec(shape: Iterable[Any] | None, dtype: Any) -> Spec:
    """A Spec from any iterable of sizes and any dtype."""
    return Spec(None if shape is None else tuple(shape), _DTYPES[dtype_name(dtype)])


class Effect(NamedTuple):
    """The effect of evaluating a node on a variable: it becomes `new`; several effects with a `step` add up."""

    variable: Any
    new: Any
    step: Any = None


class Node:
    """One recorded call: `function` is a standard function's name ('exp', 'linalg.inv') or a composite.

    `args` and `kwargs` hold tensors, sizes, Python values and tuples of them, `inputs` the tensors in them alone, and
    `primitive` the facts about the function that the compiler needs. `effects` are committed whenever the node has been
    evaluated, and are given when the node is made.
    """

    __slots__ = (
        "__weakref__",
        "_effects",
        "_first",
        "_others",
        "args",
        "function",
        "held",
        "inputs",
        "kwargs",
        "multi_output",
        "primitive",
        "specs",
    )

    def __init__(
        self,
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        specs: tuple[Spec, ...],
        multi_output: bool = False,
        effects: tuple[Effect, ...] = (),
        inputs: tuple[Any, ...] | None = None,
    ) -> None:
        self.function = function
        self.primitive: Primitive = PRIMITIVES[function] if type(function) is str else function.primitive
        self.args = args
        self.kwargs = kwargs
        self.specs = specs
        self.multi_output = multi_output  # whether the call gives a tuple, be it of one
        self.inputs: tuple[Any, ...] = _inputs(args, kwargs) if inputs is None else inputs
        self._effects = effects
        # the first result and the others, weak: a tensor holds its node, not the other way round
        self._first: Any = None
        self._others: dict[int, Any] | None = None
        self.held: tuple[Any, ...] | None = None  # the results, where `Control.compute` has computed them

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The effects of evaluating the node on variables."""
        return self._effects

    def output(self, index: int) -> Tensor:
        """The tensor of one result: one object as long as anybody holds it."""
        held = self._first if index == 0 else (self._others or {}).get(index)
        found = None if held is None else held()
        if found is None:
            found = Tensor(self, index, self.specs[index])
            if index == 0:
                self._first = weakref.ref(found)
            else:
                self._others = self._others or {}
                self._others[index] = weakref.ref(found)
        return found

    def names(self) -> dict[int, str]:
        """The given names of those outputs that somebody holds, by number."""
        references = {0: self._first, **(self._others or {})}
        held = {i: reference() for i, reference in references.items() if reference is not None}
        return {i: t.given_name for i, t in held.items() if t is not None and t.given_name is not None}

    def __repr__(self) -> str:
        return f"<node {self.primitive.name}>"


class Subgraph:
    """A graph within a call, such as the body of a loop: it uses nothing but its own inputs and constants."""

    __slots__ = ("inputs", "outputs")

    def __init__(self, inputs: Iterable[Any], outputs: Iterable[Any]) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)


_counter = itertools.count(1)


class _NoLengthError(AttributeError, TypeError):
    """What len() of a symbolic tensor raises: TypeError for Python, AttributeError for `hasattr`."""


class Tensor(Values):
    """An array to come, known by shape and dtype: nothing is computed before `eval`, `K.eval` or a `K.function`.

    Parameters
    ----------
    node : Node or None
        The recorded call.
    index : int
        Which of its results.
    spec : Spec
        Shape and dtype.
    name : str, optional

    Notes
    -----
    It offers the array object of the standard: operators, ``shape`` (None for unknown sizes), ``dtype`` (a string),
    ``ndim``, ``size``, ``T``, ``mT``, and ``__array_namespace__``, so code written for the standard records on it.
    ``==`` records, and where Python takes the truth value of its result (``x in tensors``), that is whether both are
    one tensor: Keras keeps tensors in lists and as dictionary keys. Operations make tensors; programs do not.

    Examples
    --------
    >>> x = K.placeholder((None, 3))
    >>> y = x[:, 0] * 2.0 + 1.0
    >>> y.shape, y.dtype
    ((None,), float32)
    >>> y.eval({x: np.ones((2, 3))})
    array([3., 3.], dtype=float32)
    >>> xp = x.__array_namespace__()
    >>> xp.concat([x, x], axis=1).shape
    (None, 6)
    """

    __array_priority__ = 1000

    def __init__(self, node: Node | None, index: int, spec: Spec, name: str | None = None) -> None:
        self.node = node
        self.index = index
        self.spec = spec
        self.number = next(_counter)
        self._name = name

    # ---- the array object of the standard

    @property
    def dtype(self) -> DType:
        """The dtype by name: 'float32', 'bool', ..."""
        return self.spec.dtype

    @property
    def shape(self) -> Shape:
        """The shape, with None for each size unknown until run time.

        Raises
        ------
        ValueError
            Where even the rank is unknown.

        Examples
        --------
        >>> x = K.placeholder((None, 3))
        >>> x.shape, x.T.shape
        ((None, 3), (3, None))
        """
        return Shape(map(known, self._known_rank()))

    @property
    def sizes(self) -> tuple[Any, ...]:
        """The shape with an expression for each unknown size, fit for arithmetic and for reshape.

        Examples
        --------
        >>> x = K.placeholder((None, 3))
        >>> y = K.reshape(x, (x.sizes[0] * x.sizes[1],))
        >>> K.eval(y, {x: np.ones((2, 3))}).shape
        (6,)
        """
        shape = self._known_rank()
        for size in shape:
            if size is None:
                return tuple(Dim("size", self, axis) if size is None else size for axis, size in enumerate(shape))
        return shape

    def _known_rank(self) -> tuple[Any, ...]:
        if self.spec.shape is None:
            raise ValueError(f"{self.name}: the number of dimensions is unknown; give the placeholder a shape or ndim")
        return self.spec.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._known_rank())

    @property
    def size(self) -> int | None:
        """The number of elements, None where it is unknown."""
        return known_product(self.sizes)

    @property
    def device(self) -> None:
        """None: the device is chosen when the graph runs."""
        return None

    @property
    def name(self) -> str:
        """The name, given or made from the function and a running number.

        Examples
        --------
        >>> x = K.placeholder((2,), name="x")
        >>> x.name
        'x'
        """
        if self._name is None:
            function = getattr(self.node and self.node.function, "__name__", self.node and self.node.function)
            self._name = f"{str(function or type(self).__name__).rpartition('.')[2].lower()}_{self.number}"
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def given_name(self) -> str | None:
        """The name, where it was given or has been made."""
        return self._name

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        if namespaces.recorder is None:
            from .standard import namespace  # noqa: F401 - made of functions on tensors, it comes after this module
        return namespaces.recorder if api_version is None else namespaces.recorder.checked_version(api_version)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Tensor:
        """The tensor itself: the device is chosen when the graph runs.

        Parameters
        ----------
        device, stream : object
            Not used.

        Returns
        -------
        Tensor
        """
        return self

    @property
    def T(self) -> Tensor:  # noqa: N802 - the standard's name
        """The matrix transposed.

        Raises
        ------
        ValueError
            Unless there are two dimensions.
        """
        if self.ndim != 2:
            raise ValueError(f"T: needs 2 dimensions, got {self.ndim}; use K.transpose or permute_dims")
        return self.__array_namespace__().matrix_transpose(self)

    @property
    def mT(self) -> Tensor:  # noqa: N802 - the standard's name
        """The last two axes exchanged.

        Examples
        --------
        >>> K.placeholder((None, 2, 3)).mT.shape
        (None, 3, 2)
        """
        return self.__array_namespace__().matrix_transpose(self)

    def __getitem__(self, key: Any) -> Tensor:
        return self.__array_namespace__().getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("symbolic tensors cannot be assigned to; use K.where or K.update")

    def __iter__(self) -> Iterator[Tensor]:
        length = self.shape[0] if self.ndim else None
        if length is None:
            raise TypeError(
                f"{self.name}: cannot iterate over a symbolic tensor without a known first size; "
                "use K.map_fn, or K.eval for its values"
            )
        return iter(self[i] for i in range(length))

    @property
    def __len__(self) -> Any:
        # programs ask hasattr(x, '__len__') to tell a list of tensors from one: AttributeError says no
        raise _NoLengthError(f"{self.name}: a symbolic tensor has no len(); use .shape[0] or K.shape")

    def __dlpack__(self, **_: Any) -> Any:
        raise BufferError(f"{self.name} is symbolic and holds no memory; use K.eval")

    def __dlpack_device__(self) -> Any:
        raise BufferError(f"{self.name} is symbolic and is on no device; use K.eval")

    def _facts(self) -> dict[str, str]:
        return tensor_facts(self)

    def __repr__(self) -> str:
        facts = (f"{name}={fact}" for name, fact in self._facts().items() if name not in ("call", "memory"))
        return f"<{type(self).__name__} {plain(self.name)} {' '.join(facts)}>"

    def _repr_html_(self) -> str:
        """The facts as a table, for notebooks."""
        return html_table(f"{type(self).__name__} {plain(self.name)}", self._facts())

    # ---- attributes that Keras reads and sets

    _given_shape: Any = None
    _held: Any = None
    _uses_learning_phase: bool  # has a value where Keras expects one

    @property
    def held(self) -> Any:
        """The array that the tensor already stands for, while calls are computed as they are recorded; else None."""
        if self.node is None:
            return self._held
        return None if self.node.held is None else self.node.held[self.index]

    @property
    def static_shape(self) -> tuple[int | None, ...] | None:
        """The shape, completed by what Keras has set; None where even the rank is unknown.

        Keras's Lambda sets what it guesses: its input's shape. What contradicts the shape known here does not count.
        """
        own = None if self.spec.shape is None else self.shape
        given = self._given_shape
        if given is None or (own is not None and len(own) != len(given)):
            return own
        if own is None:
            return tuple(given)
        return tuple(theirs if mine is None else mine for mine, theirs in zip(own, given, strict=True))

    @property
    def _keras_shape(self) -> tuple[int | None, ...] | None:
        """`static_shape` of what is a Keras tensor: layers set it, placeholders and variables have it."""
        if self.node is not None and self._given_shape is None:
            raise AttributeError("_keras_shape")  # Keras takes what has it for the output of a layer
        return self.static_shape

    @_keras_shape.setter
    def _keras_shape(self, given: Any) -> None:
        self._given_shape = None if given is None else tuple(given)

    def get_shape(self) -> Shape:
        """``shape``, as a method.

        Returns
        -------
        tuple of int or None

        Examples
        --------
        >>> K.placeholder((None, 3)).get_shape().as_list()
        [None, 3]
        """
        return self.shape

    @property
    def op(self) -> Operation:
        """What made the tensor, for programs that read ``x.op.name``: the name without its ':0'.

        Examples
        --------
        >>> with K.name_scope("dense"):
        ...     w = K.variable([1.0], name="kernel")
        >>> w.op.name, K.exp(w).op.type
        ('dense/kernel', 'exp')
        """
        made = type(self).__name__ if self.node is None else self.node.primitive.name
        return Operation(self.name.removesuffix(":0"), made, () if self.node is None else self.node.inputs)


class Placeholder(Tensor):
    """A tensor whose value is fed when the function runs, made by `K.placeholder`.

    Parameters
    ----------
    shape : iterable of int or None, or None
        As in `placeholder`.
    dtype : dtype
    name : str, optional
    default : array, optional
        What is used where nothing is fed.

    Examples
    --------
    >>> scale = K.Placeholder((), "float32", "scale", default=10.0)
    >>> f = K.function([], K.sum(K.constant([1.0, 2.0]) * scale))
    >>> f([])
    array(30., dtype=float32)
    """

    def __init__(
        self, shape: Iterable[int | None] | None, dtype: Any, name: str | None = None, default: Any = None
    ) -> None:
        super().__init__(None, 0, spec(shape, dtype), name)
        self.default = default
        self._uses_learning_phase = False  # Keras reads it here, and expects no such attribute on results


class Constant(Tensor):
    """A tensor with a fixed value, converted once per namespace.

    `typed` says that its dtype was given with it, as `K.constant` does: an array beside it takes this dtype.
    """

    is_fixed = True

    def __init__(self, value: Any, name: str | None = None, typed: bool = False) -> None:
        super().__init__(None, 0, spec(value.shape, value.dtype), name)
        self.value = value
        self.typed = typed


def leaves(structure: Any) -> Iterator[Tensor]:
    """The tensors in nested arguments, including those that sizes are computed from."""
    if isinstance(structure, Tensor):
        yield structure
    elif isinstance(structure, Dim):
        yield from dim_tensors(structure)
    elif isinstance(structure, (tuple, list)):
        for item in structure:
            yield from leaves(item)
    elif isinstance(structure, dict):
        yield from leaves(tuple(structure.values()))
    elif isinstance(structure, slice):
        yield from leaves((structure.start, structure.stop, structure.step))


_PLAIN = frozenset((int, float, bool, str, DType, type(None)))  # most arguments that hold no tensor


def _inputs(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, ...]:
    """The same as `leaves((args, kwargs))`, without a generator for each argument; `args` itself, where it is that."""
    found: list[Tensor] = []
    others = False
    for value in (*args, *kwargs.values()) if kwargs else args:
        if isinstance(value, Tensor):
            found.append(value)
        else:
            others = True
            if type(value) not in _PLAIN:
                found += leaves(value)
    return tuple(found) if others or kwargs else args


def map_tensors(structure: Any, replace: Callable[[Tensor], Any], resize: Callable[[Dim], Any] | None = None) -> Any:
    """The same arguments with each tensor replaced by what `replace` gives for it, and sizes accordingly.

    `resize` gives what takes the place of a size where that is not the size of what replaces a tensor.
    """
    if isinstance(structure, Tensor):
        return replace(structure)
    if isinstance(structure, Dim):
        if resize is not None:
            return resize(structure)
        if all(replace(t) is t for t in structure.tensors):
            return structure  # without a walk, which would make towers of sizes quadratic
        return structure.replace(lambda leaf: _size_leaf(leaf, replace(leaf.arguments[0])))
    if isinstance(structure, (tuple, list)):
        return tuple([item if type(item) in _PLAIN else map_tensors(item, replace, resize) for item in structure])
    if isinstance(structure, dict):
        return {key: map_tensors(value, replace, resize) for key, value in structure.items()}
    if isinstance(structure, slice):
        return slice(*(map_tensors(v, replace, resize) for v in (structure.start, structure.stop, structure.step)))
    return structure


def _size_leaf(leaf: Dim, tensor: Any) -> Any:
    if leaf.function == "size":
        return tensor.sizes[leaf.arguments[1]]
    return Dim("item", tensor)


class Control(NamedTuple):
    """What precedes every call recorded now: effects that happen first, and the values of variables after them.

    `compute(node)` is called after it, where calls are to be computed at once. `places(mask)` gives where a boolean
    tensor with one axis is true, where shapes may depend on values.
    """

    effects: tuple[Effect, ...]
    values: Mapping[int, Tensor]  # id of a variable -> its new value
    compute: Callable[[Node], None] | None = None
    places: Callable[[Tensor], Tensor] | None = None


_NO_CONTROL = Control((), MappingProxyType({}))
control: contextvars.ContextVar[Control] = contextvars.ContextVar("control", default=_NO_CONTROL)


def record(
    function: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    result: Spec | tuple[Spec, ...],
    effects: tuple[Effect, ...] = (),
) -> Any:
    """Record a call and return the tensor, or tuple of tensors, that stands for its result.

    `effects` are the call's own; those of the `control_dependencies` around it come before them.
    """
    single = isinstance(result, Spec)
    specs: Any = (result,) if single else result
    before = control.get()
    if before.effects:
        args, kwargs = map_tensors((args, kwargs), lambda t: before.values.get(id(t), t))
    node = Node(function, args, kwargs, specs, not single, (*before.effects, *effects))
    if before.compute is not None:
        before.compute(node)
    return node.output(0) if single else tuple(map(node.output, range(len(node.specs))))
