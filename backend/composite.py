"""Composite operations: kept whole in a graph, defined like any other, replaceable by a library's own kernel."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from . import config, namespaces
from .namespaces import _NAMESPACE_OF, describe, namespace_of
from .symbolic.recording import tensor
from .symbolic.shapes import broadcast
from .symbolic.sizes import Size
from .symbolic.tensor import Spec, Tensor, record, spec

__all__ = ["COMPOSITES", "Composite", "acting", "chain_planner", "composite", "elementwise", "kernels_enabled",
           "only_wanted", "program_compiler", "set_kernels", "spec"]

COMPOSITES: dict[str, Composite] = {}
_PLAIN = frozenset([bool, int, float, str, type(None)])  # most parameters


class Composite:
    """An operation that stays one call in a graph.

    Positional arguments are arrays, tuples of arrays, or None; keyword arguments are parameters. On native arrays the
    library's kernel of the same name runs where there is one, else the definition; on symbolic tensors the call is
    recorded. Its gradient is the rule given with `vjp`, else that of its definition.
    """

    def __init__(self, definition: Callable[..., Any], pure: bool = True) -> None:
        self.definition = definition
        self.pure = pure  # whether a call on constants may be worked out once and for all
        self.__name__ = definition.__name__
        self.__doc__ = definition.__doc__
        self.__wrapped__ = definition
        self.__module__ = definition.__module__
        self.vjp_rule: Callable[..., Any] | None = None
        self.shape_rule: Callable[..., Any] | None = None
        self.prune_rule: Callable[..., Any] | None = None
        self.rewrite_rule: Callable[..., Any] | None = None
        self.elementwise = False  # whether the result at a place depends on the arguments there alone
        self._bound: dict[tuple[Any, bool], Callable[..., Any]] = {}
        COMPOSITES[self.__name__] = self

    def __repr__(self) -> str:
        return f"<composite {self.__name__}>"

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the gradient rule: rule(g, out, *args, **kwargs) -> one cotangent per positional argument."""
        self.vjp_rule = rule
        return rule

    def shape(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the shape rule: rule(*args, **kwargs) -> a shape of the first array's dtype, a spec or several specs."""
        self.shape_rule = rule
        return rule

    def prune(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Say how to do without unused outputs: rule(live, *args, **kwargs) -> (args, kwargs, indices still given).

        One index, not in a list, says that the call then gives that output alone, and no tuple.
        """
        self.prune_rule = rule
        return rule

    def rewrite(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Say how to compile it better: rule(*args, **kwargs) -> the outputs put together otherwise, or None."""
        self.rewrite_rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        xp = _NAMESPACE_OF.get(type(args[0])) if len(args) == 1 else None  # the common case, without a detour
        if xp is None:
            xp = _shared(args)
        if xp is not None and xp is not namespaces.recorder:
            for value in kwargs.values():
                if type(value) not in _PLAIN and _symbolic((value,)):
                    break
            else:
                return self.bound(xp)(*args, **kwargs)
        return self.record(args, kwargs)  # symbolic arguments, or Python values and sizes alone

    def bound(self, xp: Any) -> Callable[..., Any]:
        """What runs on arrays of a namespace: the kernel, backed by the definition, or the definition."""
        key = (getattr(xp, "__name__", None) or id(xp), config.setting("kernels"))  # as _label, without a call
        try:
            return self._bound[key]
        except KeyError:
            kernel = getattr(_kernels_of(xp), self.__name__, None) if key[1] else None
            bound = self._bound[key] = self.definition if kernel is None else _backed(kernel, self.definition)
            return bound

    def record(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record the call, arrays among the arguments as constants."""
        args = tuple(_as_tensors(a) for a in args)
        return record(self, args, kwargs, self.specs(args, kwargs))

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
        xp = _NAMESPACE_OF.get(type(value))
        if xp is None and value is not None:
            xp = _shared(value) if isinstance(value, (tuple, list)) else \
                namespaces.recorder if isinstance(value, Size) else namespace_of(value)
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
                _symbolic(value) if isinstance(value, (tuple, list)) else isinstance(value, (Tensor, Size))):
            return True
    return False


def _as_tensors(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(_as_tensors(v) for v in value)
    return value if value is None or isinstance(value, Size) or callable(value) else tensor(value)


def only_wanted(live: set[int], *args: Any, wanted: tuple[int, ...],
                **how: Any) -> tuple[tuple[Any, ...], dict[str, Any], list[int]]:
    """The prune rule of a call that gives what its parameter `wanted` lists: it lists no more than is read."""
    kept = sorted(live)
    return args, {**how, "wanted": tuple(wanted[i] for i in kept)}, kept


def composite(definition: Callable[..., Any]) -> Composite:
    """Make an operation a composite."""
    return Composite(definition)


def elementwise(definition: Callable[..., Any]) -> Composite:
    """Make a composite of arrays that works element by element; the result has the dtype of the last of them."""
    made = Composite(definition)
    made.elementwise = True

    @made.shape
    def _(*args: Any) -> Spec:
        shapes = [None if x.spec.shape is None else x.sizes for x in args]
        return spec(None if None in shapes else broadcast(made.__name__, *(s for s in shapes if s is not None)),
                    args[-1].dtype)

    return made


def acting(definition: Callable[..., Any]) -> Composite:
    """Make a composite that does something at each evaluation, such as print."""
    return Composite(definition, pure=False)


# ---- kernels: found by name, in the module named after the library

_modules: dict[Any, Any] = {}


def kernels_enabled() -> bool:
    """Whether libraries' own kernels replace definitions (default), where there are any.

    Source: this library.
    """
    return config.setting("kernels")


def program_compiler(xp: Any) -> Callable[..., Any]:
    """The library's own compiler of programs, jit(scope, name, chains) -> function, or one that hands them back.

    `scope` has the functions of an executed program; `chains` names those that work element by element.
    """
    return getattr(_kernels_of(xp), "jit", None) or (lambda scope, name, chains: scope[name])


def chain_planner(xp: Any) -> Callable[..., Any] | None:
    """The library's own way to write an elementwise chain into given memory, chain(body, arrays, shape), or None."""
    return getattr(_kernels_of(xp), "chain", None) if kernels_enabled() else None


def set_kernels(enabled: bool) -> None:
    """Switch all kernels on or off; results stay within the same bounds, only speed changes.

    Source: this library.
    """
    config.change("kernels", bool(enabled))


def _label(xp: Any) -> Any:
    """What tells namespaces apart: their names, since torch.compile can follow neither ids nor modules as keys."""
    return getattr(xp, "__name__", None) or id(xp)


def _kernels_of(xp: Any) -> Any:
    """The kernel module of a namespace's library, or None."""
    label = _label(xp)
    if label not in _modules:
        name = f"{__package__}.kernels.{describe(xp).partition('.')[0]}"
        found = xp is not namespaces.recorder and importlib.util.find_spec(name)
        _modules[label] = importlib.import_module(name) if found else None
    return _modules[label]


def _backed(kernel: Callable[..., Any], definition: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that hands over to the definition where it declines."""

    def run(*args: Any, **kwargs: Any) -> Any:
        result = kernel(*args, **kwargs)
        return definition(*args, **kwargs) if result is NotImplemented else result

    return run
