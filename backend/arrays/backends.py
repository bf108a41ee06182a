"""The selector: which library and device K is bound to."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib
import importlib.metadata
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .. import config
from .dtypes import dtype_name, learn_dtypes
from .extras import needs
from .namespaces import canonical_namespace, describe, host, is_array, namespace_of, plain
from .openers import ALIASES, BUILT_IN, EXTRAS, REPRODUCIBLE

__all__ = [
    "Backend",
    "BackendHandle",
    "BackendStatus",
    "active",
    "backend",
    "get_backend",
    "list_backends",
    "register_backend",
    "set_backend",
    "use_backend",
]

# Functions of the standard that operations are built on; registering a namespace that lacks one is a TypeError.
REQUIRED = (
    "abs add all any arange argmax argmin argsort asarray astype broadcast_to concat cos divide equal exp "
    "expand_dims eye floor full greater isnan less log logical_and logical_not matmul max maximum mean min "
    "minimum multiply ones permute_dims prod reshape sin sort sqrt squeeze stack subtract sum take tanh "
    "tensordot where zeros"
).split()

MOST_NAMED = 10  # functions that the message about a namespace without them names


# ---- a library bound to a device ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backend:
    """An array namespace and a device to create arrays on.

    Parameters
    ----------
    name : str
        Such as 'numpy' or 'torch:cuda:0'.
    xp : namespace
        The functions of the standard.
    device : object, optional
        The library's own device; None for its default.
    executor : object, optional
        What compiles functions in place of the library itself, as PyTensor does for NumPy's arrays.

    Notes
    -----
    It is immutable. Two are equal when name and device are. `get_backend` and `register_backend` make them.

    Examples
    --------
    >>> numpy = K.get_backend("numpy")
    >>> numpy.name, numpy.xp.asarray([1.0, 2.0])
    ('numpy', array([1., 2.]))
    """

    name: str
    xp: Any = field(compare=False)
    device: Any = None
    executor: Any = field(default=None, compare=False)

    def asarray(self, value: Any, dtype: str | None = None) -> Any:
        """An array of this backend from host data or from an array of any library.

        Parameters
        ----------
        value : array
        dtype : str, optional
            The name of the dtype; that of the value by default.

        Returns
        -------
        array

        Raises
        ------
        TypeError
            When the library lacks the dtype.

        Examples
        --------
        >>> K.get_backend("numpy").asarray([1, 2], "float32")
        array([1., 2.], dtype=float32)
        """
        value = plain(value)
        if namespace_of(value) is not self.xp and is_array(value):
            value = host(value)
        if isinstance(value, (np.ndarray, np.generic)) and self.xp is not namespace_of(value):
            value = np.ascontiguousarray(value) if value.ndim else np.asarray(value)
            value.flags.writeable or (value := value.copy())
            if value.dtype.name == "bfloat16":  # of ml_dtypes, which other libraries do not take; float32 holds each
                value, dtype = value.astype(np.float32), dtype or "bfloat16"
        # A zero without axes goes as one element: CuPy writes it as a fill, which drops the sign of zero.
        zero = isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind in "fc" and not value
        value = value.reshape(1) if zero else value
        wanted = None if dtype is None else self.dtype(dtype)
        try:
            array = self.xp.asarray(value, dtype=wanted, device=self.device)
        except TypeError:
            if not isinstance(value, np.ndarray):
                raise
            # array_api_strict takes no NumPy array of another dtype: convert on the host
            array = self.xp.asarray(value if dtype is None else value.astype(dtype), device=self.device)
        if dtype is not None and dtype_name(array.dtype) != dtype:
            raise TypeError(f"backend {self.name!r} has no dtype {dtype} (it gave {dtype_name(array.dtype)} instead)")
        return self.xp.reshape(array, ()) if zero else array

    def dtype(self, name: str) -> Any:
        """The namespace's own dtype object of that name.

        Parameters
        ----------
        name : str

        Returns
        -------
        object

        Raises
        ------
        TypeError
            When the namespace has none.

        Examples
        --------
        >>> K.get_backend("numpy").dtype("float32")
        <class 'numpy.float32'>
        """
        found = getattr(self.xp, name, None)
        if found is None:
            raise TypeError(f"backend {self.name!r} has no dtype {name}")
        return found

    @functools.cached_property
    def quiet(self) -> Callable[[], contextlib.AbstractContextManager[Any]]:
        """A context manager that silences NumPy's floating-point warnings: the edge values are specified here."""
        library = describe(self.xp).removeprefix(f"{REPRODUCIBLE}:")
        return _silence if library in ("numpy", "array_api_strict", "dask.array") else contextlib.nullcontext


class _Quiet(threading.local):
    """A context per thread in which NumPy gives no floating-point warnings; kept, since making one takes 0.5 µs."""

    def __init__(self) -> None:
        self.entered = False
        with np.errstate(all="ignore"):
            self.context = contextvars.copy_context()


_quiet = _Quiet()


def quietly(function: Callable[..., Any], *args: Any) -> Any:
    """function(*args) on NumPy arrays, without NumPy's floating-point warnings."""
    if _quiet.entered:
        return function(*args)
    _quiet.entered = True
    try:
        return _quiet.context.run(function, *args)
    finally:
        _quiet.entered = False


def _silence() -> contextlib.AbstractContextManager[Any]:
    return np.errstate(all="ignore")


class BackendStatus(NamedTuple):
    """One line of `list_backends`.

    Parameters
    ----------
    name : str
    installed : bool
    usable : bool
        Whether it works here.
    why_not : str
        Empty where it works.

    Examples
    --------
    >>> K.list_backends()[0]
    BackendStatus(name='numpy', installed=True, usable=True, why_not='')
    """

    name: str
    installed: bool
    usable: bool
    why_not: str


_registered: dict[str, Backend] = {}


def get_backend(spec: str | Backend | None = None) -> Backend:
    """The backend for a specification.

    Parameters
    ----------
    spec : str or Backend, optional
        Such as 'numpy', 'torch:cuda:0' or a module's dotted path. None for the active one.

    Returns
    -------
    Backend

    Raises
    ------
    ValueError
        For an unknown name, a missing device, and a library without its hardware.
    ImportError
        For a library that is not installed.
    TypeError
        For a module that lacks functions of the standard.

    References
    ----------
    This library.

    Examples
    --------
    >>> K.get_backend("numpy").name
    'numpy'
    >>> with K.use_backend("numpy"):
    ...     K.get_backend() is K.get_backend("numpy")
    True
    """
    return active() if spec is None else _found("get_backend", spec)


def _found(function: str, spec: Any) -> Backend:
    """The backend for a specification; errors name the function that was given it."""
    if isinstance(spec, Backend):
        return spec
    if not isinstance(spec, str) or not spec:
        raise ValueError(f"{function}: spec is {spec!r}, expected a name such as 'numpy' or 'torch:cuda:0'")
    try:
        return _registered.get(spec) or _opened.get(spec) or _open(str(spec))
    except (ValueError, ImportError, TypeError) as error:
        raise type(error)(f"{function}: {error}") from None


_opened: dict[str, Backend] = {}


def _open(spec: str) -> Backend:
    name, _, device = spec.partition(":")
    library = name if name in _registered else ALIASES.get(name, name)
    if library in _registered:
        return _with_device(_registered[library], spec, device)
    if library == REPRODUCIBLE:
        opened = _reproducible(spec, device)
        learn_dtypes(opened.xp)
        _opened[spec] = opened
        return opened
    if library in BUILT_IN:
        if importlib.util.find_spec(library) is None:
            raise ImportError(needs(f"backend {spec!r}", library, EXTRAS[library]))
        opened = Backend(spec, *BUILT_IN[library](device))
    elif entry := _entry_points().get(library):
        opened = _adapt(spec, entry.load())
    else:
        opened = Backend(spec, _import_namespace(library))
        opened = _with_device(opened, spec, device)
    learn_dtypes(opened.xp)
    _opened[spec] = opened
    return opened


def _reproducible(spec: str, base: str) -> Backend:
    """The reproducible mode over another backend."""
    from ..reproducible.namespace import reproducible

    if not base:
        raise ValueError(
            f"backend {spec!r}: name the library, as in 'reproducible:numpy' or 'reproducible:torch:cuda:0'"
        )
    below = _registered.get(base) or _opened.get(base) or _open(base)
    if below.executor is not None:
        raise ValueError(f"backend {spec!r}: {below.name} compiles functions, which then round as its rewrites have it")
    try:
        return Backend(spec, reproducible(below.xp, below.device), below.device)
    except ValueError as error:
        raise ValueError(f"backend {spec!r}: {error}") from None


def _with_device(found: Backend, spec: str, device: str) -> Backend:
    if not device:
        return found
    for candidate in found.xp.__array_namespace_info__().devices():
        if device in (str(candidate), repr(candidate)):
            return Backend(spec, found.xp, candidate)
    raise ValueError(f"backend {spec!r}: {found.name} has no device {device!r}")


def _entry_points() -> dict[str, Any]:
    return {entry.name: entry for entry in importlib.metadata.entry_points(group="array_api_backend")}


def _import_namespace(path: str) -> Any:
    try:
        found = importlib.util.find_spec(path)
    except (ImportError, ValueError):
        found = None
    if found is None:
        known = ", ".join(dict.fromkeys([*BUILT_IN, *_registered, *_entry_points()]))
        raise ValueError(
            f"backend {path!r}: no such name or module; there is {known}, "
            "or any importable array API namespace by its dotted path"
        )
    return _checked(path, canonical_namespace(importlib.import_module(path)))


def _checked(name: str, xp: Any) -> Any:
    if missing := [function for function in REQUIRED if not hasattr(xp, function)]:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        named = ", ".join(missing[:MOST_NAMED]) + more
        raise TypeError(f"backend {name!r}: {describe(xp)} is no array API namespace; it lacks {named}")
    return xp


def register_backend(name: str, backend: Any, activate: bool = False) -> Backend:
    """Register an array namespace under a name.

    Parameters
    ----------
    name : str
        A second registration replaces the first.
    backend : object
        A module or object with the standard's functions, an object with an attribute ``xp`` (and perhaps ``device``)
        or a method ``__array_namespace__``, or a class of such objects, which is instantiated.
    activate : bool, optional
        Whether to call `set_backend` with it.

    Returns
    -------
    Backend
        Made of the namespace.

    Raises
    ------
    TypeError
        For an object that lacks functions of the standard, which it lists.

    References
    ----------
    The array API standard's section on the array namespace; Keras's request for pluggable backends.

    Examples
    --------
    >>> import array_api_strict
    >>> strict = K.register_backend("my_library", array_api_strict)
    >>> with K.use_backend("my_library"):
    ...     K.backend(), type(K.variable([1.0]).array).__module__.partition(".")[0]
    ('my_library', 'array_api_strict')
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"register_backend: name is {name!r}; expected a non-empty string")
    if activate not in (True, False):
        raise TypeError(f"register_backend: activate is {activate!r}, expected True or False")
    try:
        adapted = _adapt(name, backend)
    except TypeError as error:
        raise TypeError(f"register_backend: {error}") from None
    learn_dtypes(adapted.xp)
    _registered[name] = adapted
    if activate:
        set_backend(name)
    return adapted


def _adapt(name: str, given: Any) -> Backend:
    source = given() if isinstance(given, type) else given
    xp = getattr(source, "xp", None)
    if isinstance(xp, str):
        inner = get_backend(xp)
        return Backend(name, inner.xp, getattr(source, "device", inner.device))
    if xp is None and hasattr(source, "__array_namespace__"):
        xp = source.__array_namespace__()
    return Backend(
        name, _checked(name, canonical_namespace(source if xp is None else xp)), getattr(source, "device", None)
    )


# ---- which backend is active ----------------------------------------------------------------------------------

_context: contextvars.ContextVar[Backend | None] = contextvars.ContextVar("backend", default=None)
_process: Backend | None = None  # the process-wide choice, once there is one


def active() -> Backend:
    """The backend in force.

    Returns
    -------
    Backend
        That of the innermost `use_backend`, else of `set_backend`, of the environment's K_BACKEND, of the config file,
        else NumPy.

    References
    ----------
    This library.

    Examples
    --------
    >>> with K.use_backend("array_api_strict"):
    ...     K.active().name
    'array_api_strict'
    """
    return _context.get() or _process or _default()


def _default() -> Backend:
    """The backend of the environment or the config file, from now on the process-wide choice."""
    spec = os.environ.get("K_BACKEND")
    if not spec:
        return set_backend(config.setting("backend") or "numpy")
    try:
        return set_backend(spec)
    except (ValueError, ImportError, TypeError) as error:
        raise type(error)(f"K_BACKEND={spec}: {error}") from error


def set_backend(spec: str | Backend) -> Backend:
    """Bind creation functions and variables to another library or device, in every thread.

    Parameters
    ----------
    spec : str or Backend
        As in `get_backend`.

    Returns
    -------
    Backend

    Raises
    ------
    ValueError
        For an unknown name or missing hardware; nothing changes then.
    ImportError
        For a library that is not installed; nothing changes then.
    TypeError
        For a module that lacks functions of the standard; nothing changes then.

    References
    ----------
    This library.

    Examples
    --------
    >>> before = K.get_backend()
    >>> K.set_backend("array_api_strict").name
    'array_api_strict'
    >>> type(K.zeros(2).array).__module__.partition(".")[0]
    'array_api_strict'
    >>> K.set_backend(before) is before
    True
    """
    global _process
    _process = _found("set_backend", spec)
    return _process


@contextlib.contextmanager
def use_backend(spec: str | Backend) -> Iterator[Backend]:
    """Bind another library or device within a ``with`` block, in this thread or task only.

    Parameters
    ----------
    spec : str or Backend
        As in `get_backend`.

    Yields
    ------
    Backend

    Raises
    ------
    ValueError, ImportError, TypeError
        As in `set_backend`.

    References
    ----------
    This library.

    Examples
    --------
    >>> with K.use_backend("array_api_strict"):
    ...     w = K.variable([1.0, 2.0])
    >>> w.backend.name
    'array_api_strict'
    """
    token = _context.set(_found("use_backend", spec))
    try:
        yield _context.get()  # type: ignore[misc]
    finally:
        _context.reset(token)


def list_backends() -> list[BackendStatus]:
    """Every backend by name: whether it is installed, whether it works here, and if not, why.

    Returns
    -------
    list of BackendStatus

    Notes
    -----
    This imports each installed library.

    References
    ----------
    This library.

    Examples
    --------
    >>> {b.name: b.usable for b in K.list_backends()}["numpy"]
    True
    """
    rows = []
    names = list(dict.fromkeys([*BUILT_IN, *_registered, *_entry_points()]))
    for name in [*names, *(f"{REPRODUCIBLE}:{name}" for name in names)]:
        below = name.removeprefix(f"{REPRODUCIBLE}:")
        installed = below in _registered or below not in BUILT_IN or importlib.util.find_spec(below) is not None
        try:
            get_backend(name)
            rows.append(BackendStatus(name, installed, True, ""))
        except (ValueError, ImportError, TypeError) as error:
            rows.append(BackendStatus(name, installed, False, str(error)))
    return rows


class BackendHandle(str):
    """The active backend's name; its other attributes are those of K.

    Examples
    --------
    >>> handle = K.backend()
    >>> handle == K.active().name, handle.sum(np.ones(3))
    (True, np.float64(3.0))
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(sys.modules[__name__.partition(".")[0]], name)


def backend() -> str:
    """The name of the active backend, with the functions of K as its attributes.

    Returns
    -------
    BackendHandle
        A str.

    References
    ----------
    Keras 2.3.1, ``keras.backend.backend``; the attributes are this library's, for programs written
    ``K.backend().set_floatx(...)``.

    Examples
    --------
    >>> with K.use_backend("numpy"):
    ...     K.backend() == "numpy", K.backend().floatx()
    (True, 'float32')
    """
    return BackendHandle(active().name)
