"""Compiled functions: a graph becomes Python source, the source a callable on native arrays."""

from __future__ import annotations

import collections
import itertools
import operator
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Never

import numpy as np

from ..arrays.arguments import shown
from ..arrays.backends import Backend, active, quietly
from ..arrays.namespaces import device_of, host, is_array, namespace_of, placed_as, writable
from ..compiler.adaptive import jit_choice
from ..compiler.executable import Executable
from ..compiler.report import Stages
from ..compiler.rewriter import effects_of, final_values
from ..compiler.schedule import UNKNOWN
from ..config import setting
from ..dispatch.boundary import given
from ..dispatch.operation import operation
from ..dispatch.parameters import is_array_like
from ..graph.collection import no_collection
from ..graph.display import and_more, as_line, as_table, bytes_shown, plain, shape_shown
from ..graph.recording import flat, tensor
from ..graph.tensor import Effect, Tensor
from ..ops.sparse import Sparse, to_dense
from .chunks import is_lazy, over_chunks
from .fast_call import FastCall, fast_call
from .feeding import HOST, as_keras_feeds, as_keras_targets, feed, returned, runs_keras
from .sparse_placeholder import SparsePlaceholder
from .variables import Variable

__all__ = ["Function", "eval", "function"]


_ARRAY = operator.attrgetter("array")


class Function:
    """A compiled function of placeholders, made by `K.function`.

    Parameters
    ----------
    inputs, outputs : sequence of Tensor
    effects : sequence
        The updates of variables.
    name : str, optional
    structure : callable, optional
        Makes the result of the list of outputs.
    sparse : dict, optional
        Sparse placeholders by their first position among the inputs.
    jit : bool, optional
    passes : sequence of str, optional

    Notes
    -----
    `source` is the Python that runs, `stages` the program after each pass of the compiler.

    A pickle and a copy hold the graph, with the values of its variables, and compile it anew; no code is pickled. Where
    other threads call a function with updates, pickle it while they do not.

    Examples
    --------
    >>> x = K.placeholder((3,), name="x")
    >>> f = K.function([x], K.square(x) + 1.0, name="f")
    >>> f([np.arange(3.0)])
    array([1., 2., 5.], dtype=float32)
    >>> print(f.source)
    # f
    # x1: placeholder x float32 (3,)
    <BLANKLINE>
    def function(x1):
        v1 = xp.square(x1)  # float32 (3,)
        v2 = v1 + 1.0  # float32 (3,)
        return (v2,), ()
    <BLANKLINE>

    >>> import pickle
    >>> v = K.variable([1.0, 2.0, 3.0])
    >>> f = K.function([x], x * v, updates=[K.update_add(v, x)])
    >>> g = pickle.loads(pickle.dumps(f))
    >>> [g([np.ones(3)]).tolist() for _ in range(2)], f([np.ones(3)]).tolist()
    ([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [1.0, 2.0, 3.0])
    """

    autograph_info__: ClassVar[dict[str, Any]] = {}  # by this mark tf.function calls it as it is, as it does operations

    def __init__(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        effects: Sequence[Effect],
        name: str = "function",
        structure: Callable[[list[Any]], Any] = list,
        sparse: dict[int, SparsePlaceholder] | None = None,
        jit: bool | str | None = False,
        passes: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self._structure = structure  # makes the result of the list of outputs
        self._sparse = dict(sparse or {})
        self._fast_call: FastCall | None = None
        updates = final_values(effects)
        self.executable = Executable(name, inputs, outputs, updates, passes, jit)
        graph = self.executable.graph
        self.inputs = list(graph.inputs)
        self.updated = list(updates)
        self.defaults, self.variables = graph.free()
        for t in self.defaults:
            if t.default is None:
                raise ValueError(
                    f"{name}: the outputs depend on placeholder {t.name} (shape "
                    f"{t.spec.shape and t.shape}, {t.dtype}), which is not among the inputs"
                )
        self._lock = threading.RLock()

    def __reduce__(self) -> Any:
        made = self.executable
        given = made.recorded.inputs, made.recorded.outputs, self.updated, made.recorded.updates
        return _made_again, (*given, self.name, self._structure, self._sparse, made.passes, made.jit)

    @property
    def source(self) -> str:
        """The straight-line Python that runs, the same from run to run."""
        return self.executable.source

    @property
    def stages(self) -> Stages:
        """The program as recorded and after each pass of the compiler: print it, or read the attributes of each.

        Examples
        --------
        >>> x = K.placeholder((3,))
        >>> stages = K.function([x], K.exp(x) + K.exp(x)).stages
        >>> [(s.name, s.calls) for s in stages[:3]]
        [('recorded', 3), ('prune', 3), ('cse', 2)]
        """
        return self.executable.stages

    def __call__(self, values: Sequence[Any] = (), *more: Never) -> Any:
        """The outputs for these input values; then all updates are committed together.

        Parameters
        ----------
        values : list or tuple
            One array or number for each input; a sparse matrix for a sparse placeholder. Dask arrays give Dask arrays,
            computed chunk by chunk, where the outputs keep the rows of axis 0 apart.
        """
        if more:
            raise TypeError(f"{self.name}: got {1 + len(more)} arguments, expected one list of values, as in f([x, y])")
        fast = self._fast_call
        if fast is not None and type(values) is list and fast.fits(values) and self._on(fast):
            if fast.kind is not np.ndarray:
                return self._structure(list(self._execute(fast.program, values)))
            return self._structure([np.asarray(y) for y in quietly(self._execute, fast.program, values)])
        values = self._checked(values)
        native = next((v for v in values if not isinstance(v, HOST) and is_array(v)), None)
        if isinstance(native, Tensor):
            fed = self.inputs[next(i for i, v in enumerate(values) if v is native)].name
            raise TypeError(f"{self.name}: the value fed for {fed} is symbolic; feed arrays, or build a larger graph")
        if is_lazy(native) and (chunks := over_chunks(self, values)) is not None:
            return self._structure(chunks)
        backend = self.home(native)
        with backend.quiet():
            feeds = [feed(self.name, backend, t, v) for t, v in zip(self.inputs, values, strict=True)]
            outputs = self.run(backend, feeds)
        as_fed = native is None or all(a is b for a, b in zip(feeds, values, strict=True))
        if as_fed and not self.defaults and not self._sparse:
            shapes = [t.shape if t.spec.shape is not None else (-1,) for t in self.inputs]
            self._fast_call = fast_call(backend, self.executable, feeds, shapes)
        return self._structure([returned(out, native) for out in outputs])

    def _checked(self, values: Any) -> Sequence[Any]:
        """The values, one for each input: a sparse matrix fed is several."""
        if not isinstance(values, (list, tuple)):
            raise TypeError(f"{self.name}: got {given(values)}, expected a list or tuple of {len(self.inputs)} values")
        if not self._sparse and runs_keras():
            values = as_keras_feeds(self.inputs, values)
            if len(values) == len(self.inputs):
                values = as_keras_targets(self.inputs, values, self._reads)
        for position, matrix in self._sparse.items():
            if position < len(values):
                values = [*values[:position], *matrix.feeds(values[position]), *values[position + 1 :]]
        if len(values) != len(self.inputs):
            names = ", ".join(t.name for t in self.inputs)
            raise ValueError(f"{self.name}: got {len(values)} values for {len(self.inputs)} inputs ({names})")
        return values

    def _reads(self, t: Tensor) -> bool:
        """Whether the program reads an input, its size included."""
        return any(read is t for read in self.executable.graph.order)

    def run(self, backend: Backend, feeds: Sequence[Any]) -> Sequence[Any]:
        """The outputs for arrays of a backend that fit the inputs; then the updates are committed."""
        for v in self.variables:
            if v.migrates:
                v.move(backend)
        defaults = [backend.asarray(t.default, t.dtype) for t in self.defaults]
        run = self.executable.bind(backend, writable(*feeds))
        return self._execute(run, [*feeds, *defaults])

    def _execute(self, run: Callable[..., Any], arrays: Sequence[Any]) -> Sequence[Any]:
        """Run the program on the variables' values and commit the updates; one thread at a time where there are any."""
        if not self.updated:
            return run(*arrays, *map(_ARRAY, self.variables))[0]
        with self._lock:
            # the values are read in one step, as they are committed: no other thread comes in between
            outputs, news = run(*arrays, *map(_ARRAY, self.variables))
            _commit(self.name, self.updated, news)
            return outputs

    def _on(self, fast: FastCall) -> bool:
        """Whether a call on such arrays runs on the same backend again."""
        backend, moved = fast.backend, Variable.moved
        if not self.variables and not self.updated:
            return fast.kind is not np.ndarray or active() is backend
        if fast.seen is not moved:
            if not all(v.backend is backend for v in (*self.variables, *self.updated)):
                return False
            fast.seen = moved
        return True

    def home(self, native: Any) -> Backend:
        """Where to run: where the variables are, else where the arrays fed are, else the active backend."""
        fixed = [v.backend for v in (*self.variables, *self.updated) if not v.migrates]
        if fixed:
            first, *others = fixed
            for other in others:
                if other.xp is not first.xp or other.device != first.device:
                    raise TypeError(
                        f"{self.name}: its variables are on two backends, {first.name!r} and "
                        f"{other.name!r}; make them on one"
                    )
            return first
        if native is None:
            return active()
        return Backend(type(native).__module__, namespace_of(native), device_of(native))

    __repr__, _repr_html_ = as_line, as_table

    def _display(self) -> tuple[str, dict[str, str]]:
        tensors = {"inputs": self.inputs, "outputs": self.executable.recorded.outputs, "updates": self.updated}
        facts = {
            kind: and_more([f"{plain(t.name)} {shape_shown(t)}" for t in ts]) for kind, ts in tensors.items() if ts
        }
        if self.executable.cost is not None:
            calls, held = self.executable.cost
            facts |= {"calls": str(calls), "memory": bytes_shown(held)}
            if any(t.spec.shape is None or None in t.shape for t in self.inputs):
                facts["memory"] += f" where unknown sizes are {UNKNOWN}"
        return f"Function {plain(self.name)}", facts


def _made_again(
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updated: Sequence[Variable],
    news: Sequence[Tensor],
    name: str,
    structure: Callable[[list[Any]], Any],
    sparse: dict[int, SparsePlaceholder],
    passes: Sequence[str],
    jit: bool | str | None,
) -> Function:
    """The function of a pickle or a copy, compiled from its graph."""
    effects = [Effect(variable, new) for variable, new in zip(updated, news, strict=True)]
    return Function(inputs, outputs, effects, name, structure, sparse, jit, passes)


def _commit(name: str, variables: Sequence[Variable], news: Sequence[Any]) -> None:
    """Give every variable its new value, or none: all shapes are checked first, and no signal comes in between."""
    for variable, new in zip(variables, news, strict=True):
        if tuple(new.shape) != variable.spec.shape:
            raise ValueError(
                f"{name}: the new value of {variable.name} has shape {tuple(new.shape)}, expected {variable.shape}; "
                "no variable was changed"
            )
    if variables and hasattr(variables[0].backend.xp, "__placed_as__"):
        news = [placed_as(new, v.array, v.backend.xp) for v, new in zip(variables, news, strict=True)]
    # Python handles signals between two bytecodes, and this loop is one: it runs within deque, map and setattr
    collections.deque(map(setattr, variables, itertools.repeat("array"), news), maxlen=0)


@operation
def function(
    inputs: Any,
    outputs: Any,
    updates: Any = None,
    *,
    name: str = "function",
    jit: bool | str | None = None,
    passes: Sequence[str] | None = None,
    explain: bool = False,
    **kwargs: Any,
) -> Function:
    """Compile a graph into a callable that takes a list of values and returns those of the outputs.

    Parameters
    ----------
    inputs : list or tuple of Tensor
        Placeholders; any tensor may be fed.
    outputs : Tensor, or list or tuple of them
    updates : list, optional
        Update ops and (variable, new value) pairs, all committed together after the outputs are computed.
    name : str, optional
        The name in error messages and in the source.
    jit : {False, True, 'auto'}, optional
        Whether the program goes through the library's own compiler where it has one: ``jax.jit``, ``torch.compile``,
        ``tf.function`` with XLA, for elementwise chains that are no kernel already ``cupy.fuse``, and for NumPy's
        arrays numba where it is installed. The first call takes long then, results may differ in their last digits,
        and loops over a size known only at run time are compiled anew for each. None is what `set_jit` has chosen: at
        first ``jax.jit`` on JAX, and no compiler elsewhere. 'auto' compiles what runs often enough, and keeps what
        proves faster. ``f.stages`` shows what is compiled, and what runs call by call because it was refused.
    passes : sequence of str, optional
        The passes of the compiler to run; all by default.
    explain : bool, optional
        Whether to print the program after each pass, as ``f.stages`` gives it.
    **kwargs : object
        Refused, as Keras does.

    Returns
    -------
    Function
        Its result is a list, a tuple or one array, as `outputs` is.

    Raises
    ------
    ValueError
        At once, when a placeholder the outputs need is missing, and for unknown keywords and names of passes. At a
        call, for a value of the wrong shape, naming the placeholder, and when a new value has another shape than its
        variable.
    TypeError
        At a call, for a value of the wrong kind, naming the placeholder.

    Notes
    -----
    Values: they are cast to their placeholders' dtypes. NumPy arrays and numbers in, NumPy out; an array of another
    library in, arrays of that library out. No output shares memory with what was fed, with a variable or with another
    output.

    Updates: outputs and new values are computed from the state before the call. All updates are committed or none, in
    one step that no signal splits; after an error, no variable has changed. Threads run a function that has updates
    one at a time.

    References
    ----------
    Keras 2.3.1, ``keras.backend.function``.

    Examples
    --------
    >>> x, total = K.placeholder((2,)), K.variable(0.0)
    >>> f = K.function([x], [K.square(x), total], updates=[K.update_add(total, K.sum(x))])
    >>> f([[2.0, 3.0]])
    [array([4., 9.], dtype=float32), array(0., dtype=float32)]
    >>> K.get_value(total)
    array(5., dtype=float32)
    """
    if kwargs:
        raise ValueError(f"function: unknown argument {next(iter(kwargs))!r} passed to K.function")
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"function: inputs is {given(inputs)}, expected a list of placeholders")
    sparse = {len(_dense(inputs[:i])): t for i, t in enumerate(inputs) if isinstance(t, SparsePlaceholder)}
    inputs = _dense(inputs)
    for t in inputs:
        if not isinstance(t, Tensor):
            raise TypeError(f"function: inputs holds {given(t)}, expected placeholders")
    if not isinstance(updates, (list, tuple, type(None))):
        raise TypeError(f"function: updates is {given(updates)}, expected a list of updates")
    if isinstance(passes, str):
        raise TypeError(f"function: passes is {passes!r}, expected a list of names")
    single = not isinstance(outputs, (list, tuple))
    roots = [tensor(to_dense(t)) for t in ([outputs] if single else outputs)]
    extra, effects = _updates(updates or ())
    structure = _only if single else tuple if isinstance(outputs, tuple) else list
    chosen = setting("jit") if jit is None else jit_choice("function", "jit", jit)
    with no_collection():
        found = effects_of([*roots, *extra, *(e.new for e in effects)])
        made = Function(inputs, roots, [*found, *effects], name, structure, sparse, chosen, passes)
    if explain:
        print(made.stages)
    return made


def _dense(inputs: Sequence[Any]) -> list[Any]:
    """The inputs with the placeholders that a sparse one consists of in its place."""
    return [part for t in inputs for part in (t.placeholders if isinstance(t, SparsePlaceholder) else (t,))]


def _only(results: list[Any]) -> Any:
    return results[0]


def _updates(updates: Sequence[Any]) -> tuple[list[Tensor], list[Effect]]:
    """Update ops to evaluate, and effects given as (variable, new value) pairs."""
    ops, pairs = [], []
    for each in updates:
        if isinstance(each, Tensor):
            ops.append(each)
        elif isinstance(each, (list, tuple)) and len(each) == 2 and isinstance(each[0], Variable):
            variable = each[0]
            if not is_array_like(each[1]):
                raise TypeError(
                    f"function: updates gives {variable.name} the new value {shown(each[1])}, "
                    "expected a tensor, an array or a number"
                )
            new = tensor(each[1])
            pairs.append(
                Effect(
                    variable,
                    new if new.dtype == variable.dtype else new.__array_namespace__().astype(new, variable.dtype),
                )
            )
        else:
            raise TypeError(f"function: updates holds {each!r}, expected update ops or (variable, new value) pairs")
    return ops, pairs


@operation
def eval(x: Any, feed_dict: Any = None, session: Any = None) -> Any:  # noqa: A001 - Keras's name
    """The value of a tensor, variable or update op, which runs.

    Parameters
    ----------
    x : array
        Arrays and numbers pass through.
    feed_dict : dict, optional
        Values by placeholder.
    session : object, optional
        Accepted for old programs and not used.

    Returns
    -------
    numpy.ndarray
        Where an array of another library was fed, one of that library.

    Raises
    ------
    ValueError
        Naming the placeholder a value is missing for.
    TypeError
        For what is no number, and for keys of `feed_dict` that are no tensors.

    References
    ----------
    Keras 2.3.1, ``keras.backend.eval``; `feed_dict` as in TensorFlow's ``Tensor.eval``.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> K.eval(K.sum(K.square(x)), {x: [3.0, 4.0]})
    array(25., dtype=float32)
    """
    if isinstance(x, Sparse):
        return x.eval(feed_dict)
    if isinstance(x, Variable) and not feed_dict:
        return np.array(host(x.array))
    if not isinstance(x, Tensor):
        if not is_array_like(x):
            raise TypeError(f"eval: x is {shown(x)}, expected a tensor, an array or a number")
        if isinstance(x, (list, tuple)) and any(isinstance(t, Tensor) for t in flat(x)):
            raise TypeError("eval: x is a list of tensors, expected one tensor; compile several by K.function([], x)")
        return host(x) if is_array(x) else np.asarray(x)
    if x.held is not None and not feed_dict:
        return np.array(host(x.held))
    feeds = {} if feed_dict is None else _feeds(feed_dict)
    key = tuple(map(id, feeds))
    cache: dict[Any, Any] = x.__dict__.setdefault("_evaluators", {})
    if key not in cache:
        cache[key] = Function(list(feeds), [x], effects_of([x]), "eval")
    return cache[key](list(feeds.values()))[0]


def _feeds(feed_dict: Any) -> dict[Tensor, Any]:
    """The values by placeholder, those of the placeholders that a sparse one consists of in its place."""
    if not isinstance(feed_dict, Mapping):
        raise TypeError(f"eval: feed_dict is {shown(feed_dict)}, expected a dictionary of placeholders and values")
    feeds: dict[Tensor, Any] = {}
    for fed, value in feed_dict.items():
        if isinstance(fed, SparsePlaceholder):
            feeds.update(zip(fed.placeholders, fed.feeds(value), strict=True))
        elif isinstance(fed, Tensor):
            feeds[fed] = value
        else:
            raise TypeError(f"eval: feed_dict has the key {shown(fed)}, expected placeholders")
    return feeds


def _eval_method(self: Tensor, feed_dict: Any = None, session: Any = None) -> Any:
    """The tensor's value: ``K.eval(self)``.

    Parameters
    ----------
    feed_dict : dict, optional
        Values by placeholder.
    session : object, optional
        Not used.

    Returns
    -------
    numpy.ndarray
        As `K.eval` gives it.

    Examples
    --------
    >>> (K.variable([1.0, 2.0]) * 3.0).eval()
    array([3., 6.], dtype=float32)
    """
    return eval(self, feed_dict, session)


# a tensor cannot know of functions, which are made of tensors
Tensor.eval = _eval_method  # type: ignore[assignment, method-assign]
