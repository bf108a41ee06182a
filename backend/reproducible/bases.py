"""What each library below needs, so that its arithmetic, roots and maxima are those of IEEE 754 and the standard."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import describe, device_of
from ..arrays.namespaces import host as host_of

__all__ = ["Base", "base_of"]

HOST = 1  # kDLCPU


class Base:
    """A library that nothing is known of but the standard: the strictest choices."""

    # How far a float64 function may be from the exact value, relative to it. JAX 0.10.2 is off by 2**-46 in log1p and
    # atanh on a CPU, NumPy and torch by 2**-50; each factor of two costs as much more repairs, some 1e-9 of elements.
    function_bound = 2.0**-44
    is_numpy = False

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self.name = describe(xp)
        self.float16, self.float32, self.float64 = (getattr(xp, f"float{n}", None) for n in (16, 32, 64))
        self.down, self.up = 1.0 - self.function_bound, 1.0 + self.function_bound

    def check(self, device: Any) -> None:
        """ValueError where this library, or the device, has no float64."""
        offered = self.xp.__array_namespace_info__().dtypes(device=device)
        if "float64" not in offered or dtype_name(self.xp.zeros((1,), dtype=self.float64, device=device).dtype) != (
            "float64"
        ):
            where = f" on device {device}" if device is not None else ""
            raise ValueError(f"the reproducible mode needs float64, which {self.name} lacks{where}")

    # ---- arrays and the host

    def host(self, x: Any) -> np.ndarray:
        """The values in host memory, perhaps shared: to be read."""
        return host_of(x)

    def from_host(self, values: np.ndarray, like: Any) -> Any:
        """Values of the host as an array on the device of `like`."""
        values = np.ascontiguousarray(values) if values.ndim else np.asarray(values)
        if not values.flags.writeable:
            values = values.copy()
        dtype = getattr(self.xp, values.dtype.name)
        return self.xp.asarray(values, dtype=dtype, device=device_of(like))

    def patched(self, x: Any, places: np.ndarray, values: np.ndarray) -> Any:
        """x, which is ours alone, with other values at these places of its elements in C order."""
        whole = np.array(self.host(x), order="C")
        whole.reshape(-1)[places] = values
        return self.from_host(whole, x)

    def number(self, value: Any, dtype: Any) -> Any:
        """A Python number as the dtype rounds it: some libraries compute with more of its digits."""
        if type(value) is float:
            name = dtype_name(dtype)
            if name in ("float16", "float32"):
                with np.errstate(over="ignore"):
                    return float(np.dtype(name).type(value))
        return value

    def reads_memory(self, x: Any) -> bool:
        """Whether `host` and `from_host` copy nothing: then the rounding test runs there, in blocks."""
        return False

    # ---- arithmetic

    def product(self, a: np.ndarray, b: np.ndarray, out: np.ndarray | None) -> np.ndarray:
        """The library's product of float64 matrices in host memory, in memory that is there or its own."""
        return np.matmul(a, b, out=out)

    def cast(self, x: Any, dtype: Any) -> Any:
        """astype, without a copy where nothing changes."""
        return x if x.dtype == dtype else self.xp.astype(x, dtype)

    def divide(self, x: Any, y: Any) -> Any:
        """The quotient; the divisor has its full shape before, as compilers multiply by the reciprocal of a row."""
        xp = self.xp
        if not hasattr(y, "shape"):
            y = xp.full(x.shape, y, dtype=x.dtype, device=device_of(x))
        elif hasattr(x, "shape") and tuple(x.shape) != tuple(y.shape):
            shape = np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
            # asarray: a lazy broadcast could still be seen as a row
            y = xp.asarray(xp.broadcast_to(y, shape), copy=True)
        return xp.divide(x, y)

    def sqrt(self, x: Any) -> Any:
        """The root, rounded once: a root of 24 bits is four float64 ulps from any midpoint; float64 on the host."""
        if x.dtype == self.float64:
            return self.from_host(np.sqrt(self.host(x)), x)
        return self.cast(self.cast(self.xp.sqrt(self.cast(x, self.float64)), self.float32), x.dtype)

    def extreme(self, name: str, x: Any, axis: Any, keepdims: bool) -> Any:
        """max or min along axes: NaN where there is one, and +0 for zeros."""
        found = getattr(self.xp, name)(x, axis=axis, keepdims=keepdims)
        if dtype_name(x.dtype).startswith("float"):
            spoiled = self.xp.any(self.xp.isnan(x), axis=axis, keepdims=keepdims)
            return self.xp.where(spoiled, self.xp.full((), np.nan, dtype=x.dtype, device=device_of(x)), found + 0.0)
        return found

    def any(self, x: Any) -> bool:
        """Whether an element is true."""
        return bool(self.xp.any(x))


class NumPyBase(Base):
    """NumPy: IEEE 754 throughout, and functions that write into memory that is there."""

    function_bound = 2.0**-48
    is_numpy = True

    def __init__(self, xp: Any) -> None:
        super().__init__(xp)
        self.float16, self.float32, self.float64 = map(np.dtype, ("float16", "float32", "float64"))

    def host(self, x: Any) -> np.ndarray:
        return x

    def from_host(self, values: np.ndarray, like: Any) -> Any:
        return values

    def reads_memory(self, x: Any) -> bool:
        return True

    def patched(self, x: Any, places: np.ndarray, values: np.ndarray) -> Any:
        x = np.asarray(x)
        x.reshape(-1)[places] = values
        return x

    def number(self, value: Any, dtype: Any) -> Any:
        return value

    def cast(self, x: Any, dtype: Any) -> Any:
        return x if x.dtype == dtype else x.astype(dtype)

    def divide(self, x: Any, y: Any) -> Any:
        return np.divide(x, y)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)

    def extreme(self, name: str, x: Any, axis: Any, keepdims: bool) -> Any:
        ufunc = np.maximum if name == "max" else np.minimum
        found = ufunc.reduce(x, axis, None, None, keepdims)
        return found + 0.0 if x.dtype.kind == "f" else found

    def any(self, x: Any) -> bool:
        return bool(x.any())


class TorchBase(Base):
    """PyTorch: exact but for its square roots, and on CUDA quotients by numbers."""

    function_bound = 2.0**-48

    def host(self, x: Any) -> np.ndarray:
        if x.is_conj() or x.is_neg():  # marked, not computed yet
            x = x.resolve_conj().resolve_neg()
        return x.detach().cpu().numpy()

    def from_host(self, values: np.ndarray, like: Any) -> Any:
        torch = sys.modules["torch"]
        values = np.ascontiguousarray(values) if values.ndim else np.asarray(values)
        return torch.from_numpy(values if values.flags.writeable else values.copy()).to(like.device)

    def reads_memory(self, x: Any) -> bool:
        return bool(x.device.type == "cpu")

    def product(self, a: np.ndarray, b: np.ndarray, out: np.ndarray | None) -> np.ndarray:
        torch = sys.modules["torch"]
        if out is None:
            return torch.matmul(torch.from_numpy(a), torch.from_numpy(b)).numpy()
        torch.matmul(torch.from_numpy(a), torch.from_numpy(b), out=torch.from_numpy(out))
        return out

    def patched(self, x: Any, places: np.ndarray, values: np.ndarray) -> Any:
        x = x.contiguous()
        x.view(-1)[self.from_host(places, x)] = self.from_host(values, x)
        return x

    def cast(self, x: Any, dtype: Any) -> Any:
        return x.to(dtype)

    def divide(self, x: Any, y: Any) -> Any:
        if not hasattr(y, "shape"):  # CUDA multiplies by the reciprocal of a number that lies on the host
            y = sys.modules["torch"].full((), y, dtype=x.dtype, device=x.device)
        return self.xp.divide(x, y)

    def extreme(self, name: str, x: Any, axis: Any, keepdims: bool) -> Any:
        found = getattr(self.xp, name)(x, axis=axis, keepdims=keepdims)
        return found + 0.0 if x.dtype.is_floating_point else found


class JaxBase(Base):
    """JAX, called eagerly: XLA divides by reciprocals of broadcast divisors, and maxima lose NaN."""

    def check(self, device: Any) -> None:
        jax = sys.modules["jax"]
        if not jax.config.jax_enable_x64:
            raise ValueError(
                "the reproducible mode needs float64, which jax has switched off: "
                "jax.config.update('jax_enable_x64', True), or JAX_ENABLE_X64=1, before any array is made"
            )

    def from_host(self, values: np.ndarray, like: Any) -> Any:
        return self.xp.asarray(np.array(values), device=device_of(like))


_KNOWN = {"numpy": NumPyBase, "torch": TorchBase, "jax": JaxBase}


def base_of(xp: Any) -> Base:
    """The knowledge of a namespace: by its library, else the strictest."""
    return _KNOWN.get(describe(xp), Base)(xp)
