"""Composite operations: kept whole in a graph, defined like any other, replaceable by a library's own kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import config
from ..arrays import namespaces
from ..arrays.namespaces import namespace_of
from ..arrays.registry import NAMESPACE_OF_TYPE
from ..kernels.lookup import backed, kernels_of
from .dims import Dim
from .primitives import Primitive, Product
from .recording import tensor
from .shape_rules import broadcast
from .tensor import Effect, Spec, Tensor, record, spec

__all__ = ["COMPOSITES", "Composite", "Product", "composite", "effectful", "elementwise", "only_wanted", "spec"]

COMPOSITES: dict[str, Composite] = {}
_PLAIN = frozenset([bool, int, float, str, type(None)])  # most parameters


class Composite:
    """An operation that stays one call in a graph.

    Positional arguments are arrays, tuples of arrays, or None; keyword arguments are parameters. On native arrays the
    library's kernel of the same name runs where there is one, else the definition; on symbolic tensors the call is
    recorded. Its gradient is the rule given with `vjp`, else that of its definition. `facts` are attributes of
    `Primitive`: what the compiler needs to know of the operation.

    A definition with the parameter `residuals`, False by default, gives more outputs where it is True: what the
    forward pass computed and the gradient can use. A recorded call has them, since a gradient may follow; the prune
    rule drops them where nothing reads them.
    """

    def __init__(self, definition: Callable[..., Any], **facts: Any) -> None:
        self.definition = definition
        self.__name__ = definition.__name__.removesuffix("_")  # softmax_ beside the public softmax is called softmax
        self.__doc__ = definition.__doc__
        self.__wrapped__ = definition
        self.__module__ = definition.__module__
        self.vjp_rule: Callable[..., Any] | None = None
        self.shape_rule: Callable[..., Any] | None = None
        self.prune_rule: Callable[..., Any] | None = None
        self.primitive = Primitive(name=self.__name__, **facts)
        self.has_residuals = "residuals" in (definition.__kwdefaults__ or {})
        self._bound: dict[tuple[Any, bool], Callable[..., Any]] = {}
        COMPOSITES[self.__name__] = self

    def __repr__(self) -> str:
        return f"<composite {self.__name__}>"

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the gradient rule: rule(g, out, *args, **kwargs) -> one cotangent per positional argument.

        The rule of a composite with bodies is a task, a generator that yields the backward passes it needs.
        """
        self.vjp_rule = rule
        return rule

    def shape(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the shape rule: rule(*args, **kwargs) -> a shape of the first array's dtype, a spec or several specs."""
        self.shape_rule = rule
        return rule

    def prune(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Say how to do without unused outputs: rule(live, *args, **kwargs) -> (args, kwargs, indices still given)."""
        self.prune_rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        xp = NAMESPACE_OF_TYPE.get(type(args[0])) if len(args) == 1 else None  # the common case, without a detour
        if xp is None:
            xp = _shared(args)
        if xp is not None and xp is not namespaces.recorder:
            for value in kwargs.values():
                if type(value) not in _PLAIN and _symbolic((value,)):
                    break
            else:
                return self.bound(xp)(*args, **kwargs)
        return self.record(args, kwargs)  # symbolic arguments, or Python values and sizes alone

    def compiled(self, xp: Any, kernels: Any) -> Callable[..., Any]:
        """What runs where `kernels`, a module of compiled ones, come before the library's own."""
        kernel = getattr(kernels, self.__name__, None)
        return self.bound(xp) if kernel is None else backed(kernel, self.bound(xp))

    def bound(self, xp: Any) -> Callable[..., Any]:
        """What runs on arrays of a namespace: the kernel, backed by the definition, or the definition."""
        key = (getattr(xp, "__name__", None) or id(xp), config.setting("kernels"))  # as _label, without a call
        try:
            return self._bound[key]
        except KeyError:
            kernel = getattr(kernels_of(xp), self.__name__, None) if key[1] else None
            bound = self._bound[key] = self.definition if kernel is None else backed(kernel, self.definition)
            return bound

    def record(self, args: tuple[Any, ...], kwargs: dict[str, Any], effects: tuple[Effect, ...] = ()) -> Any:
        """Record the call, arrays among the arguments as constants; `effects` are what it does to variables."""
        args = tuple(_as_tensors(a) for a in args)
        if self.has_residuals:
            kwargs = {**kwargs, "residuals": kwargs.get("residuals", True)}
        return record(self, args, kwargs, self.specs(args, kwargs), effects)

    def specs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The shapes and dtypes of the result: by the shape rule, else by recording the definition."""
        if self.shape_rule is None:
            result = self.definition(*args, **kwargs)
            return result.spec if isinstance(result, Tensor) else tuple(r.spec for r in result)
        shape = self.shape_rule(*args, **kwargs)
        if isinstance(shape, Spec) or (shape and isinstance(shape[0], Spec)):
            return shape if isinstance(shape, Spec) else tuple(shape)
        return spec(shape, next(a for a in _flat(args) if isinstance(a, Tensor)).dtype)


def _shared(values: Any) -> Any:
    """The namespace of the first array among values and in tuples of them; the recorder where one is symbolic."""
    found = None
    for value in values:
        xp = NAMESPACE_OF_TYPE.get(type(value))
        if xp is None and value is not None:
            xp = (
                _shared(value)
                if isinstance(value, (tuple, list))
                else namespaces.recorder
                if isinstance(value, Dim)
                else namespace_of(value)
            )
        if xp is namespaces.recorder and xp is not None:
            return xp
        found = found or xp
    return found


def _flat(args: Any) -> list[Any]:
    return [v for a in args for v in (_flat(a) if isinstance(a, (tuple, list)) else (a,))]


def _symbolic(values: Any) -> bool:
    """Whether one of the values, or in a tuple of them, is symbolic."""
    for value in values:
        if type(value) not in _PLAIN and (
            _symbolic(value) if isinstance(value, (tuple, list)) else isinstance(value, (Tensor, Dim))
        ):
            return True
    return False


def _as_tensors(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(_as_tensors(v) for v in value)
    return value if value is None or isinstance(value, Dim) or callable(value) else tensor(value)


def only_wanted(
    live: set[int], *args: Any, wanted: tuple[int, ...], **how: Any
) -> tuple[tuple[Any, ...], dict[str, Any], list[int]]:
    """The prune rule of a call that gives what its parameter `wanted` lists: it lists no more than is read."""
    kept = sorted(live)
    return args, {**how, "wanted": tuple(wanted[i] for i in kept)}, kept


def composite(definition: Callable[..., Any] | None = None, /, **facts: Any) -> Any:
    """Make an operation a composite: `@composite`, or `@composite(fresh=True)` with facts about it."""
    if definition is None:
        return lambda definition: Composite(definition, **facts)
    return Composite(definition, **facts)


def elementwise(definition: Callable[..., Any] | None = None, /, *, fresh: bool = True, **facts: Any) -> Any:
    """Make a composite of arrays that works element by element; the result has the dtype of the last of them."""
    if definition is None:
        return lambda definition: elementwise(definition, fresh=fresh, **facts)
    made = Composite(definition, elementwise=True, fresh=fresh, **facts)

    @made.shape
    def _(*args: Any) -> Spec:
        shapes = [None if x.spec.shape is None else x.sizes for x in args]
        return spec(
            None if None in shapes else broadcast(made.__name__, *(s for s in shapes if s is not None)), args[-1].dtype
        )

    return made


def effectful(definition: Callable[..., Any]) -> Composite:
    """Make a composite that gives its argument and does something at each evaluation, such as print."""
    return Composite(definition, pure=False, view=True)
