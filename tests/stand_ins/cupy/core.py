"""The stand-in's array: NumPy's memory with CuPy's manners."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from .cuda.device import Device, current
from .traffic import note

__all__ = ["PYTHON_NUMBERS", "array", "asnumpy", "ndarray", "unwrapped", "wrapped"]

PYTHON_NUMBERS = (bool, int, float, complex)
DTYPE_KINDS = "biufc"


class Flags:
    """What CuPy's arrays say of their memory."""

    def __init__(self, host: Any) -> None:
        self.c_contiguous = host.flags.c_contiguous
        self.f_contiguous = host.flags.f_contiguous
        self.owndata = host.base is None


class ndarray:  # noqa: N801 - CuPy's name
    """An array on a device that does not exist; whatever would wait for the device is counted."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_host", "_number")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100

    def __init__(self, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None, order: str = "C"):
        if memptr is not None or strides is not None:
            raise NotImplementedError("the stand-in makes arrays of new memory only")
        self._host = np.empty(shape, checked_dtype(dtype), order)
        self._number = current()

    # ---- facts, which the host knows -------------------------------------------------------------------------

    shape = property(lambda self: self._host.shape)
    strides = property(lambda self: self._host.strides)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    flags = property(lambda self: Flags(self._host))
    device = property(lambda self: Device(self._number))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    # ---- to the host: counted --------------------------------------------------------------------------------

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> Any:
        """A copy in host memory."""
        note("copy")
        return self._host.copy(order)

    def _value(self) -> Any:
        note("value")
        if self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous.")
        return self._host.item()  # a Python number: float() of a complex one is a TypeError

    def __bool__(self) -> bool:
        if self.size == 0:
            note("value")
            return False
        return bool(self._value())

    def __int__(self) -> int:
        return int(self._value())

    def __float__(self) -> float:
        return float(self._value())

    def __complex__(self) -> complex:
        return complex(self._value())

    def item(self, *args: Any) -> Any:
        """An element as a Python number."""
        note("value")
        return self._host.item(*args)

    def tolist(self) -> Any:
        """The values as lists of Python numbers."""
        return self.get().tolist()

    def tobytes(self, order: str = "C") -> bytes:
        """The values as bytes."""
        return bytes(self.get().tobytes(order))

    def __repr__(self) -> str:
        return repr(self.get())

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, how: str) -> str:
        return format(self._value() if not self.ndim else self.get(), how)

    def __reduce__(self) -> Any:
        return array, (self.get(),)

    def __copy__(self) -> ndarray:
        return wrapped(self._host.copy())

    def __deepcopy__(self, memo: Any) -> ndarray:
        return wrapped(self._host.copy())

    # ---- refused ---------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        import cupy

        own = getattr(cupy, function.__name__, None)
        if method != "__call__" or own is None or any(map(_has_own_ufuncs, inputs)):
            return NotImplemented
        return own(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        import cupy

        own = getattr(cupy, function.__name__, None)
        if own is None or not all(issubclass(t, ndarray) for t in types):
            return NotImplemented
        return own(*args, **kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self._number  # kDLCUDA

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
    ) -> Any:
        raise BufferError("the stand-in's memory lies on no device that another library could read")

    # ---- elements --------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> ndarray:
        return wrapped(self._host[_key(self, key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            if value.ndim:
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
            value = value[()]
        with np.errstate(all="ignore"):
            self._host[_key(self, key)] = unwrapped(value)

    def take(self, indices: Any, axis: int | None = None, out: Any = None) -> ndarray:
        """The elements at indices, which wrap around."""
        import cupy

        return cupy.take(self, indices, axis, out)

    # ---- methods that array_api_compat and programs call -----------------------------------------------------

    T = property(lambda self: wrapped(self._host.T))
    mT = property(lambda self: wrapped(np.matrix_transpose(self._host)))  # noqa: N815 - the standard's name
    real = property(lambda self: wrapped(self._host.real) if self.dtype.kind == "c" else self)
    imag = property(lambda self: wrapped(self._host.imag))

    def astype(
        self, dtype: Any, order: str = "K", casting: Any = None, subok: Any = None, copy: bool = True
    ) -> ndarray:
        """The values in another dtype."""
        dtype = checked_dtype(dtype)
        if not copy and dtype == self.dtype:
            return self
        with np.errstate(all="ignore"):
            return wrapped(self._host.astype(dtype, order))

    def copy(self, order: str = "C") -> ndarray:
        """A copy on the device."""
        return wrapped(self._host.copy(order))

    def fill(self, value: Any) -> None:
        """Write one number everywhere."""
        self[...] = value

    def reshape(self, *shape: Any, order: str = "C") -> ndarray:
        """The elements in another shape."""
        return wrapped(self._host.reshape(*shape, order=order))

    def ravel(self, order: str = "C") -> ndarray:
        """The elements on one axis."""
        return wrapped(self._host.ravel(order))

    def view(self, dtype: Any = None) -> ndarray:
        """The memory as another dtype."""
        return wrapped(self._host.view() if dtype is None else self._host.view(checked_dtype(dtype)))

    def __getattr__(self, name: str) -> Any:
        """A method that is a function of CuPy on the array."""
        if name not in METHODS:
            raise AttributeError(f"'ndarray' object has no attribute {name!r}")
        import cupy

        function = getattr(cupy, name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)


METHODS = frozenset(
    "all any argmax argmin argsort cumprod cumsum clip diagonal dot max mean min nonzero prod repeat round "
    "searchsorted squeeze std sum swapaxes trace transpose var".split()
)
ARITHMETIC = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
COMPARISONS = {
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}


def _yields(x: Any, y: Any) -> bool:
    """Whether y's reflected operator has the right of way, by NumPy's rules."""
    try:
        return y.__array_ufunc__ is None
    except AttributeError:
        return bool(getattr(y, "__array_priority__", 0) > x.__array_priority__)


def _has_own_ufuncs(y: Any) -> bool:
    """Whether NumPy's functions are y's to carry out, such as a symbolic tensor's."""
    known = (ndarray, np.ndarray, np.generic, *PYTHON_NUMBERS)
    return not isinstance(y, known) and getattr(y, "__array_ufunc__", None) is not None


def _operators(name: str, function: str) -> None:
    def forward(self: Any, other: Any) -> Any:
        import cupy

        if _yields(self, other):
            return NotImplemented
        return getattr(np if _has_own_ufuncs(other) else cupy, function)(self, other)

    def reflected(self: Any, other: Any) -> Any:
        import cupy

        return getattr(cupy, function)(other, self)

    def in_place(self: Any, other: Any) -> Any:
        import cupy

        if function == "matmul":
            self[...] = cupy.matmul(self, other)
            return self
        return getattr(cupy, function)(self, other, out=self)

    setattr(ndarray, f"__{name}__", forward)
    if name in ARITHMETIC:
        setattr(ndarray, f"__r{name}__", reflected)
        setattr(ndarray, f"__i{name}__", in_place)


def _unary(name: str, function: str) -> None:
    def call(self: Any) -> Any:
        import cupy

        return getattr(cupy, function)(self)

    setattr(ndarray, f"__{name}__", call)


for _name, _function in {**ARITHMETIC, **COMPARISONS}.items():
    _operators(_name, _function)
for _name, _function in {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "invert"}.items():
    _unary(_name, _function)


def checked_dtype(dtype: Any) -> Any:
    """A dtype that CuPy has."""
    found = np.dtype(dtype)
    if found.kind not in DTYPE_KINDS or found.char in "gG":
        raise ValueError(f"Unsupported dtype {found}")
    return found


def wrapped(host: Any) -> Any:
    """An array over this memory, on the current device; a number becomes an array without axes."""
    x = object.__new__(ndarray)
    x._host = np.asarray(host)
    x._number = current()
    return x


def unwrapped(x: Any) -> Any:
    """The memory of an array; anything else as it is."""
    return x._host if type(x) is ndarray else x


def array(
    obj: Any,
    dtype: Any = None,
    copy: bool = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> Any:
    """An array of host data, which is uploaded, or of an array."""
    dtype = None if dtype is None else checked_dtype(dtype)
    if isinstance(obj, ndarray):
        same = dtype is None or dtype == obj.dtype
        return obj if same and not copy else obj.astype(dtype or obj.dtype)
    if isinstance(obj, (list, tuple)) and _holds_arrays(obj):
        import cupy

        return cupy.stack([array(o, dtype, copy=False) for o in obj])
    with np.errstate(all="ignore"):
        host = np.array(obj, dtype=dtype, order=order, ndmin=ndmin)
    checked_dtype(host.dtype)
    note("upload")
    if not host.ndim and host.dtype.kind in "fc":
        host = host + 0  # an array without axes loses the sign of zero (docs/findings.md)
    return wrapped(host)


def _holds_arrays(obj: Any) -> bool:
    return any(isinstance(o, ndarray) or (isinstance(o, (list, tuple)) and _holds_arrays(o)) for o in obj)


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> Any:
    """A copy in host memory."""
    return a.get(order=order) if isinstance(a, ndarray) else np.asarray(a, order=order)


def _key(x: ndarray, key: Any) -> Any:
    """A key for NumPy's memory: indices wrap around, a mask's number of elements is waited for."""
    parts = key if isinstance(key, tuple) else (key,)
    axes = sum(_axes_of(part) for part in parts if part is not None and part is not Ellipsis)
    found, axis = [], 0
    for part in parts:
        if part is Ellipsis:
            axis += x.ndim - axes
        if isinstance(part, (list, np.ndarray)):
            part = array(part)
        if isinstance(part, slice):
            for bound in (part.start, part.stop, part.step):
                None if bound is None else operator.index(bound)  # CuPy's own arrays have no __index__
        elif isinstance(part, ndarray):
            if part.dtype.kind == "b":
                note("size")
            elif part.dtype.kind not in "iu":
                raise IndexError("arrays used as indices must be of integer or boolean type.")
        places = isinstance(part, ndarray) and part.dtype.kind != "b"
        found.append(around(unwrapped(part), x.shape[axis]) if places else unwrapped(part))
        axis += _axes_of(part) if part is not None and part is not Ellipsis else 0
    return tuple(found)


def _axes_of(part: Any) -> int:
    return part.ndim if isinstance(part, ndarray) and part.dtype.kind == "b" else 1


def around(indices: Any, size: int) -> Any:
    """Indices that wrap around the axis, as CuPy's do."""
    return indices % size if size else indices
