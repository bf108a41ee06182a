"""Arrays of any library: their namespace and device, what they allow, and their values on the host."""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import Any

import numpy as np

from .dtypes import learn_dtypes
from .registry import NAMESPACE_OF_TYPE, remember_type
from .typing import Namespace

__all__ = [
    "array_namespace",
    "canonical_namespace",
    "computes_in_one_thread",
    "describe",
    "detach",
    "device_of",
    "has_rank",
    "host",
    "in_host_memory",
    "is_array",
    "is_concrete",
    "is_traced_by_jax",
    "is_variable",
    "memory_order",
    "namespace_of",
    "of_library",
    "on_a_device",
    "outside_traces",
    "placed_as",
    "plain",
    "set_recorder",
    "transforming",
    "writable",
]

_PYTHON = (bool, int, float, complex, list, tuple, type(None))
_HOST = (np.ndarray, np.generic)
recorder: Namespace = None  # the symbolic namespace, once it is loaded


def set_recorder(xp: Namespace) -> None:
    """Make `xp` the symbolic namespace; it lies above this module, so it announces itself."""
    global recorder
    recorder = xp


def namespace_of(x: Any) -> Any:
    """The array API namespace of an array; None for anything else."""
    try:
        return NAMESPACE_OF_TYPE[type(x)]
    except KeyError:
        return _meet(x)


def _meet(x: Any) -> Any:
    """Find, remember and return the namespace of a type that is not in the table.

    Classes of which operations take `plain` values stay out of the table.
    """
    xp = _found(x)
    if xp is not None:
        learn_dtypes(xp)
        kind = type(x)
        if not _is_a(x, *_VARIABLE) and (kind is np.ndarray or not isinstance(x, np.ndarray)):
            remember_type(kind, xp)
    return xp


def _found(x: Any) -> Any:
    """The namespace of an array by its class, and None for anything else."""
    kind = type(x)
    if issubclass(kind, _PYTHON) and not hasattr(kind, "__array_namespace__"):
        return None
    root = kind.__module__.partition(".")[0]
    if isinstance(x, _HOST):
        return of_library("numpy")
    if _is_torch(x):
        return of_library("torch")
    if root in ("cupy", "dask"):
        import array_api_compat

        try:
            return array_api_compat.array_namespace(x)
        except TypeError:
            return None
    if root in _ARRAY_CLASSES:
        library, name = _ARRAY_CLASSES[root]
        return of_library(library) if _is_a(x, library, name) or _is_a(x, *_VARIABLE) else None
    if hasattr(kind, "__array_namespace__"):
        return of_library("ndonnx") if root == "ndonnx" else x.__array_namespace__()
    return None


def plain(x: Any) -> Any:
    """A NumPy array of a subclass (a matrix, a memory map) as a plain view, without the subclass's own operators.

    Of a variable of TensorFlow it is the value, which is a tensor and is recorded by a tape that watches the variable.
    TypeError for a masked array with a masked element, whose mask would be lost.
    """
    if type(x) is np.ndarray or type(x) in NAMESPACE_OF_TYPE:
        return x
    if _is_a(x, *_VARIABLE):
        return sys.modules["tensorflow"].convert_to_tensor(x)
    if not isinstance(x, np.ndarray):
        return x
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise TypeError(
            f"got a masked array of shape {x.shape} with masked elements, expected an array without a mask; "
            "use .filled(value) or .data"
        )
    return x.view(np.ndarray)


def of_library(name: str) -> Any:
    """The one namespace of a library's arrays, of NumPy, torch, JAX, TensorFlow, ndonnx: `backend.arrays.libraries`."""
    return importlib.import_module(f"{__package__}.libraries.{name}")


# By the package that an array's class comes from: the library, and the name of its class of arrays there.
_ARRAY_CLASSES = {
    "jax": ("jax", "Array"),
    "jaxlib": ("jax", "Array"),
    "tensorflow": ("tensorflow", "Tensor"),
    "pytensor": ("pytensor", "tensor.variable.TensorVariable"),
}
_VARIABLE = ("tensorflow", "Variable")  # of another class than a tensor; operations take its value
_ADAPTED = {
    "array_api_compat.numpy": "numpy",
    "array_api_compat.torch": "torch",
    "jax.numpy": "jax",
    "ndonnx": "ndonnx",
}


def canonical_namespace(xp: Namespace) -> Any:
    """Our namespace of these libraries in place of their own or array_api_compat's; any other one as it is."""
    library = _ADAPTED.get(getattr(xp, "__name__", ""))
    return xp if library is None else of_library(library)


def _is_torch(x: Any) -> bool:
    """Whether x is a torch tensor, of a subclass defined anywhere; imports nothing, as torch is loaded if x exists."""
    kind = getattr(sys.modules.get("torch"), "Tensor", None)
    return isinstance(kind, type) and isinstance(x, kind)


def _is_ndonnx(x: Any) -> bool:
    return type(x).__module__.startswith("ndonnx.")


def _is_a(x: Any, library: str, name: str) -> bool:
    """Whether x is of a class of a library, if that is loaded; a module of its name may be a stand-in without it."""
    kind = sys.modules.get(library)
    for part in name.split("."):
        kind = getattr(kind, part, None)
    return isinstance(kind, type) and isinstance(x, kind)


def is_array(x: Any) -> bool:
    """Whether x is an array of any namespace, symbolic tensors included."""
    return namespace_of(x) is not None


def array_namespace(*arrays: Any) -> Any:
    """The namespace that these values share: the symbolic one if any is symbolic; Python values have none.

    For Python values alone it is the symbolic namespace, where they become constants.
    TypeError for arrays of two libraries, which names both.
    """
    if len(arrays) == 1 and (xp := NAMESPACE_OF_TYPE.get(type(arrays[0]))) is not None:
        return xp
    found = None
    scalar = None  # a NumPy scalar counts as a number beside arrays of another library
    for x in arrays:
        xp = namespace_of(x)
        if xp is None or xp is found:
            continue
        if isinstance(x, np.generic):
            scalar = xp
        elif found is None or xp is recorder:
            found = xp
        elif found is not recorder:
            raise TypeError(
                f"arrays of two libraries in one call: {describe(found)} and {describe(xp)}; convert one of them first"
            )
    return found or scalar or recorder


def describe(xp: Namespace) -> str:
    """The name of a namespace's library: 'numpy', 'torch', ..."""
    name = getattr(xp, "__name__", type(xp).__name__).removeprefix(f"{__package__}.libraries.")
    return name.removeprefix("array_api_compat.").removesuffix(".numpy").removesuffix(".array")


def device_of(x: Any) -> Any:
    """The device of an array, for creation functions; None where it has none, or lies on several devices."""
    if isinstance(x, _HOST):
        return None
    device = getattr(x, "device", None) or None  # '' in TensorFlow's traces
    return None if hasattr(device, "device_set") else device  # JAX gives a sharding


def is_traced_by_jax(x: Any) -> bool:
    """Whether x is a tracer of JAX's."""
    return _is_a(x, "jax", "core.Tracer")


def is_concrete(x: Any) -> bool:
    """Whether x has values now: not for symbolic tensors, nor for tracers of JAX, torch and TensorFlow."""
    if type(x) is np.ndarray:
        return True
    if namespace_of(x) is recorder:
        return False
    if is_traced_by_jax(x):
        return False
    if _is_ndonnx(x):
        return of_library("ndonnx").value_of(x) is not None
    if _is_torch(x):
        return _torch_has_values(x)
    x = plain(x)
    if _is_a(x, "tensorflow", "Tensor"):
        return hasattr(x, "numpy")
    return not is_variable(x)


def _torch_has_values(x: Any) -> bool:
    """Whether a tensor of torch has values now."""
    torch = sys.modules["torch"]
    if torch.compiler.is_compiling():  # first: it does not trace the rest
        return False
    return not (x.is_meta or torch._C._functorch.is_functorch_wrapped_tensor(x))


def transforming() -> bool:
    """Whether torch.compile traces, or torch transforms functions, as vmap does: a tensor may stand for others."""
    torch = sys.modules["torch"]
    return torch.compiler.is_dynamo_compiling() or torch._C._functorch.peek_interpreter_stack() is not None


def is_variable(x: Any) -> bool:
    """Whether x is a variable of PyTensor: an array to come, of another library's graph than ours."""
    return _is_a(x, *_ARRAY_CLASSES["pytensor"])


def has_rank(x: Any) -> bool:
    """Whether the number of axes of an array is known; not that of some tensors in a trace of TensorFlow."""
    return not _is_a(x, "tensorflow", "Tensor") or x.shape.rank is not None


_WRITABLE: dict[type, bool] = {}  # array type -> whether it supports x[a:b] = y


def outside_traces(xp: Namespace) -> contextlib.AbstractContextManager[Any]:
    """A context in which arrays made of host data are concrete, also while JAX or TensorFlow traces our caller."""
    if xp in (sys.modules.get("jax.numpy"), sys.modules.get(f"{__package__}.libraries.jax")):
        return sys.modules["jax"].ensure_compile_time_eval()
    if xp is sys.modules.get(f"{__package__}.libraries.tensorflow"):
        return sys.modules["tensorflow"].init_scope()
    return contextlib.nullcontext()


def writable(*arrays: Any) -> bool:
    """Whether a result of these arrays may be assembled in place: by x[a:b] = y, and by += on arrays no longer used.

    Not if the library's arrays are immutable (JAX), nor if operations on them are recorded: symbolic tensors, torch's
    autograd, vmap and compile.
    """
    for x in arrays:
        kind = type(x)
        if kind is np.ndarray or isinstance(x, np.generic):
            continue
        if _is_torch(x):  # a trial would be recorded, too
            if x.requires_grad or not _torch_has_values(x) or kind.__name__ == "DTensor":
                return False
            continue
        if kind not in _WRITABLE:
            _WRITABLE[kind] = _takes_writing(x)
        if not _WRITABLE[kind]:
            return False
    return True


def _takes_writing(x: Any) -> bool:
    """Whether assignment works on an array like x, tried on two elements."""
    xp = namespace_of(x)
    if xp is None or xp is recorder or not getattr(xp, "__writable__", True):
        return False
    trial = xp.zeros((2,), dtype=xp.float32, device=device_of(x))
    try:
        trial[:1] = xp.ones((1,), dtype=xp.float32, device=device_of(x))
    except (TypeError, AttributeError, NotImplementedError):
        return False
    return bool(host(trial)[0] == 1)


def in_host_memory(*arrays: Any) -> bool:
    """Whether these arrays lie in host memory, where small blocks are faster because of the caches."""
    for x in arrays:
        if _is_ndonnx(x):
            return True
        if not isinstance(x, _HOST):
            return int(x.__dlpack_device__()[0]) == 1  # kDLCPU
    return True


def on_a_device(x: Any) -> bool:
    """Whether x has values in the memory of a device, where host data must be copied to."""
    if isinstance(x, _HOST) or not hasattr(x, "__dlpack_device__") or not is_concrete(x):
        return False
    return not in_host_memory(x)


def memory_order(x: Any) -> tuple[int, ...] | None:
    """The axes of an array from the outermost in memory to the innermost; None where the library does not tell."""
    strides = getattr(x, "strides", None)
    if strides is None and hasattr(x, "stride"):
        strides = x.stride()
    if strides is None or any(s < 0 for s in strides):
        return None
    return tuple(sorted(range(len(strides)), key=lambda axis: (x.shape[axis] > 1, -strides[axis])))


def computes_in_one_thread(*arrays: Any) -> bool:
    """Whether elementwise calls on these arrays use one thread and release the interpreter's lock, as NumPy's do."""
    return all(isinstance(x, _HOST) for x in arrays)


def placed_as(array: Any, like: Any, xp: Namespace) -> Any:
    """The array as `like` lies on several devices, where it does and the library has arrays that do."""
    placed = getattr(xp, "__placed_as__", None)
    return array if placed is None else placed(array, like)


def detach(x: Any) -> Any:
    """x detached from its library's own differentiation; x itself where the library has none."""
    if _is_torch(x):
        return x.detach()
    if _is_a(x, "jax", "Array"):
        return sys.modules["jax"].lax.stop_gradient(x)
    x = plain(x)
    if _is_a(x, "tensorflow", "Tensor"):
        return sys.modules["tensorflow"].stop_gradient(x)
    return x


def host(x: Any) -> np.ndarray:
    """The values of an array of any library and device as a NumPy array, detached from any gradient."""
    if isinstance(x, _HOST):
        return np.asarray(plain(x))
    if _is_torch(x):
        x = x.full_tensor() if type(x).__name__ == "DTensor" else x  # what all processes hold of it together
        return x.detach().cpu().resolve_conj().numpy()
    if hasattr(x, "get") and type(x).__module__.startswith("cupy"):
        return x.get()
    if _is_ndonnx(x):
        return x.unwrap_numpy()
    if is_variable(x) and (known := of_library("pytensor").value_of(x)) is None:
        raise TypeError(f"got the variable {x} of PyTensor, which has values only in its functions; expected an array")
    if is_variable(x):
        return known
    try:
        return np.asarray(x)
    except (TypeError, ValueError, RuntimeError):
        # array_api_strict's simulated devices refuse NumPy, as a GPU would: move to the default device first
        return np.asarray(x.to_device(x.__array_namespace__().__array_namespace_info__().default_device()))
